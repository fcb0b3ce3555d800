"""PostgreSQL lost in every way a wire can be: nothing is kept twice, nobody waits long."""

import time

import gevent
import pytest
from test_repo_contract import AGENT, start

from agentd.errors import StoreError

pytestmark = pytest.mark.postgres


def backends(place):
    query = (
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return [row[0] for row in place.sql(query)]


def test_idle_connections_that_were_ended_are_replaced_unnoticed(postgres_place):
    place = postgres_place
    repo = place.repo()
    start(repo)
    # Every thread has a connection, and all are lost at once, as when the server is restarted.
    gevent.joinall([gevent.spawn(repo.calls) for _ in range(8)], raise_error=True)
    for pid in backends(place):
        place.sql("SELECT pg_terminate_backend(?)", pid)
    for seq in range(1, 9):
        repo.record("c1", "turn", AGENT, seq, seq)
    assert len(repo.load_call("c1").turns) == 8


def test_a_connection_ended_in_mid_transaction_is_replaced_and_the_fact_kept_once(
    postgres_place, counted
):
    place = postgres_place
    repo = place.repo(timeout_s=8)
    start(repo)
    with place.locked():
        writer = gevent.spawn(repo.record, "c1", "turn", AGENT, 1, 1)
        gevent.sleep(0.3)
        waiting = place.sql(
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        assert len(waiting) == 1
        place.sql("SELECT pg_terminate_backend(?)", waiting[0][0])
        gevent.sleep(0.2)
    writer.get(timeout=8)
    assert (counted(place, "fact"), counted(place, "turn")) == (1, 1)


def test_a_commit_whose_answer_is_lost_is_not_done_twice(postgres_place, wire, counted):
    repo = postgres_place.repo(url=wire.url)
    start(repo)
    wire.cut_at = b"COMMIT"
    repo.record("c1", "callback", {"text": "demain"}, 1, 1)
    assert wire.cuts == 1
    wire.cut_at = b"COMMIT"
    repo.journal_append("c1", [(0, 1, "event", "{}")])
    assert wire.cuts == 2
    assert repo.load_call("c1").callbacks == ["demain"]
    assert [counted(postgres_place, t) for t in ("fact", "callback", "journal")] == [1, 1, 1]


def test_a_stopped_server_is_an_error_at_once_and_used_again_when_back(postgres_place, wire):
    repo = postgres_place.repo(url=wire.url)
    start(repo)
    wire.down()
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(StoreError) as caught:
            repo.record("c1", "turn", AGENT, 1, 1)
        assert "hush-hush" not in str(caught.value)
        assert "running" in caught.value.mend
    assert time.monotonic() - begun < 1
    assert not repo.check().ok
    wire.up()
    gevent.sleep(1.1)
    repo.record("c1", "turn", AGENT, 1, 1)
    assert len(repo.load_call("c1").turns) == 1
    assert repo.check().ok


def test_a_server_that_answers_nothing_is_given_up_and_used_again_when_back(postgres_place, wire):
    repo = postgres_place.repo(url=wire.url, timeout_s=0.6)
    start(repo)
    wire.swallow = True
    begun = time.monotonic()
    writers = [gevent.spawn(repo.record, "c1", "turn", AGENT, n, n) for n in range(1, 31)]
    gevent.joinall(writers, timeout=5)
    assert all(isinstance(writer.exception, StoreError) for writer in writers)
    with pytest.raises(StoreError):
        repo.calls()
    assert time.monotonic() - begun < 2
    wire.swallow = False
    wire.cut()
    gevent.sleep(1.1)
    for n in range(1, 31):
        repo.record("c1", "turn", AGENT, n, n)
    assert len(repo.load_call("c1").turns) == 30
