"""Closed questions that lead from an answer back to the rail. Pure."""

from collections.abc import Sequence

import msgspec

from agentd.dialogue.objections import yaml_list
from agentd.errors import ObjectionsError

KINDS = ("objection", "faq", "other")


class RailReturn(msgspec.Struct, frozen=True):
    """One question. after: what it may follow, of KINDS."""

    id: str
    text: str
    after: tuple[str, ...] = KINDS


class RailReturns:
    """All of them; `pick` varies without a random source."""

    def __init__(self, returns: Sequence[RailReturn]) -> None:
        self.all = tuple(returns)

    def pick(self, seed: int, used: Sequence[str], after: str) -> RailReturn:
        """A question that fits `after`, not used in this call while another is left.

        Deterministic: the same seed and the same `used` give the same question.
        """
        fitting = [r for r in self.all if after in r.after] or list(self.all)
        rounds = min(used.count(r.id) for r in fitting)
        fresh = [r for r in fitting if used.count(r.id) == rounds]
        return fresh[(seed * 31 + len(used) * 7) % len(fresh)]


def parse_rail_returns(text: str, source: str) -> RailReturns:
    """Raises ObjectionsError naming file, entry and field."""
    returns: list[RailReturn] = []
    faults: list[str] = []
    for number, row in enumerate(yaml_list(text, source), 1):
        try:
            one = msgspec.convert(row, RailReturn)
        except msgspec.ValidationError as error:
            faults.append(f"{source}: entry {number}: {error}")
            continue
        if not set(one.after) <= set(KINDS) or not one.after:
            faults.append(f"{source}: entry {one.id}: after: some of {', '.join(KINDS)} expected")
        if not one.text.strip().endswith("?"):
            faults.append(f"{source}: entry {one.id}: text: a question is expected")
        if any(one.id == other.id for other in returns):
            faults.append(f"{source}: entry {one.id}: an entry of this id stands above")
        returns.append(one)
    for kind in KINDS:
        if not any(kind in r.after for r in returns):
            faults.append(f"{source}: no question fits after: {kind}")
    if faults:
        raise ObjectionsError("\n".join(faults))
    return RailReturns(returns)
