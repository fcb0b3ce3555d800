"""Where the time of one call's answers goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from agentd.dialogue import events as ev
from agentd.observe.metrics import Metrics

MOST = 16  # Says asked for and not begun; a switch that starts none is not waited for


class Stopwatch:
    """Told what happens in a call, it tells `Metrics` how long it took."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._asked: dict[str, float] = {}
        self._heard_ms: int | None = None  # end of what the prospect said, until it is answered

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What is done inside is a stage (`metrics.STAGES`)."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._metrics.stage(name, time.monotonic() - began)

    def asked(self, say_id: str) -> None:
        """The switch was told to play."""
        if len(self._asked) < MOST:
            self._asked[say_id] = time.monotonic()

    def happened(self, event: ev.Event, now_ms: int) -> None:
        """An event of the call, `now_ms` since its answer."""
        match event:
            case ev.Utterance(end_ms=end_ms):
                self._heard_ms = end_ms
            case ev.SayStarted(say_id=say_id):
                asked = self._asked.pop(say_id, None)
                if asked is not None:
                    self._metrics.stage("start", time.monotonic() - asked)
                if self._heard_ms is not None:
                    self._metrics.answered((now_ms - self._heard_ms) / 1000)
                    self._heard_ms = None
            case ev.SayFailed(say_id=say_id):
                self._asked.pop(say_id, None)
            case ev.SpeechStarted() | ev.TimerFired():
                self._heard_ms = None  # the prospect goes on, or was not answered: no answer's time
