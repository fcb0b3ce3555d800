"""When the switch had an attempt's channel: what the limit of calls a minute is counted from."""

import peewee as pw
from playhouse.migrate import SchemaMigrator


def migrate(database: pw.Database, migrator: SchemaMigrator) -> None:
    """Attempts of before are taken to have been placed by the time they ended."""
    database.execute_sql("ALTER TABLE attempt ADD COLUMN placed_at TEXT")
