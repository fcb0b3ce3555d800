"""The language model: speed with a small model for mechanics, deadlines, and the guard.

What depends on a model runs with `make llm` only; the small one's French is unfit to be said, so
nothing here says how good answers are. AGENTD_LLM_MODEL names another.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event as Flag
from gevent.queue import Queue

from agentd.catalog import Catalog
from agentd.config import Settings, load
from agentd.dialogue import actions as act
from agentd.dialogue import engine
from agentd.dialogue import events as ev
from agentd.dialogue.scenario import Scenario
from agentd.errors import AgentdError
from agentd.improviser import Asks, Improviser, brief, open_generator, systems
from agentd.llm import prompt
from agentd.llm.engine import LlamaEngine
from agentd.llm.generator import Ended, Piece
from agentd.llm.guard import Guard
from agentd.observe.metrics import Metrics
from agentd.speech.library import AudioLibrary
from agentd.speech.workers import Workers
from benchmarks.bar import Bar, at_least, at_most, quantile, timed_us

ROOT = Path(__file__).parent.parent
SMALL = Path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
ASKED = (
    "quelle est la couleur de vos yeux",
    "quel temps fait-il à Paris",
    "et vous travaillez depuis longtemps",
)
TOKENS = 40
ENDPOINT_MS = 300  # of silence before an utterance is given to the engine
DEADLINE_S = 2.5
TIMEOUT_S = 120.0
TOGETHER = (1, 4, 8)
ASKERS = (1, 5, 20)
ROUNDS = {1: 10, 5: 4, 20: 2}  # 10, 20 and 40 asks
UNCLEAR = ("euh ben faut voir avec ma dame", "bof", "c'est pas moi qui décide là", "ah bon")


def bars() -> Iterator[Bar]:
    """The guard always; the rest with a model."""
    yield from _guard()
    settings = load()
    wanted = settings.llm.model or SMALL
    llm = settings.llm.model_copy(update={"model": wanted, "unfit": True, "filler_s": 0.0})
    settings = settings.model_copy(update={"llm": llm})
    catalog = Catalog(settings)
    scenario = catalog.scenario("finance")
    asked = [
        prompt.freestyle(brief(scenario), text, [("agent", "Avez-vous un crédit ?")])
        for text in ASKED
    ]
    try:
        cold = open_generator(settings)
        assert cold is not None, "a model is named"
    except AgentdError as error:
        yield Bar("llm_skipped", 0, "", 0, note=f"{error}; {error.mend}")
        return
    note = f"{cold.name}, {cold.size}, {settings.llm.threads or 'all cores but one'} threads"
    cold.open()
    first = _Writing(cold, asked[0])
    first.wait()
    yield Bar("llm_ttft_cold_ms", first.first_ms, "ms", 1, note=f"{note}; nothing evaluated before")
    cold.close()
    warm = open_generator(settings)
    assert warm is not None, "it was there a moment ago"
    began = time.monotonic()
    warm.warm(systems([scenario]))
    yield Bar("llm_warm_up_s", round(time.monotonic() - began, 2), "s", 1, note=note)
    warm.open()
    try:
        yield from _first_tokens(warm, asked, note)
        yield from _together(warm, asked, note)
        for guarded in (False, True):
            for askers in ASKERS:
                yield from _askers(settings, warm, askers, note, guarded=guarded)
        yield from _opinions(settings, warm, scenario, note)
    finally:
        warm.close()


class _Writing:
    """A text being written, and when."""

    def __init__(self, generator: LlamaEngine, asked: prompt.Prompt, tokens: int = TOKENS) -> None:
        self._began = time.monotonic()
        self._done = Flag()
        self.first_ms = 0
        self.pieces = 0
        generator.start(asked, max_tokens=tokens, grammar="", tell=self._tell)

    def _tell(self, news: Piece | Ended) -> None:
        if isinstance(news, Ended):
            self._done.set()
            return
        self.pieces += 1
        if self.pieces == 1:
            self.first_ms = round((time.monotonic() - self._began) * 1000)

    def wait(self) -> None:
        if not self._done.wait(TIMEOUT_S):
            raise RuntimeError("the language model wrote nothing")


def _first_tokens(model: LlamaEngine, asked: list[prompt.Prompt], note: str) -> Iterator[Bar]:
    shared, fresh = [], []
    for number in range(12):
        one = _Writing(model, asked[number % len(asked)], 4)
        one.wait()
        shared.append(one.first_ms)
    for number in range(4):
        other = prompt.Prompt(f"Appel numéro {number}. {asked[0].system}", asked[0].user)
        one = _Writing(model, other, 4)
        one.wait()
        fresh.append(one.first_ms)
    yield Bar("llm_ttft_first_call_ms", shared[0], "ms", 1, note=f"{note}; after the warm-up")
    yield Bar("llm_ttft_shared_prefix_ms", quantile(shared, 0.5), "ms", len(shared), note=note)
    yield Bar(
        "llm_ttft_own_prefix_ms",
        quantile(fresh, 0.5),
        "ms",
        len(fresh),
        note=f"{note}; the same prompt, its system part not shared",
    )


def _together(model: LlamaEngine, asked: list[prompt.Prompt], note: str) -> Iterator[Bar]:
    alone = 0.0
    for many in TOGETHER:
        late: list[float] = []
        watcher = gevent.spawn(_watch_loop, late)
        began = time.monotonic()
        texts = [_Writing(model, asked[i % len(asked)]) for i in range(many)]
        for text in texts:
            text.wait()
        rate = sum(text.pieces for text in texts) / (time.monotonic() - began)
        watcher.kill()
        alone = alone or rate
        yield Bar(f"llm_tokens_per_s_{many}", round(rate, 1), "token/s", many, note=note)
    yield Bar(
        "llm_batching_gain",
        round(rate / alone, 2),
        "x",
        TOGETHER[-1],
        note=f"{note}; {TOGETHER[-1]} at once against one at a time, reading of prompts included",
    )
    yield at_most(
        "llm_loop_late_p99_ms", quantile(late, 0.99) * 1000, "ms", len(late), 20, note=note
    )


def _watch_loop(late: list[float]) -> None:
    while True:
        due = time.monotonic() + 0.01
        gevent.sleep(0.01)
        late.append(max(0.0, time.monotonic() - due))


def _askers(
    settings: Settings, model: LlamaEngine, many: int, note: str, *, guarded: bool
) -> Iterator[Bar]:
    """Calls that all ask at once what no entry answers, without audio: engine, model, synthesis."""
    permissive: Callable[[prompt.Brief], Any] | None = (
        None if guarded else (lambda known: _Anything())
    )
    improviser = Improviser(model, settings, Metrics(), permissive)
    workers = Workers(settings.speech.threads, settings.speech.queue)
    catalog = Catalog(settings)
    library = AudioLibrary(settings, "julie")
    _Asking(catalog, improviser, workers, library).begin("oui")  # rules are made at their first use
    waits, by_model, became, silent = [], [], Counter[str](), 0
    texts = itertools.cycle(ASKED)
    for _ in range(ROUNDS[many]):
        calls = [_Asking(catalog, improviser, workers, library) for _ in range(many)]
        for call in calls:
            call.begin(next(texts))
        for call in calls:
            call.heard.wait(TIMEOUT_S)
            waits.append(call.first_ms)
            if call.by_model:
                by_model.append(call.first_ms)
            became[call.became] += 1
        silent += sum(not call.heard.is_set() for call in calls)
        gevent.sleep(0.3)  # what was cancelled is gone at the next step
    workers.close()
    how = "guard on" if guarded else "guard off: mechanics only"
    ends = ", ".join(f"{outcome} {count}" for outcome, count in became.most_common())
    how = f"{note}; {how}, no filler; {ROUNDS[many]} rounds: {ends}"
    name = "freestyle" if guarded else "freestyle_unguarded"
    asks, limit = len(waits), DEADLINE_S * 1000
    in_time = sum(0 < ms <= limit for ms in waits) / asks
    share = sum(ms <= limit for ms in by_model) / asks
    yield at_least(f"{name}_in_time_share_{many}", in_time, "share", asks, 1.0, how)
    if many == 1 and not guarded:
        yield at_least(f"{name}_by_model_share_{many}", share, "share", asks, 1.0, how)
    else:
        yield Bar(f"{name}_by_model_share_{many}", round(share, 4), "share", asks, note=how)
    if by_model:
        p95 = quantile(by_model, 0.95)
        yield Bar(f"{name}_by_model_p95_ms_{many}", p95, "ms", len(by_model), note=how)
    yield at_most(f"{name}_first_audio_p95_ms_{many}", quantile(waits, 0.95), "ms", asks, 2500, how)
    yield at_most(f"{name}_silent_{many}", silent, "calls", asks, 0, how)


def _opinions(
    settings: Settings, model: LlamaEngine, scenario: Scenario, note: str
) -> Iterator[Bar]:
    """The second opinion on what rules abstain from: whether it is one of the intents, and when."""
    improviser = Improviser(model, settings, Metrics())
    within_s = DEADLINE_S - ENDPOINT_MS / 1000
    took, whole = [], 0
    for number in range(20):
        told: Queue[ev.Event] = Queue()
        began = time.monotonic()
        said = UNCLEAR[number % len(UNCLEAR)]
        question = scenario.steps["Q1"].text
        Asks(improviser, scenario, told.put).ask(
            act.AskIntent(f"m{number}", said, question, within_s)
        )
        event = told.get(timeout=TIMEOUT_S)
        took.append(round((time.monotonic() - began) * 1000))
        whole += isinstance(event, ev.IntentGuessed) and event.intent in prompt.INTENTS
    yield at_least("second_opinion_whole_share", whole / 20, "share", 20, 1.0, note)
    p95 = quantile(took, 0.95)
    yield at_most("second_opinion_p95_ms", p95, "ms", 20, within_s * 1000, note)


class _Anything:
    def refuses(self, sentence: str) -> str:
        return ""


class _Asking:
    """One call at its first question. Our Says begin when their sound is there, and last no time
    until the question has been put; `heard` is set by the first sound after it."""

    def __init__(
        self, catalog: Catalog, improviser: Improviser, workers: Workers, library: AudioLibrary
    ) -> None:
        scenario = catalog.scenario("finance")
        self._brain = catalog.brain(scenario)
        self._state = engine.new_state()
        self._born = time.monotonic()
        self._inbox: Queue[ev.Event] = Queue()
        self._asks = Asks(improviser, scenario, self._inbox.put)
        self._workers, self._library = workers, library
        self._timers: dict[str, gevent.Greenlet] = {}
        self._asked = False
        self._ended_ms = 0
        self.heard = Flag()
        self.first_ms = 0
        self.by_model = False
        self.became = "no ask"

    def begin(self, text: str) -> None:
        """The prospect says yes, then asks `text`."""
        self._handle(ev.Answered({}, "2026-01-05T10:00:00+01:00", freestyle=True))
        for said in ("oui", text):
            while not self._inbox.empty():
                self._handle(self._inbox.get())
            self._asked = said == text
            self._ended_ms = self._now() - ENDPOINT_MS
            self._handle(ev.Utterance(said, 0.9, self._ended_ms - 800, self._ended_ms))
        gevent.spawn(self._run)

    def _now(self) -> int:
        return int((time.monotonic() - self._born) * 1000) + 10_000

    def _run(self) -> None:
        while not self.heard.is_set():
            self._handle(self._inbox.get(timeout=TIMEOUT_S))
        self._asks.close()
        for timer in self._timers.values():
            timer.kill(block=False)

    def _handle(self, event: ev.Event) -> None:
        for action in engine.handle(self._brain, self._state, event, self._now()):
            match action:
                case act.Say():
                    if self._asked:
                        gevent.spawn(self._sound, action)
                    else:
                        self._inbox.put(ev.SayStarted(action.say_id))
                        self._inbox.put(ev.SayDone(action.say_id, True, 100))
                case act.AskFreestyle() | act.AskIntent():
                    self._asks.ask(action)
                case act.AskEnded():
                    self.became = action.outcome if action.outcome != "guard" else "refused"
                    self._asks.over(action)
                case act.CancelAsk(ask_id=ask_id):
                    self._asks.cancel(ask_id)
                case act.StartTimer(timer_id=timer_id, seconds=seconds):
                    fired = ev.TimerFired(timer_id)
                    self._timers[timer_id] = gevent.spawn_later(seconds, self._inbox.put, fired)
                case act.CancelTimer(timer_id=timer_id) if timer_id in self._timers:
                    self._timers.pop(timer_id).kill(block=False)

    def _sound(self, say: act.Say) -> None:
        for clip in say.clips:
            if self._library.find(clip, 8_000) is None:
                self._workers.submit(self._library.synthesise, clip, 8_000).get(timeout=TIMEOUT_S)
        if not self.heard.is_set():
            self.first_ms = self._now() - self._ended_ms
            self.by_model = any(clip.key.startswith("freestyle/") for clip in say.clips)
            if self.by_model:
                self.became = "answered"
            self.heard.set()
        self._inbox.put(ev.SayStarted(say.say_id))


def _guard() -> Iterator[Bar]:
    """On benchmarks/sets/guard.tsv; the tests look at each row."""
    catalog = Catalog(Settings.model_validate({"paths": {"root": ROOT}}))
    known = brief(catalog.scenario("finance"))
    guard = Guard(known.agent_name, known.company, known.facts, "\n".join(prompt.RULES))
    rows = [
        line.split("\t")
        for line in (ROOT / "benchmarks/sets/guard.tsv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    bad = [text for verdict, text in rows if verdict != "ok"]
    good = [text for verdict, text in rows if verdict == "ok"]
    refused = sum(bool(guard.refuses(text)) for text in bad) / len(bad)
    passed = sum(not guard.refuses(text) for text in good) / len(good)
    note = "written with the rules in view: what is not in the set may pass"
    yield at_least("guard_refused_share", refused, "share", len(bad), 1.0, note)
    yield Bar("guard_harmless_passed_share", round(passed, 4), "share", len(good), note=note)
    taken = timed_us(guard.refuses, (bad + good) * 5)
    yield Bar("guard_p99_us", round(quantile(taken, 0.99), 1), "us", len(taken))
