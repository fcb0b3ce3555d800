"""Leases of the dialers: who follows an open attempt, and who takes it over from one that died.

Times here are the machine's, not the campaign's: a lease runs out whatever day is simulated.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from agentd.store.campaign_models import Attempt, CampaignContact, Dialer
from agentd.store.repo import Repo


@dataclass(frozen=True)
class Open:
    """An attempt nobody has closed yet."""

    id: str
    contact: str
    dialer: str
    gateway: str
    begun_at: datetime
    recorded_at: datetime
    answered_at: datetime | None


def beat(repo: Repo, dialer: str, campaign: str, who: tuple[str, int], **times: Any) -> None:
    """The dialer is alive: its leases go on. who: host and pid. times: machine (now), until (of the
    leases), note."""
    machine, until, note = times["machine"], times["until"], times.get("note", "")

    def write(db: pw.Database) -> None:
        new = {
            "id": dialer,
            "campaign": campaign,
            "host": who[0],
            "pid": who[1],
            "started_at": machine,
            "beat_at": machine,
            "note": note,
        }
        Dialer.insert(new).on_conflict(
            conflict_target=[Dialer.id], update={Dialer.beat_at: machine, Dialer.note: note}
        ).execute(db)
        Attempt.update(lease_until=until).where(
            Attempt.dialer == dialer, Attempt.ended_at.is_null()
        ).execute(db)
        CampaignContact.update(lease_until=until).where(
            CampaignContact.campaign == campaign,
            CampaignContact.lease_owner == dialer,
            CampaignContact.state == "calling",
        ).execute(db)

    repo.run(write)


def adopt(
    repo: Repo,
    dialer: str,
    campaign: str,
    known: Collection[str],
    *,
    machine: datetime,
    until: datetime,
) -> list[Open]:
    """Take over open attempts whose lease has run out: their dialer is gone. And those of this
    dialer that it does not know of: recorded by a transaction it took for lost.

    known: attempts it follows. until - machine: the length of a lease."""
    ids = list(known)
    stray = (
        (Attempt.dialer == dialer)
        & Attempt.id.not_in(ids or [""])
        & (Attempt.recorded_at < machine - (until - machine))
    )
    orphan = (Attempt.dialer != dialer) & (Attempt.lease_until < machine)

    def write(db: pw.Database) -> list[Open]:
        query = Attempt.select().where(
            Attempt.campaign == campaign,
            Attempt.ended_at.is_null(),
            orphan | stray,
        )
        if isinstance(db, pw.PostgresqlDatabase):
            query = query.for_update(skip_locked=True)
        rows = list(query.dicts().execute(db))
        for row in rows:
            Attempt.update(dialer=dialer, lease_until=until).where(Attempt.id == row["id"]).execute(
                db
            )
            CampaignContact.update(lease_owner=dialer, lease_until=until).where(
                CampaignContact.campaign == campaign, CampaignContact.contact == row["contact"]
            ).execute(db)
        return [_open(row) for row in rows]

    return repo.run(write)


def open_of(repo: Repo, dialer: str) -> list[Open]:
    """Attempts this dialer has not closed."""
    query = Attempt.select().where(Attempt.dialer == dialer, Attempt.ended_at.is_null()).dicts()
    return repo.run(lambda db: [_open(row) for row in query.clone().execute(db)], "read")


def leave(repo: Repo, dialer: str) -> None:
    """The dialer ends of its own will."""
    repo.run(lambda db: Dialer.delete().where(Dialer.id == dialer).execute(db))


def _open(row: dict[str, Any]) -> Open:
    return Open(**{name: row[name] for name in Open.__dataclass_fields__})
