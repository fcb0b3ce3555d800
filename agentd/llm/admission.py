"""Whether the model can answer in time, from what has been measured. Pure.

Asking a model that cannot make it costs everybody who asks beside it; so an ask that would miss its
deadline, or make another miss its own, is refused at once, and the recorded answer is given while
it is still quick. What will be there when is found by going through the engine's own steps: the
oldest is read first, those who write their first sentence share their time with it, and second
sentences wait for all that.
"""

import math
from collections import deque
from collections.abc import Sequence

import msgspec

# Tokens of a first sentence before any was measured: 16 to 45 with the small model, mean 27.
SENTENCE_TOKENS = 30
MARGIN = 1.15  # estimates are means, and the deadline is not
_SEEN = 40  # first sentences their length is judged by
_SHARE = 0.8  # of them are no longer than what is reckoned with


class Rates(msgspec.Struct, frozen=True):
    """What was measured. prompt: tokens a second read; step: seconds for one token of one sequence,
    and what each further sequence adds to it."""

    prompt: float
    step: float
    step_each: float

    def step_s(self, sequences: int) -> float:
        """Seconds a step takes with this many sequences in it."""
        return self.step + self.step_each * max(0, sequences - 1)


class Work(msgspec.Struct, frozen=True):
    """A text begun or waiting. read: tokens of its prompt that are unread; first: those until its
    first sentence is there, 0 once it is; rest: those that it writes after that; due_s: seconds
    left for the first sentence."""

    read: int
    first: int
    rest: int = 0
    due_s: float = math.inf


class Load(msgspec.Struct, frozen=True):
    """What is being done. parallel: texts written at once; work: those not ended, oldest first."""

    parallel: int
    work: tuple[Work, ...] = ()

    @property
    def active(self) -> int:
        """Texts being read or written."""
        return min(len(self.work), self.parallel)

    @property
    def waiting(self) -> int:
        """Texts that wait for room."""
        return len(self.work) - self.active


def first_sentences_s(work: Sequence[Work], parallel: int, rates: Rates) -> list[float]:
    """Seconds until each one's first sentence is there; 0 for those who have it."""
    read = [one.read for one in work]
    first = [one.first for one in work]
    rest = [one.rest for one in work]
    there = [0.0] * len(work)
    now = 0.0
    while any(first):
        live = [i for i in range(len(work)) if read[i] or first[i] or rest[i]][:parallel]
        reader = next((i for i in live if read[i] and first[i]), None)
        writers = [i for i in live if first[i] and not read[i]]
        if writers:
            step = rates.step_s(len(writers))
            steps = min(first[i] for i in writers)
            if reader is not None:  # half of the time is the reader's
                steps = min(steps, max(1, math.ceil(read[reader] / (step * rates.prompt))))
                taken = min(read[reader], math.ceil(steps * step * rates.prompt))
                read[reader] -= taken
                now += taken / rates.prompt
            now += steps * step
            for i in writers:
                first[i] -= steps
                if not first[i]:
                    there[i] = now
        elif reader is not None:
            now += read[reader] / rates.prompt
            read[reader] = 0
        else:  # all who are at it have their first sentence: the rest must end for others to begin
            steps = max(1, min(rest[i] for i in live))
            now += steps * rates.step_s(len(live))
            for i in live:
                rest[i] = max(0, rest[i] - steps)
                read[i] = 0
    return there


def admits(load: Load, rates: Rates, new: Work, synthesis_s: float) -> bool:
    """Whether the first sound of `new` can be there by `new.due_s`, and nobody is late for it."""
    before = first_sentences_s(load.work, load.parallel, rates)
    after = first_sentences_s((*load.work, new), load.parallel, rates)
    if after[-1] * MARGIN + synthesis_s > new.due_s:
        return False
    return not any(
        now + synthesis_s <= one.due_s < then * MARGIN + synthesis_s
        for one, now, then in zip(load.work, before, after, strict=False)
        if one.first
    )


class SentenceLength:
    """How many tokens first sentences have taken: what most of them have kept to."""

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=_SEEN)

    def saw(self, tokens: int) -> None:
        """One was that long; or was given up after so many, which tells as much when it is more
        than was reckoned with."""
        self._seen.append(max(1, tokens))

    @property
    def tokens(self) -> int:
        """To reckon with."""
        known = [*self._seen, *[SENTENCE_TOKENS] * max(0, 5 - len(self._seen))]
        return sorted(known)[math.ceil(len(known) * _SHARE) - 1]


def smoothed(before: float, measured: float, weight: float = 0.2) -> float:
    """A mean that follows what changes; `before` is 0 until something was measured."""
    return measured if before <= 0 else before + weight * (measured - before)
