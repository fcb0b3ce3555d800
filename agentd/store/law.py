"""What the gates are told of one contact, at the instant of dialling.

`evidence_for` runs inside the caller's transaction (`Repo.run`), with the lease and the attempt: a
suppression committed before it is seen, one committed after it is too late for this call. Every
list that is asked, and its answer, is logged in the same transaction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import peewee as pw

from agentd.campaign.gates import case as gates
from agentd.store import facts
from agentd.store.models import (
    Call,
    CheckLog,
    Consent,
    Contact,
    Listed,
    Suppression,
    SuppressionList,
)
from agentd.store.phones import phone_hash

INTERNAL = "internal"

AttemptsOf = Callable[[pw.Database, str], Sequence[gates.Attempt]]


def calls_of(db: pw.Database, phone: str) -> list[gates.Attempt]:
    """Calls made to a number (E.164), as the attempts they were."""
    query = Call.select(Call.started_at, Call.disposition, Call.scenario)
    query = query.where(Call.phone.in_(spellings(phone))).order_by(Call.started_at)
    return [
        gates.Attempt(row["started_at"], row["disposition"] or "", row["scenario"])
        for row in query.dicts().execute(db)
    ]


def evidence_for(
    db: pw.Database,
    contact_id: str,
    campaign: gates.CampaignRules,
    now: datetime,
    attempts_of: AttemptsOf = calls_of,
) -> gates.Case | None:
    """The case the gates decide; None when there is no such contact (any more: forgotten).

    now: with its zone. attempts_of: every attempt at a number in E.164, by whichever campaign.
    Raises IntegrityError when the key of the suppression list is gone: nobody may be called then.
    """
    found = list(Contact.select().where(Contact.id == contact_id).dicts().execute(db))
    if not found:
        return None
    row: dict[str, Any] = found[0]
    return gates.Case(
        contact=gates.Contact(
            id=row["id"],
            phone_e164=row["phone"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            company=row["company"],
            columns=row["columns"],
        ),
        campaign=campaign,
        now=now,
        consents=tuple(consents_of(db, row["phone"])),
        suppressions=tuple(check(db, row["phone"], now, via="dial")),
        attempts=tuple(attempts_of(db, row["phone"])),
    )


def consents_of(db: pw.Database, phone: str) -> list[gates.Consent]:
    """Every ground recorded for a number (E.164), revoked ones too; newest first."""
    query = Consent.select().where(Consent.phone == phone)
    query = query.order_by(Consent.given_at.desc(), Consent.id)
    names = gates.Consent.__dataclass_fields__
    return [gates.Consent(**{k: row[k] for k in names}) for row in query.dicts().execute(db)]


def check(db: pw.Database, phone: str, now: datetime, via: str) -> list[gates.Check]:
    """Ask every list about a number, and log each answer. via: "dial" or "command"."""
    key = phone_hash(phone, facts.pepper(db))
    checks = [gates.Check(INTERNAL, _suppressed(db, key), now, "internal")]
    on = {
        row[0]
        for row in Listed.select(Listed.list).where(Listed.phone_hash == key).tuples().execute(db)
    }
    for row in SuppressionList.select().order_by(SuppressionList.name).dicts().execute(db):
        asked = row["imported_at"]
        if row["kind"] == "bloctel":
            # Bloctel answers about the numbers it is given: one it was not given is not checked.
            asked = _answered(db, key, row["name"])
            if asked is None and row["name"] not in on:
                continue
        checks.append(
            gates.Check(row["name"], row["name"] in on, asked or row["imported_at"], row["kind"])
        )
    log = [
        {"phone_hash": key, "list": c.list, "at": now, "via": via, "listed": c.listed}
        for c in checks
    ]
    log_checks(db, log)
    return checks


def log_checks(db: pw.Database, rows: list[dict[str, Any]]) -> None:
    """Keep answers: phone_hash, list, at, via, listed. Said twice they are kept once."""
    for start in range(0, len(rows), 200):
        query = CheckLog.insert_many(rows[start : start + 200]).on_conflict(
            conflict_target=[CheckLog.phone_hash, CheckLog.list, CheckLog.at, CheckLog.via],
            action="NOTHING",
        )
        query.as_rowcount().execute(db)


def spellings(phone: str) -> list[str]:
    """How a number in E.164 may have been kept by a call, which keeps what the switch gave."""
    digits = phone.removeprefix("+")
    national = digits[2:] if phone.startswith("+33") else digits[3:]
    return [phone, digits, f"00{digits}", f"0{national}"]


def _suppressed(db: pw.Database, key: str) -> bool:
    query = Suppression.select(pw.SQL("1")).where(Suppression.phone_hash == key)
    return bool(list(query.tuples().execute(db)))


def _answered(db: pw.Database, key: str, name: str) -> datetime | None:
    """When a list that answers number by number last answered about this one."""
    query = CheckLog.select(CheckLog.at).where(
        CheckLog.phone_hash == key, CheckLog.list == name, CheckLog.via.in_(("file", "api"))
    )
    rows = list(query.order_by(CheckLog.at.desc()).limit(1).dicts().execute(db))
    return rows[0]["at"] if rows else None
