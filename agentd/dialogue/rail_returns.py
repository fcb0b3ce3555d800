"""Closed questions that lead from an answer back to the rail. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from agentd.dialogue.objections import yaml_list
from agentd.dialogue.text import normalise
from agentd.errors import ObjectionsError

KINDS = ("objection", "faq", "other")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class RailReturn(msgspec.Struct, frozen=True):
    """One question. after: what it may follow, of KINDS."""

    id: str
    text: str
    after: tuple[str, ...] = KINDS


class RailReturns:
    """All of them; `pick` varies without a random source."""

    def __init__(self, returns: Sequence[RailReturn]) -> None:
        self.all = tuple(returns)

    def pick(
        self, seed: int, used: Sequence[str], after: str, preferred: Collection[str] = ()
    ) -> RailReturn:
        """A question that fits `after`, not used in this call while another is left.

        preferred: ids that are picked before the others.
        Deterministic: the same seed and the same `used` give the same question.
        """
        fitting = [r for r in self.all if after in r.after] or list(self.all)
        rounds = min(used.count(r.id) for r in fitting)
        fresh = [r for r in fitting if used.count(r.id) == rounds]
        fresh = [r for r in fresh if r.id in preferred] or fresh
        return fresh[(seed * 31 + len(used) * 7) % len(fresh)]


def parse_rail_returns(text: str, source: str) -> RailReturns:
    """Raises ObjectionsError naming file, entry and field, all faults at once."""
    returns: list[RailReturn] = []
    faults: list[str] = []
    for number, row in enumerate(yaml_list(text, source), 1):
        where = f"{source}: entry {number}"
        try:
            one = msgspec.convert(row, RailReturn)
        except msgspec.ValidationError as error:
            faults.append(f"{where}: {error}")
            continue
        where += f" ({one.id})"
        faults += [f"{where}: {fault}" for fault in _faults(one, row)]
        if any(one.id == other.id for other in returns):
            faults.append(f"{where}: id: an entry of this id stands above")
        returns.append(one)
    if not faults:
        faults = [
            f"{source}: no question fits after: {kind}"
            for kind in KINDS
            if not any(kind in one.after for one in returns)
        ]
    if faults:
        raise ObjectionsError(
            "\n".join(faults),
            mend=f"an entry has id, text (a closed question) and after ({', '.join(KINDS)})",
        )
    return RailReturns(returns)


def _faults(one: RailReturn, row: Mapping[str, object]) -> list[str]:
    faults = []
    if not _ID.fullmatch(one.id):  # it names an audio file
        faults.append("id: letters, digits, _ and - are expected")
    if not one.text.strip().endswith("?") or not normalise(one.text):
        faults.append("text: a question is expected")
    if "{" in one.text:
        faults.append("text: it is recorded once for everybody, so it can hold no {column}")
    if not set(one.after) <= set(KINDS) or not one.after:
        faults.append(f"after: some of {', '.join(KINDS)} are expected")
    unknown = set(row) - set(RailReturn.__struct_fields__)
    if unknown:
        faults.append(f"{', '.join(sorted(map(str, unknown)))}: no such field")
    return faults
