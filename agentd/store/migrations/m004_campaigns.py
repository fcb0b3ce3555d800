"""Campaigns, their contacts, the attempts at them, what the gates refused, and the dialers."""

import peewee as pw
from playhouse.migrate import SchemaMigrator

_TABLES = {
    "campaign": "name TEXT NOT NULL PRIMARY KEY, scenario TEXT NOT NULL, settings TEXT NOT NULL, "
    "state TEXT NOT NULL, simulated BOOLEAN NOT NULL, created_at TEXT NOT NULL, "
    "running_since TEXT, ended_at TEXT, note TEXT NOT NULL",
    "campaign_contact": "campaign TEXT NOT NULL REFERENCES campaign (name) ON DELETE CASCADE, "
    "contact TEXT NOT NULL REFERENCES contact (id) ON DELETE CASCADE, state TEXT NOT NULL, "
    "priority INTEGER NOT NULL, next_at TEXT NOT NULL, lease_owner TEXT, lease_until TEXT, "
    "trunk_failures INTEGER NOT NULL, disposition TEXT, score INTEGER, reason TEXT NOT NULL, "
    "decided_at TEXT, PRIMARY KEY (campaign, contact)",
    "attempt": "id TEXT NOT NULL PRIMARY KEY, "
    "campaign TEXT NOT NULL REFERENCES campaign (name) ON DELETE CASCADE, "
    "contact TEXT NOT NULL REFERENCES contact (id) ON DELETE CASCADE, number INTEGER NOT NULL, "
    "dialer TEXT NOT NULL, lease_until TEXT NOT NULL, gateway TEXT NOT NULL, "
    "caller_id TEXT NOT NULL, simulated BOOLEAN NOT NULL, evidence TEXT NOT NULL, "
    "begun_at TEXT NOT NULL, recorded_at TEXT NOT NULL, answered_at TEXT, ended_at TEXT, "
    "cause TEXT, sip_status INTEGER, disposition TEXT, score INTEGER, "
    "counted BOOLEAN NOT NULL, trunk BOOLEAN NOT NULL, reason TEXT NOT NULL",
    "refusal": "campaign TEXT NOT NULL REFERENCES campaign (name) ON DELETE CASCADE, "
    "contact TEXT NOT NULL REFERENCES contact (id) ON DELETE CASCADE, at TEXT NOT NULL, "
    "gates TEXT NOT NULL, evidence TEXT NOT NULL, retry_at TEXT, "
    "PRIMARY KEY (campaign, contact, at)",
    "dialer": "id TEXT NOT NULL PRIMARY KEY, campaign TEXT NOT NULL, host TEXT NOT NULL, "
    "pid INTEGER NOT NULL, started_at TEXT NOT NULL, beat_at TEXT NOT NULL, note TEXT NOT NULL",
}
_INDEXES = (
    "CREATE INDEX campaign_contact_due ON campaign_contact "
    "(campaign, state, priority, next_at, contact)",
    "CREATE INDEX campaign_contact_contact ON campaign_contact (contact)",
    "CREATE INDEX attempt_contact ON attempt (contact, begun_at)",
    "CREATE INDEX attempt_campaign ON attempt (campaign, begun_at)",
    "CREATE INDEX attempt_open ON attempt (campaign, lease_until) WHERE ended_at IS NULL",
    "CREATE INDEX refusal_contact ON refusal (contact)",
)


def migrate(database: pw.Database, migrator: SchemaMigrator) -> None:
    """Make the tables and their indexes."""
    for name, columns in _TABLES.items():
        database.execute_sql(f'CREATE TABLE "{name}" ({columns})')
    for statement in _INDEXES:
        database.execute_sql(statement)
