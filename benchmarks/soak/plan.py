"""What the caller of a soak is told to do."""

from typing import Any

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """A way for a call to go. weight: how often, among the others. cut_s: its connection breaks so
    long after the answer. `persona` as in a persona file, `traps` as `simulator.traps.Traps`."""

    name: str
    scenario: str
    persona: dict[str, Any]
    weight: int = 1
    traps: dict[str, Any] = {}
    cut_s: float | None = None


class Plan(msgspec.Struct, frozen=True):
    """What to do. voices: a folder of `matched`. apart_s: between the first calls."""

    host: str
    port: int
    voices: str
    concurrency: int
    calls: int
    seconds: float
    apart_s: float
    longest_s: float
    kinds: list[Kind]
    seed: int = 1
