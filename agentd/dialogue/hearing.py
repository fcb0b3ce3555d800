"""Who has the floor: speech of the prospect during, after and over our own.

- An utterance during a Say is kept until the Say ends. An opt-out or what may be one, a wrong
  person, the wish for a person or to be called back is always acted on: at once when the Say may be
  interrupted, else at its end. Any other counts as the answer only when it ended after the Say or
  in its last 700 ms.
- An Overlap (somebody speaks, and it is too early to tell) holds an interruptible Say where it is,
  until it is over.
- An Interruption (the ears judge that it is meant) stops an interruptible Say, and so do words that
  are plainly no backchannel. If the utterance turns out to be empty, a mere "d'accord" while the
  question was still to come, or the rest of a yes to the question before, the Say is resumed; else
  it is the answer.
"""

from agentd.dialogue import answers, freestyle, goes_on, machines, recording
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.events import (
    Interruption,
    Overlap,
    SayDone,
    SayFailed,
    SpeechStarted,
    Utterance,
)
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.phrases import LIVE
from agentd.dialogue.scenario import HELLO
from agentd.dialogue.state import Phase, Speech, Then

# Utterances kept during one Say; the oldest ordinary one goes first when there are more.
_MAX_KEPT = 8
# Rough pace of our voice, to know whether the last clip (the question) had been reached.
_MS_PER_CHAR = 65
# Nobody answers a question within this time of its first sound.
_REACTION_MS = 400
# What nobody says only to show that they listen: it stops us as soon as it is read.
_MEANT = answers.ALWAYS_HEARD | {Intent.OBJECTION, Intent.QUESTION}


def utterance(moves: Moves, heard: Utterance) -> None:
    """A finished turn of the prospect, while the call is open."""
    state = moves.state
    if goes_on.utterance(moves, heard):
        return
    state.speaking, state.partial = False, ""
    spoken = answers.has_words(heard.text)
    # Words nobody could make out are no noise: an opt-out may be among what they may have been.
    mumbled = not heard.text.strip() and any(map(answers.has_words, heard.alternatives))
    said = answers.read(moves, heard) if heard.text.strip() or mumbled else None
    if said is not None:
        moves.record_prospect(heard, said.intent, said.objection)
        if said.intent is Intent.OPTOUT:
            # Committed now: whatever happens to the call next, it is not lost.
            moves.suppress("optout", said.text)
        if said.unrecorded:
            recording.refuse(moves)
        spoken = spoken or said.intent in answers.ALWAYS_HEARD
    if spoken:
        state.silences = state.noises = 0
    if machines.utterance(moves, heard, said):
        return
    special = said is not None and _special(said)
    if state.speech is not None:
        if special and said is not None and state.speech.interruptible:
            moves.interrupted()
            goes_on.act(moves, heard, said)
        elif spoken or state.speech.stopped:
            _keep(moves, heard)
        return
    if state.asked is not None:
        if not special and freestyle.goes_on_over(state.asked, heard.text):
            moves.cancel_timer("silence")
            moves.cancel_timer("answer")
            if not moves.resume():
                freestyle.go_on(moves)
            return
        moves.cancel_ask()
    moves.cancel_timer("silence")
    moves.cancel_timer("answer")
    if said is None or not (spoken or mumbled):
        if not moves.resume():
            answers.noise(moves)
    elif state.broken is not None:
        _settle(moves, heard, said)
    elif special or not _too_early(moves, heard):
        if goes_on.goes_on_already(state, heard) and said.intent is not Intent.OPTOUT:
            goes_on.remember(moves, heard, decided=False)
            state.speaking = True
            moves.wait()
        else:
            goes_on.act(moves, heard, said)
    else:
        moves.wait()


def speech_started(moves: Moves, event: SpeechStarted) -> None:
    """The prospect begins to speak."""
    state = moves.state
    goes_on.speech_started(moves, event.at_ms)
    state.speaking = True
    if state.speech is None and state.asked is None:
        moves.wait()


def interruption(moves: Moves, event: Interruption) -> None:
    """The prospect speaks over us, and means it."""
    speech = moves.state.speech
    if speech is None or speech.say_id != event.say_id:
        return
    if not speech.interruptible or speech.stopped:
        return
    # What the model still writes is kept until it is known what the prospect means.
    moves.state.speaking = True
    moves.interrupted()


def overlap(moves: Moves, event: Overlap) -> None:
    """Somebody speaks while we do: hold on until it is known what it is."""
    speech = moves.state.speech
    if speech is None or speech.say_id != event.say_id:
        return
    if event.over and not goes_on.waits(moves.state):
        moves.go_on()
    elif not event.over:
        moves.hold()


def partial(moves: Moves, text: str) -> None:
    """Words of an utterance that still goes on. While we speak they tell sooner than its length
    whether it is meant: "non merci" is shorter than many a "d'accord"."""
    state, speech = moves.state, moves.state.speech
    state.partial = text
    if speech is None or speech.stopped or not speech.interruptible or not answers.has_words(text):
        return
    if answers.is_backchannel(text):
        if not goes_on.waits(state):
            moves.go_on()
        return
    read = answers.read(moves, Utterance(text, 1.0, moves.now, moves.now))
    refuses = read.intent is Intent.DENY and len(text.split()) > 1
    if read.intent in _MEANT or read.maybe_optout or refuses:
        state.speaking = True
        moves.interrupted()


def say_done(moves: Moves, event: SayDone) -> None:
    """Our Say has ended."""
    state = moves.state
    if state.speech is None or state.speech.say_id != event.say_id:
        return
    speech = state.speech
    if speech.started_ms is None and (event.completed or event.heard_ms > 0):
        speech.started_ms = max(0, moves.now - max(0, event.heard_ms))
        goes_on.sounds(moves, speech.started_ms)
    moves.say_is_over(completed=event.completed)
    state.failures = 0
    kept, state.heard = state.heard, []
    if event.completed and _is_disclosure(moves, speech):
        recording.begin(moves)
    if event.completed:
        goes_on.heard_out(moves, speech)
    cut = speech.stopped and not event.completed
    if cut:
        speech.heard_ms = speech.offset_ms + max(0, event.heard_ms)
    if goes_on.say_over(moves, speech, cut=cut):
        return
    if cut:
        state.broken = speech
        if not kept and not state.speaking and moves.resume():
            return  # who made us stop had nothing to say
    if state.phase is not Phase.OPEN:
        _after(moves, speech)
        return
    _after(moves, speech, kept, cut=cut)


def say_failed(moves: Moves, event: SayFailed) -> None:
    """A Say could not be played: once is passed over, twice in a row is a fault."""
    state = moves.state
    speech = state.speech
    if speech is None or speech.say_id != event.say_id:
        return
    moves.say_is_over()
    freestyle.unsaid(moves, speech)
    state.failures += 1
    kept, state.heard = state.heard, []
    recorded = tuple(clip for clip in speech.clips if not clip.key.startswith(LIVE))
    if state.phase is Phase.OPEN and state.failures >= 2:
        fault(moves, event.reason)
    elif state.failures == 1 and recorded and recorded != speech.clips:
        # A moment that could not be synthesised must cost no question, and no goodbye.
        moves.say(recorded, speech.then, interruptible=speech.interruptible)
        state.heard = kept
        if speech.then is Then.LISTEN:
            moves.listen()
    elif state.phase is Phase.OPEN and _is_disclosure(moves, speech):
        # Nothing may be asked before the disclosure has been heard.
        moves.say(speech.clips, speech.then, interruptible=speech.interruptible)
        if speech.then is Then.LISTEN:
            moves.listen()
    else:
        _after(moves, speech, kept)


def fault(moves: Moves, reason: str, *, speakable: bool = True) -> None:
    """Something technical broke: FAILED (a lead already decided stays one), politely if we can."""
    state = moves.state
    if state.phase in (Phase.OPEN, Phase.TRANSFERRING) and speakable:
        moves.goodbye(
            Disposition.LEAD if state.lead else Disposition.FAILED,
            [moves.phrase("bye_technical")],
            outcome="failed",
            reason=reason,
        )
    elif state.phase is not Phase.CLOSING or not speakable:
        moves.silence_ourselves()
        moves.leave("failed")
        moves.dispose(Disposition.LEAD if state.lead else Disposition.FAILED, reason)
        moves.hang_up()


def _after(
    moves: Moves, speech: Speech, kept: list[Utterance] | None = None, *, cut: bool = False
) -> None:
    """What follows the end of a Say, given the utterances that came during it."""
    readings = [(heard, answers.read(moves, heard)) for heard in kept or ()]
    urgent = answers.ALWAYS_HEARD
    if speech.then is Then.TRANSFER:
        # A person is what they are about to get.
        urgent = urgent - {Intent.HUMAN, Intent.CALLBACK}
    special = [
        (heard, said)
        for heard, said in readings
        if said.intent in urgent or said.unrecorded or said.maybe_optout
    ]
    special.sort(key=lambda one: (one[1].intent is not Intent.OPTOUT, not one[1].maybe_optout))
    if speech.then is Then.HANGUP:
        moves.leave("done")
        moves.hang_up()
    elif special:
        goes_on.act(moves, *special[0])
    elif speech.then is Then.TRANSFER:
        moves.hand_over()
    elif cut:
        if readings:
            _settle(moves, *readings[-1])
        else:
            moves.wait()
    elif speech.then is Then.NEXT:
        moves.advance("done")
    elif speech.then is Then.MORE and not any(
        not _too_early(moves, heard) and not answers.is_backchannel(heard.text)
        for heard, _ in readings
    ):
        freestyle.go_on(moves)
    else:
        moves.cancel_ask()
        timely = [(heard, said) for heard, said in readings if not _too_early(moves, heard)]
        if moves.state.screening == "told" and any(answers.has_words(h.text) for h, _ in readings):
            machines.person(moves)
        elif timely:
            goes_on.act(moves, *timely[-1])
        else:
            moves.wait()


def _settle(moves: Moves, heard: Utterance, said: answers.Reading) -> None:
    """The utterance that stopped us: an answer, or a reason to go on with what we were saying."""
    broken = moves.state.broken
    assert broken is not None, "only called after an interruption"
    idle = not answers.has_words(heard.text) or (
        answers.is_backchannel(heard.text) and not _reached_question(broken)
    )
    if (idle or _leftover(broken, heard, said)) and not _special(said):
        moves.resume()
        return
    moves.state.broken = None
    moves.cancel_ask()
    if broken.then is Then.NEXT and not said.maybe_optout:
        # Nothing was asked; what was said only shows that the text has been understood.
        moves.advance("done")
    else:
        goes_on.act(moves, heard, said)


def _special(said: answers.Reading) -> bool:
    """What is acted on wherever it is said."""
    return said.intent in answers.ALWAYS_HEARD or said.unrecorded or said.maybe_optout


def _leftover(broken: Speech, heard: Utterance, said: answers.Reading) -> bool:
    """True for a yes begun too soon to answer this Say: it belongs to the answer before it."""
    if said.intent is not Intent.AFFIRM or broken.started_ms is None or broken.offset_ms:
        return False
    return heard.start_ms < broken.started_ms + _REACTION_MS


def _reached_question(broken: Speech) -> bool:
    """True when an interrupted Say had got to its last sentence, by a rough count of letters."""
    text = " ".join(clip.text for clip in broken.clips).rstrip(" ?.!")
    before = max((text.rfind(mark) for mark in ".!?"), default=-1) + 1
    # Two thirds into the last sentence one knows what is being asked.
    return broken.heard_ms >= (before + (len(text) - before) * 2 / 3) * _MS_PER_CHAR


def _too_early(moves: Moves, heard: Utterance) -> bool:
    return heard.end_ms < moves.state.floor_ms - moves.brain.timing.tail_ms


def _is_disclosure(moves: Moves, speech: Speech) -> bool:
    return any(clip.key == moves.scenario.clip(HELLO).key for clip in speech.clips)


def _keep(moves: Moves, heard: Utterance) -> None:
    kept = moves.state.heard
    kept.append(heard)
    if len(kept) > _MAX_KEPT:
        ordinary = (i for i, one in enumerate(kept) if not _special(answers.read(moves, one)))
        del kept[next(ordinary, 0)]
