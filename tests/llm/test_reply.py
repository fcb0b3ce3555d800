"""An answer as it streams in: sentences, the guard, and the end of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentd.llm.guard import Guard
from agentd.llm.reply import Refused, Reply, Spoken
from agentd.llm.sentences import LONGEST, Splitter

GUARD = Guard("Julie", "Banque Exemple", ["La simulation est gratuite."], "")
ONE = "Je comprends votre question."
TWO = "Un conseiller pourra vous répondre."


def told(*pieces: str, whole: bool = True) -> list[Spoken | Refused]:
    reply = Reply(GUARD)
    out = [said for piece in pieces for said in reply.feed(piece)]
    return [*out, *reply.end(whole=whole)]


def test_sentences_come_as_they_are_complete() -> None:
    reply = Reply(GUARD)
    assert reply.feed("Je comprends votre") == []
    assert reply.feed(" question.") == []
    assert reply.feed(" Un") == [Spoken(ONE)]
    assert reply.feed(" conseiller pourra vous répondre. Et") == [Spoken(TWO, last=True)]
    assert reply.over
    assert reply.feed("de plus. Bonjour.") == []
    assert reply.end(whole=True) == []


def test_a_single_sentence_is_the_last() -> None:
    assert told(ONE) == [Spoken(ONE, last=True)]
    assert told(ONE[:-1]) == [Spoken(ONE, last=True)], "a full stop forgotten"


def test_what_was_cut_off_is_not_said() -> None:
    assert told(f"{ONE} Un conseil", whole=False) == [Spoken(ONE), Spoken("", last=True)]
    assert told("Un conseil", whole=False) == [Refused("nothing said")]
    assert told("  ") == [Refused("nothing said")]


def test_nothing_is_taken_after_a_refusal() -> None:
    assert told(f"Je vous le garantis. {TWO}") == [Refused("promise")]
    assert told(f"{ONE} Je vous le garantis. {TWO}") == [Spoken(ONE), Refused("promise")]
    assert told(f"{ONE} {ONE} {TWO}") == [Spoken(ONE), Refused("said twice")]


def test_a_flood_without_an_end_is_refused() -> None:
    assert told(*["bla "] * LONGEST)[0] == Refused("length")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Bonjour M. Dupont. Merci. ", ["Bonjour M. Dupont.", "Merci."]),
        ("Oui ! Non ? Bien... ", ["Oui !", "Non ?", "Bien..."]),
        ("Il y a 2.5 points. ", ["Il y a 2.5 points."]),
        ("Première ligne\nSeconde ", ["Première ligne"]),
        ("\n\n  \nOui. ", ["Oui."]),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    splitter = Splitter()
    assert [s for piece in text for s in splitter.feed(piece)] == sentences
    assert Splitter().feed(text) == sentences


@given(st.text(max_size=80), st.lists(st.integers(1, 9), max_size=30))
def test_how_it_is_cut_into_pieces_changes_nothing(text: str, cuts: list[int]) -> None:
    whole, parts = Splitter(), Splitter()
    found = whole.feed(text + " ")
    rest, got = text + " ", []
    for cut in cuts:
        got += parts.feed(rest[:cut])
        rest = rest[cut:]
    got += parts.feed(rest)
    assert got == found
    assert parts.rest == whole.rest
