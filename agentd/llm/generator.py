"""What a language model is to the rest of agentd, so that tests can put another in its place."""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from agentd.llm.admission import Load, Rates
from agentd.llm.prompt import Prompt


class Piece(msgspec.Struct, frozen=True):
    """The next of what is written, as it is written."""

    text: str


class Ended(msgspec.Struct, frozen=True):
    """Nothing more is written. reason: "stop" (of itself), "length", or what went wrong."""

    reason: str


Tell = Callable[[Piece | Ended], None]


class Generator(Protocol):
    """Writes texts. Every method is called from the event loop, and none of them waits."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def fit(self) -> bool:
        """Whether what it writes is fit to be said to a person."""

    @property
    def load(self) -> Load:
        """What it is doing."""

    @property
    def rates(self) -> Rates:
        """How fast it has been."""

    def tokens(self, prompt: Prompt) -> int:
        """About how many of a prompt are still to be read, evaluated prefixes left out."""

    def start(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        grammar: str,
        tell: Tell,
        first: int = 0,
        within_s: float = math.inf,
    ) -> int:
        """Begin, or wait for room to. grammar: GBNF, empty for none. tell: told in the event loop;
        Ended comes once and last, unless it was cancelled. first: tokens that are awaited within_s,
        for those who would ask beside it; 0: all of them. Returns what `cancel` takes.

        Raises LlmError when too many wait already.
        """

    def ease(self, number: int) -> None:
        """What was awaited of it is there: others may go first."""

    def measure(self) -> None:
        """Find out how fast it is by now, if nobody asks anything: rates are else as old as the
        last ask."""

    def cancel(self, number: int) -> None:
        """Stop; nothing more is told of it, and its room is free at the next step."""

    def warm(self, systems: Iterable[str]) -> None:
        """Evaluate the system parts that will be shared, and measure. Blocks: before the first
        call, not on the event loop."""

    def open(self) -> None:
        """Begin, in the event loop that is to be told."""

    def close(self) -> None:
        """End it, and the memory it holds."""
