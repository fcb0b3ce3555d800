"""What must be kept of one call: committed to the store, or spooled to disk until it can be.

While the database is away the call goes on; its facts wait in `<spool>/<call id>.jsonl`, each
line fsynced before the next thing is said, and `recover` writes them when it returns. Once a
call has spooled one entry all its later ones follow it there, so that order is kept.
"""

import errno
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import gevent
import msgspec

from agentd.errors import AgentdError, StoreError, StoreRefused
from agentd.observe import logs

if TYPE_CHECKING:
    from agentd.store.repo import Handover, Repo

log = logs.get("ledger")

JOURNAL_BATCH = 200

Method = Literal["start_call", "record", "journal_append", "finish_call"]


class _Entry(msgspec.Struct, frozen=True):
    """One line of a spool file: a method of Repo, and what it is called with."""

    method: Method
    arguments: dict[str, Any]


class Ledger:
    """Facts and journal of one call. Every method returns once the fact is safe.

    Raises StoreRefused when the store will not have it, OSError when the store is away and the disk
    takes nothing either: it is kept in memory then, and goes to the disk before what comes next, or
    by `write_again`.
    """

    def __init__(self, repo: "Repo", call_id: str, spool: Path) -> None:
        self._repo = repo
        self._call_id = call_id
        self._spool = spool / f"{call_id}.jsonl"
        self._spooling = False
        self._seq = 0
        self._facts = 0
        self._journal: list[tuple[int, int, str, str]] = []
        self._unwritten: list[bytes] = []

    def start(self, **facts: Any) -> bool:
        """The call exists: scenario, version, phone, contact, answered_at. False when it did
        already (True as well when the store is away, and nobody knows)."""
        return self._keep("start_call", {"call_id": self._call_id, **facts}) is not False

    def take_over(self, channel: str, instance: str) -> "Handover | None":
        """What an agentd that died knew of this call (`Repo.take_over`); what is kept from now on
        follows what that one kept. None too when the store is away."""
        try:
            held = self._repo.take_over(self._call_id, channel, instance)
        except StoreError as error:
            log.error("store away, nothing to go on from", call=self._call_id, error=str(error))
            return None
        if held is not None:
            self._facts, self._seq = held.facts, held.journalled
        return held

    def remember(
        self, memory: str, at_ms: int, records: Sequence[tuple[str, dict[str, Any]]] = ()
    ) -> None:
        """What the engine knows by now, should this process die, with the facts (kind, data) it
        knows it by: one commit. While the store is away only the facts are kept."""
        numbered = []
        for kind, data in records:
            self._facts += 1
            numbered.append((self._facts, at_ms, kind, data))
        if not self._spooling:
            entries, self._journal = self._journal, []
            try:
                self._repo.remember(self._call_id, at_ms, memory, entries, numbered)
                return
            except StoreRefused:
                self._journal = entries + self._journal
                if not numbered:
                    raise
                # One of them: the others are kept.
            except StoreError as error:
                self._journal = entries + self._journal
                log.error("store away, spooling", call=self._call_id, error=str(error))
                self._spooling = True
        failed: Exception | None = None
        for number, at, kind, data in numbered:
            try:
                self._record(number, at, kind, data)
            except (AgentdError, OSError) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def fact(self, kind: str, data: dict[str, Any], at_ms: int) -> None:
        """One `Record` of the engine."""
        self._facts += 1
        self._record(self._facts, at_ms, kind, data)

    def _record(self, number: int, at_ms: int, kind: str, data: dict[str, Any]) -> None:
        fact = {"call_id": self._call_id, "kind": kind, "data": data}
        self._keep("record", {**fact, "at_ms": at_ms, "seq": number})

    def journal(self, at_ms: int, direction: str, text: str) -> None:
        """One event or action; written in batches, since nothing is said because of it."""
        self._journal.append((self._seq, at_ms, direction, text))
        self._seq += 1
        if len(self._journal) >= JOURNAL_BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the journal entries that wait."""
        if self._journal:
            entries, self._journal = self._journal, []
            self._keep("journal_append", {"call_id": self._call_id, "entries": entries})

    def finish(self, ended_at: datetime, hangup_cause: str, recording: str | None) -> None:
        """The call is over; after this it has a disposition whatever happened."""
        end = {
            "call_id": self._call_id,
            "ended_at": ended_at,
            "hangup_cause": hangup_cause,
            "recording": recording,
        }
        try:
            self.flush()
        finally:  # without its journal, but ended
            self._keep("finish_call", end)

    def _keep(self, method: Method, arguments: dict[str, Any]) -> Any:
        """What the method returns; None when it was spooled."""
        if not self._spooling:
            try:
                return getattr(self._repo, method)(**arguments)
            except StoreRefused:
                raise
            except StoreError as error:
                log.error("store away, spooling", call=self._call_id, error=str(error))
                self._spooling = True
        self._unwritten.append(msgspec.json.encode(_Entry(method, arguments)))
        failed = self._write()
        if failed is not None:
            raise failed
        return None

    def write_again(self) -> bool:
        """Spool what no disk would take before; true when nothing is left unwritten."""
        return self._write() is None

    def _write(self) -> OSError | None:
        """All that is unwritten, in order."""
        lines = tuple(self._unwritten)
        if not lines:
            return None
        failed: OSError | None = gevent.get_hub().threadpool.apply(_append, (self._spool, lines))
        if failed is None:
            del self._unwritten[: len(lines)]
        return failed


def recover(repo: "Repo", spool: Path, *, live: Callable[[str], bool] = lambda _: False) -> int:
    """Write spooled calls to the store; returns how many.

    Stops when the store is away. What it refuses for good (a call erased meanwhile) is set aside as
    `.refused`, so that it holds up nothing behind it.
    live: tells of a call id whether it is still going on (its file is still being written).
    """
    written = 0
    for file in sorted(spool.glob("*.jsonl")):
        if live(file.stem):
            continue
        try:
            for line in file.read_bytes().splitlines():
                _replay(repo, line)
        except (StoreRefused, ValueError, TypeError) as error:
            log.error("spooled call refused, set aside", call=file.stem, error=str(error))
            _move(file, lambda file: file.rename(file.with_suffix(".refused")))
            continue
        except StoreError:
            return written
        except OSError as error:
            log.error("spooled call cannot be read", call=file.stem, error=str(error))
            continue
        _move(file, Path.unlink)
        written += 1
    return written


def _move(file: Path, move: Callable[[Path], object]) -> None:
    try:
        move(file)
    except OSError as error:  # it is written once more at the next turn, which changes nothing
        log.error("spool file stays", call=file.stem, error=str(error))


def _replay(repo: "Repo", line: bytes) -> None:
    """Raises ValueError or TypeError on what is no entry of ours, and what the store raises."""
    try:
        entry = msgspec.json.decode(line, type=_Entry)
    except msgspec.ValidationError as error:  # JSON of another kind
        raise ValueError(f"not a spooled entry: {error}") from None
    except msgspec.DecodeError:
        return  # cut: the last line of a process that was killed, or had no room, while writing it
    arguments = entry.arguments
    for name in ("answered_at", "ended_at"):
        if isinstance(arguments.get(name), str):
            arguments[name] = datetime.fromisoformat(arguments[name])
    if "entries" in arguments:
        arguments["entries"] = [tuple(e) for e in arguments["entries"]]
    getattr(repo, entry.method)(**arguments)


def _append(file: Path, lines: tuple[bytes, ...]) -> OSError | None:
    """On a thread: an error is a value there, since gevent prints a traceback of what is raised."""
    # A line before these may have been cut when the disk was full: it must not cost them.
    data = b"\n" + b"\n".join(lines) + b"\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Personal data: readable by the service's user only.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(descriptor, data) < len(data):
                return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error
    return None
