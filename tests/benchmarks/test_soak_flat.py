"""Growth is found in noise, and noise is not taken for growth."""

import numpy as np
import pytest

from benchmarks.soak.flat import drift, last_two_thirds


def walk(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calls held, calls ended, and memory in KiB that depends on the first, with noise like a
    heap's: what is alike from sample to sample."""
    random = np.random.default_rng(seed)
    held = random.integers(10, 40, count).astype(float)
    ended = np.cumsum(random.integers(10, 30, count)).astype(float)
    noise = np.zeros(count)
    for n in range(1, count):
        noise[n] = 0.7 * noise[n - 1] + random.normal(0, 100)
    return held, ended, 140_000 + 80 * held + noise


@pytest.mark.parametrize("seed", range(5))
def test_what_does_not_grow_is_flat(seed: int) -> None:
    held, ended, memory = walk(300, seed)
    found = drift(memory, held, ended)
    assert found.least < 0 < found.most or abs(found.slope) < 4 * found.error
    assert abs(found.slope * 1024) < 120, "bytes a call"


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_1_kb_a_call_is_found(seed: int) -> None:
    held, ended, memory = walk(300, seed)
    found = drift(memory + ended, held, ended)
    assert found.least > 0.7
    assert found.slope == pytest.approx(1.0, abs=0.15)


def test_more_calls_are_no_growth() -> None:
    """A load that rises throughout: memory follows the calls held, not the time."""
    held = np.arange(100, dtype=float)
    found = drift(1_000 + 50 * held, held, np.arange(100.0) ** 1.5)
    assert found.slope == pytest.approx(0, abs=1e-6)


def test_what_is_the_same_throughout_does_not_grow() -> None:
    found = drift([17.0] * 20, [5.0] * 20, list(range(20)))
    assert (found.slope, found.least, found.most) == pytest.approx((0, 0, 0), abs=1e-9)


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        drift([1.0] * 5, [1.0] * 5, list(range(5)))


def test_the_first_third_is_left_out() -> None:
    assert last_two_thirds([0.0, 1.0, 2.0, 3.0, 9.0]) == slice(3, 5)
