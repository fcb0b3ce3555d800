"""Talking over each other, and what comes late or fails."""

import pytest
from dialogue_driver import CONTACT, Line, brain, scenario, to_step

from agentd.dialogue import engine, events
from agentd.dialogue.actions import (
    Hangup,
    Listen,
    Pause,
    Record,
    Resume,
    Say,
    StartTimer,
    Stop,
)
from agentd.dialogue.state import Phase

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
    to_step(line, "Q1").stays_silent()
    line.talks_over("non attendez", at=200)
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
