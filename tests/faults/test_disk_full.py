"""No room on the disk: calls go on while anything can be kept, and nothing is lost.

A limit on the size of files, set from outside on a running agentd, stands in for a disk that is
full: the same writes fail, with EFBIG in place of ENOSPC, and room comes back when it is lifted.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from agentd_process import Agentd
from fault_house import YESES, Caller, Placed, settings_for, until

from agentd.store.repo import Repo

OPT_OUT = {"say": "ne m'appelez plus"}
LONG = [*YESES * 2, OPT_OUT]
NUMBERS = {"agentd_phone": "+33199000777"}


class Limited(Caller):
    """An agentd that may be told that its files have become too large."""

    def __init__(self, root: Path, folder: Path) -> None:
        url = f"sqlite:////{folder}/calls.sqlite3"
        settings = settings_for(root, store={"url": url})
        super().__init__(settings, Repo(url))
        given = settings.model_dump(mode="json", exclude_defaults=True)
        self.agentd = Agentd(folder / "agentd", **given)
        self.wal = folder / "calls.sqlite3-wal"

    @property
    def address(self) -> tuple[str, int]:
        return self.agentd.address()

    @contextmanager
    def full(self, at: int) -> Iterator[None]:
        """No file of its grows beyond `at` bytes."""
        pid, which = self.agentd.process.pid, resource.RLIMIT_FSIZE
        _, hard = resource.prlimit(pid, which)
        resource.prlimit(pid, which, (at, hard))
        try:
            yield
        finally:
            resource.prlimit(pid, which, (hard, hard))

    def written(self, placed: Placed) -> bool:
        report = self.repo.load_call(placed.id)
        return report is not None and report.ended_at is not None


@pytest.fixture
def limited(root: Path, tmp_path: Path) -> Iterator[Limited]:
    made = Limited(root, tmp_path)
    made.address  # noqa: B018 - it listens
    yield made
    made.agentd.kill()
    made.repo.close()


def test_room_for_the_spool_only(limited: Limited) -> None:
    """The database cannot grow: nobody on the telephone notices."""
    limited.call(LONG).outcome()
    until(lambda: limited.wal.stat().st_size > 60_000)
    early = limited.call(LONG, variables=NUMBERS)
    until(lambda: early.call.recorder.duration_ms > 1_000)
    with limited.full(at=40_000):
        late = limited.call([OPT_OUT])
        for placed in early, late:
            outcome = placed.outcome()
            assert (outcome.cause, outcome.problems, outcome.unused) == ("NORMAL_CLEARING", [], 0)
        assert not limited.written(early)
        assert not limited.written(late)
    for placed in early, late:
        until(lambda placed=placed: limited.written(placed), timeout=15, what="it was lost")
        assert placed.whole().disposition == "OPT_OUT"
    assert limited.repo.suppressed(NUMBERS["agentd_phone"])


def test_no_room_at_all(limited: Limited) -> None:
    """Neither database nor spool: it says goodbye, and writes what it knows when there is room."""
    limited.call([OPT_OUT]).outcome()
    placed = limited.call([*YESES, OPT_OUT], variables=NUMBERS)
    until(lambda: placed.call.recorder.duration_ms > 700)
    with limited.full(at=0):
        outcome = placed.outcome()
        assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
        assert outcome.unused > 0, "it went on without keeping anything"
        refused = limited.call([OPT_OUT]).outcome()  # nor is one begun that could not be kept
        assert refused.cause != ""
        assert refused.problems == []
        assert not limited.written(placed)
    until(lambda: limited.written(placed), timeout=25, what="its end was lost")
    report = placed.kept()
    assert report.disposition == "FAILED"
    assert report.hangup_cause == "NORMAL_CLEARING"
    again = limited.call([OPT_OUT])
    assert again.outcome().cause == "NORMAL_CLEARING"
    assert again.whole().disposition == "OPT_OUT"
    assert "Traceback" not in limited.agentd.log
