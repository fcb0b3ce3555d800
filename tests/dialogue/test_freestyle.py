"""What the language model is asked for, and what becomes of what it answers."""

import pytest
from dialogue_driver import Line, Returns, brain, scenario

from agentd.dialogue import engine, events
from agentd.dialogue.actions import AskFreestyle, AskIntent, CancelAsk, Prepare, Say, Stop
from agentd.dialogue.phrases import phrase
from agentd.dialogue.replay import replay

ASKED = "quel âge avez-vous"
SENTENCE = "Je suis un programme, je n'ai pas d'âge."
SECOND = "Le conseiller, lui, est une personne."
UNKNOWN = phrase("no_answer_known").text
BADLY = phrase("not_understood").text
FILLERS = {phrase("filler_question").text, phrase("filler_so").text}


def line(**timing):
    """A call at Q1, of an agent that has a model."""
    held = Line(brain(**timing), freestyle=True, second_opinion=True)
    held.says("oui")
    return held


def said(asked):
    return [action.text for action in asked if isinstance(action, Say)]


def test_a_question_without_an_answer_is_put_to_the_model():
    held = line()
    asked = held.says(ASKED)
    (ask,) = [a for a in asked if isinstance(a, AskFreestyle)]
    assert ask.text == ASKED
    assert ask.question == "Avez-vous actuellement un crédit immobilier en cours ?"
    # 300 ms have gone since the last sound, and 150 are left for ours to begin.
    assert ask.within_s == pytest.approx(2.05)
    assert ask.history[-1] == ("agent", ask.question)
    assert ("prospect", "oui") in ask.history
    assert ("prospect", ASKED) not in ask.history
    assert not said(asked)


def test_without_a_model_the_recorded_answer_is_given_at_once():
    held = Line(brain())
    held.says("oui")
    asked = held.says(ASKED)
    assert said(asked)[0].startswith(UNKNOWN)
    assert not held.of(AskFreestyle)


def test_what_has_a_recording_is_not_put_to_the_model():
    held = line()
    held.says("vos taux sont trop élevés")
    assert not held.of(AskFreestyle)


def test_sentences_are_said_as_they_come_and_lead_back_to_the_rail():
    held = line()
    turns = held.state.turns
    held.says(ASKED)
    assert said(held.model(SENTENCE)) == [SENTENCE]
    asked = held.model(SECOND)
    assert not said(asked), "one thing after the other"
    (prepared,) = [a for a in asked if isinstance(a, Prepare)]
    assert [clip.text for clip in prepared.clips] == [SECOND]
    assert [a.ask_id for a in asked if isinstance(a, CancelAsk)] == ["m1"], "two are enough"
    held.hear_out()
    assert held.last_said.startswith(f"{SECOND} ")
    assert held.last_said.removeprefix(f"{SECOND} ") in Returns.TEXTS
    assert held.state.turns == turns + 1
    held.says("oui")
    assert held.outcomes["Q1"] == "affirm"
    assert replay(held.brain, held.journal) is None


def test_one_sentence_is_enough():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE, last=True)
    held.hear_out()
    assert held.last_said in Returns.TEXTS


def test_a_second_sentence_that_does_not_come_is_not_waited_for():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    held.hear_out()
    asked = held.run_out("ask")
    assert said(asked)[0] in Returns.TEXTS
    assert any(isinstance(a, CancelAsk) for a in asked)
    assert not held.model(SECOND), "too late"


def test_the_deadline_is_met_by_the_recorded_answer():
    held = line(filler_s=0)
    held.says(ASKED)
    before = held.now
    asked = held.run_out("ask")
    assert held.now - before == pytest.approx(2050, abs=20)
    assert said(asked)[0].startswith(UNKNOWN)
    assert [a.ask_id for a in asked if isinstance(a, CancelAsk)] == ["m1"]
    assert not held.model(SENTENCE), "what comes after the deadline is dropped"


def test_a_failure_is_answered_at_once():
    held = line()
    held.says("je n'aime pas ça")
    asked = held.model_fails()
    assert said(asked)[0].startswith(BADLY)
    assert not any(isinstance(a, CancelAsk) for a in asked)


def test_a_second_sentence_that_is_refused_leaves_the_first():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    assert not said(held.model_fails())
    held.hear_out()
    assert held.last_said in Returns.TEXTS


def test_a_filler_covers_the_wait_and_the_answer_follows_it():
    held = line(filler_s=0.8)
    held.says(ASKED)
    assert said(held.run_out("filler"))[0] in FILLERS
    assert not said(held.model(SENTENCE)), "the filler is said to its end"
    held.hear_out_one()
    assert held.last_said == SENTENCE


def test_a_filler_is_not_taken_for_an_answer():
    held = line(filler_s=0.8)
    held.says(ASKED)
    held.run_out("filler")
    assert not said(held.run_out("ask")), "it is still being said"
    held.hear_out()
    assert held.last_said.startswith(UNKNOWN)


def test_a_sentence_whose_synthesis_is_late_is_replaced_by_the_recorded_answer():
    held = line(filler_s=0)
    held.says(ASKED)
    held.mute = True
    held.model(SENTENCE)
    held.mute = False
    asked = held.run_out("ask")
    assert [a.say_id for a in asked if isinstance(a, Stop)]
    assert said(asked)[0].startswith(UNKNOWN)


def test_a_sentence_that_cannot_be_played_is_replaced_too():
    held = line()
    held.says(ASKED)
    held.mute = True
    (say,) = [a for a in held.model(SENTENCE) if isinstance(a, Say)]
    held.mute = False
    asked = held.send(events.SayFailed(say.say_id, "no voice"))
    assert said(asked)[0].startswith(UNKNOWN)


def test_an_interruption_cancels_what_was_still_to_come():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    asked = held.talks_over("vos taux sont trop élevés", at=900)
    assert [a.ask_id for a in asked if isinstance(a, CancelAsk)] == ["m1"]
    assert said(asked)[0].startswith("Le taux dépend de votre dossier.")
    assert not held.model(SECOND)


def test_a_false_interruption_resumes_the_sentence_and_goes_back_to_the_rail():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    asked = held.talks_over("mmh", at=900)
    assert said(asked) == [SENTENCE]
    held.hear_out()
    held.run_out("ask")  # no second sentence comes
    assert held.last_said in Returns.TEXTS


@pytest.mark.parametrize("sound", ["mmh", "d'accord", ""])
def test_a_false_interruption_does_not_lose_the_second_sentence(sound):
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    assert said(held.talks_over(sound, at=900)) == [SENTENCE]
    held.model(SECOND)
    held.hear_out()
    assert held.last_said.startswith(f"{SECOND} ")
    assert replay(held.brain, held.journal) is None


def test_a_second_sentence_that_comes_while_we_are_interrupted_is_said_after_the_first():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    held.now = held.begun_ms + 900
    held.send(events.Interruption(held.saying.say_id, held.now))
    assert not said(held.model(SECOND)), "the prospect has the floor"
    held.send(events.Utterance("mmh", 0.9, held.now - 300, held.now))
    held.hear_out()
    assert held.last_said.startswith(f"{SECOND} ")


def test_an_opt_out_ends_it_for_good():
    held = line()
    held.says(ASKED)
    asked = held.says("ne me rappelez plus")
    assert any(isinstance(a, CancelAsk) for a in asked)
    assert held.records("suppression")
    assert not held.model(SENTENCE)
    assert held.disposition == ("OPT_OUT", 0)


def test_nine_ends_it_too():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    held.send(events.Dtmf("9"))
    assert not held.model(SECOND)
    assert held.disposition == ("OPT_OUT", 0)


def test_what_is_added_to_a_question_is_asked_with_it():
    held = line()
    held.says(ASKED)
    asked = held.says("et vos taux")
    assert [a.ask_id for a in asked if isinstance(a, CancelAsk)] == ["m1"]
    assert [a.text for a in asked if isinstance(a, AskFreestyle)] == [f"{ASKED} et vos taux"]


def test_another_question_replaces_the_first():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    asked = held.talks_over("vos taux sont trop élevés", at=900)
    assert [a.ask_id for a in asked if isinstance(a, CancelAsk)] == ["m1"]
    assert said(asked)[0].startswith("Le taux dépend de votre dossier.")


def test_a_mere_sound_while_the_model_thinks_changes_nothing():
    held = line()
    held.says(ASKED)
    held.says("euh")
    assert said(held.model(SENTENCE)) == [SENTENCE]


def test_nobody_is_spoken_over_but_the_deadline_holds():
    held = line(filler_s=0)
    held.says(ASKED)
    held.send(events.SpeechStarted(held.now))
    assert not said(held.model(SENTENCE))
    assert said(held.run_out("ask")) == [SENTENCE]


def test_another_asks_answer_is_dropped():
    held = line()
    held.says(ASKED)
    assert not held.send(events.FreestyleSentence("m7", SENTENCE, True))
    assert not held.send(events.FreestyleFailed("m7", "x"))
    assert not held.send(events.IntentGuessed("m1", "affirm"))


def test_turns_are_counted_and_the_answer_comes_with_the_next_question():
    held = line()
    held.says("c'est gratuit")
    held.says(ASKED)
    held.model(SENTENCE, last=True)
    held.hear_out()
    assert held.outcomes["Q1"] == "unscored"
    assert held.last_keys == ["Q2"]


def test_a_moment_is_asked_for_again_at_confirm_time():
    held = line()
    for _ in range(3):
        held.says("oui")
    held.says(ASKED)
    held.model(SENTENCE, last=True)
    held.hear_out()
    assert held.last_keys == ["Confirm_Time.question"]


def test_pardon_says_the_whole_answer_again():
    held = Line(brain(scenario(steps={"Q1": {"max_turns": 4}})), freestyle=True)
    held.says("oui")
    held.says(ASKED)
    held.model(SENTENCE)
    held.model(SECOND, last=True)
    held.hear_out()
    assert said(held.says("pardon"))[0].startswith(f"{SENTENCE} {SECOND} ")


def test_another_agentd_asks_again_what_the_dead_one_was_asking_its_model():
    held = line()
    held.says(ASKED)
    asked = held.passes_on()
    assert "Avez-vous actuellement un crédit immobilier en cours ?" in said(asked)[0]
    assert not held.model(SENTENCE), "its model is not ours"
    assert engine.dump(held.state)
    held.says("oui")
    assert held.outcomes["Q1"] == "affirm"
    assert replay(held.brain, held.journal) is None


def test_another_agentd_says_the_sentence_again():
    held = line()
    held.says(ASKED)
    held.model(SENTENCE)
    assert said(held.passes_on())[0].endswith(SENTENCE)
    held.hear_out()
    assert held.last_said in Returns.TEXTS


# --- second opinion


def guess(held, intent):
    held.says("moi vous savez les banques")
    (ask,) = held.of(AskIntent)
    assert ask.text == "moi vous savez les banques"
    held.now += 300
    return held.send(events.IntentGuessed(ask.ask_id, intent))


def test_what_rules_abstain_from_is_put_to_the_model():
    held = line()
    guess(held, "deny")
    assert held.outcomes["Q1"] == "deny"


@pytest.mark.parametrize("intent", ["unclear", "wrong_person", "nonsense"])
def test_no_opinion_and_ones_that_cost_too_much_are_asked_again(intent):
    held = line()
    assert said(guess(held, intent))[0].startswith(BADLY)


def test_a_guessed_yes_makes_no_lead():
    held = line()
    held.says("oui")
    held.says("oui")
    assert held.state.step == "Is_Leads"
    assert said(guess(held, "affirm"))[0].startswith(BADLY)


def test_a_guessed_opt_out_is_believed():
    held = line()
    guess(held, "optout")
    assert held.records("suppression")
    assert held.disposition == ("OPT_OUT", 0)


def test_an_opinion_that_is_late_is_not_waited_for():
    held = line()
    held.says("moi vous savez les banques")
    assert said(held.run_out("ask"))[0].startswith(BADLY)


def test_a_guessed_question_has_what_is_left_of_the_time():
    held = line()
    asked = guess(held, "question")
    (ask,) = [a for a in asked if isinstance(a, AskFreestyle)]
    assert ask.within_s == pytest.approx(1.75, abs=0.05)


def test_one_word_nobody_understands_is_asked_again_without_a_model():
    held = line()
    assert said(held.says("blabla"))[0].startswith(BADLY)
    assert not held.of(AskIntent)


def test_what_was_badly_recognised_is_not_guessed_at():
    held = line()
    asked = held.says("moi vous savez les banques", confidence=0.1)
    assert said(asked)[0].startswith(phrase("hear_badly").text)
