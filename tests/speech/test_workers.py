import time

import gevent
import pytest
from gevent import monkey

from agentd.errors import SpeechError
from agentd.speech.workers import Workers

sleep = monkey.get_original("time", "sleep")  # blocks its thread, as native work does


def test_native_work_leaves_the_loop_alone():
    workers = Workers(2, 10)
    late = []

    def tick():
        for _ in range(20):
            before = time.monotonic()
            gevent.sleep(0.01)
            late.append(time.monotonic() - before - 0.01)

    ticker = gevent.spawn(tick)
    jobs = [workers.submit(sleep, 0.15) for _ in range(2)]
    gevent.joinall([ticker])
    assert [job.get(timeout=2) for job in jobs] == [None, None]
    assert max(late) < 0.1
    workers.close()


def test_one_more_than_the_queue_holds_is_refused_at_once():
    workers = Workers(1, 2)
    jobs = [workers.submit(sleep, 0.05) for _ in range(3)]
    with pytest.raises(SpeechError, match="wait already"):
        workers.submit(sleep, 0)
    for job in jobs:
        job.get(timeout=2)
    assert workers.refused == 1
    assert workers.submit(lambda: "room again").get(timeout=2) == "room again"
    workers.close()


def test_what_the_work_raises_reaches_whoever_waits():
    workers = Workers(1, 1)

    def broken():
        raise SpeechError("no")

    with pytest.raises(SpeechError, match="no"):
        workers.submit(broken).get(timeout=2)
    workers.close()
