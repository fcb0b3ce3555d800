"""`agentd serve` for the soak: its recogniser knows the prospects by their sound (`matched`).

AGENTD_TEST_VOICES: the folder `matched.keep` has filled. AGENTD_TEST_SHARE: of the calls, those the
real recogniser hears. AGENTD_TEST_TRACE: a file that gets, at each SIGUSR2, where Python's memory
was allocated that is held now and was not at the first of them.
"""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import tracemalloc  # noqa: E402
from collections import Counter  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402

from agentd import server  # noqa: E402
from agentd.__main__ import main  # noqa: E402
from agentd.config import Settings  # noqa: E402
from agentd.speech.recogniser import Recogniser, open_recogniser  # noqa: E402
from benchmarks.soak.matched import Known, Matched, load  # noqa: E402


def _opened(settings: Settings) -> Recogniser:
    share = float(os.environ.get("AGENTD_TEST_SHARE", "0"))
    real = open_recogniser(settings) if share else None
    if share >= 1 and real is not None:
        return real
    return Matched(Known(load(Path(os.environ["AGENTD_TEST_VOICES"]))), real, share)


class _Trace:
    """What Python holds, against what it held first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._first: tracemalloc.Snapshot | None = None
        self._kinds: Counter[str] = Counter()

    def write(self) -> None:
        gc.collect()
        now = tracemalloc.take_snapshot()
        kinds = Counter(type(one).__name__ for one in gc.get_objects())
        with self._file.open("a") as out:
            out.write(
                f"== held: {sum(s.size for s in now.statistics('filename')) / 1024:.0f} KiB\n"
            )
            if self._first is None:
                self._first, self._kinds = now, kinds
                return
            for line in now.compare_to(self._first, "lineno")[:30]:
                out.write(f"{line}\n")
            for kind, more in (kinds - self._kinds).most_common(20):
                out.write(f"{kind}: {more} more\n")


if __name__ == "__main__":
    vars(server)["open_recogniser"] = _opened
    if os.environ.get("AGENTD_TEST_TRACE"):
        tracemalloc.start(8)
        gevent.signal_handler(signal.SIGUSR2, _Trace(Path(os.environ["AGENTD_TEST_TRACE"])).write)
    main()
