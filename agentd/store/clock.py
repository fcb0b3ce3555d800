"""The database's clock: the one that dialers on several machines have in common."""

import time
from dataclasses import dataclass

import peewee as pw

from agentd.store.repo import Repo

ASKED = 3  # times; the quickest answer tells most


@dataclass(frozen=True)
class Skew:
    """seconds: the database's clock ahead of this machine's. within_s: how sure that is, half of
    the time the answer took."""

    seconds: float
    within_s: float


def skew(repo: Repo) -> Skew | None:
    """None for a file: its machine is this one. Raises StoreError."""

    def ask(db: pw.Database) -> Skew | None:
        if not isinstance(db, pw.PostgresqlDatabase):
            return None
        found = []
        for _ in range(ASKED):
            # On the thread: the wait for one to be free must not count.
            before = time.time()
            row = db.execute_sql("SELECT extract(epoch FROM clock_timestamp())").fetchone()
            after = time.time()
            half = (after - before) / 2
            found.append(Skew(float(row[0]) - before - half, half))
        return min(found, key=lambda one: one.within_s)

    return repo.run(ask, "read")
