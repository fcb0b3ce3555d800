"""One test for each defect of greenswitch that `inbound.py` fences."""

import socket
from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event

from agentd.errors import SwitchError, SwitchGone, SwitchTimeout
from agentd.switch.esl import Message
from agentd.switch.inbound import InboundSession

from .fakes import Listener, api, event, reply

AUTH = b"Content-Type: auth/request\n\n"


def switch(
    *answers: tuple[str, bytes], then: Callable[[socket.socket], None] = lambda sock: None
) -> Callable[[socket.socket], None]:
    """Asks for the password (`ClueCon`), then answers each command that starts so."""
    table = {"auth ClueCon": reply("+OK accepted"), "auth": reply("-ERR invalid")} | dict(answers)

    def handle(sock: socket.socket) -> None:
        sock.sendall(AUTH)
        buffer = b""
        while data := sock.recv(65536):
            buffer += data
            while b"\n\n" in buffer:
                raw, _, buffer = buffer.partition(b"\n\n")
                command = raw.decode()
                answer = next((a for start, a in table.items() if command.startswith(start)), b"")
                if answer == b"EOF":
                    sock.close()
                    return
                sock.sendall(answer)
                then(sock)

    return handle


def test_connect_ask_and_close() -> None:
    with (
        Listener(switch(("api status", api("UP 0 years\n")))) as port,
        InboundSession("127.0.0.1", port, "ClueCon") as fs,
    ):
        assert fs.api("status") == "UP 0 years"


def test_a_refusal_is_an_error() -> None:
    with (
        Listener(switch(("api nosuch", api("-ERR nosuch Command not found!\n")))) as port,
        InboundSession("127.0.0.1", port, "ClueCon") as fs,
        pytest.raises(SwitchError, match="Command not found"),
    ):
        fs.api("nosuch")


def test_a_wrong_password_names_the_setting() -> None:
    with Listener(switch()) as port, pytest.raises(SwitchError, match=r"\[switch\] password"):
        InboundSession("127.0.0.1", port, "wrong").connect()


def test_nobody_listens() -> None:
    with Listener(lambda sock: None) as port:
        pass
    with pytest.raises(SwitchGone, match="cannot connect"):
        InboundSession("127.0.0.1", port, "x").connect()


def test_connecting_to_a_silent_server_times_out() -> None:
    with (
        Listener(lambda sock: gevent.sleep(5)) as port,
        gevent.Timeout(2),
        pytest.raises(SwitchTimeout, match="nothing within"),
    ):
        InboundSession("127.0.0.1", port, "x", timeout=0.2).connect()


def test_a_drop_before_the_password_is_an_error() -> None:
    with (
        Listener(lambda sock: sock.close()) as port,
        gevent.Timeout(2),
        pytest.raises(SwitchGone, match="before we were let in"),
    ):
        InboundSession("127.0.0.1", port, "x").connect()


def test_rejected_by_acl() -> None:
    text = b"Access Denied, go away.\n"
    rejection = b"Content-Type: text/rude-rejection\nContent-Length: %d\n\n%s" % (len(text), text)
    with (
        Listener(lambda sock: sock.sendall(rejection)) as port,
        pytest.raises(SwitchGone, match="not allowed"),
    ):
        InboundSession("127.0.0.1", port, "x").connect()


def test_not_an_event_socket() -> None:
    with (
        Listener(lambda sock: sock.sendall(b"SSH-2.0-OpenSSH\r\n")) as port,
        pytest.raises(SwitchGone, match="not the event socket protocol"),
    ):
        InboundSession("127.0.0.1", port, "x").connect()


def test_the_end_of_the_connection_wakes_a_waiting_command() -> None:
    with (
        Listener(switch(("api status", b"EOF"))) as port,
        InboundSession("127.0.0.1", port, "ClueCon") as fs,
        gevent.Timeout(2),
    ):
        with pytest.raises(SwitchGone):
            fs.api("status")
        with pytest.raises(SwitchGone):
            fs.api("status")


def test_a_command_without_an_answer_times_out_and_its_late_answer_is_not_the_next_ones() -> None:
    late = Event()

    def handle(sock: socket.socket) -> None:
        sock.sendall(AUTH)
        sock.recv(100)
        sock.sendall(reply("+OK accepted"))
        sock.recv(100)
        late.wait()
        sock.recv(100)
        sock.sendall(api("first") + api("second"))
        sock.recv(100)

    with (
        Listener(handle) as port,
        InboundSession("127.0.0.1", port, "x", timeout=0.3) as fs,
    ):
        with pytest.raises(SwitchTimeout, match="no answer to api"):
            fs.api("slow")
        late.set()
        assert fs.api("quick") == "second"


def test_a_long_command_is_sent_whole() -> None:
    size = 8_000_000
    got = 0

    def handle(sock: socket.socket) -> None:
        nonlocal got
        sock.sendall(AUTH)
        sock.recv(100)
        sock.sendall(reply("+OK accepted"))
        last = b""
        while data := sock.recv(65536):
            got += len(data)
            last = (last + data)[-2:]
            if last == b"\n\n":
                sock.sendall(api("ok"))

    with (
        Listener(handle) as port,
        InboundSession("127.0.0.1", port, "x") as fs,
    ):
        assert fs.api("echo " + "x" * size) == "ok"
    assert got == size + len("api echo \n\n")


def test_event_bodies_are_untouched_and_headers_cannot_be_forged() -> None:
    body = b'{"text":"bonjour: 100%41"}\n\nName: value'
    data = event("CUSTOM", body, Event_Subclass="mod_audio_fork::transcription", X="a\nY: b")
    seen: list[Message] = []
    arrived = Event()

    def handler(message: Message) -> None:
        seen.append(message)
        arrived.set()

    with (
        Listener(switch(("event plain", reply("+OK") + data))) as port,
        InboundSession("127.0.0.1", port, "ClueCon") as fs,
    ):
        fs.on("mod_audio_fork::transcription", handler)
        fs.command("event plain CUSTOM mod_audio_fork::transcription")
        assert arrived.wait(2)
    assert seen[0].body == body
    assert seen[0].get("X") == "a\nY: b"
    assert seen[0].get("Y") == ""


def test_an_answer_nobody_waits_for_breaks_nothing() -> None:
    with (
        Listener(switch(("api status", api("one") + api("stray")))) as port,
        InboundSession("127.0.0.1", port, "ClueCon") as fs,
    ):
        assert fs.api("status") == "one"
        assert fs.api("status") == "one"


def test_closing_does_not_wait_for_the_server() -> None:
    with Listener(switch()) as port:
        fs = InboundSession("127.0.0.1", port, "ClueCon")
        fs.connect()
        with gevent.Timeout(2):
            fs.close()
            fs.close()


def test_no_line_break_in_a_command() -> None:
    with (
        Listener(switch()) as port,
        InboundSession("127.0.0.1", port, "ClueCon") as fs,
        pytest.raises(SwitchError, match="line break"),
    ):
        fs.api("status\n\napi shutdown")
