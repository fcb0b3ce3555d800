"""What is sampled of a soak every few seconds, and kept as CSV."""

import contextlib
import csv
import os
from collections import Counter
from pathlib import Path

import msgspec

from benchmarks.served import Served


class Sample(msgspec.Struct, frozen=True):
    """t_s: since the start. ended, held: calls. Memory and files of agentd alone; cpu_s of each.

    memory_kb is resident; late_stalls: looks at the loop that found it over 25 ms late.
    cached: scenarios, matchers and models in memory; synthesised: files.
    """

    t_s: float
    ended: int
    held: int
    memory_kb: int
    files: int
    greenlets: int
    threads: int
    database_kb: int
    wal_kb: int
    spooled: int
    cached: int
    synthesised: int
    agentd_cpu_s: float
    recogniser_cpu_s: float
    caller_cpu_s: float
    caller_memory_kb: int
    stalls: int
    late_stalls: int


def take(served: Served, caller: int, t_s: float, root: Path) -> Sample:
    """Now. caller: its process id; 0 when there is none. Raises OSError."""
    found = served.metrics()
    cpu_s, memory_kb = _of_process(caller)
    cache = root / "audio"
    return Sample(
        t_s=round(t_s, 1),
        ended=int(found.get("agentd_calls_total", 0)),
        held=int(found.get("agentd_calls_held", 0)),
        memory_kb=int(found["process_resident_memory_bytes"]) // 1024,
        files=int(found["process_open_fds"]),
        greenlets=int(found["agentd_greenlets"]),
        threads=int(found["agentd_threads"]),
        database_kb=_size(served.database) // 1024,
        wal_kb=_size(Path(f"{served.database}-wal")) // 1024,
        spooled=int(found["agentd_spooled_calls"]),
        cached=int(found["agentd_cache_entries"]),
        synthesised=sum(1 for _ in cache.glob("*/cache/*/*.wav")),
        agentd_cpu_s=round(found["process_cpu_seconds_total"], 2),
        recogniser_cpu_s=round(found.get("agentd_recogniser_seconds_total", 0.0), 2),
        caller_cpu_s=round(cpu_s, 2),
        caller_memory_kb=memory_kb,
        stalls=int(found["agentd_loop_stall_seconds_count"]),
        late_stalls=int(found["late_stalls"]),
    )


def keep(sample: Sample, file: Path) -> None:
    """One more line of the CSV, which is begun with the names."""
    names = Sample.__struct_fields__
    new = not file.exists()
    with file.open("a", newline="") as out:
        lines = csv.writer(out)
        if new:
            lines.writerow(names)
        lines.writerow([getattr(sample, name) for name in names])


def files_of(pid: int) -> Counter[str]:
    """Its open files by what they are."""
    found: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(entry)
            found[target.split(":[")[0] if "/" not in target else Path(target).name] += 1
    return found


def _of_process(pid: int) -> tuple[float, int]:
    """Seconds of processor, resident KiB; zeros when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0, 0
    ticks = os.sysconf("SC_CLK_TCK")
    resident = status.partition("VmRSS:")[2].split()
    return (int(stat[11]) + int(stat[12])) / ticks, int(resident[0]) if resident else 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
