"""The only queries. Every method returns once its facts are committed, or raises StoreError.

Database work runs on native threads of its own (one for SQLite, which has one writer; a few for
PostgreSQL), so that neither a slow disk nor a slow network holds up the loop. What must not happen
twice carries a sequence number: a retry after a lost answer changes nothing.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import gevent
import msgspec
import peewee as pw
from gevent.threadpool import ThreadPool

from agentd.errors import BadInput, StoreError
from agentd.store import schema
from agentd.store.models import (
    TABLES,
    Call,
    Callback,
    Fact,
    Journal,
    Secret,
    Step,
    Suppression,
    Turn,
)

TIMEOUT_S = 15.0
POSTGRES_THREADS = 4
WAITING = 1_000  # pieces of database work; more is refused

Made = TypeVar("Made")


class CallReport(msgspec.Struct, frozen=True):
    """One call as kept. `turns`: who, text, start_ms, end_ms, interrupted."""

    call_id: str
    scenario: str
    version: int
    contact: dict[str, str]
    answered_at: str
    ended_at: str | None
    disposition: str | None
    score: int
    reason: str
    hangup_cause: str | None
    recording: str | None
    steps: list[dict[str, Any]]
    objections: list[str]
    interruptions: int
    turns: list[dict[str, Any]]
    callbacks: list[str]


class StoreReport(msgspec.Struct, frozen=True):
    """What `Repo.check` found."""

    ok: bool
    detail: str
    mend: str = ""


class Repo:
    """A database of calls. Open it once a process."""

    def __init__(self, url: str, root: Path = Path(".")) -> None:
        """url: sqlite:///file (relative to `root`; sqlite:////abs), or postgresql://...

        Nothing is opened yet. Raises BadInput on a URL of another kind.
        """
        self._database, self.where = _database(url, root)
        self._file = Path(self._database.database) if url.startswith("sqlite") else None
        self._database.bind(TABLES, bind_refs=False, bind_backrefs=False)
        self._pool = ThreadPool(1 if self._file else POSTGRES_THREADS)
        self._waiting = 0
        self._pepper: bytes | None = None
        self._closed = False

    # -- schema -----------------------------------------------------------------------------

    def migrate(self) -> list[str]:
        """Bring the schema up to date; names of the migrations applied."""
        if self._file is not None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"{self._file.parent}: {error.strerror}") from None
        return self._run(lambda: schema.migrate(self._database), timeout=120)

    def check(self) -> StoreReport:
        """Is the database there, writable, and of the right schema? Never raises StoreError."""
        if self._file is not None and not self._file.exists():
            return StoreReport(False, f"{self.where} does not exist yet", "agentd db migrate")
        try:
            missing = self._run(self._missing)
        except StoreError as error:
            return StoreReport(False, Exception.__str__(error), error.mend)
        if missing:
            return StoreReport(False, f"{self.where} lacks {missing[0]}", "agentd db migrate")
        return StoreReport(True, f"{self.where}, schema {schema.wanted()[-1]}")

    def _missing(self) -> list[str]:
        schema.refuse_newer(self._database)
        missing = sorted(set(schema.wanted()) - set(schema.done(self._database)))
        if not missing:
            with self._database.atomic() as transaction:
                Secret.create(name="probe", value="")
                transaction.rollback()
        return missing

    # -- writing ----------------------------------------------------------------------------

    def start_call(
        self,
        call_id: str,
        scenario: str,
        version: int,
        phone: str,
        contact: dict[str, str],
        answered_at: datetime,
    ) -> None:
        """A call exists; said twice it exists once."""
        row = {
            "id": call_id,
            "scenario": scenario,
            "version": version,
            "phone": phone,
            "contact": contact,
            "answered_at": _utc(answered_at),
        }
        self._run(lambda: Call.insert(row).on_conflict_ignore().execute())

    def record(self, call_id: str, kind: str, data: dict[str, Any], at_ms: int, seq: int) -> None:
        """Commit one fact (`dialogue.actions.KINDS`) and what follows from it, once a seq."""

        def write() -> None:
            fact = {"call": call_id, "seq": seq, "at_ms": at_ms, "kind": kind, "data": data}
            if not Fact.insert(fact).on_conflict_ignore().as_rowcount().execute():
                return
            apply = _APPLY.get(kind)
            if apply is not None:
                apply(self, call_id, seq, data)

        self._run(write)

    def journal_append(self, call_id: str, entries: Sequence[tuple[int, int, str, str]]) -> None:
        """entries: (seq, at_ms, "event" | "action", json)."""
        rows = [
            {"call": call_id, "seq": seq, "at_ms": at_ms, "direction": direction, "json": text}
            for seq, at_ms, direction, text in entries
        ]
        if rows:
            self._run(lambda: Journal.insert_many(rows).on_conflict_ignore().execute())

    def finish_call(
        self, call_id: str, ended_at: datetime, hangup_cause: str, recording: str | None
    ) -> None:
        """The call is over; one without a disposition is FAILED, and says why."""

        def write() -> None:
            Call.update(
                ended_at=_utc(ended_at), hangup_cause=hangup_cause, recording=recording
            ).where(Call.id == call_id, Call.ended_at.is_null()).execute()
            Call.update(
                disposition="FAILED", reason=f"ended without a disposition ({hangup_cause})"
            ).where(Call.id == call_id, Call.disposition.is_null()).execute()

        self._run(write)

    def suppress(self, phone: str, reason: str, text: str, call_id: str | None = None) -> None:
        """Never call this number again. phone: E.164, or as the switch writes it."""
        self._run(lambda: self._suppress(phone, reason, text, call_id))

    def _suppress(self, phone: str, reason: str, text: str, call_id: str | None) -> None:
        row = {
            "phone_hash": self._hash(phone),
            "reason": reason,
            "text": text,
            "call": call_id,
            "at": _utc(datetime.now(UTC)),
        }
        Suppression.insert(row).on_conflict_ignore().execute()

    # -- reading ----------------------------------------------------------------------------

    def suppressed(self, phone: str) -> bool:
        """May this number not be called?

        Numbers are kept as HMAC-SHA-256 under a random key of the database, so that the list can
        outlive the erasure of the person (GDPR art. 17 with art. 21(3)) and is useless by itself.
        """
        query = Suppression.select().where
        return self._run(lambda: query(Suppression.phone_hash == self._hash(phone)).exists())

    def load_call(self, call_id: str) -> CallReport | None:
        """Everything about one call but its journal; None when there is none."""

        def read() -> CallReport | None:
            call = Call.get_or_none(Call.id == call_id)
            if call is None:
                return None
            turns = list(Turn.select().where(Turn.call == call_id).order_by(Turn.seq).dicts())
            keys = ("who", "text", "start_ms", "end_ms", "interrupted")
            steps = Step.select().where(Step.call == call_id).order_by(Step.seq)
            said = Callback.select().where(Callback.call == call_id).order_by(Callback.seq)
            return CallReport(
                call_id=call.id,
                scenario=call.scenario,
                version=call.version,
                contact=call.contact,
                answered_at=call.answered_at,
                ended_at=call.ended_at,
                disposition=call.disposition,
                score=call.score,
                reason=call.reason,
                hangup_cause=call.hangup_cause,
                recording=call.recording,
                steps=[{"name": s.name, "outcome": s.outcome, "turns": s.turns} for s in steps],
                objections=[t["objection"] for t in turns if t["objection"]],
                interruptions=sum(t["who"] == "agent" and t["interrupted"] for t in turns),
                turns=[{k: t[k] for k in keys} for t in turns],
                callbacks=[c.text for c in said],
            )

        return self._run(read)

    def journal(self, call_id: str) -> list[tuple[int, str, str]]:
        """(at_ms, "event" | "action", json) of a call, in order; empty when there is none."""
        rows = Journal.select().where(Journal.call == call_id).order_by(Journal.seq)
        return self._run(lambda: [(r.at_ms, r.direction, r.json) for r in rows])

    def calls(self, limit: int = 100) -> list[str]:
        """Ids of the latest calls, newest first."""
        rows = Call.select(Call.id).order_by(Call.answered_at.desc()).limit(limit)
        return self._run(lambda: [r.id for r in rows])

    def close(self) -> None:
        """Close the connections and end the threads."""
        if not self._closed:
            self._closed = True
            self._pool.apply(self._database.close)
            self._pool.kill()

    # -- running ----------------------------------------------------------------------------

    def _run(self, work: Callable[[], Made], timeout: float = TIMEOUT_S) -> Made:
        """`work` in one transaction on a thread of the database; once more on a lost connection."""
        if self._waiting >= WAITING:
            raise StoreError(f"{self._waiting} pieces of work wait for {self.where}")
        self._waiting += 1
        try:
            result = self._pool.spawn(self._attempt, work)
            return result.get(timeout=timeout)  # type: ignore[no-any-return]
        except gevent.Timeout:
            raise StoreError(f"{self.where} did not answer in {timeout:g} s") from None
        finally:
            self._waiting -= 1

    def _attempt(self, work: Callable[[], Made]) -> Made:
        for attempt in (1, 2):
            try:
                self._database.connect(reuse_if_open=True)
                with self._database.atomic():
                    return work()
            except (pw.OperationalError, pw.InterfaceError) as error:
                lost = error
                self._database.close()
                if attempt == 2 or self._file is not None:
                    break
            except pw.PeeweeException as error:
                raise StoreError(f"{self.where}: {_first_line(error)}") from None
        raise StoreError(
            f"{self.where} cannot be used: {_first_line(lost)}",
            mend="is it running and reachable, with this user and password? agentd db migrate "
            "makes the tables",
        )

    def _hash(self, phone: str) -> str:
        if self._pepper is None:
            secret = Secret.get(Secret.name == "phone_pepper")
            self._pepper = bytes.fromhex(secret.value)
        digits = "".join(c for c in phone if c.isdigit() or c == "+")
        return hmac.new(self._pepper, digits.encode(), hashlib.sha256).hexdigest()


def _record_turn(_: Repo, call_id: str, seq: int, data: dict[str, Any]) -> None:
    Turn.create(
        call=call_id,
        seq=seq,
        who=data["who"],
        text=data["text"],
        start_ms=data["start_ms"],
        end_ms=data["end_ms"],
        interrupted=bool(data.get("interrupted")),
        intent=data.get("intent"),
        objection=data.get("objection"),
    )


def _record_step(_: Repo, call_id: str, seq: int, data: dict[str, Any]) -> None:
    Step.create(
        call=call_id, seq=seq, name=data["name"], outcome=data["outcome"], turns=data["turns"]
    )


def _record_score(_: Repo, call_id: str, seq: int, data: dict[str, Any]) -> None:
    Call.update(score=data["score"]).where(Call.id == call_id).execute()


def _record_suppression(repo: Repo, call_id: str, seq: int, data: dict[str, Any]) -> None:
    call = Call.get(Call.id == call_id)
    repo._suppress(call.phone, data.get("reason", ""), data.get("text", ""), call_id)


def _record_callback(_: Repo, call_id: str, seq: int, data: dict[str, Any]) -> None:
    Callback.create(call=call_id, seq=seq, text=data["text"])


def _record_disposition(_: Repo, call_id: str, seq: int, data: dict[str, Any]) -> None:
    changes = {"disposition": data["disposition"], "reason": data.get("reason") or ""}
    if "score" in data:
        changes["score"] = data["score"]
    Call.update(changes).where(Call.id == call_id).execute()


_APPLY: dict[str, Callable[[Repo, str, int, dict[str, Any]], None]] = {
    "turn": _record_turn,
    "step": _record_step,
    "score": _record_score,
    "suppression": _record_suppression,
    "callback": _record_callback,
    "disposition": _record_disposition,
}


def _database(url: str, root: Path) -> tuple[pw.Database, str]:
    """A database that is not open yet, and how it may be named in messages."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and parts.path.strip("/"):
        file = root.resolve() / parts.path.removeprefix("/")
        pragmas = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": "full"}
        return pw.SqliteDatabase(str(file), pragmas=pragmas, timeout=10), str(file)
    if parts.scheme in ("postgresql", "postgres") and parts.path.strip("/"):
        name = parts.path.strip("/")
        database = pw.PostgresqlDatabase(
            name,
            host=parts.hostname,
            port=parts.port or 5432,
            user=parts.username,
            password=parts.password,
            connect_timeout=5,
            options="-c statement_timeout=10000",
        )
        return database, f"postgresql://{parts.hostname or ''}:{parts.port or 5432}/{name}"
    raise BadInput(
        "[store] url is not understood",
        mend="sqlite:///var/agentd.sqlite3, or postgresql://user:password@host:5432/agentd",
    )


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
