"""Scenario files: defaults resolved, and every fault named with its step, field and mend."""

import json
from typing import Any

import pytest
from dialogue_driver import ROOT, raw_scenario
from hypothesis import given
from hypothesis import strategies as st

from agentd.dialogue.scenario import Scenario, parse_scenario
from agentd.errors import ScenarioError

SHIPPED = ("finance", "crypto", "energie")


def shipped(name: str) -> Scenario:
    file = ROOT / f"scenarios/scenario_{name}.json"
    return parse_scenario(file.read_text(encoding="utf-8"), str(file))


def parse(data: Any) -> Scenario:
    return parse_scenario(json.dumps(data), "file.json")


def fault(data: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse(data)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_are_valid(name: str) -> None:
    scenario = shipped(name)
    assert scenario.name == name
    assert scenario.theme == name
    assert sum(scenario.weights.values()) == 100


def test_finance_is_the_seeds_example() -> None:
    scenario = shipped("finance")
    assert scenario.agent_name == "Julie"
    assert scenario.rail == ("Hello", "Q1", "Q2", "Is_Leads", "Confirm_Time", "Bye")
    assert scenario.steps["Q1"].text == "Avez-vous actuellement un crédit immobilier ?"
    assert scenario.steps["Q2"].text == "Seriez-vous intéressé par une renégociation ?"
    assert scenario.steps["Is_Leads"].text == "Puis-je faire établir une simulation personnalisée ?"
    assert scenario.weights == {"Q1": 30, "Q2": 30, "Is_Leads": 40}
    assert scenario.threshold == 70


def test_defaults_depend_on_the_step() -> None:
    steps = parse(raw_scenario()).steps
    assert [s for s in steps if not steps[s].interruptible] == ["Hello", "Bye"]
    assert [s for s in steps if steps[s].wait] == ["Hello", "Q1", "Q2", "Is_Leads", "Confirm_Time"]
    assert [s for s in steps if steps[s].on_deny == "goodbye"] == ["Is_Leads"]
    assert [s for s in steps if steps[s].determinant] == ["Q1", "Q2", "Is_Leads"]
    assert steps["Q1"].max_turns == 2


def test_confirm_time_without_a_question_awaits_nothing() -> None:
    data = raw_scenario()
    del data["steps"]["Confirm_Time"]["question"]
    assert not parse(data).steps["Confirm_Time"].wait


def test_weights_are_brought_to_100() -> None:
    data = raw_scenario()
    data["qualification_rules"]["scoring_weights"] = {"Q1": 1, "Q2": 1, "Is_Leads": 1}
    assert parse(data).weights == {"Q1": 34, "Q2": 33, "Is_Leads": 33}


def test_a_byte_order_mark_is_forgiven() -> None:
    assert parse_scenario("\ufeff" + json.dumps(raw_scenario()), "f").name == "test"


def test_lines_name_every_recording_and_flag_those_that_need_a_contact() -> None:
    lines = {line.key: line for line in shipped("finance").lines()}
    assert "scenarios/finance/Hello.rebuttal" in lines
    assert "scenarios/finance/Confirm_Time.reprompt" in lines
    assert lines["scenarios/finance/Hello"].columns == ("first_name", "last_name")
    assert [key for key, line in lines.items() if not line.renderable] == [
        "scenarios/finance/Hello"
    ]


def test_lines_fill_in_the_agents_own_columns() -> None:
    data = raw_scenario()
    data["steps"]["Bye"]["text"] = "{agent_name} de {agent_company} vous remercie."
    bye = next(line for line in parse(data).lines() if line.key.endswith("/Bye"))
    assert bye.text == "Julie de Banque Exemple vous remercie."
    assert bye.renderable


MISSING = object()


@pytest.mark.parametrize(
    ("path", "value", "place", "expected"),
    [
        (("name",), "Fin ance", "field name", "small letters"),
        (("agent_mode",), False, "field agent_mode", "expected true"),
        (("voice",), "../julie", "field voice", "voice folder"),
        (("background",), "../etc/x.wav", "field background", ".wav file name"),
        (("objective",), "vente", "field objective", '"lead", "rdv" or "transfer"'),
        (("company",), MISSING, "field company: is missing", "for whom"),
        (("extra",), 1, "field extra: no such field", "remove it"),
        (("steps", "Q1", "text"), "  ", "step Q1, field text", "a sentence"),
        (("steps", "Q1", "text"), MISSING, "step Q1, field text: is missing", "a sentence"),
        (("steps", "Q1", "max_turns"), "2", "step Q1, field max_turns", "whole number"),
        (("steps", "Q1", "max_turns"), 0, "step Q1, field max_turns", "from 1 to 10"),
        (("steps", "Q1", "wait"), "yes", "step Q1, field wait", "true when an answer"),
        (("steps", "Q1", "on_deny"), "hangup", "step Q1, field on_deny", '"goodbye"'),
        (("steps", "Q1", "on_deny"), "rebuttal", "step Q1, field rebuttal: is missing", "write"),
        (("steps", "Q1", "affirm_examples"), "oui", "step Q1, field affirm_examples", "a list"),
        (("steps", "Q1"), "hello", "step Q1", "an object"),
        (("steps", "Q1", "txt"), "x", "step Q1, field txt: no such field", "spelling"),
        (("steps", "Q2"), MISSING, "step Q2: on the rail but not described", "add it"),
        (("steps", "Q9"), {"text": "x"}, "step Q9: described but not on the rail", "remove"),
        (("steps", "Bye", "wait"), True, "step Bye, field wait", "set it to false"),
        (("steps", "Bye", "interruptible"), True, "step Bye, field interruptible", "false"),
        (("steps", "Is_Leads", "wait"), False, "step Is_Leads, field wait", "set it to true"),
        (("steps", "Q1", "determinant"), False, "scoring_weights.Q1", "informative"),
        (("rail",), ["Hello", "Bye"], "field rail", "Hello -> Is_Leads -> Bye"),
        (("rail",), [], "field rail: empty", "Hello"),
        (("qualification_rules", "lead_threshold"), 40, "lead_threshold", "from 50 to 100"),
        (("qualification_rules", "scoring_weights", "Q1"), -1, "scoring_weights.Q1", "weight"),
        (("qualification_rules", "scoring_weights", "Q1"), 0, "never", None),
        (("qualification_rules", "scoring_weights", "Q7"), 5, "no such step", "name a step"),
        (("qualification_rules", "scoring_weights", "Hello"), 5, "only questions", "remove"),
        (("qualification_rules", "scoring_weights"), {}, "no step scores", "never be reached"),
        (("transfer",), {"target": "a b"}, "field transfer.target", "extension or a SIP URI"),
    ],
)
def test_a_fault_is_named_with_its_place_and_what_was_expected(
    path: tuple[str, ...], value: Any, place: str, expected: str | None
) -> None:
    data = raw_scenario()
    held = data
    for part in path[:-1]:
        held = held[part]
    if value is MISSING:
        del held[path[-1]]
    else:
        held[path[-1]] = value
    if expected is None:
        assert "Q1" not in parse(data).weights  # a weight of 0 is an informative step
        return
    message = fault(data)
    assert message.startswith("file.json: ")
    assert place in message
    assert expected in message
    assert "mend:" in message


def test_a_determinant_step_needs_a_weight() -> None:
    data = raw_scenario()
    data["steps"]["Q1"]["determinant"] = True
    del data["qualification_rules"]["scoring_weights"]["Q1"]
    assert "step Q1, field determinant: true, but it has no weight" in fault(data)


def test_a_step_that_awaits_nothing_cannot_score() -> None:
    data = raw_scenario()
    data["steps"]["Q1"]["wait"] = False
    assert "scoring_weights.Q1: the step awaits no answer" in fault(data)


def test_every_fault_is_listed_at_once() -> None:
    data = raw_scenario()
    data["voice"] = ""
    data["steps"]["Q1"]["max_turns"] = 99
    del data["steps"]["Q2"]["text"]
    assert len([line for line in fault(data).splitlines() if line.startswith("file.json:")]) == 3


def test_a_text_made_of_columns_alone_is_refused() -> None:
    data = raw_scenario()
    data["steps"]["Q1"]["text"] = "{question} ?"
    assert "step Q1, field text: nothing but columns" in fault(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("[]", "expected one JSON object, got list"),
        ("null", "expected one JSON object"),
        ('{"name": "a", "name": "b"}', "member 'name' is written twice"),
        ("[" * 100_000, "not valid JSON"),
        ('{"steps": [], "rail": 3}', "field steps"),
        ('{"steps": {"Q1": {"question": 3}}}', "step Q1, field question"),
    ],
)
def test_what_is_no_scenario_at_all(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=r"file\.json") as caught:
        parse_scenario(text, "file.json")
    assert said in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Hello", "Q1", "text", "target"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_no_member_of_any_shape_crashes_the_parser(data: st.DataObject) -> None:
    raw = raw_scenario()
    name = data.draw(st.sampled_from([*sorted(raw), "transfer", "facts"]))
    raw[name] = data.draw(_JSON)
    try:
        message = f"file.json: {parse(raw).name}"
    except ScenarioError as error:
        message = str(error)
    assert message.startswith("file.json: ")
