"""What an utterance means on the rail, and the move it calls for.

Precedence: optout, wrong_person, human, callback, an objection or question we have an answer to,
affirm or deny, repeat, greeting, unclear. Which of them an utterance is belongs to
`understanding.py`; this module only adds what the state of the call decides.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from agentd.dialogue import doubt
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.events import Utterance
from agentd.dialogue.expectations import expectation
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.recording import without_refusal
from agentd.dialogue.said_times import aloud
from agentd.dialogue.scenario import CONFIRM_TIME, HELLO, IS_LEADS
from agentd.dialogue.spoken_times import Moment, holds_time, understand_time
from agentd.dialogue.state import Then
from agentd.dialogue.text import normalise
from agentd.dialogue.understanding import HUMAN_ENTRY

# Acted on whenever they are said, also over an announcement that is heard to its end.
ALWAYS_HEARD = frozenset({Intent.OPTOUT, Intent.WRONG_PERSON, Intent.HUMAN, Intent.CALLBACK})

# "non, du soir": the half of the day of an hour already named.
_HALF = re.compile(r"(?:\w+ )*?(?:du |le |plutot |au )(matin|soir)(?: \w+){0,3}")


def _tokens(text: str) -> frozenset[str]:
    return frozenset(normalise(text).split())


_HESITATION = _tokens("euh heu hum hem hm hmm mm mmh mhm mmm ah oh eh bah ben")
_BACKCHANNEL = _HESITATION | _tokens(
    "oui ouais ok okay d accord ah bon je vois tres bien entendu voila exact"
)


@dataclass(frozen=True)
class Reading:
    """One utterance as understood.

    clear: false when it was recognised too badly to use. ended_ms: its last sound.
    guessed: the language model has said what it wants, where rules abstain. unrecorded: it refuses
    to be recorded, whatever else it says. maybe_optout: it may be an opt-out, which is asked.
    """

    text: str
    intent: Intent
    objection: str | None
    clear: bool = True
    ended_ms: int = 0
    guessed: bool = False
    unrecorded: bool = False
    maybe_optout: bool = False


def has_words(text: str) -> bool:
    """False for an empty text and for mere hesitation ("euh", "mmh")."""
    return not set(normalise(text).split()) <= _HESITATION


def is_backchannel(text: str) -> bool:
    """True when an utterance only says "I am listening" ("d'accord", "oui oui", "mmh")."""
    return set(normalise(text).split()) <= _BACKCHANNEL


def read(moves: Moves, heard: Utterance) -> Reading:
    """Understand an utterance where the call stands.

    An opt-out counts in any reading of the recogniser and at any confidence: calling back someone
    who asked us not to is worse than losing a call. So does a refusal to be recorded.
    """
    readings = (heard.text, *heard.alternatives) if moves.state.recorded else ()
    rests = [rest for text in readings if (rest := without_refusal(text)) is not None]
    if not rests:
        return _read(moves, heard)
    rest = rests[0]
    if not has_words(rest):
        return Reading(heard.text, Intent.UNCLEAR, None, unrecorded=True)
    said = _read(moves, msgspec.structs.replace(heard, text=rest, alternatives=()))
    return replace(said, text=heard.text, unrecorded=True)


def _read(moves: Moves, heard: Utterance) -> Reading:
    brain, state = moves.brain, moves.state
    expected = None
    if state.callback is None and not state.doubt and state.step in moves.scenario.steps:
        expected = expectation(moves.step)
    first = brain.understand(heard.text, brain.matcher, expected)
    for text in heard.alternatives:
        other = brain.understand(text, brain.matcher, expected)
        if other.intent is Intent.OPTOUT:
            return Reading(heard.text or text, Intent.OPTOUT, None, ended_ms=heard.end_ms)
    if first.intent is not Intent.OPTOUT and heard.confidence < brain.confidence_floor:
        return Reading(
            heard.text,
            Intent.UNCLEAR,
            None,
            clear=False,
            ended_ms=heard.end_ms,
            maybe_optout=first.maybe_optout,
        )
    objection = None
    if first.intent in (Intent.OBJECTION, Intent.QUESTION):
        objection = first.objection if first.objection in brain.matcher.entries else None
    elif first.intent is Intent.HUMAN and moves.scenario.transfer is None:
        objection = HUMAN_ENTRY if HUMAN_ENTRY in brain.matcher.entries else None
    return Reading(
        heard.text,
        first.intent,
        objection,
        ended_ms=heard.end_ms,
        maybe_optout=first.maybe_optout,
    )


def act(moves: Moves, said: Reading) -> None:
    """Answer what was said."""
    state = moves.state
    state.silences = state.noises = 0
    if said.intent is Intent.OPTOUT:
        opt_out(moves, "optout", said.text)
    elif state.doubt:
        _settle_doubt(moves, said)
    elif doubt.wants(moves, maybe=said.maybe_optout):
        doubt.ask(moves, said.text)
    elif said.intent is Intent.WRONG_PERSON:
        moves.goodbye(
            Disposition.WRONG_PERSON, [moves.phrase("bye_wrong_person")], outcome="wrong_person"
        )
    elif state.callback is not None:
        _act_on_moment(moves, said)
    elif said.intent is Intent.HUMAN:
        _human(moves, said)
    elif state.step == CONFIRM_TIME and _is_moment(said):
        _appoint(moves, said)
    elif said.intent is Intent.CALLBACK:
        _callback(moves, said)
    elif said.unrecorded:
        _unrecorded(moves, said)
    elif said.intent in (Intent.OBJECTION, Intent.QUESTION):
        _object(moves, said)
    elif said.intent is Intent.AFFIRM:
        moves.advance("affirm")
    elif said.intent is Intent.DENY:
        _deny(moves)
    elif said.intent is Intent.REPEAT:
        _say_again(moves)
    elif said.intent is Intent.GREETING:
        if state.step == HELLO:
            moves.advance("affirm")
        else:
            ask_again(moves)
    elif said.clear and not said.guessed and state.second_opinion and len(said.text.split()) > 1:
        moves.ask_model("intent", said.text, said.intent, said.ended_ms)
    else:
        ask_again(moves, "not_understood" if said.clear else "hear_badly")


def ask_again(moves: Moves, lead_in: str = "") -> None:
    """Ask the step's question again after phrase `lead_in`, or move on when its turns are spent."""
    if moves.turns_left:
        moves.turn([*([moves.phrase(lead_in)] if lead_in else []), *moves.question()])
    else:
        moves.advance("unscored")


def silence(moves: Moves) -> None:
    """Nothing was said for a while: reprompt once, then goodbye."""
    state = moves.state
    if state.screening:
        _nobody_came(moves)
        return
    state.silences += 1
    if state.doubt:
        opt_out(moves, "optout", state.doubt)
    elif state.callback is not None:
        _close_callback(moves, state.callback)
    elif state.silences >= 2 and not state.lead:
        moves.goodbye(Disposition.NO_ANSWER, [moves.phrase("bye_no_answer")], outcome="silence")
    elif state.silences >= 2:
        moves.advance("silence")
    elif not moves.turns_left:
        moves.advance("unscored")
    elif moves.step.reprompt.strip():
        moves.turn([moves.scenario.clip(state.step, "reprompt")])
    else:
        moves.turn([moves.phrase("still_there"), *moves.question()])


def noise(moves: Moves) -> None:
    """There was sound but no word: wait on; the second time in a row, say we hear badly."""
    state = moves.state
    state.noises += 1
    if state.noises < 2:
        moves.wait()
        return
    state.noises = 0
    if state.doubt:
        _settle_doubt(moves, Reading("", Intent.UNCLEAR, None))
    elif state.callback is not None:
        _close_callback(moves, state.callback)
    else:
        ask_again(moves, "hear_badly")


def opt_out(moves: Moves, reason: str, text: str) -> None:
    """Never again: the suppression is committed before the apology is begun."""
    moves.suppress(reason, text)
    moves.goodbye(Disposition.OPT_OUT, [moves.phrase("bye_optout")], outcome="optout")


def _settle_doubt(moves: Moves, said: Reading) -> None:
    """We asked whether it was an opt-out; this is the answer."""
    refusal = _is_refusal(moves, said)
    match doubt.settled(moves, said.intent, maybe=said.maybe_optout, refusal=refusal):
        case doubt.Settled.OPTOUT:
            opt_out(moves, "optout", moves.state.doubt)
        case doubt.Settled.AGAIN:
            doubt.put(moves)
        case doubt.Settled.NO:
            doubt.forget(moves)
            _back_to_question(moves)
        case doubt.Settled.GOES_ON:
            doubt.forget(moves)
            act(moves, said)


def _back_to_question(moves: Moves) -> None:
    if moves.state.callback is not None:
        _ask_when(moves)
    else:
        ask_again(moves, "understood")


def _nobody_came(moves: Moves) -> None:
    """A screening assistant has been told who calls, and nobody has come to the telephone."""
    moves.leave("screening")
    moves.dispose(Disposition.NO_ANSWER, "screening: nobody came")
    moves.hang_up()


def transfer_failed(moves: Moves) -> None:
    """No person took the call: say so, and go on where we were."""
    apology = moves.phrase("transfer_failed")
    if moves.state.callback is not None:
        _close_callback(moves, moves.state.callback, apology=True)
    elif moves.state.lead and moves.state.step == IS_LEADS:
        moves.advance("affirm", [apology])  # the lead is one all the same
    elif moves.turns_left:
        moves.turn([apology, *moves.question()])
    else:
        moves.advance("unscored", [apology])


def keep_callback(moves: Moves, cause: str) -> None:
    """Who asked to be called back and hung up on our question when is called back all the same."""
    state = moves.state
    if state.callback is not None and not state.disposition:
        moment, _ = _moment(moves, state.callback)
        moves.record("callback", text=state.callback, purpose="callback", **_window(moment))
        moves.dispose(Disposition.CALLBACK, cause)


def _unrecorded(moves: Moves, said: Reading) -> None:
    """The recording has been erased: say so, and go on. A no beside it was to the recording."""
    noted = moves.phrase("recording_stopped")
    if said.intent is Intent.AFFIRM:
        moves.advance("affirm", [noted])
    elif moves.turns_left:
        moves.turn([noted, *moves.question()])
    else:
        moves.advance("unscored", [noted])


def _human(moves: Moves, said: Reading) -> None:
    if moves.scenario.transfer is not None:
        moves.announce_transfer()
    elif said.objection is not None:
        _respond(moves, said.objection)
    else:
        ask_again(moves, "no_human")


def _object(moves: Moves, said: Reading) -> None:
    if said.objection is None and moves.state.freestyle:
        moves.ask_model("freestyle", said.text, said.intent, said.ended_ms)
    elif said.objection is None:
        answer_unknown(moves, said.intent)
    elif said.objection in moves.state.objections and _is_refusal(moves, said):
        _deny(moves)
    else:
        _respond(moves, said.objection)


def answer_unknown(moves: Moves, intent: str) -> None:
    """The recorded answer to what no entry answers."""
    ask_again(moves, "no_answer_known" if intent == Intent.QUESTION else "not_understood")


def _is_refusal(moves: Moves, said: Reading) -> bool:
    return said.objection is not None and moves.brain.matcher.entries[said.objection].refusal


def _respond(moves: Moves, entry_id: str) -> None:
    """The recorded answer at once, then one closed question back to the rail."""
    state, entry = moves.state, moves.brain.matcher.entries[entry_id]
    state.objections.append(entry_id)
    answer = moves.entry_clip(entry_id, entry.response)
    if not moves.turns_left:
        moves.advance("unscored", [answer])
    elif state.step == CONFIRM_TIME:
        # A moment is wanted here, which no closed question asks for.
        moves.turn([answer, *moves.question()])
    else:
        after = "faq" if entry.type == "faq" else "objection"
        moves.turn([answer, moves.way_back(after)])


def _deny(moves: Moves) -> None:
    state, step = moves.state, moves.step
    if step.on_deny == "rebuttal" and not state.rebutted and moves.turns_left:
        state.rebutted = True
        moves.turn([moves.scenario.clip(state.step, "rebuttal")])
    elif step.on_deny == "goodbye":
        moves.leave("deny")
        moves.finish([moves.phrase("understood")])
    else:
        moves.advance("deny")


def _say_again(moves: Moves) -> None:
    """ "Pardon ?": the same again, without the apologies that came before it."""
    if moves.turns_left:
        moves.turn([c for c in moves.state.last if not c.key.startswith("phrases/")])
    else:
        moves.advance("unscored")


def _is_moment(said: Reading) -> bool:
    """At Confirm_Time whatever is said is the moment, save what plainly asks for something."""
    if not said.clear or said.intent in (Intent.REPEAT, Intent.GREETING):
        return False
    return holds_time(said.text) or said.intent not in (Intent.OBJECTION, Intent.QUESTION)


def _appoint(moves: Moves, said: Reading) -> None:
    """The moment agreed on at Confirm_Time: kept as said and as understood, and repeated.

    An appointment (objective "rdv") wants a moment: it is asked for again while turns are left.
    """
    moment, now = _moment(moves, said.text)
    wanted = moves.scenario.objective == "rdv" and moves.clock() is not None
    if moment is None and wanted and moves.turns_left:
        again = moves.step.reprompt.strip()
        moves.turn([moves.scenario.clip(CONFIRM_TIME, "reprompt")] if again else moves.question())
        return
    moves.record("callback", text=said.text, purpose="appointment", **_window(moment))
    repeated = [] if moment is None else [moves.live("appointment_at", aloud(moment, now))]
    moves.advance("done", repeated)


def _moment(moves: Moves, text: str) -> tuple[Moment | None, datetime]:
    """The moment a text names, and now; None when it names none or the call has no clock."""
    now = moves.clock()
    if now is None:
        return None, datetime.min
    return understand_time(text, now), now


def _window(moment: Moment | None) -> dict[str, str | None]:
    if moment is None:
        return {"start": None, "end": None}
    return {"start": moment.start.isoformat(), "end": moment.end.isoformat()}


def _callback(moves: Moves, said: Reading) -> None:
    moves.leave("callback")
    if holds_time(said.text):
        _settle_moment(moves, said.text)
        return
    moves.state.callback = said.text
    _ask_when(moves)


def _act_on_moment(moves: Moves, said: Reading) -> None:
    """We asked when to call back; what is said is kept as said, unless it is a refusal."""
    if said.intent is Intent.HUMAN and moves.scenario.transfer is not None:
        _human(moves, said)
    elif moves.state.unsure and not _is_refusal(moves, said):
        _close_callback(moves, _which_half(moves, said))
    elif not holds_time(said.text) and (said.intent is Intent.DENY or _is_refusal(moves, said)):
        moves.state.callback = None
        moves.finish([moves.phrase("understood")])
    elif said.intent is Intent.REPEAT and not moves.state.when_repeated:
        moves.state.when_repeated = True
        _ask_when(moves)
    else:
        _settle_moment(moves, said.text)


def _ask_when(moves: Moves) -> None:
    moves.say([moves.phrase("callback_when")], Then.LISTEN, interruptible=True)
    moves.listen()


def _settle_moment(moves: Moves, text: str) -> None:
    """A moment was named. "Huit heures" alone may be either half of the day: it is asked, once."""
    moment, now = _moment(moves, text)
    if moment is None or moment.sure:
        _close_callback(moves, text)
        return
    moves.state.callback = moves.state.unsure = text
    question = moves.live("moment_confirm", aloud(moment, now))
    moves.say([question], Then.LISTEN, interruptible=True)
    moves.listen()


def _which_half(moves: Moves, said: Reading) -> str:
    """The moment we were unsure of, as the answer to our question leaves it."""
    unsure = moves.state.unsure
    if half := _HALF.fullmatch(normalise(said.text)):
        return f"{unsure} du {half[1]}"
    if holds_time(said.text):
        return f"{unsure} non plutôt {said.text}"
    moment, _ = _moment(moves, unsure)
    if said.intent is Intent.DENY and moment is not None:
        return f"{unsure} du {'soir' if moment.start.hour < 12 else 'matin'}"
    return unsure


def _close_callback(moves: Moves, text: str, *, apology: bool = False) -> None:
    moment, now = _moment(moves, text)
    moves.record("callback", text=text, purpose="callback", **_window(moment))
    clips = [moves.phrase("transfer_failed")] if apology else []
    if moment is None:
        clips.append(moves.phrase("bye_callback"))
    else:
        clips += [moves.live("callback_at", aloud(moment, now)), moves.phrase("bye")]
    moves.goodbye(Disposition.CALLBACK, clips, outcome="callback")
