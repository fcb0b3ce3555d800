"""The prospect goes on, when we had taken their turn for over and acted on it.

"Oui ..." [we begin to speak] "... mais c'est trop cher" is one utterance. What they say before our
answer is heard, or begin to say within `OURS_MS` of its first sound (nobody answers what they have
not heard), belongs to the turn before: both are understood together, as if they had come at once.

- A Say that nobody has heard yet is dropped as soon as they speak; one that is heard is held or
  stopped as any other (`hearing`), and goes on only when their words are known.
- When the whole asks for what was decided on its first part, the decision stands, and the Say goes
  on. When it does not, the call becomes what it was before that part, a Retraction tells the store
  what no longer counts, and the whole is acted on.
- Never taken back: an opt-out, and the wish not to be recorded.
"""

import itertools

import msgspec

from agentd.dialogue import answers, freestyle, recording
from agentd.dialogue.actions import (
    Action,
    AskFreestyle,
    AskIntent,
    Hangup,
    Record,
    Say,
    Stop,
    Transfer,
)
from agentd.dialogue.events import (
    Amd,
    DrainRequested,
    Dtmf,
    Event,
    Fault,
    SayFailed,
    TimerFired,
    TransferDone,
    Utterance,
)
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.state import Acted, CallState, Phase, Speech, Then, dump, restore
from agentd.dialogue.text import normalise

# Nobody speaks because of what we say within this time of its first sound.
# (The ears' own limit is 100 ms less: what they hear as one is one here, whatever the clocks say.)
OURS_MS = 700
# What is said later than this after the part before is a turn of its own, whatever we did.
_GAP_MS = 4_000
_MOST_CHARS = 400  # of what is understood together
_MOST_READINGS = 4
# How long the goodbye's end waits for the words of somebody who goes on.
_WORDS_S = 5.0
# What "d'accord" adds nothing to.
_DECIDED = frozenset(
    (Intent.AFFIRM, Intent.DENY, Intent.OBJECTION, Intent.QUESTION, Intent.CALLBACK)
)
# Kept when the call becomes what it was: numbers that never come again, and what is true now.
_NOW = frozenset(
    "phase says asks timers_started timers interruptions takeovers suppressed recording amd "
    "speech broken heard asked partial speaking spoke_ms acted floor_ms".split()
)
# What was said, kept as it was said.
_TEXTS = ("callback", "doubt", "unsure")
# What makes of a call something else than the answer to what was said.
_ENDS = (Dtmf, Fault, DrainRequested, SayFailed, TransferDone)
_OURS = frozenset(("say", "hold", "ask", "filler", "answer"))


def act(moves: Moves, heard: Utterance, said: answers.Reading) -> None:
    """Answer a turn, which may yet go on."""
    remember(moves, heard)
    answers.act(moves, said)


def remember(moves: Moves, heard: Utterance, *, decided: bool = True) -> None:
    """The call as it is before anything is made of `heard`."""
    state = moves.state
    state.acted = None
    if state.suppressed or state.screening or state.message:
        return
    moves.silence_ourselves()
    before = _copy(state)
    _unsay(before, heard)
    state.acted = Acted(heard, before, decided=decided, resumed=not decided)


def watch(moves: Moves, event: Event) -> None:
    """Forget the turn when something else than their going on decides what comes."""
    state = moves.state
    if state.acted is None:
        return
    over = isinstance(event, _ENDS) or (isinstance(event, Amd) and event.verdict != "human")
    if isinstance(event, TimerFired):
        kind = next((k for k, timer_id in state.timers.items() if timer_id == event.timer_id), "")
        over = bool(kind) and kind not in _OURS
    if over:
        state.acted = None


def sounds(moves: Moves, at_ms: int) -> None:
    """A Say of ours is heard."""
    acted = moves.state.acted
    if acted is not None and acted.sound_ms is None:
        acted.sound_ms = at_ms


def heard_out(moves: Moves, speech: Speech) -> None:
    """A Say of ours has been heard to its end."""
    acted = moves.state.acted
    if acted is not None and acted.over_ms is None and speech.then is Then.LISTEN:
        acted.over_ms = moves.now


def speech_started(moves: Moves, at_ms: int) -> None:
    """They begin to speak: again, or for the first time since we spoke."""
    state = moves.state
    state.spoke_ms = at_ms
    if waits(state):
        return
    if not _in_time(state, at_ms):
        state.acted = None
        return
    assert state.acted is not None, "or it was not in time"
    state.acted.resumed = state.speaking = True
    speech = state.speech
    if speech is not None and speech.started_ms is None and not speech.stopped:
        moves.drop()


def waits(state: CallState) -> bool:
    """Their words are still to come: until then, nothing of ours goes on."""
    return state.acted is not None and state.acted.resumed


def goes_on_already(state: CallState, heard: Utterance) -> bool:
    """They speak again while the words of the turn before are only known now."""
    return state.spoke_ms > heard.end_ms >= heard.start_ms


def utterance(moves: Moves, heard: Utterance) -> bool:
    """More of the turn before; False when it is another, to be handled as such."""
    state = moves.state
    acted = state.acted
    if acted is None or not _in_time(state, heard.start_ms):
        state.acted = None
        return False
    again = goes_on_already(state, heard)
    state.speaking, state.partial, acted.resumed = again, "", again
    before = Moves(moves.brain, _copy(acted.before), moves.now)
    first = answers.read(before, acted.heard)
    if _adds_nothing(moves, first, heard):
        _stands(moves, acted)
        return True
    whole = joined(acted.heard, heard)
    said = answers.read(before, whole)
    done = _done(before, said)
    if acted.decided and _essence(done.actions) == _essence(_done(before, first).actions):
        for name in _TEXTS:
            setattr(state, name, getattr(done.state, name))
        moves.record("retraction", **_retraction(state, state, acted))
        _unsay(state, acted.heard)
        moves.record_prospect(whole, said.intent, said.objection)
        acted.heard = whole
        _stands(moves, acted)
        return True
    _take_back(moves, acted)
    moves.record_prospect(whole, said.intent, said.objection)
    if said.intent is Intent.OPTOUT:
        moves.suppress("optout", said.text)
    if said.unrecorded:
        recording.refuse(moves)
    remember(moves, whole, decided=not again)
    if state.acted is None or state.acted.decided:
        answers.act(moves, said)
    else:
        moves.wait()
    return True


def say_over(moves: Moves, speech: Speech, *, cut: bool) -> bool:
    """A Say has ended over somebody who goes on; True: what follows it waits for their words."""
    state = moves.state
    if state.acted is None or not state.acted.resumed:
        return False
    if cut:
        state.broken = speech
    elif speech.then is Then.TRANSFER:
        state.acted.transfer = True
    elif speech.then is not Then.HANGUP:
        return False
    if state.phase is Phase.CLOSING:
        moves.start_timer("answer", _WORDS_S)
    else:
        moves.wait()
    return True


def no_words(moves: Moves) -> None:
    """They never came."""
    state = moves.state
    state.speaking = False
    if state.acted is not None:
        state.acted.resumed = False
        _stands(moves, state.acted)


def joined(first: Utterance, rest: Utterance) -> Utterance:
    """Both parts as one utterance. An opt-out in the second alone counts too."""
    if rest.goes_on and rest.text.strip():
        return msgspec.structs.replace(rest, start_ms=first.start_ms, goes_on=False)
    text = _end(f"{first.text} {rest.text}")
    seconds = (rest.text, *rest.alternatives)
    pairs = itertools.product((first.text, *first.alternatives), seconds)
    others = dict.fromkeys((*seconds, *(_end(f"{one} {other}") for one, other in pairs)))
    readings = [one for one in others if one.strip() and one != text]
    sure = [part.confidence for part in (first, rest) if part.text.strip()]
    return Utterance(
        text,
        min(sure, default=0.0),
        first.start_ms,
        max(first.end_ms, rest.end_ms),
        tuple(readings[:_MOST_READINGS]),
    )


def _end(text: str) -> str:
    """Its last words, when it is long."""
    text = text.strip()
    return text if len(text) <= _MOST_CHARS else text[-_MOST_CHARS:].partition(" ")[2]


def _in_time(state: CallState, at_ms: int) -> bool:
    acted = state.acted
    if acted is None or state.suppressed or state.phase not in (Phase.OPEN, Phase.CLOSING):
        return False
    if not acted.decided:
        return True
    soon = acted.sound_ms is None or at_ms < acted.sound_ms + OURS_MS
    if acted.over_ms is not None and at_ms >= acted.over_ms:
        return False
    return soon and acted.heard.end_ms <= at_ms <= acted.heard.end_ms + _GAP_MS


def _adds_nothing(moves: Moves, first: answers.Reading, heard: Utterance) -> bool:
    """A noise, a hum; "d'accord" to what was clear; or a sound while the model writes."""
    asked = moves.state.asked
    if heard.goes_on:
        heard = _rest(first.text, heard)
    if not heard.text.strip():
        return not any(map(answers.has_words, heard.alternatives))
    if not answers.has_words(heard.text):
        return True
    if asked is not None and freestyle.goes_on_over(asked, heard.text):
        return True
    return answers.is_backchannel(heard.text) and first.intent in _DECIDED


def _rest(first: str, heard: Utterance) -> Utterance:
    """What was heard after the words `first`, where that can be told."""
    said, before = heard.text, normalise(first)
    if not before or not f"{normalise(said)} ".startswith(f"{before} "):
        return heard
    words = normalise(said).split()[len(before.split()) :]
    return msgspec.structs.replace(heard, text=" ".join(words))


def _unsay(state: CallState, heard: Utterance) -> None:
    """It is told the language model once, whole."""
    for number, (who, text) in reversed([*enumerate(state.talk)]):
        if who == "prospect" and heard.text.startswith(text):
            del state.talk[number]
            return


def _stands(moves: Moves, acted: Acted) -> None:
    """What was decided holds; what was to be said is said, or goes on."""
    state = moves.state
    if not acted.decided:
        if not state.speaking:
            moves.cancel_timer("answer")
            acted.decided = True
            answers.act(moves, answers.read(moves, acted.heard))
        return
    if acted.sound_ms is not None:
        acted.sound_ms = moves.now  # of what goes on, too, they must have heard something
    speech = state.speech
    if state.speaking:
        return
    if speech is not None:
        moves.go_on()  # one that was stopped does when its end has come
        return
    moves.cancel_timer("silence")
    moves.cancel_timer("answer")
    if moves.resume():
        return
    if state.phase is Phase.CLOSING:
        moves.leave("done")
        moves.hang_up()
    elif acted.transfer:
        moves.hand_over()
    elif state.asked is not None:
        freestyle.go_on(moves)
    else:
        moves.wait()


def _take_back(moves: Moves, acted: Acted) -> None:
    """The call becomes what it was before the turn."""
    state = moves.state
    speech = state.speech
    if speech is not None:
        if not speech.stopped:
            moves.actions.append(Stop(speech.say_id))
            speech.stopped = True
            state.interruptions += speech.started_ms is not None
        moves.say_is_over()
    for kind in [kind for kind in state.timers if kind != "call"]:
        moves.cancel_timer(kind)
    moves.cancel_ask()
    before = _copy(acted.before)
    moves.record("retraction", **_retraction(state, before, acted))
    for name in state.__struct_fields__:
        if name not in _NOW:
            setattr(state, name, getattr(before, name))
    state.phase = Phase.OPEN
    state.broken, state.heard = None, []
    state.floor_ms = before.floor_ms
    if "call" not in state.timers:
        moves.limit_call()


def _retraction(state: CallState, kept: CallState, acted: Acted) -> dict[str, object]:
    return {
        "start_ms": acted.heard.start_ms,
        "steps": [name for name in state.outcomes if name not in kept.outcomes],
        "score": kept.score,
        "callback": acted.callback and kept is not state,
        "disposition": bool(state.disposition) and not kept.disposition,
    }


def _done(before: Moves, said: answers.Reading) -> Moves:
    """What is done of a reading, tried on a copy."""
    scratch = Moves(before.brain, _copy(before.state), before.now)
    answers.act(scratch, said)
    return scratch


def _essence(actions: list[Action]) -> list[object]:
    """What is said, asked and recorded, without the ids."""
    found: list[object] = []
    for action in actions:
        match action:
            case Say(clips=clips, interruptible=interruptible):
                found.append((clips, interruptible))
            case AskFreestyle(text=text) | AskIntent(text=text):
                found.append((type(action), text))
            case Record() | Transfer() | Hangup():
                found.append(action)
    return found


def _copy(state: CallState) -> CallState:
    acted, state.acted = state.acted, None
    try:
        return restore(dump(state))
    finally:
        state.acted = acted
