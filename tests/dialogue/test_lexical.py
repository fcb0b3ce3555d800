"""What an utterance is compared by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.lexical import features, stem, stems
from agentd.dialogue.spoken import spoken


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("réfléchir", "réfléchissez"),
        ("arnaque", "arnaques"),
        ("augmenter", "augmentent"),
        ("isolée", "isolés"),
        ("prêt", "emprunt"),
        ("boulot", "travail"),
        ("résilier", "résilie"),
    ],
)
def test_words_of_one_meaning_share_a_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("taux", "temps"), ("locataire", "location"), ("frais", "fraise"), ("panneaux", "panne")],
)
def test_words_of_different_meaning_do_not(one: str, other: str) -> None:
    assert stems(one) != stems(other)


def test_words_that_say_nothing_leave_no_stem_but_questions_and_negation_stay() -> None:
    assert stems("et bien voilà c'est ça quoi") == []
    assert stems("c'est combien") == [stem("combien")]
    assert "pas" in stems("je n'ai pas")


def test_a_stem_keeps_three_letters_and_numbers_stay_whole() -> None:
    assert stem("2000") == "2000"
    assert stem("les") == "les"
    assert len(stem("ses")) == 3


def common(one: str, other: str) -> float:
    a, b = features(spoken(one)), features(spoken(other))
    return sum(a[f] ** 2 for f in a.keys() & b.keys()) / sum(w**2 for w in a.values())


def test_a_denied_verb_is_another_thing_said() -> None:
    same = common("ça m'intéresse pas", "ça ne m'intéresse pas du tout")
    contrary = common("ça m'intéresse pas", "ça m'intéresse bien")
    assert same > contrary
    assert not {f for f in features("ca m interesse") if f[0] == "+"} & set(
        features("ca m interesse pas")
    )


def test_a_misspelt_word_is_still_like_itself() -> None:
    assert common("photovoltaique", "fotovoltaique") > 0.1 > common("photovoltaique", "demenager")


def test_the_order_of_words_counts() -> None:
    assert features("le taux est haut") != features("haut est le taux")


@given(st.text(max_size=120))
def test_any_text_has_positive_features(text: str) -> None:
    said = spoken(text)
    found = features(said)
    assert all(weight > 0 for weight in found.values())
    assert bool(found)  # at least that it was empty
    assert stems(text) == stems(said)
    assert features(said) == found
