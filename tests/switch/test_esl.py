"""The parser against recorded bytes at every chunking, and against garbage."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.errors import SwitchError
from agentd.switch import esl
from agentd.switch.esl import EslParser, Kind, Message

WIRE = Path(__file__).parent / "wire"
RECORDINGS = sorted(path.stem for path in WIRE.glob("*.bin"))


def recorded(name: str) -> bytes:
    return (WIRE / f"{name}.bin").read_bytes()


def parse(chunks: Iterable[bytes]) -> list[Message]:
    parser = EslParser()
    return [message for chunk in chunks for message in parser.feed(chunk)]


def outline(messages: list[Message]) -> list[str]:
    return [message.event or message.reply or message.get("Content-Disposition")
            or message.kind for message in messages]  # fmt: skip


def test_commands_are_answered_in_order() -> None:
    messages = parse([recorded("commands")])
    connected = messages[0]
    assert connected.kind is Kind.REPLY
    assert connected.reply == "+OK"
    assert connected.get("Unique-ID") == "d745ec5d-82a8-4070-8a40-32674217c5b7"
    assert connected.get("Control") == "full"
    assert connected.get("Channel-Name") == "sofia/internal/silent@127.0.0.1:5060"
    assert connected.get("variable_rtp_local_sdp_str").startswith("v=0\r\no=FreeSWITCH ")
    assert outline(messages)[1:7] == [
        "+OK will linger",
        "+OK Events Enabled",
        "+OK events diverted",
        "+OK event listener enabled plain",
        "+OK will linger 5 seconds",
        "-ERR command not found",
    ]
    assert [m.ok for m in messages[1:7]] == [True] * 5 + [False]
    apis = [m for m in messages if m.kind is Kind.API]
    assert apis[0].text.startswith("UP 0 years")
    assert apis[0].text.endswith("8192K\n")
    assert [m.reply for m in apis[1:]] == [
        "true",
        "_undef_",
        "-ERR nosuchapi Command not found!",
    ]
    jobs = [m.get("Job-UUID") for m in messages if m.get("Job-UUID") and m.kind is Kind.REPLY]
    assert jobs == ["1d6391eb-4d35-4ced-9286-6ddfb76e021d", "11111111-2222-3333-4444-555555555555"]
    assert messages[-1].event == "CHANNEL_EXECUTE_COMPLETE"
    assert messages[-1].get("Application-Data") == "foo=bar"


def test_hangup_with_linger() -> None:
    messages = parse([recorded("hangup_linger")])
    assert outline(messages) == [
        "CHANNEL_HANGUP",
        "CHANNEL_UNPARK",
        "CHANNEL_EXECUTE_COMPLETE",
        "CHANNEL_STATE",
        "CHANNEL_STATE",
        "CHANNEL_HANGUP_COMPLETE",
        "linger",
        "-ERR invalid session id [00000000-0000-0000-0000-000000000000]",
        "+OK",
        "disconnect",
    ]
    notice, last = messages[6], messages[-1]
    assert notice.lingers
    assert notice.get("Linger-Time") == "5"
    assert last.kind is Kind.NOTICE
    assert not last.lingers
    assert last.text == "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
    assert messages[5].get("Hangup-Cause") == "DESTINATION_OUT_OF_ORDER"


def test_custom_event_is_named_by_its_subclass() -> None:
    events = [m.event for m in parse([recorded("fork")]) if m.kind is Kind.EVENT]
    assert events.count("mod_audio_fork::connect") == 3


@pytest.mark.parametrize("name", RECORDINGS)
def test_byte_by_byte_is_the_same(name: str) -> None:
    data = recorded(name)
    whole = parse([data])
    assert len(whole) > 3
    assert Kind.BROKEN not in {m.kind for m in whole}
    assert parse(data[i : i + 1] for i in range(len(data))) == whole


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(RECORDINGS), cuts=st.lists(st.integers(0, 53_000), max_size=30))
def test_random_chunks_are_the_same(name: str, cuts: list[int]) -> None:
    data = recorded(name)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    assert parse(chunks) == parse([data])


def event(inner: bytes, body: bytes = b"") -> bytes:
    if body:
        inner += b"Content-Length: %d\n" % len(body)
    inner += b"\n" + body
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(inner) + inner


def test_an_encoded_newline_forges_nothing() -> None:
    forged = b"variable_x: a%0AHangup-Cause%3A USER_BUSY%0A%0AContent-Length%3A 5\n"
    [message] = parse([event(b"Event-Name: DTMF\n" + forged + b"DTMF-Digit: 9\n")])
    assert message.headers == {
        "Event-Name": "DTMF",
        "variable_x": "a\nHangup-Cause: USER_BUSY\n\nContent-Length: 5",
        "DTMF-Digit": "9",
    }
    assert message.body == b""


def test_an_event_body_is_raw() -> None:
    body = '{"text":"ça va 100%41",\n\n"a: b":1}'.encode()
    inner = b"Event-Name: CUSTOM\nEvent-Subclass: mod_audio_fork%3A%3Atranscription\n"
    [message] = parse([event(inner, body)])
    assert message.body == body
    assert message.event == "mod_audio_fork::transcription"


def test_what_follows_an_event_body_is_not_part_of_it() -> None:
    inner = b"Event-Name: CUSTOM\nContent-Length: 2\n\nab\n\ncd"
    outer = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(inner)
    assert [m.body for m in parse([outer + inner])] == [b"ab"]
    unsure = inner.replace(b": 2", b": two")
    outer = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(unsure)
    assert [m.body for m in parse([outer + unsure])] == [b""]


def test_the_first_of_two_headers_wins() -> None:
    [message] = parse([event(b"Unique-ID: real\nEvent-Name: DTMF\nUnique-ID: forged\n")])
    assert message.get("Unique-ID") == "real"


LINES = st.text(st.sampled_from("ab:% 2F"), max_size=8)


@given(st.lists(LINES, max_size=12), st.lists(st.text(st.sampled_from("ab%2F"), max_size=4)))
def test_a_header_asked_for_alone_is_what_it_is_among_all(
    lines: list[str], asked: list[str]
) -> None:
    headers = esl.EventHeaders("\n".join(lines))
    alone = {name: headers.get(name) for name in asked}
    whole = dict(headers)
    assert alone == {name: whole.get(name) for name in asked}
    assert all(headers[name] == value == headers.get(name) for name, value in whole.items())


def test_a_header_that_is_not_there() -> None:
    headers = esl.EventHeaders("Event-Name: DTMF\nDTMF-Digit: 9")
    assert headers.get("Digit") is None
    assert headers.get("Event-Name: DTMF\nDTMF-Digit", "") == ""
    with pytest.raises(KeyError):
        headers["Digit"]


def test_header_order_does_not_matter() -> None:
    data = b"Content-Type: api/response\nContent-Length: 2\n\nok"
    turned = b"Content-Length: 2\nContent-Type: api/response\n\nok"
    assert [m.text for m in parse([data + turned])] == ["ok", "ok"]


def test_auth_rejection_and_unknown_kinds() -> None:
    data = (
        b"Content-Type: auth/request\n\n"
        b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n\n"
        b"Content-Type: log/data\nContent-Length: 4\nLog-Level: 7\n\na\n\nb"
    )
    messages = parse([data])
    assert [m.kind for m in messages] == [Kind.AUTH, Kind.REJECTED, Kind.OTHER]
    assert messages[2].body == b"a\n\nb"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "first line"),
        (b"\x16\x03\x01\x02\x00\n\n", "first line"),
        (b"a: b\n\n", "without Content-Type"),
        (b"Content-Type: api/response\nContent-Length: -1\n\n", "not a number"),
        (b"Content-Type: api/response\nContent-Length: 9999999999999\n\n", "not a number"),
        (b"Content-Type: api/response\nContent-Length: 99999999\n\n", "more than 4194304"),
        (b"Content-Type: api/response\nContent-Length: \xd9\xa1\n\n", "not a number"),
        (
            b"Content-Type: api/response\nContent-Length: 1\nContent-Length: 2\n\n",
            "two different",
        ),
        (b"a: " + b"x" * 300_000, "header block of more than"),
        (b"Content-Type: x\n" + b"a: b\n" * 5000 + b"\n", "more than 4096 headers"),
    ],
)
def test_what_is_not_the_protocol_closes_the_parser(data: bytes, reason: str) -> None:
    parser = EslParser()
    messages = parser.feed(data)
    assert [m.kind for m in messages] == [Kind.BROKEN]
    assert reason in messages[0].text
    assert parser.closed
    assert parser.feed(b"Content-Type: auth/request\n\n") == []


pieces = st.sampled_from(
    [b"Content-Type: ", b"Content-Length: ", b"\n", b"\n\n", b"text/event-plain", b"5", b"-1",
     b"command/reply", b"%0A", b":", b"\r", b"Event-Name: CUSTOM", b"\xff", b"99999999999"]
)  # fmt: skip
garbage = st.one_of(st.binary(max_size=400), st.lists(pieces, max_size=40).map(b"".join))


@settings(max_examples=300, deadline=None)
@given(garbage, st.integers(1, 50))
def test_garbage_never_raises_and_chunking_never_matters(data: bytes, size: int) -> None:
    whole = parse([data])
    parts = parse(data[i : i + size] for i in range(0, len(data), size))
    # The messages before the garbage are the same; only when it is noticed may differ.
    assert [m for m in parts if m.kind is not Kind.BROKEN] == [
        m for m in whole if m.kind is not Kind.BROKEN
    ]
    assert all(m.kind is not Kind.BROKEN for m in whole[:-1])


def test_commands_as_recorded() -> None:
    sent = (WIRE / "two_playbacks.sent").read_bytes()
    commands = [
        esl.sendmsg("playback", f"/usr/freeswitch/sounds/{name}.wav", event_lock=True)
        for name in ("p700_1s", "p900_1s")
    ]
    assert b"".join(commands) == sent
    recorded_all = (WIRE / "commands.sent").read_bytes()
    assert esl.command("connect") in recorded_all
    assert esl.bgapi("status", "11111111-2222-3333-4444-555555555555") in recorded_all
    assert esl.sendmsg("set", "foo=bar") in recorded_all
    assert esl.api("nosuchapi x") in recorded_all


def test_other_commands() -> None:
    assert esl.sendmsg("sleep", "1", uuid="u", loops=2, event_uuid="e") == (
        b"sendmsg u\ncall-command: execute\nexecute-app-name: sleep\nexecute-app-arg: 1\n"
        b"loops: 2\nEvent-UUID: e\n\n"
    )
    assert esl.hangup("USER_BUSY") == (
        b"sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY\n\n"
    )


@pytest.mark.parametrize("evil", ["x\n\napi shutdown", "x\rapi", "a\0b", "\ud800"])
def test_nothing_can_be_injected(evil: str) -> None:
    for build in (
        lambda: esl.command(evil),
        lambda: esl.api(evil),
        lambda: esl.bgapi("status", evil),
        lambda: esl.sendmsg(evil),
        lambda: esl.sendmsg("set", evil),
        lambda: esl.sendmsg("set", uuid=evil),
        lambda: esl.sendmsg("set", event_uuid=evil),
        lambda: esl.hangup(evil),
    ):
        with pytest.raises(SwitchError):
            build()
