"""So many calls at once: what agentd alone takes of processor and memory, by its own metrics."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.curves.point import Point
from benchmarks.served import ROOT, Served
from benchmarks.soak import houses, matched
from benchmarks.soak.plan import Plan

CALLS = (1, 5, 10, 20, 40, 60)
REAL = (1, 5, 10, 15)
MEASURED_S = 75.0
RISES_S = 45.0  # until as many are held as are wanted, and the first have ended
NAMES = ("straight-lead", "price-objection", "not-interested")


def points(sizes: tuple[int, ...], *, real: bool = False) -> Iterator[Point]:
    """real: with the recogniser of the settings, else by the prospects' sound."""
    name = "Whisper base" if real else "recognition left out"
    for size in sizes:
        with TemporaryDirectory() as folder:
            yield from _of(name, size, Path(folder), real=real)


def _of(name: str, size: int, folder: Path, *, real: bool) -> Iterator[Point]:
    house = houses.real(folder)
    matched.keep(folder / "voices", house.sounds)
    environ = {
        "AGENTD_TEST_VOICES": str(folder / "voices"),
        "AGENTD_TEST_SHARE": "1" if real else "0",
    }
    sections = {**house.settings, "server": {"max_calls": size + 5}}
    with Served(folder, sections, ("-m", "benchmarks.soak.serve"), environ) as served:
        idle = served.metrics()
        yield Point("calls_memory", f"{name}", 0, _mb(idle))
        plan = Plan(
            host="127.0.0.1",
            port=served.esl,
            voices=str(folder / "voices"),
            concurrency=size,
            calls=1_000_000,
            seconds=RISES_S + MEASURED_S,
            apart_s=min(2.0, RISES_S / 1.5 / size),
            longest_s=house.longest_s,
            kinds=[kind for kind in house.kinds if kind.name in NAMES],
        )
        (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
        caller = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak.caller", str(folder / "plan.json")],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        try:
            time.sleep(RISES_S)
            first, began, held, looks, peak = served.metrics(), time.monotonic(), 0.0, 0, 0.0
            while time.monotonic() - began < MEASURED_S:
                time.sleep(2.5)
                last = served.metrics()
                held, looks = held + last.get("agentd_calls_held", 0.0), looks + 1
                peak = max(peak, _mb(last))
            took = time.monotonic() - began
        finally:
            caller.terminate()
            caller.wait()
    cores = (last["process_cpu_seconds_total"] - first["process_cpu_seconds_total"]) / took
    x = round(held / looks, 1)
    yield Point("calls_cpu", name, x, round(cores * 100, 1), looks)
    yield Point("calls_cpu_each", name, x, round(cores * 100 / x, 2), looks)
    yield Point("calls_memory", name, x, peak, looks)


def _mb(found: dict[str, float]) -> float:
    return round(found["process_resident_memory_bytes"] / 2**20, 1)
