"""What the store answers with."""

from typing import Any

import msgspec
import peewee as pw

from agentd.store.models import Call, Callback, Step, Turn


class CallReport(msgspec.Struct, frozen=True):
    """One call as kept.

    answered_at, ended_at: ISO 8601, UTC. steps: name, outcome, turns. objections: ids, in the order
    they were raised. interruptions: how often the agent was cut short. turns: who, text, start_ms,
    end_ms, interrupted. callbacks: moments as said.
    """

    call_id: str
    scenario: str
    version: int
    phone: str
    contact: dict[str, str]
    instance: str
    channel: str
    started_at: str
    answered_at: str | None
    ended_at: str | None
    disposition: str | None
    score: int
    reason: str
    hangup_cause: str | None
    recording: str | None
    steps: list[dict[str, Any]]
    objections: list[str]
    interruptions: int
    turns: list[dict[str, Any]]
    callbacks: list[str]


class StoreReport(msgspec.Struct, frozen=True):
    """What `Repo.check` found. `schema`: name of the last migration, "" when not ok."""

    ok: bool
    detail: str
    mend: str = ""
    schema: str = ""


_TURN = ("who", "text", "start_ms", "end_ms", "interrupted")


def call_report(database: pw.Database, call_id: str) -> CallReport | None:
    """Everything about one call but its journal; None when there is none."""
    found = list(Call.select().where(Call.id == call_id).dicts().execute(database))
    if not found:
        return None
    call: dict[str, Any] = found[0]

    def rows(table: type[Turn] | type[Step] | type[Callback]) -> list[dict[str, Any]]:
        query = table.select().where(table.call == call_id).order_by(table.seq).dicts()
        return list(query.execute(database))

    turns = rows(Turn)
    for name in ("started_at", "answered_at", "ended_at"):
        if call[name] is not None:
            call[name] = call[name].isoformat(timespec="milliseconds")
    return CallReport(
        call_id=call.pop("id"),
        **call,
        steps=[{k: s[k] for k in ("name", "outcome", "turns")} for s in rows(Step)],
        objections=[t["objection"] for t in turns if t["objection"]],
        interruptions=sum(t["who"] == "agent" and t["interrupted"] for t in turns),
        turns=[{k: t[k] for k in _TURN} for t in turns],
        callbacks=[c["text"] for c in rows(Callback)],
    )
