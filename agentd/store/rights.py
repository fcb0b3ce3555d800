"""The rights of a person whose number is held: everything that is (RGPD art. 15 and 20), its
erasure (art. 17).

What stays after an erasure names nobody: the keyed hash of the number in the suppression list, so
that they are not called again (art. 17(3)(b), 21(3)), answers of lists, and the trail of acts.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import msgspec
import peewee as pw

from agentd.errors import StoreError
from agentd.numbers import e164
from agentd.store import audit, facts
from agentd.store.campaign_models import Attempt, CampaignContact, Refusal
from agentd.store.models import (
    Audit,
    Call,
    CheckLog,
    Consent,
    Contact,
    Fact,
    Journal,
    Listed,
    Suppression,
)
from agentd.store.phones import phone_hash
from agentd.store.repo import Repo
from agentd.store.reports import call_report

PAGE = 500

# What campaigns hold on a contact, by its id; it goes with the contact (ON DELETE CASCADE).
HELD: tuple[Any, ...] = (CampaignContact, Attempt, Refusal)


class Erased(msgspec.Struct, frozen=True):
    """What an erasure took away."""

    contacts: int
    consents: int
    calls: int
    proofs: list[str]


class Rights:
    """What is held on people, in one store."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def export(self, phone: str, actor: str, key: str) -> dict[str, Any]:
        """Everything held on a number (E.164), JSON-ready; the asking goes into the trail."""

        def read(db: pw.Database) -> dict[str, Any]:
            person = phone_hash(phone, facts.pepper(db))
            held = _held(db, phone, person)
            audit.append(db, "person.export", {"person": person}, key=key, actor=actor)
            return held

        return self._repo.run(read)

    def recordings(self, phone: str) -> tuple[list[str], list[str]]:
        """Ids of a number's calls, and paths of their recordings as far as they are kept. Raises
        StoreError while a call goes on."""

        def read(db: pw.Database) -> tuple[list[str], list[str]]:
            ids = _calls(db, phone)
            if _going_on(db, phone, ids):
                raise StoreError(
                    "a call with this number goes on", mend="run it again when the call is over"
                )
            return ids, recordings_of(db, ids)

        return self._repo.run(read, "read")

    def forget(self, phone: str, actor: str, key: str) -> Erased:
        """Erase a person: contact, grounds, calls with all that was said in them, attempts. The
        number is suppressed first, and stays so. Raises StoreError while a call goes on."""
        self._repo.run(lambda db: facts.suppress(db, phone, "erasure", "", None))

        def write(db: pw.Database) -> Erased:
            ids = _calls(db, phone)
            if _going_on(db, phone, ids):
                raise StoreError(
                    "a call with this number goes on; it will not be called again",
                    mend="run it again when the call is over",
                )
            if isinstance(db, pw.SqliteDatabase):
                db.execute_sql("PRAGMA secure_delete = ON")
            person = phone_hash(phone, facts.pepper(db))
            # The words that were said at an opt-out are the person's; that they opposed is kept.
            Suppression.update(text="", call_id=None).where(
                Suppression.phone_hash == person
            ).execute(db)
            proofs = [
                row[0]
                for row in Consent.select(Consent.proof)
                .where(Consent.phone == phone, Consent.proof != "")
                .tuples()
                .execute(db)
            ]
            done = Erased(
                contacts=Contact.delete().where(Contact.phone == phone).execute(db),
                consents=Consent.delete().where(Consent.phone == phone).execute(db),
                calls=drop_calls(db, ids),
                proofs=sorted(set(proofs)),
            )
            about = {
                "person": person,
                "contacts": done.contacts,
                "consents": done.consents,
                "calls": done.calls,
            }
            audit.append(db, "person.forget", about, key=key, actor=actor)
            return done

        done = self._repo.run(write)
        self._repo.run(_settle, "none")
        return done


def _settle(db: pw.Database) -> None:
    """Out of SQLite's write-ahead log as well, as far as its readers let it."""
    if isinstance(db, pw.SqliteDatabase):
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _held(db: pw.Database, phone: str, person: str) -> dict[str, Any]:
    contacts = list(Contact.select().where(Contact.phone == phone).dicts().execute(db))
    calls = []
    for call_id in _calls(db, phone):
        report = msgspec.to_builtins(call_report(db, call_id))
        query = Fact.select(Fact.at_ms, Fact.kind, Fact.data).where(Fact.call == call_id)
        report["facts"] = list(query.order_by(Fact.seq).dicts().execute(db))
        said = Journal.select(Journal.at_ms, Journal.direction, Journal.json)
        said = said.where(Journal.call == call_id).order_by(Journal.seq).dicts()
        report["journal"] = list(said.execute(db))
        calls.append(report)
    suppressed = Suppression.select().where(Suppression.phone_hash == person).dicts()
    lists = Listed.select(Listed.list, Listed.at).where(Listed.phone_hash == person).dicts()
    checks = CheckLog.select().where(CheckLog.phone_hash == person).order_by(CheckLog.at).dicts()
    acts = Audit.select(Audit.at, Audit.act, Audit.detail).where(Audit.detail.contains(person))
    held = {
        "phone": phone,
        "contacts": contacts,
        "consents": list(Consent.select().where(Consent.phone == phone).dicts().execute(db)),
        "calls": calls,
        "recordings": recordings_of(db, [call["call_id"] for call in calls]),
        "suppression": list(suppressed.execute(db)),
        "lists": list(lists.execute(db)),
        "checks": list(checks.execute(db)),
        "audit": list(acts.order_by(Audit.seq).dicts().execute(db)),
    }
    ids = [row["id"] for row in contacts]
    for table in HELD:
        query = table.select().where(table.contact.in_(ids)).dicts()
        held[table._meta.table_name] = list(query.execute(db))
    built: dict[str, Any] = msgspec.to_builtins(held)
    return built


def _calls(db: pw.Database, phone: str) -> list[str]:
    """Ids of every call of a number, however the switch wrote it; looks at all calls."""
    parts = (phone[-6:], " ", ".", "-")  # its last digits, or those with something in between
    which = reduce(or_, (Call.phone.contains(part) for part in parts))
    rows = Call.select(Call.id, Call.phone).where(which).tuples().execute(db)
    return sorted({key for key, written in rows if e164(written) == phone})


def _going_on(db: pw.Database, phone: str, ids: Sequence[str]) -> bool:
    """Is somebody of this number being called, or talked to?"""
    talking = Call.select(pw.SQL("1")).where(Call.id.in_(ids), Call.ended_at.is_null())
    who = Contact.select(Contact.id).where(Contact.phone == phone)
    ringing = Attempt.select(pw.SQL("1")).where(
        Attempt.contact.in_(who), Attempt.ended_at.is_null()
    )
    return any(list(query.limit(1).tuples().execute(db)) for query in (talking, ringing))


def recordings_of(db: pw.Database, ids: Sequence[str]) -> list[str]:
    """Paths of the recordings of these calls, as they were kept."""
    query = Call.select(Call.recording).where(Call.id.in_(ids), Call.recording.is_null(False))
    return [row[0] for row in query.order_by(Call.id).tuples().execute(db) if row[0]]


def drop_calls(db: pw.Database, ids: Sequence[str]) -> int:
    """Calls, and by cascade all that was kept of them; how many."""
    done = 0
    for start in range(0, len(ids), PAGE):
        some = ids[start : start + PAGE]
        # That they opposed is kept; the words they said it in go with the call.
        Suppression.update(text="", call_id=None).where(Suppression.call_id.in_(some)).execute(db)
        done += int(Call.delete().where(Call.id.in_(some)).execute(db))
    return done


def ids_of(query: Any, db: pw.Database) -> list[str]:
    """First column of what a query gives."""
    return [row[0] for row in query.tuples().execute(db)]


def remove_file(root: Path, path: str) -> bool:
    """Take a recording away; False when it was gone. `path` counts from `root` unless absolute.

    Raises OSError when it is there and cannot be removed: what it belongs to must then be kept.
    """
    file = Path(path) if Path(path).is_absolute() else root / path
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True
