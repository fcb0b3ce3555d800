"""The guard, on what a model may come to say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.scenario import parse_scenario
from agentd.llm.guard import LONGEST_CHARS, Guard
from agentd.llm.prompt import RULES

ROOT = Path(__file__).parents[2]
ROWS = [
    tuple(line.split("\t"))
    for line in (ROOT / "benchmarks/sets/guard.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
FINANCE = parse_scenario(
    (ROOT / "scenarios/scenario_finance.json").read_text(encoding="utf-8"), "finance"
)
GUARD = Guard(FINANCE.agent_name, FINANCE.company, FINANCE.facts, "\n".join(RULES))


def test_the_set_is_large_enough() -> None:
    assert sum(verdict != "ok" for verdict, _ in ROWS) >= 100
    assert len({sentence for _, sentence in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("verdict", "sentence"), ROWS)
def test_what_is_refused_and_what_is_not(verdict: str, sentence: str) -> None:
    reason = GUARD.refuses(sentence)
    assert bool(reason) == (verdict != "ok"), reason


def test_each_reason_is_given_for_what_it_names() -> None:
    """The first reason found is told; most are the one the set names."""
    named = [GUARD.refuses(sentence) == verdict for verdict, sentence in ROWS if verdict != "ok"]
    assert sum(named) / len(named) >= 0.8


@pytest.mark.parametrize(
    ("fact", "said", "another"),
    [
        ("Le conseiller rappelle sous 48 heures.", "Ce sera sous 48 heures.", "Ce sera 48 euros."),
        ("La simulation dure dix minutes.", "Cela dure dix minutes.", "Cela dure dix ans."),
        ("Le taux est garanti.", "Le taux est garanti.", "Le succès est promis."),
        ("L'audit est gratuit.", "La visite est gratuite.", "La visite est offerte."),
        ("Banque agréée.", "Nous sommes une banque agréée.", "Nous sommes officiels."),
    ],
)
def test_what_the_facts_say_may_be_said_and_nothing_like_it(
    fact: str, said: str, another: str
) -> None:
    with_it = Guard("Julie", "Exemple", [fact], "")
    assert with_it.refuses(said) == ""
    assert with_it.refuses(another)
    assert Guard("Julie", "Exemple", [], "").refuses(said)


@pytest.mark.parametrize(
    "disguise",
    [
        "C’est ｇｒａｔｕｉｔｅ et garanti.",
        "C'est GARANTI.",
        "C'est gar\u200banti.",
        "Le prix est de ５０ euros.",
        "C'est  garanti  ,  oui.",
    ],
)
def test_no_disguise_helps(disguise: str) -> None:
    assert GUARD.refuses(disguise)


@given(st.text(max_size=2 * LONGEST_CHARS))
def test_no_text_breaks_it(text: str) -> None:
    reason = GUARD.refuses(text)
    assert isinstance(reason, str)
    if not reason:
        assert len(text) <= LONGEST_CHARS * 2
        assert not set(text) & set("<>{}[]|@#*_=")


@given(st.sampled_from([s for v, s in ROWS if v in ("figure", "price", "promise")]), st.booleans())
def test_a_harmless_beginning_does_not_hide_what_follows(sentence: str, capital: bool) -> None:
    hidden = f"Je comprends, {sentence.upper() if capital else sentence}"
    assert GUARD.refuses(hidden)
