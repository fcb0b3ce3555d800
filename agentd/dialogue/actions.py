"""What the engine can ask for: its whole output vocabulary, performed in one place (`call.py`).

Actions are performed in order, and a `Record` is committed before the next one is begun:
that is how a fact is never lost to the words that follow it.
"""

from typing import Any, Literal

import msgspec


class Action(msgspec.Struct, frozen=True, tag=True):
    """Base of every action; the tag is the class name."""


class Clip(msgspec.Struct, frozen=True):
    """One recorded piece of speech.

    key: name of the recording, as `AudioLibrary` knows it (`objections/finance_obj_...`,
        `rail_returns/07`, `scenarios/finance/Q1`).
    text: what it says, with the contact's columns filled in. When no recording of exactly this
        text exists it is synthesised.
    """

    key: str
    text: str


class Say(Action, frozen=True):
    """Play the clips one after the other. Ends in exactly one SayDone or SayFailed.

    offset_ms: begin this far into the clips (resuming after a false interruption).
    """

    say_id: str
    clips: tuple[Clip, ...]
    interruptible: bool = True
    offset_ms: int = 0

    @property
    def text(self) -> str:
        """The whole text of the Say."""
        return " ".join(clip.text for clip in self.clips)


class Stop(Action, frozen=True):
    """Stop a Say now; its SayDone follows with `completed` false."""

    say_id: str


class Pause(Action, frozen=True):
    """Hold a Say where it is; Resume or Stop follows. Nothing answers."""

    say_id: str


class Resume(Action, frozen=True):
    """Go on with a Say that was held, from exactly there."""

    say_id: str


class Prepare(Action, frozen=True):
    """Have these clips ready before they are said; nothing is played, and nothing answers."""

    clips: tuple[Clip, ...]


class AskFreestyle(Action, frozen=True):
    """Have the language model answer what no recording does; FreestyleSentences follow, or one
    FreestyleFailed.

    text: what the prospect said. question: what we had asked, and shall ask again. history: the
        turns before, (who, text), oldest first. within_s: after this long we speak without it.
    """

    ask_id: str
    text: str
    question: str
    history: tuple[tuple[str, str], ...]
    within_s: float


class AskIntent(Action, frozen=True):
    """Have the language model say what an utterance wants, where rules abstain; one IntentGuessed
    follows, or one FreestyleFailed. Members as in AskFreestyle."""

    ask_id: str
    text: str
    question: str
    within_s: float


class CancelAsk(Action, frozen=True):
    """What was asked of the model is of no use any more; unknown ids are ignored."""

    ask_id: str


# What becomes of an ask of the model; all but the first two were answered from a recording.
ASK_OUTCOMES = {
    "answered": "its first sentence was heard, or its opinion taken",
    "given up": "the prospect went on, opted out or hung up before",
    "no model": "there is none here",
    "not admitted": "it would have been late: nothing was asked",
    "queue full": "too many asked already",
    "guard": "what it wrote may not be said",
    "late": "nothing that could be said was there by the deadline",
    "no sound": "it was, but could not be made sound in time",
    "broken": "the model failed",
}


class AskEnded(Action, frozen=True):
    """The engine has done with what it asked of the model: for the journal and the metrics.

    outcome: of ASK_OUTCOMES; detail: more of it, without anything anybody said. after_ms: since the
    prospect's last sound.
    """

    ask_id: str
    kind: Literal["freestyle", "intent"]
    outcome: str
    detail: str = ""
    after_ms: int = 0


class Listen(Action, frozen=True):
    """What the ears should expect next: biases recognition, never restricts understanding.

    step: name of the rail step being asked.
    phrases: short answers likely here, as a recogniser would write them.
    """

    step: str
    phrases: tuple[str, ...] = ()


class StartTimer(Action, frozen=True):
    """Send TimerFired(timer_id) after `seconds`; a timer of the same id is replaced."""

    timer_id: str
    seconds: float


class CancelTimer(Action, frozen=True):
    """Forget a timer; unknown ids are ignored."""

    timer_id: str


class Record(Action, frozen=True):
    """Commit a fact. `kind` is one of `KINDS`, `data` is JSON-ready."""

    kind: str
    data: dict[str, Any]


# Kinds of Record and the members of their data:
#   turn         who ("agent"|"prospect"), text, start_ms, end_ms, interrupted, intent, objection
#   step         name, outcome ("affirm"|"deny"|"unscored"|"done"|...), turns
#   score        score (0-100)
#   suppression  reason ("optout"|"dtmf"), text
#   callback     text (as said), purpose ("callback"|"appointment"), start, end: the window
#                understood, ISO 8601 with the callee's offset; null when no moment was
#   recording    state ("started"|"refused")
#   disposition  disposition, score, reason
#   retraction   what was recorded of a turn of the prospect that went on: start_ms of the turn,
#                steps (names), score (as it was before), callback and disposition (bool: recorded)
KINDS = (
    "turn", "step", "score", "suppression", "callback", "recording", "disposition", "retraction",
)  # fmt: skip


class Background(Action, frozen=True):
    """Start (`file` given) or stop (`file` empty) the looped ambience."""

    file: str


class StartRecording(Action, frozen=True):
    """Record both sides of the call from now on; again while it is recorded changes nothing."""


class StopRecording(Action, frozen=True):
    """Record no further; `erase`: nor keep what was recorded so far."""

    erase: bool = False


class Transfer(Action, frozen=True):
    """Hand the call to a person: `target` is a dialplan extension or a SIP URI."""

    target: str


class Hangup(Action, frozen=True):
    """End the call with a FreeSWITCH hangup cause. Nothing but Record follows it."""

    cause: str = "NORMAL_CLEARING"


AnyAction = (
    Say
    | Stop
    | Pause
    | Resume
    | Prepare
    | AskFreestyle
    | AskIntent
    | CancelAsk
    | AskEnded
    | Listen
    | StartTimer
    | CancelTimer
    | Record
    | Background
    | StartRecording
    | StopRecording
    | Transfer
    | Hangup
)

_decoder: msgspec.json.Decoder[AnyAction] = msgspec.json.Decoder(AnyAction)


def encode(action: Action) -> str:
    """One action as a JSON object with a `type` member."""
    return msgspec.json.encode(action).decode()


def decode(text: str | bytes) -> AnyAction:
    """The inverse of `encode`. Raises msgspec.ValidationError on anything else."""
    return _decoder.decode(text)
