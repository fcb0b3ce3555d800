"""`agentd campaign ...` as an administrator types it."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agentd.cli import cli
from agentd.store import campaigns
from agentd.store.models import Contact
from agentd.store.repo import Repo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def agentd(tmp_path, monkeypatch):
    url = f"sqlite:////{tmp_path}/a.sqlite3"
    monkeypatch.setenv("AGENTD_STORE_URL", url)
    monkeypatch.chdir(ROOT)
    repo = Repo(url)
    repo.migrate()
    now = datetime.now(UTC)
    rows = [
        {
            "id": f"c{i}",
            "phone": f"+3319900000{i}",
            "first_name": "Zoé",
            "last_name": "=1+1",
            "company": "",
            "columns": {"ville": "Sète"},
            "source": "clients.csv",
            "created_at": now,
            "updated_at": now,
        }
        for i in range(3)
    ]
    repo.run(lambda db: Contact.insert_many(rows).execute(db))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["campaign", *arguments])

    run.repo = repo
    yield run
    repo.close()


CREATE = ("create", "spring", "--scenario", "finance", "--contacts", "clients.csv")
MUST = ("--caller-id", "0162000001", "--gateway", "trunk")


def test_a_campaign_is_made_shown_paused_and_stopped(agentd):
    made = agentd(*CREATE, *MUST, "--set", "max_concurrent=20", "--set", "ring_s=30")
    assert (made.exit_code, made.output) == (0, "campaign spring: 3 contacts\n")
    kept = campaigns.get(agentd.repo, "spring").settings
    assert (kept["max_concurrent"], kept["ring_s"]) == (20, 30)
    assert kept["caller_ids"] == ["+33162000001"]
    assert agentd("list").output.split() == ["spring", "draft", "finance"]
    campaigns.set_state(agentd.repo, "spring", "running", now=datetime.now(UTC))
    assert agentd("pause", "spring").exit_code == 0
    assert campaigns.get(agentd.repo, "spring").state == "paused"
    assert agentd("resume", "spring").exit_code == 0
    assert agentd("stop", "spring").exit_code == 0
    assert campaigns.get(agentd.repo, "spring").state == "stopped"
    refused = agentd("pause", "spring")
    assert refused.exit_code == 2
    assert "is stopped" in refused.output
    told = agentd("status", "spring", "--json")
    assert told.exit_code == 1  # undecided
    assert json.loads(told.output)["contacts"] == {"ready": 3}
    shown = agentd("watch", "spring")
    assert shown.exit_code == 1
    assert "0 of 3 decided" in shown.output


def test_results_are_written_for_spreadsheets_and_for_programs(agentd, tmp_path):
    agentd(*CREATE, *MUST)
    sheet, data = tmp_path / "r.csv", tmp_path / "r.json"
    assert agentd("export", "spring", "--out", str(sheet)).exit_code == 0
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig")))
    assert [row["phone"] for row in rows] == [f"+3319900000{i}" for i in range(3)]
    assert rows[0]["ville"] == "Sète"
    assert rows[0]["last_name"] == "'=1+1"  # no formula of a stranger's runs
    assert sheet.stat().st_mode & 0o077 == 0
    assert agentd("export", "spring", "--out", str(data)).exit_code == 0
    assert len(json.loads(data.read_text())) == 3
    assert agentd("export", "spring", "--out", "r.xls").exit_code == 2


def test_explain_says_when_nothing_has_been_decided(agentd):
    agentd(*CREATE, *MUST)
    told = agentd("explain", "spring", "01 99 00 00 01")
    assert told.exit_code == 0
    assert "nothing has been decided" in told.output
    assert agentd("explain", "spring", "0199009999").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "Bad Name", "--scenario", "finance", *MUST), "a-z 0-9"),
        ((*CREATE, "--gateway", "t"), "caller_ids: Field required"),
        ((*CREATE, *MUST, "--set", "rings=3"), "rings: no such setting"),
        ((*CREATE, *MUST, "--set", "starts_at=2026-12-01T09:00:00"), "give its zone"),
        ((*CREATE, *MUST, "--set", "per_minute=0"), "per_minute"),
        ((*CREATE, *MUST, "--set", "nothing"), "NAME=VALUE"),
        (("create", "a", "--scenario", "nowhere", *MUST), "no scenario 'nowhere'"),
        (("status", "nobody"), "none of that name; there are: none"),
    ],
)
def test_what_is_wrong_is_named_with_exit_2(agentd, arguments, said):
    result = agentd(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_caller_id_no_call_would_be_allowed_with_is_warned_of(agentd):
    made = agentd(*CREATE, "--caller-id", "0639980001", "--gateway", "trunk")
    assert made.exit_code == 0
    assert "mobile" in made.output


def test_a_real_campaign_is_not_rehearsed(agentd):
    agentd(*CREATE, *MUST)
    result = agentd("rehearse", "spring", "--personas", "scenarios/personas")
    assert result.exit_code == 2
    assert "is a real one" in result.output
