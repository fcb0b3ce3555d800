"""Campaigns as an administrator has them: made, started, stopped, counted, exported, explained."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import peewee as pw

from agentd.errors import BadInput
from agentd.store.campaign_models import Attempt, Campaign, CampaignContact, Dialer, Refusal
from agentd.store.models import Call, Callback, Contact, Turn
from agentd.store.repo import Repo
from agentd.store.reports import CallReport, call_reports

PAGE = 5_000  # contacts a transaction adds: a million of them must not hold the database

# state -> those it may follow. A campaign that is done may get more contacts, and go on.
MAY_FOLLOW = {
    "running": ("draft", "paused", "stopped", "draining", "done", "running"),
    "paused": ("running", "paused"),
    "draining": ("running", "paused", "draining"),
    "stopped": ("running", "paused", "draining", "stopped", "draft"),
    "done": ("running",),
}
STATES = ("draft", *MAY_FOLLOW)


class CampaignRow(msgspec.Struct, frozen=True):
    """One campaign."""

    name: str
    scenario: str
    settings: dict[str, Any]
    state: str
    simulated: bool
    created_at: datetime
    running_since: datetime | None
    ended_at: datetime | None
    note: str


class Status(msgspec.Struct):
    """A campaign in numbers. contacts: by state. dispositions: of contacts decided or tried.
    ringing, talking: attempts that are open. refusals: decisions of each gate to refuse.
    per_minute: attempts begun in the last 60 s. causes: hangup causes of attempts nobody took.
    dialers: those seen within 30 s. waiting_until: when the next contact is due, ISO 8601."""

    name: str
    state: str
    simulated: bool
    note: str
    contacts: dict[str, int]
    dispositions: dict[str, int]
    attempts: int
    ringing: int
    talking: int
    per_minute: int
    leads: int
    refusals: dict[str, int]
    causes: dict[str, int]
    answer_ms: list[int]
    dialers: list[dict[str, Any]]
    waiting_until: str | None


def create(
    repo: Repo, name: str, scenario: str, settings: dict[str, Any], *, simulated: bool
) -> None:
    """Raises BadInput when there is one of that name."""

    def write(db: pw.Database) -> bool:
        row = {
            "name": name,
            "scenario": scenario,
            "settings": settings,
            "state": "draft",
            "simulated": simulated,
            "created_at": datetime.now(UTC),
        }
        query = Campaign.insert(row).on_conflict(conflict_target=[Campaign.name], action="NOTHING")
        return bool(query.as_rowcount().execute(db))

    if not repo.run(write):
        raise BadInput(f"campaign {name}: there is one already", mend="choose another name")


def add_contacts(repo: Repo, name: str, now: datetime, source: str = "") -> int:
    """Put contacts in the campaign that are not in it; how many. source: of that import only.
    now: when they are due, in the campaign's time."""
    added, after = 0, ""
    while True:
        page, last = repo.run(partial(_add_page, name=name, now=now, source=source, after=after))
        added += page
        if last is None:
            return added
        after = last


def _add_page(
    db: pw.Database, name: str, now: datetime, source: str, after: str
) -> tuple[int, str | None]:
    query = Contact.select(Contact.id).where(Contact.id > after).order_by(Contact.id).limit(PAGE)
    if source:
        query = query.where(Contact.source == source)
    ids = [row[0] for row in query.tuples().execute(db)]
    return enlist(db, ids, name=name, now=now), ids[-1] if len(ids) == PAGE else None


def enlist(db: pw.Database, ids: Sequence[str], *, name: str, now: datetime) -> int:
    """Put contacts in a campaign, in the caller's transaction; how many were not in it."""
    new = 0
    for start in range(0, len(ids), 100):
        rows = [
            {"campaign": name, "contact": i, "state": "ready", "next_at": now}
            for i in ids[start : start + 100]
        ]
        insert = CampaignContact.insert_many(rows).on_conflict(
            conflict_target=[CampaignContact.campaign, CampaignContact.contact], action="NOTHING"
        )
        new += insert.as_rowcount().execute(db)
    return new


def get(repo: Repo, name: str) -> CampaignRow:
    """Raises BadInput when there is none, naming those there are."""

    def read(db: pw.Database) -> CampaignRow | list[str]:
        found = list(Campaign.select().where(Campaign.name == name).dicts().execute(db))
        if found:
            return CampaignRow(**found[0])
        return [row[0] for row in Campaign.select(Campaign.name).tuples().execute(db)]

    found = repo.run(read, "read")
    if isinstance(found, CampaignRow):
        return found
    known = ", ".join(sorted(found)) or "none"
    raise BadInput(f"campaign {name}: there is none of that name; there are: {known}")


def in_state(repo: Repo, states: tuple[str, ...]) -> list[str]:
    """Names of the campaigns in one of the states."""
    query = Campaign.select(Campaign.name).where(Campaign.state.in_(states)).order_by(Campaign.name)
    return repo.run(lambda db: [r[0] for r in query.clone().tuples().execute(db)], "read")


def set_state(repo: Repo, name: str, state: str, *, note: str = "", now: datetime) -> str:
    """Change the state of a campaign; the one it was in. Raises BadInput when it may not follow."""

    def write(db: pw.Database) -> str:
        query = Campaign.select(Campaign.state).where(Campaign.name == name)
        if isinstance(db, pw.PostgresqlDatabase):
            query = query.for_update()
        found = list(query.tuples().execute(db))
        was = found[0][0] if found else "none"
        if was in MAY_FOLLOW[state]:
            new: dict[str, Any] = {"state": state, "note": note}
            if state == "running" and was != "running":
                new |= {"running_since": now, "ended_at": None}
            if state in ("done", "stopped"):
                new["ended_at"] = now
            Campaign.update(new).where(Campaign.name == name).execute(db)
        return str(was)

    was = repo.run(write)
    if was not in MAY_FOLLOW[state]:
        raise BadInput(f"campaign {name} is {was}: it cannot be {state} next")
    return was


def set_settings(repo: Repo, name: str, settings: dict[str, Any]) -> None:
    """Its dialers see it at their next look."""
    repo.run(lambda db: Campaign.update(settings=settings).where(Campaign.name == name).execute(db))


def finish(repo: Repo, name: str, now: datetime) -> str | None:
    """The state it changes to, if it does: "done" when every contact of a running campaign is
    decided, "stopped" when a draining one has no call left."""

    def write(db: pw.Database) -> str | None:
        query = Campaign.select(Campaign.state).where(Campaign.name == name)
        if isinstance(db, pw.PostgresqlDatabase):
            query = query.for_update()
        found = list(query.tuples().execute(db))
        state = found[0][0] if found else ""
        open_ = Attempt.select().where(Attempt.campaign == name, Attempt.ended_at.is_null())
        undecided = CampaignContact.select().where(
            CampaignContact.campaign == name, CampaignContact.state.in_(("ready", "calling"))
        )
        new = None
        if state == "draining" and not open_.exists(db):
            new = "stopped"
        elif state == "running" and not undecided.exists(db) and not open_.exists(db):
            new = "done"
        if new:
            Campaign.update(state=new, ended_at=now).where(Campaign.name == name).execute(db)
        return new

    return repo.run(write)


def status(repo: Repo, name: str) -> Status:
    """Raises BadInput when there is none."""
    campaign = get(repo, name)

    def read(db: pw.Database) -> Status:
        mine = Attempt.campaign == name
        contact = CampaignContact.campaign == name
        open_ = mine & Attempt.ended_at.is_null()
        latest = _one(db, Attempt.select(pw.fn.MAX(Attempt.begun_at)).where(mine))
        waiting = _one(
            db,
            CampaignContact.select(pw.fn.MIN(CampaignContact.next_at)).where(
                contact, CampaignContact.state == "ready"
            ),
        )
        seen = Dialer.select().where(Dialer.campaign == name).order_by(Dialer.started_at)
        now = datetime.now(UTC)
        return Status(
            name=name,
            state=campaign.state,
            simulated=campaign.simulated,
            note=campaign.note,
            contacts=_tally(db, CampaignContact.state, contact),
            dispositions=_tally(
                db, CampaignContact.disposition, contact, CampaignContact.disposition.is_null(False)
            ),
            attempts=Attempt.select().where(mine).count(db),
            ringing=Attempt.select().where(open_, Attempt.answered_at.is_null()).count(db),
            talking=Attempt.select().where(open_, Attempt.answered_at.is_null(False)).count(db),
            per_minute=_last_minute(db, name, latest) if latest and campaign.state != "done" else 0,
            leads=CampaignContact.select()
            .where(contact, CampaignContact.disposition == "LEAD")
            .count(db),
            refusals=_gates(_tally(db, Refusal.gates, Refusal.campaign == name)),
            causes=_tally(
                db, Attempt.cause, mine, Attempt.answered_at.is_null(), Attempt.cause.is_null(False)
            ),
            answer_ms=_answers(db, name),
            dialers=[
                {
                    "id": row["id"],
                    "host": row["host"],
                    "pid": row["pid"],
                    "note": row["note"],
                    "seen_s": round((now - row["beat_at"]).total_seconds(), 1),
                }
                for row in seen.dicts().execute(db)
                if (now - row["beat_at"]).total_seconds() < 30
            ],
            waiting_until=waiting.isoformat() if isinstance(waiting, datetime) else waiting,
        )

    return repo.run(read, "read")


def _one(db: pw.Database, query: Any) -> Any:
    return next(iter(query.tuples().execute(db)))[0]


def _tally(db: pw.Database, column: pw.Field, *where: Any) -> dict[str, int]:
    query = column.model.select(column, pw.fn.COUNT(pw.SQL("*"))).where(*where).group_by(column)
    return {str(row[0]): int(row[1]) for row in query.order_by(column).tuples().execute(db)}


def _gates(tally: dict[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for names, count in tally.items():
        for gate in names.split(","):
            counts[gate] = counts.get(gate, 0) + count
    return counts


def _last_minute(db: pw.Database, name: str, latest: Any) -> int:
    at = latest if isinstance(latest, datetime) else datetime.fromisoformat(latest)
    since = at - timedelta(seconds=60)
    return int(Attempt.select().where(Attempt.campaign == name, Attempt.begun_at > since).count(db))


def _answers(db: pw.Database, name: str, most: int = 50) -> list[int]:
    """End of what the prospect said to the agent's next word, ms, of the latest calls; as the store
    has it (the recording is the measure that counts: `agentd simulate`)."""
    calls = (
        Attempt.select(Attempt.id)
        .where(Attempt.campaign == name, Attempt.answered_at.is_null(False))
        .order_by(Attempt.begun_at.desc())
        .limit(most)
    )
    ids = [row[0] for row in calls.tuples().execute(db)]
    if not ids:
        return []
    rows = Turn.select(Turn.call, Turn.who, Turn.start_ms, Turn.end_ms).where(Turn.call.in_(ids))
    waits, before = [], None
    for row in rows.order_by(Turn.call, Turn.start_ms).tuples().execute(db):
        if (
            before is not None
            and before[0] == row[0]
            and (before[1], row[1])
            == (
                "prospect",
                "agent",
            )
        ):
            waits.append(max(0, row[2] - before[3]))
        before = row
    return sorted(waits)


def results(repo: Repo, name: str) -> Iterator[dict[str, Any]]:
    """Every contact of the campaign with what came of it, its attempts and its last call, a page of
    them in memory at a time, in the order of their numbers."""
    get(repo, name)
    after = ""
    while True:
        page = repo.run(partial(_results, name=name, after=after), "read")
        yield from page
        if len(page) < 200:
            return
        after = page[-1]["contact"]


def columns(repo: Repo, name: str) -> list[str]:
    """Names of the extra columns the campaign's contacts have."""

    def read(db: pw.Database) -> set[str]:
        query = (
            Contact.select(Contact.columns)
            .join(CampaignContact, on=(CampaignContact.contact == Contact.id))
            .where(CampaignContact.campaign == name)
            .distinct()
        )
        return {column for row in query.tuples().execute(db) for column in row[0]}

    return sorted(repo.run(read, "read"))


def _results(db: pw.Database, name: str, after: str) -> list[dict[str, Any]]:
    query = (
        CampaignContact.select(CampaignContact, Contact)
        .join(Contact, on=(CampaignContact.contact == Contact.id))
        .where(CampaignContact.campaign == name, CampaignContact.contact > after)
        .order_by(CampaignContact.contact)
        .limit(200)
    )
    rows = list(query.dicts().execute(db))
    ids = [row["contact"] for row in rows]
    attempts: dict[str, list[dict[str, Any]]] = {}
    made = Attempt.select(*_TRIED, Attempt.contact).where(
        Attempt.campaign == name, Attempt.contact.in_(ids)
    )
    for attempt in made.order_by(Attempt.contact, Attempt.number).dicts().execute(db):
        attempts.setdefault(attempt.pop("contact"), []).append(attempt)
    reports = call_reports(db, [a["id"] for tried in attempts.values() for a in tried])
    return [_result(row, attempts.get(row["contact"], []), reports) for row in rows]


_TRIED = (
    *(Attempt.id, Attempt.begun_at, Attempt.answered_at, Attempt.ended_at, Attempt.disposition),
    *(Attempt.cause, Attempt.sip_status, Attempt.gateway, Attempt.caller_id, Attempt.reason),
    Attempt.score,
)


def _result(
    row: dict[str, Any], attempts: list[dict[str, Any]], reports: dict[str, CallReport]
) -> dict[str, Any]:
    kept = ("contact", "phone", "first_name", "last_name", "company", "columns", "state")
    return {
        **{key: row[key] for key in (*kept, "disposition", "score", "reason")},
        "next_at": _text(row["next_at"]) if row["state"] == "ready" else None,
        "attempts": [_row(attempt) for attempt in attempts],
        "calls": [msgspec.to_builtins(reports[a["id"]]) for a in attempts if a["id"] in reports],
    }


def explain(repo: Repo, name: str, who: str) -> dict[str, Any]:
    """All that was decided about one contact: its place, every refusal and every attempt with the
    evidence. who: a contact's id, or its number in E.164. Raises BadInput when it is not in it."""
    get(repo, name)

    def read(db: pw.Database) -> dict[str, Any] | None:
        query = (
            CampaignContact.select(CampaignContact, Contact)
            .join(Contact, on=(CampaignContact.contact == Contact.id))
            .where(CampaignContact.campaign == name, (Contact.id == who) | (Contact.phone == who))
        )
        rows = list(query.dicts().execute(db))
        if not rows:
            return None
        row = {key: _text(value) for key, value in rows[0].items()}
        contact = row["contact"]
        refusals = Refusal.select().where(Refusal.campaign == name, Refusal.contact == contact)
        attempts = Attempt.select().where(Attempt.campaign == name, Attempt.contact == contact)
        return {
            "contact": row,
            "refusals": [_row(r) for r in refusals.order_by(Refusal.at).dicts().execute(db)],
            "attempts": [_row(a) for a in attempts.order_by(Attempt.number).dicts().execute(db)],
        }

    found = repo.run(read, "read")
    if found is None:
        raise BadInput(
            f"campaign {name}: no contact {who!r} in it",
            mend="give the contact's id (agentd contacts list), or its number as +33...",
        )
    return found


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: _text(value) for key, value in row.items()}


def _text(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def callback_of(db: pw.Database, call: str) -> dict[str, Any] | None:
    """What the last callback that was agreed in a call is about."""
    query = Callback.select().where(Callback.call == call).order_by(Callback.seq.desc()).limit(1)
    rows = list(query.dicts().execute(db))
    return rows[0]["data"] if rows else None


def call_end(repo: Repo, call: str) -> dict[str, Any] | None:
    """What agentd kept of the end of a call: disposition, score, reason, times and callback;
    None when it never held it."""

    def read(db: pw.Database) -> dict[str, Any] | None:
        fields = (Call.disposition, Call.score, Call.reason, Call.ended_at, Call.answered_at)
        rows = list(Call.select(*fields).where(Call.id == call).dicts().execute(db))
        return {**rows[0], "callback": callback_of(db, call)} if rows else None

    return repo.run(read, "read")
