"""Closed questions back to the rail: the file, and which one is picked."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.rail_returns import KINDS, RailReturn, RailReturns, parse_rail_returns
from agentd.errors import ObjectionsError

FILE = Path(__file__).parents[2] / "objections" / "rail_returns.yaml"
SHIPPED = parse_rail_returns(FILE.read_text(encoding="utf-8"), FILE.name)
A = RailReturn("a", "On continue ?")
B = RailReturn("b", "C'est plus clair ?", ("objection", "faq"))
C = RailReturn("c", "Ça vous rassure ?", ("objection",))
FEW = RailReturns([A, B, C])


# --- what is shipped


def test_thirty_six_different_closed_questions_are_shipped() -> None:
    assert len(SHIPPED.all) == 36
    assert len({r.id for r in SHIPPED.all}) == 36
    assert len({r.text for r in SHIPPED.all}) == 36
    for one in SHIPPED.all:
        assert one.text.endswith("?")
        assert len(one.text) <= 60  # said after an answer: short
        assert "{" not in one.text  # recorded once for everybody


@pytest.mark.parametrize("after", KINDS)
def test_every_kind_of_answer_has_enough_of_them_for_a_call(after: str) -> None:
    assert sum(after in r.after for r in SHIPPED.all) >= 10


# --- picking


@given(
    st.integers(),
    st.lists(st.sampled_from([r.id for r in SHIPPED.all]), max_size=80),
    st.sampled_from(KINDS),
)
def test_the_same_seed_and_call_give_the_same_fitting_question(
    seed: int, used: list[str], after: str
) -> None:
    picked = SHIPPED.pick(seed, used, after)
    assert picked == SHIPPED.pick(seed, tuple(used), after)
    assert picked in SHIPPED.all
    assert after in picked.after


@given(st.integers(), st.sampled_from(KINDS))
def test_none_is_repeated_until_every_fitting_one_was_used(seed: int, after: str) -> None:
    fitting = [r.id for r in SHIPPED.all if after in r.after]
    used: list[str] = []
    for rounds in (1, 2):
        for _ in fitting:
            used.append(SHIPPED.pick(seed, used, after).id)
        assert Counter(used) == dict.fromkeys(fitting, rounds)


@given(st.integers(), st.lists(st.sampled_from(KINDS), max_size=10))
def test_a_call_of_mixed_answers_hears_no_question_twice(seed: int, answers: list[str]) -> None:
    used: list[str] = []
    for after in answers:
        used.append(SHIPPED.pick(seed, used, after).id)
    assert len(set(used)) == len(used)


def test_seeds_vary_the_question() -> None:
    for after in KINDS:
        fitting = [r for r in SHIPPED.all if after in r.after]
        picked = Counter(SHIPPED.pick(seed, (), after).id for seed in range(1000))
        assert len(picked) == len(fitting)
        assert max(picked.values()) <= 3 * 1000 / len(fitting)


def test_what_follows_an_answer_also_varies_within_a_call() -> None:
    second = {SHIPPED.pick(7, [r.id], "objection").id for r in SHIPPED.all}
    assert len(second) >= 2


def test_only_what_fits_is_picked() -> None:
    for seed in range(20):
        assert FEW.pick(seed, (), "other") == A
        assert FEW.pick(seed, ("a",), "other") == A  # used up, and nothing else fits
        assert FEW.pick(seed, (), "faq") in (A, B)
        assert FEW.pick(seed, ("a",), "faq") == B
        assert FEW.pick(seed, ("a", "b"), "objection") == C
        assert FEW.pick(seed, ("a", "b", "c", "a", "c"), "objection") == B


def test_ids_nobody_knows_do_not_count() -> None:
    assert FEW.pick(1, ("gone", "gone"), "other") == A


def test_an_unknown_kind_still_leads_back_to_the_rail() -> None:
    assert FEW.pick(1, (), "poem") in FEW.all


# --- files

GOOD: dict[str, Any] = {"id": "1", "text": "On continue ?", "after": list(KINDS)}


def written(*rows: Any) -> str:
    return yaml.safe_dump(list(rows), allow_unicode=True)


def fault(text: str) -> str:
    with pytest.raises(ObjectionsError) as caught:
        parse_rail_returns(text, "rail_returns.yaml")
    assert caught.value.mend
    return str(caught.value)


def test_a_file_becomes_questions_in_its_order() -> None:
    made = parse_rail_returns(
        written(GOOD, {"id": "2", "text": "C'est clair ?", "after": ["faq"]}), "x.yaml"
    )
    assert made.all == (
        RailReturn("1", "On continue ?", KINDS),
        RailReturn("2", "C'est clair ?", ("faq",)),
    )


def test_without_after_a_question_fits_everything() -> None:
    made = parse_rail_returns(written({"id": "1", "text": "On continue ?"}), "x.yaml")
    assert made.all == (RailReturn("1", "On continue ?", KINDS),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "On continue."),
        ("text", ""),
        ("text", "?"),
        ("text", None),
        ("text", 4),
        ("text", "On continue {first_name} ?"),
        ("after", []),
        ("after", ["poem"]),
        ("after", "faq"),
        ("id", ""),
        ("id", "../secret"),
        ("id", 1),
        ("afer", ["faq"]),
    ],
)
def test_a_bad_field_is_named_with_its_file_and_entry(field: str, value: Any) -> None:
    said = fault(written({**GOOD, "id": "ok"}, {**GOOD, field: value}))
    assert "rail_returns.yaml" in said
    assert field in said
    assert "entry 2" in said


@pytest.mark.parametrize("field", ["id", "text"])
def test_a_missing_field_is_named(field: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != field}
    said = fault(written(row))
    for word in ("rail_returns.yaml", "entry 1", field):
        assert word in said


def test_an_id_twice_is_refused() -> None:
    said = fault(written(GOOD, {**GOOD, "text": "Ça vous va ?"}))
    assert "entry 2 (1)" in said


def test_a_kind_nothing_follows_is_refused() -> None:
    assert "after: faq" in fault(written({**GOOD, "after": ["objection", "other"]}))


@pytest.mark.parametrize("text", ["", "a: 1", "[]", "- 3", "- [unclosed", "- id: 2024-99-99"])
def test_what_is_no_list_of_questions_is_refused(text: str) -> None:
    assert "rail_returns.yaml" in fault(text)
