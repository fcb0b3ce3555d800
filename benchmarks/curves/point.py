"""One point of a curve, and how its cost is read: processor time, which other work on the machine
hardly changes, not the clock on the wall."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks.served import ROOT

Made = TypeVar("Made")


class Point(msgspec.Struct, frozen=True):
    """curve: its name. series: which line of it. x, y: with their names and units in `draw`. n: how
    many measurements y is of."""

    curve: str
    series: str
    x: float
    y: float
    n: int = 1


class Cost(msgspec.Struct, frozen=True):
    """cpu_s: of the process and its threads. memory_mb: resident at most."""

    cpu_s: float
    memory_mb: float
    wall_s: float


# In a process that nothing has patched: gevent reaps children itself.
_WAITER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
code = os.waitstatus_to_exitcode(status)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def of_command(arguments: Sequence[str], environ: dict[str, str]) -> Cost:
    """What `agentd ARGUMENTS` costs, its start included. Raises RuntimeError when it fails."""
    began = time.monotonic()
    agentd = [sys.executable, "-m", "agentd", *arguments]
    done = subprocess.run(
        [sys.executable, "-c", _WAITER, *agentd],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        check=True,
    )
    code, cpu_s, kilobytes = json.loads(done.stdout)
    if code:
        raise RuntimeError(f"agentd {' '.join(arguments)}: {done.stderr.decode()[-1000:]}")
    return Cost(cpu_s, kilobytes / 1024, time.monotonic() - began)


def of_work(work: Callable[[], Made]) -> tuple[Made, float]:
    """What it gives, and the seconds of processor it took."""
    before = time.process_time()
    made = work()
    return made, time.process_time() - before


def cpu_of_tree(pid: int) -> float:
    """Seconds of processor of a process, its living children, and those it has waited for."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        own = int(fields[11]) + int(fields[12])
        waited = int(fields[13]) + int(fields[14])
        total += (own + (waited if one == pid else 0)) / ticks
    return total


def _children(pid: int) -> list[int]:
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
