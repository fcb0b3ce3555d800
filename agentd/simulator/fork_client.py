"""mod_audio_fork's side of one audio fork: a websocket client on a gevent socket.

The handshake, the frames and what is told when are those of `04_ws_handshakes.txt` and `04b`. Of
the traps measured there one is always set: a fork stopped before its websocket is open leaves it
open, without audio. Others are set by who starts it.
"""

import os
import socket
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

import gevent
import msgspec
from gevent.event import Event as Flag
from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidURI, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

SUBPROTOCOL = "audio.drachtio.org"
CONNECT_TIMEOUT_S = 5.0
KEEP_BYTES = 64_000  # audio kept while the websocket opens: two seconds, then the oldest goes
WAITING = 3_000  # frames a server that does not read may leave with us; later ones are dropped
SEND_TIMEOUT_S = 30.0
# Texts a server may send, and the event each makes.
_TOLD = {"transcription": "transcription", "transfer": "transfer", "error": "error"}


class ForkClient:
    """Opens at once; `feed` it 20 ms at a time. `tell` hears (event, body)."""

    def __init__(
        self,
        url: str,
        metadata: str,
        tell: Callable[[str, str], None],
        *,
        mute: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        """mute: it opens, sends nothing and tells nothing. wait_s: before it opens."""
        self._url = url
        self._wait_s = wait_s
        self._metadata = metadata
        self._tell: Callable[[str, str], None] = tell if not mute else lambda event, body: None
        self._socket: socket.socket | None = None
        self._protocol: ClientProtocol | None = None
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._overrun = False
        self._wake = Flag()
        self._outbox: deque[bytes] = deque()
        self._sending = False  # a part of something may be out
        self._number = -1  # of the socket, while it is open
        self._clear = False  # nothing is in a frame's way
        self._open = self._paused = self._deaf = self._ending = False
        self._deaf = mute
        self.frames = self.dropped = 0
        self._greenlets = [gevent.spawn(self._run), gevent.spawn(self._write)]

    def feed(self, audio: bytes, frame: bytes = b"") -> None:
        """20 ms of the prospect: sent, kept until the websocket is open, or dropped when paused.

        frame: the same as a websocket's frame, when somebody has made it already.
        """
        if self._clear and frame and not self._outbox:
            self.frames += 1
            self._write_now(frame)
            return
        if self._paused or self._deaf or self._ending:
            return
        if not self._open:
            self._kept.append(audio)
            self._kept_bytes += len(audio)
            while self._kept_bytes > KEEP_BYTES:
                self._kept_bytes -= len(self._kept.popleft())
                self._overrun = True
            return
        if len(self._outbox) > WAITING:
            self.dropped += 1
            return
        self._binary(audio)

    def do(self, action: str, text: str = "") -> None:
        """action: stop | hangup | pause | resume | graceful-shutdown | text."""
        if action in ("pause", "resume"):
            self._paused = action == "pause"
        elif not self._open:
            self._deaf = True  # stopped before it was open: it opens, and stays open, mute
        elif action == "text":
            self._text(text)
        elif action == "graceful-shutdown":
            self._binary(b"")
            self._deaf = True
        else:
            if text and action == "stop":
                self._text(text)
            self._ending = True
            self._with(lambda protocol: protocol.send_close(1000))
        self._look()

    @property
    def flows(self) -> bool:
        """Is its websocket open?"""
        return self._open and not self._ending

    def lose(self) -> None:
        """The connection breaks, with nothing said."""
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The call is over and so are we."""
        self._clear = False
        gevent.killall(self._greenlets, block=True, timeout=1.0)
        self._clear = False
        if self._socket is not None:
            self._socket.close()

    # -- the websocket ----------------------------------------------------------------------

    def _run(self) -> None:
        gevent.sleep(self._wait_s)
        try:
            uri = parse_uri(self._url)
            self._socket = socket.create_connection((uri.host, uri.port), CONNECT_TIMEOUT_S)
        except (OSError, InvalidURI):
            self._tell("connect_failed", '{"reason":"Unable to connect"}')
            return
        self._number = self._socket.fileno()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The real module waits for an answer to its upgrade for ever, and says nothing.
        self._socket.settimeout(None)
        self._protocol = protocol = ClientProtocol(
            uri, subprotocols=[Subprotocol(SUBPROTOCOL)], max_size=1 << 20
        )
        protocol.send_request(self._request(protocol.key))
        self._flush()
        try:
            while data := self._socket.recv(65_536):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    self._received(event)
                self._look()
                self._flush()
            protocol.receive_eof()
        except OSError:
            pass
        self._gone()

    def _request(self, key: str) -> Request:
        parts = urlsplit(self._url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = Headers()
        for name, value in (
            ("Pragma", "no-cache"),
            ("Cache-Control", "no-cache"),
            ("Host", parts.hostname or ""),
            ("Origin", f"http://{parts.hostname}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Protocol", SUBPROTOCOL),
            ("Sec-WebSocket-Version", "13"),
        ):
            headers[name] = value
        return Request(path, headers)

    def _received(self, event: object) -> None:
        protocol = self._protocol
        if protocol is None:
            return
        if isinstance(event, Response):
            self._opened(event)
        elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            self._message(bytes(event.data))

    def _opened(self, response: Response) -> None:
        """101, or a refusal. The server may leave the subprotocol out."""
        protocol = self._protocol
        if response.status_code != 101 or protocol is None or protocol.handshake_exc is not None:
            self._tell("connect_failed", '{"reason":"HS: ws upgrade response not 101"}')
            self._ending = True
            return
        self._open = True
        if self._metadata:
            self._text(self._metadata)
        self._tell("connect", "")
        if self._overrun:
            self._tell("buffer_overrun", "")
        if self._kept and not self._deaf:
            self._binary(b"".join(self._kept))
        self._kept.clear()

    def _message(self, data: bytes) -> None:
        try:
            message = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # ignored, as the module does
        if not isinstance(message, dict):
            return
        kind = message.get("type", "json")
        if kind in _TOLD:
            body = msgspec.json.encode(message.get("data", {})).decode()
            self._tell(_TOLD[kind], body)
        elif kind == "json":
            self._tell("json", data.decode())
        elif kind == "disconnect":
            self._tell("disconnect", "")

    def _gone(self) -> None:
        if self._open and not self._ending:
            self._tell("disconnect", "")
        elif not self._open and not self._ending:
            self._tell("connect_failed", '{"reason":"Unable to connect"}')
        self._ending = True
        self._look()
        self._wake.set()

    # -- sending ----------------------------------------------------------------------------

    def _binary(self, data: bytes) -> None:
        self.frames += 1
        self._with(lambda protocol: protocol.send_binary(data))

    def _write_now(self, frame: bytes) -> None:
        """Past the writer, which has nothing to do: a wake-up a frame costs more than the frame."""
        try:
            written = os.write(self._number, frame)
        except BlockingIOError:
            written = 0
        except OSError:
            return  # the reader finds that it is gone
        if written < len(frame):
            self._outbox.append(frame[written:])
            self._wake.set()

    def _look(self) -> None:
        """May a frame go straight to the socket? Asked when something changed, not every tick."""
        shut = self._paused or self._deaf or self._ending or self._sending or not self._open
        protocol = self._protocol
        self._clear = not shut and protocol is not None and protocol.state is State.OPEN

    def _text(self, text: str) -> None:
        self._with(lambda protocol: protocol.send_text(text.encode()))

    def _with(self, send: Callable[[ClientProtocol], None]) -> None:
        protocol = self._protocol
        if protocol is not None and protocol.state is State.OPEN:
            try:
                send(protocol)
            except WebSocketException:
                return
            finally:
                self._look()
            self._flush()

    def _flush(self) -> None:
        if self._protocol is not None:
            self._outbox.extend(self._protocol.data_to_send())
            self._wake.set()

    def _write(self) -> None:
        """One writer, so that a server that does not read holds up no media."""
        while True:
            self._wake.wait(timeout=SEND_TIMEOUT_S)
            self._wake.clear()
            while self._outbox and self._socket is not None:
                data = b"".join(self._outbox)
                self._outbox.clear()
                self._sending, self._clear = True, False
                try:
                    if data:
                        self._socket.sendall(data)
                except OSError:
                    return
                self._sending = False
                self._look()
            if self._ending and self._protocol is not None and not self._outbox:
                return
