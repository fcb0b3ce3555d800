"""Taking over a live call: its channel, and the engine's memory of it."""

import peewee as pw
from playhouse.migrate import SchemaMigrator


def migrate(database: pw.Database, migrator: SchemaMigrator) -> None:
    """Calls know their channel; a table for the memory of those that go on."""
    database.execute_sql("ALTER TABLE \"call\" ADD COLUMN channel TEXT NOT NULL DEFAULT ''")
    database.execute_sql(
        'CREATE TABLE "live" (call_id TEXT NOT NULL PRIMARY KEY '
        'REFERENCES "call" (id) ON DELETE CASCADE, at_ms INTEGER NOT NULL, memory TEXT NOT NULL)'
    )
