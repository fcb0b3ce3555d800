"""How calls end otherwise than at the end of the rail."""

import pytest
from dialogue_driver import CONTACT, TOMORROW_AT_TEN, TRANSFER, Line, brain, scenario, to_step

from agentd.dialogue import engine, events
from agentd.dialogue.actions import (
    Background,
    Record,
    Say,
    Stop,
    Transfer,
)

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
    line.talks_over("ne me rappelez plus", at=900)
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
