"""Scores: whole points that always add up to 100."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.scoring import best_possible, normalise_weights, score

_WEIGHTS = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.floats(0.01, 1000),
    min_size=1,
    max_size=12,
)


@given(_WEIGHTS)
def test_weights_add_up_to_100_in_proportion(weights: dict[str, float]) -> None:
    whole = normalise_weights(weights)
    assert sum(whole.values()) == 100
    total = sum(weights.values())
    for step, weight in weights.items():
        assert abs(whole[step] - weight * 100 / total) < 1


def test_the_largest_remainder_gets_the_missing_point() -> None:
    assert normalise_weights({"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert normalise_weights({"a": 10, "b": 15, "c": 15}) == {"a": 25, "b": 38, "c": 37}
    assert normalise_weights({"a": 30, "b": 30, "c": 40}) == {"a": 30, "b": 30, "c": 40}


def test_no_weight_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no positive weight"):
        normalise_weights({"a": 0})


def test_only_what_was_affirmed_counts() -> None:
    weights = {"Q1": 30, "Q2": 30, "Is_Leads": 40}
    assert score(weights, ()) == 0
    assert score(weights, ("Hello", "Q1", "Is_Leads")) == 70
    assert best_possible(weights, 30, ("Is_Leads", "Bye")) == 70
