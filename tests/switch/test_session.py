"""The session on a real socket: replies in order, timeouts, bounds, the end of the connection."""

import socket
from collections.abc import Iterator

import gevent
import pytest

from agentd.errors import SwitchError, SwitchGone, SwitchTimeout
from agentd.switch import esl
from agentd.switch.esl import Kind, Message
from agentd.switch.session import MAX_PENDING, OutboundSession

from .fakes import OK, WIRE, api, event, notice, pair, reply


@pytest.fixture
def ends() -> Iterator[tuple[OutboundSession, socket.socket]]:
    ours, theirs = pair()
    session = OutboundSession(ours)
    with gevent.Timeout(10):
        yield session, theirs
    session.close()
    theirs.close()


Ends = tuple[OutboundSession, socket.socket]


def test_a_recorded_conversation(ends: Ends) -> None:
    session, theirs = ends
    commands = [c + "\n\n" for c in (WIRE / "commands.sent").read_text().split("\n\n") if c]
    answers: list[Message | None] = []
    for line in commands:
        session.post(line.encode(), answers.append)
    theirs.sendall((WIRE / "commands.bin").read_bytes())
    assert session.next_event(2).event == "CHANNEL_EXECUTE"  # type: ignore[union-attr]
    assert session.next_event(2).event == "CHANNEL_EXECUTE_COMPLETE"  # type: ignore[union-attr]
    assert len(answers) == len(commands)
    assert answers[0] is not None
    assert answers[0].get("Control") == "full"
    assert answers[-1] is not None
    assert answers[-1].reply == "+OK"


def test_replies_go_to_their_commands(ends: Ends) -> None:
    session, theirs = ends
    asked = [gevent.spawn(session.request, esl.api(f"{n}")) for n in range(3)]
    gevent.idle()
    theirs.sendall(api("0") + event("DTMF", DTMF_Digit="9") + reply("1") + api("2"))
    gevent.joinall(asked, timeout=2)
    assert [greenlet.value.reply for greenlet in asked] == ["0", "1", "2"]
    digit = session.next_event(1)
    assert digit is not None
    assert digit.get("DTMF-Digit") == "9"


def test_a_late_reply_is_not_taken_for_the_next_one(ends: Ends) -> None:
    session, theirs = ends
    with pytest.raises(SwitchTimeout, match="did not answer api slow"):
        session.request(esl.api("slow secret"), timeout=0.05)
    waiting = gevent.spawn(session.request, esl.api("quick"))
    gevent.idle()
    theirs.sendall(api("slow") + api("quick"))
    assert waiting.get(timeout=2).reply == "quick"


def test_the_end_wakes_everybody(ends: Ends) -> None:
    session, theirs = ends
    waiting = [gevent.spawn(session.request, esl.api("x")) for _ in range(3)]
    reading = gevent.spawn(session.next_event)
    gevent.idle()
    theirs.sendall(notice("disconnect"))
    theirs.close()
    for greenlet in waiting:
        with pytest.raises(SwitchGone):
            greenlet.get(timeout=2)
    last = reading.get(timeout=2)
    assert last is not None
    assert last.kind is Kind.NOTICE
    assert session.next_event(1) is None
    assert session.next_event(1) is None
    assert not session.alive
    with pytest.raises(SwitchGone, match="has ended"):
        session.post(OK)


def test_garbage_ends_it(ends: Ends) -> None:
    session, theirs = ends
    theirs.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert session.wait_end(2)
    assert "not the event socket protocol" in session.reason
    assert session.next_event(1) is None


def test_no_event_in_time(ends: Ends) -> None:
    with pytest.raises(SwitchTimeout, match="no event"):
        ends[0].next_event(0.05)


def test_the_queue_is_bounded_and_the_oldest_go() -> None:
    ours, theirs = pair()
    session = OutboundSession(ours, max_events=5, wanted=lambda m: m.event == "DTMF")
    for digit in range(8):
        theirs.sendall(event("DTMF", DTMF_Digit=str(digit)) + event("CHANNEL_STATE"))
    theirs.close()
    with gevent.Timeout(3):
        assert session.wait_end(2)
        digits = []
        while (message := session.next_event(1)) is not None:
            digits.append(message.get("DTMF-Digit"))
    assert digits == ["3", "4", "5", "6", "7"]
    assert session.dropped == 3


def test_commands_are_bounded(ends: Ends) -> None:
    session, _ = ends
    for _ in range(MAX_PENDING):
        session.post(b"x\n\n")
    with pytest.raises(SwitchError, match="waiting for their answer"):
        session.post(b"x\n\n")


def test_a_switch_that_reads_nothing() -> None:
    ours, theirs = pair()
    session = OutboundSession(ours, send_s=0.2)
    with gevent.Timeout(5), pytest.raises(SwitchTimeout, match="could not send"):
        session.post(b"x" * 50_000_000)
    assert not session.alive
    theirs.close()


def test_a_failing_handler_breaks_nothing(ends: Ends) -> None:
    session, theirs = ends

    def bad(message: Message | None) -> None:
        raise ValueError

    session.post(b"one\n\n", bad)
    waiting = gevent.spawn(session.request, b"two\n\n")
    gevent.idle()
    theirs.sendall(OK + reply("two"))
    assert waiting.get(timeout=2).reply == "two"


def test_stray_replies_are_dropped(ends: Ends) -> None:
    session, theirs = ends
    theirs.sendall(OK + event("DTMF", DTMF_Digit="1"))
    message = session.next_event(2)
    assert message is not None
    assert message.get("DTMF-Digit") == "1"
