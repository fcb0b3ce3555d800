"""A language model that is a script: deterministic, on greenlets, behind the engine's interface."""

import itertools
from collections.abc import Callable, Iterable

import gevent

from agentd.errors import LlmError
from agentd.llm.admission import Load, Rates, Work
from agentd.llm.generator import Ended, Piece, Tell
from agentd.llm.prompt import INTENT_GRAMMAR, Prompt

ANSWER = "Je suis un programme, je n'ai pas de couleur. Un conseiller pourra en parler avec vous."


_FAST = Rates(10_000.0, 0.001, 0.0)


class ScriptedGenerator:
    """Writes `answer` word by word, `each_s` apart, after `first_s`; a grammar gets `intent`.

    hangs: nothing is ever told. breaks: it ends with an error after the first word. parallel: texts
    at once; more wait.
    """

    name = "scripted"
    fit = True

    def __init__(
        self,
        answer: str = ANSWER,
        *,
        first_s: float = 0.1,
        each_s: float = 0.01,
        intent: str = "question",
        hangs: bool = False,
        breaks: bool = False,
        full: bool = False,
        rates: Rates = _FAST,
    ) -> None:
        self.answer, self.intent = answer, intent
        self.first_s, self.each_s = first_s, each_s
        self.hangs, self.breaks, self.full = hangs, breaks, full
        self.rates = rates
        self.prompts: list[Prompt] = []
        self.cancelled: list[int] = []
        self.warmed: list[str] = []
        self.closed = False
        self.eased: list[int] = []
        self.measured = 0
        self._numbers = itertools.count(1)
        self._live: dict[int, gevent.Greenlet] = {}

    @property
    def load(self) -> Load:
        return Load(64, tuple(Work(0, 0 if n in self.eased else 30, 9) for n in self._live))

    def tokens(self, prompt: Prompt) -> int:
        return len(prompt.user) // 3

    def start(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        grammar: str,
        tell: Tell,
        first: int = 0,
        within_s: float = 0.0,
    ) -> int:
        if self.full:
            raise LlmError("too many texts wait already")
        number = next(self._numbers)
        self.prompts.append(prompt)
        text = self.intent if grammar == INTENT_GRAMMAR else self.answer
        self._live[number] = gevent.spawn(self._write, number, text, tell)
        return number

    def _write(self, number: int, text: str, tell: Callable[[Piece | Ended], None]) -> None:
        if self.hangs:
            gevent.sleep(60)
        gevent.sleep(self.first_s)
        for word in text.split(" "):
            if number in self.cancelled:
                return
            tell(Piece(f"{word} "))
            if self.breaks:
                self._live.pop(number, None)
                tell(Ended("llama.cpp says -3"))
                return
            gevent.sleep(self.each_s)
        self._live.pop(number, None)
        tell(Ended("stop"))

    def cancel(self, number: int) -> None:
        self.cancelled.append(number)
        greenlet = self._live.pop(number, None)
        if greenlet is not None:
            greenlet.kill(block=False)

    def ease(self, number: int) -> None:
        self.eased.append(number)

    def measure(self) -> None:
        self.measured += 1

    def warm(self, systems: Iterable[str]) -> None:
        self.warmed = list(systems)

    def open(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
        gevent.killall(list(self._live.values()))

    @property
    def busy(self) -> int:
        """Texts being written."""
        return len(self._live)
