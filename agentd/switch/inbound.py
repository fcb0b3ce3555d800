"""The inbound event socket (port 8021): greenswitch's InboundESL with its defects fenced.

Used by `agentd check` and by the dialer. What is replaced, each with a test:
- headers were URL-decoded before being split, and event bodies split as headers: our parser reads;
- `send` could send a part of a command, and waited for its reply without end;
- connecting waited without end for a server that accepts and says nothing;
- an end of the connection left a waiting command hanging for ever;
- a reply nobody waits for, or an early drop, raised in the reading greenlet;
- `stop` waited without end for a server that does not close.
greenswitch keeps the authentication and the dispatch of events to handlers.
"""

import socket
from collections.abc import Callable
from types import TracebackType

import gevent
from gevent.event import AsyncResult
from gevent.lock import RLock
from greenswitch.esl import ESLEvent, InboundESL, NotConnectedError

from agentd.errors import SwitchError, SwitchGone, SwitchTimeout
from agentd.switch import esl
from agentd.switch.esl import EslParser, Kind, Message

Handler = Callable[[Message], None]


class _Event(ESLEvent):  # type: ignore[misc]
    """A message in the shape greenswitch passes around."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.headers = {"Content-Type": str(message.kind), **message.headers}
        self.data = message.text


class _Fenced(InboundESL):  # type: ignore[misc]
    def __init__(self, host: str, port: int, password: str, timeout: float) -> None:
        super().__init__(host, port, password, timeout)
        self._run: bool
        self.connected: bool
        self._commands_sent: list[AsyncResult[_Event]]
        self.why = "the connection has ended"
        self._lock = RLock()

    def receive_events(self) -> None:
        """Read until the connection ends, then wake everybody who waits."""
        parser = EslParser()
        try:
            while data := self.sock.recv(65536):
                for message in parser.feed(data):
                    if message.kind is Kind.BROKEN:
                        self.why = f"not the event socket protocol: {message.text}"
                        return
                    self.take(message)
        except OSError as error:
            self.why = f"reading failed: {error.strerror or error}"
        finally:
            self._run = self.connected = False
            self._auth_request_event.set()
            waiting, self._commands_sent = self._commands_sent, []
            for result in waiting:
                result.set_exception(SwitchGone(f"event socket: {self.why}"))

    def take(self, message: Message) -> None:
        if message.kind is Kind.AUTH:
            self._auth_request_event.set()
        elif message.kind in (Kind.REPLY, Kind.API):
            if self._commands_sent:
                self._commands_sent.pop(0).set(_Event(message))
        elif message.kind is Kind.REJECTED:
            self.why = "this address is not allowed (apply-inbound-acl)"
            self.connected = False
            self._auth_request_event.set()
        else:
            self._esl_event_queue.put(_Event(message))

    def send(self, data: str) -> _Event:
        """Send one command, wait for its reply."""
        return self.send_bytes(esl.command(data), data.split(None, 1)[0])

    def send_bytes(self, line: bytes, verb: str) -> _Event:
        """The same, with headers after the command's line."""
        result: AsyncResult[_Event] = AsyncResult()
        with self._lock:
            if not self.connected:
                raise SwitchGone(f"event socket: {self.why}")
            self._commands_sent.append(result)
            try:
                with gevent.Timeout(self.timeout):
                    self.sock.sendall(line)
            except (gevent.Timeout, OSError) as error:
                self.drop()
                raise SwitchGone("event socket: the command could not be sent") from error
        try:
            event: _Event = result.get(timeout=self.timeout)
        except gevent.Timeout:
            raise SwitchTimeout(
                f"event socket: no answer to {verb} in {self.timeout:g} s"
            ) from None
        return event

    def drop(self) -> None:
        self._run = self.connected = False
        sock = getattr(self, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # never connected, or gone
            sock.close()

    def stop(self) -> None:
        self.drop()
        greenlets = [
            greenlet
            for greenlet in (self._receive_events_greenlet, self._process_events_greenlet)
            if greenlet is not None and greenlet is not gevent.getcurrent()
        ]
        gevent.joinall(greenlets, timeout=0.1)
        gevent.killall(greenlets, timeout=1)


class InboundSession:
    """A connection to FreeSWITCH's event socket. Use it as a context manager.

    Raises SwitchError (not FreeSWITCH, or it refuses us), SwitchTimeout or SwitchGone, with the
    setting to mend. `timeout` (seconds) bounds the connection as a whole and each command.
    """

    def __init__(self, host: str, port: int, password: str, *, timeout: float = 5.0) -> None:
        self._where = f"{host}:{port}"
        self._timeout = timeout
        self._esl = _Fenced(host, port, password, timeout)

    def __enter__(self) -> "InboundSession":
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def connect(self) -> None:
        """Connect and authenticate."""
        place = f"event socket at {self._where}"
        try:
            with gevent.Timeout(self._timeout):
                self._esl.connect()
        except gevent.Timeout:
            self._esl.stop()
            raise SwitchTimeout(
                f"{place}: nothing within {self._timeout:g} s",
                mend="check [switch] host and port: a FreeSWITCH event socket answers at once",
            ) from None
        except ValueError:  # greenswitch's word for a wrong password
            self._esl.stop()
            raise SwitchError(
                f"{place}: the password is refused",
                mend="set [switch] password to the one of event_socket.conf.xml",
            ) from None
        except (NotConnectedError, SwitchGone):
            self._esl.stop()
            raise SwitchGone(
                f"{place}: closed before we were let in: {self._esl.why}",
                mend="check event_socket.conf.xml: listen-ip, apply-inbound-acl",
            ) from None
        except OSError as error:
            self._esl.stop()
            raise SwitchGone(
                f"{place}: cannot connect ({error.strerror or error})",
                mend="start FreeSWITCH with mod_event_socket, or mend [switch] host and port",
            ) from None

    def api(self, line: str) -> str:
        """The answer of `api LINE`, without its last newline. Raises SwitchError on -ERR."""
        return self._answer(f"api {line}")

    def command(self, line: str) -> str:
        """The answer of one command, such as `event plain BACKGROUND_JOB`."""
        return self._answer(line)

    def background(self, line: str, job_uuid: str) -> None:
        """`bgapi LINE` under an id of ours: returns once the switch has taken it, and an event
        BACKGROUND_JOB with this Job-UUID brings the answer. Raises SwitchError."""
        answer = self._esl.send_bytes(esl.bgapi(line, job_uuid), "bgapi").message
        if not answer.ok:
            raise SwitchError(f"FreeSWITCH refused bgapi: {answer.reply}")

    @property
    def connected(self) -> bool:
        """Is the connection up, as far as is known here?"""
        return bool(self._esl.connected)

    def on(self, event: str, handler: Handler) -> None:
        """Call `handler` with each event of this name or CUSTOM subclass, in greenswitch's own
        greenlet; what it raises is logged."""

        def handle(wrapped: _Event) -> None:
            handler(wrapped.message)

        self._esl.register_handle(event, handle)

    def close(self) -> None:
        """End the connection; safe to call twice."""
        self._esl.stop()

    def _answer(self, line: str) -> str:
        answer = self._esl.send(line).message
        if not answer.ok:
            raise SwitchError(f"FreeSWITCH refused {line.split(None, 2)[:2]}: {answer.reply}")
        return answer.reply
