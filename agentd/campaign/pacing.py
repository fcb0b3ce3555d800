"""How many calls to place now, from counts and a clock that comes in. Pure.

Two limits are never overshot: calls at once, and calls begun in any 60 s. Under them calls are
spread evenly (a trunk dislikes bursts), and the first ones of a campaign come slowly.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

WINDOW_S = 60.0
EVENLY = 0.8  # of the even spacing: a late loop must not cost calls, and the window holds the limit
BURST_S = 5.0  # what was not used may be made up for, as much as this long would have allowed


class State(StrEnum):
    """Of a campaign. Only RUNNING places calls."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"  # nothing new; callbacks wait too
    DRAINING = "draining"  # no new call, those going on end; then STOPPED
    STOPPED = "stopped"
    DONE = "done"  # every contact is decided


@dataclass(frozen=True)
class Limits:
    """max_concurrent: calls ringing or going on. per_minute: begun in any 60 s. ramp_s: seconds in
    which the concurrent limit grows from one call to all of them; 0: at once."""

    max_concurrent: int
    per_minute: int
    ramp_s: float = 0.0


@dataclass(frozen=True)
class Load:
    """What is so at `now` (seconds of any one clock).

    active: calls ringing or going on. begun: those placed in the last 60 s. last: when the latest
    was placed. running_s: since the campaign was set running.
    """

    active: int
    begun: int
    last: float | None
    running_s: float


def allowance(state: State, limits: Limits, load: Load, now: float) -> int:
    """How many calls may be placed at `now`."""
    if state is not State.RUNNING:
        return 0
    return max(
        0,
        min(
            _concurrent(limits, load.running_s) - load.active,
            limits.per_minute - load.begun,
            _spread(limits, load.last, now),
        ),
    )


def _concurrent(limits: Limits, running_s: float) -> int:
    if limits.ramp_s <= 0 or running_s >= limits.ramp_s:
        return limits.max_concurrent
    return max(1, math.floor(limits.max_concurrent * max(0.0, running_s) / limits.ramp_s))


def _spread(limits: Limits, last: float | None, now: float) -> int:
    most = max(1, math.floor(limits.per_minute * BURST_S / WINDOW_S))
    if last is None or now < last:  # nothing yet; or a clock that was set back
        return 1
    return min(most, math.floor((now - last) * limits.per_minute / (WINDOW_S * EVENLY)))


@dataclass(frozen=True)
class Breaker:
    """A circuit breaker, of one gateway or of the whole: closed, open until a time, half open.

    trip_after: failures in a row that open it. rest_s: how long it then stays open, doubled each
    time the trial that follows fails, up to most_rest_s.
    """

    trip_after: int = 5
    rest_s: float = 30.0
    most_rest_s: float = 600.0
    failures: int = 0
    trips: int = 0
    open_until: float | None = None
    trial: bool = False

    def allows(self, now: float) -> int | None:
        """How many calls may be placed: None, no limit of ours; 1, a trial; 0, none."""
        if self.open_until is None:
            return None
        return 0 if now < self.open_until or self.trial else 1

    def trying(self) -> "Breaker":
        """A call is placed; when half open it is the trial."""
        return self if self.open_until is None else replace(self, trial=True)

    def failed(self, now: float) -> "Breaker":
        """The trunk failed a call."""
        if self.open_until is not None and not self.trial:
            return self  # placed before it opened
        failures = self.failures + 1
        if not self.trial and failures < self.trip_after:
            return replace(self, failures=failures)
        rest = min(self.most_rest_s, self.rest_s * 2 ** min(self.trips, 16))
        return replace(
            self, failures=failures, trips=self.trips + 1, open_until=now + rest, trial=False
        )

    def worked(self) -> "Breaker":
        """The trunk carried a call, however it ended."""
        if self.open_until is not None and not self.trial:
            return self
        return replace(self, failures=0, trips=0, open_until=None, trial=False)

    def forgotten(self) -> "Breaker":
        """The trial's fate is not known: another may be made."""
        return replace(self, trial=False)
