"""`agentd db`."""

import json

import pytest
from click.testing import CliRunner

from agentd.cli import cli
from agentd.store import schema


@pytest.fixture
def agentd(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTD_STORE_URL", "sqlite:///var/calls.sqlite3")
    return lambda *arguments: CliRunner().invoke(cli, ["db", *arguments])


def test_migrate_says_what_it_did_and_status_that_it_can_be_used(agentd, tmp_path):
    before = agentd("status")
    assert before.exit_code == 1
    assert "does not exist yet" in before.stderr
    assert "mend: agentd db migrate" in before.stderr
    first = agentd("migrate")
    applied = "".join(f"applied {name}\n" for name in schema.wanted())
    assert (first.exit_code, first.stdout) == (0, applied)
    assert (tmp_path / "var" / "calls.sqlite3").exists()
    assert "up to date" in agentd("migrate").stdout
    after = agentd("status")
    assert after.exit_code == 0
    assert schema.wanted()[-1] in after.stdout


def test_status_for_programs(agentd):
    missing = agentd("status", "--json")
    assert missing.exit_code == 1
    assert json.loads(missing.stdout)["ok"] is False
    agentd("migrate")
    found = agentd("status", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["schema"] == schema.wanted()[-1]


def test_a_bad_url_is_bad_input(agentd, monkeypatch):
    monkeypatch.setenv("AGENTD_STORE_URL", "mysql://root:hush@h/x")
    for command in ("migrate", "status"):
        result = agentd(command)
        assert result.exit_code == 2
        assert "hush" not in result.output
        assert "sqlite:///" in result.stderr
