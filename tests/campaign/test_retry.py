"""Who is called again, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.campaign.retry import (
    CALLBACK_FIRST,
    FINAL,
    Again,
    Done,
    History,
    Policy,
    Rule,
    after,
    after_trunk_failure,
)
from agentd.dialogue.dispositions import Disposition

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ONCE = History(attempts=1, same=1)


@pytest.mark.parametrize("disposition", sorted(FINAL))
@given(attempts=st.integers(0, 9))
def test_who_has_decided_is_never_called_again(disposition, attempts):
    generous = Policy(rules={d: Rule(20, timedelta(0)) for d in Disposition}, most_attempts=20)
    assert isinstance(after(generous, disposition, History(attempts, attempts), NOW), Done)


@given(
    disposition=st.sampled_from(
        [d for d in Disposition if d not in FINAL and d is not Disposition.CALLBACK]
    ),
    same=st.integers(1, 10),
    more=st.integers(0, 5),
)
def test_attempts_end(disposition, same, more):
    policy = Policy()
    then = after(policy, disposition, History(same + more, same), NOW)
    rule = policy.rules.get(disposition)
    if rule is None or same >= rule.attempts or same + more >= policy.most_attempts:
        assert isinstance(then, Done)
    else:
        assert then == Again(NOW + rule.delay)


def test_a_number_that_does_not_exist_is_decided():
    assert isinstance(after(Policy(), Disposition.UNREACHABLE, ONCE, NOW, permanent=True), Done)


def test_an_agreed_callback_comes_at_its_time_and_first():
    at = NOW + timedelta(hours=30)
    history = History(attempts=9, same=1, callbacks=1)
    assert after(Policy(), Disposition.CALLBACK, history, NOW, callback_at=at) == Again(
        at, CALLBACK_FIRST
    )


def test_a_callback_nobody_understood_comes_after_the_default_delay():
    then = after(Policy(callback_delay=timedelta(hours=5)), Disposition.CALLBACK, ONCE, NOW)
    assert then == Again(NOW + timedelta(hours=5), CALLBACK_FIRST)


def test_a_callback_for_a_time_that_is_past_is_due_now():
    then = after(Policy(), Disposition.CALLBACK, ONCE, NOW, callback_at=NOW - timedelta(hours=1))
    assert then == Again(NOW, CALLBACK_FIRST)


def test_callbacks_end():
    assert isinstance(after(Policy(), Disposition.CALLBACK, History(4, 4, callbacks=4), NOW), Done)


def test_the_trunk_is_tried_by_each_gateway_then_rests():
    policy = Policy(trunk_attempts=6)

    def then(trunk):
        return after_trunk_failure(policy, History(0, 0, trunk), 2, NOW)

    assert then(1) == Again(NOW)
    assert then(2) == Again(NOW + timedelta(seconds=60))
    assert then(3) == Again(NOW)
    assert then(4) == Again(NOW + timedelta(seconds=120))
    assert isinstance(then(6), Done)
