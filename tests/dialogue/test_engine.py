"""Calls as scripts: what the prospect does, what the agent must do."""

import pytest
from dialogue_driver import TOMORROW_AT_TEN, Line, brain, scenario, to_step

from agentd.dialogue import events
from agentd.dialogue.actions import (
    Background,
    Record,
    Say,
)

# --- the rail


def test_an_answered_call_opens_with_the_ambience_and_the_disclosure(line: Line) -> None:
    assert line.actions[0] == Background("office.wav")
    say = line.of(Say)[0]
    assert say.say_id == "s1"
    assert not say.interruptible
    assert say.text == (
        "Bonjour Jean. Je suis Julie, la voix artificielle de Banque Exemple, pour un appel "
        "commercial. Une minute ?"
    )
    assert line.listening_for.step == "Hello"


def test_a_recorded_call_says_so_before_it_asks_anything() -> None:
    line = Line(brain(), recorded=True)
    assert line.last_keys == ["Hello", "phrases/recording", "Hello.question"]
    own = Line(brain(scenario(recording_notice="Nous enregistrons.")), recorded=True)
    assert own.last_keys == ["Hello", "recording_notice", "Hello.question"]


def test_no_background_no_action() -> None:
    assert Line(brain(scenario(background=""))).of(Background) == []


def test_yes_all_along_is_a_lead_at_100(line: Line) -> None:
    for answer in ("oui", "oui", "oui", "oui"):
        line.says(answer)
    assert line.state.step == "Confirm_Time"
    assert line.disposition is None
    line.says("demain à dix heures")
    assert line.records("callback") == [
        {"text": "demain à dix heures", "purpose": "appointment", **TOMORROW_AT_TEN}
    ]
    assert line.last_said == "C'est noté, demain à dix heures. Merci et bonne journée."
    assert line.disposition == ("LEAD", 100)
    assert not line.ended
    line.hear_out()
    assert line.ended
    assert line.outcomes == {
        "Hello": "affirm", "Q1": "affirm", "Q2": "affirm", "Is_Leads": "affirm",
        "Confirm_Time": "done", "Bye": "done",
    }  # fmt: skip
    assert [r["score"] for r in line.records("score")] == [30, 60, 100]


def test_each_turn_is_recorded_with_its_times(line: Line) -> None:
    line.says("oui")
    agent, prospect = line.records("turn")
    assert agent["who"] == "agent"
    assert agent["start_ms"] == 20
    assert agent["end_ms"] == agent["start_ms"] - 20 + 60 * len(agent["text"])
    assert prospect == {
        "who": "prospect", "text": "oui", "start_ms": agent["end_ms"] + 500,
        "end_ms": agent["end_ms"] + 900, "interrupted": False, "intent": "affirm",
        "objection": None,
    }  # fmt: skip


def test_what_was_said_is_recorded_before_it_is_answered(line: Line) -> None:
    asked = line.says("oui")
    kinds = [a.kind if isinstance(a, Record) else type(a).__name__ for a in asked]
    assert kinds.index("turn") < kinds.index("step") < kinds.index("Say")


def test_a_missing_column_leaves_no_hole() -> None:
    assert Line(brain(), contact={}).last_said.startswith("Bonjour. Je suis Julie")


def test_a_contact_cannot_forge_the_agents_identity() -> None:
    hello = {"text": "{agent_name} de {agent_company}."}
    line = Line(brain(scenario(steps={"Hello": hello})), contact={"agent_name": "la police"})
    assert line.last_said == "Julie de Banque Exemple. Une minute ?"


def test_a_step_that_awaits_nothing_goes_on_by_itself() -> None:
    steps = {"Confirm_Time": {"text": "Un conseiller vous rappelle.", "question": ""}}
    line = to_step(Line(brain(scenario(steps=steps))), "Confirm_Time")
    line.hear_out()
    assert line.disposition == ("LEAD", 100)
    assert line.outcomes["Confirm_Time"] == "done"
    assert line.ended


# --- no


def test_no_at_hello_is_answered_once_then_the_rail_goes_on(line: Line) -> None:
    line.says("non")
    assert line.last_keys == ["Hello.rebuttal"]
    line.says("non")
    assert line.last_keys == ["Q1"]
    assert line.outcomes == {"Hello": "deny"}
    assert line.records("step")[0]["turns"] == 2


def test_no_at_is_leads_ends_the_call(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    assert line.disposition == ("NOT_INTERESTED", 60)
    assert line.last_keys == ["phrases/understood", "Bye"]


def test_two_noes_that_put_the_lead_out_of_reach_end_the_call(line: Line) -> None:
    to_step(line, "Q1").says("non")
    assert line.last_keys == ["Q2"]
    line.says("non")
    assert line.disposition == ("NOT_INTERESTED", 0)
    assert "Is_Leads" not in line.outcomes


def test_a_scenario_may_ask_on_though_the_lead_is_out_of_reach() -> None:
    line = to_step(Line(brain(scenario(stop_when_unreachable=False))), "Q1")
    line.says("non")
    line.says("non")
    assert line.last_keys == ["Is_Leads"]
    line.says("oui")
    assert line.disposition == ("NOT_INTERESTED", 40)
    assert line.last_keys == ["phrases/no_longer", "Bye"]


def test_one_no_may_still_be_a_lead(line: Line) -> None:
    to_step(line, "Q1").says("non")
    to_step(line, "Confirm_Time").says("lundi")
    assert line.disposition == ("LEAD", 70)


# --- objections and questions


def test_an_objection_is_answered_at_once_and_yes_to_the_way_back_is_yes_to_the_step(
    line: Line,
) -> None:
    to_step(line, "Q1").says("vos taux sont trop élevés")
    assert line.last_keys == ["objections/taux", "rail_returns/00"]
    assert line.records("turn")[-2]["objection"] is None  # the agent's question
    assert line.records("turn")[-1]["objection"] == "taux"
    line.says("oui")
    assert line.outcomes["Q1"] == "affirm"
    assert line.last_keys == ["Q2"]


def test_the_answer_is_never_withheld_when_the_turns_are_spent(line: Line) -> None:
    to_step(line, "Q1").says("vos taux sont trop élevés")
    line.says("c'est gratuit")
    assert line.last_keys == ["objections/gratuit", "Q2"]
    assert line.outcomes["Q1"] == "unscored"
    assert line.records("step")[-1]["turns"] == 2


def test_ways_back_vary_over_the_call() -> None:
    line = Line(brain(), seed=1)
    line.says("c'est gratuit")
    assert line.last_keys[-1] == "rail_returns/01"
    to_step(line, "Q1").says("c'est gratuit")
    assert line.last_keys[-1] == "rail_returns/02"


def test_a_refusal_said_twice_is_a_no(line: Line) -> None:
    to_step(line, "Q1").says("ça ne m'intéresse pas")
    assert line.last_keys == ["objections/pas_interesse", "rail_returns/00"]
    line.says("ça ne m'intéresse pas")
    assert line.outcomes["Q1"] == "deny"


def test_another_objection_said_twice_is_answered_twice(line: Line) -> None:
    line.says("vos taux sont trop élevés")
    to_step(line, "Q1").says("vos taux sont trop élevés")
    assert line.last_keys[0] == "objections/taux"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("je n'aime pas ça", "not_understood"),
        ("quel âge avez-vous", "no_answer_known"),
        ("blablabla", "not_understood"),
    ],
)
def test_what_we_have_no_answer_to_is_asked_again(line: Line, text: str, phrase: str) -> None:
    to_step(line, "Q1").says(text)
    assert line.last_keys == [f"phrases/{phrase}", "Q1"]
    line.says(text)
    assert line.last_keys == ["Q2"]
    assert line.outcomes["Q1"] == "unscored"


def test_low_confidence_is_never_a_guess(line: Line) -> None:
    to_step(line, "Q1").says("oui", confidence=0.2)
    assert line.last_keys == ["phrases/hear_badly", "Q1"]
    assert line.records("turn")[-1]["intent"] == "unclear"


def test_asked_again_at_hello_only_the_question_is_repeated(line: Line) -> None:
    line.says("blablabla")
    assert line.last_keys == ["phrases/not_understood", "Hello.question"]
    assert line.of(Say)[-1].interruptible


def test_pardon_repeats_the_question_without_our_apology() -> None:
    line = to_step(Line(brain(scenario(steps={"Q1": {"max_turns": 4}}))), "Q1")
    line.says("blablabla")
    line.says("pardon")
    assert line.last_keys == ["Q1"]


def test_pardon_repeats_what_was_said_last(line: Line) -> None:
    to_step(line, "Q1").says("c'est gratuit")
    before = line.last_keys
    line.state.turns = 1
    line.says("pardon")
    assert line.last_keys == before


def test_the_disclosure_said_again_is_still_not_interruptible(line: Line) -> None:
    line.says("pardon")
    assert line.last_keys == ["Hello", "Hello.question"]
    assert not line.of(Say)[-1].interruptible


def test_allo_at_hello_goes_on_elsewhere_it_asks_again(line: Line) -> None:
    line.says("allô")
    assert line.last_keys == ["Q1"]
    line.says("allô")
    assert line.last_keys == ["Q1"]
    assert line.state.turns == 2


def test_the_ears_are_told_what_this_step_expects(line: Line) -> None:
    to_step(line, "Q1")
    assert line.listening_for.step == "Q1"
    assert line.listening_for.phrases[0] == "j'ai un crédit en cours"
    assert {"oui", "non"} <= set(line.listening_for.phrases)
    to_step(line, "Confirm_Time")
    assert "demain matin" in line.listening_for.phrases


# --- silence and noise


def test_one_silence_reprompts_two_end_the_call(line: Line) -> None:
    line.stays_silent()
    assert line.last_keys == ["phrases/still_there", "Hello.question"]
    line.stays_silent()
    assert line.disposition == ("NO_ANSWER", 0)
    assert line.last_keys == ["phrases/bye_no_answer"]
    assert not line.of(Say)[-1].interruptible
    line.hear_out()
    assert line.ended


def test_words_between_silences_reset_the_count(line: Line) -> None:
    line.stays_silent()
    line.says("oui")
    line.stays_silent()
    assert line.disposition is None
    assert line.last_keys == ["phrases/still_there", "Q1"]


def test_words_too_early_to_answer_still_break_the_silence(line: Line) -> None:
    line.stays_silent()
    line.talks_over("oui oui", at=100, meant=False)
    line.stays_silent()
    assert line.disposition is None
    assert line.last_keys == ["Q1"]


def test_a_step_has_its_own_reprompt(line: Line) -> None:
    to_step(line, "Confirm_Time").stays_silent()
    assert line.last_keys == ["Confirm_Time.reprompt"]


def test_silence_with_the_turns_spent_moves_on(line: Line) -> None:
    to_step(line, "Q1").says("c'est gratuit")
    line.stays_silent()
    assert line.last_keys == ["Q2"]
    assert line.outcomes["Q1"] == "unscored"
    line.stays_silent()
    assert line.disposition == ("NO_ANSWER", 0)


def test_silence_after_the_lead_is_decided_keeps_it(line: Line) -> None:
    to_step(line, "Confirm_Time").stays_silent()
    line.stays_silent()
    assert line.disposition == ("LEAD", 100)
    assert line.last_keys == ["Bye"]
    assert line.outcomes["Confirm_Time"] == "silence"


@pytest.mark.parametrize("sound", ["", "euh", "mmh"])
def test_sound_without_words_is_waited_out_once(line: Line, sound: str) -> None:
    to_step(line, "Q1")
    assert not [a for a in line.says(sound) if isinstance(a, Say)]
    line.says(sound)
    assert line.last_keys == ["phrases/hear_badly", "Q1"]


def test_words_nobody_could_make_out_are_asked_for_again_at_once(line: Line) -> None:
    to_step(line, "Q1").says("", confidence=0.2, alternatives=("non",))
    assert line.last_keys == ["phrases/hear_badly", "Q1"]
    assert line.disposition is None


def test_sound_that_may_have_been_a_hesitation_is_waited_out(line: Line) -> None:
    to_step(line, "Q1")
    assert not [a for a in line.says("", alternatives=("euh",)) if isinstance(a, Say)]


def test_an_opt_out_among_what_it_may_have_been_counts(line: Line) -> None:
    to_step(line, "Q1").says("", confidence=0.2, alternatives=("ne me rappelez plus",))
    assert line.disposition == ("OPT_OUT", 0)
    assert [r.data["text"] for r in line.of(Record) if r.kind == "suppression"] == [
        "ne me rappelez plus"
    ]


def test_a_mumble_over_us_is_no_answer(line: Line) -> None:
    to_step(line, "Q1").says("oui")
    before = len(line.actions)
    start = line.now
    line.send(events.SpeechStarted(start))
    line.send(events.Utterance("", 0.2, start, start + 300, alternatives=("non",)))
    assert not [a for a in line.actions[before:] if isinstance(a, Say)]


def test_a_turn_that_never_ends_is_asked_again(line: Line) -> None:
    to_step(line, "Q1").hear_out()
    line.send(events.SpeechStarted(line.now))
    assert not [t for t in line.timers if t.startswith("silence")]
    line.run_out("answer")
    assert line.last_keys == ["phrases/hear_badly", "Q1"]


def test_speech_begun_before_our_end_is_waited_for(line: Line) -> None:
    to_step(line, "Q1")
    line.send(events.SpeechStarted(line.now))
    line.hear_out()
    assert [t for t in line.timers if t.startswith("answer")]
    assert not [t for t in line.timers if t.startswith("silence")]
