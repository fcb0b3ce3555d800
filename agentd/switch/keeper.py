"""An event-socket connection that is kept: made again whenever it is lost, for weeks."""

from collections.abc import Callable, Sequence

import gevent
from gevent.event import Event as Flag

from agentd.errors import SwitchError, SwitchGone
from agentd.switch.esl import Message
from agentd.switch.inbound import InboundSession

FIRST_REST_S, MOST_REST_S = 0.5, 15.0
LOOK_EVERY_S = 0.2


class Keeper:
    """`start`, then `api` and `background` while it is up. `on_up` is called each time it is there
    again, before anybody else is told: what was missed meanwhile is its business. `on_down`: it
    was lost, or could not be made; why."""

    def __init__(
        self,
        where: tuple[str, int],
        password: str,
        events: Sequence[str],
        on_event: Callable[[Message], None],
        on_up: Callable[["Keeper"], None] = lambda keeper: None,
        on_down: Callable[[str], None] = lambda trouble: None,
    ) -> None:
        self._where, self._password = where, password
        self._events, self._on_event = list(events), on_event
        self._on_up, self._on_down = on_up, on_down
        self._session: InboundSession | None = None
        self._ready = Flag()
        self._greenlet: gevent.Greenlet | None = None
        self.trouble = "not connected yet"
        self.connections = 0

    def start(self) -> None:
        """Connect, and stay so, in a greenlet."""
        self._greenlet = gevent.spawn(self._keep)

    @property
    def up(self) -> bool:
        """Can it be used now?"""
        return self._ready.is_set() and self._session is not None and self._session.connected

    def wait_up(self, timeout: float) -> bool:
        """Is it up within so many seconds?"""
        return bool(self._ready.wait(timeout)) and self.up

    def api(self, line: str) -> str:
        """Raises SwitchGone while it is down, SwitchError on -ERR, SwitchTimeout."""
        return self._now().api(line)

    def background(self, line: str, job: str) -> None:
        """`bgapi`; raises as `api` does."""
        self._now().background(line, job)

    def stop(self) -> None:
        """End it for good."""
        if self._greenlet is not None:
            self._greenlet.kill(timeout=2)
        if self._session is not None:
            self._session.close()

    def _now(self) -> InboundSession:
        if self._session is None or not self._session.connected:
            raise SwitchGone(f"event socket: {self.trouble}")
        return self._session

    def _keep(self) -> None:
        rest = FIRST_REST_S
        while True:
            session = InboundSession(*self._where, self._password)
            try:
                session.connect()
                for name in self._events:
                    session.on(name, self._on_event)
                session.command(f"event plain {' '.join(self._events)}")
                self._session, self.trouble = session, ""
                self.connections += 1
                self._on_up(self)
                self._ready.set()
                rest = FIRST_REST_S
                while session.connected:
                    gevent.sleep(LOOK_EVERY_S)
                self.trouble = "the connection was lost"
            except SwitchError as error:
                self.trouble = str(error.args[0])
            finally:
                self._ready.clear()
                session.close()
            self._on_down(self.trouble)
            gevent.sleep(rest)
            rest = min(MOST_REST_S, rest * 2)
