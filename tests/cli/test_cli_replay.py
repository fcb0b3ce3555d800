"""`agentd replay` over a store that holds one call."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentd.catalog import Catalog
from agentd.cli import cli
from agentd.config import PathSettings, Settings
from agentd.dialogue import actions, engine, events
from agentd.store.repo import Repo

ROOT = Path(__file__).parents[2]
EVENTS = [
    (0, events.Answered({"first_name": "Jean"}, "2025-06-02T10:00:00+02:00")),
    (30, events.SayStarted("s1")),
    (8000, events.SayDone("s1", True, 7970)),
    (13000, events.TimerFired("silence-3")),
    (16000, events.HungUp("NORMAL_CLEARING")),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store in which c1 was held and journalled, and `bare` only held."""
    for name in ("scenarios", "objections"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    settings = Settings(paths=PathSettings(root=tmp_path))
    brain = Catalog(settings).brain("finance")
    state, rows = engine.new_state(), []
    for at_ms, event in EVENTS:
        rows.append((at_ms, "event", events.encode(event)))
        for action in engine.handle(brain, state, event, at_ms):
            rows.append((at_ms, "action", actions.encode(action)))
    repo = Repo(settings.store.url, root=tmp_path)
    repo.migrate()
    for call in ("c1", "bare"):
        repo.start_call(
            call,
            scenario="finance",
            version=1,
            phone="+33140000001",
            contact={},
            answered_at=datetime(2025, 6, 2, 10, tzinfo=UTC),
        )
    repo.journal_append("c1", [(seq, *row) for seq, row in enumerate(rows)])
    repo.close()
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["replay", *arguments])


def test_an_unchanged_call_is_equal(root: Path) -> None:
    result = run("c1")
    assert result.exit_code == 0
    assert re.fullmatch(r"c1: \d\d rows, equal\n", result.stdout)
    assert json.loads(run("c1", "--json").stdout)["equal"] is True


def test_an_edited_scenario_shows_the_first_difference(root: Path) -> None:
    file = root / "scenarios/scenario_finance.json"
    text = file.read_text(encoding="utf-8").replace("Avez-vous une minute", "Vous avez un instant")
    file.write_text(text.replace('"version": 1', '"version": 2'), encoding="utf-8")
    result = run("c1")
    assert result.exit_code == 1
    assert "at 0 ms" in result.stdout
    assert "Vous avez un instant" in result.stdout
    assert "held with finance version 1, this is finance version 2" in result.stderr
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


def test_a_call_is_shown_as_it_went(root: Path) -> None:
    lines = run("c1", "--show").stdout.splitlines()
    assert re.fullmatch(r"0:00\.000 < Answered +contact=.*Jean.*", lines[0])
    said = next(line for line in lines if "> Say " in line)
    assert "text=Bonjour Jean" in said
    assert "key" not in said
    assert any(line.startswith("0:16.000 < HungUp") for line in lines)
    assert not any(" StartTimer " in line for line in lines)
    assert lines[-1].endswith("rows, equal")


def test_latest_is_the_one_that_began_last(root: Path) -> None:
    repo = Repo("sqlite:///var/agentd.sqlite3", root=root)
    latest = repo.calls(1)[0]
    repo.close()
    assert run("latest").output == run(latest).output
    assert latest in run("latest").output
