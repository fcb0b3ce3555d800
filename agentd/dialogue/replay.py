"""Run the engine again over a stored call and say where it differs.

The journal of a call is the list of its events and actions, in order: each event followed by the
actions the engine answered with. With the same brain the same events must give the same actions.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from agentd.dialogue import actions, engine, events
from agentd.dialogue.brain import Brain
from agentd.errors import BadInput

# (milliseconds since the answer, "event" or "action", the event or action as JSON)
Row = tuple[int, str, str]


@dataclass(frozen=True)
class Difference:
    """The first place where a rerun and the journal part.

    event: the event being answered, as JSON; at_ms: its time; index: of its actions, from 0.
    stored, rerun: the action as JSON, empty where one side has none.
    """

    at_ms: int
    event: str
    index: int
    stored: str
    rerun: str

    def __str__(self) -> str:
        return (
            f"at {self.at_ms} ms, action {self.index} answering {self.event}\n"
            f"  stored: {self.stored or '(none)'}\n"
            f"  rerun:  {self.rerun or '(none)'}"
        )


def replay(brain: Brain, journal: Iterable[Row]) -> Difference | None:
    """The first difference between a stored call and a rerun of its events, None when equal.

    Raises BadInput when a row is neither an event nor an action this version knows.
    """
    state = engine.new_state()
    expected: list[str] = []
    at_ms, event_text = 0, "(before any event)"
    done = 0
    for number, (row_ms, direction, text) in enumerate(journal, 1):
        if direction == "action":
            stored = _canonical_action(text, number)
            rerun = expected[done] if done < len(expected) else ""
            if stored != rerun:
                return Difference(at_ms, event_text, done, stored, rerun)
            done += 1
        elif direction == "event":
            event = _event(text, number)
            if isinstance(event, events.Resumed):
                # The agentd before was cut off in the middle; this one had its own beginning.
                state, done, expected = engine.new_state(), 0, []
            if done < len(expected):
                break
            at_ms, event_text, done = row_ms, events.encode(event), 0
            expected = rerun_event(brain, state, event, row_ms)
        else:
            raise BadInput(f"journal row {number}: direction {direction!r}, not event or action")
    if done < len(expected):
        return Difference(at_ms, event_text, done, "", expected[done])
    return None


def rerun_event(
    brain: Brain, state: engine.CallState, event: events.AnyEvent, at_ms: int
) -> list[str]:
    """The actions answering one event, as the journal stores them."""
    return [actions.encode(action) for action in engine.handle(brain, state, event, at_ms)]


def _event(text: str, number: int) -> events.AnyEvent:
    try:
        return events.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput(f"journal row {number}: not an event: {error}") from None


def _canonical_action(text: str, number: int) -> str:
    """Decode and encode again: spacing and the order of members do not count."""
    try:
        return actions.encode(actions.decode(text))
    except msgspec.DecodeError as error:
        raise BadInput(f"journal row {number}: not an action: {error}") from None
