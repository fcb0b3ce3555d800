"""make soak: 10,000 accelerated calls, then 2 hours at 20 calls. Does anything grow?

    SOAK_CALLS=10000   accelerated calls; 0: none        SOAK_AT_ONCE=40   of them at once
    SOAK_WITHIN=24     hours: no more accelerated calls are placed after them
    SOAK_HOURS=2       of real time; 0: none             SOAK_REAL_AT_ONCE=20
    SOAK_SHARE=1       of the real-time calls, recognised by the real recogniser; the others by
                       their sound (benchmarks/soak/matched.py)
    SOAK_OUT=out/soak  samples.csv, calls.jsonl, agentd.log of each part

One JSON line a bar on standard output. Exit 1 when one is missed, 2 when it could not be run.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

from agentd.errors import AgentdError  # noqa: E402
from benchmarks.bar import Bar  # noqa: E402
from benchmarks.soak import houses, part  # noqa: E402

MANY = 1_000_000


class Wrong(Exception):
    """A variable that cannot be used."""


def number(name: str, default: float, most: float = 1e6) -> float:
    """A variable of the environment. Raises Wrong."""
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise Wrong(f"{name}={text}: a number from 0 to {most:g} is wanted")
    return value


def bars(out: Path) -> Iterator[Bar]:
    """The parts asked for, one after the other."""
    calls, hours = number("SOAK_CALLS", 10_000), number("SOAK_HOURS", 2.0, 1_000)
    at_once = int(number("SOAK_AT_ONCE", 40, 900)) or 1
    real_at_once = int(number("SOAK_REAL_AT_ONCE", 20, 900)) or 1
    share = number("SOAK_SHARE", 1.0, 1.0)
    if calls:
        folder = _fresh(out / "accelerated")
        ran = part.run(
            "accelerated",
            folder,
            houses.accelerated(folder),
            calls=int(calls),
            seconds=number("SOAK_WITHIN", 24.0) * 3600,
            at_once=at_once,
            share=0.0,
        )
        yield from part.bars(ran, timed=False)
    if hours:
        folder = _fresh(out / "real")
        ran = part.run(
            "real",
            folder,
            houses.real(folder),
            calls=MANY,
            seconds=hours * 3600,
            at_once=real_at_once,
            share=share,
        )
        yield from part.bars(ran, timed=True)


def main() -> int:
    """The exit status."""
    out = Path(os.environ.get("SOAK_OUT") or "out/soak").resolve()
    missed = 0
    try:
        for bar in bars(out):
            print(bar.line(), flush=True)
            missed += bar.met is False
    except (Wrong, AgentdError, RuntimeError, OSError, ValueError) as error:
        print(f"the soak cannot be run: {error}", file=sys.stderr)
        return 2
    print(f"{missed} bars missed" if missed else "flat", file=sys.stderr)
    return 1 if missed else 0


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
