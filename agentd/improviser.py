"""The language model as calls use it: what they ask becomes prompts, what it writes their events.

Between the two stand admission (an ask that cannot make its deadline is answered "no" at once) and
the guard (nothing reaches a call that may not be said). `Improviser` is the process's, `Asks` one
call's.
"""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Literal

from gevent.event import AsyncResult

from agentd.config import Settings
from agentd.dialogue import actions as act
from agentd.dialogue import events as ev
from agentd.dialogue.personalities import personality
from agentd.dialogue.scenario import Scenario
from agentd.dialogue.text import fill
from agentd.errors import BadInput, LlmError
from agentd.llm import prompt
from agentd.llm.admission import SentenceLength, Work, admits
from agentd.llm.engine import LlamaEngine
from agentd.llm.generator import Ended, Generator, Piece
from agentd.llm.guard import Guard
from agentd.llm.reply import Judge, Refused, Reply, Spoken
from agentd.observe import logs
from agentd.observe.metrics import Metrics

log = logs.get("improviser")

SYNTHESIS_S = 0.12  # from a sentence to its first sound: twice what Pico takes on an idle machine
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
    told = "\n".join((*prompt.RULES, prompt.TASK))
    return Guard(known.agent_name, known.company, known.facts, told)


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
        self.sentences = SentenceLength()
        self._awaited: dict[int, _Awaited] = {}

    def freestyle(
        self, scenario: Scenario, ask: act.AskFreestyle, post: Callable[[ev.Event], None]
    ) -> int | None:
        """Have an ask answered: its events are posted. Returns what `cancel` takes."""
        known = brief(scenario)
        reply = Reply(self._guard(known))
        began = time.monotonic()
        awaited = _Awaited()

        def tell(news: Piece | Ended) -> None:
            if isinstance(news, Piece):
                awaited.pieces += 1
                said = reply.feed(news.text)
            elif news.reason in _WHOLE:
                said = reply.end(whole=news.reason == "stop")
            else:
                said = [Refused(news.reason)]
            if said and not awaited.there:
                awaited.there = True
                self.sentences.saw(awaited.pieces)
                if number is not None:
                    self.generator.ease(number)
            for one in said:
                if isinstance(one, Spoken):
                    self._metrics.freestyle("sentence", time.monotonic() - began)
                    post(ev.FreestyleSentence(ask.ask_id, one.text, one.last))
                elif isinstance(news, Ended) and news.reason not in _WHOLE:
                    self._metrics.freestyle("failed")
                    post(ev.FreestyleFailed(ask.ask_id, one.reason))
                else:
                    self._metrics.freestyle("refused")
                    self._metrics.guard_refused(one.reason)
                    post(ev.FreestyleFailed(ask.ask_id, one.reason, "guard"))
            if number is not None and (reply.over or isinstance(news, Ended)):
                self._awaited.pop(number, None)
                self.generator.cancel(number)

        number: int | None = None
        asked = [prompt.freestyle(known, ask.text, ask.history, turns) for turns in prompt.TURNS]
        number = self._begin(ask, asked, self._max_tokens, "", tell, post)
        if number is not None:
            self._awaited[number] = awaited
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
        return self._begin(ask, [asked], INTENT_TOKENS, prompt.INTENT_GRAMMAR, tell, post)

    def cancel(self, number: int) -> None:
        """Nothing more of it is wanted."""
        awaited = self._awaited.pop(number, None)
        if awaited is not None and not awaited.there and awaited.pieces > self.sentences.tokens:
            self.sentences.saw(awaited.pieces)  # longer than was reckoned with, at least
        self.generator.cancel(number)

    def over(self, action: act.AskEnded) -> None:
        """A call has done with what it asked."""
        self._metrics.ask_ended(action.kind, action.outcome, action.after_ms / 1000)

    @property
    def queue(self) -> tuple[int, int, int]:
        """Texts being written, waiting to be, and written at most at once."""
        load = self.generator.load
        return load.active, load.waiting, load.parallel

    def _begin(
        self,
        ask: act.AskFreestyle | act.AskIntent,
        prompts: list[prompt.Prompt],
        max_tokens: int,
        grammar: str,
        tell: Callable[[Piece | Ended], None],
        post: Callable[[ev.Event], None],
    ) -> int | None:
        """prompts: the first that can be answered in time is asked."""
        generator = self.generator
        load, rates = generator.load, generator.rates
        first = min(self.sentences.tokens, max_tokens)
        fits = False
        for asked in prompts:
            new = Work(generator.tokens(asked), first, max_tokens - first, ask.within_s)
            fits = admits(load, rates, new, SYNTHESIS_S)
            if fits:
                break
        if not fits:
            self._metrics.not_admitted("deadline")
            # It may have been slow for a while only. Nobody has to wait for that to show.
            generator.measure()
            post(ev.FreestyleFailed(ask.ask_id, "not in time", "not admitted"))
            return None
        try:
            return generator.start(
                asked,
                max_tokens=max_tokens,
                grammar=grammar,
                tell=tell,
                first=first,
                within_s=ask.within_s,
            )
        except LlmError as error:
            self._metrics.not_admitted("queue")
            post(ev.FreestyleFailed(ask.ask_id, str(error), "queue full"))
            return None


class _Awaited:
    """A first sentence: what has come of it, and whether it is there."""

    def __init__(self) -> None:
        self.pieces = 0
        self.there = False


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
        self._open: dict[str, Literal["freestyle", "intent"]] = {}

    def ask(self, action: act.AskFreestyle | act.AskIntent) -> None:
        """Events about it are posted from now on; always one that ends it."""
        if self._improviser is None:
            self._post(ev.FreestyleFailed(action.ask_id, "no language model", "no model"))
            return
        self._open[action.ask_id] = (
            "freestyle" if isinstance(action, act.AskFreestyle) else "intent"
        )
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

    def over(self, action: act.AskEnded) -> None:
        """The engine has done with it: what became of it is counted, once."""
        self._numbers.pop(action.ask_id, None)
        if self._open.pop(action.ask_id, None) and self._improviser is not None:
            self._improviser.over(action)

    def close(self) -> None:
        """The call is over."""
        for ask_id in list(self._numbers):
            self.cancel(ask_id)
        for ask_id, kind in list(self._open.items()):
            self.over(act.AskEnded(ask_id, kind, "given up"))


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
