"""Contacts, the consent ledger, lists of the suppressed, and the audit trail."""

import peewee as pw
from playhouse.migrate import SchemaMigrator

_TABLES = {
    "contact": "id TEXT NOT NULL PRIMARY KEY, phone TEXT NOT NULL, first_name TEXT NOT NULL, "
    "last_name TEXT NOT NULL, company TEXT NOT NULL, columns TEXT NOT NULL, source TEXT NOT NULL, "
    "created_at TEXT NOT NULL, updated_at TEXT NOT NULL",
    "consent": "id TEXT NOT NULL PRIMARY KEY, phone TEXT NOT NULL, who TEXT NOT NULL, "
    "basis TEXT NOT NULL, theme TEXT NOT NULL, given_at TEXT NOT NULL, expires_at TEXT, "
    "channel TEXT NOT NULL, wording TEXT NOT NULL, proof TEXT NOT NULL, "
    "proof_sha256 TEXT NOT NULL, recorded_at TEXT NOT NULL, recorded_by TEXT NOT NULL, "
    "revoked_at TEXT, revoked_how TEXT NOT NULL",
    "suppression_list": "name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, source TEXT NOT NULL, "
    "sha256 TEXT NOT NULL, imported_at TEXT NOT NULL, entries INTEGER NOT NULL",
    "listed": "phone_hash TEXT NOT NULL, list TEXT NOT NULL, at TEXT NOT NULL, "
    "PRIMARY KEY (phone_hash, list)",
    "check_log": "phone_hash TEXT NOT NULL, list TEXT NOT NULL, at TEXT NOT NULL, "
    "via TEXT NOT NULL, listed BOOLEAN NOT NULL, PRIMARY KEY (phone_hash, list, at, via)",
    "audit": "seq INTEGER NOT NULL PRIMARY KEY, key TEXT NOT NULL, at TEXT NOT NULL, "
    "actor TEXT NOT NULL, act TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, "
    "hash TEXT NOT NULL",
}
_INDEXES = (
    'CREATE UNIQUE INDEX "contact_phone" ON contact (phone)',
    'CREATE INDEX "contact_updated_at" ON contact (updated_at)',
    'CREATE INDEX "consent_phone" ON consent (phone)',
    'CREATE INDEX "listed_list" ON listed (list)',
    'CREATE UNIQUE INDEX "audit_key" ON audit (key)',
)
# What was written into the trail stays: the database itself refuses anything else.
_SQLITE_GUARD = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
)
_POSTGRES_GUARD = (
    "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
)


def migrate(database: pw.Database, migrator: SchemaMigrator) -> None:
    """Make the tables, their indexes, and the guard of the trail."""
    for name, columns in _TABLES.items():
        database.execute_sql(f'CREATE TABLE "{name}" ({columns})')
    sqlite = isinstance(database, pw.SqliteDatabase)
    for statement in (*_INDEXES, *(_SQLITE_GUARD if sqlite else _POSTGRES_GUARD)):
        database.execute_sql(statement)
