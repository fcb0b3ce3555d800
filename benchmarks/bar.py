"""One bar of the specification, measured."""

from collections.abc import Callable, Iterable, Sequence
from time import perf_counter_ns

import msgspec


class Bar(msgspec.Struct, frozen=True):
    """bar: its name. value: measured, in `unit`. target: what the specification asks; empty when it
    asks nothing of this figure. met: None when there is no target. n: how many measurements. note:
    what has to be known to read it.
    """

    bar: str
    value: float
    unit: str
    n: int
    target: str = ""
    met: bool | None = None
    note: str = ""

    def line(self) -> str:
        """The JSON line."""
        return msgspec.json.encode(self).decode()


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` do not exceed (nearest rank). values: not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def timed_us(work: Callable[[str], object], inputs: Iterable[str]) -> list[float]:
    """Microseconds each call of `work` takes."""
    taken = []
    for one in inputs:
        start = perf_counter_ns()
        work(one)
        taken.append((perf_counter_ns() - start) / 1000)
    return taken


def best_us(work: Callable[[str], object], inputs: Sequence[str], rounds: int) -> list[float]:
    """Microseconds each input takes, the best of some rounds: a busy machine is left out."""
    runs = [timed_us(work, inputs) for _ in range(rounds)]
    return [min(taken) for taken in zip(*runs, strict=True)]


def at_most(name: str, value: float, unit: str, n: int, most: float, note: str = "") -> Bar:
    """A bar met by values up to `most`."""
    return Bar(name, round(value, 4), unit, n, f"<= {most:g}", value <= most, note)


def at_least(name: str, value: float, unit: str, n: int, least: float, note: str = "") -> Bar:
    """A bar met by values from `least`."""
    return Bar(name, round(value, 4), unit, n, f">= {least:g}", value >= least, note)
