"""What a real switch has been seen to do wrong: the call does not suffer, or ends politely."""

from collections.abc import Callable

import pytest
from fault_house import STRAIGHT, YES, YESES, House, Placed, Watch, until

from agentd.simulator.traps import Traps


def lead(placed: Placed) -> None:
    outcome = placed.outcome()
    assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
    report = placed.whole()
    assert (report.disposition, report.score) == ("LEAD", 100)


@pytest.mark.parametrize(
    "traps",
    [
        Traps(mute_forks=1),
        Traps(mute_forks=2),
        Traps(refused_forks=2),
        Traps(refused_forks=1, mute_forks=1),
    ],
    ids=str,
)
def test_a_fork_that_gives_nothing_is_started_again(
    houses: Callable[..., House], traps: Traps
) -> None:
    house = houses(dialogue={"silence_s": 5.0})
    # The prospect takes time: nobody hears the first seconds of a call whose audio does not come.
    first = {"say": YES, "after": 0.5 + 1.6 * traps.mute_forks + 0.3 * traps.refused_forks}
    placed = house.call([first, *STRAIGHT[1:]], traps=traps)
    lead(placed)
    assert placed.call._forks_started == 1 + traps.mute_forks + traps.refused_forks


def test_a_switch_that_never_gives_audio_ends_the_call(houses: Callable[..., House]) -> None:
    house = houses(dialogue={"silence_s": 20.0, "answer_timeout_s": 30.0})
    placed = house.call(YESES, traps=Traps(mute_forks=99))
    outcome = placed.outcome()
    assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
    report = placed.whole()
    assert report.disposition == "FAILED"
    assert "no audio from the switch" in report.reason
    assert "problème technique" in report.turns[-1]["text"], "it hung up without a word"


def test_a_lost_fork_is_started_again(houses: Callable[..., House], watch: Watch) -> None:
    house = houses()
    placed = house.call(STRAIGHT, traps=Traps(lost_fork_s=1.0))
    outcome = placed.outcome()
    assert outcome.problems == []
    assert placed.call._forks_started == 2
    assert placed.whole().disposition in ("LEAD", "NOT_LEAD")  # a word may have been lost with it


def test_what_was_said_before_the_fork_opened_is_heard(houses: Callable[..., House]) -> None:
    """It comes as one large frame."""
    house = houses()
    placed = house.call(
        [{"interrupt": "ne m'appelez plus", "at": 0.05}], traps=Traps(late_fork_s=0.9)
    )
    outcome = placed.outcome()
    assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
    assert placed.whole().disposition == "OPT_OUT"
    assert house.repo.suppressed("+33199000102")


def test_hung_up_before_the_fork_opened_leaves_no_stream(houses: Callable[..., House]) -> None:
    """The module then leaves its websocket open for ever: agentd must close it."""
    house = houses()
    placed = house.call([{"hangup": True, "at": 0.0}], traps=Traps(late_fork_s=0.6))
    assert placed.outcome().problems == []
    house.settle()
    assert house.server._audio.streams == 0


def test_static_mode_is_hung_up_and_explained(houses: Callable[..., House], watch: Watch) -> None:
    house = houses()
    placed = house.call(STRAIGHT, traps=Traps(static=True))
    outcome = placed.outcome()
    assert outcome.cause == "NORMAL_TEMPORARY_FAILURE"
    assert outcome.problems == []
    until(lambda: watch.said("a connection came to nothing"))  # once the switch has let go
    (said,) = watch.said("a connection came to nothing")
    assert "async full" in said["error"]
    assert house.server._esl.calls == 0
