"""`agentd schema`, and schemas/: they accept what the loaders accept, and refuse what they refuse,
as far as a schema can say it."""

import copy
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from agentd import config
from agentd.campaign import settings as campaign_settings
from agentd.cli import cli
from agentd.cli.schema import MADE, text_of
from agentd.dialogue.scenario import parse_scenario
from agentd.errors import BadInput
from agentd.simulator.persona import parse_persona

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "scenarios").glob("*.json"))
PERSONAS = sorted((ROOT / "scenarios").glob("**/personas/*.yaml"))
FINANCE = json.loads((ROOT / "scenarios/scenario_finance.json").read_text(encoding="utf-8"))


def validator(kind):
    return Draft202012Validator(json.loads(text_of(kind)))


def faults(kind, data):
    return [f"{'.'.join(map(str, e.path))}: {e.message}" for e in validator(kind).iter_errors(data)]


@pytest.mark.parametrize("kind", MADE)
def test_it_is_printed_and_lies_in_schemas(kind):
    printed = CliRunner().invoke(cli, ["schema", kind])
    assert printed.exit_code == 0
    Draft202012Validator.check_schema(json.loads(printed.stdout))
    file = ROOT / "schemas" / f"{kind}.schema.json"
    assert file.read_text(encoding="utf-8") == printed.stdout, "run `make schemas`, and commit it"


def test_an_unknown_kind_is_told_with_those_there_are():
    said = CliRunner().invoke(cli, ["schema", "nosuch"])
    assert said.exit_code == 2
    assert "scenario" in said.output


@pytest.mark.parametrize("kind", MADE)
def test_every_field_says_what_it_is(kind):
    schema = json.loads(text_of(kind))
    silent = []
    for name, node in [("", schema), *schema.get("$defs", {}).items()]:
        for field, told in node.get("properties", {}).items():
            section = schema["$defs"].get(told.get("$ref", "").rpartition("/")[2], {})
            if not told.get("description") and not section.get("description"):
                silent.append(f"{name}.{field}")
    assert silent == []


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda f: f.stem)
def test_shipped_scenarios_are_valid_and_name_their_schema(file):
    data = json.loads(file.read_text(encoding="utf-8"))
    assert faults("scenario", data) == []
    assert (file.parent / data["$schema"]).resolve() == ROOT / "schemas/scenario.schema.json"
    parse_scenario(json.dumps(data), "file")


def test_the_scenario_of_the_golden_calls_is_valid():
    assert faults("scenario", json.loads((ROOT / "tests/calls/scenario.json").read_text())) == []


def test_shipped_personas_are_valid():
    assert len(PERSONAS) > 20
    for file in PERSONAS:
        text = file.read_text(encoding="utf-8")
        assert faults("persona", yaml.safe_load(text)) == [], file
        named = re.match(r"# yaml-language-server: \$schema=(\S+)", text)
        if named:
            assert (file.parent / named[1]).resolve() == ROOT / "schemas/persona.schema.json", file


def test_the_example_configuration_is_valid_and_names_its_schema():
    text = (ROOT / "agentd.example.toml").read_text(encoding="utf-8")
    assert faults("config", tomllib.loads(text)) == []
    assert text.startswith("#:schema schemas/config.schema.json\n")


def changed(data, path, value):
    """A copy with one member set; `...` takes it out."""
    made = copy.deepcopy(data)
    *way, last = path.split(".")
    held = made
    for part in way:
        held = held[int(part)] if isinstance(held, list) else held[part]
    key = int(last) if isinstance(held, list) else last
    if value is ...:
        del held[key]
    else:
        held[key] = value
    return made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Finance !"),
        ("name", ...),
        ("agent_mode", False),
        ("objective", "sell"),
        ("objective", "transfer"),
        ("nosuch", 1),
        ("rail", ["Hello", "Q1", "Bye"]),
        ("rail", ["Hello", "Q1", "Q1", "Is_Leads", "Bye"]),
        ("rail", ["Bonjour", "Q1", "Is_Leads", "Bye"]),
        ("steps.Q1.text", " "),
        ("steps.Q1.max_turns", 11),
        ("steps.Q1.on_deny", "rebuttal"),
        ("steps.Q1.on_deny", "hang up"),
        ("steps.Q1.wait", "yes"),
        ("steps.Q11", {"text": "Onze ?"}),
        ("qualification_rules.lead_threshold", 40),
        ("qualification_rules.scoring_weights", {}),
        ("qualification_rules.scoring_weights.Q1", -1),
        ("background", "a/b.wav"),
        ("transfer", {"text": "Ne quittez pas."}),
        ("facts", "un seul"),
    ],
)
def test_a_broken_scenario_is_refused_by_schema_and_loader(path, value):
    broken = changed(FINANCE, path, value)
    assert faults("scenario", broken), f"{path}: the schema says nothing"
    with pytest.raises(BadInput):
        parse_scenario(json.dumps(broken), "file")


PERSONA = {
    "name": "p",
    "contact": {"first_name": None, "ville": "Sète", "phone": "+33199000101"},
    "turns": [{"say": "oui", "after": 0.5}, {"dtmf": 9}, {"interrupt": "mais", "at": 1}],
    "expect": {"disposition": "LEAD", "score": 100},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "../p"),
        ("nosuch", 1),
        ("contact.phone", "abc"),
        ("contact.ville", 34),
        ("line", {"codec": "opus"}),
        ("line", {"loss": 0.9}),
        ("voice", {"speed": 10}),
        ("answer", "maybe"),
        ("answer", "machine"),
        ("answer", "busy"),
        ("beep", True),
        ("earlier", ["human"]),
        ("rings", -1),
        ("turns.0.silence", 3),
        ("turns.0.at", 3),
        ("turns.2.after", 1),
        ("turns.1.dtmf", "x"),
        ("turns.0", {}),
        ("turns.0", {"shout": "oui"}),
        ("expect.disposition", "SOLD"),
        ("expect.score", 101),
    ],
)
def test_a_broken_persona_is_refused_by_schema_and_loader(path, value):
    assert faults("persona", PERSONA) == []
    parse_persona(yaml.safe_dump(PERSONA), "file")
    broken = changed(PERSONA, path, value)
    assert faults("persona", broken), f"{path}: the schema says nothing"
    with pytest.raises(BadInput):
        parse_persona(yaml.safe_dump(broken), "file")


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nesl_port = 70000\n",
        "[server]\nnosuch = 1\n",
        "[nosuch]\n",
        '[speech]\nrecogniser = "google"\n',
        "[voice]\nrate_hz = 44100\n",
        "[retention]\ncalls_days = 3\n",
        '[log]\nlevel = "loud"\n',
        '[amd]\nenabled = "perhaps"\n',
    ],
)
def test_a_broken_configuration_is_refused_by_schema_and_loader(text, tmp_path):
    assert faults("config", tomllib.loads(text))
    file = tmp_path / "agentd.toml"
    file.write_text(text)
    with pytest.raises(BadInput):
        config.load(file, environ={})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ring_s", 1),
        ("nosuch", 1),
        ("audience", "everybody"),
        ("retry", {"SOLD": {"attempts": 1, "delay_s": 1}}),
        ("retry", {"BUSY": {"attempts": 0, "delay_s": 1}}),
        ("per_minute", "many"),
    ],
)
def test_broken_settings_of_a_campaign_are_refused_by_schema_and_loader(name, value):
    good = {
        "caller_ids": ["0162000001"],
        "gateways": ["trunk"],
        "retry": {"BUSY": {"attempts": 2, "delay_s": 60}},
    }
    assert faults("campaign", good) == []
    campaign_settings.parse(good, "file")
    assert faults("campaign", good | {name: value})
    with pytest.raises(BadInput):
        campaign_settings.parse(good | {name: value}, "file")


def test_the_loader_reads_past_the_schema_of_an_editor_and_no_other_member():
    assert parse_scenario(json.dumps(FINANCE), "file").name == "finance"
    with pytest.raises(BadInput, match="schema"):
        parse_scenario(json.dumps(FINANCE | {"$schema": 3}), "file")
