"""What the engine works on: texts being written, and the system parts they begin with."""

import math

from agentd.llm.admission import Work
from agentd.llm.generator import Tell
from agentd.llm.llama import Sampler
from agentd.llm.prompt import Prompt


class Job:
    """One text being written. Made in the event loop, then the thread's own."""

    def __init__(
        self,
        number: int,
        prompt: Prompt,
        max_tokens: int,
        grammar: str,
        tell: Tell | None,
        *,
        first: int = 0,
        due: float = math.inf,
        estimate: int = 0,
    ) -> None:
        """first: tokens its first sentence may take. due: when that must be there, monotonic
        seconds. estimate: tokens of its prompt, until they are counted."""
        self.number = number
        self.prompt = prompt
        self.max_tokens = max_tokens
        self.grammar = grammar
        self.tell = tell
        self.first = min(first or max_tokens, max_tokens)
        self.due = due
        self.estimate = estimate
        self.eased = False  # its first sentence is there: what follows has time
        self.cancelled = False
        self.sequence = -1
        self.position = 0
        self.unread: list[int] = []
        self.written = 0
        self.next: int | None = None  # the token to be evaluated in the next step
        self.sampler: Sampler | None = None


class Prefix:
    """A system part, evaluated or being evaluated."""

    def __init__(self, sequence: int, tokens: list[int], tail: list[int]) -> None:
        self.sequence = sequence
        self.unread = tokens
        self.tail = tail
        self.position = 0

    @property
    def ready(self) -> bool:
        """All of it has been evaluated."""
        return not self.unread


def work(job: Job, now: float) -> Work:
    """What a text still takes, at `now` (monotonic seconds)."""
    read = len(job.unread) if job.sequence >= 0 else job.estimate
    first = 0 if job.eased else max(1, job.first - job.written)
    rest = max(0, job.max_tokens - job.written - first)
    return Work(read, first, rest, job.due - now)
