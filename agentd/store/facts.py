"""What a Record of the engine becomes in the tables, kind by kind (`dialogue.actions.KINDS`)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
import peewee as pw

from agentd.dialogue.actions import KINDS
from agentd.dialogue.dispositions import Disposition
from agentd.store import audit, quick
from agentd.store.models import Call, Callback, Secret, Step, Suppression, Turn
from agentd.store.phones import phone_hash

Score = Annotated[int, msgspec.Meta(ge=0, le=100)]


class TurnFact(msgspec.Struct, frozen=True):
    """One thing said; times in ms since the answer."""

    who: Literal["agent", "prospect"]
    text: str
    start_ms: int
    end_ms: int
    interrupted: bool = False
    intent: str | None = None
    objection: str | None = None


class StepFact(msgspec.Struct, frozen=True):
    """How one step of the rail came out."""

    name: str
    outcome: str
    turns: int


class ScoreFact(msgspec.Struct, frozen=True):
    """The score reached."""

    score: Score


class SuppressionFact(msgspec.Struct, frozen=True):
    """The prospect must not be called again."""

    reason: str
    text: str = ""


class CallbackFact(msgspec.Struct, frozen=True):
    """When to call again: as said, and as understood (ISO 8601 with offset), if it was."""

    text: str
    start: str | None = None
    end: str | None = None


class RecordingFact(msgspec.Struct, frozen=True):
    """The call is recorded from now on, or is not to be, and what was has been erased."""

    state: Literal["started", "refused"]


class DispositionFact(msgspec.Struct, frozen=True):
    """How the call ended."""

    disposition: Disposition
    score: Score | None = None
    reason: str | None = None


class RetractionFact(msgspec.Struct, frozen=True):
    """A turn of the prospect went on after it was acted on: what was recorded of it is replaced by
    what follows. The facts themselves stay, as all do."""

    start_ms: int
    steps: list[str]
    score: Score
    callback: bool
    disposition: bool


_FACTS: dict[str, type[msgspec.Struct]] = {
    "turn": TurnFact,
    "step": StepFact,
    "score": ScoreFact,
    "suppression": SuppressionFact,
    "callback": CallbackFact,
    "recording": RecordingFact,
    "disposition": DispositionFact,
    "retraction": RetractionFact,
}
_TURN = ("call_id", "seq", *TurnFact.__struct_fields__)
_STEP = ("call_id", "seq", *StepFact.__struct_fields__)


def read(kind: str, data: dict[str, Any]) -> msgspec.Struct:
    """The fact, checked. Raises ValueError (a bug of the caller) naming kind and field."""
    if kind not in _FACTS:
        raise ValueError(f"Record of unknown kind {kind!r}: expected one of {', '.join(KINDS)}")
    try:
        return msgspec.convert(data, _FACTS[kind])
    except msgspec.ValidationError as error:
        raise ValueError(f"Record {kind!r}: {error}") from None


def apply(
    database: pw.Database, call_id: str, seq: int, fact: msgspec.Struct, data: dict[str, Any]
) -> None:
    """Write what follows from a fact that has just been kept."""
    _APPLY[type(fact)](database, call_id, seq, fact, data)


def suppress(
    database: pw.Database, phone: str, reason: str, text: str, call_id: str | None
) -> None:
    """Keep the hash of a number; the first reason given stays. Raises ValueError without digits."""
    row = {
        "phone_hash": phone_hash(phone, pepper(database)),
        "reason": reason,
        "text": text,
        "call_id": call_id,
        "at": datetime.now(UTC),
    }
    query = Suppression.insert(row).on_conflict(
        conflict_target=[Suppression.phone_hash], action="NOTHING"
    )
    query.execute(database)


def pepper(database: pw.Database) -> bytes:
    """Key of the suppression list. Raises IntegrityError when it is gone: with another key nobody
    would be found suppressed, so nothing may be answered."""
    query = Secret.select(Secret.value).where(Secret.name == "phone_pepper").tuples()
    rows = list(query.execute(database))
    if not rows:
        raise pw.IntegrityError("the key of the suppression list is missing (table secret)")
    return bytes.fromhex(rows[0][0])


def _turn(db: pw.Database, call_id: str, seq: int, fact: TurnFact, _: dict[str, Any]) -> None:
    quick.insert(db, "turn", _TURN, [(call_id, seq, *msgspec.structs.astuple(fact))])


def _step(db: pw.Database, call_id: str, seq: int, fact: StepFact, _: dict[str, Any]) -> None:
    quick.insert(db, "step", _STEP, [(call_id, seq, *msgspec.structs.astuple(fact))])


def _score(db: pw.Database, call_id: str, seq: int, fact: ScoreFact, _: dict[str, Any]) -> None:
    Call.update(score=fact.score).where(Call.id == call_id).execute(db)


def _suppression(
    db: pw.Database, call_id: str, seq: int, fact: SuppressionFact, _: dict[str, Any]
) -> None:
    rows = Call.select(Call.phone).where(Call.id == call_id).tuples().execute(db)
    phone = next(iter(rows))[0]
    # A hidden number has nothing to suppress; the fact itself and OPT_OUT are kept all the same.
    if any(c.isdigit() for c in phone):
        suppress(db, phone, fact.reason, fact.text, call_id)
        about = {"person": phone_hash(phone, pepper(db)), "reason": fact.reason, "call": call_id}
        audit.append(db, "suppress.call", about, key=f"suppress {call_id} {seq}", actor="agentd")


def _callback(
    db: pw.Database, call_id: str, seq: int, fact: CallbackFact, data: dict[str, Any]
) -> None:
    Callback.insert(call=call_id, seq=seq, text=fact.text, data=data).execute(db)


def _recording(
    db: pw.Database, call_id: str, seq: int, fact: RecordingFact, _: dict[str, Any]
) -> None:
    """The fact itself is the proof; where the sound is, the end of the call says."""


def _disposition(
    db: pw.Database, call_id: str, seq: int, fact: DispositionFact, _: dict[str, Any]
) -> None:
    changes: dict[str, Any] = {"disposition": fact.disposition.value, "reason": fact.reason or ""}
    if fact.score is not None:
        changes["score"] = fact.score
    Call.update(changes).where(Call.id == call_id).execute(db)


def _retraction(
    db: pw.Database, call_id: str, seq: int, fact: RetractionFact, _: dict[str, Any]
) -> None:
    turn = (Turn.who == "prospect") & (Turn.start_ms == fact.start_ms) & (Turn.seq < seq)
    Turn.delete().where(Turn.call == call_id, turn).execute(db)
    steps = Step.name.in_(fact.steps) & (Step.seq < seq)
    Step.delete().where(Step.call == call_id, steps).execute(db)
    if fact.callback:
        newest = Callback.select(pw.fn.MAX(Callback.seq)).where(
            Callback.call == call_id, Callback.seq < seq
        )
        number = newest.tuples().execute(db)[0][0]
        Callback.delete().where(Callback.call == call_id, Callback.seq == number).execute(db)
    changes: dict[str, Any] = {"score": fact.score}
    if fact.disposition:
        changes |= {"disposition": None, "reason": ""}
    Call.update(changes).where(Call.id == call_id).execute(db)


_APPLY: dict[type[msgspec.Struct], Callable[..., None]] = {
    TurnFact: _turn,
    StepFact: _step,
    ScoreFact: _score,
    SuppressionFact: _suppression,
    CallbackFact: _callback,
    RecordingFact: _recording,
    DispositionFact: _disposition,
    RetractionFact: _retraction,
}
