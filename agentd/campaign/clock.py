"""What time it is for a campaign."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The campaign's time: that of the database, which all dialers share, or of a simulated switch.

    skew_s: the database's clock ahead of this machine's, as last measured.
    """

    def __init__(self) -> None:
        self.skew_s = 0.0
        self._base: datetime | None = None
        self._since = 0.0
        self._speed = 1.0

    @property
    def simulated(self) -> bool:
        """Is it a simulator's?"""
        return self._base is not None

    def follow(self, answer: str) -> None:
        """What `api simulator_clock` answered: an instant and a speed."""
        instant, _, speed = answer.partition(" ")
        self._base, self._speed = datetime.fromisoformat(instant), float(speed or 1)
        self._since = time.monotonic()

    @property
    def now(self) -> datetime:
        """Aware."""
        if self._base is None:
            return self.machine
        passed = (time.monotonic() - self._since) * self._speed
        return self._base + timedelta(seconds=passed)

    @property
    def machine(self) -> datetime:
        """Aware, whatever day is simulated: what leases are counted by."""
        return datetime.now(UTC) + timedelta(seconds=self.skew_s)
