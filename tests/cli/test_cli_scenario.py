"""`agentd scenario lint|show` as a person runs it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentd.cli import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("scenarios", "objections"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["scenario", *arguments])


def rendered(root: Path, name: str, voice: str) -> None:
    """Pretend that a voice has recorded every line of a scenario."""
    shown = json.loads(run("show", name, "--json").stdout)
    for step in shown["rail"]:
        for part in ("", ".question", ".rebuttal", ".reprompt"):
            file = root / f"audio/{voice}/22050/scenarios/{name}/{step}{part}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()


def test_shipped_scenarios_lint_with_only_their_audio_to_make(root: Path) -> None:
    result = run("lint", *(f"scenarios/scenario_{n}.json" for n in ("finance", "crypto")))
    assert result.exit_code == 0
    assert "agent-tools clone-voice julie --scenario scenarios/scenario_finance.json" in (
        result.stdout
    )
    assert "error:" not in result.stdout


def test_a_scenario_whose_audio_exists_is_ok(root: Path) -> None:
    rendered(root, "finance", "julie")
    result = run("lint", "finance")
    assert (result.exit_code, result.stdout) == (0, "finance: ok\n")


def test_a_scenario_without_disclosure_is_refused(root: Path) -> None:
    file = root / "scenarios/scenario_finance.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("la voix artificielle de ", ""), encoding="utf-8")
    result = run("lint", "finance", "crypto")
    assert result.exit_code == 2
    assert "does not say that the voice is artificial" in result.stdout
    assert "mend:" in result.stdout


def test_findings_as_json(root: Path) -> None:
    result = run("lint", "finance", "--json")
    (finding,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert finding["file"] == "finance"
    assert finding["level"] == "warning"


def test_a_broken_file_is_named_and_the_others_still_linted(root: Path) -> None:
    (root / "bad.json").write_text('{"name": 3}', encoding="utf-8")
    result = run("lint", "bad.json", "nowhere.json", "finance")
    assert result.exit_code == 2
    assert "bad.json: field name:" in result.stderr
    assert "no scenario 'nowhere.json'" in result.stderr
    assert "finance: warning: audio" in result.stdout
    assert "Traceback" not in result.output


def test_show_says_the_rail_the_score_and_every_line(root: Path) -> None:
    result = run("show", "finance")
    assert result.exit_code == 0
    assert "rail: Hello -> Q1 -> Q2 -> Is_Leads -> Confirm_Time -> Bye" in result.stdout
    assert "score: Q1 30, Q2 30, Is_Leads 40; lead from 70" in result.stdout
    assert "Q1: Avez-vous actuellement un crédit immobilier ?" in result.stdout
    assert "[needs first_name, last_name]" in result.stdout


def test_show_as_json_has_every_default(root: Path) -> None:
    shown = json.loads(run("show", "finance", "--json").stdout)
    assert shown["weights"] == {"Q1": 30, "Q2": 30, "Is_Leads": 40}
    assert shown["steps"]["Is_Leads"]["on_deny"] == "goodbye"
    assert shown["steps"]["Bye"]["interruptible"] is False


def test_show_of_nothing_is_an_error_without_traceback(root: Path) -> None:
    result = run("show", "nope")
    assert result.exit_code == 2
    assert "crypto, energie, finance" in result.stderr
