"""Everything the engine remembers of one call: serialisable, so it can be stored."""

from enum import StrEnum
from typing import Literal

import msgspec

from agentd.dialogue.actions import Clip
from agentd.dialogue.events import Utterance


class Phase(StrEnum):
    """Where a call stands; it only ever moves down this list (a failed transfer comes back)."""

    NEW = "new"  # not answered yet
    OPEN = "open"  # on the rail
    TRANSFERRING = "transferring"  # the switch was asked to hand the call over
    CLOSING = "closing"  # disposition recorded, goodbye in the air
    OVER = "over"  # Hangup sent, or handed over: only Record from here
    GONE = "gone"  # the channel no longer exists


class Then(StrEnum):
    """What follows the end of a Say."""

    LISTEN = "listen"
    MORE = "more"  # of a freestyle answer
    NEXT = "next"
    TRANSFER = "transfer"
    HANGUP = "hangup"


class Speech(msgspec.Struct):
    """One Say in the air, or stopped half-way.

    heard_ms: how far into the clips the prospect has heard, once the Say has been stopped.
    stopped: an interruption has stopped it, its SayDone is still to come.
    held: somebody speaks, and it waits until it is known what that is.
    resumed: how often false interruptions have made us say it again.
    """

    say_id: str
    clips: tuple[Clip, ...]
    then: Then
    interruptible: bool
    offset_ms: int = 0
    started_ms: int | None = None
    heard_ms: int = 0
    stopped: bool = False
    held: bool = False
    resumed: int = 0


class Ask(msgspec.Struct):
    """What the language model has been asked, and has answered so far.

    kind: "freestyle" or "intent". text, intent: of the utterance it is about; heard_ms: its end.
    spoken: sentences said, or being said; ready: those that wait for the end of our Say.
    over: nothing more will come. outcome, detail: as `AskEnded` has them, once known, at ended_ms.
    """

    ask_id: str
    kind: Literal["freestyle", "intent"]
    text: str
    intent: str
    heard_ms: int
    spoken: tuple[Clip, ...] = ()
    ready: tuple[Clip, ...] = ()
    over: bool = False
    outcome: str = ""
    detail: str = ""
    ended_ms: int = 0


class Acted(msgspec.Struct):
    """What was taken for a whole turn of the prospect, and acted on; they may yet go on.

    heard: all of it; before: the call as it was.
    sound_ms: when the answer to it was first heard. over_ms: when it had been heard to its end, and
        they were listened to: what they say then answers us, however short we were.
    decided: false while nothing has been made of it, since they were speaking again already.
    resumed: they speak again, and its words are still to come.
    callback: a moment was recorded. transfer: the call is to be handed over, after those words.
    """

    heard: Utterance
    before: "CallState"
    sound_ms: int | None = None
    over_ms: int | None = None
    decided: bool = True
    resumed: bool = False
    callback: bool = False
    transfer: bool = False


class CallState(msgspec.Struct):
    """The memory of one call. Times are milliseconds since the answer.

    step, turns, rebutted: the step being held, agent turns spent in it, rebuttal already said.
    callback: what the prospect said when asking to be called back without saying when; we have
        then left the rail and asked when.
    offered: the lead has been announced to a person (objective "transfer").
    unsure: the moment named, while its half of the day is being asked for.
    when, zone: of the answer, as `Answered` has them.
    speech: the Say in the air; `broken`: an interrupted one that may have to be resumed.
    last: what was said at the last turn, for "pardon ?".
    heard: utterances that came during a Say and wait for its end.
    spoke_ms: when the prospect last began to speak. acted: the turn that may yet go on.
    silences, noises, failures: how many in a row.
    recorded, recording: the call may be recorded; "" before the notice has been heard, then "on",
        or "refused" once the prospect has objected.
    when_repeated: the question when to call back has been asked a second time.
    doubt: what may have been an opt-out, while we ask; doubts: how often we have; doubt_repeated:
        the question has been put again.
    amd: who has picked up, as far as the ears know.
    screening: an assistant screens us: it `asks`, we have `told` it who calls, it `holds` the line.
    message: to a machine: `waiting` for its beep, or being left after a `beep` or a `silence`.
    takeovers: how often the call has passed to another agentd.
    asked: what the language model is being asked; asks: how often it was. talk: the newest turns,
        (who, text). freestyle, second_opinion: what it may be asked.
    timers: kind -> id of the live timer of that kind; any other id is stale.
    """

    phase: Phase = Phase.NEW
    contact: dict[str, str] = {}
    seed: int = 0
    recorded: bool = False
    when: str = ""
    zone: str = ""
    freestyle: bool = False
    second_opinion: bool = False
    recording: str = ""

    step: str = ""
    turns: int = 0
    rebutted: bool = False
    callback: str | None = None
    unsure: str = ""
    outcomes: dict[str, str] = {}
    score: int = 0
    lead: bool = False
    offered: bool = False
    disposition: str = ""
    suppressed: bool = False

    speech: Speech | None = None
    broken: Speech | None = None
    last: tuple[Clip, ...] = ()
    heard: list[Utterance] = []
    partial: str = ""
    speaking: bool = False
    spoke_ms: int = -1
    acted: Acted | None = None
    floor_ms: int = 0
    silences: int = 0
    noises: int = 0
    failures: int = 0

    amd: str = ""
    screening: str = ""
    message: str = ""

    when_repeated: bool = False
    doubt: str = ""
    doubts: int = 0
    doubt_repeated: bool = False
    objections: list[str] = []
    returns: list[str] = []
    interruptions: int = 0
    takeovers: int = 0
    asked: Ask | None = None
    asks: int = 0
    talk: list[tuple[str, str]] = []
    says: int = 0
    timers_started: int = 0
    timers: dict[str, str] = {}


def new_state() -> CallState:
    """The state of a call that has not been answered yet."""
    return CallState()


def dump(state: CallState) -> bytes:
    """The state as JSON."""
    return msgspec.json.encode(state)


def restore(data: bytes) -> CallState:
    """The inverse of `dump`. Raises msgspec.ValidationError on anything else."""
    return msgspec.json.decode(data, type=CallState)
