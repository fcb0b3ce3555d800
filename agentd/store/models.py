"""Tables. Times of the world are UTC with offset, as ISO 8601 text; times of a call are ms.

Text rather than a timestamp type: both databases keep it, and sort it, alike.
"""

from typing import Any

import msgspec
import peewee as pw

database = pw.DatabaseProxy()


class JsonField(pw.TextField):
    """JSON as text: what both databases hold the same way."""

    def db_value(self, value: Any) -> Any:
        """To the database."""
        return None if value is None else msgspec.json.encode(value).decode()

    def python_value(self, value: Any) -> Any:
        """From the database."""
        return None if value is None else msgspec.json.decode(value)


class _Table(pw.Model):
    class Meta:
        database = database


class Call(_Table):
    """One answered call, or one that never was."""

    id = pw.TextField(primary_key=True)
    scenario = pw.TextField()
    version = pw.IntegerField()
    phone = pw.TextField()
    contact = JsonField()
    answered_at = pw.TextField()
    ended_at = pw.TextField(null=True, index=True)
    disposition = pw.TextField(null=True, index=True)
    score = pw.IntegerField(default=0)
    reason = pw.TextField(default="")
    hangup_cause = pw.TextField(null=True)
    recording = pw.TextField(null=True)


class _OfCall(_Table):
    call = pw.ForeignKeyField(Call, on_delete="CASCADE")
    seq = pw.IntegerField()

    class Meta:
        indexes = ((("call", "seq"), True),)


class Fact(_OfCall):
    """Every Record of the engine, in order: what the other tables are drawn from."""

    at_ms = pw.IntegerField()
    kind = pw.TextField()
    data = JsonField()


class Turn(_OfCall):
    """One thing said, by either."""

    who = pw.TextField()
    text = pw.TextField()
    start_ms = pw.IntegerField()
    end_ms = pw.IntegerField()
    interrupted = pw.BooleanField()
    intent = pw.TextField(null=True)
    objection = pw.TextField(null=True)


class Step(_OfCall):
    """How one step of the rail came out."""

    name = pw.TextField()
    outcome = pw.TextField()
    turns = pw.IntegerField()


class Callback(_OfCall):
    """When the prospect wants to be called, as said."""

    text = pw.TextField()


class Journal(_OfCall):
    """Every event and action of a call: what `agentd replay` reads."""

    at_ms = pw.IntegerField()
    direction = pw.TextField()
    json = pw.TextField()


class Suppression(_Table):
    """Numbers never to be called again, as hashes (see `repo.Repo.suppressed`)."""

    phone_hash = pw.TextField(primary_key=True)
    reason = pw.TextField()
    text = pw.TextField()
    call = pw.TextField(null=True, column_name="call_id")
    at = pw.TextField()


class Secret(_Table):
    """Keys of this database."""

    name = pw.TextField(primary_key=True)
    value = pw.TextField()


TABLES = (Call, Fact, Turn, Step, Callback, Journal, Suppression, Secret)
