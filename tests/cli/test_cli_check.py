"""`agentd check` as a person and as a program read it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from checked_house import Hum, build, switch
from click.testing import CliRunner
from switch.fakes import Listener

from agentd import checks
from agentd.cli import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path, monkeypatch):
    build(tmp_path)
    monkeypatch.setattr(checks, "open_voice", lambda settings, name: Hum())
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    structlog.reset_defaults()  # the command sets the logs up for its process


def run(*arguments):
    return CliRunner().invoke(cli, ["check", *map(str, arguments)])


def findings(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_without_an_error_the_exit_code_is_0(root):
    result = run()
    assert result.exit_code == 0
    assert f"     ok  config: {root / 'agentd.toml'}\n" in result.stdout
    assert "warning  FreeSWITCH: not looked at" in result.stdout
    assert "\n         mend: set it to that of event_socket.conf.xml" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("errors: 0, warnings: ")


def test_with_an_error_it_is_1_and_the_rest_is_said_too(root):
    (root / "var/agentd.sqlite3").unlink()
    result = run()
    assert result.exit_code == 1
    assert "  ERROR  database: " in result.stdout
    assert "mend: agentd db migrate" in result.stdout
    assert "scenario finance" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("errors: 1, ")


def test_json_is_one_object_a_line_and_nothing_else(root):
    rows = findings(run("--json"))
    assert all(set(row) == {"name", "status", "detail", "mend"} for row in rows)
    assert {row["status"] for row in rows} <= {"ok", "warning", "error"}
    assert len(rows) > 12
    (root / "scenarios/scenario_bad.json").write_text("{")
    result = run("--json")
    assert result.exit_code == 1
    (error,) = [row for row in findings(result) if row["status"] == "error"]
    assert error["name"] == "scenario bad"
    assert error["mend"]


def test_a_switch_is_asked(root):
    with Listener(switch(without=("mod_audio_fork",))) as port:
        text = f"{(root / 'agentd.toml').read_text()}[switch]\nport = {port}\n"
        (root / "other.toml").write_text(text + 'password = "correct horse"\n')
        result = run("--config", root / "other.toml", "--json")
    rows = {row["name"]: row for row in findings(result)}
    assert result.exit_code == 1
    assert rows["module mod_audio_fork"]["status"] == "error"
    assert rows["module mod_sofia"]["status"] == "ok"
    assert "correct horse" not in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nesl_port = 'x'\n", "server.esl_port: Input should be a valid integer"),
        ("[server]\nport = 1\n", "server.port: no such setting"),
        ("[server", "not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_config_is_a_finding_too(root, text, said):
    file = root / "bad.toml"
    if text is not None:
        file.write_text(text)
    result = run("--config", file, "--json")
    assert result.exit_code == 1
    (row,) = findings(result)
    assert (row["name"], row["status"]) == ("config", "error")
    assert said in row["detail"]
    assert str(file) in row["detail"]


def test_where_the_settings_came_from_is_said(root, monkeypatch):
    moved = root / "elsewhere.toml"
    (root / "agentd.toml").rename(moved)
    assert "config: no agentd.toml" in run().stdout
    monkeypatch.setenv("AGENTD_CONFIG", str(moved))
    assert f"config: {moved}" in run().stdout
    monkeypatch.delenv("AGENTD_CONFIG")
    result = CliRunner().invoke(cli, ["--config", str(moved), "check"])
    assert f"config: {moved}" in result.stdout


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng here")
def test_what_the_rooms_log_is_not_among_the_findings(tmp_path):
    build(tmp_path)  # without Pico: opening the voice warns of espeak-ng
    done = subprocess.run(
        [sys.executable, "-m", "agentd", "check", "--json", "--config", tmp_path / "agentd.toml"],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert "stands in for Pico" in rows["voice julie"]["detail"]
    assert done.stderr == ""


@pytest.mark.speech
def test_the_command_itself_with_the_embedded_models(tmp_path, speech_models):
    build(tmp_path)
    (tmp_path / "models/vosk-fr/am").rmdir()
    (tmp_path / "models/vosk-fr").rmdir()
    (tmp_path / "models").rmdir()
    (tmp_path / "models").symlink_to(speech_models)
    done = subprocess.run(
        [sys.executable, "-m", "agentd", "check", "--json", "--config", tmp_path / "agentd.toml"],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, done.stderr) == (0, "")
    assert rows["voice julie"] == {
        "name": "voice julie", "status": "ok", "detail": "SVOX Pico fr-FR", "mend": "",
    }  # fmt: skip
    assert rows["recogniser"]["status"] == "warning"
    assert rows["scenario finance"]["status"] == "ok"
