"""One outbound event-socket connection on a gevent socket: replies in order, events by callback.

Every wait has a timeout, a lost peer wakes every waiter, and nothing is sent by halves.
"""

import socket
from collections import deque
from collections.abc import Callable

import gevent
import structlog
from gevent.event import AsyncResult, Event
from gevent.lock import RLock

from agentd.errors import SwitchGone, SwitchTimeout
from agentd.switch import esl

log = structlog.get_logger(component="switch")

REPLY_TIMEOUT_S = 5.0
SEND_TIMEOUT_S = 5.0
CHUNK = 65_536


class Session:
    """Owns the socket. `on_message` gets everything that is no reply, from the reader greenlet."""

    def __init__(self, sock: socket.socket, on_message: Callable[[esl.Message], None]) -> None:
        self._socket = sock
        self._socket.settimeout(SEND_TIMEOUT_S)
        self._on_message = on_message
        self._replies: deque[AsyncResult] = deque()
        self._sending = RLock()
        self._parser = esl.Parser()
        self.gone = Event()
        self._reader = gevent.spawn(self._read)

    def ask(self, data: bytes, timeout: float = REPLY_TIMEOUT_S) -> esl.Message:
        """Send a command and wait for its reply. Raises SwitchTimeout, SwitchGone."""
        return self.send(data).wait(timeout)

    def send(self, data: bytes) -> "Pending":
        """Send a command; wait for its reply later. Raises SwitchGone."""
        reply: AsyncResult = AsyncResult()
        with self._sending:  # the order of replies is the order of sending
            if self.gone.is_set():
                raise SwitchGone("the switch closed the connection")
            self._replies.append(reply)
            try:
                self._socket.sendall(data)
            except OSError as error:
                self._lost(f"sending failed: {error}")
                raise SwitchGone(f"the switch cannot be sent to: {error}") from None
        return Pending(reply, data)

    def close(self) -> None:
        """Close the connection; waiters get SwitchGone."""
        self._lost("closed")
        self._reader.kill(block=False)

    def _read(self) -> None:
        reason = "closed by the switch"
        try:
            while True:
                try:
                    data = self._socket.recv(CHUNK)
                except TimeoutError:
                    continue  # a quiet call; its own timers watch over it
                if not data:
                    break
                for message in self._parser.feed(data):
                    self._dispatch(message)
        except OSError as error:
            reason = f"connection lost: {error.strerror or error}"
        except esl.EslError as error:
            reason = f"protocol broken: {error}"
        finally:
            self._lost(reason)

    def _dispatch(self, message: esl.Message) -> None:
        kind = message.content_type
        answers = kind in ("command/reply", "api/response")
        if answers and self._replies:
            self._replies.popleft().set(message)
            return
        try:
            self._on_message(message)
        except Exception as error:  # noqa: BLE001 - one bad event must not end the reader
            log.error("an event was not handled", kind=kind, error=repr(error))

    def _lost(self, reason: str) -> None:
        if self.gone.is_set():
            return
        self.gone.set()
        self._socket.close()
        while self._replies:
            self._replies.popleft().set_exception(SwitchGone(f"the switch is gone: {reason}"))
        try:
            self._on_message(esl.Message({"Content-Type": "agentd/gone", "Reason": reason}))
        except Exception as error:  # noqa: BLE001 - as in _dispatch
            log.error("the end was not handled", error=repr(error))


class Pending:
    """A reply that will come."""

    def __init__(self, reply: AsyncResult, data: bytes) -> None:
        self._reply = reply
        self._what = data.partition(b"\n")[0].decode(errors="replace")

    def wait(self, timeout: float = REPLY_TIMEOUT_S) -> esl.Message:
        """The reply. Raises SwitchTimeout, SwitchGone."""
        try:
            message: esl.Message = self._reply.get(timeout=timeout)
        except gevent.Timeout:
            word = self._what.split(" ")[0]
            raise SwitchTimeout(f"no reply to {word!r} in {timeout:g} s") from None
        return message
