"""Recording of the call: begun once the prospect has been told of it, ended and erased when they
object (GDPR art. 21; the CNIL asks that a person called may refuse to be recorded).

Not an intent of its own: the call goes on, and what else was said still counts.
"""

import re

from agentd.dialogue.actions import StartRecording, StopRecording
from agentd.dialogue.floor import Floor
from agentd.dialogue.text import normalise

ON, REFUSED = "on", "refused"

_WISH = (
    r"(?:veu[xt]|veuille|voul\w+|voudrai\w*|souhait\w+|accept\w+|autoris\w+|desir\w+|permet\w*|"
    r"consen\w+|tiens|aim\w+|envie|d accord|question|consentement|accord)"
)
_RECORD = r"(?:r?enregistr\w+|enregistr)"
_REFUSAL = re.compile(
    r"\b(?:"
    rf"(?:{_WISH} pas|pas {_WISH})(?: \w+){{0,5}}? {_RECORD}|"
    rf"(?:refus\w+|oppos\w+|interdi\w+|contre)(?: \w+){{0,4}}? {_RECORD}|"
    rf"(?:arret\w+|coup\w+|stopp?\w*|etei\w+|effac\w+|supprim\w+|desactiv\w+|enlev\w+|"
    rf"interromp\w+|detrui\w+)(?: \w+){{0,2}}? {_RECORD}|"
    rf"(?:sans|pas d|pas de|plus d)(?: (?:m|me|nous|etre|l))* {_RECORD}|"
    rf"m {_RECORD} (?:pas|plus)|"
    rf"{_RECORD}(?: \w+){{0,4}}? (?:je (?:ne )?(?:le |la |l )?{_WISH} pas|je refuse|"
    r"(?:je |j )?m y oppose|non merci|hors de question|pas d accord|c est non)"
    r")\b"
)


def without_refusal(text: str) -> str | None:
    """What is left of `text` (normalised) besides a refusal to be recorded; None without one."""
    bare = normalise(text)
    rest = _REFUSAL.sub(" ", bare)
    return None if rest == bare else " ".join(rest.split())


def begin(moves: Floor) -> None:
    """The notice has been heard: record from now on."""
    if moves.state.recorded and not moves.state.recording:
        moves.state.recording = ON
        moves.record("recording", state="started")
        moves.actions.append(StartRecording())


def refuse(moves: Floor) -> None:
    """Nothing of this call is kept as sound; the transcript stays."""
    if moves.state.recorded and moves.state.recording != REFUSED:
        begun = moves.state.recording == ON
        moves.state.recording = REFUSED
        moves.record("recording", state="refused")
        if begun:
            moves.actions.append(StopRecording(erase=True))


def hand_over(moves: Floor) -> None:
    """The call goes to a person, who has agreed to nothing: what follows is not recorded."""
    if moves.state.recording == ON:
        moves.actions.append(StopRecording())


def go_on(moves: Floor) -> None:
    """The call is ours again: the switch is told once more, which changes nothing when it still
    records; and what was to be erased is, should the agentd before us have died over it."""
    if moves.state.recording == ON:
        moves.actions.append(StartRecording())
    elif moves.state.recording == REFUSED:
        moves.actions.append(StopRecording(erase=True))
