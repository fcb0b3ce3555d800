"""Contacts: one a number, however often its file is imported."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import peewee as pw

from agentd.store import audit
from agentd.store.models import Consent, Contact, Utc, as_json
from agentd.store.repo import Repo

_COLUMNS = (
    "id",
    "phone",
    "first_name",
    "last_name",
    "company",
    "columns",
    "source",
    "created_at",
    "updated_at",
)
_NAMES = ("first_name", "last_name", "company")

Enlist = Callable[[pw.Database, Sequence[str]], None]


class Person(msgspec.Struct, frozen=True):
    """One row of a file: phone in E.164, `columns` the operator's others; `given_at`: when this one
    gave the ground of the import, where that differs from row to row."""

    phone: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    columns: dict[str, str] = {}
    given_at: datetime | None = None


@dataclass(frozen=True)
class Ground:
    """A ground to call that holds for every contact of an import."""

    basis: str
    given_at: datetime
    theme: str = "*"
    channel: str = ""
    wording: str = ""
    proof: str = ""
    proof_sha256: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Import:
    """One run over one file. `at` tells its rows from those of earlier runs: one instant a run."""

    source: str
    at: datetime
    actor: str
    ground: Ground | None = None
    enlist: Enlist | None = None


@dataclass(frozen=True)
class Counts:
    """Of a batch: contacts that are new, known from before, and repeated within the file."""

    new: int = 0
    known: int = 0
    repeated: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.new + other.new, self.known + other.known, self.repeated + other.repeated
        )


class Contacts:
    """The contacts of a store."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def import_batch(self, people: Sequence[Person], run: Import) -> Counts:
        """Keep a batch, all of it or nothing. What a file leaves empty stays as it was known; of a
        number that is repeated in one file, the first row wins and later ones fill its gaps.

        `run.enlist` is called with the contacts' ids in the same transaction.
        """
        return self._repo.run(lambda db: _import(db, people, run))

    def note(self, act: str, detail: dict[str, Any], actor: str) -> None:
        """Write an act into the audit trail."""
        key = secrets.token_hex(16)
        self._repo.run(lambda db: audit.append(db, act, detail, key=key, actor=actor))

    def page(self, after: str = "", limit: int = 1_000, like: str = "") -> list[dict[str, Any]]:
        """Contacts by number, `limit` of those behind `after`. like: part of a name or company."""

        def read(db: pw.Database) -> list[dict[str, Any]]:
            query = Contact.select().where(Contact.phone > after)
            if like:
                part = like.lower()
                query = query.where(
                    pw.fn.LOWER(Contact.last_name).contains(part)
                    | pw.fn.LOWER(Contact.first_name).contains(part)
                    | pw.fn.LOWER(Contact.company).contains(part)
                )
            return list(query.order_by(Contact.phone).limit(limit).dicts().execute(db))

        return self._repo.run(read, "read")

    def count(self) -> int:
        """How many there are."""
        query = Contact.select(pw.fn.COUNT(Contact.id))
        return int(self._repo.run(lambda db: query.clone().tuples().execute(db)[0][0], "read"))


def by_phone(db: pw.Database, phones: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Contacts of these numbers (E.164), by number."""
    query = Contact.select().where(Contact.phone.in_(list(phones))).dicts()
    return {row["phone"]: row for row in query.execute(db)}


def _import(db: pw.Database, people: Sequence[Person], run: Import) -> Counts:
    known = by_phone(db, {person.phone for person in people})
    ids = {phone: row["id"] for phone, row in known.items()}
    at = run.at.replace(microsecond=run.at.microsecond // 1000 * 1000)  # as the store keeps it
    rows: dict[str, dict[str, Any]] = {}
    new = old = repeated = 0
    for person in people:
        said, phone = msgspec.structs.asdict(person), person.phone
        if phone in rows:
            rows[phone] = _merged(rows[phone], said)
            repeated += 1
        elif phone not in known:
            ids[phone] = secrets.token_hex(8)
            rows[phone] = said
            new += 1
        elif known[phone]["updated_at"] == at and known[phone]["source"] == run.source:
            rows[phone] = _merged(known[phone], said)
            repeated += 1
        else:
            rows[phone] = _merged(said, known[phone])
            old += 1
    _upsert(db, rows, ids, run)
    if run.ground is not None:
        given = {p.phone: p.given_at for p in reversed(people) if p.given_at is not None}
        _record_ground(db, rows, run, run.ground, given)
    if run.enlist is not None:
        run.enlist(db, [ids[phone] for phone in rows])
    return Counts(new, old, repeated)


def _merged(strong: dict[str, Any], weak: dict[str, Any]) -> dict[str, Any]:
    """What `strong` says, and where it says nothing, what `weak` does."""
    names = {name: strong[name] or weak[name] for name in _NAMES}
    return {**names, "columns": {**weak["columns"], **strong["columns"]}}


def _upsert(
    db: pw.Database, rows: dict[str, dict[str, Any]], ids: dict[str, str], run: Import
) -> None:
    """One statement for the whole batch: peewee takes longer to build it than SQLite to run it."""
    at = Utc().db_value(run.at)
    values: list[Any] = []
    for phone, row in rows.items():
        named = [_clean(row[name]) for name in _NAMES]
        values += [ids[phone], phone, *named, as_json(row["columns"]), run.source, at, at]
    if not values:
        return
    one = f"({', '.join([db.param] * len(_COLUMNS))})"
    changed = ", ".join(
        f"{name} = excluded.{name}" for name in (*_NAMES, "columns", "source", "updated_at")
    )
    db.execute_sql(
        f"INSERT INTO contact ({', '.join(_COLUMNS)}) VALUES {', '.join([one] * len(rows))} "
        f"ON CONFLICT (phone) DO UPDATE SET {changed}",
        values,
    )


def _record_ground(
    db: pw.Database,
    rows: dict[str, dict[str, Any]],
    run: Import,
    ground: Ground,
    given: dict[str, datetime],
) -> None:
    grounds = {p: replace(ground, given_at=given.get(p, ground.given_at)) for p in rows}
    kept = [
        {
            "id": ground_id(phone, grounds[phone]),
            "phone": phone,
            "who": " ".join(filter(None, (row["first_name"], row["last_name"], row["company"]))),
            "basis": ground.basis,
            "theme": ground.theme,
            "given_at": grounds[phone].given_at,
            "expires_at": ground.expires_at,
            "channel": ground.channel,
            "wording": ground.wording,
            "proof": ground.proof,
            "proof_sha256": ground.proof_sha256,
            "recorded_at": run.at,
            "recorded_by": run.actor,
            "revoked_at": None,
            "revoked_how": "",
        }
        for phone, row in rows.items()
    ]
    for start in range(0, len(kept), 200):
        query = Consent.insert_many(kept[start : start + 200])
        query.on_conflict(conflict_target=[Consent.id], action="NOTHING").as_rowcount().execute(db)


def ground_id(phone: str, ground: Ground) -> str:
    """The same ground of the same number has one id, however often it is recorded: a re-import
    neither doubles it nor brings back what was revoked."""
    said = as_json(
        [phone, ground.basis, ground.theme, ground.given_at, ground.wording, ground.proof_sha256]
    )
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
