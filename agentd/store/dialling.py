"""The dialer's transactions: begin an attempt, and close it. Its lease is in `leases.py`.

`begin` does in one transaction what must not come apart: it holds the campaign's row, so that no
number of dialers overshoots its limits; takes a contact that is due (`FOR UPDATE SKIP LOCKED` on
PostgreSQL; SQLite has one writer); gathers the evidence; and records the attempt, or the refusal.
The evidence's digest goes into the audit trail. An attempt that is not recorded is never
originated, and every step may be said twice.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from agentd.campaign.gates.case import Attempt as Tried
from agentd.campaign.gates.case import CampaignRules, Case, Decision
from agentd.store import audit, law
from agentd.store.campaign_models import (
    EVERYBODY,
    Attempt,
    Campaign,
    CampaignContact,
    Refusal,
)
from agentd.store.models import Call, Contact, as_json
from agentd.store.repo import Repo

WINDOW = timedelta(seconds=60.1)  # a minute, and what clocks that agree may yet differ by
NEVER_PLACED = timedelta(minutes=10)  # what the switch has not had by then it never gets
LOOKED_AT = 20  # contacts of one transaction: those the gates refuse are many, and quick
ELSEWHERE = timedelta(minutes=10)  # another campaign is calling this contact right now

Decide = Callable[[Case], Decision]


@dataclass(frozen=True)
class Begun:
    """An attempt that is recorded and may be originated now. zone: where its hour was found lawful,
    an IANA name."""

    id: str
    contact: str
    phone: str
    columns: dict[str, str]
    gateway: str
    caller_id: str
    zone: str = ""


@dataclass(frozen=True)
class Asked:
    """What `begin` is to do. simulated, rules, decide: of the campaign. now: its time. machine: the
    lease's. choose: (failures of the trunk so far) -> gateway, None when none may be used.
    most_active, most_begun: the limits, checked under the lock. patience: a refusal that ends later
    than this is final."""

    campaign: str
    dialer: str
    attempt: str
    rules: CampaignRules
    decide: Decide
    choose: Callable[[int], str | None]
    now: datetime
    machine: datetime
    lease: timedelta
    most_active: int
    most_begun: int
    patience: timedelta
    simulated: bool


@dataclass(frozen=True)
class Looked:
    """What became of a `begin`: an attempt, or refusals, or nothing due. full: a limit is reached;
    held: the campaign is not running. gates: how many each gate refused."""

    begun: Begun | None = None
    refused: int = 0
    full: bool = False
    held: bool = False
    gates: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Attempts at one contact by one campaign, that which ends now included."""

    attempts: int
    same: int
    trunk: int
    callbacks: int


@dataclass(frozen=True)
class Follow:
    """at: when the contact is due again; None: it is decided."""

    at: datetime | None
    priority: int = EVERYBODY
    reason: str = ""


@dataclass(frozen=True)
class Ended:
    """How an attempt ended, as the switch or agentd said. at: the campaign's time."""

    at: datetime
    disposition: str
    score: int | None = None
    cause: str | None = None
    sip_status: int | None = None
    counted: bool = True
    trunk: bool = False
    reason: str = ""
    answered_at: datetime | None = None
    placed_at: datetime | None = None


@dataclass(frozen=True)
class Load:
    """state, running_since: of the campaign. active: open attempts. begun: those of the last
    minute, as the switch may have seen it. last: when the latest began. ready: somebody is due now.
    waiting_until: when the next is, when nobody is now."""

    state: str
    running_since: datetime | None
    active: int
    begun: int
    last: datetime | None
    ready: bool
    waiting_until: datetime | None
    settings: dict[str, Any] = field(default_factory=dict)


def begin(repo: Repo, asked: Asked) -> Looked:
    """Record an attempt at the contact most due. Raises StoreError: nothing is recorded then, or it
    is (a time-out) and the attempt's id tells."""

    def write(db: pw.Database) -> Looked:
        held = _locked(db, asked.campaign)
        if held is None or held["state"] != "running":
            return Looked(held=True)
        already = list(Attempt.select().where(Attempt.id == asked.attempt).dicts().execute(db))
        if already:  # the commit's confirmation was lost, not the commit
            return Looked(begun=_begun(db, already[0]))
        active, begun = _counts(db, asked)
        if active >= asked.most_active or begun >= asked.most_begun:
            return Looked(full=True)
        refused = 0
        gates: Counter[str] = Counter()
        for row in _due(db, asked.campaign, asked.now):
            made, why = _try(db, asked, row)
            if made is not None:
                return Looked(begun=made, refused=refused, gates=gates)
            refused += 1
            gates.update(why)
        return Looked(refused=refused, gates=gates)

    return repo.run(write)


def _locked(db: pw.Database, name: str) -> dict[str, Any] | None:
    query = Campaign.select().where(Campaign.name == name)
    if isinstance(db, pw.PostgresqlDatabase):
        query = query.for_update()
    rows: list[dict[str, Any]] = list(query.dicts().execute(db))
    return rows[0] if rows else None


def _counts(db: pw.Database, asked: Asked) -> tuple[int, int]:
    mine = Attempt.campaign == asked.campaign
    active = Attempt.select().where(mine, Attempt.ended_at.is_null()).count(db)
    return active, _lately(db, asked.campaign, asked.now)


def _lately(db: pw.Database, campaign: str, now: datetime) -> int:
    """Attempts that the switch may have been given in the last minute. One that is recorded counts
    from then on, and for a minute after the switch had it, so that however long the originate was
    on its way no minute of the switch's holds more than the limit."""
    mine = Attempt.campaign == campaign
    placed = Attempt.select().where(mine, Attempt.placed_at > now - WINDOW).count(db)
    under_way = Attempt.select().where(
        mine,
        Attempt.placed_at.is_null(),
        Attempt.begun_at > now - NEVER_PLACED,
        Attempt.ended_at.is_null() | (Attempt.ended_at > now - WINDOW),
    )
    return int(placed) + int(under_way.count(db))


def _due(db: pw.Database, campaign: str, now: datetime) -> list[dict[str, Any]]:
    """Callbacks that were agreed first, then those who have waited longest."""
    query = (
        CampaignContact.select()
        .where(
            CampaignContact.campaign == campaign,
            CampaignContact.state == "ready",
            CampaignContact.next_at <= now,
        )
        .order_by(CampaignContact.priority, CampaignContact.next_at, CampaignContact.contact)
        .limit(LOOKED_AT)
    )
    if isinstance(db, pw.PostgresqlDatabase):
        query = query.for_update(skip_locked=True)
    return list(query.dicts().execute(db))


def _try(
    db: pw.Database, asked: Asked, row: dict[str, Any]
) -> tuple[Begun | None, tuple[str, ...]]:
    contact = row["contact"]
    if _called_elsewhere(db, contact):
        _set(db, row, next_at=asked.now + ELSEWHERE, reason="another campaign is calling")
        return None, ()
    gateway = asked.choose(row["trunk_failures"])
    if gateway is None:
        _set(db, row, next_at=asked.now + timedelta(seconds=15), reason="no gateway is usable")
        return None, ()

    def attempts(db: pw.Database, phone: str) -> Sequence[Tried]:
        return attempts_of(db, phone, simulated=asked.simulated)

    case = law.evidence_for(db, contact, asked.rules, asked.now, attempts)
    if case is None:  # forgotten meanwhile
        return None, ()
    decision = asked.decide(case)
    if not decision.allowed:
        return None, _refuse(db, asked, row, decision)
    number = (
        Attempt.select()
        .where(Attempt.campaign == asked.campaign, Attempt.contact == contact)
        .count(db)
        + 1
    )
    until = asked.machine + asked.lease
    made = {
        "id": asked.attempt,
        "campaign": asked.campaign,
        "contact": contact,
        "number": number,
        "dialer": asked.dialer,
        "lease_until": until,
        "gateway": gateway,
        "caller_id": asked.rules.caller_id,
        "simulated": asked.simulated,
        "evidence": decision.evidence,
        "begun_at": asked.now,
        "recorded_at": asked.machine,
    }
    Attempt.insert(made).execute(db)
    sealed = {
        "attempt": asked.attempt,
        "campaign": asked.campaign,
        "evidence_sha256": hashlib.sha256(as_json(decision.evidence).encode()).hexdigest(),
    }
    audit.append(db, "call.allowed", sealed, key=f"attempt {asked.attempt}", actor=asked.dialer)
    _set(db, row, state="calling", lease_owner=asked.dialer, lease_until=until, reason="")
    return _begun(db, made), ()


def _refuse(
    db: pw.Database, asked: Asked, row: dict[str, Any], decision: Decision
) -> tuple[str, ...]:
    gates = tuple(dict.fromkeys(refusal.gate for refusal in decision.refusals))
    kept = {
        "campaign": asked.campaign,
        "contact": row["contact"],
        "at": asked.now,
        "gates": ",".join(gates),
        "evidence": decision.evidence,
        "retry_at": decision.retry_at,
    }
    key = [Refusal.campaign, Refusal.contact, Refusal.at]
    Refusal.insert(kept).on_conflict(conflict_target=key, action="NOTHING").as_rowcount().execute(
        db
    )
    reason = "; ".join(f"{r.gate}: {r.reason} ({r.article})" for r in decision.refusals)
    retry_at = decision.retry_at
    if retry_at is None or retry_at - asked.now > asked.patience:
        # What was said in earlier calls stays the outcome.
        _set(db, row, state="refused", reason=reason, decided_at=asked.now)
    else:
        _set(db, row, next_at=max(retry_at, asked.now + timedelta(seconds=1)), reason=reason)
    return gates


def _set(db: pw.Database, row: dict[str, Any], **values: Any) -> None:
    CampaignContact.update(**values).where(
        CampaignContact.campaign == row["campaign"], CampaignContact.contact == row["contact"]
    ).execute(db)


def _called_elsewhere(db: pw.Database, contact: str) -> bool:
    return Attempt.select().where(Attempt.contact == contact, Attempt.ended_at.is_null()).exists(db)


def _begun(db: pw.Database, made: dict[str, Any]) -> Begun:
    row = next(iter(Contact.select().where(Contact.id == made["contact"]).dicts().execute(db)))
    columns = {
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "company": row["company"],
        **row["columns"],
    }
    hours = made["evidence"].get("gates", {}).get("hours", {})
    return Begun(
        id=made["id"],
        contact=row["id"],
        phone=row["phone"],
        columns=columns,
        gateway=made["gateway"],
        caller_id=made["caller_id"],
        zone=next(iter(hours.get("zones", ())), ""),
    )


def attempts_of(db: pw.Database, phone: str, *, simulated: bool) -> list[Tried]:
    """Every attempt at a number (E.164), of whichever campaign, that may have made it ring; and
    calls that no campaign made. A real campaign does not count simulated ones."""
    query = (
        Attempt.select(Attempt.begun_at, Attempt.disposition, Attempt.campaign)
        .join(Contact, on=(Attempt.contact == Contact.id))
        .where(Contact.phone == phone, Attempt.counted)
    )
    if not simulated:
        query = query.where(~Attempt.simulated)
    tried = [
        Tried(row["begun_at"], row["disposition"] or "", row["campaign"])
        for row in query.dicts().execute(db)
    ]
    ours = {
        row[0]
        for row in Attempt.select(Attempt.id)
        .join(Contact, on=(Attempt.contact == Contact.id))
        .where(Contact.phone == phone)
        .tuples()
        .execute(db)
    }
    others = Call.select().where(Call.phone.in_(law.spellings(phone)))
    tried += [
        Tried(row["started_at"], row["disposition"] or "", row["scenario"])
        for row in others.dicts().execute(db)
        if row["id"] not in ours
    ]
    return sorted(tried, key=lambda attempt: attempt.at)


def placed(repo: Repo, attempt: str, at: datetime) -> None:
    """The switch has the attempt's channel."""
    repo.run(
        lambda db: (
            Attempt.update(placed_at=at)
            .where(Attempt.id == attempt, Attempt.placed_at.is_null())
            .execute(db)
        )
    )


def answered(repo: Repo, attempt: str, at: datetime) -> None:
    """The far end has taken the call."""
    repo.run(
        lambda db: (
            Attempt.update(answered_at=at)
            .where(Attempt.id == attempt, Attempt.answered_at.is_null(), Attempt.ended_at.is_null())
            .execute(db)
        )
    )


def close(repo: Repo, attempt: str, ended: Ended, follow: Callable[[Counts], Follow]) -> bool:
    """The attempt is over, and so its contact is due again or decided: one commit. False when it
    was closed before: the first end that is said stays."""

    def write(db: pw.Database) -> bool:
        found = list(Attempt.select().where(Attempt.id == attempt).dicts().execute(db))
        if not found:
            return False
        row = found[0]
        _locked(db, row["campaign"])
        new = {
            "ended_at": ended.at,
            "disposition": ended.disposition,
            "score": ended.score,
            "cause": ended.cause,
            "sip_status": ended.sip_status,
            "counted": ended.counted,
            "trunk": ended.trunk,
            "reason": ended.reason,
            "answered_at": ended.answered_at or row["answered_at"],
            "placed_at": row["placed_at"] or ended.placed_at,
        }
        mine = (Attempt.id == attempt) & Attempt.ended_at.is_null()
        if not Attempt.update(new).where(mine).execute(db):
            return False
        _follow(db, row["campaign"], row["contact"], ended, follow)
        return True

    return repo.run(write)


def _follow(
    db: pw.Database,
    campaign: str,
    contact: str,
    ended: Ended,
    follow: Callable[[Counts], Follow],
) -> None:
    where = (CampaignContact.campaign == campaign) & (CampaignContact.contact == contact)
    held = list(CampaignContact.select().where(where).dicts().execute(db))
    if not held:
        return
    trunk = held[0]["trunk_failures"] + 1 if ended.trunk else 0
    ours = (Attempt.campaign == campaign) & (Attempt.contact == contact)
    made = list(Attempt.select(Attempt.disposition, Attempt.trunk).where(ours).dicts().execute(db))
    real = [row["disposition"] for row in made if not row["trunk"] and row["disposition"]]
    counts = Counts(
        attempts=len(real),
        same=real.count(ended.disposition),
        trunk=trunk,
        callbacks=real.count("CALLBACK"),
    )
    then = follow(counts)
    new: dict[str, Any] = {
        "lease_owner": None,
        "lease_until": None,
        "trunk_failures": trunk,
        "reason": then.reason,
        "disposition": ended.disposition,
        "score": ended.score,
    }
    if then.at is None:
        new |= {"state": "done", "decided_at": ended.at}
    else:
        new |= {"state": "ready", "next_at": then.at, "priority": then.priority}
    CampaignContact.update(new).where(where).execute(db)


DUE_MOST = 10_000  # contacts: a count is for whoever watches, and a million take a second


def due(repo: Repo, campaign: str, now: datetime) -> int:
    """Contacts that may be called now, counted up to DUE_MOST."""
    found = CampaignContact.select(pw.SQL("1")).where(
        CampaignContact.campaign == campaign,
        CampaignContact.state == "ready",
        CampaignContact.next_at <= now,
    )
    return repo.run(lambda db: int(found.limit(DUE_MOST).clone().count(db)), "read")


def load(repo: Repo, campaign: str, now: datetime) -> Load | None:
    """What pacing looks at; None when there is no such campaign."""

    def read(db: pw.Database) -> Load | None:
        found = list(Campaign.select().where(Campaign.name == campaign).dicts().execute(db))
        if not found:
            return None
        row = found[0]
        mine = Attempt.campaign == campaign
        ready = (CampaignContact.campaign == campaign) & (CampaignContact.state == "ready")

        def one(query: Any) -> Any:
            return next(iter(query.tuples().execute(db)))[0]

        last = one(Attempt.select(pw.fn.MAX(Attempt.begun_at)).where(mine))
        # Not counted, and looked for only when nobody is due: there may be a million of them.
        due = CampaignContact.select().where(ready, CampaignContact.next_at <= now).exists(db)
        next_ = None
        if not due:
            next_ = one(CampaignContact.select(pw.fn.MIN(CampaignContact.next_at)).where(ready))
        return Load(
            state=row["state"],
            running_since=row["running_since"],
            active=Attempt.select().where(mine, Attempt.ended_at.is_null()).count(db),
            begun=_lately(db, campaign, now),
            last=_instant(last),
            ready=due,
            waiting_until=_instant(next_),
            settings=row["settings"],
        )

    return repo.run(read, "read")


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
