"""Load an agentd beyond its limit, again and again: every refusal is clean, and nothing stays."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from agentd_process import Agentd
from fault_house import YESES, Caller, settings_for, until

from agentd.store.repo import Repo

LIMIT, ASKED, ROUNDS = 5, 60, 3
OPT_OUT = [*YESES, {"say": "ne m'appelez plus"}]
MOST_GROWTH_KB = 6_000  # of a process of 100 MB: what an allocator keeps, not a call's


class Loaded(Caller):
    """An agentd that is a process of its own, so that its memory is."""

    def __init__(self, root: Path, folder: Path) -> None:
        url = f"sqlite:////{folder}/calls.sqlite3"
        settings = settings_for(root, store={"url": url}, server={"max_calls": LIMIT})
        super().__init__(settings, Repo(url))
        given = settings.model_dump(mode="json", exclude_defaults=True)
        self.agentd = Agentd(folder / "agentd", **given)
        self.proc = Path("/proc") / str(self.agentd.process.pid)

    @property
    def address(self) -> tuple[str, int]:
        return self.agentd.address()

    @property
    def rss_kb(self) -> int:
        status = (self.proc / "status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    @property
    def descriptors(self) -> int:
        return len(list((self.proc / "fd").iterdir()))

    @property
    def threads(self) -> int:
        return len(list((self.proc / "task").iterdir()))


@pytest.fixture
def loaded(root: Path, tmp_path: Path) -> Iterator[Loaded]:
    made = Loaded(root, tmp_path)
    made.address  # noqa: B018 - it listens
    yield made
    made.agentd.kill()
    made.repo.close()


def one_round(loaded: Loaded) -> None:
    calls = []
    for _ in range(ASKED):
        calls.append(loaded.call(OPT_OUT))
        gevent.sleep(0.01)  # some come while others are refused, and while places are given back
    outcomes = [placed.outcome() for placed in calls]
    assert [outcome.problems for outcome in outcomes] == [[]] * ASKED
    causes = Counter(outcome.cause for outcome in outcomes)
    assert set(causes) == {"NORMAL_CLEARING", "SWITCH_CONGESTION"}
    assert causes["NORMAL_CLEARING"] >= LIMIT
    for placed, outcome in zip(calls, outcomes, strict=True):
        if outcome.cause == "SWITCH_CONGESTION":
            assert loaded.repo.load_call(placed.id) is None
        else:
            assert placed.whole().disposition == "OPT_OUT"


def test_refusals_beyond_the_limit_leave_nothing(loaded: Loaded) -> None:
    one_round(loaded)  # what is made once for the life of a process is made
    until(lambda: len(loaded.agentd.said("call ended")) == len(loaded.agentd.said("call answered")))
    gevent.sleep(0.3)
    files, threads, before = loaded.descriptors, loaded.threads, loaded.rss_kb
    for _ in range(ROUNDS):
        one_round(loaded)
    until(
        lambda: loaded.descriptors <= files,
        what=f"{loaded.descriptors} files are open, there were {files}",
    )
    until(lambda: loaded.threads <= threads, what="threads are left over")
    grown = loaded.rss_kb - before
    assert grown < MOST_GROWTH_KB, f"{grown} kB more than after the first round"
    refused = loaded.agentd.said("call refused")
    answered = loaded.agentd.said("call answered")
    assert len(refused) + len(answered) == ASKED * (ROUNDS + 1)
    assert "Traceback" not in loaded.agentd.log
