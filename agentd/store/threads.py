"""Native threads that alone touch the database, so that neither a slow disk nor a slow network
holds up the loop, and no transaction is ever open while greenlets switch.

One thread for SQLite, which has one writer; a few for PostgreSQL. Psycopg is not made cooperative
(psycogreen): on a thread its own connect time-out works and names are resolved off the loop.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import gevent
import peewee as pw
from gevent.threadpool import ThreadPool

from agentd.errors import StoreError, StoreRefused
from agentd.store.database import Target, Transaction

WAITING = 1_000  # pieces of work; one more is refused
REST_S = 1.0  # after a failure to reach the database, work is refused at once for this long

# What peewee raises is its own; what SQLite says while rows are being read comes unwrapped.
_DATABASE_ERRORS = (pw.PeeweeException, sqlite3.Error)
_RETRIED = ("40001", "40P01")  # PostgreSQL: serialization failure, deadlock

Made = TypeVar("Made")


class _Raised:
    def __init__(self, error: Exception) -> None:
        self.error = error


Work = Callable[[pw.Database], Made]


class DatabaseThreads:
    """Runs work on a database of `target`, each piece on one thread with one connection."""

    def __init__(self, target: Target, clock: Callable[[], float] = time.monotonic) -> None:
        self._target = target
        self._clock = clock
        self._pool = ThreadPool(target.threads)
        # As many as threads; a deque is safe between them.
        self._idle: deque[pw.Database] = deque(target.new() for _ in range(target.threads))
        self._waiting = 0
        self._away_until = 0.0
        self._away = ""
        self._closed = False

    def run(self, work: Work[Made], *, timeout: float, transaction: Transaction = "write") -> Made:
        """The result of `work(database)`, committed; the wait is cooperative, in seconds.

        Work may be done twice when the connection is lost before its commit is confirmed: it must
        be such that doing it again changes nothing.
        Raises StoreError when the database is away or too slow, StoreRefused when it says no.
        After a time-out the work may yet be done.
        """
        if self._closed:
            raise StoreError(f"{self._target.where} has been closed")
        if self._clock() < self._away_until:
            raise self._error(f"is away ({self._away})")
        if self._waiting >= WAITING:
            raise self._error(f"is too slow: {self._waiting} pieces of work wait")
        given_up: list[bool] = []
        self._waiting += 1
        limit = gevent.Timeout(timeout)
        try:
            with limit:
                outcome = self._pool.spawn(
                    self._outcome, work, transaction, given_up, timeout
                ).get()
        except gevent.Timeout as expired:
            given_up.append(True)
            if expired is not limit:
                raise
            self._rest(f"no answer in {timeout:g} s")
            raise self._error(f"did not answer in {timeout:g} s") from None
        finally:
            self._waiting -= 1
        if isinstance(outcome, _Raised):
            raise outcome.error
        return outcome  # type: ignore[no-any-return]

    def close(self, timeout: float = 5.0) -> None:
        """End the threads and the connections. Work that has begun is let finish."""
        if self._closed:
            return
        self._closed = True
        with gevent.Timeout(timeout, False):
            self._pool.join()
            while self._idle:
                self._pool.apply(_close, (self._idle.pop(),))
            self._pool.kill()

    # -- on a thread ------------------------------------------------------------------------

    def _outcome(
        self, work: Work[Made], transaction: Transaction, given_up: list[bool], timeout: float
    ) -> "Made | _Raised | None":
        """What came of it, as a value: gevent prints a traceback for what a thread raises."""
        if given_up:  # whoever asked has gone: it may even have been asked again since
            return None
        try:
            return self._attempts(work, transaction, timeout)
        except Exception as error:  # noqa: BLE001 - raised again on the other side
            return _Raised(error)

    def _attempts(self, work: Work[Made], transaction: Transaction, timeout: float) -> Made:
        database = self._idle.pop()
        try:
            for attempt in (1, 2):
                connected = False
                try:
                    _connect(database, timeout)
                    connected = True
                    with self._target.transaction(database, transaction):
                        made = work(database)
                    self._away_until = 0.0
                    return made
                except _DATABASE_ERRORS as error:
                    again = connected and attempt == 1 and _worth_retrying(database, error)
                    trouble = None if again else self._translated(error, connected)
                    _close(database)
                    database = self._target.new()
                    if trouble is not None:
                        raise trouble from None
            raise AssertionError("the second attempt returns or raises")
        finally:
            self._idle.append(database)

    def _translated(self, error: Exception, connected: bool) -> StoreError:
        said = _first_line(error)
        if isinstance(error, pw.IntegrityError | pw.DataError):
            return StoreRefused(f"{self._target.where} refused: {said}")
        if not connected:
            self._rest(said)
        return self._error(f"cannot be used: {said}")

    def _rest(self, why: str) -> None:
        self._away_until = self._clock() + REST_S
        self._away = why

    def _error(self, what: str) -> StoreError:
        file = self._target.file
        if file is not None:
            mend = "may this user write there, is there room, does another program hold it?"
        else:
            mend = "is it running and reachable, with this user and password?"
        return StoreError(f"{self._target.where} {what}", mend=mend)


def _worth_retrying(database: pw.Database, error: Exception) -> bool:
    """Was a connection lost that a new one may replace, or did two writers collide?"""
    if not isinstance(database, pw.PostgresqlDatabase):
        return False
    if getattr(error.__cause__ or error.__context__, "pgcode", None) in _RETRIED:
        return True
    connection: Any = None if database.is_closed() else database.connection()
    return connection is not None and bool(connection.closed)


def _connect(database: pw.Database, patience_s: float) -> None:
    """Opening a SQLite file waits for its lock, but no longer than SQLite's own patience; another
    process that makes its tables may hold it for as long as a slow disk takes."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            database.connect(reuse_if_open=True)
            return
        except pw.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            _close(database)


def _close(database: pw.Database) -> None:
    try:
        database.close()
    except _DATABASE_ERRORS:
        database.dispose()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
