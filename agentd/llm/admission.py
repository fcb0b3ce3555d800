"""Whether the model can answer in time, from what has been measured. Pure.

Asking a model that cannot make it costs everybody who asks beside it; so an ask that would miss its
deadline is refused at once, and the recorded answer is given while it is still quick.
"""

import msgspec

# French sentences of one or two lines, as tokens.
SENTENCE_TOKENS = 18
MARGIN = 1.15  # estimates are means, and the deadline is not


class Rates(msgspec.Struct, frozen=True):
    """What was measured. prompt: tokens a second read; step: seconds for one token of one sequence,
    and what each further sequence adds to it."""

    prompt: float
    step: float
    step_each: float

    def step_s(self, sequences: int) -> float:
        """Seconds a step takes with this many sequences in it."""
        return self.step + self.step_each * max(0, sequences - 1)


class Load(msgspec.Struct, frozen=True):
    """What is being done. active: sequences generating; free: that could be; waiting: requests not
    begun, and prompt_tokens of theirs; left: tokens the active ones may still write, fewest first.
    """

    active: int
    free: int
    waiting: int
    prompt_tokens: int
    left: tuple[int, ...] = ()


def first_sentence_s(
    load: Load, rates: Rates, prompt_tokens: int, writes: int = SENTENCE_TOKENS
) -> float:
    """Seconds until the first sentence of a request made now is there.

    prompt_tokens: of the request, without what is evaluated already. writes: the sentence's tokens.
    """
    together = load.active + load.waiting + 1
    wait = 0.0
    turns_ahead = load.waiting + 1 - load.free
    if turns_ahead > 0:
        # Somebody must finish first: the turns_ahead-th of those who write, or rounds of them.
        together = load.active + load.free
        ends = load.left or (SENTENCE_TOKENS * 2,)
        rounds, nth = divmod(turns_ahead - 1, len(ends))
        wait = (ends[nth] + rounds * max(ends)) * rates.step_s(together)
    reading = (load.prompt_tokens + prompt_tokens) / rates.prompt
    return wait + reading + writes * rates.step_s(together)


def admits(
    load: Load,
    rates: Rates,
    prompt_tokens: int,
    writes: int,
    within_s: float,
    synthesis_s: float,
) -> bool:
    """Whether the first sound of the answer can be there in time."""
    return first_sentence_s(load, rates, prompt_tokens, writes) * MARGIN + synthesis_s <= within_s


def smoothed(before: float, measured: float, weight: float = 0.2) -> float:
    """A mean that follows what changes; `before` is 0 until something was measured."""
    return measured if before <= 0 else before + weight * (measured - before)
