"""The first schema: calls, what was said, decided and journalled in them; suppression."""

import secrets

import peewee as pw
from playhouse.migrate import SchemaMigrator

_OF_CALL = (
    'call_id TEXT NOT NULL REFERENCES "call" (id) ON DELETE CASCADE, seq INTEGER NOT NULL, {}, '
    "PRIMARY KEY (call_id, seq)"
)
_TABLES = {
    "call": "id TEXT NOT NULL PRIMARY KEY, scenario TEXT NOT NULL, version INTEGER NOT NULL, "
    "phone TEXT NOT NULL, contact TEXT NOT NULL, instance TEXT NOT NULL, started_at TEXT NOT NULL, "
    "answered_at TEXT, ended_at TEXT, disposition TEXT, score INTEGER NOT NULL, "
    "reason TEXT NOT NULL, hangup_cause TEXT, recording TEXT",
    "fact": _OF_CALL.format("at_ms INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL"),
    "turn": _OF_CALL.format(
        "who TEXT NOT NULL, text TEXT NOT NULL, start_ms INTEGER NOT NULL, "
        "end_ms INTEGER NOT NULL, interrupted BOOLEAN NOT NULL, intent TEXT, objection TEXT"
    ),
    "step": _OF_CALL.format("name TEXT NOT NULL, outcome TEXT NOT NULL, turns INTEGER NOT NULL"),
    "callback": _OF_CALL.format("text TEXT NOT NULL, data TEXT NOT NULL"),
    "journal": _OF_CALL.format(
        "at_ms INTEGER NOT NULL, direction TEXT NOT NULL, json TEXT NOT NULL"
    ),
    "suppression": "phone_hash TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, "
    "text TEXT NOT NULL, call_id TEXT, at TEXT NOT NULL",
    "secret": "name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL",
}
_INDEXED = ("phone", "instance", "started_at", "ended_at", "disposition")


def migrate(database: pw.Database, migrator: SchemaMigrator) -> None:
    """Make every table, and the key of the suppression list."""
    for name, columns in _TABLES.items():
        database.execute_sql(f'CREATE TABLE "{name}" ({columns})')
    for column in _INDEXED:
        database.execute_sql(f'CREATE INDEX "call_{column}" ON "call" ({column})')
    database.execute_sql(
        f"INSERT INTO secret (name, value) VALUES ('phone_pepper', {database.param})",
        (secrets.token_hex(32),),
    )
