"""Nobody, but something, has picked up: a machine, the network, an assistant that screens calls.

- A machine: VOICEMAIL, committed at once. Without a message in the scenario we hang up; with one we
  wait for the beep, or for a greeting that is over without one, leave it, and hang up. A beep that
  comes after we began for want of one begins the message anew.
- The network says that nobody can be reached there: UNREACHABLE, and we hang up.
- A screening assistant is told what a person is: who calls, for whom and why. Whoever speaks next
  is taken for the person, who has heard none of it, and is told again.
"""

from agentd.dialogue import answers
from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.events import Amd, GreetingOver, Utterance
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.scenario import HELLO
from agentd.dialogue.state import Phase, Then

# Whoever has answered this many steps is a person, whatever it sounds like.
_A_PERSON = 2
# What a screening assistant may say that counts; the rest of its words are no answers.
_MEANT = frozenset({Intent.OPTOUT, Intent.WRONG_PERSON})


def amd(moves: Moves, event: Amd) -> None:
    """Who has picked up, while the call is open."""
    state = moves.state
    if event.verdict in ("human", "undecided"):
        state.amd = state.amd or event.verdict
    elif len(state.outcomes) >= _A_PERSON or _asks_to_be_left_alone(moves):
        return
    elif event.verdict == "screening":
        state.amd = event.verdict
        _screened(moves)
    else:
        state.amd = event.verdict
        _nobody(moves, event)


def greeting_over(moves: Moves, event: GreetingOver) -> None:
    """What picked up has said its text, and listens."""
    state = moves.state
    if state.phase is Phase.OPEN:
        if state.screening == "asks":
            tell(moves)
        elif state.screening == "holds" and state.speech is None:
            state.screening = "told"
            moves.wait()
    elif state.message == "waiting" or (
        state.message == "silence" and event.by == "beep" and state.speech is not None
    ):
        state.message = event.by
        message = moves.scenario.own_clip("voicemail")
        assert message is not None, "a message is only waited with when the scenario has one"
        moves.cancel_timer("machine")
        moves.say([message], Then.HANGUP, interruptible=False)


def timed_out(moves: Moves) -> None:
    """A machine that never listens is left; an assistant is told all the same."""
    if moves.state.phase is Phase.OPEN:
        if moves.state.screening == "asks":
            tell(moves)
    else:
        moves.hang_up()


def tell(moves: Moves) -> None:
    """Tell the assistant who calls."""
    moves.cancel_timer("machine")
    moves.state.screening = "told"
    moves.enter(HELLO)


def utterance(moves: Moves, heard: Utterance, said: answers.Reading | None) -> bool:
    """What is said while an assistant screens us; False when it is to be handled as usual."""
    state = moves.state
    if not state.screening:
        return False
    if said is not None and said.intent in _MEANT:
        return False
    if state.screening == "told":
        if state.speech is not None:
            return False  # kept until its end
        if said is not None and answers.has_words(heard.text):
            person(moves)
            return True
    if state.speech is None and state.screening != "asks":
        moves.wait()
    return True


def person(moves: Moves) -> None:
    """Somebody has come to the telephone: the disclosure is for them."""
    moves.state.screening = ""
    moves.enter(HELLO)


def _asks_to_be_left_alone(moves: Moves) -> bool:
    """What has been understood so far is an opt-out: a person's, who must be heard out."""
    partial = moves.state.partial
    if not partial.strip():
        return False
    last = Utterance(partial, 1.0, moves.now, moves.now)
    return answers.read(moves, last).intent is Intent.OPTOUT


def _screened(moves: Moves) -> None:
    state = moves.state
    if state.screening == "told":
        state.screening = "holds"
    elif not state.screening:
        state.screening = "asks"
        _stop_talking(moves)
        moves.start_timer("machine", moves.brain.timing.screening_s)


def _nobody(moves: Moves, event: Amd) -> None:
    state = moves.state
    _stop_talking(moves)
    if event.verdict == "announcement":
        moves.leave("announcement")
        moves.dispose(Disposition.UNREACHABLE, event.reason)
        moves.hang_up()
        return
    moves.leave("machine")
    moves.dispose(Disposition.VOICEMAIL, event.reason)
    if moves.scenario.own_clip("voicemail") is None:
        moves.hang_up()
        return
    moves.cancel_timer("call")
    state.phase = Phase.CLOSING
    state.message = "waiting"
    moves.start_timer("machine", moves.brain.timing.machine_s)


def _stop_talking(moves: Moves) -> None:
    """Also the disclosure: nobody is there to hear it."""
    state = moves.state
    moves.silence_ourselves()
    moves.cancel_ask()
    state.broken, state.heard = None, []
    for kind in ("silence", "answer"):
        moves.cancel_timer(kind)
