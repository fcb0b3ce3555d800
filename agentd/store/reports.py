"""What the store answers with."""

from collections.abc import Sequence
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
    return call_reports(database, [call_id]).get(call_id)


def call_reports(database: pw.Database, ids: Sequence[str]) -> dict[str, CallReport]:
    """Those there are of these calls, by id: four queries, however many they are."""
    if not ids:
        return {}

    def rows(table: type[Turn] | type[Step] | type[Callback]) -> dict[str, list[dict[str, Any]]]:
        query = table.select().where(table.call.in_(ids)).order_by(table.call, table.seq).dicts()
        found: dict[str, list[dict[str, Any]]] = {}
        for row in query.execute(database):
            found.setdefault(row["call"], []).append(row)
        return found

    calls = list(Call.select().where(Call.id.in_(ids)).dicts().execute(database))
    turns, steps, callbacks = rows(Turn), rows(Step), rows(Callback)
    return {
        call["id"]: _report(
            call,
            turns.get(call["id"], []),
            steps.get(call["id"], []),
            callbacks.get(call["id"], []),
        )
        for call in calls
    }


def _report(
    call: dict[str, Any],
    turns: list[dict[str, Any]],
    steps: list[dict[str, Any]],
    callbacks: list[dict[str, Any]],
) -> CallReport:
    told = dict(call)
    for name in ("started_at", "answered_at", "ended_at"):
        if told[name] is not None:
            told[name] = told[name].isoformat(timespec="milliseconds")
    return CallReport(
        call_id=told.pop("id"),
        **told,
        steps=[{k: s[k] for k in ("name", "outcome", "turns")} for s in steps],
        objections=[t["objection"] for t in turns if t["objection"]],
        interruptions=sum(t["who"] == "agent" and t["interrupted"] for t in turns),
        turns=[{k: t[k] for k in _TURN} for t in turns],
        callbacks=[c["text"] for c in callbacks],
    )
