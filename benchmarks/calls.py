"""Whole simulated calls with real recognition: one at a time, and 20 at once.

agentd and the simulated switch are processes of their own, on the same cores.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentd.config import Settings
from agentd.speech.recogniser import open_recogniser
from benchmarks.bar import Bar, at_most, quantile
from benchmarks.served import ROOT, Served

PERSONAS = ("straight-lead", "price-objection", "not-interested", "interrupts", "noisy-line")
AT_ONCE = (1, 20)
CALL_S = 38.0  # what one of them lasts, about: 20 at once begin evenly, as a dialer begins them
LONGEST_S = 1_200


def bars(at_once: tuple[int, ...] = AT_ONCE) -> Iterator[Bar]:
    """Latencies on the recordings, and the memory it took."""
    name = open_recogniser(Settings()).name
    for calls in at_once:
        repeat = math.ceil(2 * calls / len(PERSONAS)) if calls > 1 else 1
        with tempfile.TemporaryDirectory() as folder:
            results, memory_mb = _held(Path(folder), calls, repeat)
        yield from _figures(calls, results, memory_mb, name)


def _figures(
    calls: int, results: list[dict[str, Any]], memory_mb: float, name: str
) -> Iterator[Bar]:
    answers = [ms for result in results for ms in result["latency_ms"]["answer"]]
    interrupts = [ms for result in results for ms in result["latency_ms"]["interrupt"]]
    note = f"{calls} at once, {name}, recorded answers, on the recording, {os.cpu_count()} cores"
    suffix = "" if calls == 1 else f"_{calls}"
    for part, share, most in (("p50", 0.5, 500), ("p95", 0.95, 800)):
        took = quantile(answers, share)
        yield at_most(f"answer_{part}_ms{suffix}", took, "ms", len(answers), most, note)
    if interrupts:
        p95 = quantile(interrupts, 0.95)
        yield at_most(f"interrupt_p95_ms{suffix}", p95, "ms", len(interrupts), 300, note)
    passed = sum(result["passed"] for result in results)
    yield Bar(f"calls_as_expected{suffix}", passed, "calls", len(results), note=note)
    yield Bar(f"calls_memory_mb{suffix}", round(memory_mb), "MB", 1, note=f"agentd alone, {note}")


def _held(folder: Path, calls: int, repeat: int) -> tuple[list[dict[str, Any]], float]:
    """What became of each call; agentd's memory at the end, in MB."""
    chosen = folder / "personas"
    chosen.mkdir()
    for name in PERSONAS:
        source = ROOT / "scenarios" / "personas" / f"{name}.yaml"
        (chosen / source.name).write_bytes(source.read_bytes())
    settings: dict[str, dict[str, Any]] = {
        "paths": {"root": str(ROOT)},
        "server": {"max_calls": calls + 5},
    }
    with Served(folder, settings) as served:
        command = [
            *(sys.executable, "-m", "agentd", "simulate", "scenarios/scenario_finance.json"),
            *("--persona", str(chosen), "--out", str(folder / "out"), "--json"),
            *("--connect", f"127.0.0.1:{served.esl}"),
            *("--concurrency", str(calls), "--repeat", str(repeat)),
            *(("--per-minute", str(calls * 60 / CALL_S)) if calls > 1 else ()),
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "AGENTD_CONFIG": str(served.config)},
            stdout=subprocess.PIPE,
            timeout=LONGEST_S,
            check=False,
        )
        memory = served.metrics()["process_resident_memory_bytes"]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) != len(PERSONAS) * repeat:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: see above")
    return results, memory / 2**20
