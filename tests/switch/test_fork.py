"""The audio-fork stream against FreeSWITCH's recorded upgrade and frames of the measured shapes."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.utils import apply_mask

from agentd.switch.fork import Audio, Closed, ForkEvent, ForkStream, Metadata, Opened

UPGRADE = (Path(__file__).parent / "wire" / "fork_upgrade.http").read_bytes()
METADATA = '{"uuid":"1abe4176-2b88-45b0-a0f5-de51d810a773","caller":"1000"}'


def frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


# What the switch sends: metadata, 2 s of audio it had kept, then 20 ms each, then close 1000.
AUDIO = [bytes(64_000), b"\x01\x00" * 640, b"\x02\x00" * 320, b"\x03\x00" * 320]
SESSION = (
    UPGRADE
    + frame(Opcode.TEXT, METADATA.encode())
    + b"".join(frame(Opcode.BINARY, chunk) for chunk in AUDIO)
    + frame(Opcode.CLOSE, b"\x03\xe8")
)


def run(chunks: Iterable[bytes], *, max_size: int = 1 << 20) -> tuple[list[ForkEvent], bytes]:
    stream = ForkStream(max_size=max_size)
    events: list[ForkEvent] = []
    sent = b""
    for chunk in chunks:
        new = stream.receive(chunk)
        events += new
        if any(isinstance(event, Opened) for event in new):
            events += stream.accept()
        sent += stream.data_to_send()
    return events, sent


EXPECTED = [
    Opened("/stream", ("stream",), {"x": "1"}),
    Metadata(METADATA),
    *(Audio(chunk) for chunk in AUDIO),
    Closed(1000),
]


def test_a_whole_stream() -> None:
    events, sent = run([SESSION])
    assert events == EXPECTED
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Protocol: audio.drachtio.org" in head
    assert rest == frame(Opcode.CLOSE, b"\x03\xe8", mask=False)


def test_byte_by_byte() -> None:
    assert run(SESSION[i : i + 1] for i in range(len(SESSION)))[0] == EXPECTED


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(SESSION)), max_size=20))
def test_random_chunks(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SESSION)]
    events, _ = run(SESSION[a:b] for a, b in pairwise(edges))
    assert events == EXPECTED


def test_no_subprotocol_offered_none_chosen() -> None:
    plain = UPGRADE.replace(b"Sec-WebSocket-Protocol: audio.drachtio.org\r\n", b"")
    assert plain != UPGRADE
    events, sent = run([plain, frame(Opcode.BINARY, b"ab")])
    assert events[1:] == [Audio(b"ab")]
    assert b"101 Switching" in sent
    assert b"Sec-WebSocket-Protocol" not in sent


def test_frames_wait_for_the_answer() -> None:
    stream = ForkStream()
    stream.receive(UPGRADE + frame(Opcode.PING, b"?"))
    assert stream.receive(frame(Opcode.TEXT, b"{}")) == []
    assert stream.data_to_send() == b""
    assert stream.accept() == [Metadata("{}")]
    response, _, pong = stream.data_to_send().partition(b"\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 101")
    assert pong == frame(Opcode.PONG, b"?", mask=False)


def test_reject() -> None:
    stream = ForkStream()
    [opened] = stream.receive(UPGRADE.replace(b"/stream?x=1", b"/a%2Fb/2?x=1&x=2"))
    assert opened == Opened("/a%2Fb/2", ("a/b", "2"), {"x": "2"})
    [closed] = stream.reject(HTTPStatus.FORBIDDEN)
    assert isinstance(closed, Closed)
    assert stream.data_to_send().startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert stream.finished
    assert stream.accept() == []
    assert stream.receive(frame(Opcode.BINARY, b"ab")) == []
    assert stream.receive_eof() == []


def test_empty_binary_is_a_graceful_end() -> None:
    events, sent = run([UPGRADE, frame(Opcode.BINARY, b"ab"), frame(Opcode.BINARY, b"")])
    assert events[1:] == [Audio(b"ab"), Closed(1000)]
    assert sent.endswith(frame(Opcode.CLOSE, b"\x03\xe8", mask=False))


def test_fragments_are_joined() -> None:
    parts = [
        frame(Opcode.BINARY, b"ab", fin=False),
        frame(Opcode.PING, b""),
        frame(Opcode.CONT, b"cd", fin=False),
        frame(Opcode.CONT, b"ef"),
        frame(Opcode.TEXT, "é".encode()[:1], fin=False),
        frame(Opcode.CONT, "é".encode()[1:]),
    ]
    events, _ = run([UPGRADE, *parts])
    assert events[1:] == [Audio(b"abcdef"), Metadata("é")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(Opcode.BINARY, bytes(2000)), 1009),
        (frame(Opcode.BINARY, bytes(600), fin=False) + frame(Opcode.CONT, bytes(600)), 1009),
        (frame(Opcode.BINARY, b"ab", mask=False), 1002),
        (frame(Opcode.CONT, b"ab"), 1002),
        (b"\xff\xff\xff\xff", 1002),
    ],
)
def test_a_hostile_frame_closes(data: bytes, code: int) -> None:
    events, sent = run([UPGRADE, data], max_size=1000)
    assert [e.code for e in events if isinstance(e, Closed)] == [code]
    assert isinstance(events[-1], Closed)
    assert sent[-100:].find(code.to_bytes(2, "big")) >= 0


def test_a_dropped_connection() -> None:
    stream = ForkStream()
    stream.receive(UPGRADE)
    stream.accept()
    assert stream.receive_eof() == [Closed(1006, "connection dropped")]
    assert stream.receive_eof() == []


def test_our_own_close() -> None:
    stream = ForkStream()
    stream.receive(UPGRADE)
    stream.accept()
    stream.data_to_send()
    assert stream.close(1001) == [Closed(1001)]
    assert stream.data_to_send() == frame(Opcode.CLOSE, b"\x03\xe9", mask=False)
    assert stream.finished


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"426"),
        (UPGRADE.replace(b"Version: 13", b"Version: 8"), b"400"),
        (UPGRADE.replace(b"6pR+71niwmT2ifTT85lkSw==", b"short"), b"400"),
        (b"POST / HTTP/1.1\r\n\r\n", b"405"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 4000, b"431"),
    ],
)
def test_not_an_upgrade(request_: bytes, status: bytes) -> None:
    events, sent = run([request_])
    assert isinstance(events[-1], Closed)
    assert sent.startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("data", [b"connect\n\n\r\n\r\n", b"\x16\x03\x01\x00\xff\r\n\r\n"])
def test_not_http(data: bytes) -> None:
    events, _ = run([data])
    assert [type(event) for event in events] == [Closed]


def test_too_much_before_the_answer() -> None:
    stream = ForkStream(max_size=1000)
    stream.receive(UPGRADE)
    events = [e for _ in range(30) for e in stream.receive(frame(Opcode.BINARY, bytes(900)))]
    assert [type(event) for event in events] == [Closed]
    assert stream.finished


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans(), st.integers(1, 40))
def test_garbage_never_raises(data: bytes, after_upgrade: bool, size: int) -> None:
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    events, _ = run([UPGRADE, *chunks] if after_upgrade else chunks)
    assert sum(isinstance(event, Closed) for event in events) <= 1


def test_metadata_is_what_was_given() -> None:
    events, _ = run([SESSION])
    assert isinstance(events[1], Metadata)
    assert json.loads(events[1].text)["caller"] == "1000"


class Plain(ForkStream):
    """All of it by the protocol, nothing unmasked by us: slower, and what ours must equal."""

    def _frames(self, data: bytes) -> list[ForkEvent]:
        return self._unusual(data)


def raw_frame(opcode: int, size: int, fin: bool, masked: bool, reserved: int) -> bytes:
    """Whatever a peer may send, whether or not it is allowed."""
    data = bytes(at * 7 % 251 for at in range(size))
    length = (
        bytes([size | masked << 7])
        if size < 126
        else bytes([126 | masked << 7]) + size.to_bytes(2, "big")
    )
    head = bytes([fin << 7 | reserved | opcode]) + length
    mask = b"\x11\x22\x33\x44"
    return head + (mask + apply_mask(data, mask) if masked else data)


PIECES = st.one_of(
    st.builds(
        raw_frame,
        st.sampled_from([*Opcode, *[Opcode.BINARY] * 6, 3]),
        st.sampled_from([0, 1, 2, 125, 126, 640, 1_280, 2_001]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([True] * 15 + [False]),
        st.sampled_from([0] * 15 + [0x40]),
    ),
    st.just(frame(Opcode.BINARY, bytes(640))),
    st.binary(min_size=1, max_size=6),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=8), st.lists(st.integers(0, 2_000), max_size=12))
def test_what_is_heard_is_what_the_protocol_hears(sent: list[bytes], cuts: list[int]) -> None:
    data = b"".join(sent)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    told: list[list[ForkEvent]] = []
    for kind in (ForkStream, Plain):
        stream = kind(max_size=2_000)
        stream.receive(UPGRADE)
        stream.accept()
        told.append([event for a, b in pairwise(edges) for event in stream.receive(data[a:b])])
    assert told[0] == told[1]


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=6), PIECES)
def test_the_short_way_hears_what_the_long_one_hears(before: list[bytes], data: bytes) -> None:
    """Whatever came before: a part of a frame, of a message, something refused."""
    short, long = ForkStream(max_size=2_000), ForkStream(max_size=2_000)
    for stream in (short, long):
        stream.receive(UPGRADE)
        stream.accept()
        stream.receive(b"".join(before))
    pcm = short.audio(data)
    if pcm is not None:
        assert long.receive(data) == [Audio(pcm)]
        assert short.receive(frame(Opcode.BINARY, b"ab")) == [Audio(b"ab")]  # nothing is left over


def test_the_short_way_is_for_plain_audio_after_the_answer() -> None:
    stream = ForkStream()
    plain = frame(Opcode.BINARY, AUDIO[2])
    assert stream.audio(plain) is None
    stream.receive(UPGRADE)
    assert stream.audio(plain) is None
    stream.accept()
    assert stream.audio(plain) == AUDIO[2]
    assert [stream.audio(data) for data in (b"\x82\xfe", plain[:-1], plain * 2)] == [None] * 3
    stream.receive_eof()
    assert stream.audio(plain) is None
