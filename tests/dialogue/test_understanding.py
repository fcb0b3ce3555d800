from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import labelled, tuned
from rapidfuzz import fuzz

from agentd.dialogue.intents import Intent, Sentiment, classify
from agentd.dialogue.spoken import spoken
from agentd.dialogue.understanding import Expectation, understand


@dataclass(frozen=True)
class Entry:
    type: str
    phrasings: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    id: str
    score: float


class Eager:
    """A matcher by mere likeness: finds too much, as a real one sometimes does."""

    def __init__(self) -> None:
        self.entries = {
            "general_obj_trop_cher": Entry("objection", ("c'est trop cher", "c'est hors de prix")),
            "general_faq_gratuit": Entry("faq", ("c'est gratuit ou payant",)),
            "general_faq_conseiller": Entry("faq", ("je peux parler à un conseiller humain",)),
            "finance_obj_credit_en_cours": Entry("objection", ("j'ai déjà un crédit en cours",)),
            "crypto_obj_comprends_rien": Entry("objection", ("je n'y comprends rien",)),
            "energie_obj_locataire": Entry("objection", ("je suis locataire",)),
        }

    def match(self, text: str) -> Match | None:
        said = spoken(text)
        found = max(
            (fuzz.ratio(said, form) / 100 if form not in said else 0.95, id)
            for id, entry in self.entries.items()
            for form in map(spoken, entry.phrasings)
        )
        return Match(found[1], found[0]) if said and found[0] >= 0.7 else None


MATCHER = Eager()
CREDIT = Expectation(
    affirm=("j'en ai un", "j'ai un crédit", "à la banque"),
    deny=("j'en ai pas", "je suis locataire", "j'ai fini de payer"),
)


@pytest.mark.parametrize(
    ("text", "intent", "objection"),
    [
        ("c'est trop cher", Intent.OBJECTION, "general_obj_trop_cher"),
        ("oui d'accord mais c'est trop cher", Intent.OBJECTION, "general_obj_trop_cher"),
        ("c'est gratuit ou payant", Intent.QUESTION, "general_faq_gratuit"),
        ("j'y comprends rien", Intent.OBJECTION, "crypto_obj_comprends_rien"),
        ("je suis locataire", Intent.OBJECTION, "energie_obj_locataire"),
        ("je veux parler à un conseiller humain", Intent.HUMAN, "general_faq_conseiller"),
        ("passez-moi quelqu'un", Intent.HUMAN, None),
        ("oui", Intent.AFFIRM, None),
        ("oui d'accord", Intent.AFFIRM, None),
        ("oui j'en ai un", Intent.AFFIRM, None),
        ("non pas pour le moment", Intent.DENY, None),
        ("c'est trop cher arrêtez de m'appeler", Intent.OPTOUT, None),
        ("c'est trop cher rappelez-moi demain", Intent.CALLBACK, None),
        ("je suis locataire mais vous vous trompez de personne", Intent.WRONG_PERSON, None),
        ("", Intent.UNCLEAR, None),
        ("euh", Intent.UNCLEAR, None),
    ],
)
def test_precedence(text: str, intent: Intent, objection: str | None) -> None:
    meaning = understand(text, MATCHER)
    assert (meaning.intent, meaning.objection) == (intent, objection)
    assert meaning.text == text
    assert (meaning.objection_score > 0) == (objection is not None)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("j'en ai un", Intent.AFFIRM),
        ("oui j'en ai un", Intent.AFFIRM),
        ("Oui, j'en ai un.", Intent.AFFIRM),
        ("jen ai un", Intent.AFFIRM),
        ("non j'en ai pas", Intent.DENY),
        ("non j'en ai pas un", Intent.DENY),
        ("je suis locataire", Intent.DENY),
        ("non je suis locataire", Intent.DENY),
        ("j'ai fini de payer mon crédit", Intent.DENY),
        ("j'ai un crédit à la banque", Intent.AFFIRM),
        ("j'ai un credi", Intent.AFFIRM),
        ("j'ai pas un crédit", Intent.DENY),
        ("oui j'en ai un mais c'est trop cher", Intent.OBJECTION),
        ("j'en ai un pourquoi", Intent.QUESTION),
        ("j'en ai un rappelez-moi demain", Intent.CALLBACK),
        ("j'en ai un et arrêtez de m'appeler", Intent.OPTOUT),
    ],
)
def test_a_step_knows_its_own_answers(text: str, intent: Intent) -> None:
    meaning = understand(text, MATCHER, CREDIT)
    assert meaning.intent is intent
    if intent in (Intent.AFFIRM, Intent.DENY):
        assert meaning.objection is None
        assert meaning.confidence >= 0.6


def test_without_the_step_the_same_words_are_an_objection() -> None:
    assert understand("je suis locataire", MATCHER).intent is Intent.OBJECTION
    assert understand("je suis locataire", MATCHER, CREDIT).intent is Intent.DENY


def test_a_matched_objection_is_negative_and_as_sure_as_the_match() -> None:
    meaning = understand("c'est trop cher", MATCHER)
    assert meaning.sentiment is Sentiment.NEGATIVE
    assert meaning.confidence == pytest.approx(0.95)


def test_the_matcher_never_takes_a_plain_answer() -> None:
    for want, text in tuned() + labelled("intents_test.tsv"):
        reading = classify(text)
        if want in ("affirm", "deny") and len(text.split()) <= 3 and reading.intent == want:
            meaning = understand(text, MATCHER)
            assert (meaning.intent, meaning.objection) == (want, None), text


class Certain(Eager):
    """A matcher that is sure of the same entry, whatever is said."""

    def match(self, text: str) -> Match | None:
        return Match("general_obj_trop_cher", 1.0)


@pytest.mark.parametrize(
    "text", ["oui", "oui j'en ai un", "oui d'accord", "non pas pour le moment", "non merci"]
)
def test_not_even_a_certain_match_takes_a_plain_answer(text: str) -> None:
    meaning = understand(text, Certain())
    assert meaning.intent in (Intent.AFFIRM, Intent.DENY)
    assert meaning.objection is None


def test_a_certain_match_says_more_than_what_the_rules_only_guessed() -> None:
    assert understand("peut-être", Certain()).objection == "general_obj_trop_cher"
    assert understand("peut-être", MATCHER).objection is None


def test_an_example_is_not_heard_in_its_contrary() -> None:
    paying = Expectation(affirm=("j'ai pas fini de payer",), deny=("je suis locataire",))
    assert understand("j'ai fini de payer", MATCHER, paying).intent is not Intent.AFFIRM
    assert understand("j'ai pas fini de payer", MATCHER, paying).intent is Intent.AFFIRM
    contrary = understand("je suis pas locataire", MATCHER, paying)
    assert contrary.intent is not Intent.DENY or contrary.confidence < 0.9


def test_what_must_be_acted_on_never_depends_on_matcher_or_step() -> None:
    for want, text in labelled("intents_test.tsv"):
        if want in ("optout", "wrong_person", "callback"):
            assert understand(text, MATCHER, CREDIT).intent is classify(text).intent


@given(st.text(max_size=120))
def test_any_text_is_survived(text: str) -> None:
    meaning = understand(text, MATCHER, CREDIT)
    assert 0.0 <= meaning.confidence <= 1.0
    assert meaning.text == text
