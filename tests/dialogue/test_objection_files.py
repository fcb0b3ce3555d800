"""Files of objections: entries, or a fault that names file, entry and field."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.dialogue.objections import (
    LONGEST_RESPONSE,
    Entry,
    parse_entries,
)
from agentd.errors import ObjectionsError

GOOD: dict[str, Any] = {
    "id": "auto_obj_prix",
    "type": "objection",
    "canonical": "C'est cher.",
    "keywords": ["trop cher"],
    "phrasings": ["c'est trop cher"],
    "response": "Je comprends.",
}


def written(*rows: Any) -> str:
    return yaml.safe_dump(list(rows), allow_unicode=True)


def fault(text: str) -> str:
    with pytest.raises(ObjectionsError) as caught:
        parse_entries(text, "objections/auto.yaml")
    return str(caught.value)


def test_a_file_becomes_entries() -> None:
    (one,) = parse_entries(written(GOOD), "auto.yaml")
    assert one == Entry(
        "auto_obj_prix",
        "auto",
        "objection",
        "C'est cher.",
        ("trop cher",),
        ("c'est trop cher",),
        "Je comprends.",
    )
    assert parse_entries(written({**GOOD, "refusal": True}), "auto.yaml")[0].refusal


@pytest.mark.parametrize("field", ["type", "canonical", "keywords", "phrasings", "response"])
def test_a_missing_field_is_named(field: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != field}
    said = fault(written(row))
    for word in ("objections/auto.yaml", "auto_obj_prix", field):
        assert word in said


def test_an_entry_without_id_is_named_by_its_place() -> None:
    row = {name: value for name, value in GOOD.items() if name != "id"}
    said = fault(written(GOOD, row))
    for word in ("objections/auto.yaml", "entry 2", "id"):
        assert word in said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "question"),
        ("type", 3),
        ("id", "prix"),
        ("id", "Auto_obj_Prix"),
        ("id", 12),
        ("canonical", ""),
        ("canonical", None),
        ("keywords", []),
        ("keywords", "trop cher"),
        ("keywords", ["trop cher", " "]),
        ("keywords", [3]),
        ("phrasings", []),
        ("phrasings", [""]),
        ("phrasings", ["!?"]),
        ("response", "  "),
        ("response", "x" * (LONGEST_RESPONSE + 1)),
        ("response", "Bonjour {first_name}."),
        ("refusal", "maybe"),
        ("reponse", "a misspelt field"),
    ],
)
def test_a_bad_field_is_named_with_its_file_and_entry(field: str, value: Any) -> None:
    row = {**GOOD, field: value}
    said = fault(written(row))
    for word in ("objections/auto.yaml", str(row["id"]), field):
        assert word in said


def test_an_id_twice_in_a_file_is_refused() -> None:
    said = fault(written(GOOD, {**GOOD, "canonical": "Autre chose."}))
    assert "objections/auto.yaml" in said
    assert "auto_obj_prix" in said


def test_every_fault_of_a_file_is_told_at_once() -> None:
    said = fault(written({**GOOD, "type": "x"}, {**GOOD, "id": "auto_obj_b", "response": ""}))
    assert "auto_obj_prix" in said
    assert "auto_obj_b" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a list"),
        ("a: 1", "a list"),
        ("[]", "a list"),
        ("- id: [unclosed\n- x", "line"),
        ("- id: x\n\tkeywords: []", "line 2"),
        ("- 3", "entry 1"),
        ("- [1, 2]", "entry 1"),
        ("- {1: 2}", "entry 1"),
        ("- id: 2024-99-99", "not valid YAML"),
        ("[" * 5_000, "not valid YAML"),
        ("- !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_what_is_no_list_of_entries_is_refused_with_its_place(text: str, words: str) -> None:
    said = fault(text)
    assert "objections/auto.yaml" in said
    assert words in said


def test_a_mended_message_says_what_is_expected() -> None:
    with pytest.raises(ObjectionsError) as caught:
        parse_entries(written({**GOOD, "type": "x"}), "auto.yaml")
    assert caught.value.mend


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=80)
    | st.lists(
        st.dictionaries(
            st.sampled_from([*GOOD, "theme", "refusal", "x"]),
            st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just(["a"]),
        ),
        max_size=3,
    ).map(lambda rows: yaml.safe_dump(rows))
)
def test_any_file_gives_entries_or_a_named_fault(text: str) -> None:
    try:
        made = parse_entries(text, "auto.yaml")
    except ObjectionsError as error:
        told = str(error)
    else:
        assert all(isinstance(e, Entry) for e in made)
        told = "auto.yaml"
    assert "auto.yaml" in told
