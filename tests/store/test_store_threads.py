"""The threads themselves: bounds, rest after a failure, what is given up."""

import gevent
import peewee as pw
import pytest
from gevent import monkey

from agentd.errors import StoreError
from agentd.store import threads
from agentd.store.database import target

really_sleep = monkey.get_original("time", "sleep")


@pytest.fixture
def clock():
    """Seconds that pass when told."""
    return [0.0]


@pytest.fixture
def runner(tmp_path, clock):
    runner = threads.DatabaseThreads(target("sqlite:///a.db", tmp_path, 2), clock=lambda: clock[0])
    yield runner
    runner.close()


def slow(release):
    def work(_):
        while not release:
            really_sleep(0.01)
        return "done"

    return work


def test_what_work_raises_comes_out_and_is_rolled_back(runner):
    runner.run(lambda db: db.execute_sql("CREATE TABLE t (a)"), timeout=2)

    def breaks(db):
        db.execute_sql("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runner.run(breaks, timeout=2)
    assert runner.run(lambda db: db.execute_sql("SELECT * FROM t").fetchall(), timeout=2) == []


def test_no_more_than_a_bound_wait(runner, monkeypatch):
    monkeypatch.setattr(threads, "WAITING", 3)
    release: list[bool] = []
    waiting = [gevent.spawn(runner.run, slow(release), timeout=5) for _ in range(3)]
    gevent.sleep(0.05)
    with pytest.raises(StoreError, match="too slow: 3 pieces"):
        runner.run(lambda _: None, timeout=5)
    release.append(True)
    gevent.joinall(waiting, timeout=5, raise_error=True)
    assert [w.value for w in waiting] == ["done"] * 3
    assert runner.run(lambda _: "free again", timeout=5) == "free again"


def test_what_was_given_up_before_it_began_is_never_done(runner, clock):
    release: list[bool] = []
    done: list[str] = []
    first = gevent.spawn(runner.run, slow(release), timeout=5)
    gevent.sleep(0.05)
    for _ in range(2):
        with pytest.raises(StoreError, match="did not answer"):
            runner.run(lambda _: done.append("late"), timeout=0.05)
        clock[0] += 2
    release.append(True)
    assert first.get(timeout=5) == "done"
    assert runner.run(lambda _: "next", timeout=5) == "next"
    assert done == []


def test_after_a_failure_it_rests_before_it_tries_again(tmp_path, clock, monkeypatch):
    runner = threads.DatabaseThreads(target("sqlite:///a.db", tmp_path, 2), clock=lambda: clock[0])
    tried = []

    def refuse(*_, **__):
        tried.append(1)
        raise pw.OperationalError("unable to open")

    monkeypatch.setattr(pw.SqliteDatabase, "connect", refuse)
    for _ in range(5):
        with pytest.raises(StoreError, match="unable to open"):
            runner.run(lambda _: None, timeout=2)
    assert len(tried) == 1
    clock[0] += threads.REST_S + 0.01
    monkeypatch.undo()
    assert runner.run(lambda _: "back", timeout=2) == "back"
    runner.close()


def test_a_time_out_of_the_caller_is_left_to_the_caller(runner):
    release: list[bool] = []
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        runner.run(slow(release), timeout=5)
    release.append(True)
    assert runner.run(lambda _: "not resting", timeout=5) == "not resting"
