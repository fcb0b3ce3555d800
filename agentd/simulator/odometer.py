"""What a switch counts of the calls it is given: how many at once, how many begun in any minute.

From outside of the house: what the limits of a campaign are judged by.
"""

from collections import deque
from datetime import datetime, timedelta

MINUTE = timedelta(seconds=60)


class Odometer:
    """`begun` and `ended` as it happens, `now` by the switch's clock."""

    def __init__(self) -> None:
        self._lately: deque[datetime] = deque()
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.live = self.total = 0
        self.most_at_once = self.most_a_minute = 0

    def begun(self, now: datetime) -> None:
        """A leg more."""
        self.live += 1
        self.total += 1
        self.first, self.last = self.first or now, now
        self._lately.append(now)
        while self._lately[0] <= now - MINUTE:  # a minute has its first instant, not its last
            self._lately.popleft()
        self.most_at_once = max(self.most_at_once, self.live)
        self.most_a_minute = max(self.most_a_minute, len(self._lately))

    def ended(self) -> None:
        """A leg less."""
        self.live -= 1
