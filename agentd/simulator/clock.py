"""The world's time as a simulated switch has it: a legal hour whenever a demonstration is run."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import msgspec


class SimulatedClock:
    """Starts at `start` and goes on, `speed` times as fast as ours; it can be moved forward, never
    back. `file` keeps it over the end of the process: a switch that is started again goes on."""

    def __init__(self, start: datetime, speed: float = 1.0, file: Path | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock without a time zone names no instant")
        self.speed = speed
        self._file = file
        self._base, self._since = start, time.time()
        if file is not None and file.exists():
            kept = msgspec.json.decode(file.read_bytes())
            self._base = datetime.fromisoformat(kept["base"])
            self._since = float(kept["since"])
        self._keep()

    @property
    def now(self) -> datetime:
        """The instant it is."""
        return self._base + timedelta(seconds=(time.time() - self._since) * self.speed)

    def advance_to(self, moment: datetime) -> None:
        """It is `moment` now, unless that has passed."""
        if moment > self.now:
            self._base, self._since = moment, time.time()
            self._keep()

    def _keep(self) -> None:
        if self._file is not None:
            kept = {"base": self._base.isoformat(), "since": self._since}
            scratch = self._file.with_suffix(".new")
            scratch.write_bytes(msgspec.json.encode(kept))
            scratch.replace(self._file)
