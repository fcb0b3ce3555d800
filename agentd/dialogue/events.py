"""What can happen to a call: the engine's whole input vocabulary.

Every event is frozen and serialisable (`encode` / `decode`), so a call is a list of
them. Times called `*_ms` are milliseconds since the call was answered, except `heard_ms`,
which is a length of audio.
"""

from typing import Literal

import msgspec

# Who has picked up. `undecided`: nothing told within the time it may take.
Verdict = Literal["human", "machine", "screening", "announcement", "undecided"]


class Event(msgspec.Struct, frozen=True, tag=True):
    """Base of every event; the tag is the class name."""


class Answered(Event, frozen=True):
    """The call is up and can hear us.

    contact: columns of the contact row, `first_name`, `last_name`, `company` and any extra.
    when: wall time of the answer, ISO 8601 with offset, in the callee's zone.
    zone: the callee's zone by its IANA name ("Indian/Reunion"), so that a moment named is right
        across a change of the clocks; empty: the offset of `when`.
    seed: what varied choices (rail returns) start from.
    recorded: the call is being recorded, and the disclosure must say so.
    freestyle: a language model is at hand to answer what no recording does.
    second_opinion: and to say what an utterance wants where rules abstain.
    """

    contact: dict[str, str]
    when: str
    seed: int = 0
    recorded: bool = False
    zone: str = ""
    freestyle: bool = False
    second_opinion: bool = False


class Resumed(Event, frozen=True):
    """A live call comes to us from an agentd that died; said instead of Answered.

    state: what that one remembered of the call last, as `state.dump` wrote it.
    """

    state: str


class SayStarted(Event, frozen=True):
    """The first clip of a Say has begun to play on the switch."""

    say_id: str


class SayDone(Event, frozen=True):
    """A Say has ended. `completed` is false when it was stopped; `heard_ms` is what was heard."""

    say_id: str
    completed: bool
    heard_ms: int


class SayFailed(Event, frozen=True):
    """A Say could not be played at all (missing file, switch error)."""

    say_id: str
    reason: str


class SpeechStarted(Event, frozen=True):
    """The prospect began to speak (voice activity, debounced)."""

    at_ms: int


class Interruption(Event, frozen=True):
    """The prospect speaks over `say_id`, and the ears judge that it is meant."""

    say_id: str
    at_ms: int


class Overlap(Event, frozen=True):
    """Somebody speaks while `say_id` plays, and it is not known yet what that is; `over`: it was
    nothing that stops us. An Interruption may follow instead."""

    say_id: str
    at_ms: int
    over: bool = False


class Partial(Event, frozen=True):
    """What has been understood so far of an utterance that is still going on."""

    text: str
    at_ms: int


class Utterance(Event, frozen=True):
    """A finished turn of the prospect.

    text: as the recogniser writes it; empty when there was sound but no words that could be made
        out. `alternatives` then hold what it may have been, if anything.
    confidence: 0 to 1. Below the recogniser's floor the ears already send an empty text.
    start_ms, end_ms: first and last voiced frame.
    alternatives: other readings, best first.
    goes_on: it went on with the utterance before, and its text holds that one's as well: both were
        recognised together.
    """

    text: str
    confidence: float
    start_ms: int
    end_ms: int
    alternatives: tuple[str, ...] = ()
    goes_on: bool = False


class FreestyleSentence(Event, frozen=True):
    """The model's next sentence, guarded, fit to be said.

    last: nothing follows it; its text may then be empty.
    """

    ask_id: str
    text: str
    last: bool = False


class FreestyleFailed(Event, frozen=True):
    """Nothing more comes from the model. cause: one of `actions.ASK_OUTCOMES`; reason: more of it,
    for people to read."""

    ask_id: str
    reason: str
    cause: str = "broken"


class IntentGuessed(Event, frozen=True):
    """What the model makes of an utterance: one of `intents.Intent`."""

    ask_id: str
    intent: str


class TimerFired(Event, frozen=True):
    """A timer started with `StartTimer` has run out."""

    timer_id: str


class Dtmf(Event, frozen=True):
    """One DTMF digit: 0-9, *, #, A-D."""

    digit: str


class Amd(Event, frozen=True):
    """Who has picked up (answering machine detection), as far as it is known.

    Said again when more is known: a `human` may turn out to be a `machine`, and a `screening`
    assistant repeats itself. `reason`: the evidence, for people to read.
    """

    verdict: Verdict
    at_ms: int
    reason: str = ""


class GreetingOver(Event, frozen=True):
    """What a machine or a screening assistant had to say is over, and it listens.

    by: a `beep` that has ended, or a `silence` long enough; a beep may follow a silence.
    """

    by: Literal["beep", "silence"]
    at_ms: int


class Beep(Event, frozen=True):
    """The switch has heard a beep (mod_avmd), about 0.2 s into it."""

    hz: float = 0.0


class TransferDone(Event, frozen=True):
    """The switch took or refused a transfer."""

    ok: bool
    reason: str = ""


class HungUp(Event, frozen=True):
    """The channel is gone. `cause` is the switch's hangup cause; `by_us` when we asked for it."""

    cause: str
    by_us: bool = False


class Fault(Event, frozen=True):
    """Something technical broke inside the call; it must end politely, FAILED.

    `speakable` is false when we can no longer be heard, so that no goodbye is tried.
    """

    reason: str
    speakable: bool = True


class DrainRequested(Event, frozen=True):
    """The server is stopping and its deadline has passed: say goodbye now."""


AnyEvent = (
    Answered
    | Resumed
    | SayStarted
    | SayDone
    | SayFailed
    | SpeechStarted
    | Interruption
    | Overlap
    | Partial
    | Utterance
    | FreestyleSentence
    | FreestyleFailed
    | IntentGuessed
    | TimerFired
    | Dtmf
    | Amd
    | GreetingOver
    | Beep
    | TransferDone
    | HungUp
    | Fault
    | DrainRequested
)

_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> str:
    """One event as a JSON object with a `type` member."""
    return msgspec.json.encode(event).decode()


def decode(text: str | bytes) -> AnyEvent:
    """The inverse of `encode`. Raises msgspec.ValidationError on anything else."""
    return _decoder.decode(text)
