"""Calls as scripts: what the prospect does, what the agent must do."""

import pytest
from dialogue_driver import CONTACT, Line, brain, scenario

from agentd.dialogue import engine, events
from agentd.dialogue.actions import (
    Background,
    Hangup,
    Listen,
    Pause,
    Record,
    Resume,
    Say,
    StartTimer,
    Stop,
    Transfer,
)
from agentd.dialogue.state import Phase

TRANSFER = {"target": "conseiller"}
# The driver's calls are answered on Monday 2025-06-02 at ten.
TOMORROW_AT_TEN = {"start": "2025-06-03T10:00:00+02:00", "end": "2025-06-03T10:30:00+02:00"}


@pytest.fixture
def line() -> Line:
    return Line(brain())


def to_step(line: Line, step: str) -> Line:
    """Say yes until a step is being asked."""
    while line.state.step != step:
        line.says("oui")
    return line


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


# --- special ends


def test_optout_is_committed_before_the_apology(line: Line) -> None:
    asked = to_step(line, "Q1").says("ne me rappelez plus")
    kinds = [a.kind if isinstance(a, Record) else type(a).__name__ for a in asked]
    assert kinds.index("suppression") < kinds.index("disposition") < kinds.index("Say")
    assert line.disposition == ("OPT_OUT", 0)
    assert line.last_keys == ["phrases/bye_optout"]
    assert not line.of(Say)[-1].interruptible
    line.hear_out()
    assert line.ended


def test_optout_is_heard_at_any_confidence_and_in_any_reading(line: Line) -> None:
    line.says("oui", confidence=0.1, alternatives=("bla", "ne me rappelez plus"))
    assert line.disposition == ("OPT_OUT", 0)


def test_optout_over_the_disclosure_is_committed_at_once_and_acted_on_at_its_end(
    line: Line,
) -> None:
    line.talks_over("ne me rappelez plus", at=500)
    assert line.records("suppression") == [{"reason": "optout", "text": "ne me rappelez plus"}]
    assert not line.of(Stop)
    line.hear_out()
    assert line.disposition == ("OPT_OUT", 0)
    assert len(line.records("suppression")) == 1


def test_optout_then_hangup_during_the_disclosure(line: Line) -> None:
    line.talks_over("ne me rappelez plus", at=500)
    line.hangs_up()
    assert line.disposition == ("OPT_OUT", 0)


def test_optout_in_a_turn_cut_off_by_the_hangup(line: Line) -> None:
    line.hear_out()
    line.send(events.Partial("ne me rappelez plus jamais", line.now))
    line.hangs_up()
    assert line.records("suppression")
    assert line.disposition == ("OPT_OUT", 0)


def test_optout_during_the_goodbye_is_committed_the_disposition_stays(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    line.talks_over("ne me rappelez plus", at=500)
    assert line.records("suppression")
    assert line.disposition == ("NOT_INTERESTED", 60)


def test_nine_is_an_optout_at_any_moment(line: Line) -> None:
    asked = line.send(events.Dtmf("9"))
    assert isinstance(asked[0], Record)
    assert asked[0].kind == "suppression"
    assert asked[0].data["reason"] == "dtmf"
    assert line.of(Stop)[0].say_id == "s1"
    assert line.disposition == ("OPT_OUT", 0)


def test_other_digits_mean_nothing(line: Line) -> None:
    assert line.send(events.Dtmf("1")) == []


def test_wrong_person(line: Line) -> None:
    line.says("c'est une erreur")
    assert line.disposition == ("WRONG_PERSON", 0)
    assert line.last_keys == ["phrases/bye_wrong_person"]


def test_callback_with_its_moment_is_stored_as_said(line: Line) -> None:
    line.says("rappelez-moi demain à dix heures")
    said = {"text": "rappelez-moi demain à dix heures", "purpose": "callback"} | TOMORROW_AT_TEN
    assert line.records("callback") == [said]
    assert line.last_said.startswith("Parfait, je vous rappelle demain à dix heures.")
    assert line.disposition == ("CALLBACK", 0)


def test_callback_without_a_moment_is_asked_once(line: Line) -> None:
    line.says("rappelez-moi plus tard")
    assert line.last_keys == ["phrases/callback_when"]
    assert line.listening_for.step == "Callback"
    line.says("quand vous voulez")
    (said,) = line.records("callback")
    assert said == {
        "text": "quand vous voulez", "purpose": "callback", "start": None, "end": None
    }  # fmt: skip
    assert line.last_keys == ["phrases/bye_callback"]
    assert line.disposition == ("CALLBACK", 0)


@pytest.mark.parametrize(
    ("answer", "start"),
    [
        ("oui", "2025-06-03T08:00:00+02:00"),
        ("non", "2025-06-03T20:00:00+02:00"),
        ("non du soir", "2025-06-03T20:00:00+02:00"),
        ("plutôt vers neuf heures", "2025-06-03T09:00:00+02:00"),
        ("jeudi à dix heures", "2025-06-05T10:00:00+02:00"),
    ],
)
def test_an_hour_of_two_halves_is_asked_back(line: Line, answer: str, start: str) -> None:
    line.says("rappelez-moi demain à huit heures")
    assert line.last_said == "Vous voulez dire demain à huit heures du matin, c'est bien cela ?"
    assert line.disposition is None
    line.says(answer)
    (said,) = line.records("callback")
    assert said["start"] == start
    assert line.disposition == ("CALLBACK", 0)


def test_an_hour_of_two_halves_is_kept_when_nobody_answers_or_hangs_up(line: Line) -> None:
    line.says("rappelez-moi demain à huit heures")
    line.stays_silent()
    assert line.records("callback")[0]["start"] == "2025-06-03T08:00:00+02:00"
    assert line.disposition == ("CALLBACK", 0)


def test_a_callback_is_kept_when_they_hang_up_on_our_question(line: Line) -> None:
    line.says("rappelez-moi demain à huit heures")
    line.hangs_up()
    assert line.records("callback")[0]["start"] == "2025-06-03T08:00:00+02:00"
    assert line.disposition == ("CALLBACK", 0)


def test_a_moment_is_the_callees_own() -> None:
    line = Line(brain(), zone="Indian/Reunion")
    line.says("rappelez-moi demain à dix heures")
    assert line.records("callback")[0]["start"] == "2025-06-03T10:00:00+04:00"


@pytest.mark.parametrize(("when", "zone"), [("", ""), ("noon", ""), ("2025-06-02T10:00:00", "")])
def test_a_call_without_a_clock_keeps_what_was_said(when: str, zone: str) -> None:
    line = Line(brain(), when=when, zone=zone)
    line.says("rappelez-moi demain à dix heures")
    (said,) = line.records("callback")
    assert (said["text"], said["start"]) == ("rappelez-moi demain à dix heures", None)
    assert line.last_keys == ["phrases/bye_callback"]


def test_callback_then_silence_keeps_what_was_said(line: Line) -> None:
    line.says("rappelez-moi plus tard")
    line.stays_silent()
    assert line.records("callback")[0]["text"] == "rappelez-moi plus tard"
    assert line.disposition == ("CALLBACK", 0)


def test_callback_then_no_is_a_no(line: Line) -> None:
    line.says("rappelez-moi plus tard")
    line.says("non laissez tomber")
    assert line.records("callback") == []
    assert line.disposition == ("NOT_INTERESTED", 0)


def test_callback_question_is_repeated_once(line: Line) -> None:
    line.says("rappelez-moi plus tard")
    line.says("pardon")
    assert line.last_keys == ["phrases/callback_when"]
    line.says("pardon")
    assert line.disposition == ("CALLBACK", 0)


def test_a_moment_at_confirm_time_is_the_appointment_not_a_callback(line: Line) -> None:
    to_step(line, "Confirm_Time").says("rappelez-moi ce soir")
    assert line.records("callback")[0]["purpose"] == "appointment"
    assert line.disposition == ("LEAD", 100)


def test_a_question_at_confirm_time_is_answered_and_the_moment_asked_again(line: Line) -> None:
    to_step(line, "Confirm_Time").says("c'est gratuit")
    assert line.last_keys == ["objections/gratuit", "Confirm_Time.question"]
    line.says("plutôt le matin")
    assert line.disposition == ("LEAD", 100)


def test_a_person_is_fetched_when_the_scenario_allows_it() -> None:
    line = Line(brain(scenario(transfer=TRANSFER)))
    line.says("passez-moi quelqu'un")
    assert line.last_keys == ["phrases/transfer"]
    assert not line.of(Transfer)
    line.hear_out()
    assert line.of(Transfer) == [Transfer("conseiller")]
    assert line.of(Background)[-1] == Background("")
    line.send(events.TransferDone(True))
    assert line.disposition == ("TRANSFERRED", 0)
    assert not line.ended
    assert line.hangs_up() == []


def test_a_failed_transfer_is_admitted_and_the_rail_goes_on() -> None:
    line = to_step(Line(brain(scenario(transfer=TRANSFER))), "Q1")
    line.says("passez-moi quelqu'un")
    line.hear_out()
    line.send(events.TransferDone(False, "USER_BUSY"))
    assert line.of(Background)[-1] == Background("office.wav")
    assert line.last_keys == ["phrases/transfer_failed", "Q1"]
    to_step(line, "Confirm_Time")


def test_a_transfer_nobody_answers_for_is_a_failed_one() -> None:
    line = Line(brain(scenario(transfer=TRANSFER)))
    line.says("passez-moi quelqu'un")
    line.hear_out()
    line.run_out("transfer")
    assert line.last_keys == ["phrases/transfer_failed", "Hello.question"]


def test_asking_for_a_person_again_does_not_delay_the_transfer() -> None:
    line = Line(brain(scenario(transfer=TRANSFER)))
    line.says("passez-moi quelqu'un")
    line.talks_over("passez-moi quelqu'un", at=300)
    line.hear_out()
    assert line.of(Transfer)
    assert line.last_keys == ["phrases/transfer"]
    assert len(line.of(Say)) == 2


def test_optout_while_being_transferred_is_kept_for_its_failure() -> None:
    line = Line(brain(scenario(transfer=TRANSFER)))
    line.says("passez-moi quelqu'un")
    line.hear_out()
    line.send(events.Utterance("ne me rappelez plus", 0.9, line.now, line.now + 900))
    assert line.records("suppression")
    line.send(events.TransferDone(False))
    assert line.last_keys == ["phrases/bye_optout"]
    assert line.disposition == ("OPT_OUT", 0)


def test_optout_over_the_transfer_line_wins() -> None:
    line = Line(brain(scenario(transfer=TRANSFER)))
    line.says("passez-moi quelqu'un")
    line.talks_over("ne me rappelez plus", at=300)
    line.hear_out()
    assert not line.of(Transfer)
    assert line.disposition == ("OPT_OUT", 0)


def test_without_transfer_the_answer_is_honest(line: Line) -> None:
    line.says("passez-moi quelqu'un")
    assert line.last_keys == ["objections/general_faq_conseiller", "rail_returns/00"]
    assert line.records("turn")[-1]["objection"] == "general_faq_conseiller"
    assert line.records("turn")[-1]["intent"] == "human"


# --- talking over each other


def test_an_interruption_stops_us_and_is_the_answer(line: Line) -> None:
    to_step(line, "Q1")
    asked = line.talks_over("oui j'en ai un", at=900)
    assert [type(a) for a in asked if isinstance(a, Stop | Say)] == [Stop, Say]
    assert line.last_keys == ["Q2"]
    assert line.outcomes["Q1"] == "affirm"
    assert line.state.interruptions == 1
    assert [t["interrupted"] for t in line.records("turn") if t["who"] == "agent"] == [False, True]


@pytest.mark.parametrize("sound", ["", "mmh", "d'accord"])
def test_a_false_interruption_resumes(line: Line, sound: str) -> None:
    to_step(line, "Q1")
    turns = line.state.turns
    line.talks_over(sound, at=800)
    say = line.of(Say)[-1]
    assert line.last_keys == ["Q1"]
    assert say.offset_ms == 800 + 200 - 500
    assert line.state.turns == turns
    line.says("oui")
    assert line.outcomes["Q1"] == "affirm"


def test_the_rest_of_a_yes_is_no_answer_to_the_next_question(line: Line) -> None:
    to_step(line, "Q1").talks_over("oui allez-y je vous écoute", at=200)
    assert line.last_keys == ["Q1"]
    assert line.state.step == "Q1"


def test_a_no_is_heard_however_soon_it_comes(line: Line) -> None:
    to_step(line, "Q1").talks_over("non attendez", at=200)
    assert line.outcomes["Q1"] == "deny"


def test_resuming_never_goes_before_the_beginning(line: Line) -> None:
    to_step(line, "Q1").talks_over("mmh", at=100)
    assert line.of(Say)[-1].offset_ms == 0


def test_yes_once_the_question_is_clear_is_an_answer(line: Line) -> None:
    to_step(line, "Q1").talks_over("oui", at=2400)
    assert line.last_keys == ["Q2"]


def test_endless_false_interruptions_still_get_to_the_end(line: Line) -> None:
    to_step(line, "Q1")
    for _ in range(3):
        line.talks_over("mmh", at=100)
    assert not line.of(Say)[-1].interruptible
    line.says("oui")
    assert line.outcomes["Q1"] == "affirm"


def overlap(line: Line, over: bool = False) -> None:
    line.now += 100
    line.send(events.Overlap(line.saying.say_id, line.now, over))


def test_somebody_speaks_and_we_hold_on_until_it_was_nothing(line: Line) -> None:
    say = to_step(line, "Q1").saying
    overlap(line)
    overlap(line)
    assert line.of(Pause) == [Pause(say.say_id)]
    overlap(line, over=True)
    overlap(line, over=True)
    assert line.of(Resume) == [Resume(say.say_id)]
    assert not line.of(Stop)
    assert line.state.interruptions == 0


def test_a_say_is_not_held_for_ever(line: Line) -> None:
    to_step(line, "Q1")
    overlap(line)
    line.run_out("hold")
    assert len(line.of(Resume)) == 1
    overlap(line, over=True)
    assert len(line.of(Resume)) == 1


def test_what_was_held_is_stopped_when_it_is_meant(line: Line) -> None:
    say = to_step(line, "Q1").saying
    overlap(line)
    line.send(events.Interruption(say.say_id, line.now))
    assert line.of(Stop)[-1] == Stop(say.say_id)
    assert not line.of(Resume)
    assert not [t for t in line.timers if t.startswith("hold")]


def test_the_disclosure_is_not_held(line: Line) -> None:
    overlap(line)
    assert not line.of(Pause)


def test_words_that_mean_nothing_end_the_wait(line: Line) -> None:
    to_step(line, "Q1")
    overlap(line)
    line.send(events.Partial("oui d'accord", line.now))
    assert len(line.of(Resume)) == 1


@pytest.mark.parametrize(
    "text", ["ne me rappelez plus", "vos taux sont trop élevés", "quel âge avez-vous", "non merci"]
)
def test_words_that_are_plainly_meant_stop_us_before_they_are_over(line: Line, text: str) -> None:
    say = to_step(line, "Q1").saying
    line.now += 400
    line.send(events.Partial(text, line.now))
    assert line.of(Stop)[-1] == Stop(say.say_id)


@pytest.mark.parametrize("text", ["", "mmh", "non", "blabla"])
def test_words_that_may_be_anything_do_not_stop_us(line: Line, text: str) -> None:
    to_step(line, "Q1")
    line.now += 400
    line.send(events.Partial(text, line.now))
    assert not line.of(Stop)


def test_nothing_that_is_read_stops_the_disclosure(line: Line) -> None:
    line.now += 400
    line.send(events.Partial("vos taux sont trop élevés", line.now))
    assert not line.of(Stop)


def test_an_interruption_whose_words_never_come_resumes(line: Line) -> None:
    to_step(line, "Q1")
    line.now += 800
    line.send(events.Interruption(line.saying.say_id, line.now))
    line.run_out("answer")
    assert line.last_keys == ["Q1"]


def test_nothing_interrupts_the_disclosure(line: Line) -> None:
    line.talks_over("oui oui", at=500)
    assert not line.of(Stop)
    line.hear_out()
    assert line.state.step == "Hello"
    assert [t for t in line.timers if t.startswith("silence")]


def test_what_must_be_acted_on_is_not_lost_among_much_talk(line: Line) -> None:
    line.talks_over("c'est une erreur", at=100)
    for at in range(1000, 4000, 200):
        line.talks_over("blablabla", at=at)
    assert len(line.state.heard) == 8
    line.hear_out()
    assert line.disposition == ("WRONG_PERSON", 0)


def test_an_answer_over_the_last_words_counts(line: Line) -> None:
    whole = 60 * len(line.last_said)
    line.talks_over("oui", at=whole - 1000)
    line.hear_out()
    assert line.state.step == "Q1"


def test_an_answer_that_ended_too_early_does_not_count_though_it_arrives_late(line: Line) -> None:
    line.hear_out()
    line.send(events.Utterance("oui", 0.9, line.now - 1500, line.now - 1000))
    assert line.state.step == "Hello"
    assert [t for t in line.timers if t.startswith("silence")]


def test_words_the_ears_take_for_a_backchannel_change_nothing(line: Line) -> None:
    to_step(line, "Q1")
    line.talks_over("d'accord", at=100, meant=False)
    assert line.state.interruptions == 0
    line.hear_out()
    assert line.state.step == "Q1"


def test_an_optout_needs_no_interruption(line: Line) -> None:
    to_step(line, "Q1").talks_over("ne me rappelez plus", at=300, meant=False)
    assert line.of(Stop)
    assert line.disposition == ("OPT_OUT", 0)


def test_an_interruption_that_comes_as_we_end_is_an_answer(line: Line) -> None:
    to_step(line, "Q1")
    say = line.saying
    line.saying = None  # the switch finished before our Stop reached it
    line.now += 60 * len(say.text)
    line.send(events.Interruption(say.say_id, line.now))
    line.send(events.SayDone(say.say_id, True, 60 * len(say.text)))
    line.send(events.Utterance("oui", 0.9, line.now - 200, line.now + 300))
    assert line.outcomes["Q1"] == "affirm"
    assert [t["interrupted"] for t in line.records("turn") if t["who"] == "agent"][-1] is False


# --- stale and late


def test_stale_ids_are_dropped(line: Line) -> None:
    to_step(line, "Q1")
    for stale in (
        events.SayDone("s1", True, 10),
        events.SayFailed("s1", "x"),
        events.SayStarted("s1"),
        events.Interruption("s1", 1),
        events.TimerFired("silence-1"),
        events.TimerFired("nonsense"),
        events.TransferDone(True),
        events.Answered(contact=CONTACT, when=""),
    ):
        assert line.send(stale) == []


def test_hangup_mid_rail_keeps_the_score(line: Line) -> None:
    to_step(line, "Q2").hangs_up()
    assert line.disposition == ("HANGUP", 30)
    assert line.outcomes["Q2"] == "hangup"
    assert line.records("turn")[-1]["interrupted"] is False


def test_a_score_above_the_threshold_is_no_lead_before_is_leads() -> None:
    rules = {"lead_threshold": 70, "scoring_weights": {"Q1": 40, "Q2": 40, "Is_Leads": 20}}
    line = to_step(Line(brain(scenario(qualification_rules=rules))), "Is_Leads")
    line.hangs_up()
    assert line.disposition == ("HANGUP", 80)


def test_hangup_after_the_lead_is_decided_is_a_lead(line: Line) -> None:
    to_step(line, "Confirm_Time").hangs_up()
    assert line.disposition == ("LEAD", 100)


def test_hangup_is_absorbing(line: Line) -> None:
    line.hangs_up()
    for event in (
        events.Utterance("oui", 0.9, 0, 100),
        events.SayDone("s1", True, 10),
        events.Dtmf("9"),
        events.Fault("x"),
        events.DrainRequested(),
        events.HungUp("AGAIN"),
    ):
        assert all(isinstance(a, Record) for a in line.send(event))
    assert line.records("suppression") == [{"reason": "dtmf", "text": ""}]
    assert line.disposition == ("HANGUP", 0)


def test_hangup_before_the_answer_is_a_hangup() -> None:
    held, state = brain(), engine.new_state()
    asked = engine.handle(held, state, events.HungUp("ORIGINATOR_CANCEL"), 0)
    assert [a.data["disposition"] for a in asked if isinstance(a, Record)] == ["HANGUP"]


# --- technical


def test_the_hard_limit_ends_by_the_score(line: Line) -> None:
    to_step(line, "Q2").run_out("call")
    assert line.disposition == ("NOT_INTERESTED", 30)
    assert line.records("disposition")[0]["reason"] == "limit"
    assert line.last_keys == ["Bye"]


def test_one_failed_say_is_passed_over_two_are_a_fault(line: Line) -> None:
    to_step(line, "Q1")
    line.send(events.SayFailed(line.saying.say_id, "missing file"))
    assert line.disposition is None
    line.saying = None
    line.stays_silent()
    line.send(events.SayFailed(line.saying.say_id, "missing file"))
    assert line.disposition == ("FAILED", 0)
    assert line.last_keys == ["phrases/bye_technical"]


def test_failures_apart_from_each_other_are_no_fault(line: Line) -> None:
    to_step(line, "Q1")
    line.send(events.SayFailed(line.saying.say_id, "missing file"))
    line.saying = None
    line.stays_silent()
    line.says("oui")
    line.send(events.SayFailed(line.saying.say_id, "missing file"))
    assert line.disposition is None


def test_a_disclosure_that_failed_is_said_again_before_anything_else(line: Line) -> None:
    line.send(events.SayFailed("s1", "x"))
    assert line.last_keys == ["Hello", "Hello.question"]
    line.send(events.SayFailed("s2", "x"))
    assert line.disposition == ("FAILED", 0)


def test_a_say_that_never_ends_does_not_hang_the_call(line: Line) -> None:
    to_step(line, "Q1").run_out("say")
    assert line.of(Stop)[-1].say_id == "s2"
    assert [t for t in line.timers if t.startswith("silence")]


def test_a_goodbye_that_never_ends_hangs_up(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    line.run_out("say")
    assert line.ended


def test_a_goodbye_that_fails_hangs_up(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    line.send(events.SayFailed(line.saying.say_id, "x"))
    assert line.ended


def test_a_moment_that_cannot_be_said_costs_no_goodbye(line: Line) -> None:
    to_step(line, "Confirm_Time").says("demain à dix heures")
    assert line.last_keys == ["live/appointment_at", "Bye"]
    line.send(events.SayFailed(line.saying.say_id, "no voice"))
    assert line.last_keys == ["Bye"]
    assert not line.ended
    line.hear_out()
    assert line.ended
    assert line.outcomes["Bye"] == "done"


def test_a_fault_is_admitted_when_we_can_be_heard(line: Line) -> None:
    line.send(events.Fault("audio fork lost"))
    assert line.disposition == ("FAILED", 0)
    assert line.records("disposition")[0]["reason"] == "audio fork lost"
    assert line.last_keys == ["phrases/bye_technical"]


def test_a_fault_that_leaves_us_mute_hangs_up_at_once(line: Line) -> None:
    asked = line.send(events.Fault("gone", speakable=False))
    assert isinstance(asked[-1], Hangup)
    assert line.disposition == ("FAILED", 0)


def test_a_fault_during_the_goodbye_lets_it_end(line: Line) -> None:
    to_step(line, "Is_Leads").says("non")
    assert line.send(events.Fault("x")) == []
    assert isinstance(line.send(events.Fault("x", speakable=False))[-1], Hangup)
    assert line.disposition == ("NOT_INTERESTED", 60)


def test_a_drain_is_polite_and_keeps_a_decided_lead(line: Line) -> None:
    line.send(events.DrainRequested())
    assert line.disposition == ("FAILED", 0)
    assert line.records("disposition")[0]["reason"] == "drain"
    assert line.last_keys == ["phrases/bye_drain"]
    won = to_step(Line(brain()), "Confirm_Time")
    won.send(events.DrainRequested())
    assert won.disposition == ("LEAD", 100)


def test_a_fault_after_an_optout_is_still_an_optout(line: Line) -> None:
    line.talks_over("ne me rappelez plus", at=300)
    line.send(events.Fault("x"))
    assert line.disposition == ("OPT_OUT", 0)


def test_faults_and_drains_before_the_answer_just_end() -> None:
    for event in (events.Fault("x"), events.DrainRequested()):
        state = engine.new_state()
        asked = engine.handle(brain(), state, event, 0)
        assert [type(a) for a in asked] == [Record, Hangup]
        assert state.phase is Phase.OVER


def test_every_say_has_a_watchdog_longer_than_its_speech(line: Line) -> None:
    to_step(line, "Confirm_Time").says("demain")
    for i, action in enumerate(line.actions):
        if isinstance(action, Say):
            watchdog = line.actions[i + 1]
            assert isinstance(watchdog, StartTimer)
            assert watchdog.timer_id.startswith("say-")
            assert watchdog.seconds * 1000 > 2 * 60 * len(action.text)


def test_the_state_survives_storage_at_any_moment(line: Line) -> None:
    for text in ("vos taux sont trop élevés", "oui", "oui"):
        line.says(text)
        line.state = engine.restore(engine.dump(line.state))
    assert line.state.score == 30
    assert line.last_keys == ["Q2"] or line.state.step == "Q2"


def test_listen_follows_its_say(line: Line) -> None:
    to_step(line, "Q1")
    kinds = [type(a) for a in line.actions if isinstance(a, Say | Listen)]
    assert kinds == [Say, Listen, Say, Listen]


# --- ends that are nobody's wish


@pytest.mark.parametrize(
    ("cause", "disposition"),
    [
        ("CRASH", "FAILED"),
        ("MEDIA_TIMEOUT", "FAILED"),
        ("SYSTEM_SHUTDOWN", "FAILED"),
        ("NORMAL_CLEARING", "HANGUP"),
        ("UNSPECIFIED", "HANGUP"),
    ],
)
def test_a_call_the_switch_lost_is_not_a_hangup_of_the_prospects(
    line: Line, cause: str, disposition: str
) -> None:
    to_step(line, "Q2")
    asked = engine.handle(line.brain, line.state, events.HungUp(cause), line.now)
    (end,) = [a.data for a in asked if isinstance(a, Record) and a.kind == "disposition"]
    assert (end["disposition"], end["reason"], end["score"]) == (disposition, cause, 30)


def test_a_lost_call_stays_a_lead_once_it_is_one(line: Line) -> None:
    to_step(line, "Confirm_Time")
    asked = engine.handle(line.brain, line.state, events.HungUp("CRASH"), line.now)
    (end,) = [a.data for a in asked if isinstance(a, Record) and a.kind == "disposition"]
    assert end["disposition"] == "LEAD"


@pytest.mark.parametrize(("heard_ms", "kept"), [(0, 0), (40, 1)])
def test_a_disclosure_of_which_nothing_was_heard_is_no_turn(heard_ms: int, kept: int) -> None:
    """The channel went before it began to play: the transcript must not say it was said."""
    held, state = brain(), engine.new_state()
    engine.handle(held, state, events.Answered(CONTACT, "2026-11-23T10:00:00+01:00"), 0)
    done = engine.handle(held, state, events.SayDone("s1", False, heard_ms), 50)
    gone = engine.handle(held, state, events.HungUp("NORMAL_CLEARING"), 60)
    turns = [a for a in (*done, *gone) if isinstance(a, Record) and a.kind == "turn"]
    assert len(turns) == kept


# --- objectives


def objective(name: str, **changes: object) -> Line:
    return Line(brain(scenario(objective=name, transfer=TRANSFER, **changes)))


def test_a_lead_is_handed_over_when_that_is_the_objective() -> None:
    line = to_step(objective("transfer"), "Is_Leads")
    line.says("oui")
    assert line.last_keys == ["phrases/transfer"]
    line.hear_out()
    assert line.of(Transfer) == [Transfer("conseiller")]
    line.send(events.TransferDone(True))
    assert line.disposition == ("TRANSFERRED", 100)
    assert line.outcomes["Is_Leads"] == "affirm"


def test_a_lead_nobody_takes_stays_one_and_is_asked_when() -> None:
    line = to_step(objective("transfer"), "Is_Leads")
    line.says("oui")
    line.hear_out()
    line.send(events.TransferDone(False, "NO_ANSWER"))
    assert line.last_keys[0] == "phrases/transfer_failed"
    assert line.state.step == "Confirm_Time"
    line.says("demain à dix heures")
    assert line.disposition == ("LEAD", 100)
    assert len(line.of(Transfer)) == 1


def test_who_refuses_is_not_handed_over() -> None:
    line = to_step(objective("transfer"), "Is_Leads")
    line.says("non")
    assert line.of(Transfer) == []
    assert line.disposition == ("NOT_INTERESTED", 60)


def test_an_appointment_wants_a_moment() -> None:
    line = to_step(objective("rdv"), "Confirm_Time")
    line.says("oui d'accord")
    assert line.state.step == "Confirm_Time"
    assert line.records("callback") == []
    line.says("demain à dix heures")
    (kept,) = line.records("callback")
    assert kept["start"] == "2025-06-03T10:00:00+02:00"
    assert line.disposition == ("LEAD", 100)


def test_an_appointment_nobody_can_name_ends_a_lead_all_the_same() -> None:
    line = to_step(objective("rdv"), "Confirm_Time")
    line.says("oui d'accord")
    line.says("comme vous voulez")
    (kept,) = line.records("callback")
    assert (kept["text"], kept["start"]) == ("comme vous voulez", None)
    assert line.disposition == ("LEAD", 100)


def test_a_lead_takes_any_answer_for_a_moment() -> None:
    line = to_step(objective("lead"), "Confirm_Time")
    line.says("oui d'accord")
    assert line.disposition == ("LEAD", 100)
