"""The two listeners of `agentd serve`: calls come to EslServer, their audio to AudioServer."""

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import gevent
import structlog
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer

from agentd.errors import ConfigError, SwitchError
from agentd.switch.fork import Audio, Closed, ForkEvent, ForkStream, Metadata, Opened
from agentd.switch.leg import Leg
from agentd.switch.playback import Via
from agentd.switch.pump import Pump

log = structlog.get_logger(component="switch")

REFUSALS = 32  # connections beyond max_calls that are answered at one time; others wait unaccepted
BACKLOG = 256
HANDSHAKE_S = 5.0
IDLE_S = 60.0  # a fork sends every 20 ms; a graceful end or a dead switch sends nothing
SEND_S = 5.0
CHUNK = 65536

Address = tuple[str, int]


class _Listener:
    """A StreamServer with bounded connections, whose handler's errors end one connection only."""

    def __init__(self, address: Address, connections: int, what: str) -> None:
        self._what = what
        self._asked = address
        self._pool = Pool(connections)
        self._server = StreamServer(address, self._guard, backlog=BACKLOG, spawn=self._pool)

    @property
    def address(self) -> Address:
        """Where it listens; the real port when port 0 was asked for."""
        host, port = self._server.address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be used."""
        try:
            self._server.start()
        except OSError as error:
            host, port = self._asked
            taken = error.errno == errno.EADDRINUSE
            raise ConfigError(
                f"{self._what}: cannot listen on {host}:{port}: {error.strerror or error}",
                mend="stop the program that uses this port, or choose another port in [server]"
                if taken
                else "choose an address and a port of this machine that this user may use",
            ) from None

    def stop(self, timeout: float = 1.0) -> None:
        """Close the listener and, after `timeout` seconds, the connections that are left."""
        self._server.stop(timeout=timeout)

    def _guard(self, sock: socket.socket, peer: Address) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(sock)
        except (SwitchError, OSError) as error:
            log.warning("a connection came to nothing", at=self._what, error=str(error))
        except Exception:
            log.exception("a connection failed", at=self._what)
        finally:
            sock.close()

    def _serve(self, sock: socket.socket) -> None:
        raise NotImplementedError


class EslServer(_Listener):
    """Takes calls from FreeSWITCH's socket application.

    `on_leg(leg)` runs in the call's own greenlet and returns when the call is over; the leg is
    closed then. Beyond `max_calls`, or once draining, a call is answered, hung up and closed in an
    order that leaves no zombie. A connection that is not FreeSWITCH's costs itself and a log line.
    """

    def __init__(
        self,
        address: Address,
        on_leg: Callable[[Leg], None],
        max_calls: int,
        *,
        via: Via = "sendmsg",
        full_cause: str = "SWITCH_CONGESTION",
        drain_cause: str = "NORMAL_TEMPORARY_FAILURE",
        connect_s: float = 5.0,
        on_refusal: Callable[[str], None] = lambda cause: None,
    ) -> None:
        """on_refusal: told the cause of each call that is not taken."""
        super().__init__(address, max_calls + REFUSALS, "event socket listener")
        self._on_leg = on_leg
        self._max_calls = max_calls
        self._via: Via = via
        self._full_cause = full_cause
        self._drain_cause = drain_cause
        self._connect_s = connect_s
        self._on_refusal = on_refusal
        self._idle = Event()
        self._idle.set()
        self.calls = 0  # held now
        self.refused = 0
        self.draining = False

    def drain(self) -> None:
        """Take no more calls; those being held go on.

        Nothing listens any more, so that the dialplan's next host takes a call at once: nobody who
        has answered is hung up on.
        """
        self.draining = True
        gevent.sleep(0)  # who has connected already is accepted, and told
        self._server.close()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no call is held; false when one still is after `timeout` seconds."""
        return bool(self._idle.wait(timeout))

    def _serve(self, sock: socket.socket) -> None:
        if self._refusal():
            cause = self._refuse()
            Leg.refuse(sock, cause, timeout=self._connect_s)
            return
        # Counted once it has shown to be a call: silent strangers must keep no call out.
        leg = Leg.accept(sock, timeout=self._connect_s, via=self._via)
        try:
            if self._refusal():  # others were faster
                leg.hangup(self._refuse())
            else:
                self._hold(leg)
        finally:
            leg.close()

    def _refusal(self) -> str:
        """The cause to refuse a call with now; empty when it can be taken."""
        if self.draining:
            return self._drain_cause
        return self._full_cause if self.calls >= self._max_calls else ""

    def _refuse(self) -> str:
        self.refused += 1
        cause = self._refusal()
        self._on_refusal(cause)
        log.warning("call refused", cause=cause, calls=self.calls)
        return cause

    def _hold(self, leg: Leg) -> None:
        self.calls += 1
        self._idle.clear()
        try:
            self._on_leg(leg)
            leg.close()  # held until it is gone
        finally:
            self.calls -= 1
            if self.calls == 0:
                self._idle.set()


@dataclass(eq=False)
class _Expected:
    """A call whose audio is awaited."""

    on_audio: Callable[[bytes], None]
    on_open: Callable[[str], None]
    on_close: Callable[[int], None]
    attempt: int = -1
    conn: "_Connection | None" = None


@dataclass(eq=False)
class _Connection:
    sock: socket.socket
    stream: ForkStream = field(default_factory=ForkStream)
    metadata: bool = False
    expected: _Expected | None = None

    def flush(self) -> None:
        """Write what the stream has to say. Raises OSError when the peer does not take it."""
        data = self.stream.data_to_send()
        if data:
            self.sock.settimeout(SEND_S)
            self.sock.sendall(data)

    def drop(self, code: int) -> None:
        """Close from our side, from any greenlet: the reader then ends."""
        self.stream.close(code)
        try:
            self.flush()
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # gone already


class AudioServer(_Listener):
    """Receives the audio forks: `ws://host:port/TOKEN/ATTEMPT`, TOKEN being a call's own secret.

    A later attempt of the same call takes the place of the earlier one.
    """

    def __init__(self, address: Address, url: str = "", *, max_calls: int = 10_000) -> None:
        """url: how the switch reaches us, when not by `address` (`ws://host:port`)."""
        super().__init__(address, max_calls + REFUSALS, "audio listener")
        self._url = url.rstrip("/")
        self._calls: dict[str, _Expected] = {}
        self._pump = Pump()

    def expect(
        self,
        token: str,
        on_audio: Callable[[bytes], None],
        on_open: Callable[[str], None] = lambda metadata: None,
        on_close: Callable[[int], None] = lambda code: None,
    ) -> str:
        """Await the stream of `token`; give the URL to fork the call's audio to.

        The callbacks run in the connection's greenlet and must not wait: on_audio(L16 little-endian
        bytes, any number), on_open(metadata, "" when none was sent) once the stream begins,
        on_close(websocket code) when it ends.
        """
        self._calls[token] = _Expected(on_audio, on_open, on_close)
        host, port = self.address
        return f"{self._url or f'ws://{host}:{port}'}/{token}"

    @property
    def streams(self) -> int:
        """Streams of calls that are open now."""
        return sum(expected.conn is not None for expected in self._calls.values())

    def start(self) -> None:
        """See _Listener."""
        self._pump.start()
        super().start()

    def stop(self, timeout: float = 1.0) -> None:
        """See _Listener."""
        super().stop(timeout)
        self._pump.close()

    def forget(self, token: str) -> None:
        """The call is over: close its stream and refuse later ones."""
        expected = self._calls.pop(token, None)
        if expected is not None and expected.conn is not None:
            expected.conn.drop(1000)

    def _serve(self, sock: socket.socket) -> None:
        conn = _Connection(sock)
        handshake = gevent.Timeout(HANDSHAKE_S)
        handshake.start()
        try:
            while not conn.stream.accepted and not conn.stream.finished:
                data = sock.recv(CHUNK)
                self._take(conn, conn.stream.receive(data) if data else conn.stream.receive_eof())
                conn.flush()
            handshake.close()
            while not conn.stream.finished:
                if not self._pump.read(sock, lambda data: self._feed(conn, data), IDLE_S):
                    break
                conn.flush()
        except gevent.Timeout:
            log.warning("no websocket upgrade in time", limit_s=HANDSHAKE_S)
        except TimeoutError:
            log.warning("an audio stream went silent", limit_s=IDLE_S)
        except OSError:
            pass  # dropped: on_close says so
        finally:
            handshake.close()
            self._take(conn, conn.stream.receive_eof())

    def _feed(self, conn: _Connection, data: bytes) -> bool:
        """In the pump's greenlet; False when something is to be said, or to be ended."""
        expected = conn.expected
        if conn.metadata and expected is not None and expected.conn is conn:
            pcm = conn.stream.audio(data)
            if pcm is not None:
                expected.on_audio(pcm)
                return True
        self._take(conn, conn.stream.receive(data))
        return not (conn.stream.unsent or conn.stream.finished)

    def _take(self, conn: _Connection, events: list[ForkEvent]) -> None:
        for event in events:
            expected = conn.expected
            if isinstance(event, Opened):
                self._take(conn, self._admit(conn, event))
            elif expected is None or expected.conn is not conn:
                continue  # refused, forgotten, or replaced by a later attempt
            elif isinstance(event, Audio) and conn.metadata:
                expected.on_audio(event.data)
            elif isinstance(event, Closed):
                expected.conn = None
                expected.on_close(event.code)
            elif isinstance(event, Metadata):
                if not conn.metadata:
                    conn.metadata = True
                    expected.on_open(event.text)
            elif isinstance(event, Audio):
                if not conn.metadata:
                    conn.metadata = True
                    expected.on_open("")
                expected.on_audio(event.data)

    def _admit(self, conn: _Connection, opened: Opened) -> list[ForkEvent]:
        token = opened.segments[0] if opened.segments else ""
        number = opened.segments[1] if len(opened.segments) > 1 else "0"
        expected = self._calls.get(token)
        if expected is None or not (number.isascii() and number.isdecimal() and len(number) < 7):
            log.warning("an audio stream of no call was refused")
            return conn.stream.reject(HTTPStatus.NOT_FOUND)
        if int(number) < expected.attempt:
            return conn.stream.reject(HTTPStatus.CONFLICT)
        previous, expected.conn = expected.conn, conn
        expected.attempt = int(number)
        conn.expected = expected
        if previous is not None:
            previous.drop(1001)
        return conn.stream.accept()
