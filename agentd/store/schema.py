"""Bringing a database to the schema this code wants, once, whoever asks at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee as pw
from peewee_migrate import Router

from agentd.errors import StoreError

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6167656E7464  # "agentd", for pg_advisory_lock


def wanted() -> list[str]:
    """Names of the migrations this code knows, in order."""
    return sorted(f.stem for f in FOLDER.glob("[0-9]*.py"))


def done(database: pw.Database) -> list[str]:
    """Names of those the database has had."""
    if not database.table_exists("migratehistory"):
        return []
    rows = database.execute_sql("SELECT name FROM migratehistory ORDER BY name")
    return [str(row[0]) for row in rows]


def migrate(database: pw.Database) -> list[str]:
    """Apply what is missing; returns its names.

    Raises StoreError when the database knows migrations this code does not: it was written by a
    newer agentd, and going on could lose what that one keeps.
    """
    refuse_newer(database)
    if not set(wanted()) - set(done(database)):
        return []
    with _alone(database):
        missing = sorted(set(wanted()) - set(done(database)))
        router = Router(database, migrate_dir=str(FOLDER))
        for name in missing:
            router.run(name)
        return missing


def refuse_newer(database: pw.Database) -> None:
    """See `migrate`."""
    newer = sorted(set(done(database)) - set(wanted()))
    if newer:
        raise StoreError(
            f"the database was migrated by a newer agentd (it has had {newer[-1]})",
            mend="install that version, or restore the back-up made before the upgrade",
        )


@contextmanager
def _alone(database: pw.Database) -> Iterator[None]:
    if isinstance(database, pw.PostgresqlDatabase):
        database.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            yield
        finally:
            database.execute_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    else:
        # The writer's lock of SQLite, held over every migration: a second process waits for it.
        with database.atomic("IMMEDIATE"):
            yield
