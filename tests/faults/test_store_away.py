"""The database goes away during calls: they go on, and nothing of them is lost."""

import os
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
import pytest
from fault_house import STRAIGHT, YESES, House, Placed, Watch, until

from agentd import server
from agentd.store.repo import CallReport, Repo

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

from pg_server import NoPostgres, Wire, execute, private_server, with_database

AWAY = "store away, spooling"
AWAY_S = 30.0


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spools are looked at every second, the least there is."""
    monkeypatch.setattr(server, "RECOVER_EVERY_S", 0.1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls.sqlite3"


@contextmanager
def held_up(file: Path) -> Iterator[None]:
    """Somebody else has the file for himself alone."""
    holder = sqlite3.connect(file, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
    finally:
        holder.rollback()
        holder.close()


def spool(house: House) -> list[str]:
    return sorted(f.name for f in house.server._spool.glob("*") if f.is_file())


OPT_OUT = {"say": "ne m'appelez plus"}
LONG = [*YESES * 2, OPT_OUT]


def is_whole(placed: Placed, score: int, turns: int) -> CallReport:
    report = placed.whole()
    assert (report.disposition, report.score) == ("OPT_OUT", score)
    assert len(report.turns) == turns
    assert report.steps[-1]["outcome"] == "optout"
    assert report.answered_at is not None
    return report


def test_a_database_held_up_in_mid_call(
    houses: Callable[..., House], watch: Watch, file: Path
) -> None:
    house = houses(repo=Repo(f"sqlite:////{file}", timeout_s=0.6))
    early = house.call(LONG)
    until(lambda: early.call.recorder.duration_ms > 1_500)
    with held_up(file):
        late = house.call([OPT_OUT])  # the store has never heard of it
        for one in (early, late):
            outcome = one.outcome()
            assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
        until(lambda: house.server.calls == 0)
        assert spool(house) == sorted(f"{one.id}.jsonl" for one in (early, late))
    until(lambda: not spool(house), 10)
    turns = is_whole(early, 30, 7).turns
    is_whole(late, 0, 3)
    assert house.repo.suppressed("+33199000102")
    # Nobody noticed: the answers came as soon as ever, but for the one that met the lock.
    answers = [b["start_ms"] - a["end_ms"] for a, b in zip(turns[1::2], turns[2::2], strict=True)]
    assert sum(ms > 600 for ms in answers) <= 1
    assert len(watch.said(AWAY)) == 2


def test_what_was_spooled_is_written_by_the_next_start(
    houses: Callable[..., House], watch: Watch, file: Path
) -> None:
    """Stopped before the database came back, on a port of its own so that it is the same again."""
    house = houses(repo=Repo(f"sqlite:////{file}", timeout_s=0.6))
    port = house.server.esl_address[1]
    house.stop()
    own = {"esl_port": port}
    house = houses(repo=Repo(f"sqlite:////{file}", timeout_s=0.6), server=own)
    placed = house.call([{"hangup": True, "at": 0.2}])
    with held_up(file):
        placed.outcome()
        until(lambda: house.server.calls == 0)
        house.stop()
        assert spool(house) == [f"{placed.id}.jsonl"]
    (house.server._spool / "broken.jsonl").write_bytes(b'{"method": 5}\n')
    (house.server._spool / "folder.jsonl").mkdir()
    again = houses(repo=Repo(f"sqlite:////{file}"), server=own)
    placed.house = again
    report = placed.whole()
    assert (report.disposition, report.hangup_cause) == ("HANGUP", "NORMAL_CLEARING")
    assert spool(again) == ["broken.refused"]


def test_no_room_for_the_spool_either(
    houses: Callable[..., House], watch: Watch, file: Path, tmp_path: Path
) -> None:
    """Neither database nor disk: it says goodbye, and what it could keep is kept."""
    house = houses(repo=Repo(f"sqlite:////{file}", timeout_s=0.6))
    blocked = house.server._spool
    blocked.parent.mkdir(parents=True, exist_ok=True)
    if blocked.is_dir():
        blocked.rmdir()
    blocked.write_text("a file where the folder should be")
    try:
        placed = house.call(STRAIGHT)
        until(lambda: placed.call.recorder.duration_ms > 1_500)
        with held_up(file):
            outcome = placed.outcome(timeout=10)
            until(lambda: house.server.calls == 0)
        assert (outcome.cause, outcome.problems) == ("NORMAL_CLEARING", [])
        assert outcome.unused > 0, "it went on without keeping anything"
    finally:
        blocked.unlink()
    # What the next start of this instance does of it.
    repo = Repo(f"sqlite:////{file}")
    repo.fail_unfinished(house.server._instance)
    report = repo.load_call(placed.id)
    repo.close()
    assert report is not None
    assert report.disposition == "FAILED"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    given = os.environ.get("AGENTD_TEST_POSTGRES")
    if given:
        yield given
        return
    started = private_server()
    try:
        url = started.__enter__()
    except NoPostgres as error:
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(f"CI must try PostgreSQL: {error}")
        pytest.skip(str(error))
    try:
        yield url
    finally:
        started.__exit__(None, None, None)


@pytest.mark.postgres
def test_postgresql_stopped_and_started_again(
    houses: Callable[..., House], watch: Watch, postgres: str
) -> None:
    name = f"agentd_{uuid.uuid4().hex[:12]}"
    execute(postgres, f"CREATE DATABASE {name}")
    wire = Wire(with_database(postgres, name))
    try:
        house = houses(repo=Repo(wire.url, timeout_s=1.0))
        back = house.call(LONG)  # the database comes back while it goes on
        away = house.call([OPT_OUT])
        until(lambda: back.call.recorder.duration_ms > 500)
        wire.down()
        assert away.outcome().problems == []
        until(lambda: house.server.calls == 1)
        wire.up()
        until(lambda: house.repo.load_call(away.id) is not None, what="it was not written")
        is_whole(away, 0, 3)
        assert house.repo.suppressed("+33199000102")
        assert house.server.calls == 1
        assert back.outcome().problems == []
        until(lambda: not spool(house), 10)
        is_whole(back, 30, 7)
        assert len(watch.said(AWAY)) == 2
        house.settle(more=40)  # the wire's, as long as connections stand
        house.stop()
    finally:
        wire.down()
        execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.postgres
def test_postgresql_away_for_half_a_minute(
    houses: Callable[..., House], watch: Watch, postgres: str
) -> None:
    """Calls come and go all the while; not one is told, and none is lost."""
    name = f"agentd_{uuid.uuid4().hex[:12]}"
    execute(postgres, f"CREATE DATABASE {name}")
    wire = Wire(with_database(postgres, name))
    try:
        house = houses(repo=Repo(wire.url, timeout_s=1.0))
        calls = [house.call([OPT_OUT]) for _ in range(2)]
        until(lambda: house.server.calls == 2)
        wire.down()
        begun = time.monotonic()
        while time.monotonic() - begun < AWAY_S:
            calls.append(house.call([OPT_OUT]))
            gevent.sleep(2.0)
        for one in calls:
            outcome = one.outcome()
            assert (outcome.cause, outcome.problems, outcome.unused) == ("NORMAL_CLEARING", [], 0)
        until(lambda: house.server.calls == 0)
        assert len(spool(house)) == len(calls)
        assert house.server.snapshot().spooled == len(calls)
        wire.up()
        until(lambda: not spool(house), 20, "they are not written")
        for one in calls:
            is_whole(one, 0, 3)
        house.settle(more=40)
        house.stop()
    finally:
        wire.down()
        execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")
