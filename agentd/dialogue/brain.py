"""What the engine knows before a call begins, shared by every call of a scenario."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agentd.dialogue.objections import Matcher
from agentd.dialogue.rail_returns import RailReturns
from agentd.dialogue.scenario import Scenario
from agentd.dialogue.understanding import Expectation, Meaning, understand

Understand = Callable[[str, Matcher, Expectation | None], Meaning]

_SAID_MOST = 12


@dataclass(frozen=True)
class Timing:
    """Waiting times, in seconds unless the name says otherwise.

    silence_s: nothing heard after a question, before a reprompt.
    answer_timeout_s: a turn of the prospect that never ends.
    max_call_s: hard limit of one call.
    transfer_s: the switch's answer to a transfer.
    machine_s: a machine's greeting that never ends.
    screening_s: a screening assistant's, and how long the person it asks may take.
    stop_s: a Say that was stopped but never says so.
    hold_s: a Say is held at most this long, whatever becomes of the ears.
    tail_ms: an utterance that ended at most this long before the end of a Say answers it.
    rewind_ms: how far a resumed Say goes back.
    freestyle_s: from the prospect's last sound to the first of the language model's answer; when
        that cannot be, the recorded answer is said.
    filler_s: from that same sound to a short recorded filler, when no answer has come yet; 0: none.
    gap_s: between two sentences of the model, before we go on without the second.
    """

    silence_s: float = 5.0
    answer_timeout_s: float = 20.0
    max_call_s: float = 600.0
    transfer_s: float = 30.0
    machine_s: float = 40.0
    screening_s: float = 25.0
    stop_s: float = 3.0
    hold_s: float = 2.5
    tail_ms: int = 700
    rewind_ms: int = 500
    freestyle_s: float = 2.5
    filler_s: float = 1.2
    gap_s: float = 1.0


@dataclass(frozen=True)
class Brain:
    """Immutable knowledge: nothing in it changes during a call.

    confidence_floor: recognition confidence (0 to 1) below which an utterance is unclear.
    understand: how an utterance is understood; tests may give another.
    """

    scenario: Scenario
    matcher: Matcher
    returns: RailReturns
    timing: Timing = Timing()
    confidence_floor: float = 0.35
    understand: Understand = field(default=understand)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """What prospects say here about the theme: a recogniser may lean on it.

        The first phrasings of an entry are those that are said most; the many that follow teach
        the matcher, and would only take the recogniser's time.
        """
        return tuple(
            text
            for entry in self.matcher.entries.values()
            for text in (entry.canonical, *entry.phrasings[:_SAID_MOST])
        )
