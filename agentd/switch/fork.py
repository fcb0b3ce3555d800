"""The audio fork's websocket, our side, as bytes: pure, around websockets' sans-I/O protocol."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

SUBPROTOCOL = Subprotocol("audio.drachtio.org")
MAX_FRAME = (
    1024 * 1024
)  # bytes; what waited for the connection comes as one frame of 64,000 or more


@dataclass(frozen=True)
class Opened:
    """An upgrade is asked for; answer with `accept` or `refuse`."""

    token: str


@dataclass(frozen=True)
class Metadata:
    """The text given to uuid_audio_fork start, or to send_text."""

    text: str


@dataclass(frozen=True)
class Audio:
    """L16, little-endian; any number of bytes. None at all: a graceful shutdown was asked for."""

    pcm: bytes


@dataclass(frozen=True)
class Closed:
    """The peer is done, or broke the protocol."""

    code: int


Happening = Opened | Metadata | Audio | Closed


class ForkStream:
    """One connection of mod_audio_fork."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(
            subprotocols=[SUBPROTOCOL],
            select_subprotocol=lambda _, offered: SUBPROTOCOL if SUBPROTOCOL in offered else None,
            max_size=MAX_FRAME,
        )
        self._request: Request | None = None
        self._opcode: Opcode = Opcode.BINARY
        self._parts: list[bytes] = []
        self._closed = False

    def receive(self, data: bytes) -> list[Happening]:
        """What `data` brought. Never raises: a broken peer is Closed. Empty data means EOF."""
        if self._closed:
            return []
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        happenings: list[Happening] = []
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._request = event
                happenings.append(Opened(urlsplit(event.path).path.strip("/")))
            elif isinstance(event, Frame):
                happenings += self._frame(event)
        broken = self._protocol.parser_exc is not None or self._protocol.handshake_exc is not None
        if (broken or not data) and not self._closed:
            self._closed = True
            happenings.append(Closed(self._protocol.close_code or 1006))
        return happenings

    def accept(self) -> None:
        """Answer the upgrade."""
        if self._request is not None:
            self._protocol.send_response(self._protocol.accept(self._request))

    def refuse(self, status: HTTPStatus) -> None:
        """Refuse it, with a status and its name."""
        self._protocol.send_response(self._protocol.reject(status, status.phrase + "\n"))

    def close(self) -> None:
        """Begin the closing handshake."""
        try:
            self._protocol.send_close(1000)
        except (InvalidHandshake, RuntimeError, Exception):  # noqa: BLE001 - closed is closed
            return

    def data_to_send(self) -> list[bytes]:
        """What the socket must send now; an empty item means: close our side."""
        return self._protocol.data_to_send()

    def _frame(self, frame: Frame) -> list[Happening]:
        if frame.opcode is Opcode.CLOSE:
            self._closed = True
            return [Closed(self._protocol.close_code or 1005)]
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._opcode = frame.opcode
        elif frame.opcode is not Opcode.CONT:
            return []
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return []
        data, self._parts = b"".join(self._parts), []
        if self._opcode is Opcode.TEXT:
            return [Metadata(data.decode("utf-8", "replace"))]
        return [Audio(data)]
