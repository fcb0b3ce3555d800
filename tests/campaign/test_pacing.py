"""Pacing: no limit is overshot, whatever happens; the seed's 600 calls an hour at 50 at once."""

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.campaign.pacing import Breaker, Limits, Load, State, allowance

HOUR_S = 3600.0


def simulate(
    limits: Limits, duration_s: float, length_s: tuple[float, float], tick_s: float, seed: int
) -> tuple[list[float], int]:
    """When calls were placed, and how many there were at once at the most."""
    choice = random.Random(seed)
    placed: list[float] = []
    ends: list[float] = []
    most = 0
    now = 0.0
    while now < duration_s:
        while ends and ends[0] <= now:
            heapq.heappop(ends)
        begun = sum(at > now - 60 for at in placed[-limits.per_minute :])
        load = Load(len(ends), begun, placed[-1] if placed else None, now)
        for _ in range(allowance(State.RUNNING, limits, load, now)):
            placed.append(now)
            heapq.heappush(ends, now + choice.uniform(*length_s))
            if now < limits.ramp_s:
                assert len(ends) <= max(1, limits.max_concurrent * now / limits.ramp_s)
        most = max(most, len(ends))
        now += tick_s * choice.uniform(0.5, 3.0)  # a loop that is late at times
    return placed, most


def test_600_calls_an_hour_at_50_at_once():
    limits = Limits(max_concurrent=50, per_minute=10)
    placed, most = simulate(limits, HOUR_S, (20, 300), 0.2, 1)
    assert 585 <= len(placed) <= 600
    assert most <= 50


@settings(max_examples=60, deadline=None)
@given(
    concurrent=st.integers(1, 60),
    per_minute=st.integers(1, 600),
    ramp_s=st.floats(0, 120),
    longest=st.floats(1, 200),
    tick_s=st.floats(0.05, 5),
    seed=st.integers(0, 1000),
)
def test_neither_limit_is_ever_overshot(concurrent, per_minute, ramp_s, longest, tick_s, seed):
    limits = Limits(concurrent, per_minute, ramp_s)
    placed, most = simulate(limits, 150, (0.5, longest), tick_s, seed)
    assert most <= concurrent
    for i, at in enumerate(placed):
        assert sum(other > at - 60 for other in placed[: i + 1]) <= per_minute


@given(state=st.sampled_from([s for s in State if s is not State.RUNNING]), load=st.integers(0, 9))
def test_only_a_running_campaign_places_calls(state, load):
    assert allowance(state, Limits(10, 60), Load(load, 0, None, 99), 1000.0) == 0


def test_calls_are_spread_and_a_pause_is_not_made_up_for_in_one_burst():
    limits = Limits(50, 60)
    assert allowance(State.RUNNING, limits, Load(0, 0, None, 0), 0) == 1
    assert allowance(State.RUNNING, limits, Load(0, 1, 100.0, 0), 100.5) == 0
    assert allowance(State.RUNNING, limits, Load(0, 1, 100.0, 0), 101.0) == 1
    assert allowance(State.RUNNING, limits, Load(0, 0, 100.0, 0), 1000.0) == 5


def test_the_ramp_lets_one_call_through_first():
    limits = Limits(50, 6000, ramp_s=100)
    assert allowance(State.RUNNING, limits, Load(1, 0, 0.0, 0.0), 60) == 0
    assert allowance(State.RUNNING, limits, Load(24, 0, 0.0, 50.0), 60) == 1


def test_a_breaker_opens_rests_longer_each_time_and_closes():
    breaker = Breaker(trip_after=3, rest_s=10, most_rest_s=30)
    for _ in range(2):
        breaker = breaker.failed(0)
    assert breaker.allows(0) is None
    breaker = breaker.failed(0)
    assert breaker.allows(9) == 0
    assert breaker.allows(10) == 1
    breaker = breaker.trying()
    assert breaker.allows(10) == 0  # one trial at a time
    breaker = breaker.failed(10)
    assert (breaker.allows(29), breaker.allows(30)) == (0, 1)
    breaker = breaker.trying().failed(30)
    assert (breaker.allows(59), breaker.allows(60)) == (0, 1)  # never more than most_rest_s
    assert breaker.trying().worked() == Breaker(trip_after=3, rest_s=10, most_rest_s=30)


def test_what_was_placed_before_it_opened_changes_nothing():
    breaker = Breaker(trip_after=1, rest_s=10).failed(0)
    assert breaker.failed(5) == breaker
    assert breaker.worked() == breaker
    assert breaker.trying().forgotten().allows(10) == 1


@pytest.mark.parametrize("trips", [1, 5])
def test_a_success_forgets_failures(trips):
    breaker = Breaker(trip_after=2)
    for _ in range(trips):
        breaker = breaker.failed(0).worked()
    assert breaker.allows(0) is None
