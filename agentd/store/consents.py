"""The consent ledger: on what ground each number may be called, and what proves it."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import peewee as pw

from agentd.store import audit, facts
from agentd.store.contacts import Ground, ground_id
from agentd.store.models import Consent
from agentd.store.phones import phone_hash
from agentd.store.repo import Repo


class Entry(msgspec.Struct, frozen=True):
    """One ground as recorded. Times are ISO 8601, UTC."""

    id: str
    phone: str
    who: str
    basis: str
    theme: str
    given_at: datetime
    expires_at: datetime | None
    channel: str
    wording: str
    proof: str
    proof_sha256: str
    recorded_at: datetime
    recorded_by: str
    revoked_at: datetime | None
    revoked_how: str


class Consents:
    """The ledger of a store. Numbers are E.164."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def add(self, phone: str, who: str, ground: Ground, actor: str) -> str:
        """Record a ground; its id. The same one said twice is kept once."""
        key = ground_id(phone, ground)
        row: dict[str, Any] = {
            "id": key,
            "phone": phone,
            "who": who,
            "basis": ground.basis,
            "theme": ground.theme,
            "given_at": ground.given_at,
            "expires_at": ground.expires_at,
            "channel": ground.channel,
            "wording": ground.wording,
            "proof": ground.proof,
            "proof_sha256": ground.proof_sha256,
            "recorded_at": datetime.now(UTC),
            "recorded_by": actor,
            "revoked_at": None,
            "revoked_how": "",
        }

        def write(db: pw.Database) -> str:
            query = Consent.insert(row).on_conflict(conflict_target=[Consent.id], action="NOTHING")
            query.as_rowcount().execute(db)
            about = {
                "person": phone_hash(phone, facts.pepper(db)),
                "consent": key,
                "basis": ground.basis,
                "theme": ground.theme,
                "proof_sha256": ground.proof_sha256,
            }
            audit.append(db, "consent.add", about, key=f"consent.add {key}", actor=actor)
            return key

        return self._repo.run(write)

    def revoke(
        self,
        phone: str,
        how: str,
        actor: str,
        key: str,
        *,
        theme: str = "",
        suppress: bool = True,
        at: datetime | None = None,
    ) -> int:
        """End the grounds of a number: those of one theme, or all; how many were in force.

        suppress: all of them gone, the number goes onto the internal list too: whoever withdraws
        has opposed (RGPD art. 21), and no later ground may be found by accident.
        """
        now = at or datetime.now(UTC)

        def write(db: pw.Database) -> int:
            which = (Consent.phone == phone) & Consent.revoked_at.is_null()
            if theme:
                which &= Consent.theme == theme
            changed = Consent.update(revoked_at=now, revoked_how=how).where(which)
            ended = int(changed.execute(db))
            if suppress and not theme:
                facts.suppress(db, phone, "consent revoked", "", None)
            about = {
                "person": phone_hash(phone, facts.pepper(db)),
                "theme": theme or "*",
                "ended": ended,
                "suppressed": suppress and not theme,
            }
            audit.append(db, "consent.revoke", about, key=key, actor=actor)
            return ended

        return self._repo.run(write)

    def of(self, phone: str) -> list[Entry]:
        """Every ground of a number, revoked ones too, newest first."""
        query = Consent.select().where(Consent.phone == phone).order_by(Consent.given_at.desc())

        def read(db: pw.Database) -> list[Entry]:
            return [Entry(**row) for row in query.clone().dicts().execute(db)]

        return self._repo.run(read, "read")
