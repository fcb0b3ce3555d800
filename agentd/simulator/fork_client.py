"""The audio fork's side of the websocket: what mod_audio_fork does, on a gevent socket."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent.queue import Full, Queue
from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

CONNECT_TIMEOUT_S = 5.0
BUFFER = 100  # frames: mod_audio_fork's default of 2 s


class ForkClient:
    """Streams L16 16 kHz mono; tells `on_event(subclass, json)` what became of it."""

    def __init__(self, url: str, metadata: str, on_event: Callable[[str, str], None]) -> None:
        self._url = url
        self._metadata = metadata
        self._on_event = on_event
        self._frames: Queue[bytes | None] = Queue(maxsize=BUFFER)
        self._stopped = False
        self._greenlet = gevent.spawn(self._run)

    def send(self, pcm: bytes) -> None:
        """20 ms of audio; dropped, as the module does, when the peer is 2 s behind."""
        if pcm and not self._stopped:
            try:
                self._frames.put_nowait(pcm)
            except Full:
                self._on_event("mod_audio_fork::buffer_overrun", "")

    def stop(self) -> None:
        """Close 1000, as a stop or a hangup does: no event of it."""
        if not self._stopped:
            self._stopped = True
            while not self._frames.empty():
                self._frames.get_nowait()
            self._frames.put_nowait(None)

    def _run(self) -> None:
        parts = urlsplit(self._url)
        try:
            sock = socket.create_connection(
                (parts.hostname or "", parts.port or 80), CONNECT_TIMEOUT_S
            )
        except OSError:
            self._on_event("mod_audio_fork::connect_failed", '{"reason":"Unable to connect"}')
            return
        try:
            self._stream(sock)
        except OSError:
            if not self._stopped:
                self._on_event("mod_audio_fork::disconnect", "")
        finally:
            sock.close()

    def _stream(self, sock: socket.socket) -> None:
        protocol = ClientProtocol(
            parse_uri(self._url), subprotocols=[Subprotocol("audio.drachtio.org")]
        )
        protocol.send_request(protocol.connect())
        _flush(sock, protocol)
        while protocol.state is State.CONNECTING:
            data = sock.recv(4096)
            protocol.receive_data(data) if data else protocol.receive_eof()
            for event in protocol.events_received():
                if isinstance(event, Response) and event.status_code != 101:
                    self._on_event(
                        "mod_audio_fork::connect_failed",
                        '{"reason":"HS: ws upgrade response not 101"}',
                    )
                    return
            if not data:
                self._on_event("mod_audio_fork::connect_failed", '{"reason":"closed"}')
                return
        self._on_event("mod_audio_fork::connect", "")
        if self._metadata:
            protocol.send_text(self._metadata.encode())
            _flush(sock, protocol)
        reader = gevent.spawn(self._read, sock, protocol)
        try:
            self._write(sock, protocol)
        finally:
            reader.kill()

    def _write(self, sock: socket.socket, protocol: ClientProtocol) -> None:
        sock.settimeout(CONNECT_TIMEOUT_S)
        # What waited for the connection goes as one big frame.
        waited = []
        while not self._frames.empty():
            frame = self._frames.get_nowait()
            if frame is None:
                self._frames.put_nowait(None)
                break
            waited.append(frame)
        if waited:
            protocol.send_binary(b"".join(waited))
            _flush(sock, protocol)
        while (frame := self._frames.get()) is not None:
            if protocol.state is not State.OPEN:
                return
            protocol.send_binary(frame)
            _flush(sock, protocol)
        protocol.send_close(1000)
        _flush(sock, protocol)

    def _read(self, sock: socket.socket, protocol: ClientProtocol) -> None:
        while True:
            try:
                data = sock.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            protocol.receive_data(data) if data else protocol.receive_eof()
            if not data or protocol.state is not State.OPEN:
                if not self._stopped:
                    self._stopped = True
                    self._on_event("mod_audio_fork::disconnect", "")
                    self._frames.put(None)
                return


def _flush(sock: socket.socket, protocol: Any) -> None:
    for data in protocol.data_to_send():
        if data:
            sock.sendall(data)
