"""No more calls than `[server] max_calls`; the others are told so, and leave no zombie."""

import time
from collections.abc import Callable

import gevent
from fault_house import House, Watch, until


def test_a_call_too_many_is_hung_up_with_a_cause(
    houses: Callable[..., House], watch: Watch
) -> None:
    house = houses(server={"max_calls": 2})
    held = [house.call([{"silence": 0.8}, {"hangup": True}]) for _ in range(2)]
    until(lambda: house.server.calls == 2)
    begun = time.monotonic()
    refused = [house.call([]) for _ in range(5)]
    for one in refused:
        outcome = one.outcome(timeout=5)
        # A connection closed within 5 ms of `connect` would leave the channel parked: a problem.
        assert (outcome.cause, outcome.problems) == ("SWITCH_CONGESTION", [])
        assert house.repo.load_call(one.id) is None
    assert time.monotonic() - begun < 1.5
    assert house.server.calls == 2
    assert len(watch.said("call refused")) == 5
    for one in held:
        assert one.outcome().problems == []
        assert one.whole().disposition == "HANGUP"
    house.settle()
    again = house.call([{"hangup": True, "at": 0.1}])
    again.outcome()
    assert again.whole().disposition == "HANGUP"


def test_many_calls_at_once_fill_the_places_exactly(
    houses: Callable[..., House], watch: Watch
) -> None:
    """They all ask before the first is taken: admission is decided once a call has shown itself."""
    house = houses(server={"max_calls": 3})
    most = 0

    def watching() -> None:
        nonlocal most
        while True:
            most = max(most, house.server.calls)
            gevent.sleep(0.002)

    eye = gevent.spawn(watching)
    calls = [house.call([{"hangup": True, "at": 0.2}]) for _ in range(12)]
    outcomes = [one.outcome() for one in calls]
    eye.kill()
    assert all(outcome.problems == [] for outcome in outcomes)
    causes = sorted(outcome.cause for outcome in outcomes)
    assert causes == ["NORMAL_CLEARING"] * 3 + ["SWITCH_CONGESTION"] * 9
    assert most == 3
