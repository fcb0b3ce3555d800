"""A live call that passes to another agentd at any moment."""

import json

import pytest
from call_scripts import CALLS, play
from dialogue_driver import Line, brain, scenario, standing
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.dialogue import engine, events
from agentd.dialogue.actions import Background, Hangup, Listen, Record, Say, StartTimer
from agentd.dialogue.phrases import phrase
from agentd.dialogue.replay import replay
from agentd.dialogue.state import Phase

SORRY = phrase("resumed").text


def says(asked):
    return [action.text for action in asked if isinstance(action, Say)]


def disposition(line):
    ends = [a.data for a in line.actions if isinstance(a, Record) and a.kind == "disposition"]
    assert len(ends) <= 1
    return ends[0]["disposition"] if ends else None


def test_what_was_being_said_is_said_again_whole():
    line = Line(brain())
    line.says("oui")
    (question,) = says(line.actions)[-1:]
    asked = line.passes_on()
    assert says(asked) == [f"{SORRY} {question}"]
    assert any(isinstance(a, Background) and a.file for a in asked)
    assert [a.step for a in asked if isinstance(a, Listen)] == ["Q1"]
    for _ in range(3):
        line.says("oui")
    line.says("demain matin")
    line.hear_out()
    assert (disposition(line), line.state.score) == ("LEAD", 100)
    assert isinstance(line.actions[-1], Hangup)
    assert replay(line.brain, line.journal) is None


def test_the_question_is_asked_again_when_it_was_the_prospects_turn():
    line = Line(brain())
    line.says("oui")
    line.says("vos taux sont trop élevés")
    line.hear_out()
    asked = line.passes_on()
    assert says(asked) == [f"{SORRY} Avez-vous actuellement un crédit immobilier en cours ?"]
    line.says("oui")
    assert line.state.outcomes["Q1"] == "affirm"
    assert line.state.objections == ["taux"]


def test_the_disclosure_is_heard_whole_and_may_not_be_interrupted():
    line = Line(brain())
    hello = says(line.actions)[0]
    asked = line.passes_on()
    (say,) = [a for a in asked if isinstance(a, Say)]
    assert say.text == f"{SORRY} {hello}"
    assert not say.interruptible


def test_it_does_not_cost_a_turn_nor_one_apology_more_each_time():
    line = Line(brain())
    line.says("oui")
    turns = line.state.turns
    line.passes_on()
    asked = line.passes_on()
    assert line.state.turns == turns
    assert says(asked)[0].count(SORRY) == 1


def test_a_goodbye_is_said_again_and_the_disposition_stays():
    line = Line(brain())
    line.says("ne me rappelez plus")
    asked = line.passes_on()
    assert says(asked) == [f"{SORRY} {phrase('bye_optout').text}"]
    line.hear_out()
    assert (disposition(line), line.state.phase) == ("OPT_OUT", Phase.OVER)
    assert isinstance(line.actions[-1], Hangup)


def test_a_callback_being_settled_is_asked_for_again():
    line = Line(brain())
    line.says("rappelez-moi")
    line.hear_out()
    asked = line.passes_on()
    assert says(asked) == [f"{SORRY} {phrase('callback_when').text}"]
    line.says("demain à quinze heures")
    assert disposition(line) == "CALLBACK"


def test_a_transfer_that_was_asked_for_has_failed():
    line = Line(brain(scenario(transfer={"target": "conseiller"})))
    line.says("passez-moi quelqu'un")
    line.hear_out()
    assert line.state.phase is Phase.TRANSFERRING
    asked = line.passes_on()
    assert phrase("transfer_failed").text in says(asked)[0]
    assert line.state.phase is Phase.OPEN


def test_an_opt_out_heard_over_the_disclosure_ends_the_call():
    line = Line(brain())
    line.talks_over("ne me rappelez plus", at=1000)
    assert line.state.suppressed
    assert line.state.phase is Phase.OPEN
    asked = line.passes_on()
    assert says(asked) == [phrase("bye_optout").text]
    assert disposition(line) == "OPT_OUT"


def test_the_time_left_is_the_calls_own():
    line = Line(brain(max_call_s=120.0))
    line.now = 100_000
    timers = [a for a in line.passes_on() if isinstance(a, StartTimer)]
    (left,) = [a.seconds for a in timers if a.timer_id.startswith("call-")]
    assert left == 30.0  # and not 20, in which a goodbye could not be heard


def test_a_call_that_ends_every_agentd_is_ended():
    line = Line(brain())
    line.says("oui")
    for _ in range(2):
        line.passes_on()
        assert line.state.phase is Phase.OPEN
    asked = line.passes_on()
    assert says(asked) == [phrase("bye_technical").text]
    assert disposition(line) == "FAILED"


@pytest.mark.parametrize("memory", ["", "{", "[]", '{"phase":"open","turns":"x"}'])
def test_a_memory_that_cannot_be_read_ends_politely(memory):
    line = Line(brain())
    asked = line.passes_on(memory)
    assert says(asked) == [phrase("bye_technical").text]
    line.hear_out()
    assert disposition(line) == "FAILED"
    assert isinstance(line.actions[-1], Hangup)


def test_a_step_that_is_gone_from_the_scenario_ends_politely():
    line = Line(brain())
    line.says("oui")
    memory = json.loads(engine.dump(line.state))
    memory["step"] = "Q9"
    asked = line.passes_on(json.dumps(memory))
    assert says(asked) == [phrase("bye_technical").text]
    assert disposition(line) == "FAILED"


def test_it_is_no_opening_for_a_call_that_is_open():
    line = Line(brain())
    before = engine.dump(line.state)
    assert engine.handle(line.brain, line.state, events.Resumed("{}"), line.now) == []
    assert engine.dump(line.state) == before


@settings(deadline=None)
@given(name=st.sampled_from(sorted(CALLS)), part=st.floats(0, 1))
def test_passed_on_after_any_event_it_is_still_a_call(name, part):
    golden = play(name)
    rows = [(at, events.decode(text)) for at, way, text in golden.journal if way == "event"]
    cut = max(1, round(part * len(rows)))
    state, asked = engine.new_state(), []
    for at, event in rows[:cut]:
        asked += engine.handle(golden.brain, state, event, at)
    line = Line(golden.brain)
    line.now = rows[cut - 1][0]
    line.actions.clear()
    line.passes_on(engine.dump(state).decode())
    assert line.actions, "it would stand still"
    for _ in range(12):
        line.hear_out()
        if line.state.phase in (Phase.OVER, Phase.GONE):
            break
        line.run_out("transfer" if line.state.phase is Phase.TRANSFERRING else "silence")
    records = [a for a in (*asked, *line.actions) if isinstance(a, Record)]
    assert line.state.phase in (Phase.OVER, Phase.GONE)
    assert [r.kind for r in standing(records)].count("disposition") == 1, (
        "exactly one disposition, whoever held the call"
    )
