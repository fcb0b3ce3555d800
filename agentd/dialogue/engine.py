"""The dialogue engine: one event in, a list of actions out, one serialisable state changed.

Pure: no clock (`now_ms` comes in), no random source (`Answered.seed`), no waiting, and no event
makes it raise. What an event means depends on the phase of the call (see `state.Phase`); ids of
Says and timers that are no longer live are ignored; after Hangup or HungUp only Record is asked
for.

Ends, where the design leaves a choice:
- a call the switch or the network lost (`_TECHNICAL`) is FAILED, not HANGUP;
- the hard limit of a call ends it by its score (LEAD or NOT_INTERESTED), reason "limit";
- a drain is FAILED with reason "drain", so that the contact may be called again, unless the lead
  was already decided;
- an opt-out said during the goodbye is committed as a suppression; the disposition stays.
"""

from agentd.dialogue import (
    answers,
    doubt,
    freestyle,
    goes_on,
    hearing,
    machines,
    recording,
    takeover,
)
from agentd.dialogue.actions import Action, Background, Stop
from agentd.dialogue.brain import Brain, Timing
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.events import (
    Amd,
    Answered,
    DrainRequested,
    Dtmf,
    Event,
    Fault,
    FreestyleFailed,
    FreestyleSentence,
    GreetingOver,
    HungUp,
    IntentGuessed,
    Interruption,
    Overlap,
    Partial,
    Resumed,
    SayDone,
    SayFailed,
    SayStarted,
    SpeechStarted,
    TimerFired,
    TransferDone,
    Utterance,
)
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.scenario import HELLO
from agentd.dialogue.state import CallState, Phase, dump, new_state, restore

__all__ = ["Brain", "CallState", "Timing", "dump", "handle", "new_state", "restore"]

_OPT_OUT_DIGIT = "9"
# Hangup causes that are nobody's wish: the person may be called again. CRASH is the connection to
# the switch lost without a word.
_TECHNICAL = frozenset(
    (
        "CRASH",
        "DESTINATION_OUT_OF_ORDER",
        "MANAGER_REQUEST",
        "MEDIA_TIMEOUT",
        "NETWORK_OUT_OF_ORDER",
        "NORMAL_TEMPORARY_FAILURE",
        "RECOVERY_ON_TIMER_EXPIRE",
        "SWITCH_CONGESTION",
        "SYSTEM_SHUTDOWN",
    )
)


def handle(brain: Brain, state: CallState, event: Event, now_ms: int) -> list[Action]:
    """Let one event happen to a call.

    state: changed in place. now_ms: milliseconds since the answer, not decreasing.
    Returns what is to be done, in order.
    """
    moves = Moves(brain, state, now_ms)
    goes_on.watch(moves, event)
    if isinstance(event, HungUp):
        _hung_up(moves, event)
    elif state.phase is Phase.NEW:
        _before_answer(moves, event)
    elif state.phase is Phase.OPEN:
        _open(moves, event)
    elif state.phase in (Phase.CLOSING, Phase.TRANSFERRING):
        _ending(moves, event)
    else:
        _still_opt_out(moves, event)
    return moves.actions


def _before_answer(moves: Moves, event: Event) -> None:
    state = moves.state
    if isinstance(event, Answered):
        state.phase = Phase.OPEN
        state.contact = dict(event.contact)
        state.seed, state.recorded = event.seed, event.recorded
        state.when, state.zone = event.when, event.zone
        state.freestyle, state.second_opinion = event.freestyle, event.second_opinion
        if moves.scenario.background:
            moves.actions.append(Background(moves.scenario.background))
        moves.start_timer("call", moves.brain.timing.max_call_s)
        moves.enter(HELLO)
    elif isinstance(event, Resumed):
        takeover.resume(moves, event.state)
    elif isinstance(event, Fault):
        hearing.fault(moves, event.reason, speakable=False)
    elif isinstance(event, DrainRequested):
        hearing.fault(moves, "drain", speakable=False)


def _open(moves: Moves, event: Event) -> None:
    match event:
        case Utterance():
            hearing.utterance(moves, event)
        case SpeechStarted():
            hearing.speech_started(moves, event)
        case Partial(text=text):
            hearing.partial(moves, text)
        case Interruption():
            hearing.interruption(moves, event)
        case Overlap():
            hearing.overlap(moves, event)
        case Amd():
            machines.amd(moves, event)
        case GreetingOver():
            machines.greeting_over(moves, event)
        case SayDone():
            hearing.say_done(moves, event)
        case SayFailed():
            hearing.say_failed(moves, event)
        case SayStarted():
            _say_started(moves, event)
        case FreestyleSentence():
            freestyle.sentence(moves, event)
        case FreestyleFailed():
            freestyle.failed(moves, event)
        case IntentGuessed():
            freestyle.guessed(moves, event)
        case TimerFired():
            _timer(moves, event)
        case Dtmf(digit=digit) if digit == _OPT_OUT_DIGIT:
            answers.opt_out(moves, "dtmf", "")
        case Fault():
            hearing.fault(moves, event.reason, speakable=event.speakable)
        case DrainRequested():
            _drain(moves)


def _ending(moves: Moves, event: Event) -> None:
    """Goodbye in the air, or a transfer under way: only their own ends count, an opt-out, and the
    rest of what led to the goodbye."""
    if isinstance(event, Utterance) and goes_on.utterance(moves, event):
        return
    _still_opt_out(moves, event)
    match event:
        case SpeechStarted():
            goes_on.speech_started(moves, event.at_ms)
        case SayStarted():
            _say_started(moves, event)
        case SayDone():
            hearing.say_done(moves, event)
        case SayFailed():
            hearing.say_failed(moves, event)
        case TimerFired():
            _timer(moves, event)
        case TransferDone():
            _transfer_done(moves, event.ok, event.reason)
        case GreetingOver() if moves.state.message:
            machines.greeting_over(moves, event)
        case Fault():
            hearing.fault(moves, event.reason, speakable=event.speakable)
        case DrainRequested() if moves.state.phase is Phase.TRANSFERRING:
            _drain(moves)
        case DrainRequested() if moves.state.message == "waiting":
            moves.hang_up()


def _still_opt_out(moves: Moves, event: Event) -> None:
    """Whatever the call has come to, a wish not to be called again is committed."""
    if isinstance(event, Utterance) and event.text.strip():
        said = answers.read(moves, event)
        moves.record_prospect(event, said.intent, said.objection)
        if said.intent is Intent.OPTOUT:
            moves.suppress("optout", event.text)
        if said.unrecorded:
            recording.refuse(moves)
    elif isinstance(event, Dtmf) and event.digit == _OPT_OUT_DIGIT:
        moves.suppress("dtmf", "")


def _say_started(moves: Moves, event: SayStarted) -> None:
    speech = moves.state.speech
    if speech is not None and speech.say_id == event.say_id and speech.started_ms is None:
        speech.started_ms = moves.now
        goes_on.sounds(moves, moves.now)
        freestyle.started(moves, speech)


def _timer(moves: Moves, event: TimerFired) -> None:
    state = moves.state
    kind = next((k for k, timer_id in state.timers.items() if timer_id == event.timer_id), None)
    if kind is None:
        return
    del state.timers[kind]
    match kind:
        case "silence":
            answers.silence(moves)
        case "answer" if goes_on.waits(state):
            goes_on.no_words(moves)
        case "answer":
            # A turn that never ends, or whose text never came.
            state.speaking = False
            if not moves.resume():
                state.noises = 1
                answers.noise(moves)
        case "ask":
            freestyle.deadline(moves)
        case "filler":
            freestyle.fill_in(moves)
        case "say":
            _say_lost(moves)
        case "hold":
            moves.go_on()
        case "transfer":
            _transfer_done(moves, False, "no reply")
        case "machine":
            machines.timed_out(moves)
        case "call":
            moves.finish(reason="limit")


def _say_lost(moves: Moves) -> None:
    """A Say never ended: take it as heard when we had stopped it, else as failed."""
    speech = moves.state.speech
    if speech is None:
        return
    if speech.stopped:
        heard = moves.now - speech.started_ms if speech.started_ms is not None else 0
        hearing.say_done(moves, SayDone(speech.say_id, False, max(0, heard)))
    else:
        moves.actions.append(Stop(speech.say_id))
        hearing.say_failed(moves, SayFailed(speech.say_id, "lost"))


def _transfer_done(moves: Moves, ok: bool, reason: str) -> None:
    state = moves.state
    if state.phase is not Phase.TRANSFERRING:
        return
    moves.cancel_timer("transfer")
    if ok:
        moves.cancel_timer("call")
        moves.leave("transferred")
        moves.dispose(Disposition.TRANSFERRED, reason)
        state.phase = Phase.OVER
        return
    state.phase = Phase.OPEN
    if moves.scenario.background:
        moves.actions.append(Background(moves.scenario.background))
    recording.go_on(moves)
    if state.suppressed:
        answers.opt_out(moves, "optout", "")
    else:
        answers.transfer_failed(moves)


def _drain(moves: Moves) -> None:
    disposition = Disposition.LEAD if moves.state.lead else Disposition.FAILED
    moves.goodbye(disposition, [moves.phrase("bye_drain")], outcome="drain", reason="drain")


def _hung_up(moves: Moves, event: HungUp) -> None:
    """The channel is gone: commit what is known. Only Record from here."""
    state = moves.state
    state.phase = Phase.GONE
    # Somebody may say "ne m'appelez plus" and hang up before the end of the turn was heard.
    if state.partial.strip():
        last = Utterance(state.partial, 1.0, moves.now, moves.now)
        said = answers.read(moves, last)
        # There is nobody left to ask what was meant.
        if said.intent is Intent.OPTOUT or said.maybe_optout:
            moves.suppress("optout", state.partial)
    state.timers, state.asked, state.acted = {}, None, None
    moves.say_is_over()
    moves.leave("hangup")
    doubt.keep(moves, event.cause)
    if not state.lead:
        answers.keep_callback(moves, event.cause)
    left = Disposition.FAILED if event.cause in _TECHNICAL else Disposition.HANGUP
    moves.dispose(Disposition.LEAD if state.lead else left, event.cause)
