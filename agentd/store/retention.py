"""An end to keeping what is old (RGPD art. 5(1)(e)): what is overdue, and its erasure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import peewee as pw

from agentd.store import audit
from agentd.store.campaign_models import Attempt, CampaignContact
from agentd.store.models import Call, CheckLog, Consent, Contact, Journal
from agentd.store.repo import Repo
from agentd.store.rights import PAGE, drop_calls, ids_of, recordings_of


@dataclass(frozen=True)
class Limits:
    """Instants before which things are too old to be kept."""

    contacts: datetime
    calls: datetime
    recordings: datetime
    journal: datetime
    checks: datetime

    @classmethod
    def of(
        cls, now: datetime, contacts: int, calls: int, recordings: int, journal: int, checks: int
    ) -> "Limits":
        """From days."""
        days = (contacts, calls, recordings, journal, checks)
        return cls(*(now - timedelta(days=d) for d in days))


class Retention:
    """What is too old, in one store."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def overdue(self, limits: Limits) -> dict[str, int]:
        """How much is older than it may be, by kind."""

        def read(db: pw.Database) -> dict[str, int]:
            return {
                "recordings": _count(db, _old_recordings(limits)),
                "journal": _count(db, _old_journals(limits)),
                "calls": _count(db, _old_calls(limits)),
                "contacts": _count(db, _old_contacts(limits)),
                "checks": _count(db, CheckLog.select().where(CheckLog.at < limits.checks)),
            }

        return self._repo.run(read, "read")

    def expire(
        self, limits: Limits, erase: Callable[[str], None], actor: str, key: str
    ) -> dict[str, int]:
        """Erase what `overdue` counts, a page at a time. erase: removes a recording by its path;
        when it raises, what it belongs to is kept, and so is found again."""
        done = dict.fromkeys(("recordings", "journal", "calls", "contacts", "checks"), 0)

        def pages(kind: str, work: Callable[[pw.Database], int]) -> None:
            while taken := self._repo.run(work):
                done[kind] += taken

        for ids, paths in self._recordings_of(_old_recordings(limits)):
            for path in paths:
                erase(path)
            self._repo.run(partial(_drop_recordings, ids=ids))
            done["recordings"] += len(ids)
        pages("journal", lambda db: _drop_journals(db, limits))
        for ids, paths in self._recordings_of(_old_calls(limits)):
            for path in paths:
                erase(path)
            done["calls"] += self._repo.run(partial(drop_calls, ids=ids))
        pages("contacts", lambda db: _drop_contacts(db, limits))
        done["checks"] = self._repo.run(
            lambda db: CheckLog.delete().where(CheckLog.at < limits.checks).execute(db)
        )
        self._repo.run(lambda db: audit.append(db, "db.retention", done, key=key, actor=actor))
        return done

    def _recordings_of(self, query: Any) -> Iterable[tuple[list[str], list[str]]]:
        def read(db: pw.Database) -> tuple[list[str], list[str]]:
            ids = ids_of(query.clone().limit(PAGE), db)
            return ids, recordings_of(db, ids)

        seen: set[str] = set()
        while True:
            ids, paths = self._repo.run(read, "read")
            if not ids or set(ids) <= seen:
                return
            seen = set(ids)
            yield ids, paths


def _drop_recordings(db: pw.Database, ids: list[str]) -> None:
    Call.update(recording=None).where(Call.id.in_(ids)).execute(db)


def _drop_journals(db: pw.Database, limits: Limits) -> int:
    ids = ids_of(_old_journals(limits).limit(PAGE), db)
    Journal.delete().where(Journal.call.in_(ids)).execute(db)
    return len(ids)


def _drop_contacts(db: pw.Database, limits: Limits) -> int:
    rows = list(_old_contacts(limits).limit(PAGE).tuples().execute(db))
    phones = [row[1] for row in rows]
    Consent.delete().where(Consent.phone.in_(phones)).execute(db)
    return int(Contact.delete().where(Contact.phone.in_(phones)).execute(db))


def _old_recordings(limits: Limits) -> Any:
    return Call.select(Call.id).where(
        Call.ended_at < limits.recordings, Call.recording.is_null(False), Call.recording != ""
    )


def _old_journals(limits: Limits) -> Any:
    has = pw.fn.EXISTS(Journal.select(pw.SQL("1")).where(Journal.call == Call.id))
    return Call.select(Call.id).where(Call.ended_at < limits.journal, has)


def _old_calls(limits: Limits) -> Any:
    return Call.select(Call.id).where(Call.ended_at < limits.calls)


def _old_contacts(limits: Limits) -> Any:
    """Not imported, tried, or given a ground to be called since. A ground that goes on keeps them,
    and so does a campaign that has yet to decide them."""
    called = Call.select(pw.SQL("1")).where(
        Call.phone == Contact.phone, Call.started_at >= limits.contacts
    )
    tried = Attempt.select(pw.SQL("1")).where(
        Attempt.contact == Contact.id,
        Attempt.ended_at.is_null() | (Attempt.recorded_at >= limits.contacts),
    )
    waiting = CampaignContact.select(pw.SQL("1")).where(
        CampaignContact.contact == Contact.id, CampaignContact.state.in_(("ready", "calling"))
    )
    ground = Consent.select(pw.SQL("1")).where(
        Consent.phone == Contact.phone,
        (Consent.given_at >= limits.contacts)
        | (
            (Consent.basis != "legitimate_interest")
            & Consent.revoked_at.is_null()
            & (Consent.expires_at.is_null() | (Consent.expires_at >= limits.contacts))
        ),
    )
    return Contact.select(Contact.id, Contact.phone).where(
        Contact.updated_at < limits.contacts,
        ~pw.fn.EXISTS(called),
        ~pw.fn.EXISTS(ground),
        ~pw.fn.EXISTS(tried),
        ~pw.fn.EXISTS(waiting),
    )


def _count(db: pw.Database, query: Any) -> int:
    return int(query.count(db))
