import gevent

from agentd.observe import greenlets


def test_those_that_run_or_wait_are_counted_until_they_are_done() -> None:
    greenlets.watch()
    greenlets.watch()
    before = greenlets.alive()
    later = gevent.spawn_later(60, lambda: None)
    waits = gevent.spawn(gevent.sleep, 60)
    gevent.spawn(lambda: None)
    gevent.sleep(0.01)
    assert greenlets.alive() == before + 2
    later.kill()
    waits.kill()
    assert greenlets.alive() == before
