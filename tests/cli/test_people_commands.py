"""`agentd contacts`, `consent`, `suppress`, `audit`, `db retention`, as one runs them."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from agentd import spools
from agentd.cli import cli
from agentd.store.repo import Repo

URL = "sqlite:///var/agentd.sqlite3"
CSV = (
    "Prénom;Nom;Téléphone;Société;Code Postal\n"
    "Zoé;Dupont;01 99 00 12 34;;75001\n"
    "Jean;Durand;06 39 98 12 34;ACME;67000\n"
    "Bad;Row;12;;\n"
    "Zoé;;0199001234;;\n"
)


@pytest.fixture
def agentd(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTD_STORE_URL", URL)

    def run(*arguments: str, code: int = 0, **more) -> Result:
        result = CliRunner().invoke(cli, list(arguments), **more)
        assert result.exit_code == code, result.output + str(result.exception)
        return result

    run("db", "migrate")
    (tmp_path / "c.csv").write_bytes(CSV.encode("cp1252"))
    return run


def call(call_id: str, phone: str, days: int) -> None:
    repo = Repo(URL)
    at = datetime.now(UTC) - timedelta(days=days)
    repo.start_call(call_id, "finance", 1, phone, {"first_name": "Zoé"}, at)
    repo.finish_call(call_id, at, "NORMAL_CLEARING", f"var/{call_id}.wav")
    repo.close()
    with open(f"var/{call_id}.wav", "wb") as sound:
        sound.write(b"RIFF")


def test_contacts_come_in_and_what_is_wrong_is_said(agentd, tmp_path):
    said = agentd("contacts", "import", "c.csv").stdout
    assert "2 new, 0 known already, 1 repeated in the file, 1 refused" in said
    assert "line 4: 2 digits" in said
    report = tmp_path / "c.csv.rejected.csv"
    assert report.read_text("utf-8-sig").splitlines() == [
        "line;reason;Prénom;Nom;Téléphone;Société;Code Postal",
        "4;2 digits: no telephone number of France has that many;Bad;Row;12;;",
    ]
    assert os.stat(report).st_mode & 0o077 == 0
    again = json.loads(agentd("contacts", "import", "c.csv", "--json").stdout)
    assert (again["new"], again["known"], again["repeated"], again["rejected"]) == (0, 2, 1, 1)
    rows = [json.loads(x) for x in agentd("contacts", "list", "--json").stdout.splitlines()]
    assert [row["phone"] for row in rows] == ["+33199001234", "+33639981234"]
    assert rows[1]["columns"] == {"code_postal": "67000"}
    assert "Durand" in agentd("contacts", "list", "--like", "acme").stdout


def test_a_file_without_one_usable_row_is_exit_1(agentd, tmp_path):
    (tmp_path / "bad.csv").write_text("tel\n12\n")
    agentd("contacts", "import", "bad.csv", code=1)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["contacts", "import", "none.csv"], "none.csv"),
        (["contacts", "import", "c.csv", "--campaign", "nosuch"], "nosuch"),
        (["contacts", "import", "c.csv", "--report", "no/where.csv"], "no/where.csv"),
        (["contacts", "import", "."], "."),
        (["contacts", "export-person", "0199001234", "--out", "no/where.json"], "no/where.json"),
        (["contacts", "import", "c.csv", "--basis", "consent"], "--proof"),
        (["consent", "add", "x", "--basis", "consent"], "not a telephone number"),
        (["consent", "add", "0199001234", "--basis", "consent", "--wording", "x"], "--proof"),
        (["consent", "add", "0199001234", "--basis", "contract"], "--theme"),
        (["consent", "add", "0199001234", "--basis", "legitimate_interest"], "--wording"),
        (
            ["consent", "add", "0199001234", "--basis", "contract", "--theme=x", "--given-at=hier"],
            "--given-at",
        ),
        (["suppress", "add", "nobody"], "not a telephone number"),
        (["suppress", "import", "c.csv"], "--list"),
        (["suppress", "import", "c.csv", "--list", "internal"], "internal"),
        (["suppress", "import", "none.csv", "--list", "x"], "none.csv"),
        (["audit", "verify", "--expect", "x"], "--expect"),
        (["contacts", "forget", "nobody", "--yes"], "not a telephone number"),
    ],
)
def test_what_is_wrong_is_named_and_exit_2(agentd, arguments, part):
    assert part in agentd(*arguments, code=2).stderr


def test_a_consent_and_its_proof(agentd, tmp_path):
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"signed")
    said = ["--basis", "consent", "--wording", "J'accepte", "--proof", "proof.pdf"]
    agentd("consent", "add", "0199001234", "--who", "Zoé", *said, "--given-at", "2026-09-01")
    entry = json.loads(agentd("consent", "show", "+33199001234", "--json").stdout)
    assert (entry["who"], entry["wording"], entry["proof_state"]) == ("Zoé", "J'accepte", "whole")
    assert entry["given_at"].startswith("2026-08-31T22:00")
    proof.write_bytes(b"signed again")
    assert "changed" in agentd("consent", "show", "0199001234", code=1).stdout
    proof.unlink()
    assert "missing" in agentd("consent", "show", "0199001234", code=1).stdout
    agentd("consent", "revoke", "0199001234", "--how", "mail")
    agentd("suppress", "check", "0199001234", code=1)


def test_grounds_for_a_whole_file(agentd):
    interest = ["--basis", "legitimate_interest", "--wording", "annuaire pro"]
    agentd("contacts", "import", "c.csv", *interest)
    agentd("contacts", "import", "c.csv", *interest, "--given-at", "2026-01-01")
    lines = agentd("consent", "show", "0639981234", "--json").stdout.splitlines()
    assert [json.loads(x)["who"] for x in lines] == ["Jean Durand ACME"] * 2


def test_each_row_may_say_when_its_ground_was_given(agentd, tmp_path):
    (tmp_path / "proof.pdf").write_bytes(b"signed")
    (tmp_path / "optins.csv").write_text(
        "tel;Date d'accord\n0199001234;01/09/2026 14:30\n0199001235;2026-09-02\n0199001236;hier\n"
        "0199001237;01/01/2199\n0199001238;\n"
    )
    ground = ["--basis=consent", "--wording=oui", "--proof=proof.pdf"]
    said = agentd(
        "contacts", "import", "optins.csv", *ground, "--given-at-column", "date d'accord"
    ).stdout
    assert "2 new" in said
    assert "3 refused" in said
    for phone, given in (("0199001234", "2026-09-01T12:30"), ("0199001235", "2026-09-01T22:00")):
        entry = json.loads(agentd("consent", "show", phone, "--json").stdout)
        assert entry["given_at"].startswith(given)
    agentd("contacts", "import", "optins.csv", "--given-at-column", "x", code=2)
    agentd("contacts", "import", "optins.csv", *ground, "--given-at-column", "x", code=2)


def test_lists_and_what_they_answer(agentd, tmp_path):
    agentd("suppress", "add", "01 99 00 12 34", "--reason", "letter")
    assert "LISTED" in agentd("suppress", "check", "+33199001234", code=1).stdout
    (tmp_path / "l.txt").write_text("0199001235\nnothing\n")
    brought = agentd("suppress", "import", "l.txt", "--list", "partner")
    assert "1 numbers read, 1 refused, 1 on the list" in brought.stdout
    assert "line 2" in brought.stderr
    (tmp_path / "sent.csv").write_text("tel\n0199001236\n0199001237\n")
    (tmp_path / "back.csv").write_text("tel\n0199001236\n")
    agentd("suppress", "import", "back.csv", "--bloctel-sent", "sent.csv")
    assert "bloctel (bloctel): LISTED" in agentd("suppress", "check", "0199001237", code=1).stdout
    assert "bloctel (bloctel): not" in agentd("suppress", "check", "0199001236").stdout
    assert "bloctel" not in agentd("suppress", "check", "0199001238").stdout
    listed = agentd("suppress", "lists").stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["internal", "bloctel", "partner"]


def test_a_person_is_exported_and_erased(agentd, tmp_path):
    agentd("contacts", "import", "c.csv")
    call("c1", "0199001234", 3)
    lost = tmp_path / "var" / "recordings" / "2026-11-21" / "c1.wav"  # of an agentd that died
    lost.parent.mkdir(parents=True)
    lost.write_bytes(b"RIFF")
    said_to_her = tmp_path / "audio" / "julie" / "cache" / "8000" / "5f.wav"
    said_to_her.parent.mkdir(parents=True)
    said_to_her.write_bytes(b"RIFF")
    agentd("contacts", "export-person", "0199001234", "--out", "zoe.json")
    held = json.loads((tmp_path / "zoe.json").read_text())
    assert held["contacts"][0]["last_name"] == "Dupont"
    assert held["recordings"] == ["var/c1.wav"]
    assert os.stat("zoe.json").st_mode & 0o077 == 0
    agentd("contacts", "forget", "0199001234", input="n\n", code=1)
    assert (tmp_path / "var" / "c1.wav").exists()
    said = agentd("contacts", "forget", "0199001234", "--yes").stdout
    assert "1 contact, 0 grounds, 1 calls, 2 recordings" in said
    assert not lost.exists()
    assert not said_to_her.exists(), "her name is in it"
    assert not (tmp_path / "var" / "c1.wav").exists()
    assert json.loads(agentd("contacts", "export-person", "0199001234").stdout)["calls"] == []
    agentd("suppress", "check", "0199001234", code=1)
    trail = agentd("audit", "show", "--json").stdout
    assert "person.forget" in trail
    assert "Dupont" not in trail
    assert "199001234" not in trail


def test_retention_says_first_and_erases_when_told(agentd, tmp_path):
    call("old", "0199001234", 400)
    call("new", "0199001235", 4)
    lost = tmp_path / "var" / "recordings" / "2020-01-01" / "gone.wav"  # of no call any more
    lost.parent.mkdir(parents=True)
    lost.write_bytes(b"RIFF")
    long_ago = (datetime.now(UTC) - timedelta(days=999)).timestamp()
    os.utime(lost, (long_ago, long_ago))
    assert "recordings: 1 would be erased" in agentd("db", "retention").stdout
    assert (tmp_path / "var" / "old.wav").exists()
    assert "recordings: 1 erased" in agentd("db", "retention", "--apply").stdout
    assert not (tmp_path / "var" / "old.wav").exists()
    assert (tmp_path / "var" / "new.wav").exists()
    assert not lost.exists()
    assert "recordings: 0 would" in agentd("db", "retention").stdout


def test_the_trail_is_whole_or_said_to_be_broken(agentd, tmp_path):
    import sqlite3

    agentd("suppress", "add", "0199001234")
    agentd("suppress", "add", "0199001235")
    head = agentd("audit", "verify").stdout.split()[-1]
    agentd("audit", "verify", "--expect", head)
    database = sqlite3.connect(tmp_path / "var" / "agentd.sqlite3")
    database.execute("DROP TRIGGER audit_no_update")
    database.execute("UPDATE audit SET actor = 'somebody' WHERE seq = 1")
    database.commit()
    database.close()
    assert "broken at entry 1" in agentd("audit", "verify", code=1).stderr
    assert json.loads(agentd("audit", "verify", "--json", code=1).stdout)["broken_at"] == 1


def test_a_list_that_cannot_be_read_whole_takes_nobody_off(agentd, tmp_path):
    (tmp_path / "l.txt").write_text("0199001234\n0199001235\n")
    agentd("suppress", "import", "l.txt", "--list", "partner")
    (tmp_path / "new.csv").write_text('tel,nom\n0199001235,a\n0199001234,"b\n0199001236,c\n')
    again = agentd("suppress", "import", "new.csv", "--list", "partner", "--replace")
    assert "nothing was taken off partner: 1 rows" in again.output
    for number in ("0199001234", "0199001235", "0199001236"):
        agentd("suppress", "check", number, code=1)
    (tmp_path / "new.csv").write_text("tel,nom\n0199001235,a\n")
    agentd("suppress", "import", "new.csv", "--list", "partner", "--replace")
    agentd("suppress", "check", "0199001234")


def test_forgetting_takes_along_what_a_dead_agentd_spooled_and_names_what_a_live_one_has(
    agentd, tmp_path
):
    agentd("contacts", "import", "c.csv")
    arguments = {
        "call_id": "spooled", "scenario": "finance", "version": 1, "phone": "+33199001234",
        "contact": {}, "answered_at": "2026-11-24T10:00:00+00:00",
    }  # fmt: skip
    end = {"call_id": "spooled", "ended_at": "2026-11-24T10:01:00+00:00", "hangup_cause": "X"}
    entry = "".join(
        json.dumps({"method": method, "arguments": given}) + "\n"
        for method, given in (
            ("start_call", arguments), ("finish_call", {**end, "recording": None}),
        )
    )  # fmt: skip
    for name in ("8084", "8094"):
        (tmp_path / "var/spool" / name).mkdir(parents=True)
        (tmp_path / "var/spool" / name / "spooled.jsonl").write_text(entry)
    live = spools.hold(spools.folder_of(tmp_path) / "8094")
    try:
        done = agentd("contacts", "forget", "0199001234", "--yes")
    finally:
        live.release()
    assert "1 calls, 0 recordings" in done.output
    assert "1 calls have facts that wait to be written" in done.output
    assert not (tmp_path / "var/spool/8084/spooled.jsonl").exists()
    assert Repo(URL).load_call("spooled") is None
