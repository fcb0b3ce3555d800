"""What Prometheus is told: counted as it happens, and read from the server when it is asked.

One `Metrics` a server, with a registry of its own. For the hub's greenlets only: an observation
takes 3 us, and a whole page 2 ms.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agentd.dialogue.actions import ASK_OUTCOMES
from agentd.dialogue.events import Verdict

# Seconds. Answers are promised within .5 (median) and .8 (p95); the rules answer within .001.
_ANSWER = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
_WORK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_STALL = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_CALL = (5, 10, 20, 30, 60, 120, 180, 300, 600)

# Of `agentd_stage_seconds`: where the time of an answer goes.
STAGES = {
    "recognition": "from the end of a turn to its words",
    "decision": "the dialogue engine",
    "store": "committing a fact",
    "start": "from the play command to the switch playing",
    "synthesis": "a line that has no recording",
}


@dataclass(frozen=True)
class Snapshot:
    """A server, now. phases: calls by the phase of their conversation; inbox: the fullest one.

    caches: hits, misses and what is held, of each. model: texts the language model is writing, that
    wait for it, and that it writes at once at most; None without one.
    """

    phases: Mapping[str, int] = field(default_factory=dict)
    max_calls: int = 0
    draining: bool = False
    inbox: int = 0
    threads: int = 0
    busy: int = 0
    queued: int = 0
    lost: int = 0
    streams: int = 0
    spooled: int = 0
    greenlets: int = 0
    caches: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    model: tuple[int, int, int] | None = None


class Metrics:
    """Everything counted of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._info = self._made(Info, "agentd", "What runs.", ())
        self._calls = self._made(
            Counter, "agentd_calls", "Calls that have ended, by disposition.", ("disposition",)
        )
        self._hangups = self._made(
            Counter, "agentd_hangups", "Calls that have ended, by hangup cause.", ("cause",)
        )
        self._lengths = self._made(
            Histogram, "agentd_call_seconds", "From answer to hangup.", (), buckets=_CALL
        )
        self._refused = self._made(
            Counter, "agentd_calls_refused", "Calls that were not taken, by cause.", ("cause",)
        )
        self._takeovers = self._made(
            Counter, "agentd_takeovers", "Live calls taken over from an agentd that died.", ()
        )
        self._frames = self._made(
            Counter, "agentd_frames", "20 ms frames heard, counted when their call ends.", ()
        )
        self._late = self._made(
            Counter, "agentd_late_frames", "Of them, those more than 40 ms behind their pace.", ()
        )
        self._answers = self._made(
            Histogram,
            "agentd_answer_seconds",
            "From the prospect's last sound to ours, endpointing included.",
            (),
            buckets=_ANSWER,
        )
        self._stages = self._made(
            Histogram,
            "agentd_stage_seconds",
            "Where the time goes: " + "; ".join(f"{k}: {v}" for k, v in STAGES.items()) + ".",
            ("stage",),
            buckets=_WORK,
        )
        self._stall = self._made(
            Histogram,
            "agentd_loop_stall_seconds",
            "How late a timer of the event loop fires, looked at 10 times a second.",
            (),
            buckets=_STALL,
        )
        self._recogniser_s = self._made(
            Counter, "agentd_recogniser_seconds", "Thread time of recognition, by kind.", ("kind",)
        )
        self._recognitions = self._made(
            Counter,
            "agentd_recognitions",
            "Recognitions by kind, and whether they came out.",
            ("kind", "outcome"),
        )
        self._clips = self._made(
            Counter,
            "agentd_clips",
            "Lines said: recorded, cached from an earlier call, or synthesised.",
            ("source",),
        )
        self._verdicts = self._made(
            Counter,
            "agentd_amd_verdicts",
            "Who has picked up, each time the ears made up or changed their mind, by verdict.",
            ("verdict",),
        )
        self._freestyle = self._made(
            Counter,
            "agentd_freestyle",
            "What became of asks of the language model: sentences said, intents, and what was "
            "refused by the guard, failed, or was not admitted because it would have been late.",
            ("outcome",),
        )
        self._sentence_s = self._made(
            Histogram,
            "agentd_freestyle_seconds",
            "From an ask of the language model to a sentence that may be said.",
            (),
            buckets=_ANSWER,
        )
        self._model_refused = self._made(
            Counter,
            "agentd_llm_refused",
            "Asks the language model was not given: their deadline could not be met, or too many "
            "waited already.",
            ("cause",),
        )
        self._guarded = self._made(
            Counter,
            "agentd_guard_refused",
            "Answers of the language model that may not be said, by what is wrong with them.",
            ("reason",),
        )
        self._asked = self._made(
            Counter,
            "agentd_freestyle_turns",
            "What became of each ask of the language model in the end. "
            + "; ".join(f"{k}: {v}" for k, v in ASK_OUTCOMES.items())
            + ".",
            ("kind", "outcome"),
        )
        self._first_s = self._made(
            Histogram,
            "agentd_freestyle_answer_seconds",
            "From the prospect's last sound to the first of the language model's answer.",
            (),
            buckets=_ANSWER,
        )
        for kind in ("freestyle", "intent"):
            for outcome in ASK_OUTCOMES:
                self._asked.labels(kind, outcome)
        for cause in ("deadline", "queue"):
            self._model_refused.labels(cause)
        for stage in STAGES:  # there from the start, so that a rate has a beginning
            self._stages.labels(stage)
        for source in ("recorded", "cached", "synthesised"):
            self._clips.labels(source)
        for verdict in get_args(Verdict):
            self._verdicts.labels(verdict)
        for outcome in ("sentence", "intent", "refused", "failed", "not admitted"):
            self._freestyle.labels(outcome)

    def _made(self, kind: Any, name: str, text: str, labels: tuple[str, ...], **more: Any) -> Any:
        return kind(name, text, labels, registry=self._registry, **more)

    # -- as it happens ----------------------------------------------------------------------

    def running(self, recogniser: str) -> None:
        """The server is up, with that recogniser."""
        try:
            own = version("agentd")
        except PackageNotFoundError:  # run from its source
            own = "unknown"
        self._info.info({"version": own, "recogniser": recogniser})

    def refused(self, cause: str) -> None:
        """A call was not taken."""
        self._refused.labels(cause).inc()

    def heard(self, frames: int, late: int) -> None:
        """Of a call that is over: 20 ms frames of the prospect, and those that came late."""
        self._frames.inc(frames)
        self._late.inc(late)

    def taken_over(self) -> None:
        """A live call came from an agentd that died."""
        self._takeovers.inc()

    def ended(self, disposition: str, cause: str, seconds: float) -> None:
        """A call is over."""
        self._calls.labels(disposition).inc()
        self._hangups.labels(cause).inc()
        self._lengths.observe(seconds)

    def answered(self, seconds: float) -> None:
        """Our answer has begun, so long after the prospect's last sound."""
        self._answers.observe(max(0.0, seconds))

    def stage(self, stage: str, seconds: float) -> None:
        """One of STAGES took that long."""
        self._stages.labels(stage).observe(seconds)

    def stalled(self, seconds: float) -> None:
        """A timer of the loop was that late."""
        self._stall.observe(max(0.0, seconds))

    def recognised(self, kind: str, outcome: str, seconds: float) -> None:
        """A recognition (partial, speculate, final) is over: ok, failed or refused."""
        self._recognitions.labels(kind, outcome).inc()
        self._recogniser_s.labels(kind).inc(seconds)

    def said(self, source: str) -> None:
        """A line was recorded, cached or synthesised."""
        self._clips.labels(source).inc()

    def picked_up(self, verdict: str) -> None:
        """Who it is, as far as is known now."""
        self._verdicts.labels(verdict).inc()

    def freestyle(self, outcome: str, seconds: float | None = None) -> None:
        """What became of an ask of the language model, and after how long."""
        self._freestyle.labels(outcome).inc()
        if seconds is not None:
            self._sentence_s.observe(seconds)

    def not_admitted(self, cause: str) -> None:
        """The language model was not asked: "deadline" or "queue"."""
        self._freestyle.labels("not admitted").inc()
        self._model_refused.labels(cause).inc()

    def guard_refused(self, reason: str) -> None:
        """What the language model wrote may not be said."""
        self._guarded.labels(reason).inc()

    def ask_ended(self, kind: str, outcome: str, seconds: float) -> None:
        """A call has done with what it asked; for what was answered, after how long."""
        self._asked.labels(kind, outcome if outcome in ASK_OUTCOMES else "broken").inc()
        if kind == "freestyle" and outcome == "answered":
            self._first_s.observe(seconds)

    # -- when it is asked -------------------------------------------------------------------

    def watch(self, snapshot: Callable[[], Snapshot]) -> None:
        """Where what is true now is read from."""
        self._registry.register(_Now(snapshot))

    def page(self) -> bytes:
        """The text Prometheus reads, UTF-8."""
        return generate_latest(self._registry)


class _Now(Collector):
    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        held = GaugeMetricFamily(
            "agentd_calls_held", "Calls held now, by phase of the conversation.", labels=["phase"]
        )
        for phase, count in sorted(now.phases.items()):
            held.add_metric([phase], count)
        yield held
        for name, text, value in (
            ("agentd_calls_limit", "Calls held at most.", now.max_calls),
            ("agentd_draining", "1 while no more calls are taken.", int(now.draining)),
            ("agentd_inbox_depth", "Events waiting in the fullest call's inbox.", now.inbox),
            ("agentd_workers_threads", "Native threads.", now.threads),
            ("agentd_workers_busy", "Native threads at work.", now.busy),
            ("agentd_workers_queued", "Native work not begun.", now.queued),
            ("agentd_workers_lost", "Native threads that hang.", now.lost),
            ("agentd_audio_streams", "Audio streams of the switch.", now.streams),
            ("agentd_spooled_calls", "Calls with facts the store has not had yet.", now.spooled),
            ("agentd_greenlets", "Greenlets not finished: a few, and some a call.", now.greenlets),
            ("agentd_threads", "Threads of the process, those of libraries included.", _threads()),
        ):
            yield GaugeMetricFamily(name, text, value=value)
        if now.model is not None:
            for name, text, value in zip(
                ("agentd_llm_running", "agentd_llm_waiting", "agentd_llm_parallel"),
                (
                    "Texts the language model is writing.",
                    "Texts that wait for the language model.",
                    "Texts written at once at most.",
                ),
                now.model,
                strict=True,
            ):
                yield GaugeMetricFamily(name, text, value=value)
        asked = CounterMetricFamily(
            "agentd_cache_lookups", "Look-ups of a cache, by outcome.", labels=["cache", "outcome"]
        )
        size = GaugeMetricFamily("agentd_cache_entries", "Held by a cache.", labels=["cache"])
        for cache, (hits, misses, entries) in sorted(now.caches.items()):
            asked.add_metric([cache, "hit"], hits)
            asked.add_metric([cache, "miss"], misses)
            size.add_metric([cache], entries)
        yield asked
        yield size


def _threads() -> int:
    """Of this process: all of them where the kernel tells, else Python's own."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()
