"""The audit trail: acts that must be provable afterwards, each sealed with the one before it.

hash = SHA-256 of `[seq, key, at, actor, act, detail, previous]` as JSON; `previous` is the hash of
the entry before, 64 zeros for the first. A change anywhere breaks every seal after it. A trail cut
at its end, or rewritten whole by somebody with the database's password, shows only against a head
(`SEQ:HASH`) noted elsewhere: `agentd audit verify --expect`. Triggers refuse UPDATE and DELETE.

Entries name nobody: a person is a keyed hash of their number (`agentd.store.phones`), which a
`forget` leaves in place, as it does in the suppression list.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import peewee as pw

from agentd.store.models import Audit, as_json

GENESIS = "0" * 64
_LOCK = 0x6175646974  # "audit": the key of PostgreSQL's advisory lock
_PAGE = 1_000


class Entry(msgspec.Struct, frozen=True):
    """One act as kept. at: ISO 8601, UTC. detail: JSON."""

    seq: int
    key: str
    at: str
    actor: str
    act: str
    detail: str
    previous: str
    hash: str

    def seal(self) -> str:
        """What `hash` must be."""
        sealed = as_json(
            [self.seq, self.key, self.at, self.actor, self.act, self.detail, self.previous]
        )
        return hashlib.sha256(sealed.encode()).hexdigest()


class Verdict(msgspec.Struct, frozen=True):
    """Whether the trail is whole. broken_at: the first entry that is not as it was, or None."""

    ok: bool
    entries: int
    head: str
    broken_at: int | None = None
    why: str = ""


def append(
    db: pw.Database,
    act: str,
    detail: dict[str, Any],
    *,
    key: str,
    actor: str,
    at: datetime | None = None,
) -> None:
    """Write an act into the trail, in the transaction of the act itself. Said again under the same
    key (work that was retried) it is kept once. Writers wait for each other."""
    if not isinstance(db, pw.SqliteDatabase):  # where a "write" transaction has the only lock
        db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    if list(Audit.select(Audit.seq).where(Audit.key == key).tuples().execute(db)):
        return
    last = list(
        Audit.select(Audit.seq, Audit.hash).order_by(Audit.seq.desc()).limit(1).tuples().execute(db)
    )
    seq, previous = (last[0][0] + 1, last[0][1]) if last else (1, GENESIS)
    moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    entry = Entry(seq, key, moment, actor, act, as_json(detail), previous, "")
    row = msgspec.structs.asdict(entry) | {"hash": entry.seal()}
    Audit.insert(row).execute(db)


def page(db: pw.Database, after: int = 0, limit: int = _PAGE) -> list[Entry]:
    """The next entries behind `after`, in order."""
    query = Audit.select().where(Audit.seq > after).order_by(Audit.seq).limit(limit).dicts()
    return [Entry(**row) for row in query.execute(db)]


def entries(db: pw.Database) -> Iterator[Entry]:
    """The whole trail in order, a page at a time."""
    after = 0
    while found := page(db, after):
        yield from found
        after = found[-1].seq


def verify(db: pw.Database, expect: str = "") -> Verdict:
    """Follow the whole chain. expect: a head noted earlier (`SEQ:HASH`) that must be in it."""
    previous, seq = GENESIS, 0
    wanted_seq, _, wanted_hash = expect.partition(":")
    found = not expect
    for entry in entries(db):
        seq += 1
        why = _fault(entry, seq, previous)
        if why:
            return Verdict(False, seq - 1, f"{seq - 1}:{previous}", seq, why)
        previous = entry.hash
        if expect and str(seq) == wanted_seq:
            if previous != wanted_hash:
                return Verdict(
                    False, seq, f"{seq}:{previous}", seq, "not the head that was noted: rewritten"
                )
            found = True
    if not found:
        why = f"the trail ends before entry {wanted_seq}, which was noted"
        return Verdict(False, seq, f"{seq}:{previous}", seq + 1, why)
    return Verdict(True, seq, f"{seq}:{previous}")


def _fault(entry: Entry, seq: int, previous: str) -> str:
    if entry.seq != seq:
        return f"entry {seq} is missing"
    if entry.previous != previous:
        return "it does not follow from the entry before it"
    return "" if entry.seal() == entry.hash else "its content has been changed"
