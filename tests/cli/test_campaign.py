"""`agentd campaign ...` as an administrator types it."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import peewee as pw
import pytest
from click.testing import CliRunner, Result

from agentd.cli import cli
from agentd.store import audit, campaigns
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
        ((*CREATE, "--caller-id", "0162000001", "--gateway", "x y;z"), "not a gateway: 'x y;z'"),
        ((*CREATE, *MUST, "--set", "target=&bridge(user/1000)"), "not a target"),
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


def test_a_campaign_without_contacts_is_not_started_and_says_how_to_get_some(agentd):
    agentd("create", "spring", "--scenario", "finance", *MUST)
    result = agentd("start", "spring", "--queue")
    assert result.exit_code == 2
    assert "has no contacts" in result.output
    assert "contacts import FILE --campaign spring" in result.output
    assert campaigns.get(agentd.repo, "spring").state == "draft"


def test_resuming_what_nobody_dials_says_so(agentd):
    agentd(*CREATE, *MUST)
    resumed = agentd("resume", "spring")
    assert resumed.exit_code == 0
    assert "no dialer is alive for it" in resumed.output


def test_results_of_many_contacts_take_a_few_statements_a_page(agentd, monkeypatch):
    now = datetime.now(UTC)
    rows = [
        {
            "id": f"m{i:04d}", "phone": f"+3363998{i:04d}", "first_name": "", "last_name": "",
            "company": "", "columns": {f"c{i % 3}": "x"}, "source": "many.csv",
            "created_at": now, "updated_at": now,
        }
        for i in range(450)
    ]  # fmt: skip
    for start in range(0, 450, 50):
        agentd.repo.run(lambda db, at=start: Contact.insert_many(rows[at : at + 50]).execute(db))
    agentd("create", "many", "--scenario", "finance", "--contacts", "many.csv", *MUST)
    asked = []
    real = pw.Database.execute_sql

    def execute_sql(database, sql, params=None):
        asked.append(sql)
        return real(database, sql, params)

    with monkeypatch.context() as patch:
        patch.setattr(pw.Database, "execute_sql", execute_sql)
        found = [row["contact"] for row in campaigns.results(agentd.repo, "many")]
    assert found == [row["id"] for row in rows]
    assert len(asked) < 40  # three pages
    assert campaigns.columns(agentd.repo, "many") == ["c0", "c1", "c2"]


def test_settings_are_changed_shown_and_kept_in_the_trail(agentd):
    agentd(*CREATE, *MUST, "--set", "per_minute=20")
    done = agentd("set", "spring", "--set", "max_concurrent=5", "--gateway", "other")
    assert (done.exit_code, done.output) == (
        0,
        "gateways = ['other'] (was ['trunk'])\nmax_concurrent = 5 (was 10)\n",
    )
    kept = campaigns.get(agentd.repo, "spring").settings
    assert (kept["max_concurrent"], kept["per_minute"]) == (5, 20)
    assert "max_concurrent = 5\n" in agentd("set", "spring").output
    acts = agentd.repo.run(lambda db: [(e.act, e.detail) for e in audit.entries(db)], "read")
    changed = {"campaign": "spring", "changed": {"gateways": ["other"], "max_concurrent": 5}}
    assert [json.loads(told) for act, told in acts if act == "campaign.set"] == [changed]
    for wrong in ("rings=3", "max_concurrent=0", "gateways=['a b']"):
        assert agentd("set", "spring", "--set", wrong).exit_code == 2
    assert agentd("set", "nobody", "--set", "ring_s=9").exit_code == 2
    assert campaigns.get(agentd.repo, "spring").settings == kept
