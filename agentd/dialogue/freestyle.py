"""What the language model is asked for, and what becomes of its answers.

An utterance no recording answers is put to the model (`Floor.ask_model`), which has until the
deadline. Its sentences are said as they come, the first at once, the next in one Say with a closed
question back to the rail. When it is late, refused by its guard or broken, the recorded answer
takes its place: whatever happens to the model, something is said.
"""

from agentd.dialogue import answers
from agentd.dialogue.actions import CancelAsk, Clip, Prepare, Stop
from agentd.dialogue.answers import Reading
from agentd.dialogue.events import FreestyleFailed, FreestyleSentence, IntentGuessed
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.scenario import CONFIRM_TIME, IS_LEADS
from agentd.dialogue.state import Ask, Speech, Then

MOST_SENTENCES = 2
_AFTER: dict[str, str] = {Intent.QUESTION: "faq", Intent.OBJECTION: "objection"}
_FILLERS = ("filler_question", "filler_so")


def sentence(moves: Moves, event: FreestyleSentence) -> None:
    """The model has finished a sentence."""
    ask = _live(moves, event.ask_id)
    if ask is None or ask.kind != "freestyle":
        return
    text = event.text.strip()
    if text:
        number = len(ask.spoken) + len(ask.ready) + 1
        clip = Clip(f"freestyle/{ask.ask_id}-{number}", text)
        ask.ready = (*ask.ready, clip)
        moves.cancel_timer("filler")
        if moves.state.speech is not None or moves.state.speaking:
            moves.actions.append(Prepare((clip,)))
    if event.last:
        ask.over = True
    elif len(ask.spoken) + len(ask.ready) >= MOST_SENTENCES:
        _enough(moves, ask)
    if moves.state.speech is None and not moves.state.speaking:
        go_on(moves)


def failed(moves: Moves, event: FreestyleFailed) -> None:
    """Nothing more will come."""
    ask = _live(moves, event.ask_id)
    if ask is None:
        return
    ask.over = True
    if not ask.spoken and not ask.ready:
        moves.ask_became(event.cause, event.reason)
    moves.cancel_timer("filler")
    if moves.state.speech is None and not moves.state.speaking:
        go_on(moves)


def guessed(moves: Moves, event: IntentGuessed) -> None:
    """The model's opinion on what rules abstained from.

    An opt-out is always believed. That we have the wrong person, and the yes that makes a lead, are
    not taken on a guess: they are asked again.
    """
    ask = _live(moves, event.ask_id)
    if ask is None or ask.kind != "intent":
        return
    ask.over = True
    moves.ask_became("answered", event.intent)
    moves.cancel_ask()
    intent = Intent(event.intent) if event.intent in list(Intent) else Intent.UNCLEAR
    if intent is Intent.WRONG_PERSON:
        intent = Intent.UNCLEAR
    if intent is Intent.AFFIRM and moves.state.step == IS_LEADS:
        intent = Intent.UNCLEAR
    if moves.state.speaking and intent is not Intent.OPTOUT:
        moves.wait()  # for what is being added
        return
    answers.act(moves, Reading(ask.text, intent, None, ended_ms=ask.heard_ms, guessed=True))


def started(moves: Moves, speech: Speech) -> None:
    """A Say can be heard: with the model's first sentence in it, the deadline has been met."""
    ask = moves.state.asked
    if ask is not None and ask.spoken and speech.then is Then.MORE:
        moves.cancel_timer("ask")
        moves.ask_became("answered")


def deadline(moves: Moves) -> None:
    """The model, or the synthesis of what it wrote, has taken too long."""
    state = moves.state
    ask, speech = state.asked, state.speech
    if ask is None:
        return
    unheard = ask.spoken and speech is not None and speech.started_ms is None
    _enough(moves, ask)
    if unheard:
        moves.ask_became("no sound")
    elif not ask.spoken and not ask.ready:
        moves.ask_became("late")
    if unheard and speech is not None:
        moves.actions.append(Stop(speech.say_id))
        moves.say_is_over()
        ask.spoken = ask.ready = ()
    if state.speech is None:
        go_on(moves)


def fill_in(moves: Moves) -> None:
    """No sentence yet: a short recorded one covers the wait."""
    state = moves.state
    ask = state.asked
    if ask is None or ask.spoken or ask.ready or state.speech is not None or state.speaking:
        return
    name = "filler_objection"
    if ask.intent == Intent.QUESTION:
        name = _FILLERS[(state.seed + state.asks) % len(_FILLERS)]
    moves.say([moves.phrase(name)], Then.MORE, interruptible=True)


def unsaid(moves: Moves, speech: Speech) -> None:
    """A Say could not be played: if it held the first of the model's sentences, nothing of its
    answer has been heard."""
    ask = moves.state.asked
    if ask is not None and speech.then is Then.MORE and speech.clips == ask.spoken:
        _enough(moves, ask)
        moves.ask_became("no sound")
        ask.spoken = ask.ready = ()


def goes_on_over(ask: Ask, text: str) -> bool:
    """True for sounds of the prospect that take nothing back of what they asked."""
    if ask.kind == "intent":
        return not answers.has_words(text)
    return answers.is_backchannel(text)


def go_on(moves: Moves) -> None:
    """Nothing is being said: say what there is of the answer, or wait for it."""
    ask = moves.state.asked
    if ask is None:
        _land(moves, ())
    elif ask.ready and not ask.spoken:
        first, rest = ask.ready[0], ask.ready[1:]
        ask.ready, ask.spoken = rest, (first,)
        moves.cancel_timer("filler")
        moves.say([first], Then.MORE, interruptible=True)
    elif ask.ready:
        _land(moves, ask.ready, ask.intent)
    elif not ask.over:
        if ask.spoken:
            moves.start_timer("ask", moves.brain.timing.gap_s)
    elif ask.spoken:
        _land(moves, (), ask.intent)
    else:
        moves.cancel_ask()
        answers.answer_unknown(moves, ask.intent)


def _land(moves: Moves, clips: tuple[Clip, ...], intent: str = "") -> None:
    """Back to the rail: the rest of the answer with a closed question, or with the next step."""
    state = moves.state
    before = state.asked.spoken if state.asked is not None else ()
    moves.cancel_ask()
    if not moves.turns_left:
        moves.advance("unscored", clips)
        return
    if state.step == CONFIRM_TIME:
        back = moves.question()
    else:
        back = (moves.way_back(_AFTER.get(intent, "other")),)
    moves.turn([*clips, *back])
    state.last = (*before, *state.last)


def _enough(moves: Moves, ask: Ask) -> None:
    if not ask.over:
        ask.over = True
        moves.actions.append(CancelAsk(ask.ask_id))


def _live(moves: Moves, ask_id: str) -> Ask | None:
    ask = moves.state.asked
    return ask if ask is not None and ask.ask_id == ask_id and not ask.over else None
