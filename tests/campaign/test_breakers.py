"""Which gateways are used, and when nothing is dialled at all."""

from agentd.campaign.breakers import Breakers
from agentd.campaign.pacing import Breaker


def breakers() -> Breakers:
    return Breakers(("a", "b"), Breaker(trip_after=2, rest_s=10), Breaker(trip_after=2, rest_s=10))


def fail(of: Breakers, gateway: str, now: float) -> bool:
    of.trying(gateway)
    return of.judge(gateway, failed=True, unknown=False, now=now)


def test_a_contact_the_trunk_failed_is_tried_through_the_next_gateway() -> None:
    made = breakers()
    assert [made.choose(failures, 0.0) for failures in range(4)] == ["a", "b", "a", "b"]


def test_a_gateway_that_fails_rests_and_says_so_once() -> None:
    made = breakers()
    assert [fail(made, "a", 0.0), fail(made, "a", 0.0)] == [False, True]
    assert not made.judge("a", failed=True, unknown=False, now=0.0), "placed before it opened"
    assert made.note == "circuit open: gateway a"
    assert made.choose(0, 5.0) == "b"
    assert made.choose(0, 11.0) == "a", "a trial"
    made.trying("a")
    assert made.choose(0, 11.0) == "b", "one trial at a time"
    made.judge("a", failed=False, unknown=True, now=11.0)
    assert made.choose(0, 11.0) == "a", "nobody saw how the trial ended: another"
    assert made.note == "circuit open: gateway a", "which is no proof that it works"
    made.trying("a")
    made.judge("a", failed=False, unknown=False, now=12.0)
    assert (made.choose(0, 12.0), made.note) == ("a", "")


def test_no_gateway_is_left() -> None:
    made = breakers()
    for gateway in ("a", "b"):
        fail(made, gateway, 0.0)
        fail(made, gateway, 0.0)
    assert made.choose(0, 1.0) is None


def test_a_gateway_nobody_knows_any_more_tells_nothing() -> None:
    assert not breakers().judge("gone", failed=True, unknown=False, now=0.0)


def test_answered_calls_that_nobody_holds_stop_the_dialling() -> None:
    made = breakers()
    assert made.allows(0.0) is None
    made.judge_agentd(False, 0.0)
    made.judge_agentd(None, 0.0)
    made.judge_agentd(False, 0.0)
    assert made.allows(5.0) == 0
    assert "not held by any agentd" in made.note
    assert made.allows(11.0) == 1
    made.trying("a")
    assert made.allows(11.0) == 0
    made.judge_agentd(True, 12.0)
    assert made.allows(12.0) is None


def test_other_settings_keep_what_rests():
    made = Breakers(["a", "b"], Breaker(trip_after=1, rest_s=30), Breaker(trip_after=1))
    made.judge("a", failed=True, unknown=False, now=0.0)
    made.judge_agentd(False, 0.0)
    after = made.changed(["a", "c"], Breaker(trip_after=7, rest_s=5), Breaker(trip_after=2))
    assert after.states(1.0) == {"a": "open", "c": "closed", "agentd": "open"}
    assert after.states(31.0)["a"] == "half open"
    assert after.choose(0, 1.0) == "c"
    assert not after.judge("b", failed=True, unknown=False, now=1.0)  # is none of ours any more
    for n in range(7):  # of what was closed the new number counts
        assert after.judge("c", failed=True, unknown=False, now=1.0) == (n == 6)
