"""The first schema: calls and what was said, decided and journalled in them; suppression."""

import secrets
from typing import Any

import peewee as pw


def migrate(migrator: Any, database: pw.Database, **_: Any) -> None:
    """Written out rather than taken from the models, which will move on."""
    of_call = (
        "id {serial} PRIMARY KEY, call_id TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE, "
        "seq INTEGER NOT NULL, "
    )
    tables = {
        "call": "id TEXT PRIMARY KEY, scenario TEXT NOT NULL, version INTEGER NOT NULL, "
        "phone TEXT NOT NULL, contact TEXT NOT NULL, answered_at TEXT NOT NULL, ended_at TEXT, "
        "disposition TEXT, score INTEGER NOT NULL, reason TEXT NOT NULL, hangup_cause TEXT, "
        "recording TEXT",
        "fact": of_call + "at_ms INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL",
        "turn": of_call + "who TEXT NOT NULL, text TEXT NOT NULL, start_ms INTEGER NOT NULL, "
        "end_ms INTEGER NOT NULL, interrupted BOOLEAN NOT NULL, intent TEXT, objection TEXT",
        "step": of_call + "name TEXT NOT NULL, outcome TEXT NOT NULL, turns INTEGER NOT NULL",
        "callback": of_call + "text TEXT NOT NULL",
        "journal": of_call + "at_ms INTEGER NOT NULL, direction TEXT NOT NULL, json TEXT NOT NULL",
        "suppression": "phone_hash TEXT PRIMARY KEY, reason TEXT NOT NULL, text TEXT NOT NULL, "
        "call_id TEXT, at TEXT NOT NULL",
        "secret": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    }
    serial = "SERIAL" if isinstance(database, pw.PostgresqlDatabase) else "INTEGER"
    for name, columns in tables.items():
        database.execute_sql(f'CREATE TABLE "{name}" ({columns.format(serial=serial)})')
        if columns.startswith(of_call):
            database.execute_sql(
                f'CREATE UNIQUE INDEX "{name}_call_seq" ON "{name}" (call_id, seq)'
            )
    database.execute_sql('CREATE INDEX "call_disposition" ON "call" (disposition)')
    database.execute_sql('CREATE INDEX "call_ended_at" ON "call" (ended_at)')
    mark = "%s" if isinstance(database, pw.PostgresqlDatabase) else "?"
    database.execute_sql(
        f"INSERT INTO secret (name, value) VALUES ('phone_pepper', {mark})",
        (secrets.token_hex(32),),
    )
