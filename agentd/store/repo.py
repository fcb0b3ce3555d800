"""The store as the rest of the house knows it. Every method returns once its facts are committed,
or raises StoreError: nothing is kept then, or it may be (a time-out), and may be said again.

What must not be kept twice carries a sequence number within its call, so that saying it again after
a lost answer changes nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import peewee as pw

from agentd.dialogue.dispositions import Disposition
from agentd.errors import StoreError, StoreRefused
from agentd.store import facts, live, quick, schema
from agentd.store.database import Transaction, target
from agentd.store.live import Handover
from agentd.store.models import Call, Fact, Journal, Secret, Suppression, as_json
from agentd.store.phones import phone_hash
from agentd.store.reports import CallReport, StoreReport, call_report
from agentd.store.threads import DatabaseThreads, Work

__all__ = ["CallReport", "Handover", "Repo", "StoreReport"]

# Of any one method: a prospect waits in silence for a fact to be kept, and what cannot be kept now
# is spooled (`agentd.ledger`), so a slow database is soon taken for one that is away.
TIMEOUT_S = 4.0
_ROWS = 100  # of one INSERT: building a longer one holds the interpreter, and the loop with it
_JOURNAL = ("call_id", "seq", "at_ms", "direction", "json")
_FACT = ("call_id", "seq", "at_ms", "kind", "data")
_ONCE = 'ON CONFLICT ("call_id", "seq") DO NOTHING'

Made = TypeVar("Made")


class Repo:
    """A database of calls. Open it once a process, in the greenlet world of the main thread."""

    def __init__(self, url: str, root: Path = Path("."), timeout_s: float = TIMEOUT_S) -> None:
        """url: sqlite:///file (relative to `root`; sqlite:////abs), or postgresql://...

        Nothing is opened yet. Raises BadInput on a URL of another kind, MissingResource without
        the PostgreSQL driver. `where` names the database in messages, without user or password.
        """
        self._target = target(url, root, timeout_s)
        self._threads = DatabaseThreads(self._target)
        self._timeout = timeout_s
        self._verified = False
        self.where = self._target.where

    # -- schema -----------------------------------------------------------------------------

    def migrate(self) -> list[str]:
        """Bring the schema up to date; names of the migrations applied. Any number of processes
        may ask at once. Raises StoreError on a database of a newer agentd."""
        self._target.prepare()
        return self._threads.run(
            lambda db: schema.migrate(db, self.where), timeout=schema.TIMEOUT_S, transaction="none"
        )

    def check(self) -> StoreReport:
        """Is the database there, writable, and of the right schema? Never raises StoreError."""

        def probe(db: pw.Database) -> str:
            name = schema.verify(db, self.where)
            key = f"probe {id(self)}"
            Secret.insert(name=key, value="").execute(db)
            Secret.delete().where(Secret.name == key).execute(db)
            facts.pepper(db)
            return name

        try:
            self._exists()
            name = self._threads.run(probe, timeout=self._timeout)
        except StoreError as error:
            return StoreReport(False, str(error.args[0]), error.mend)
        return StoreReport(True, f"{self.where}, schema {name}", schema=name)

    # -- writing ----------------------------------------------------------------------------

    def start_call(
        self,
        call_id: str,
        scenario: str,
        version: int,
        phone: str,
        contact: dict[str, str],
        answered_at: datetime | None,
        *,
        started_at: datetime | None = None,
        instance: str = "",
        channel: str = "",
    ) -> bool:
        """A call exists; said twice it exists once. False when it did already: it is a retry, or
        the switch has handed a live call over from an agentd that crashed (`take_over`).

        Times must carry their zone. `started_at`: when it was dialled; default: when it was
        answered. `instance`: the agentd that holds it; `channel`: the switch's uuid of its leg.
        """
        first = started_at or answered_at
        if first is None:
            raise ValueError("a call that is not answered was started: give started_at")
        row = {
            "id": call_id,
            "scenario": scenario,
            "version": version,
            "phone": phone,
            "contact": contact,
            "instance": instance,
            "channel": channel,
            "started_at": first,
            "answered_at": answered_at,
            "score": 0,
            "reason": "",
        }

        def write(db: pw.Database) -> bool:
            query = Call.insert(row).on_conflict(conflict_target=[Call.id], action="NOTHING")
            return bool(query.as_rowcount().execute(db))

        return self.run(write)

    def take_over(self, call_id: str, channel: str, instance: str) -> Handover | None:
        """A live call comes to `instance` from an agentd that died: what that one knew of it.

        None when the call is over, or another channel's: the id has been used twice.
        """
        return self.run(lambda db: live.take_over(db, call_id, channel, instance))

    def remember(
        self,
        call_id: str,
        at_ms: int,
        memory: str,
        entries: Sequence[tuple[int, int, str, str]] = (),
        records: Sequence[tuple[int, int, str, dict[str, Any]]] = (),
    ) -> None:
        """The engine's memory of a call that goes on, for `take_over`, with the journal up to it
        and the facts it knows by then: all of it, or nothing.

        entries: as for `journal_append`. records: (seq, at_ms, kind, data), as for `record`, whose
        errors it raises.
        """
        read = [(seq, at, kind, data, facts.read(kind, data)) for seq, at, kind, data in records]

        def write(db: pw.Database) -> None:
            for seq, at, kind, data, fact in read:
                _record(db, call_id, seq, at, kind, data, fact)
            _journal(db, call_id, entries)
            live.remember(db, call_id, at_ms, memory)

        self.run(write)

    def record(self, call_id: str, kind: str, data: dict[str, Any], at_ms: int, seq: int) -> None:
        """Commit one fact (`dialogue.actions.KINDS`) and what follows from it.

        seq: its number within the call. The same fact under the same number is kept once; another
        fact under a number already used is kept too, under the next free one, since none may be
        lost (a second session of a call whose agentd crashed counts from the start again).
        Raises StoreRefused for a call that was never started, ValueError for data of another form
        than its kind wants.
        """
        fact = facts.read(kind, data)

        self.run(lambda db: _record(db, call_id, seq, at_ms, kind, data, fact))

    def journal_append(self, call_id: str, entries: Sequence[tuple[int, int, str, str]]) -> None:
        """entries: (seq, at_ms, "event" | "action", json). A number already used is left as is."""
        if entries:
            self.run(lambda db: _journal(db, call_id, entries))

    def finish_call(
        self, call_id: str, ended_at: datetime, hangup_cause: str, recording: str | None
    ) -> None:
        """The call is over; one without a disposition is FAILED, and says why. The first end that
        is said stays. Raises StoreRefused for a call that was never started."""

        def write(db: pw.Database) -> None:
            changed = Call.update(
                ended_at=ended_at, hangup_cause=hangup_cause, recording=recording
            ).where(Call.id == call_id, Call.ended_at.is_null())
            if not changed.execute(db) and call_report(db, call_id) is None:
                raise StoreRefused(f"{self.where}: call {call_id!r} was never started")
            _fail(db, f"ended without a disposition ({hangup_cause})", Call.id == call_id)
            live.forget(db, Call.id == call_id)

        self.run(write)

    def fail_unfinished(self, instance: str, reason: str = "agentd ended in mid-call") -> int:
        """Calls that `instance` holds and has not ended, ended now: FAILED unless their disposition
        is known. How many. For the start of an instance, after its spool is written."""

        def write(db: pw.Database) -> int:
            mine = (Call.instance == instance) & Call.ended_at.is_null()
            _fail(db, reason, mine)
            live.forget(db, mine)
            return int(Call.update(ended_at=datetime.now(UTC)).where(mine).execute(db))

        return self.run(write)

    def suppress(self, phone: str, reason: str, text: str, call_id: str | None = None) -> None:
        """Never call this number again; said twice it is kept once. phone: as anybody writes it.

        Raises ValueError when it has no digit.
        """
        self.run(lambda db: facts.suppress(db, phone, reason, text, call_id))

    # -- reading ----------------------------------------------------------------------------

    def suppressed(self, phone: str) -> bool:
        """May this number not be called? Raises ValueError when it has no digit, StoreError when
        there is no telling: not calling is what follows from either."""

        def read(db: pw.Database) -> bool:
            key = phone_hash(phone, facts.pepper(db))
            query = Suppression.select(pw.SQL("1")).where(Suppression.phone_hash == key)
            return bool(list(query.tuples().execute(db)))

        return self.run(read, "read")

    def load_call(self, call_id: str) -> CallReport | None:
        """Everything about one call but its journal; None when there is none."""
        return self.run(lambda db: call_report(db, call_id), "read")

    def journal(self, call_id: str) -> list[tuple[int, str, str]]:
        """(at_ms, "event" | "action", json) of a call, in order; empty when there is none."""
        query = Journal.select(Journal.at_ms, Journal.direction, Journal.json)
        query = query.where(Journal.call == call_id).order_by(Journal.seq).tuples()
        return self.run(lambda db: list(query.clone().execute(db)), "read")

    def calls(self, limit: int = 100) -> list[str]:
        """Ids of the latest calls, newest first."""
        query = Call.select(Call.id).order_by(Call.started_at.desc(), Call.id).limit(limit)
        return self.run(lambda db: [r[0] for r in query.clone().tuples().execute(db)], "read")

    def close(self) -> None:
        """Close the connections and end the threads."""
        self._threads.close()

    def _exists(self) -> None:
        """A SQLite file is made by `migrate`, not by being looked for."""
        if self._target.file is not None and not self._target.file.exists():
            raise StoreError(f"{self.where} does not exist yet", mend="agentd db migrate")

    def run(self, work: Work[Made], transaction: Transaction = "write") -> Made:
        """`work(database)`, committed: what the other modules of the store run theirs with."""
        if self._verified:
            return self._threads.run(work, timeout=self._timeout, transaction=transaction)
        self._exists()

        def checked(db: pw.Database) -> Made:
            schema.verify(db, self.where)
            return work(db)

        made = self._threads.run(checked, timeout=self._timeout, transaction=transaction)
        self._verified = True
        return made


def _record(
    db: pw.Database,
    call_id: str,
    seq: int,
    at_ms: int,
    kind: str,
    data: dict[str, Any],
    fact: Any,
) -> None:
    if not _insert_fact(db, call_id, seq, at_ms, kind, data):
        if _has_fact(db, call_id, at_ms, kind, data):
            return
        last = Fact.select(pw.fn.MAX(Fact.seq)).where(Fact.call == call_id)
        seq = last.tuples().execute(db)[0][0] + 1
        _insert_fact(db, call_id, seq, at_ms, kind, data)
    facts.apply(db, call_id, seq, fact, data)


def _journal(db: pw.Database, call_id: str, entries: Sequence[tuple[int, int, str, str]]) -> None:
    for start in range(0, len(entries), _ROWS):
        rows = [(call_id, *entry) for entry in entries[start : start + _ROWS]]
        quick.insert(db, "journal", _JOURNAL, rows, _ONCE)


def _insert_fact(
    db: pw.Database, call_id: str, seq: int, at_ms: int, kind: str, data: dict[str, Any]
) -> bool:
    row = (call_id, seq, at_ms, kind, as_json(data))
    return bool(quick.insert(db, "fact", _FACT, [row], _ONCE))


def _has_fact(db: pw.Database, call_id: str, at_ms: int, kind: str, data: dict[str, Any]) -> bool:
    """Is this very fact kept, under whatever number?"""
    kept = Fact.select(Fact.data).where(
        Fact.call == call_id, Fact.at_ms == at_ms, Fact.kind == kind
    )
    return any(as_json(row["data"]) == as_json(data) for row in kept.dicts().execute(db))


def _fail(db: pw.Database, reason: str, which: pw.Expression) -> None:
    failed = {"disposition": Disposition.FAILED.value, "reason": reason}
    Call.update(failed).where(which, Call.disposition.is_null()).execute(db)
