"""How many calls one agentd holds: agentd and the simulated switch in processes of their own.

Each step holds N calls at once for a while, calls beginning evenly as a dialer begins them, and
asks agentd's own metrics and the recordings what became of it. The simulator runs on the same
cores and takes its part of them; both are printed, start-up left out, so that what a call costs is
known from a step that does not fill the machine.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentd.catalog import Catalog
from agentd.config import Settings
from benchmarks.bar import Bar, at_least, at_most, quantile
from benchmarks.served import ROOT, Served

SCENARIO = ROOT / "scenarios" / "scenario_finance.json"
MIXED = ("straight-lead", "price-objection", "not-interested")
REAL = (1, 10, 20, 30, 40, 50, 75)
STUBBED = (100, 250, 500, 750)
CALL_S = 38.0  # what a call of the mix lasts, about
LONGEST_S = 900.0
COLD_START_S = 5.0
ANSWER_P95_MS = 1_000
STALL_P99_MS = 20.0
MISHEARD = 0.1  # share of calls; about 5 % are at a load of one
LATE = 0.001  # share of frames


@dataclass(frozen=True)
class Step:
    """What N calls made of it.

    broken: calls that agentd did not hold to their end. misheard: held, and ended otherwise than
    the persona wants: what the recogniser makes of a line's noise, at any load; too many of them
    are the load's. late: share of frames that came to the ears more than 40 ms behind their pace.
    """

    calls: int
    ended: int
    broken: int
    misheard: int
    answers: tuple[float, ...]
    stall_p99_ms: float
    agentd_cores: float
    simulator_cores: float
    memory_mb: float
    refused: int
    late: float
    late_ticks: float
    start_s: float
    agentd_ms: float  # of processor a second of call
    simulator_ms: float

    @property
    def holds(self) -> bool:
        """Every call came to its end, and was answered in time."""
        return (
            not self.broken
            and self.misheard <= MISHEARD * self.ended
            and self.late <= LATE
            and bool(self.answers)
            and quantile(self.answers, 0.95) <= ANSWER_P95_MS
            and self.stall_p99_ms < STALL_P99_MS
        )


def bars(real: tuple[int, ...] = REAL, stubbed: tuple[int, ...] = STUBBED) -> Iterator[Bar]:
    """The steps, smallest first, until one does not hold; then the largest that did."""
    yield from _ladder("real", real, 50)
    yield from _ladder("stubbed", stubbed, 500)


def chosen(arguments: list[str]) -> Iterator[Bar]:
    """`load --real 30,50 --stubbed 250,500`: a ladder that is not named is left out."""
    asked = options().parse_args(arguments)
    yield from bars(asked.real, asked.stubbed)


def options() -> argparse.ArgumentParser:
    """The ladders' sizes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks load")
    for kind in ("real", "stubbed"):
        parser.add_argument(f"--{kind}", type=_sizes, metavar="N,N,...", default=())
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def _ladder(kind: str, sizes: tuple[int, ...], wanted: int) -> Iterator[Bar]:
    if not sizes:
        return
    held, name, why = 0, "", "every step held"
    catalog = Catalog(Settings(), keep=True)
    for scenario in catalog.scenario_names():  # learnt once, by whichever process is first
        catalog.brain(scenario)
    for calls in sizes:
        with tempfile.TemporaryDirectory() as folder:
            name, step = _hold(Path(folder), calls, stub=kind == "stubbed")
        if calls == sizes[0]:
            note = f"{name}, from exec to /ready; what was learnt of objections kept from before"
            yield at_most("cold_start_s", step.start_s, "s", 1, COLD_START_S, note)
        yield from _figures(f"load_{kind}_{calls}", name, step)
        if not step.holds:
            why = f"{calls} did not hold"
            break
        held = calls
    note = f"{name}, one agentd process, its simulator on the same {os.cpu_count()} cores; {why}"
    yield at_least(f"calls_held_{kind}", held, "calls", len(sizes), wanted, note)


def _figures(name: str, recogniser: str, step: Step) -> Iterator[Bar]:
    n = len(step.answers)
    note = (
        f"{recogniser}; {step.ended} calls, {step.broken} broken, {step.misheard} misheard, "
        f"{step.refused} recognitions refused; cores: agentd {step.agentd_cores:.2f}, simulator "
        f"{step.simulator_cores:.2f}"
    )
    for part, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        value = quantile(step.answers, share) if step.answers else math.inf
        if part == "p95":
            yield at_most(f"{name}_answer_p95_ms", value, "ms", n, ANSWER_P95_MS, note)
        else:
            yield Bar(f"{name}_answer_{part}_ms", round(value, 1), "ms", n)
    yield at_most(f"{name}_stall_p99_ms", step.stall_p99_ms, "ms", 1, STALL_P99_MS)
    yield at_most(f"{name}_late_frames", step.late, "share", 1, LATE, "40 ms and more")
    yield Bar(f"{name}_late_ticks", round(step.late_ticks, 5), "share", 1, note="the simulator's")
    yield Bar(f"{name}_agentd_ms", round(step.agentd_ms, 2), "ms", 1, note="a second of call")
    yield Bar(f"{name}_simulator_ms", round(step.simulator_ms, 2), "ms", 1, note="the same")
    yield Bar(f"{name}_memory_mb", round(step.memory_mb), "MB", 1, note="agentd alone, resident")


def _hold(folder: Path, calls: int, *, stub: bool) -> tuple[str, Step]:
    """N calls at once for about two of their lengths."""
    personas = folder / "personas"
    personas.mkdir()
    for name in ("straight-lead",) if stub else MIXED:
        source = ROOT / "scenarios" / "personas" / f"{name}.yaml"
        (personas / source.name).write_bytes(source.read_bytes())
    repeat = max(1, math.ceil(2 * calls / (1 if stub else len(MIXED))))
    settings: dict[str, dict[str, Any]] = {
        "paths": {"root": str(ROOT)},
        "server": {"max_calls": calls + 5},
        "speech": {"queue": 1000},
    }
    program = ("-m", "benchmarks.serve_stubbed" if stub else "agentd")
    with Served(folder, settings, program) as served:
        arguments = (
            *(str(SCENARIO), "--persona", str(personas), "--out", str(folder / "out"), "--json"),
            *("--concurrency", str(calls), "--repeat", str(repeat)),
            *("--per-minute", str(calls * 60 / CALL_S), "--connect", f"127.0.0.1:{served.esl}"),
        )
        run = _simulate(served, arguments)
    return _sum_up(calls, run, served.start_s)


@dataclass(frozen=True)
class _Run:
    """What the simulator printed, and agentd's metrics and the simulator's seconds of processor
    when the first call had begun and when the last had ended."""

    results: list[dict[str, Any]]
    before: dict[str, float]
    after: dict[str, float]
    took_s: float
    simulator_s: float


def _simulate(served: Served, arguments: Sequence[str]) -> _Run:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
    environ["AGENTD_CONFIG"] = str(served.config)
    with tempfile.TemporaryFile() as printed:
        simulator = subprocess.Popen(
            [sys.executable, "-m", "agentd", "simulate", *arguments],
            cwd=ROOT,
            env=environ,
            stdout=printed,
        )
        try:
            while not (before := served.metrics()).get("agentd_calls_held"):
                if simulator.poll() is not None:
                    break
                time.sleep(0.2)
            started_s, began = _cpu_s(simulator.pid), time.monotonic()
            spent_s = started_s
            while simulator.poll() is None and time.monotonic() < began + LONGEST_S:
                spent_s = _cpu_s(simulator.pid) or spent_s
                time.sleep(0.5)
        finally:
            simulator.kill()
            simulator.wait()
        took = time.monotonic() - began
        printed.seek(0)
        results = [json.loads(line) for line in printed.read().splitlines()]
    return _Run(results, before, served.metrics(), took, spent_s - started_s)


def _cpu_s(pid: int) -> float:
    """Seconds of processor a process has used; 0 when it is over."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _sum_up(calls: int, run: _Run, start_s: float) -> tuple[str, Step]:
    before, after = run.before, run.after

    def grown(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    latencies: list[float] = []
    broken = misheard = ticks = 0
    for result in run.results:
        latencies += result["latency_ms"]["answer"]
        held = result["disposition"] not in (None, "FAILED")
        broken += not held
        misheard += held and not result["passed"]
        ticks += result["late_ticks"]
    agentd_s = grown("process_cpu_seconds_total")
    call_s = max(1.0, grown("agentd_call_seconds_sum"))
    step = Step(
        calls=calls,
        ended=len(run.results),
        broken=broken,
        misheard=misheard,
        answers=tuple(latencies),
        stall_p99_ms=_stall_p99(before, after) * 1000,
        agentd_cores=agentd_s / run.took_s,
        simulator_cores=run.simulator_s / run.took_s,
        memory_mb=after["process_resident_memory_bytes"] / 2**20,
        refused=round(grown("refused")),
        late=grown("agentd_late_frames_total") / max(1.0, grown("agentd_frames_total")),
        late_ticks=ticks / (call_s * 50),
        start_s=start_s,
        agentd_ms=agentd_s / call_s * 1000,
        simulator_ms=run.simulator_s / call_s * 1000,
    )
    name = next(key for key in after if key.startswith("recogniser="))
    return name.removeprefix("recogniser="), step


def _stall_p99(before: dict[str, float], after: dict[str, float]) -> float:
    """Seconds: the bucket of the loop's lateness that holds the 99th percentile."""
    edges = sorted(float(key[6:]) for key in after if key.startswith("stall="))
    counts = [after[f"stall={edge}"] - before.get(f"stall={edge}", 0.0) for edge in edges]
    wanted = 0.99 * counts[-1]
    return next(edge for edge, count in zip(edges, counts, strict=True) if count >= wanted)
