"""Whole simulated calls with real recognition, one at a time, in a process of their own."""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agentd.config import Settings
from agentd.speech.recogniser import open_recogniser
from benchmarks.bar import Bar, at_most, quantile

ROOT = Path(__file__).parent.parent
PERSONAS = ("straight-lead", "price-objection", "not-interested", "interrupts", "noisy-line")
LONGEST_S = 900


def bars() -> Iterator[Bar]:
    """Latencies on the recordings, and the memory it took."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = Path(folder) / "personas"
        chosen.mkdir()
        for name in PERSONAS:
            source = ROOT / "scenarios" / "personas" / f"{name}.yaml"
            (chosen / source.name).write_bytes(source.read_bytes())
        command = [
            *(sys.executable, "-m", "agentd", "simulate", "scenarios/scenario_finance.json"),
            *("--persona", str(chosen), "--out", str(Path(folder) / "out"), "--json"),
        ]
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, timeout=LONGEST_S, check=False
        )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) != len(PERSONAS):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: see above")
    answers = [ms for result in results for ms in result["latency_ms"]["answer"]]
    interrupts = [ms for result in results for ms in result["latency_ms"]["interrupt"]]
    note = f"1 call, {open_recogniser(Settings()).name}, recorded answers, on the recording"
    yield at_most("answer_p50_ms", quantile(answers, 0.5), "ms", len(answers), 500, note)
    yield at_most("answer_p95_ms", quantile(answers, 0.95), "ms", len(answers), 800, note)
    if interrupts:
        p95 = quantile(interrupts, 0.95)
        yield at_most("interrupt_p95_ms", p95, "ms", len(interrupts), 300, note)
    passed = sum(result["passed"] for result in results)
    yield Bar("calls_as_expected", passed, "calls", len(results), note=note)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Bar("simulate_peak_memory_mb", round(peak), "MB", 1, note="agentd and its simulator")
