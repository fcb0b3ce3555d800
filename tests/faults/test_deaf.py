"""The recogniser raises, or never answers."""

from collections.abc import Callable, Iterator

import pytest
from fault_house import STRAIGHT, YESES, House, ScriptedRecogniser, until
from gevent import monkey

from agentd.errors import SpeechError
from agentd.speech import ears

OPT_OUT = "ne m'appelez plus"
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


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "FINAL_TIMEOUT_S", 0.4)


@pytest.fixture
def troubled(houses: Callable[..., House]) -> Iterator[Callable[[Trouble], House]]:
    troubles: list[Trouble] = []

    def make(trouble: Trouble, **sections: dict[str, object]) -> House:
        troubles.append(trouble)
        return houses(recogniser=ScriptedRecogniser(trouble), **sections)

    yield make
    for trouble in troubles:
        trouble.over.set()


def test_one_failure_costs_a_turn(troubled: Callable[..., House]) -> None:
    """Both looks at the first answer fail: it is asked again, and the call goes on."""
    house = troubled(Trouble(SpeechError("the model lost its way"), RuntimeError("bad_alloc")))
    placed = house.call([*YESES, {"say": OPT_OUT}])
    assert placed.outcome().problems == []
    report = placed.whole()
    assert report.disposition == "OPT_OUT"
    assert report.steps == [{"name": "Hello", "outcome": "optout", "turns": 2}]


def test_a_recogniser_that_always_fails_ends_the_call(troubled: Callable[..., House]) -> None:
    house = troubled(Trouble(always=RuntimeError("std::bad_alloc")))
    placed = house.call(STRAIGHT)
    outcome = placed.outcome(timeout=10)
    assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
    report = placed.whole()
    assert report.disposition == "FAILED"
    assert report.reason.startswith("recognition failed 3 times")
    assert "std::bad_alloc" in report.reason
    # Politely: with a goodbye.
    assert "problème technique" in report.turns[-1]["text"]


def test_a_recogniser_that_takes_no_more_calls(
    troubled: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be said either, before the engine has begun: hung up, kept with its cause."""
    house = troubled(Trouble())

    def full(vocabulary: object) -> None:
        raise SpeechError("no room for another stream")

    monkeypatch.setattr(house.recogniser, "stream", full)
    placed = house.call(STRAIGHT)
    outcome = placed.outcome(timeout=5)
    assert (outcome.cause, outcome.problems) == ("NORMAL_TEMPORARY_FAILURE", [])
    report = placed.kept()
    assert (report.disposition, report.reason) == ("FAILED", "no room for another stream")


def test_a_thread_that_hangs_costs_a_turn(troubled: Callable[..., House]) -> None:
    trouble = Trouble("hang", "hang")
    house = troubled(trouble, speech={"threads": 3})
    placed = house.call([*YESES, {"say": OPT_OUT}])
    assert placed.outcome().problems == []
    report = placed.whole()
    assert report.disposition == "OPT_OUT"
    assert trouble.met == 2
    trouble.over.set()
    until(lambda: house.server._workers.waiting == 0)


def test_a_recogniser_that_never_answers_ends_the_calls(troubled: Callable[..., House]) -> None:
    """Every thread hangs: what was said, nobody knows. That is no silence of the prospect's."""
    trouble = Trouble(always="hang")
    house = troubled(trouble)
    calls = [house.call([{"say": OPT_OUT}] * 3) for _ in range(2)]
    for placed in calls:
        outcome = placed.outcome(timeout=15)
        assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
        report = placed.whole()
        assert report.disposition == "FAILED"
        assert "could not be recognised" in report.reason
        assert "problème technique" in report.turns[-1]["text"]
    trouble.over.set()
    until(lambda: house.server._workers.waiting == 0)
