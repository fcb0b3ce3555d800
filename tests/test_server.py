"""Starting and stopping; calls themselves are held in tests/faults."""

import json
import os
import sys
from pathlib import Path

import gevent
import pytest
import structlog
from gevent import socket

from agentd import spools
from agentd.config import Settings
from agentd.errors import BadInput, ConfigError, ScenarioError, StoreError
from agentd.server import Server
from agentd.store.repo import Repo

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from fault_house import ScriptedRecogniser, alive, make_root, settings_for, until


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "root")


@pytest.fixture(autouse=True)
def log():
    before = structlog.get_config()
    structlog.reset_defaults()  # another test may have left a level
    with structlog.testing.capture_logs() as entries:
        yield entries
    structlog.configure(**before)


def serve(settings: Settings, *scenarios: str) -> Server:
    server = Server(settings, recogniser=ScriptedRecogniser())
    server.start(scenarios)
    return server


def test_a_start_that_fails_leaves_nothing_running(root: Path) -> None:
    before = alive()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}") as caught:
            serve(settings_for(root, server={"esl_port": port}))
    assert caught.value.exit_code == 2
    until(lambda: alive() <= before)
    serve(settings_for(root, server={"esl_port": port})).stop()


def test_a_scenario_that_is_asked_for_must_be_ready(root: Path) -> None:
    serve(settings_for(root), "short").stop()
    with pytest.raises(ScenarioError, match="none-such"):
        serve(settings_for(root), "none-such")
    for name in ("Q1", "Bye"):
        (root / "audio" / "tone" / "8000" / "scenarios" / "short" / f"{name}.wav").unlink()
    with pytest.raises(BadInput, match=r"short: 2 of \d+ lines have no recording") as caught:
        serve(settings_for(root), "short")
    assert "scenarios/short/Q1, ..." in str(caught.value)
    assert "agent-tools clone-voice tone --scenario short" in caught.value.mend
    serve(settings_for(root)).stop()  # what is missing is synthesised


def test_a_broken_scenario_of_the_folder_costs_its_own_calls_only(root: Path, log: list) -> None:
    (root / "scenarios" / "scenario_broken.json").write_text("{")
    serve(settings_for(root), "short").stop()
    (told,) = [entry for entry in log if entry["event"] == "scenario cannot be used"]
    assert told["scenario"] == "broken"
    assert "scenario_broken.json" in told["error"]


def test_scenarios_are_in_the_cache_before_the_first_call(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(settings_for(root))
    monkeypatch.setattr("agentd.catalog._read", lambda *_: pytest.fail("read during a call"))
    server._house.catalog.brain("short")
    server.stop()


def test_two_agentd_of_one_folder_leave_each_other_alone(root: Path) -> None:
    """Each takes up its own spool and calls only: the other's are still being written."""
    port = 45_678
    first = Server(settings_for(root, server={"esl_port": port}), recogniser=ScriptedRecogniser())
    second = serve(settings_for(root))
    assert first._instance != second._instance
    assert first._spool != second._spool
    repo = Repo(settings_for(root).store.url)
    call = {"scenario": "short", "version": 1, "phone": "1", "contact": {}}
    when = "2026-01-05T10:00:00+00:00"
    for name, owner in (("theirs", first), ("ours", second)):
        owner._spool.mkdir(parents=True, exist_ok=True)
        entry = {
            "method": "start_call",
            "arguments": {
                "call_id": name,
                **call,
                "answered_at": when,
                "instance": owner._instance,
            },
        }
        (owner._spool / f"{name}.jsonl").write_text(json.dumps(entry) + "\n")
    held = spools.hold(first._spool)  # as it does once it is started
    assert held is not None
    second.stop()
    third = serve(settings_for(root))
    assert [f.name for f in first._spool.iterdir()] == ["theirs.jsonl"]
    assert list(third._spool.iterdir()) == []
    assert repo.calls() == ["ours"]
    ours = repo.load_call("ours")
    assert ours is not None
    assert (ours.disposition, ours.reason) == ("FAILED", "agentd ended in mid-call")
    third.stop()
    assert spools.write_abandoned(repo, root) == 0
    held.release()  # it is gone, and does not come back
    assert spools.write_abandoned(repo, root) == 1
    assert repo.calls() == ["ours", "theirs"]
    first._shut()
    repo.close()


def test_without_its_database_it_does_not_start(root: Path) -> None:
    before = alive()
    (root / "file").write_text("")
    with pytest.raises(StoreError):
        serve(settings_for(root, store={"url": f"sqlite:////{root}/file/calls.sqlite3"}))
    until(lambda: alive() <= before)


def test_an_idle_server_stops_at_once(root: Path) -> None:
    server = serve(settings_for(root))
    with gevent.Timeout(2):
        server.stop(drain_s=60)


def test_a_port_of_the_systems_choice_is_no_instance_that_comes_back(root: Path) -> None:
    server = Server(settings_for(root), recogniser=ScriptedRecogniser())
    assert server._instance.endswith(f"pid{os.getpid()}")
    server._shut()
