"""The server side of one mod_audio_fork stream, on `websockets`' sans-I/O protocol. Pure.

mod_audio_fork opens a websocket with subprotocol audio.drachtio.org, sends its metadata as one
text message, then the caller's audio (L16 little-endian) as binary messages: usually 20 ms each,
but what it gathered before the upgrade was answered comes as one big first one (64,000 bytes after
2 s; it buffers 5 s at most).
"""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

try:  # in C
    from websockets.speedups import apply_mask
except ImportError:  # where there is no wheel of it
    from websockets.utils import apply_mask

SUBPROTOCOL = Subprotocol("audio.drachtio.org")
MAX_MESSAGE = 1024 * 1024  # 5 s of 16 kHz stereo is 320,000 bytes
MAX_REQUEST = 16 * 1024
ABNORMAL = 1006  # closed without a closing handshake

_MEDIUM = b"\x82\xfe"  # a whole binary message, masked, its length in two more bytes
_PLAIN = 0x82  # first byte of a frame that is a whole binary message
# ... and of all there are without extensions; from 0x88 on they are the protocol's own.
_FIRST = frozenset((0x00, 0x01, 0x02, 0x80, 0x81, _PLAIN, 0x88, 0x89, 0x8A))

# websockets logs every connection at INFO; our own lines say what matters.
_log = logging.getLogger("agentd.switch.fork.wire")
_log.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Opened:
    """A request asks for `path`; nothing else comes before `accept` or `reject`.

    segments: the decoded parts of the path between slashes.
    """

    path: str
    segments: tuple[str, ...]
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A text message: what was given to `uuid_audio_fork start`, or sent by `send_text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Audio:
    """Any number of whole or half samples, as one message carried them; never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The stream is over, said exactly once. code: as RFC 6455, 1006 for a dropped connection."""

    code: int
    reason: str = ""


ForkEvent = Opened | Metadata | Audio | Closed


def _choose(protocol: ServerProtocol, offered: object) -> Subprotocol | None:
    """Take drachtio's subprotocol when it is offered; a client may also offer none."""
    return SUBPROTOCOL if isinstance(offered, list) and SUBPROTOCOL in offered else None


class ForkStream:
    """One connection. Feed it with `receive` and `receive_eof`, send what `data_to_send` gives
    after each call, and close the socket once `finished`. Nothing here raises on outside input."""

    def __init__(self, *, max_size: int = MAX_MESSAGE) -> None:
        self._protocol = ServerProtocol(
            select_subprotocol=_choose,
            max_size=max_size,
            logger=_log,
        )
        self._limit = max_size + MAX_REQUEST
        self._request: Request | None = None
        self._handshake = bytearray()
        self._early = bytearray()  # frames that came before the caller decided
        self._max_size = max_size
        self._rest = bytearray()  # the beginning of a frame, once accepted
        self._wanted = 0  # bytes of it before it is worth another look
        self._fragments = False  # a message has begun and not ended
        self._refused = False  # the protocol has what it will refuse, once it has enough of it
        self._parts: list[bytes] = []
        self._text = False
        self._closed: Closed | None = None
        self.accepted = False
        self.unsent = False  # there may be something in data_to_send

    @property
    def finished(self) -> bool:
        """Nothing more will be sent or understood: close the socket."""
        return self._closed is not None

    def receive(self, data: bytes) -> list[ForkEvent]:
        """Take bytes in chunks of any size; give the events they complete."""
        if self._closed is not None or not data:
            return []
        if self.accepted:
            return self._frames(data)
        if self._request is not None:
            self._early += data
            if len(self._early) > self._limit:
                return self._end(ABNORMAL, "too much data before the upgrade was answered")
            return []
        return self._upgrade(data)

    def audio(self, data: bytes) -> bytes | None:
        """The samples, when that is just one message of audio, as nearly always; else None, and it
        is for `receive`. About 1 us, a fourth of what that takes."""
        size = len(data) - 8
        if not 0 < size <= self._max_size or data[:2] != _MEDIUM or self._rest or self._fragments:
            return None
        if size != (data[2] << 8 | data[3]) or self._refused or not self.accepted:
            return None
        return apply_mask(data[8:], data[4:8]) if self._closed is None else None

    def receive_eof(self) -> list[ForkEvent]:
        """The other side closed its socket."""
        return self._end(ABNORMAL, "connection dropped")

    def accept(self) -> list[ForkEvent]:
        """Answer the upgrade with 101; give the events of what had already arrived."""
        if self._closed is not None or self._request is None or self.accepted:
            return []
        response = self._protocol.accept(self._request)
        self._protocol.send_response(response)
        if self._protocol.state is not State.OPEN:  # 400, 426...: not a websocket upgrade
            return self._end(ABNORMAL, f"upgrade refused: {response.status_code}")
        self.accepted = True
        early, self._early = bytes(self._early), bytearray()
        return self._frames(early) if early else []

    def reject(self, status: HTTPStatus = HTTPStatus.NOT_FOUND) -> list[ForkEvent]:
        """Answer the upgrade with an HTTP error."""
        if self._closed is not None or self.accepted:
            return []
        self._protocol.send_response(self._protocol.reject(status, f"{status.phrase}\n"))
        return self._end(ABNORMAL, f"refused: {status.value}")

    def close(self, code: int = 1000, reason: str = "") -> list[ForkEvent]:
        """End the stream from our side."""
        if self._closed is not None:
            return []
        if self.accepted and self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
        return self._end(code, reason)

    def data_to_send(self) -> bytes:
        """What to write now. An end of stream is said by `finished`, not here."""
        self.unsent = False
        return b"".join(self._protocol.data_to_send())

    def _upgrade(self, data: bytes) -> list[ForkEvent]:
        """Read the request. What follows it is kept from the protocol until it is answered: a ping
        in the same packet would be answered before the upgrade."""
        start = max(0, len(self._handshake) - 3)
        self._handshake += data
        end = self._handshake.find(b"\r\n\r\n", start)
        if (len(self._handshake) if end < 0 else end) > MAX_REQUEST:
            return self.reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if end < 0:
            return []
        self._protocol.receive_data(bytes(self._handshake[: end + 4]))
        self._early = self._handshake[end + 4 :]
        self._handshake = bytearray()
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._request = event
        if self._request is None:
            return self._end(ABNORMAL, "not a websocket upgrade")
        if len(self._early) > self._limit:
            return self._end(ABNORMAL, "too much data before the upgrade was answered")
        return [self._opened(self._request.path)]

    @staticmethod
    def _opened(target: str) -> Opened:
        try:
            parts = urlsplit(target)
        except ValueError:  # a malformed address such as //[
            return Opened(target, ())
        segments = tuple(unquote(part) for part in parts.path.split("/") if part)
        try:
            query = dict(parse_qsl(parts.query, max_num_fields=32))
        except ValueError:
            query = {}
        return Opened(parts.path, segments, query)

    def _frames(self, data: bytes) -> list[ForkEvent]:
        """Whole frames of `data` and of what was left before it. Audio, which is nearly all of it,
        is unmasked here; anything else is for the protocol, one whole frame at a time."""
        if self._refused:
            return self._unusual(data)
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data, self._rest = bytes(self._rest), bytearray()
        events: list[ForkEvent] = []
        at, end = 0, len(data)
        while at < end and self._closed is None:
            head, size = _extent(data, at)
            if size > self._max_size or size < 0:
                self._refused = True
                return events + self._unusual(data[at:])
            if at + head + size > end:
                self._rest += data[at:]
                self._wanted = head + size
                break
            elif size and data[at] == _PLAIN and not self._fragments:
                start = at + head
                events.append(
                    Audio(apply_mask(data[start : start + size], data[start - 4 : start]))
                )
            else:
                events += self._unusual(data[at : at + head + size])
            at += head + size
        return events

    def _unusual(self, data: bytes) -> list[ForkEvent]:
        """What is no plain audio, by the protocol."""
        self.unsent = True
        self._protocol.receive_data(data)
        events: list[ForkEvent] = []
        for frame in self._protocol.events_received():
            if self._closed is None and isinstance(frame, Frame):
                if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    self._fragments = not frame.fin
                events += self._frame(frame)
        if self._closed is None and self._protocol.close_expected():
            # The protocol gave up (a frame too big, not masked, ...) and has queued its close.
            sent = self._protocol.close_sent
            events += self._end(sent.code if sent else ABNORMAL, sent.reason if sent else "")
        return events

    def _frame(self, frame: Frame) -> list[ForkEvent]:
        if frame.opcode is Opcode.CLOSE:
            said = self._protocol.close_rcvd
            return self._end(said.code if said else 1005, said.reason if said else "")
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._text = frame.opcode is Opcode.TEXT
            self._parts = []
        elif frame.opcode is not Opcode.CONT:
            return []
        if frame.data:  # endless empty fragments would fill the memory
            self._parts.append(bytes(frame.data))
        if not frame.fin:
            return []
        message, self._parts = b"".join(self._parts), []
        if self._text:
            return [Metadata(message.decode("utf-8", "replace"))]
        if not message:
            # graceful-shutdown: the switch sends no more audio and leaves the closing to us.
            return self.close()
        return [Audio(message)]

    def _end(self, code: int, reason: str) -> list[ForkEvent]:
        if self._closed is not None:
            return []
        self._closed = Closed(code, reason)
        self._early.clear()
        self._rest.clear()
        self._handshake.clear()
        self._parts = []
        return [self._closed]


def _extent(data: bytes, at: int) -> tuple[int, int]:
    """Bytes of the header of the frame that begins `at`, and of its payload: RFC 6455, 5.2.

    (what is needed to know more, 0) when the header is not complete; -1 for the payload of a frame
    that the protocol refuses for its header.
    """
    first, left = data[at], len(data) - at
    if first not in _FIRST:
        return 2, -1
    if left < 2:
        return 2, 0
    size = data[at + 1] - 0x80  # a client's frames are masked
    if size < 126:
        return 6, size
    if first >= 0x88:
        return 2, -1
    if size == 126:
        return 8, (data[at + 2] << 8 | data[at + 3]) if left >= 4 else 0
    return 14, int.from_bytes(data[at + 2 : at + 10], "big") if left >= 10 else 0
