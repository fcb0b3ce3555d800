"""How many calls one agentd holds: agentd and the simulated switch in processes of their own.

Each step holds N calls at once for a while, calls beginning evenly as a dialer begins them, and
asks agentd's own metrics and the recordings what became of it. The simulator runs on the same
cores and takes its part of them; both are printed.
"""

import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.bar import Bar, at_least, at_most, quantile

ROOT = Path(__file__).parent.parent
SCENARIO = ROOT / "scenarios" / "scenario_finance.json"
MIXED = ("straight-lead", "price-objection", "not-interested")
REAL = (1, 10, 20, 30, 40, 50, 75)
STUBBED = (100, 250, 500, 750)
CALL_S = 38.0  # what a call of the mix lasts, about
READY_S = 60.0
ANSWER_P95_MS = 1_000
STALL_P99_MS = 20.0


@dataclass(frozen=True)
class Step:
    """What N calls made of it."""

    calls: int
    ended: int
    failed: int
    answers: tuple[float, ...]
    stall_p99_ms: float
    agentd_cores: float
    simulator_cores: float
    memory_mb: float
    recogniser_cores: float
    refused: int

    @property
    def holds(self) -> bool:
        """Every call came to its end, and was answered in time."""
        return (
            not self.failed
            and bool(self.answers)
            and quantile(self.answers, 0.95) <= ANSWER_P95_MS
            and self.stall_p99_ms < STALL_P99_MS
        )


def bars(real: tuple[int, ...] = REAL, stubbed: tuple[int, ...] = STUBBED) -> Iterator[Bar]:
    """The steps, smallest first, until one does not hold; then the largest that did."""
    yield from _ladder("real", real, 50)
    yield from _ladder("stubbed", stubbed, 500)


def _ladder(kind: str, sizes: tuple[int, ...], wanted: int) -> Iterator[Bar]:
    held, name, why = 0, "", "every step held"
    for calls in sizes:
        with tempfile.TemporaryDirectory() as folder:
            name, step = _hold(Path(folder), calls, stub=kind == "stubbed")
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
        f"{recogniser}; {step.ended} calls, {step.failed} not as expected, "
        f"{step.refused} recognitions refused; cores: agentd {step.agentd_cores:.2f} (recognition "
        f"{step.recogniser_cores:.2f}), simulator {step.simulator_cores:.2f}"
    )
    for part, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        value = quantile(step.answers, share) if step.answers else math.inf
        if part == "p95":
            yield at_most(f"{name}_answer_p95_ms", value, "ms", n, ANSWER_P95_MS, note)
        else:
            yield Bar(f"{name}_answer_{part}_ms", round(value, 1), "ms", n)
    yield at_most(f"{name}_stall_p99_ms", step.stall_p99_ms, "ms", 1, STALL_P99_MS)
    yield Bar(f"{name}_memory_mb", round(step.memory_mb), "MB", 1, note="agentd alone, resident")


def _hold(folder: Path, calls: int, *, stub: bool) -> tuple[str, Step]:
    """N calls at once for about two of their lengths."""
    personas = folder / "personas"
    personas.mkdir()
    for name in ("straight-lead",) if stub else MIXED:
        source = ROOT / "scenarios" / "personas" / f"{name}.yaml"
        (personas / source.name).write_bytes(source.read_bytes())
    repeat = max(1, math.ceil(2 * calls / (1 if stub else len(MIXED))))
    esl, audio, metrics = _free(), _free(), _free()
    config = folder / "agentd.toml"
    config.write_text(
        f'[paths]\nroot = "{ROOT}"\n[store]\nurl = "sqlite:////{folder}/calls.sqlite3"\n'
        f"[server]\nesl_port = {esl}\naudio_port = {audio}\nmetrics_port = {metrics}\n"
        f"max_calls = {calls + 5}\n[speech]\nqueue = 1000\n"
    )
    program = ["-m", "benchmarks.serve_stubbed"] if stub else ["-m", "agentd"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AGENTD_")}
    environ["AGENTD_CONFIG"] = str(config)
    with (folder / "agentd.log").open("wb") as log:
        agentd = subprocess.Popen(
            [sys.executable, *program, "serve"], cwd=ROOT, env=environ, stderr=log
        )
        try:
            _wait_ready(agentd, metrics, folder / "agentd.log")
            before, began = _scrape(metrics), time.monotonic()
            done, cpu_s = _simulate(environ, folder, personas, esl, calls, repeat)
            took = time.monotonic() - began
            after = _scrape(metrics)
        finally:
            agentd.terminate()
            try:
                agentd.wait(timeout=40)
            except subprocess.TimeoutExpired:
                agentd.kill()
                agentd.wait()
    return _sum_up(calls, done, before, after, took, cpu_s)


def _simulate(
    environ: dict[str, str], folder: Path, personas: Path, esl: int, calls: int, repeat: int
) -> tuple[list[dict[str, object]], float]:
    """The calls' results, and the seconds of processor the simulator took."""
    before = os.times()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "agentd", "simulate", str(SCENARIO)),
            *("--persona", str(personas), "--out", str(folder / "out")),
            *("--concurrency", str(calls), "--repeat", str(repeat), "--json"),
            *("--per-minute", str(calls * 60 / CALL_S), "--connect", f"127.0.0.1:{esl}"),
        ],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        timeout=900,
        check=False,
    )
    after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return [json.loads(line) for line in done.stdout.splitlines()], spent


def _sum_up(
    calls: int,
    done: list[dict[str, object]],
    before: dict[str, float],
    after: dict[str, float],
    took: float,
    simulator_s: float,
) -> tuple[str, Step]:
    def grown(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    latencies: list[float] = []
    for result in done:
        latency = result["latency_ms"]
        assert isinstance(latency, dict)
        latencies += latency["answer"]
    step = Step(
        calls=calls,
        ended=len(done),
        failed=sum(not result["passed"] for result in done),
        answers=tuple(latencies),
        stall_p99_ms=_stall_p99(before, after) * 1000,
        agentd_cores=grown("process_cpu_seconds_total") / took,
        simulator_cores=simulator_s / took,
        memory_mb=after["process_resident_memory_bytes"] / 2**20,
        recogniser_cores=grown("agentd_recogniser_seconds_total") / took,
        refused=round(grown("refused")),
    )
    name = next(key for key in after if key.startswith("recogniser="))
    return name.removeprefix("recogniser="), step


def _stall_p99(before: dict[str, float], after: dict[str, float]) -> float:
    """Seconds: the bucket of the loop's lateness that holds the 99th percentile."""
    edges = sorted(float(key[6:]) for key in after if key.startswith("stall="))
    counts = [after[f"stall={edge}"] - before.get(f"stall={edge}", 0.0) for edge in edges]
    wanted = 0.99 * counts[-1]
    return next(edge for edge, count in zip(edges, counts, strict=True) if count >= wanted)


def _scrape(port: int) -> dict[str, float]:
    """Sums over labels; stall=EDGE for the loop's histogram; refused recognitions apart."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        text = page.read().decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
            if sample.name == "agentd_loop_stall_seconds_bucket":
                found[f"stall={float(sample.labels['le'])}"] = sample.value
            elif sample.labels.get("outcome") == "refused":
                found["refused"] = found.get("refused", 0.0) + sample.value
            elif sample.name == "agentd_info":
                found[f"recogniser={sample.labels['recogniser']}"] = 1.0
    return found


def _wait_ready(agentd: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if agentd.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"agentd did not become ready: {log.read_text()[-2000:]}")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
