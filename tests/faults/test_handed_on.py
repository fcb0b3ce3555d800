"""agentd killed in mid-call: the dialplan hands the live call to a second one, which goes on."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from agentd_process import Agentd
from fault_house import SCENARIO, STRAIGHT, YESES, Caller, Placed, settings_for, until

from agentd.dialogue.phrases import phrase
from agentd.store.repo import Repo

SORRY = phrase("resumed").text


class Two(Caller):
    """Two agentd on one store, as the shipped dialplan names them."""

    def __init__(self, root: Path, folder: Path) -> None:
        url = f"sqlite:////{folder}/calls.sqlite3"
        settings = settings_for(root, store={"url": url})
        super().__init__(settings, Repo(url))
        given = settings.model_dump(mode="json", exclude_defaults=True)
        self.agentds = [Agentd(folder / name, **given) for name in ("first", "second")]
        self.first, self.second = self.agentds

    @property
    def address(self) -> tuple[str, int]:
        return self.first.address()

    def call(self, *arguments: Any, **options: Any) -> Placed:
        return super().call(*arguments, others=[self.second.address()], **options)

    def close(self) -> None:
        for agentd in self.agentds:
            agentd.kill()
        self.repo.close()


@pytest.fixture
def two(root: Path, tmp_path: Path) -> Iterator[Two]:
    made = Two(root, tmp_path)
    made.address, made.second.address()  # both listen
    yield made
    made.close()


def steps(two: Two, placed: Placed) -> list[str]:
    report = two.repo.load_call(placed.id)
    return [] if report is None else [step["name"] for step in report.steps]


def test_killed_in_mid_call_the_second_goes_on(two: Two) -> None:
    early, late = two.call(), two.call()
    until(lambda: "Q1" in steps(two, early) and "Q1" in steps(two, late))
    two.first.process.send_signal(signal.SIGKILL)
    for placed in early, late:
        outcome = placed.outcome()
        assert (outcome.handed_on, outcome.problems, outcome.cause) == (1, [], "NORMAL_CLEARING")
        report = placed.whole()
        assert (report.disposition, report.score) == ("LEAD", 100)
        assert [s["name"] for s in report.steps] == [
            *("Hello", "Q1", "Q2", "Is_Leads", "Confirm_Time", "Bye")
        ]
        said = [turn["text"] for turn in report.turns if turn["who"] == "agent"]
        assert sum(SORRY in text for text in said) == 1
        assert sum("voix artificielle" in text for text in said) == 1, "it began all over again"
        times = [turn["start_ms"] for turn in report.turns]
        assert times == sorted(times)
    assert two.second.said("call taken over from an agentd that died")
    assert "Traceback" not in two.second.log


def test_the_first_started_again_leaves_a_call_to_who_took_it(two: Two, tmp_path: Path) -> None:
    placed = two.call([*YESES, {"silence": 0.5}, *STRAIGHT[1:]])
    until(lambda: "Hello" in steps(two, placed))
    port = two.first.address()[1]
    two.first.process.send_signal(signal.SIGKILL)
    until(lambda: two.second.said("call taken over from an agentd that died"))
    given = two.settings.model_dump(mode="json", exclude_defaults=True)
    given["server"]["esl_port"] = port
    again = Agentd(tmp_path / "again", **given)
    two.agentds.append(again)
    again.address()
    assert placed.outcome().problems == []
    assert placed.whole().disposition == "LEAD"


def test_a_goodbye_cut_short_is_said_by_the_second(two: Two) -> None:
    placed = two.call([{"dtmf": "9", "at": 0.1}, {"silence": 5}])
    until(lambda: (r := two.repo.load_call(placed.id)) is not None and r.disposition)
    two.first.process.send_signal(signal.SIGKILL)
    outcome = placed.outcome()
    assert (outcome.handed_on, outcome.problems) == (1, [])
    report = placed.kept()
    assert report.disposition == "OPT_OUT"
    assert two.repo.suppressed(report.phone)
    assert SORRY in report.turns[-1]["text"]


def test_an_id_used_by_two_channels_mixes_nothing(two: Two) -> None:
    first = two.call([{"silence": 3}], call_id="the-same")
    until(lambda: two.repo.load_call("the-same") is not None)
    other = two.call([*YESES[:1], {"hangup": True, "after": 0.3}], call_id="the-same")
    assert other.outcome().problems == []
    assert other.id == "the-same"
    uuid = other.call.switch.channel.uuid
    until(lambda: (r := two.repo.load_call(uuid)) is not None and r.ended_at)
    assert two.repo.load_call(uuid).scenario == SCENARIO
    gevent.sleep(0.1)
    report = two.repo.load_call("the-same")
    assert report.ended_at is None
    assert [t for t in report.turns if t["who"] == "prospect"] == []
    first.greenlet.kill()
