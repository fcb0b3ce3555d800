"""One event-socket connection: a reader greenlet, replies in order with timeouts, bounded events.

agentd's own rather than greenswitch's: see docs/decisions.md ("The event socket").
"""

import socket
from collections import deque
from collections.abc import Callable

import gevent
import structlog
from gevent.event import AsyncResult, Event
from gevent.lock import RLock
from gevent.queue import Empty, Queue

from agentd.errors import SwitchError, SwitchGone, SwitchTimeout
from agentd.switch.esl import EslParser, Kind, Message

log = structlog.get_logger(component="switch")

REPLY_S = 5.0  # FreeSWITCH answers in 1 ms; slower than this it is not answering
SEND_S = 5.0
MAX_EVENTS = 1000
MAX_PENDING = 256
CHUNK = 65536

OnReply = Callable[[Message | None], None]


class OutboundSession:
    """A connected socket that speaks the event socket protocol.

    Events wait in a queue of `max_events`; when it is full the oldest is dropped and counted, so
    that a reader who has stopped costs memory once and never blocks replies. What ends the call is
    never lost that way: `next_event` says the end of the connection after the last event.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        wanted: Callable[[Message], bool] = lambda message: True,
        max_events: int = MAX_EVENTS,
        send_s: float = SEND_S,
    ) -> None:
        """wanted: which events and notices are worth queueing. Takes ownership of `sock`."""
        self._sock = sock
        self._wanted = wanted
        self._send_s = send_s
        self._parser = EslParser()
        self._pending: deque[OnReply] = deque()
        self._events: Queue[Message | None] = Queue(max_events + 1)
        self._max_events = max_events
        self._send_lock = RLock()
        self._ended = Event()
        self.dropped = 0
        self.reason = ""  # why the connection ended
        self._reader = gevent.spawn(self._read)

    @property
    def alive(self) -> bool:
        """The connection stands."""
        return not self._ended.is_set()

    def request(self, data: bytes, timeout: float = REPLY_S) -> Message:
        """Send one command and wait for its reply.

        Raises SwitchTimeout when none comes (a late one is then thrown away, not taken for the
        next command's) and SwitchGone when the connection ends.
        """
        result: AsyncResult[Message | None] = AsyncResult()
        self.post(data, result.set)
        try:
            message: Message | None = result.get(timeout=timeout)
        except gevent.Timeout:
            raise SwitchTimeout(
                f"the switch did not answer {_first_word(data)} within {timeout:g} s"
            ) from None
        if message is None:
            raise SwitchGone(f"the connection ended before the answer to {_first_word(data)}")
        return message

    def post(self, data: bytes, on_reply: OnReply = lambda message: None) -> None:
        """Send one command without waiting. on_reply: called once with the reply, or with None
        when the connection ends first; it runs in the reader and must neither wait nor raise.

        Raises SwitchGone when the connection has ended, SwitchTimeout when the switch reads
        nothing (the connection is then over), SwitchError when too many replies are awaited.
        """
        with self._send_lock:
            if self._ended.is_set():
                raise SwitchGone(f"the connection to the switch has ended: {self.reason}")
            if len(self._pending) >= MAX_PENDING:
                raise SwitchError(f"{MAX_PENDING} commands are waiting for their answer")
            self._pending.append(on_reply)
            try:
                with gevent.Timeout(self._send_s):
                    self._sock.sendall(data)
            except gevent.Timeout:
                # Part of it may have gone out: nothing sent later would be understood.
                self._end("the switch reads nothing")
                raise SwitchTimeout(f"could not send within {self._send_s:g} s") from None
            except OSError as error:
                self._end(f"sending failed: {error.strerror or error}")
                raise SwitchGone(f"the connection to the switch has ended: {self.reason}") from None

    def next_event(self, timeout: float | None = None) -> Message | None:
        """The next event or notice; None once the connection has ended and all have been taken.

        Raises SwitchTimeout after `timeout` seconds (None: the connection's end is the limit).
        """
        try:
            message: Message | None = self._events.get(timeout=timeout)
        except Empty:
            raise SwitchTimeout(f"no event within {timeout:g} s") from None
        if message is None:
            self._events.put(None)  # for whoever asks again; the last entry leaves room
        return message

    def wait_end(self, timeout: float) -> bool:
        """Wait for the connection to end; false when it still stands after `timeout` seconds."""
        return bool(self._ended.wait(timeout))

    def close(self) -> None:
        """End the connection. Safe to call twice and from any greenlet."""
        self._end("closed by us")
        if gevent.getcurrent() is not self._reader:
            self._reader.join(timeout=1.0)

    def _read(self) -> None:
        reason = "the switch closed it"
        try:
            while True:
                data = self._sock.recv(CHUNK)
                if not data:
                    break
                for message in self._parser.feed(data):
                    if message.kind is Kind.BROKEN:
                        reason = f"not the event socket protocol: {message.text}"
                        return
                    self._take(message)
        except OSError as error:
            reason = f"reading failed: {error.strerror or error}"
        except Exception:
            reason = "internal error"
            log.exception("event socket reader failed")
        finally:
            self._end(reason)

    def _take(self, message: Message) -> None:
        if message.kind in (Kind.REPLY, Kind.API):
            if not self._pending:
                log.warning("the switch answered a command that was not sent")
                return
            self._call(self._pending.popleft(), message)
            return
        if not self._wanted(message):
            return
        if self._events.qsize() >= self._max_events:
            self._events.get_nowait()
            self.dropped += 1
            if self.dropped == 1:
                log.warning("events are not taken fast enough: the oldest are dropped")
        self._events.put_nowait(message)

    @staticmethod
    def _call(on_reply: OnReply, message: Message | None) -> None:
        try:
            on_reply(message)
        except Exception:
            log.exception("handler of a switch reply failed")

    def _end(self, reason: str) -> None:
        if self._ended.is_set():
            return
        self.reason = reason
        self._ended.set()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # already gone
        self._sock.close()
        pending, self._pending = self._pending, deque()
        for on_reply in pending:
            self._call(on_reply, None)
        self._events.put_nowait(None)


def _first_word(data: bytes) -> str:
    """Which command it was, without its arguments: they may be personal."""
    return " ".join(data.decode("utf-8", "replace").split(None, 2)[:2])
