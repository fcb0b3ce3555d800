"""`agentd schema`: JSON Schemas of the files people write, from the models that validate them.

pydantic says what a field may hold. What a model checks in code (which fields go together) is added
here as far as JSON Schema can say it; the linter and the loader still have the last word.
"""

import json
from collections.abc import Callable
from typing import Any

import click
from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_STEP = "^(Hello|Q([1-9]|10)|Is_Leads|Confirm_Time|Bye)$"
Schema = dict[str, Any]


def _scenario() -> Schema:
    from agentd.dialogue.personalities import PERSONALITIES
    from agentd.dialogue.scenario_model import Scenario

    made = _of(Scenario)
    fields, step = made["properties"], made["$defs"]["Step"]
    fields["$schema"] = {"type": "string", "description": "for editors; read by nothing else"}
    fields["personality"]["examples"] = sorted(PERSONALITIES)
    fields["rail"] |= {"items": {"type": "string", "pattern": _STEP}, "uniqueItems": True}
    fields["rail"] |= {"minItems": 4, "prefixItems": [{"const": "Hello"}, {"const": "Q1"}]}
    fields["steps"]["propertyNames"] = {"pattern": _STEP}
    weights = made["$defs"]["QualificationRules"]["properties"]["scoring_weights"]
    weights |= {"propertyNames": {"pattern": _STEP}, "minProperties": 1}
    # Defaults of these depend on which step it is: docs/scenarios.md.
    for name in ("determinant", "on_deny", "interruptible", "wait"):
        del step["properties"][name]["default"]
    step["allOf"] = [_when("on_deny", "rebuttal", {"required": ["rebuttal"]})]
    moment = {"properties": {"rail": {"contains": {"const": "Confirm_Time"}}}}
    made["allOf"] = [
        _when("objective", "transfer", {"required": ["transfer"]}),
        _when("objective", "rdv", moment),
    ]
    return made


def _persona() -> Schema:
    from agentd.simulator.persona import KINDS, MODIFIERS, UNTAKEN, Persona

    made = _of(Persona)
    turn, contact = made["$defs"]["Turn"], made["$defs"]["Contact"]
    turn["properties"]["dtmf"]["anyOf"].append({"type": "integer", "minimum": 0})
    turn["oneOf"] = [{"required": [kind]} for kind in KINDS]
    turn["allOf"] = [
        {"if": {"required": [kind]}, "then": {"not": _beside(MODIFIERS[kind])}} for kind in KINDS
    ]
    contact["additionalProperties"] = {"type": ["string", "null"]}
    for column in ("first_name", "last_name", "company"):
        contact["properties"][column]["type"] = ["string", "null"]
    made["allOf"] = [
        _when("answer", "machine", {"required": ["greeting"]}),
        {
            "if": {"properties": {"beep": {"const": True}}, "required": ["beep"]},
            "then": {"properties": {"answer": {"const": "machine"}}, "required": ["answer"]},
        },
        {
            "if": {"properties": {"answer": {"enum": list(UNTAKEN)}}, "required": ["answer"]},
            "then": {"properties": {"turns": {"maxItems": 0}, "greeting": {"maxLength": 0}}},
        },
    ]
    made["properties"]["earlier"]["items"]["enum"] = list(UNTAKEN)
    return made


def _beside(may: tuple[str, ...]) -> Schema:
    """What must not stand beside a kind of turn: a modifier that is not its own, or both."""
    never = [{"required": [name]} for name in ("after", "at") if name not in may]
    return {"anyOf": never} if never else {"required": ["after", "at"]}


def _config() -> Schema:
    from agentd.config import Settings

    return _of(Settings)


def _campaign() -> Schema:
    from agentd.campaign.settings import CampaignSettings

    made = _of(CampaignSettings)
    # A file may leave to --caller-id and --gateway what they say.
    del made["required"]
    return made


MADE: dict[str, tuple[Callable[[], Schema], str]] = {
    "scenario": (_scenario, "A scenario of agentd (scenarios/scenario_NAME.json)"),
    "persona": (_persona, "A simulated prospect of agentd (scenarios/personas/NAME.yaml)"),
    "config": (_config, "The configuration of agentd (agentd.toml)"),
    "campaign": (_campaign, "Settings of a campaign of agentd (--settings FILE.toml)"),
}


def text_of(kind: str) -> str:
    """The schema of one kind of file, as it lies in schemas/KIND.schema.json."""
    make, title = MADE[kind]
    made = {"$schema": DIALECT, "title": title} | _untitled(make())
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


@click.command()
@click.argument("kind", type=click.Choice(list(MADE)))
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of file, for editors and programs that check them.

    The same lie in schemas/. Scenarios name theirs in "$schema", personas and agentd.toml in their
    first line, as yaml-language-server and taplo read it.
    """
    click.echo(text_of(kind), nl=False)


def _of(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(mode="validation")


def _when(field: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}


def _untitled(node: Any, names: bool = False) -> Any:
    """Without the titles pydantic makes of field names. names: the members are fields of a file."""
    if isinstance(node, list):
        return [_untitled(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _untitled(part, names=key in ("properties", "$defs") and not names)
        for key, part in node.items()
        if names or key != "title"
    }
