"""The language model as calls use it: what they ask becomes prompts, what it writes their events.

Between the two stand admission (an ask that cannot make its deadline is answered "no" at once) and
the guard (nothing reaches a call that may not be said). `Improviser` is the process's, `Asks` one
call's.
"""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from gevent.event import AsyncResult

from agentd.config import Settings
from agentd.dialogue import actions as act
from agentd.dialogue import events as ev
from agentd.dialogue.personalities import personality
from agentd.dialogue.scenario import Scenario
from agentd.dialogue.text import fill
from agentd.errors import BadInput, LlmError
from agentd.llm import prompt
from agentd.llm.admission import SENTENCE_TOKENS, admits
from agentd.llm.engine import LlamaEngine
from agentd.llm.generator import Ended, Generator, Piece
from agentd.llm.guard import Guard
from agentd.llm.reply import Judge, Refused, Reply, Spoken
from agentd.observe import logs
from agentd.observe.metrics import Metrics

log = logs.get("improviser")

SYNTHESIS_S = 0.25  # from a sentence to its first sound, with the voices agentd comes with
INTENT_TOKENS = 8
OPINION_TIMEOUT_S = 60.0
_WHOLE = ("stop", "length")


def open_generator(settings: Settings) -> LlamaEngine | None:
    """The model of `[llm] model`; None when none is named, or its words are unfit to be said.

    Raises MissingResource (no file, no binding), LlmError. Takes seconds: not on the event loop.
    """
    wanted = settings.llm
    if wanted.model is None:
        return None
    engine = LlamaEngine(
        settings.path("models", wanted.model),
        parallel=wanted.parallel,
        queue=wanted.queue,
        context=wanted.context,
        threads=wanted.threads,
        gpu_layers=wanted.gpu_layers,
        temperature=wanted.temperature,
    )
    if not engine.fit and not wanted.unfit:
        log.warning(
            "the language model's French is unfit to be said: recordings answer instead",
            model=engine.name,
        )
        engine.close()
        return None
    return engine


def brief(scenario: Scenario) -> prompt.Brief:
    """What the model is told of a scenario."""
    columns = scenario.columns({})
    return prompt.Brief(
        agent_name=scenario.agent_name,
        company=scenario.company,
        purpose=scenario.description,
        manner=personality(scenario.personality).prompt,
        facts=tuple(fill(fact, columns) for fact in scenario.facts),
    )


@lru_cache(maxsize=64)
def _guard(known: prompt.Brief) -> Guard:
    return Guard(known.agent_name, known.company, known.facts, "\n".join(prompt.RULES))


def systems(scenarios: Iterable[Scenario]) -> list[str]:
    """What is evaluated before the first call."""
    shared = [prompt.system(brief(scenario)) for scenario in scenarios]
    return [prompt.classification("", "").system, *dict.fromkeys(shared)]


class Improviser:
    """The model of the process, and what is counted of it."""

    def __init__(
        self,
        generator: Generator,
        settings: Settings,
        metrics: Metrics,
        guard: Callable[[prompt.Brief], Judge] | None = None,
    ) -> None:
        """guard: another than that of `llm/guard.py`, for benchmarks."""
        self.generator = generator
        self._guard = guard or _guard
        self._max_tokens = settings.llm.max_tokens
        self._metrics = metrics

    def freestyle(
        self, scenario: Scenario, ask: act.AskFreestyle, post: Callable[[ev.Event], None]
    ) -> int | None:
        """Have an ask answered: its events are posted. Returns what `cancel` takes."""
        known = brief(scenario)
        reply = Reply(self._guard(known))
        began = time.monotonic()

        def tell(news: Piece | Ended) -> None:
            if isinstance(news, Piece):
                said = reply.feed(news.text)
            elif news.reason in _WHOLE:
                said = reply.end(whole=news.reason == "stop")
            else:
                said = [Refused(news.reason)]
            for one in said:
                if isinstance(one, Spoken):
                    self._metrics.freestyle("sentence", time.monotonic() - began)
                    post(ev.FreestyleSentence(ask.ask_id, one.text, one.last))
                else:
                    self._metrics.freestyle("refused" if isinstance(news, Piece) else "failed")
                    post(ev.FreestyleFailed(ask.ask_id, one.reason))
            if reply.over and number is not None:
                self.generator.cancel(number)

        number: int | None = None
        asked = prompt.freestyle(known, ask.text, ask.history)
        number = self._begin(ask, asked, self._max_tokens, "", tell, post)
        return number

    def intent(self, ask: act.AskIntent, post: Callable[[ev.Event], None]) -> int | None:
        """Have an utterance classified."""
        written: list[str] = []

        def tell(news: Piece | Ended) -> None:
            if isinstance(news, Piece):
                written.append(news.text)
            elif news.reason in _WHOLE:
                self._metrics.freestyle("intent")
                post(ev.IntentGuessed(ask.ask_id, "".join(written).strip()))
            else:
                self._metrics.freestyle("failed")
                post(ev.FreestyleFailed(ask.ask_id, news.reason))

        asked = prompt.classification(ask.text, ask.question)
        return self._begin(ask, asked, INTENT_TOKENS, prompt.INTENT_GRAMMAR, tell, post)

    def cancel(self, number: int) -> None:
        """Nothing more of it is wanted."""
        self.generator.cancel(number)

    @property
    def queue(self) -> tuple[int, int, int]:
        """Texts being written, waiting to be, and written at most at once."""
        load = self.generator.load
        return load.active, load.waiting, load.active + load.free

    def _begin(
        self,
        ask: act.AskFreestyle | act.AskIntent,
        asked: prompt.Prompt,
        max_tokens: int,
        grammar: str,
        tell: Callable[[Piece | Ended], None],
        post: Callable[[ev.Event], None],
    ) -> int | None:
        generator = self.generator
        tokens = generator.tokens(asked)
        load = generator.load
        # Whoever asks alone takes nobody's time, and shows how fast the model is by now: a machine
        # that was busy once would else be thought slow for ever.
        alone = load.active + load.waiting == 0
        writes = min(SENTENCE_TOKENS, max_tokens)
        rates, within = generator.rates, ask.within_s
        if not (alone or admits(load, rates, tokens, writes, within, SYNTHESIS_S)):
            self._metrics.not_admitted("deadline")
            post(ev.FreestyleFailed(ask.ask_id, "not in time"))
            return None
        try:
            return generator.start(asked, max_tokens=max_tokens, grammar=grammar, tell=tell)
        except LlmError as error:
            self._metrics.not_admitted("queue")
            post(ev.FreestyleFailed(ask.ask_id, str(error)))
            return None


class Asks:
    """What one call has asked, by ask_id."""

    def __init__(
        self, improviser: Improviser | None, scenario: Scenario, post: Callable[[ev.Event], None]
    ) -> None:
        """improviser: None answers every ask "no", at once."""
        self._improviser = improviser
        self._scenario = scenario
        self._post = post
        self._numbers: dict[str, int] = {}

    def ask(self, action: act.AskFreestyle | act.AskIntent) -> None:
        """Events about it are posted from now on; always one that ends it."""
        if self._improviser is None:
            self._post(ev.FreestyleFailed(action.ask_id, "no language model"))
            return
        if isinstance(action, act.AskFreestyle):
            number = self._improviser.freestyle(self._scenario, action, self._post)
        else:
            number = self._improviser.intent(action, self._post)
        if number is not None:
            self._numbers[action.ask_id] = number

    def cancel(self, ask_id: str) -> None:
        """Nothing more of it is wanted."""
        number = self._numbers.pop(ask_id, None)
        if number is not None and self._improviser is not None:
            self._improviser.cancel(number)

    def close(self) -> None:
        """The call is over."""
        for ask_id in list(self._numbers):
            self.cancel(ask_id)


class Opinion:
    """The model's opinion on utterances, one after the other: for `agentd understand --model`."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadInput (no model that may be used), MissingResource, LlmError."""
        engine = open_generator(settings)
        if engine is None:
            raise BadInput(
                "no language model to ask",
                mend="set [llm] model to a GGUF file of a billion parameters or more",
            )
        self._engine = engine
        engine.warm([prompt.classification("", "").system])
        engine.open()

    def of(self, text: str, question: str = "") -> str:
        """One of `prompt.INTENTS`. Raises LlmError."""
        written: list[str] = []
        ended: AsyncResult = AsyncResult()

        def tell(news: Piece | Ended) -> None:
            if isinstance(news, Piece):
                written.append(news.text)
            else:
                ended.set(news.reason)

        asked = prompt.classification(text, question)
        grammar = prompt.INTENT_GRAMMAR
        self._engine.start(asked, max_tokens=INTENT_TOKENS, grammar=grammar, tell=tell)
        reason = ended.get(timeout=OPINION_TIMEOUT_S)
        answer = "".join(written).strip()
        if answer not in prompt.INTENTS:
            raise LlmError(f"the language model gave no intent: {reason}")
        return answer

    def close(self) -> None:
        """End it."""
        self._engine.close()


def model_of(settings: Settings) -> dict[str, Any]:
    """What calls are told of the model: members of `Answered`."""
    return {"freestyle": True, "second_opinion": settings.llm.second_opinion}
