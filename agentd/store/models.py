"""Tables, bound to no database: every query says on which one it runs (`query.execute(database)`),
so that two stores in one process never meet.

Times of the world are UTC with offset, as ISO 8601 text of one width; times of a call are ms. Text
rather than a timestamp type: both databases keep it, and sort it, alike.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
import peewee as pw


def as_text(value: str) -> str:
    """Text either database takes: what a switch or a recogniser sends may hold U+0000 or half a
    surrogate pair, which PostgreSQL, or UTF-8, cannot."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


class Text(pw.TextField):
    """`as_text`."""

    def db_value(self, value: Any) -> Any:
        """To the database."""
        if isinstance(value, str):
            value = as_text(value)
        return super().db_value(value)


class Json(Text):
    """JSON as text: what both databases hold the same way."""

    def db_value(self, value: Any) -> Any:
        """To the database."""
        return None if value is None else as_json(value)

    def python_value(self, value: Any) -> Any:
        """From the database."""
        return None if value is None else msgspec.json.decode(value)


class Utc(pw.TextField):
    """An instant: aware datetimes in and out, kept in UTC with milliseconds."""

    def db_value(self, value: Any) -> Any:
        """To the database. Raises ValueError on a datetime without zone: it names no instant."""
        if value is None or isinstance(value, str):
            return value
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).isoformat(timespec="milliseconds")

    def python_value(self, value: Any) -> datetime | None:
        """From the database."""
        return None if value is None else datetime.fromisoformat(value)


def as_json(value: Any) -> str:
    """One text a value, whatever the order of its members."""
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(value), order="deterministic").decode()


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(k): _encodable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(v) for v in value]
    return value


class Call(pw.Model):
    """One call. `phone` and `contact` are in the clear (a lead is called back): what `forget`
    erases. `instance`: the agentd that holds it; `channel`: the switch's uuid of its leg."""

    id = Text(primary_key=True)
    scenario = Text()
    version = pw.IntegerField()
    phone = Text(index=True)
    contact = Json()
    instance = Text(index=True)
    channel = Text(default="")
    started_at = Utc(index=True)
    answered_at = Utc(null=True)
    ended_at = Utc(null=True, index=True)
    disposition = Text(null=True, index=True)
    score = pw.IntegerField()
    reason = Text()
    hangup_cause = Text(null=True)
    recording = Text(null=True)


class _OfCall(pw.Model):
    call = pw.ForeignKeyField(Call, on_delete="CASCADE", index=False)
    seq = pw.IntegerField()

    class Meta:
        primary_key = pw.CompositeKey("call", "seq")


class Live(pw.Model):
    """The engine's memory of a call that goes on, as of `at_ms`; gone when the call is over."""

    call = pw.ForeignKeyField(Call, primary_key=True, on_delete="CASCADE", index=False)
    at_ms = pw.IntegerField()
    memory = Text()


class Fact(_OfCall):
    """Every Record of the engine, in order: what the tables below are drawn from."""

    at_ms = pw.IntegerField()
    kind = Text()
    data = Json()


class Turn(_OfCall):
    """One thing said, by either."""

    who = Text()
    text = Text()
    start_ms = pw.IntegerField()
    end_ms = pw.IntegerField()
    interrupted = pw.BooleanField()
    intent = Text(null=True)
    objection = Text(null=True)


class Step(_OfCall):
    """How one step of the rail came out."""

    name = Text()
    outcome = Text()
    turns = pw.IntegerField()


class Callback(_OfCall):
    """When the prospect wants to be called: as said, and what else was understood of it."""

    text = Text()
    data = Json()


class Journal(_OfCall):
    """Every event and action of a call: what `agentd replay` reads."""

    at_ms = pw.IntegerField()
    direction = Text()
    json = Text()


class Suppression(pw.Model):
    """Numbers never to be called again, as keyed hashes (`agentd.store.phones`). It outlives the
    call it came from: `call_id` is a plain text, not a reference."""

    phone_hash = Text(primary_key=True)
    reason = Text()
    text = Text()
    call_id = Text(null=True)
    at = Utc()


class Secret(pw.Model):
    """Keys of this database."""

    name = Text(primary_key=True)
    value = Text()


class Contact(pw.Model):
    """A person or business that may be called; one a number. `columns`: the operator's others."""

    id = Text(primary_key=True)
    phone = Text(unique=True)
    first_name = Text()
    last_name = Text()
    company = Text()
    columns = Json()
    source = Text()
    created_at = Utc()
    updated_at = Utc(index=True)


class Consent(pw.Model):
    """The consent ledger: on what ground a number may be called. `who`: as they gave their name."""

    id = Text(primary_key=True)
    phone = Text(index=True)
    who = Text()
    basis = Text()
    theme = Text()
    given_at = Utc()
    expires_at = Utc(null=True)
    channel = Text()
    wording = Text()
    proof = Text()
    proof_sha256 = Text()
    recorded_at = Utc()
    recorded_by = Text()
    revoked_at = Utc(null=True)
    revoked_how = Text(default="")


class SuppressionList(pw.Model):
    """A list from outside: "imported", or "bloctel". The internal one is `Suppression`."""

    name = Text(primary_key=True)
    kind = Text()
    source = Text()
    sha256 = Text()
    imported_at = Utc()
    entries = pw.IntegerField()

    class Meta:  # noqa: D106
        table_name = "suppression_list"


class Listed(pw.Model):
    """A number on a list from outside, as a keyed hash."""

    phone_hash = Text()
    list = Text()
    at = Utc()

    class Meta:  # noqa: D106
        primary_key = pw.CompositeKey("phone_hash", "list")


class CheckLog(pw.Model):
    """A list was asked about a number, and what it said. `via`: dial, file, api or command."""

    phone_hash = Text()
    list = Text()
    at = Utc()
    via = Text()
    listed = pw.BooleanField()

    class Meta:  # noqa: D106
        table_name = "check_log"
        primary_key = pw.CompositeKey("phone_hash", "list", "at", "via")


class Audit(pw.Model):
    """Acts that must be provable, each sealed with the one before it (`agentd.store.audit`)."""

    seq = pw.IntegerField(primary_key=True)
    key = Text(unique=True)
    at = Text()
    actor = Text()
    act = Text()
    detail = Text()
    previous = Text()
    hash = Text()


TABLES: tuple[type[pw.Model], ...] = (
    Call,
    Live,
    Fact,
    Turn,
    Step,
    Callback,
    Journal,
    Suppression,
    Secret,
    Contact,
    Consent,
    SuppressionList,
    Listed,
    CheckLog,
    Audit,
)
