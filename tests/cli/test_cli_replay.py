"""`agentd replay` over a store that holds one call."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentd.catalog import Catalog
from agentd.cli import cli
from agentd.config import PathSettings, Settings
from agentd.dialogue import actions, engine, events

ROOT = Path(__file__).parents[2]
EVENTS = [
    (0, events.Answered({"first_name": "Jean"}, "2025-06-02T10:00:00+02:00")),
    (30, events.SayStarted("s1")),
    (8000, events.SayDone("s1", True, 7970)),
    (13000, events.TimerFired("silence-3")),
    (16000, events.HungUp("NORMAL_CLEARING")),
]


@dataclass
class Held:
    """A stored call, as far as the command looks at it."""

    scenario: str = "finance"
    scenario_version: int = 1


class Store:
    """What `agentd replay` asks of a Repo, over one call in memory."""

    calls: dict[str, Held]
    rows: dict[str, list[tuple[int, str, str]]]

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, call_id: str) -> Held | None:
        return self.calls.get(call_id)

    def journal(self, call_id: str) -> list[tuple[int, str, str]]:
        return self.rows.get(call_id, [])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("scenarios", "objections"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    brain = Catalog(Settings(paths=PathSettings(root=tmp_path))).brain("finance")
    state, rows = engine.new_state(), []
    for at_ms, event in EVENTS:
        rows.append((at_ms, "event", events.encode(event)))
        for action in engine.handle(brain, state, event, at_ms):
            rows.append((at_ms, "action", actions.encode(action)))
    monkeypatch.setattr(Store, "calls", {"c1": Held(), "bare": Held()}, raising=False)
    monkeypatch.setattr(Store, "rows", {"c1": rows}, raising=False)
    monkeypatch.setattr("agentd.cli.replay.Repo", Store)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["replay", *arguments])


def test_an_unchanged_call_is_equal(root: Path) -> None:
    result = run("c1")
    assert (result.exit_code, result.stdout) == (0, f"c1: {len(Store.rows['c1'])} rows, equal\n")
    assert json.loads(run("c1", "--json").stdout)["equal"] is True


def test_an_edited_scenario_shows_the_first_difference(root: Path) -> None:
    file = root / "scenarios/scenario_finance.json"
    text = file.read_text(encoding="utf-8").replace("Avez-vous une minute", "Vous avez un instant")
    file.write_text(text.replace('"version": 1', '"version": 2'), encoding="utf-8")
    result = run("c1")
    assert result.exit_code == 1
    assert "at 0 ms" in result.stdout
    assert "Vous avez un instant" in result.stdout
    assert "held with version 1 of finance, which is now version 2" in result.stderr
    shown = json.loads(run("c1", "--json").stdout)
    assert shown["equal"] is False
    assert "Answered" in shown["difference"]["event"]


def test_another_scenario_may_be_tried(root: Path) -> None:
    assert run("c1", "--scenario", "crypto").exit_code == 1


@pytest.mark.parametrize(("call", "said"), [("nope", "no call 'nope'"), ("bare", "no journal")])
def test_a_call_that_cannot_be_replayed(root: Path, call: str, said: str) -> None:
    result = run(call)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "mend:" in result.stderr
