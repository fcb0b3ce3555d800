"""What an agentd that is gone has spooled is written by whoever comes by, and by nobody before."""

import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from agentd import spools
from agentd.cli import cli
from agentd.errors import StoreError
from agentd.ledger import Ledger
from agentd.store.repo import Repo

PHONE = "+33199001234"


class Away:
    """A store that takes nothing."""

    def __getattr__(self, name):
        def refuse(**arguments):
            raise StoreError("away")

        return refuse


def opt_out(root, instance="8084"):
    """A call that opted out while the database was away."""
    call = Ledger(Away(), f"call-{instance}", spools.folder_of(root) / instance)
    when = datetime(2026, 11, 24, 10, tzinfo=UTC)
    call.start(scenario="finance", version=1, phone=PHONE, contact={}, answered_at=when)
    call.fact("suppression", {"phone": PHONE, "reason": "optout"}, 900)
    call.fact("disposition", {"disposition": "OPT_OUT", "reason": "optout"}, 901)
    call.finish(when, "NORMAL_CLEARING", None)


@pytest.fixture
def repo(tmp_path):
    made = Repo(f"sqlite:////{tmp_path}/a.sqlite3")
    made.migrate()
    yield made
    made.close()


def test_an_opt_out_of_an_agentd_that_is_gone_is_written(tmp_path, repo):
    opt_out(tmp_path)
    assert spools.abandoned(tmp_path) == {spools.folder_of(tmp_path) / "8084": 1}
    assert spools.write_abandoned(repo, tmp_path) == 1
    assert repo.suppressed(PHONE)
    assert repo.load_call("call-8084").disposition == "OPT_OUT"
    assert spools.abandoned(tmp_path) == {}
    assert spools.write_abandoned(repo, tmp_path) == 0


def test_that_of_one_that_lives_is_left_to_it(tmp_path, repo):
    """In a process of its own: killed, it holds nothing any more."""
    opt_out(tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from agentd import spools;"
        "print(spools.hold(Path(sys.argv[1])) is not None, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(spools.folder_of(tmp_path) / "8084")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert owner.stdout.readline() == "True\n"
        assert spools.abandoned(tmp_path) == {}
        assert spools.write_abandoned(repo, tmp_path) == 0
        assert not repo.suppressed(PHONE)
        owner.send_signal(signal.SIGKILL)
        owner.wait(timeout=10)
        assert spools.write_abandoned(repo, tmp_path) == 1
        assert repo.suppressed(PHONE)
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()


def test_what_cannot_be_locked_stops_nobody(tmp_path, repo, monkeypatch):
    monkeypatch.setattr(spools, "HOLD_WITHIN_S", 0.0)
    first = spools.hold(spools.folder_of(tmp_path) / "8084")
    assert first is not None
    assert spools.hold(spools.folder_of(tmp_path) / "8084") is None  # another process has it
    first.release()
    again = spools.hold(spools.folder_of(tmp_path) / "8084")
    assert again is not None
    again.release()
    (tmp_path / "file").write_text("")
    assert spools.hold(tmp_path / "file" / "spool" / "8084") is None


def test_while_the_store_is_away_it_stays(tmp_path):
    opt_out(tmp_path)
    assert spools.write_abandoned(Away(), tmp_path) == 0
    assert len(spools.abandoned(tmp_path)) == 1


def test_no_spool_at_all(tmp_path, repo):
    assert spools.abandoned(tmp_path) == {}
    assert spools.write_abandoned(repo, tmp_path) == 0


def test_db_recover_says_what_it_wrote_and_what_it_could_not(tmp_path, repo, monkeypatch):
    monkeypatch.setenv("AGENTD_STORE_URL", f"sqlite:////{tmp_path}/a.sqlite3")
    monkeypatch.setenv("AGENTD_PATHS_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    opt_out(tmp_path)
    done = CliRunner().invoke(cli, ["db", "recover"])
    assert (done.exit_code, done.output) == (0, "1 calls written\n")
    assert repo.suppressed(PHONE)
    opt_out(tmp_path, "8094")
    with monkeypatch.context() as patch:
        patch.setattr(Repo, "start_call", lambda repo, **arguments: Away().start_call(**arguments))
        left = CliRunner().invoke(cli, ["db", "recover"])
    assert left.exit_code == 1
    assert "0 calls written, 1 could not be" in left.output
    (spools.folder_of(tmp_path) / "8094" / "other.jsonl").write_text('{"method": 5}\n')
    refused = CliRunner().invoke(cli, ["db", "recover"])
    assert refused.exit_code == 1
    assert "1 calls written\n" in refused.output
    assert "other.refused" in refused.output
