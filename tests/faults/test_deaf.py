"""The recogniser raises, or never answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fault_house import STRAIGHT, YESES, House, Placed, ScriptedRecogniser, Watch, alive, until
from gevent import monkey

from agentd.errors import SpeechError
from agentd.speech import ears
from agentd.store.repo import CallReport

OPT_OUT = {"say": "ne m'appelez plus"}
NativeEvent = monkey.get_original("threading", "Event")


class Trouble:
    """What each reading meets, in turn: None, an exception, or a wait until the end of the test."""

    def __init__(
        self, *plan: Exception | str | None, always: Exception | str | None = None
    ) -> None:
        self._plan = list(plan)
        self._always = always
        self.over = NativeEvent()
        self.met = 0

    def __call__(self) -> None:
        trouble = self._plan.pop(0) if self._plan else self._always
        self.met += trouble is not None
        if isinstance(trouble, Exception):
            raise trouble
        if trouble == "hang":
            self.over.wait(30)


def full(vocabulary: object) -> None:
    raise SpeechError("no room for another stream")


@dataclass
class Deaf:
    """How the recogniser fails, and what the prospect says meanwhile."""

    trouble: Trouble
    turns: list[dict[str, Any]]
    threads: int = 2
    calls: int = 1
    placed: list[Placed] = field(default_factory=list)


CASES = {
    # Both looks at the first answer.
    "fails once": Deaf(
        Trouble(SpeechError("the model lost its way"), RuntimeError("bad_alloc")),
        [*YESES, OPT_OUT],
    ),
    "always fails": Deaf(Trouble(always=RuntimeError("std::bad_alloc")), STRAIGHT),
    "takes no more calls": Deaf(Trouble(), STRAIGHT),
    "two threads hang": Deaf(Trouble("hang", "hang"), [*YESES, OPT_OUT], threads=1),
    "never answers": Deaf(Trouble(always="hang"), [OPT_OUT] * 3, calls=2),
}


@pytest.fixture(scope="module")
def held(root: Path) -> Iterator[dict[str, Deaf]]:
    """A house for each trouble; their calls are held at the same time."""
    before = alive()
    with pytest.MonkeyPatch.context() as patch, Watch().on() as watch:
        patch.setattr(ears, "FINAL_TIMEOUT_S", 0.4)
        houses = []
        try:
            for name, case in CASES.items():
                recogniser = ScriptedRecogniser(case.trouble)
                if name == "takes no more calls":
                    patch.setattr(recogniser, "stream", full)
                speech = {"threads": case.threads}
                houses.append(House(root, watch, recogniser=recogniser, speech=speech))
                case.placed = [houses[-1].call(case.turns) for _ in range(case.calls)]
            for case in CASES.values():
                for placed in case.placed:
                    placed.outcome(timeout=15)
            for house in houses:
                until(lambda house=house: house.server.calls == 0)
            yield CASES
        finally:
            for case in CASES.values():
                case.trouble.over.set()
            for house in houses:
                until(lambda house=house: house.server._workers.waiting == 0)
                house.stop()
        until(lambda: alive() <= before)
        assert watch.tracebacks == []


def reports(case: Deaf) -> list[CallReport]:
    for placed in case.placed:
        outcome = placed.outcome()
        assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
    return [placed.whole() for placed in case.placed]


def test_one_failure_costs_a_turn(held: dict[str, Deaf]) -> None:
    """It is asked again, and the call goes on."""
    (report,) = reports(held["fails once"])
    assert report.disposition == "OPT_OUT"
    assert report.steps == [{"name": "Hello", "outcome": "optout", "turns": 2}]


def test_a_recogniser_that_always_fails_ends_the_call(held: dict[str, Deaf]) -> None:
    (report,) = reports(held["always fails"])
    assert report.disposition == "FAILED"
    assert report.reason.startswith("recognition failed 3 times")
    assert "std::bad_alloc" in report.reason
    # Politely: with a goodbye.
    assert "problème technique" in report.turns[-1]["text"]


def test_a_recogniser_that_takes_no_more_calls(held: dict[str, Deaf]) -> None:
    """Before the engine has begun nothing can be said: hung up, and kept with its cause."""
    (placed,) = held["takes no more calls"].placed
    outcome = placed.outcome()
    assert (outcome.cause, outcome.problems) == ("NORMAL_TEMPORARY_FAILURE", [])
    report = placed.kept()
    assert (report.disposition, report.reason) == ("FAILED", "no room for another stream")


def test_a_thread_that_hangs_costs_a_turn(held: dict[str, Deaf]) -> None:
    """The only one did, twice: another took its place."""
    (report,) = reports(held["two threads hang"])
    assert report.disposition == "OPT_OUT"
    assert held["two threads hang"].trouble.met == 2


def test_a_recogniser_that_never_answers_ends_the_calls(held: dict[str, Deaf]) -> None:
    """Every thread hangs: what was said, nobody knows. That is no silence of the prospect's."""
    for report in reports(held["never answers"]):
        assert report.disposition == "FAILED"
        # Whichever is noticed first: every thread was replaced, or none was left.
        assert re.search("could not be recognised|recognition failed 3 times", report.reason)
        assert "problème technique" in report.turns[-1]["text"]
