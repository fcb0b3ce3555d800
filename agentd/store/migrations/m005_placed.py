"""When the switch had an attempt's channel: what the limit of calls a minute is counted from."""

import peewee as pw
from playhouse.migrate import SchemaMigrator


def migrate(database: pw.Database, migrator: SchemaMigrator) -> None:
    """Attempts of before are taken to have been placed by the time they ended."""
    database.execute_sql("ALTER TABLE attempt ADD COLUMN placed_at TEXT")
    # What was begun in the last minute is asked for several times a second.
    database.execute_sql("CREATE INDEX attempt_placed ON attempt (campaign, placed_at)")
    database.execute_sql(
        "CREATE INDEX attempt_unplaced ON attempt (campaign, begun_at) WHERE placed_at IS NULL"
    )
