"""Told to stop, or killed: nothing is lost, and what was cut off is ended at the next start."""

import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest
from agentd_process import Agentd
from fault_house import STRAIGHT, Caller, House, Placed, Watch, settings_for, until

from agentd import server
from agentd.simulator.playing import SILENT
from agentd.store.repo import Repo
from agentd.switch import leg

DRAIN_S = 2.0
SHORT = [{"hangup": True, "after": 0.8}]


class Elsewhere(Caller):
    """Calls to an agentd that is another process, on ports of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        url = f"sqlite:////{folder}/calls.sqlite3"
        server_part = {"esl_port": self.port, "audio_port": 0, "drain_s": DRAIN_S}
        settings = settings_for(root, server=server_part, store={"url": url})
        super().__init__(settings, Repo(url))
        self._sections = {
            "paths": {"root": str(root)},
            "server": server_part,
            "store": {"url": url},
            "speech": settings.speech.model_dump(include={"endpoint_ms", "endpoint_quick_ms"}),
            "dialogue": settings.dialogue.model_dump(),
        }
        self.started: list[Agentd] = []

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def start(self) -> Agentd:
        agentd = Agentd(self.folder / str(len(self.started)), **self._sections)
        self.started.append(agentd)
        assert agentd.address() == self.address
        return agentd


@pytest.fixture
def elsewhere(root: Path, tmp_path: Path) -> Iterator[Elsewhere]:
    made = Elsewhere(root, tmp_path)
    yield made
    for agentd in made.started:
        agentd.kill()
    made.repo.close()


def test_sigterm_drains(elsewhere: Elsewhere) -> None:
    agentd = elsewhere.start()
    short, long = elsewhere.call(SHORT), elsewhere.call(STRAIGHT)
    until(lambda: len(agentd.said("call answered")) == 2)
    agentd.terminate()
    begun = time.monotonic()
    until(lambda: agentd.said("draining"))
    late = elsewhere.call(STRAIGHT).outcome(timeout=3)
    assert "nobody answers" in late.problems[0], "it took a call, or left it to the dialplan's end"
    assert short.outcome().problems == []
    assert time.monotonic() - begun < DRAIN_S, "the short call was not let finish"
    outcome = long.outcome(timeout=8)
    took = time.monotonic() - begun
    assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
    assert DRAIN_S < took < DRAIN_S + 2
    assert agentd.end(timeout=5) == 0
    report = short.whole()
    assert (report.disposition, report.reason) == ("HANGUP", "NORMAL_CLEARING")
    report = long.whole()
    assert (report.disposition, report.reason) == ("FAILED", "drain")
    assert "mettre fin à cet appel" in report.turns[-1]["text"]
    assert report.turns[-1]["end_ms"] - report.turns[-1]["start_ms"] > 200, "not heard"
    assert "Traceback" not in agentd.log


@pytest.mark.parametrize("how", ["SIGTERM twice", "SIGKILL"])
def test_what_was_cut_off_is_ended_at_the_next_start(elsewhere: Elsewhere, how: str) -> None:
    agentd = elsewhere.start()
    cut, decided = elsewhere.call([]), elsewhere.call([{"dtmf": "9", "at": 0.1}])
    until(
        lambda: disposition(elsewhere, decided) == "OPT_OUT" and disposition(elsewhere, cut) == ""
    )
    begun = time.monotonic()
    if how == "SIGKILL":
        agentd.process.kill()
        assert agentd.end() == -signal.SIGKILL
    else:
        agentd.terminate()
        gevent.sleep(0.2)
        agentd.terminate()
        assert agentd.end() == 1
        assert time.monotonic() - begun < 1.5
    assert "Traceback" not in agentd.log
    left = elsewhere.repo.load_call(cut.id)
    assert left is not None
    assert (left.ended_at, left.disposition) == (None, None)
    problem = "agentd closed the connection during the call"
    assert cut.outcome(timeout=5).problems == [problem]

    again = elsewhere.start()
    assert again.said("calls cut off by a crash were ended")[0]["calls"] == 2
    report = cut.kept()
    assert (report.disposition, report.reason) == ("FAILED", "agentd ended in mid-call")
    report = decided.kept()
    assert report.disposition == "OPT_OUT"
    assert elsewhere.repo.suppressed(report.phone)
    last = elsewhere.call(SHORT)
    assert last.outcome().problems == []
    assert last.whole().disposition == "HANGUP"


def disposition(caller: Caller, placed: Placed) -> str | None:
    report = caller.repo.load_call(placed.id)
    return None if report is None else report.disposition or ""


def test_a_goodbye_that_never_ends_is_hung_up_on(
    houses: Callable[..., House], watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch plays nothing any more, but takes commands."""
    monkeypatch.setattr(server, "GOODBYE_S", 0.5)
    house = houses()
    placed = house.call([])
    until(lambda: placed.call.recorder.duration_ms > 800)
    placed.call.switch.player.tick = lambda: (SILENT, SILENT)  # type: ignore[method-assign]
    begun = time.monotonic()
    house.stop()
    assert time.monotonic() - begun < 3
    assert house.server.calls == 0
    assert placed.outcome().problems == []
    placed.house = again = houses()
    report = placed.whole()
    assert (report.disposition, report.reason) == ("FAILED", "drain")
    assert watch.said("calls left at the end of the drain") == []
    assert again.server.calls == 0


def test_a_switch_that_says_nothing_any_more_holds_up_no_stop(
    houses: Callable[..., House], watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GOODBYE_S", 0.5)
    monkeypatch.setattr(leg, "HANGUP_S", 1.0)
    house = houses()
    placed = house.call([])
    until(lambda: placed.call.recorder.duration_ms > 500)
    placed.call._outbox = Nothing()  # type: ignore[assignment]
    begun = time.monotonic()
    house.stop()
    assert time.monotonic() - begun < 4
    placed.outcome()
    placed.house = houses()
    report = placed.whole()
    assert (report.disposition, report.reason) == ("FAILED", "drain")
    assert watch.said("calls left at the end of the drain") == []


class Nothing(deque[bytes]):
    """An outbox that lets nothing out."""

    def append(self, data: bytes) -> None:
        pass
