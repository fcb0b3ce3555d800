"""A live call that another agentd held until it died: say sorry, and go on where it stood.

What the dead one was saying is said again, whole: how much of it was heard, nobody knows any more.
What the prospect said meanwhile was heard by nobody, so the question is asked again.
"""

import msgspec

from agentd.dialogue import answers, doubt, hearing, recording
from agentd.dialogue.actions import Background, Clip
from agentd.dialogue.moves import Moves
from agentd.dialogue.state import CallState, Phase, Speech, Then, restore

# A call that has outlived this many agentd may be what ends them.
MOST = 2


def resume(moves: Moves, memory: str) -> None:
    """Take the call up again from what was remembered of it; politely end it when that is nothing
    this agentd can go on from (another version's, or of a scenario edited since)."""
    state = moves.state
    held = _read(memory)
    if held is None:
        state.phase = Phase.OPEN
        hearing.fault(moves, "the state of the call cannot be read")
        return
    cut = _become(state, held, moves.now)
    if state.phase in (Phase.OVER, Phase.GONE) or (state.phase is Phase.CLOSING and cut is None):
        moves.hang_up()
    elif state.phase is Phase.CLOSING:
        assert cut is not None
        moves.say(_again(moves, cut.clips), Then.HANGUP, interruptible=False)
    elif state.step not in moves.scenario.steps:
        state.phase, state.step = Phase.OPEN, ""
        hearing.fault(moves, "the scenario has changed during the call")
    elif state.takeovers > MOST:
        state.phase = Phase.OPEN
        hearing.fault(moves, f"passed on {state.takeovers} times")
    else:
        _go_on(moves, cut)


def _read(memory: str) -> CallState | None:
    try:
        held = restore(memory.encode())
    except msgspec.DecodeError:
        return None
    return None if held.phase is Phase.NEW else held


def _become(state: CallState, held: CallState, now_ms: int) -> Speech | None:
    """Remember the same, but for what went with the process. Returns what was being said."""
    for name in held.__struct_fields__:
        setattr(state, name, getattr(held, name))
    cut, state.speech = state.speech, None
    state.broken, state.heard, state.timers, state.acted = None, [], {}, None
    state.asked = None  # of a model that went with it: what was said is asked for again
    state.partial, state.speaking = "", False
    if state.screening:  # whoever speaks next is taken for the person
        state.screening = "told"
    state.silences = state.noises = state.failures = 0
    state.floor_ms = now_ms
    state.takeovers += 1
    state.unsure = ""
    return cut


def _go_on(moves: Moves, cut: Speech | None) -> None:
    state = moves.state
    if moves.scenario.background:
        moves.actions.append(Background(moves.scenario.background))
    recording.go_on(moves)
    moves.limit_call()
    if state.suppressed:
        state.phase = Phase.OPEN
        answers.opt_out(moves, "optout", "")
    elif state.phase is Phase.TRANSFERRING and cut is None:
        # It was asked for, and yet the call is with us.
        state.phase = Phase.OPEN
        answers.transfer_failed(moves)
    elif cut is not None:
        moves.say(_again(moves, cut.clips), cut.then, interruptible=cut.interruptible)
        if cut.then is Then.LISTEN:
            moves.listen()
    else:
        asked: tuple[Clip, ...]
        if state.doubt:
            asked = (moves.phrase(doubt.PHRASE),)
        elif state.callback is not None:
            asked = (moves.phrase("callback_when"),)
        else:
            asked = moves.question()
        moves.say(_again(moves, asked), Then.LISTEN, interruptible=True)
        moves.listen()


def _again(moves: Moves, clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    sorry = moves.phrase("resumed")
    return (sorry, *(clip for clip in clips if clip.key != sorry.key))
