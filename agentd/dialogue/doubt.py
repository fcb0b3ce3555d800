"""Was that an opt-out? Asked, where words leave it open.

Calling back somebody who asked us not to is worse than losing a call, and so is hanging up on
somebody who did not ask. What may have been an opt-out, but is no plain one, is therefore put as a
question whose yes is a yes ("ne ... plus ?" can be answered either way in French). Only what
plainly goes on with the conversation, or says no, keeps the person on our list: a silence, a
hangup, or a second doubtful answer does not.
"""

from enum import Enum

from agentd.dialogue.dispositions import Disposition
from agentd.dialogue.intents import Intent
from agentd.dialogue.moves import Moves
from agentd.dialogue.state import Then

# Times one call is asked; who was asked twice and said no twice is not asked a third time.
MOST = 2
PHRASE = "optout_confirm"


class Settled(Enum):
    """What an answer to the question makes of the doubt."""

    OPTOUT = "optout"
    AGAIN = "again"  # it was not heard: put it once more
    NO = "no"
    GOES_ON = "goes on"  # with something else


def wants(moves: Moves, *, maybe: bool) -> bool:
    """Whether what was said is to be asked about. maybe: it may be an opt-out."""
    return maybe and moves.state.doubts < MOST


def ask(moves: Moves, text: str) -> None:
    """Put the question about what was said."""
    moves.cancel_ask()
    moves.state.doubt = text
    moves.state.doubts += 1
    put(moves)


def put(moves: Moves) -> None:
    """Say the question, for the first time or again."""
    moves.say([moves.phrase(PHRASE)], Then.LISTEN, interruptible=True)
    moves.listen()


def settled(moves: Moves, intent: Intent, *, maybe: bool, refusal: bool) -> Settled:
    """What the answer says. maybe: it may be an opt-out itself; refusal: it refuses the offer."""
    state = moves.state
    if maybe or refusal or intent in (Intent.OPTOUT, Intent.AFFIRM):
        return Settled.OPTOUT
    if intent is Intent.DENY:
        return Settled.NO
    if intent in (Intent.REPEAT, Intent.UNCLEAR, Intent.GREETING):
        if state.doubt_repeated:
            return Settled.OPTOUT if intent is Intent.UNCLEAR else Settled.GOES_ON
        state.doubt_repeated = True
        return Settled.AGAIN
    return Settled.GOES_ON


def forget(moves: Moves) -> None:
    """It was none."""
    moves.state.doubt, moves.state.doubt_repeated = "", False


def keep(moves: Moves, cause: str) -> None:
    """Who hangs up on our question is not called again."""
    state = moves.state
    if state.doubt and not state.disposition:
        moves.suppress("optout", state.doubt)
        moves.dispose(Disposition.OPT_OUT, cause)
