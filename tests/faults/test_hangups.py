"""The prospect stays to the end, or hangs up at any moment: one batch of calls held together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import pytest
from fault_house import STRAIGHT, YES, YESES, House, Placed, Watch

from agentd.simulator.commands import Command
from agentd.simulator.effects import ForkStart
from agentd.simulator.switch import SimulatedCall

OPT_OUT = "ne m'appelez plus"


class HangsUp(SimulatedCall):
    """Hangs up from the far end, at a moment."""

    def hang_up(self) -> None:
        self.switch.hang_up("NORMAL_CLEARING", by_peer=True)
        self._perform()


def after(seconds: float) -> Callable[[HangsUp], None]:
    """So long after the call was placed."""

    def arm(call: HangsUp) -> None:
        gevent.spawn_later(seconds, call.hang_up)

    return arm


def before_the_answer_to(start: str, count: int = 1) -> Callable[[HangsUp], None]:
    """When agentd has sent a command that begins so, and before it is carried out."""

    def arm(call: HangsUp) -> None:
        obey, seen = call.switch.obey, [0]

        def obeyed(command: Command) -> None:
            asked = command.line + " " + command.headers.get("execute-app-name", "")
            seen[0] += asked.startswith(start)
            if seen[0] == count and asked.startswith(start):
                call.hang_up()
            obey(command)

        call.switch.obey = obeyed  # type: ignore[method-assign]

    return arm


def before_the_fork_connects(call: HangsUp) -> None:
    def start(effect: ForkStart) -> None:
        call.hang_up()

    call._start_fork = start  # type: ignore[method-assign]


def as_the_fork_connects(call: HangsUp) -> None:
    told = call._fork_told

    def tell(event: str, body: str) -> None:
        call.hang_up()
        told(event, body)

    call._fork_told = tell  # type: ignore[method-assign]


def at_the_hangup_of_agentd(call: HangsUp) -> None:
    """Both hang up at once; ours is first on the wire."""
    before_the_answer_to("api uuid_kill")(call)


@dataclass
class Moment:
    """What the prospect has said until then, when it hangs up, and what must be kept."""

    name: str
    arm: Callable[[HangsUp], None] | None = None
    turns: list[dict[str, Any]] = field(default_factory=list)
    disposition: str = "HANGUP"
    score: int = 0
    says: int = 1  # of the agent's turns, kept


HANGUP = {"hangup": True}
MOMENTS = [
    Moment("before connect is answered", before_the_answer_to("connect"), says=0),
    Moment("before linger is answered", before_the_answer_to("linger"), says=0),
    Moment("before myevents is answered", before_the_answer_to("myevents"), says=0),
    Moment("before the events are subscribed", before_the_answer_to("event plain"), says=0),
    Moment("before the fork is asked for", before_the_answer_to("api uuid_audio_fork"), says=0),
    Moment("before the fork connects", before_the_fork_connects, says=0),
    Moment("as the fork connects", as_the_fork_connects, says=0),
    Moment("as the background starts", before_the_answer_to("api uuid_displace"), says=0),
    Moment("before the greeting begins", before_the_answer_to("sendmsg playback"), says=0),
    Moment("in the middle of the greeting", after(0.25)),
    Moment("between the greeting's clips", after(0.38)),
    Moment("as the greeting ends", turns=[{"hangup": True, "after": 0}]),
    Moment("while a silence is waited for", turns=[{"hangup": True, "after": 0.8}]),
    Moment("while it speaks itself", after(1.2), turns=YESES),
    Moment("as its turn ends", after(1.4), turns=YESES),
    Moment("as it is being answered", turns=[*YESES, {"hangup": True, "at": 0.1}], says=2),
    Moment("after one good answer", turns=[*YESES * 2, HANGUP], score=30, says=3),
    Moment(
        "during the goodbye of a lead",
        turns=[*STRAIGHT, {"hangup": True, "at": 0.1}],
        disposition="LEAD",
        score=100,
        says=6,
    ),
    Moment(
        "once the lead is decided",
        turns=[*YESES * 4, {"hangup": True, "at": 0.2}],
        disposition="LEAD",
        score=100,
        says=5,
    ),
    Moment(
        "during the apology to an opt-out",
        turns=[{"say": OPT_OUT}, {"hangup": True, "at": 0.1}],
        disposition="OPT_OUT",
        says=2,
    ),
    Moment(
        "as agentd hangs up",
        at_the_hangup_of_agentd,
        turns=[{"say": OPT_OUT}],
        disposition="OPT_OUT",
        says=2,
    ),
    Moment(
        "during the goodbye after silence",
        turns=[{"silence": 2.0}, {"hangup": True, "at": 0.1}],
        disposition="NO_ANSWER",
        says=3,
    ),
]
UNEXPLAINED = [moment.name for moment in MOMENTS[:3]]


@pytest.fixture(scope="module")
def swept(root: Path) -> Iterator[dict[str, Placed]]:
    """Every moment's call, over."""
    with Watch().on() as watch:
        house = House(root, watch)
        placed = {"lead": house.call(STRAIGHT)}
        for moment in MOMENTS:
            one = house.call(moment.turns, kind=HangsUp)
            if moment.arm is not None:
                assert isinstance(one.call, HangsUp)
                moment.arm(one.call)
            placed[moment.name] = one
        for one in placed.values():
            one.outcome()
        house.settle()
        yield placed
        house.stop()


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_the_prospect_hangs_up(swept: dict[str, Placed], moment: Moment) -> None:
    one = swept[moment.name]
    outcome = one.outcome()
    assert outcome.problems == []
    report = one.whole()
    assert (report.disposition, report.score) == (moment.disposition, moment.score)
    # Before its events are subscribed to, the switch need not say why the call is over.
    early = report.hangup_cause == "UNSPECIFIED" and moment.name in UNEXPLAINED
    assert early or report.hangup_cause == "NORMAL_CLEARING"
    says = sum(turn["who"] == "agent" for turn in report.turns)
    # The fork and the greeting are asked for together: either may be first by some milliseconds.
    assert says == moment.says or (moment.name == "as the fork connects" and says == 1)
    assert not any(turn["interrupted"] for turn in report.turns)


def test_a_lead_is_kept_whole(swept: dict[str, Placed]) -> None:
    placed = swept["lead"]
    outcome = placed.outcome()
    assert (outcome.cause, outcome.problems, outcome.unused) == ("NORMAL_CLEARING", [], 0)
    report = placed.whole()
    assert (report.disposition, report.score, report.reason) == ("LEAD", 100, "")
    assert report.hangup_cause == "NORMAL_CLEARING"
    assert (report.phone, report.contact) == ("+33199000102", {"first_name": "Claire"})
    assert report.callbacks == ["demain matin"]
    assert [(s["name"], s["outcome"]) for s in report.steps] == [
        ("Hello", "affirm"),
        ("Q1", "affirm"),
        ("Q2", "affirm"),
        ("Is_Leads", "affirm"),
        ("Confirm_Time", "done"),
        ("Bye", "done"),
    ]
    assert [turn["who"] for turn in report.turns] == ["agent", "prospect"] * 5 + ["agent"]
    assert [t["text"] for t in report.turns[1::2]] == [YES] * 4 + ["demain matin"]
    starts = [turn["start_ms"] for turn in report.turns]
    assert starts == sorted(starts)
    # Nobody was spoken over, and each turn is where it sounds in the recording.
    for before, after in zip(report.turns, report.turns[1:], strict=False):
        assert before["end_ms"] <= after["start_ms"] + 60
    stereo = placed.call.recorder.stereo
    for turn in report.turns:
        side = 0 if turn["who"] == "prospect" else 1
        middle = (turn["start_ms"] + turn["end_ms"]) // 2 * 8
        assert np.abs(stereo[middle - 400 : middle + 400, side]).max() > 2_000, turn
    # The ambience is under the whole call, also while the agent listens.
    listening = (report.turns[1]["start_ms"] + report.turns[1]["end_ms"]) // 2 * 8
    assert 20 < np.abs(stereo[listening - 400 : listening + 400, 1]).max() < 1_000
