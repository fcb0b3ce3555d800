"""What may have been an opt-out is asked about, and only a no keeps the person on our list."""

import pytest
from dialogue_driver import PERHAPS, Line, brain

from agentd.dialogue import events
from agentd.dialogue.actions import Stop
from agentd.dialogue.phrases import phrase
from agentd.dialogue.replay import replay

QUESTION = phrase("optout_confirm").text


def asked() -> Line:
    """A call at Q1 in which something doubtful has just been said."""
    held = Line(brain())
    held.says("oui")
    held.says(PERHAPS)
    return held


def test_it_is_asked_and_nothing_is_committed_yet() -> None:
    held = asked()
    assert held.last_said == QUESTION
    assert held.listening_for.phrases[0] == "oui"
    assert not held.records("suppression")


@pytest.mark.parametrize(
    "answer", ["oui", "d'accord", "ne me rappelez plus", PERHAPS, "ça ne m'intéresse pas"]
)
def test_a_yes_however_put_is_an_opt_out(answer: str) -> None:
    held = asked()
    held.says(answer)
    assert held.disposition == ("OPT_OUT", 0)
    assert held.records("suppression")[0]["reason"] == "optout"
    assert held.last_keys == ["phrases/bye_optout"]
    assert replay(held.brain, held.journal) is None


def test_a_no_goes_back_to_the_question() -> None:
    held = asked()
    held.says("non")
    assert held.last_keys == ["phrases/understood", "Q1"]
    held.says("oui")
    assert held.outcomes["Q1"] == "affirm"
    assert not held.records("suppression")
    assert replay(held.brain, held.journal) is None


def test_whoever_goes_on_talking_is_answered() -> None:
    held = asked()
    held.says("vos taux sont trop élevés")
    assert held.last_said.startswith("Le taux dépend de votre dossier.")
    assert not held.state.doubt


def test_what_was_not_understood_is_asked_once_more_and_then_taken_for_a_yes() -> None:
    held = asked()
    held.says("hein quoi le truc")
    assert held.last_said == QUESTION
    held.says("machin")
    assert held.disposition == ("OPT_OUT", 0)


def test_who_says_nothing_is_taken_off_the_list() -> None:
    held = asked()
    held.stays_silent()
    assert held.disposition == ("OPT_OUT", 0)


def test_who_hangs_up_on_the_question_is_taken_off_the_list() -> None:
    held = asked()
    held.hangs_up()
    assert held.disposition == ("OPT_OUT", 0)
    assert held.records("suppression")[0]["text"] == PERHAPS


def test_who_hangs_up_in_the_middle_of_it_too() -> None:
    held = Line(brain())
    held.says("oui")
    held.hear_out()
    held.send(events.Partial(PERHAPS, held.now))
    held.hangs_up()
    assert held.records("suppression")


def test_nobody_is_asked_a_third_time() -> None:
    held = asked()
    held.says("non")
    held.says(PERHAPS)
    assert held.last_said == QUESTION
    held.says("non")
    held.says(PERHAPS)
    assert held.last_said != QUESTION
    assert not held.records("suppression")


def test_said_over_the_disclosure_it_waits_for_its_end() -> None:
    held = Line(brain())
    held.talks_over(PERHAPS, at=1000, meant=False)
    assert held.last_said != QUESTION
    held.hear_out_one()
    assert held.last_said == QUESTION


def test_said_over_a_question_it_stops_us() -> None:
    held = Line(brain())
    held.says("oui")
    stopped = held.talks_over(PERHAPS, at=900, meant=False)
    assert any(isinstance(action, Stop) for action in stopped)
    assert held.last_said == QUESTION


def test_what_was_heard_too_badly_to_use_is_still_asked_about() -> None:
    held = Line(brain())
    held.says("oui")
    held.says(PERHAPS, confidence=0.1)
    assert held.last_said == QUESTION


def test_another_agentd_asks_it_again() -> None:
    held = asked()
    held.hear_out()
    held.passes_on()
    assert held.last_said.endswith(QUESTION)
    held.says("oui")
    assert held.disposition == ("OPT_OUT", 0)
