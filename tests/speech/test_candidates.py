import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.intents import Intent, classify
from agentd.speech.candidates import (
    COMMON,
    alike,
    bonus,
    distinct,
    key,
    lean,
    nearest,
    objections,
    plausible,
    resemblance,
    same,
    shortlist,
    syllables,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("vos taux", "vos tôt"),
        ("c'est", "ces t"),
        ("allô", "Allau"),
        ("l'eau", "lo"),
        ("d’accord", "d'accord"),
        ("où ça", "ou ça"),
    ],
)
def test_spellings_of_one_sound_are_alike(one, other):
    assert resemblance(one, [other]) >= 80


def test_different_sounds_are_not():
    assert key("oui") != key("non")
    assert resemblance("oui", ["non merci"]) < 50


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_a_key_syllables_and_a_likeness(one, other):
    assert isinstance(key(one), str)
    assert syllables(one) >= 1
    assert 0 <= resemblance(one, [other]) <= 100


def test_no_one_says_a_long_sentence_in_half_a_second_nor_a_word_in_ten():
    candidates = ["oui", "je veux parler à un conseiller"]
    assert plausible(candidates, 0.4) == ["oui"]
    assert plausible(candidates, 1.8) == ["je veux parler à un conseiller"]
    assert plausible(candidates, 12.0) == []


def test_nearest_by_sound_best_first_and_never_the_unlike():
    found = nearest(["non", "c'est trop cher", "oui"], ["sait trop chair"], 2)
    assert found == ["c'est trop cher"]
    assert nearest(["c'est trop cher"], [], 5) == []


def test_a_candidate_is_scored_once_however_it_is_written():
    assert len(distinct(["Oui, bien sûr.", "oui bien sûr", "non"])) == 2


def test_a_known_phrase_after_mais_is_written_out():
    text = alike(["c'est trop cher vos taux", "oui"], "Oui, mais c'est trop cher, vos tôt")
    assert text == "Oui, mais c'est trop cher vos taux"


def test_what_sounds_like_nothing_known_is_left():
    assert alike(["c'est trop cher vos taux"], "il pleut à Brest ce matin") == ""
    assert alike(["oui"], "oui") == ""  # too short to be told by its sound
    assert alike([], "c'est trop cher") == ""


def test_sounding_like_what_was_written_counts_for_and_against():
    assert bonus("ça ne m'intéresse pas", ["ça m'intéresse pas"]) > 0
    assert bonus("ça ne m'intéresse pas", ["il pleut"]) < 0
    assert bonus("oui", ["non"]) == 0


def test_a_reading_that_sounds_expected_is_surer_and_written_like_it():
    text, sure = lean("pour quoi pas", 0.5, ["oui", "pourquoi pas"])
    assert text == "pourquoi pas"
    assert sure > 0.7


def test_a_recogniser_that_is_sure_keeps_its_words():
    assert lean("pour quoi pas", 0.95, ["pourquoi pas"])[0] == "pour quoi pas"


def test_what_is_not_expected_is_left_alone():
    assert lean("il pleut à Brest", 0.6, ["oui", "non"]) == ("il pleut à Brest", 0.6)
    assert lean("", 0.0, ["oui"]) == ("", 0.0)
    assert lean("oui", 0.5, []) == ("oui", 0.5)


def test_common_answers_are_written_once_and_understood():
    assert len(set(COMMON)) == len(COMMON)
    meant = {text: classify(text).intent for text in COMMON}
    assert meant["oui"] is Intent.AFFIRM
    assert meant["ne m'appelez plus"] is Intent.OPTOUT
    unclear = {text for text, intent in meant.items() if intent is Intent.UNCLEAR}
    assert unclear <= {"oui mais", "peut-être", "je ne sais pas"}


def test_an_objection_after_a_yes_is_scored_whole():
    whole = objections(
        ["c'est trop cher vos taux", "il pleut"], ["Oui, mais c'est prochain, vous tôt"], 1
    )
    assert whole == ["oui mais c'est trop cher vos taux"]
    assert objections(["c'est trop cher"], ["Non mais sait trop chair"], 1) == [
        "non mais c'est trop cher"
    ]
    assert objections(["c'est trop cher"], ["il fait beau ce matin à Brest"], 1) == []


def test_the_shortlist_keeps_what_sounds_alike_and_what_is_most_common():
    short = shortlist(["oui", "demain matin", "c'est trop cher"], ["deux mains matin"], 1)
    assert short == ["oui", "demain matin"]


def test_a_lesser_hypothesis_counts_less():
    assert resemblance("d'accord", ["c'est qui", "d'accord"]) < resemblance(
        "d'accord", ["d'accord"]
    )


def test_the_same_sound_is_the_same_phrase():
    assert same(["oui", "pourquoi pas"], "Pour quoi pas !") == "pourquoi pas"
    assert same(["oui"], "non") == same(["oui"], "") == same([], "oui") == ""
