"""The two listeners: FreeSWITCH's socket application, and mod_audio_fork's websocket.

A peer that is slow, hostile or no FreeSWITCH at all costs its own connection and nothing else.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from gevent.pool import Pool
from gevent.server import StreamServer

from agentd.errors import AgentdError, SwitchError
from agentd.switch.fork import Audio, Closed, ForkStream, Metadata, Opened
from agentd.switch.leg import Leg

log = structlog.get_logger(component="switch")

BACKLOG = 256
REFUSED_AT_ONCE = 200  # connections being turned away together; more wait in the backlog
HANDSHAKE_S = 5.0
QUIET_S = 20.0  # the fork sends 50 frames a second, whatever the line does
CHUNK = 65_536
FULL, DRAINING = "SWITCH_CONGESTION", "NORMAL_TEMPORARY_FAILURE"


class EslServer:
    """Takes answered calls: one greenlet each, `on_leg(leg)` holds the call in it."""

    def __init__(
        self, address: tuple[str, int], on_leg: Callable[[Leg], None], max_calls: int
    ) -> None:
        self._on_leg = on_leg
        self._max_calls = max_calls
        self._draining = False
        self.calls = 0
        self.refused = 0
        pool = Pool(max_calls + REFUSED_AT_ONCE)
        self._server = _server(address, self._handle, pool)

    def start(self) -> None:
        """Listen. Raises AgentdError when the port is taken."""
        _start(self._server, "event-socket", "esl_port")

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.server_host, self._server.server_port

    def drain(self) -> None:
        """Refuse new calls, cleanly; those held go on."""
        self._draining = True

    def stop(self) -> None:
        """Close the listener and what is left of the connections."""
        self._server.stop(timeout=1)

    def _handle(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        try:
            leg = Leg.accept(sock)
        except SwitchError as error:
            log.warning("no call on this connection", peer=peer[0], error=str(error))
            return
        if self._draining or self.calls >= self._max_calls:
            self.refused += 1
            cause = DRAINING if self._draining else FULL
            log.warning("call refused", call=leg.uuid, cause=cause, calls=self.calls)
            leg.refuse(cause)
            return
        self.calls += 1
        try:
            self._on_leg(leg)
        except Exception as error:
            log.error("call broke", call=leg.uuid, error=repr(error), exc_info=True)
            leg.refuse(DRAINING)
        finally:
            self.calls -= 1


@dataclass
class _Expected:
    on_audio: Callable[[bytes], None]
    stream: socket.socket | None = None


class AudioServer:
    """Takes audio forks and gives each to the call whose secret its URL holds."""

    def __init__(self, address: tuple[str, int], url: str = "") -> None:
        """url: how the switch reaches us, when not at `address` (`ws://host:port`)."""
        self._expected: dict[str, _Expected] = {}
        self._url = url.rstrip("/")
        self._server = _server(address, self._handle, Pool(10_000))

    def start(self) -> None:
        """Listen. Raises AgentdError when the port is taken."""
        _start(self._server, "audio", "audio_port")

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.server_host, self._server.server_port

    def expect(self, token: str, on_audio: Callable[[bytes], None]) -> str:
        """A call awaits its audio; the URL to fork it to. on_audio: called with L16 16 kHz."""
        self._expected[token] = _Expected(on_audio)
        host, port = self.address
        return f"{self._url or f'ws://{host}:{port}'}/{token}"

    def forget(self, token: str) -> None:
        """The call is over: its stream is closed, even one that opens later."""
        expected = self._expected.pop(token, None)
        if expected is not None and expected.stream is not None:
            _shut(expected.stream)

    def stop(self) -> None:
        """Close the listener and the streams."""
        for token in list(self._expected):
            self.forget(token)
        self._server.stop(timeout=1)

    def _handle(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        try:
            self._serve(sock)
        except OSError as error:
            log.debug("audio stream ended", peer=peer[0], error=str(error))
        except Exception as error:  # noqa: BLE001 - one stream must not take the server with it
            log.error("audio stream broke", peer=peer[0], error=repr(error))

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(HANDSHAKE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = ForkStream()
        expected: _Expected | None = None
        while True:
            data = sock.recv(CHUNK)
            for happening in stream.receive(data):
                match happening:
                    case Opened(token=token):
                        expected = self._expected.get(token)
                        if expected is None:
                            stream.refuse(HTTPStatus.NOT_FOUND)
                        else:
                            stream.accept()
                            sock.settimeout(QUIET_S)
                            expected.stream = sock
                    case Audio(pcm=pcm) if expected is not None and pcm:
                        expected.on_audio(pcm)
                    case Metadata() | Audio():
                        pass
                    case Closed():
                        self._send(sock, stream)
                        return
            if not self._send(sock, stream) or not data:
                return

    @staticmethod
    def _send(sock: socket.socket, stream: ForkStream) -> bool:
        """False when the protocol wants the connection closed."""
        for data in stream.data_to_send():
            if not data:
                return False
            sock.sendall(data)
        return True


def _server(address: tuple[str, int], handle: Callable[..., None], pool: Pool) -> StreamServer:
    return StreamServer(address, handle, spawn=pool, backlog=BACKLOG)


def _start(server: StreamServer, what: str, setting: str) -> None:
    try:
        server.start()
    except OSError as error:
        host, port = server.address[:2]
        raise AgentdError(
            f"the {what} port {host}:{port} cannot be listened on: {error.strerror}",
            mend=f"is agentd running already? else set another [server] {setting}",
        ) from None


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
