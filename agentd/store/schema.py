"""Bringing a database to the schema this code wants, once, whoever asks at the same time.

Which migrations a database has had is kept in its table `schema_version`. All that are missing are
applied in one transaction, under a lock: they all come true, or none.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import peewee as pw
from playhouse.migrate import SchemaMigrator

from agentd.errors import StoreError
from agentd.store import migrations

TIMEOUT_S = 120.0  # of a whole migration, waiting for another process included
_TABLE = "schema_version"
_LOCK = 0x6167656E7464  # "agentd": the key of PostgreSQL's advisory lock


def wanted() -> list[str]:
    """Names of the migrations this code has, in order."""
    return sorted(m.name for m in pkgutil.iter_modules(migrations.__path__) if m.name[0] == "m")


def done(database: pw.Database) -> list[str]:
    """Names of those the database has had, in order."""
    if not database.table_exists(_TABLE):
        return []
    return [row[0] for row in database.execute_sql(f"SELECT name FROM {_TABLE} ORDER BY name")]


def verify(database: pw.Database, where: str) -> str:
    """Name of the schema, which is the one this code wants. Raises StoreError when it is not."""
    had = refuse_newer(database, where)
    missing = [name for name in wanted() if name not in had]
    if missing:
        state = f"lacks {missing[0]}" if had else "has no tables yet"
        raise StoreError(f"{where} {state}", mend="agentd db migrate")
    return had[-1]


def refuse_newer(database: pw.Database, where: str) -> list[str]:
    """`done`. Raises StoreError when the database knows migrations this code does not: a newer
    agentd wrote it, and going on could lose what that one keeps."""
    had, ours = done(database), wanted()
    newer = [name for name in had if name not in ours]
    if newer:
        raise StoreError(
            f"{where} is of a newer agentd: it has had {newer[-1]}, this one knows {ours[-1]}",
            mend="install that version, or restore the back-up made before the upgrade",
        )
    return had


def migrate(database: pw.Database, where: str) -> list[str]:
    """Apply what is missing; returns its names. The connection must be in no transaction."""
    with _alone(database):
        missing = [name for name in wanted() if name not in refuse_newer(database, where)]
        if not missing:
            return []
        database.execute_sql(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} "
            "(name TEXT NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL)"
        )
        migrator = SchemaMigrator.from_database(database)
        for name in missing:
            importlib.import_module(f"{migrations.__name__}.{name}").migrate(database, migrator)
            mark = database.param
            database.execute_sql(
                f"INSERT INTO {_TABLE} (name, applied_at) VALUES ({mark}, {mark})",
                (name, datetime.now(UTC).isoformat(timespec="seconds")),
            )
        if isinstance(database, pw.SqliteDatabase):
            broken = database.execute_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise StoreError(f"{where}: {missing} would leave {len(broken)} rows of no call")
        return missing


@contextmanager
def _alone(database: pw.Database) -> Iterator[None]:
    """A transaction that one process at a time can be in; the others wait."""
    if isinstance(database, pw.SqliteDatabase):
        # A table that is rebuilt is dropped in between, which must not cascade; the pragma has no
        # effect inside a transaction, and references are checked at the end instead.
        database.execute_sql("PRAGMA foreign_keys = OFF")
        database.execute_sql(f"PRAGMA busy_timeout = {int(TIMEOUT_S * 1000)}")
        try:
            with database.atomic("EXCLUSIVE"):
                yield
        finally:
            database.close()  # the next to use it gets its own pragmas again
    else:
        with database.atomic():
            database.execute_sql(f"SET LOCAL statement_timeout = {int(TIMEOUT_S * 1000)}")
            database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield
