import os
import threading
import time

import gevent
import pytest
from gevent import monkey

from agentd.errors import SpeechError
from agentd.speech.workers import NICE, NotBegun, Workers

# Native work blocks its thread: these are not gevent's.
sleep = monkey.get_original("time", "sleep")
NativeEvent = monkey.get_original("threading", "Event")


class Gate:
    """Work that runs until it is let go."""

    def __init__(self):
        self.open = NativeEvent()
        self.begun = []

    def work(self, name="x"):
        self.begun.append(name)
        assert self.open.wait(10)
        return name


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def workers():
    workers = Workers(threads=2, queue=2)
    yield workers
    workers.close()


def settle(until, timeout=5.0):
    deadline = time.monotonic() + timeout
    while not until():
        assert time.monotonic() < deadline, "never happened"
        gevent.sleep(0.005)


def test_work_is_done_on_another_native_thread_and_its_result_comes_back(workers):
    ident = monkey.get_original("threading", "get_ident")
    assert workers.submit(ident).get(timeout=5) != ident()
    assert workers.submit(max, 3, 4).get(timeout=5) == 4
    assert (workers.done, workers.waiting) == (2, 0)


def test_what_work_raises_is_raised_by_get_and_not_printed(workers, capfd):
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 / 0).get(timeout=5)
    gevent.sleep(0.02)
    assert capfd.readouterr().err == ""
    assert workers.submit(lambda: "still there").get(timeout=5) == "still there"


def test_no_more_threads_than_asked_run_at_once(workers, gate):
    jobs = [workers.submit(gate.work, i) for i in range(4)]
    settle(lambda: len(gate.begun) == 2)
    gevent.sleep(0.05)
    assert gate.begun == [0, 1]
    assert (workers.busy, workers.depth, workers.waiting) == (2, 2, 4)
    gate.open.set()
    assert [job.get(timeout=5) for job in jobs] == [0, 1, 2, 3]
    assert (workers.busy, workers.depth) == (0, 0)


def test_submitting_never_waits_and_one_too_many_is_refused(workers, gate):
    started = time.monotonic()
    for i in range(4):
        workers.submit(gate.work, i)
    with pytest.raises(SpeechError, match="4 pieces of native work wait already"):
        workers.submit(gate.work)
    assert time.monotonic() - started < 0.2
    assert workers.refused == 1


def test_room_comes_back(workers, gate):
    jobs = [workers.submit(gate.work, i) for i in range(4)]
    gate.open.set()
    gevent.joinall([gevent.spawn(job.get, timeout=5) for job in jobs], raise_error=True)
    assert workers.submit(lambda: 1).get(timeout=5) == 1


def test_a_waiter_that_is_killed_takes_no_place_for_ever(workers, gate):
    """A call that ends while its sentence waits to be synthesised."""
    for i in range(2):
        workers.submit(gate.work, i)

    def wait():
        workers.submit(gate.work, "orphan").get(timeout=5)

    orphan = gevent.spawn(wait)
    gevent.sleep(0.02)
    orphan.kill()
    gate.open.set()
    settle(lambda: workers.waiting == 0)
    assert workers.done == 3


def test_what_has_not_begun_can_be_cancelled(workers, gate):
    running = workers.submit(gate.work, "running")
    workers.submit(gate.work, "too")
    queued = workers.submit(gate.work, "queued")
    assert queued.cancel() is True
    assert queued.cancel() is False
    with pytest.raises(SpeechError, match="given up"):
        queued.get(timeout=5)
    settle(lambda: len(gate.begun) == 2)
    assert running.cancel() is False
    gate.open.set()
    assert running.get(timeout=5) == "running"
    assert "queued" not in gate.begun


def test_get_gives_up_after_its_timeout(workers, gate):
    job = workers.submit(gate.work)
    with pytest.raises(gevent.Timeout):
        job.get(timeout=0.02)


def test_the_loop_turns_while_threads_work(workers):
    """The point of it all: native sleep here, decoding there, and no greenlet notices."""
    late = []

    def tick():
        while True:
            before = time.monotonic()
            gevent.sleep(0.005)
            late.append(time.monotonic() - before - 0.005)

    ticker = gevent.spawn(tick)
    jobs = [workers.submit(sleep, 0.2) for _ in range(2)]
    gevent.joinall([gevent.spawn(job.get) for job in jobs], timeout=5)
    ticker.kill()
    assert len(late) > 20
    assert sorted(late)[len(late) // 2] < 0.02


def test_closing_gives_up_what_waits_and_refuses_more(gate):
    workers = Workers(threads=1, queue=2)
    running, queued = workers.submit(gate.work, 1), workers.submit(gate.work, 2)
    threading.Timer(0.05, gate.open.set).start()
    workers.close()
    assert running.get(timeout=5) == 1
    with pytest.raises(SpeechError, match="given up"):
        queued.get(timeout=5)
    with pytest.raises(SpeechError):
        workers.submit(gate.work)
    assert gate.begun == [1]


def test_a_thread_that_hangs_is_replaced_and_taken_back_when_it_ends(gate):
    workers = Workers(threads=1, queue=2)
    try:
        hung = workers.submit(gate.work)
        settle(lambda: gate.begun)
        behind = workers.submit(max, 3, 4)
        gevent.sleep(0.05)
        assert not behind.ready()
        hung.abandon()
        assert behind.get(timeout=5) == 4
        assert (workers.lost, workers.busy, workers.waiting) == (1, 0, 1)
        hung.abandon()
        assert workers.lost == 1, "twice is once"
        gate.open.set()
        assert hung.get(timeout=5) == "x"
        settle(lambda: workers.lost == 0)
        assert workers.submit(max, 5, 6).get(timeout=5) == 6
        assert (workers.busy, workers.waiting) == (0, 0)
    finally:
        workers.close()


def test_threads_are_not_replaced_without_end(gate, monkeypatch):
    monkeypatch.setattr("agentd.speech.workers.MOST_LOST", 2)
    workers = Workers(threads=1, queue=10)
    try:
        for number in range(3):
            job = workers.submit(gate.work, number)
            settle(lambda number=number: number in gate.begun)
            job.abandon()
        assert (workers.lost, workers.busy) == (2, 1)
        behind = workers.submit(max, 1, 2)
        gevent.sleep(0.05)
        assert not behind.ready()
        gate.open.set()
        assert behind.get(timeout=5) == 2
    finally:
        workers.close()


def test_what_is_not_running_cannot_be_abandoned(workers):
    job = workers.submit(max, 1, 2)
    assert job.get(timeout=5) == 2
    job.abandon()
    assert workers.lost == 0


def test_what_nobody_waits_for_comes_last(gate):
    workers = Workers(threads=1, queue=10)
    running = workers.submit(gate.work, "running")
    settle(lambda: gate.begun == ["running"])
    jobs = [
        workers.submit(gate.work, "early look", later=True),
        workers.submit(gate.work, "answer"),
        workers.submit(gate.work, "another look", later=True),
        workers.submit(gate.work, "another answer"),
    ]
    assert workers.depth == 4
    gate.open.set()
    for job in (running, *jobs):
        job.get(timeout=5)
    assert gate.begun == ["running", "answer", "another answer", "early look", "another look"]
    workers.close()


def test_what_is_given_up_before_it_is_begun_says_so(gate):
    workers = Workers(threads=1, queue=10)
    workers.submit(gate.work)
    settle(lambda: gate.begun)
    waits = workers.submit(gate.work, "never", later=True)
    assert waits.cancel()
    with pytest.raises(NotBegun):
        waits.get(timeout=5)
    gate.open.set()
    workers.close()
    assert "never" not in gate.begun


def test_the_event_loop_comes_before_native_work_and_before_what_it_starts(workers):
    start = monkey.get_original("_thread", "start_new_thread")

    def started_there():
        found, done = [], NativeEvent()

        def look():
            found.append(os.getpriority(os.PRIO_PROCESS, 0))
            done.set()

        start(look, ())
        assert done.wait(10)
        return os.getpriority(os.PRIO_PROCESS, 0), found[0]

    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert workers.submit(started_there).get(timeout=5) == (max(before, NICE), max(before, NICE))
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
