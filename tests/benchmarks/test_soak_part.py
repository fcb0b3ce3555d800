"""The soak's verdicts: a flat run meets every bar, and each kind of growth misses its own."""

from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from benchmarks.soak.checks import Found
from benchmarks.soak.part import Ran, bars
from benchmarks.soak.samples import Sample

CALLS = 20  # ended a sample


def sample(number: int, held: int, **grown: float) -> Sample:
    def of(name: str, value: float) -> int:
        return round(value + grown.get(name, 0.0) * number)

    return Sample(
        t_s=5.0 * number,
        ended=CALLS * number,
        held=held,
        memory_kb=of("memory_kb", 140_000 + 90 * held),
        files=of("files", 17 + 2 * held),
        greenlets=of("greenlets", 5 + 5 * held),
        threads=of("threads", 12),
        database_kb=20 * CALLS * number + round(grown.get("database_kb", 0.0) * number**2),
        wal_kb=of("wal_kb", 4_096),
        spooled=0,
        cached=3,
        synthesised=of("synthesised", 100),
        agentd_cpu_s=1.5 * number,
        recogniser_cpu_s=0.1 * number,
        caller_cpu_s=float(number),
        caller_memory_kb=100_000,
        stalls=50 * number,
        late_stalls=number,
    )


def ran(samples: int = 200, **grown: float) -> Ran:
    random = np.random.default_rng(1)
    taken = [sample(n, int(random.integers(10, 40)), **grown) for n in range(samples)]
    return Ran(
        name="accelerated",
        samples=taken,
        idle=(sample(0, 0), sample(samples, 0, **grown)),
        more_files=Counter(),
        found=Found(looked_at=4_000, ends=Counter({("lead", "LEAD"): 3_990})),
        left={"calls": 4_000, "not ended": 0, "without disposition": 0, "remembered": 0}
        | {"spooled": 0, "journal": 9},
        log=Counter(),
        tracebacks=0,
        survived=True,
        recogniser="matched",
    )


def missed(one: Ran) -> set[str]:
    found = {
        bar.bar.removeprefix("soak_accelerated_")
        for bar in bars(one, timed=False)
        if bar.met is False
    }
    return found


def test_what_is_flat_meets_every_bar() -> None:
    assert missed(ran()) == set()


@pytest.mark.parametrize(
    ("grown", "bar"),
    [
        ({"memory_kb": 20.0}, "memory_grows"),  # 1 KB a call
        ({"files": 0.05}, "files_grow"),
        ({"files": 0.05}, "files_left"),
        ({"greenlets": 0.05}, "greenlets_left"),
        ({"threads": 0.05}, "threads_left"),
        ({"database_kb": 1.0}, "database_grows"),
        ({"synthesised": 50.0}, "synthesised"),
        ({"wal_kb": 1_000.0}, "wal_mb"),
    ],
)
def test_each_growth_misses_its_bar(grown: dict[str, float], bar: str) -> None:
    assert bar in missed(ran(**grown))


@pytest.mark.parametrize(
    ("change", "bar"),
    [
        ({"survived": False}, "survived"),
        ({"tracebacks": 1}, "tracebacks"),
        ({"found": Found(looked_at=1, wrong=["lead x has no disposition"])}, "calls_wrong"),
        ({"found": Found(looked_at=1, ends=Counter({("lead", "FAILED"): 1}))}, "calls_failed"),
    ],
)
def test_one_call_without_an_end_is_enough(change: dict[str, Any], bar: str) -> None:
    assert bar in missed(replace(ran(), **change))


def test_a_call_left_open_is_missed() -> None:
    one = ran()
    one.left["not ended"] = 1
    assert missed(one) == {"left_open"}


def test_samples_are_plain() -> None:
    assert msgspec.json.decode(msgspec.json.encode(sample(3, 4)), type=Sample) == sample(3, 4)
