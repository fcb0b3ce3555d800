"""Those who must not be called: the internal list, lists from outside, and what each was asked.

Only keyed hashes are kept (`agentd.store.phones`). A list may be added to while campaigns run: a
number counts from the commit of its batch on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import peewee as pw

from agentd.campaign.gates import case as gates
from agentd.numbers import e164
from agentd.store import audit, facts, law
from agentd.store.models import CheckLog, Listed, Suppression, SuppressionList, Utc
from agentd.store.phones import phone_hash
from agentd.store.repo import Repo

Kind = Literal["imported", "bloctel"]


@dataclass(frozen=True)
class Source:
    """A list's latest file. `key` is one a run: what is said twice under it counts once."""

    name: str
    kind: Kind
    file: str
    sha256: str
    at: datetime
    actor: str
    key: str


class Answer(msgspec.Struct, frozen=True):
    """What one list says of one number."""

    list: str
    kind: str
    listed: bool
    checked_at: datetime


class Suppressions:
    """The suppression lists of a store."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def add(self, phone: str, reason: str, text: str, actor: str, key: str) -> None:
        """Put a number on the internal list. Raises ValueError when it has no digit."""

        def write(db: pw.Database) -> None:
            facts.suppress(db, phone, reason, text, None)
            about = {"person": phone_hash(phone, facts.pepper(db)), "reason": reason}
            audit.append(db, "suppress.add", about, key=key, actor=actor)

        self._repo.run(write)

    def begin(self, source: Source) -> None:
        """A list is there, and is asked about every number from now on."""

        def write(db: pw.Database) -> None:
            kinds = SuppressionList.select(SuppressionList.kind).where(
                SuppressionList.name == source.name
            )
            for (kind,) in kinds.tuples().execute(db):
                if kind != source.kind:
                    raise ValueError(f"the list {source.name!r} is of kind {kind}")
            row: dict[str, Any] = {
                "name": source.name,
                "kind": source.kind,
                "source": source.file,
                "sha256": source.sha256,
                "imported_at": source.at,
                "entries": 0,
            }
            new = {getattr(SuppressionList, k): v for k, v in row.items() if k != "entries"}
            SuppressionList.insert(row).on_conflict(
                conflict_target=[SuppressionList.name], update=new
            ).execute(db)

        self._repo.run(write)

    def put(self, source: Source, phones: Sequence[str]) -> None:
        """Numbers (E.164) that are on the list."""
        self._repo.run(lambda db: _list(db, source, phones))

    def answer(self, source: Source, answers: Mapping[str, bool], via: str = "file") -> None:
        """What a service that is asked number by number said: listed or not, both are logged. A
        number it no longer lists comes off the list."""

        def write(db: pw.Database) -> None:
            pepper = facts.pepper(db)
            hashes = {phone_hash(phone, pepper): listed for phone, listed in answers.items()}
            _list(db, source, [phone for phone, listed in answers.items() if listed])
            freed = [key for key, listed in hashes.items() if not listed]
            Listed.delete().where(Listed.list == source.name, Listed.phone_hash.in_(freed)).execute(
                db
            )
            log = [
                {
                    "phone_hash": key,
                    "list": source.name,
                    "at": source.at,
                    "via": via,
                    "listed": listed,
                }
                for key, listed in hashes.items()
            ]
            law.log_checks(db, log)

        self._repo.run(write)

    def finish(self, source: Source, *, replace: bool = False) -> int:
        """The file is read to its end: how many numbers the list has. replace: those it had before
        and this file does not name come off it."""

        def write(db: pw.Database) -> int:
            if replace:
                Listed.delete().where(Listed.list == source.name, Listed.at < source.at).execute(db)
            query = Listed.select(pw.fn.COUNT(Listed.phone_hash)).where(Listed.list == source.name)
            entries = int(query.tuples().execute(db)[0][0])
            SuppressionList.update(entries=entries).where(
                SuppressionList.name == source.name
            ).execute(db)
            about = {
                "list": source.name,
                "kind": source.kind,
                "file": source.file,
                "sha256": source.sha256,
                "entries": entries,
                "replace": replace,
            }
            audit.append(db, "suppress.import", about, key=source.key, actor=source.actor)
            return entries

        return self._repo.run(write)

    def check(self, phone: str, now: datetime | None = None) -> list[Answer]:
        """Ask every list about a number, as the dialler does, and log the answers. Raises
        ValueError when it has no digit."""
        number = e164(phone)
        if not number:
            raise ValueError("a phone number without digits")
        at = now or datetime.now(UTC)
        found: list[gates.Check] = self._repo.run(
            lambda db: law.check(db, number, at, via="command")
        )
        return [Answer(c.list, c.kind, c.listed, c.checked_at) for c in found]

    def lists(self) -> list[dict[str, Any]]:
        """Every list, the internal one first: name, kind, entries, imported_at (None: living)."""

        def read(db: pw.Database) -> list[dict[str, Any]]:
            own = Suppression.select(pw.fn.COUNT(Suppression.phone_hash)).tuples().execute(db)
            first = {
                "name": law.INTERNAL,
                "kind": "internal",
                "entries": own[0][0],
                "imported_at": None,
            }
            query = SuppressionList.select().order_by(SuppressionList.name).dicts()
            return [first, *query.execute(db)]

        return self._repo.run(read, "read")


def _list(db: pw.Database, source: Source, phones: Sequence[str]) -> None:
    if not phones:
        return
    pepper = facts.pepper(db)
    at = Utc().db_value(source.at)
    values: list[Any] = []
    hashes = {phone_hash(phone, pepper) for phone in phones}
    for key in sorted(hashes):
        values += [key, source.name, at]
    one = f"({', '.join([db.param] * 3)})"
    db.execute_sql(
        f"INSERT INTO listed (phone_hash, list, at) VALUES {', '.join([one] * len(hashes))} "
        "ON CONFLICT (phone_hash, list) DO UPDATE SET at = excluded.at",
        values,
    )


__all__ = ["Answer", "CheckLog", "Kind", "Source", "Suppressions"]
