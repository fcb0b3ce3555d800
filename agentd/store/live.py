"""A call that goes on: what is remembered of it, and its passing from one agentd to another."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from agentd.store import quick
from agentd.store.models import Call, Fact, Journal, Live

_LATEST = (
    'ON CONFLICT ("call_id") DO UPDATE SET "at_ms" = excluded."at_ms", "memory" = excluded."memory"'
)


@dataclass(frozen=True)
class Handover:
    """A live call as the agentd that died left it.

    memory: of the engine, as it was dumped; empty when nothing had been said yet.
    at_ms: of that memory, since the answer. facts, journalled: numbers already used.
    """

    memory: str
    at_ms: int
    answered_at: datetime | None
    facts: int
    journalled: int


def remember(db: pw.Database, call_id: str, at_ms: int, memory: str) -> None:
    """Keep the latest memory of a call that exists; raises IntegrityError otherwise."""
    quick.insert(db, "live", ("call_id", "at_ms", "memory"), [(call_id, at_ms, memory)], _LATEST)


def take_over(db: pw.Database, call_id: str, channel: str, instance: str) -> Handover | None:
    """The call is held by `instance` from now on; None when it is not this channel's, or over."""
    mine = (Call.id == call_id) & (Call.channel == channel) & Call.ended_at.is_null()
    if not Call.update(instance=instance).where(mine).execute(db):
        return None
    held = Call.select(Call.answered_at).where(Call.id == call_id).dicts().execute(db)
    kept = list(Live.select().where(Live.call == call_id).dicts().execute(db))
    return Handover(
        memory=kept[0]["memory"] if kept else "",
        at_ms=kept[0]["at_ms"] if kept else 0,
        answered_at=next(iter(held))["answered_at"],
        facts=_next(db, Fact, call_id),
        journalled=_next(db, Journal, call_id),
    )


def forget(db: pw.Database, which: Any) -> None:
    """Calls that are over need no memory. which: a condition on Call."""
    over = Call.select(Call.id).where(which)
    Live.delete().where(Live.call.in_(over)).execute(db)


def _next(db: pw.Database, table: Any, call_id: str) -> int:
    rows = table.select(pw.fn.MAX(table.seq)).where(table.call == call_id).tuples().execute(db)
    last = next(iter(rows))[0]
    return 0 if last is None else int(last) + 1
