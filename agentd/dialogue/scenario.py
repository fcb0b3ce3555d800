"""Scenario files: the rail an agent follows, validated once at load.

`parse_scenario` reads the text of a file (never the file itself) and either gives a `Scenario` in
which every default is resolved, or raises ScenarioError listing every fault found, each with its
file, step and field, what was expected and how to mend it. `lint.py` judges a valid scenario.
"""

import json
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from agentd.dialogue.scenario_model import (
    BYE,
    CONFIRM_TIME,
    HELLO,
    IS_LEADS,
    Line,
    QualificationRules,
    Scenario,
    Step,
    TransferTo,
)
from agentd.dialogue.text import fill, normalise
from agentd.errors import ScenarioError

__all__ = [
    "BYE",
    "CONFIRM_TIME",
    "HELLO",
    "IS_LEADS",
    "Line",
    "Scenario",
    "Step",
    "parse_scenario",
]

MAX_QUESTIONS = 10
_QUESTION = re.compile(r"Q(\d+)")


def parse_scenario(text: str, source: str) -> Scenario:
    """Read the JSON text of a scenario file; `source` names it in messages.

    Raises ScenarioError with one line a fault.
    """
    data = _load(text, source)
    _resolve_defaults(data)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise _refusal(source, [_explain(e) for e in error.errors()]) from None
    faults = [*_rail_faults(scenario), *_step_faults(scenario), *_weight_faults(scenario)]
    if faults:
        raise _refusal(source, faults)
    return scenario


def _load(text: str, source: str) -> dict[str, Any]:
    doubles: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        doubles.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=members)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(
            f"{source}: not valid JSON: {error}", mend="check the commas and quotes near that place"
        ) from None
    if not isinstance(data, dict):
        raise ScenarioError(
            f"{source}: expected one JSON object, got {type(data).__name__}",
            mend="see scenarios/scenario_finance.json for an example",
        )
    if doubles:
        raise _refusal(source, [f"member {n!r} is written twice; keep one" for n in doubles])
    if isinstance(data.get("$schema"), str):  # an editor's; what it says is no part of the call
        del data["$schema"]
    return data


def _resolve_defaults(data: dict[str, Any]) -> None:
    """Write into raw data the defaults that depend on which step it is."""
    steps = data.get("steps")
    rules = data.get("qualification_rules")
    weights = rules.get("scoring_weights") if isinstance(rules, dict) else None
    if not isinstance(steps, dict):
        return
    for name, step in steps.items():
        if not isinstance(step, dict):
            continue
        weight = weights.get(name) if isinstance(weights, dict) else None
        step.setdefault("determinant", isinstance(weight, int | float) and weight > 0)
        step.setdefault("on_deny", "goodbye" if name == IS_LEADS else "next")
        # Disclosure and goodbye are heard to their end (A6).
        step.setdefault("interruptible", name not in (HELLO, BYE))
        asked = f"{step.get('text', '')}{step.get('question', '')}"
        step.setdefault("wait", name != BYE and (name != CONFIRM_TIME or "?" in asked))


def _explain(error: Any) -> str:
    loc = [str(part) for part in error["loc"]]
    expected = _expected(loc)
    what = error["msg"]
    if error["type"] == "missing":
        what = "is missing"
    elif error["type"] == "extra_forbidden":
        return f"{_place(loc)}: no such field; remove it or mend its spelling"
    else:
        what = f"{what} (got {str(error['input'])[:60]!r})"
    return f"{_place(loc)}: {what}; expected {expected}"


def _place(loc: list[str]) -> str:
    if loc[0] == "steps" and len(loc) > 1:
        return f"step {loc[1]}" + (f", field {'.'.join(loc[2:])}" if len(loc) > 2 else "")
    return f"field {'.'.join(loc)}"


def _expected(loc: list[str]) -> str:
    model: type[BaseModel] = Scenario
    names = loc
    if loc[0] == "steps" and len(loc) > 2:
        model, names = Step, loc[2:]
    elif loc[0] == "steps" and len(loc) == 2:
        return "an object with at least a text"
    elif loc[0] == "qualification_rules" and len(loc) > 1:
        model, names = QualificationRules, loc[1:]
    elif loc[0] == "transfer" and len(loc) > 1:
        model, names = TransferTo, loc[1:]
    field = model.model_fields.get(names[0])
    return (field.description if field else None) or "what design.md says"


def _rail_faults(scenario: Scenario) -> list[str]:
    rail = list(scenario.rail)
    questions = [step for step in rail if _QUESTION.fullmatch(step)]
    tail = [IS_LEADS, CONFIRM_TIME, BYE] if CONFIRM_TIME in rail else [IS_LEADS, BYE]
    wanted = [HELLO, *(f"Q{n}" for n in range(1, len(questions) + 1)), *tail]
    faults = []
    if rail != wanted:
        faults.append(
            f"field rail: {' -> '.join(rail) or 'empty'}; expected "
            f"{' -> '.join(wanted)}: questions numbered from Q1, each step once, in this order"
        )
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        faults.append(f"field rail: {len(questions)} questions; expected 1 to {MAX_QUESTIONS}")
    for step in dict.fromkeys(rail):
        if step not in scenario.steps:
            faults.append(f"step {step}: on the rail but not described; add it to steps")
    for step in scenario.steps:
        if step not in rail:
            faults.append(f"step {step}: described but not on the rail; add it there or remove it")
    return faults


def _step_faults(scenario: Scenario) -> list[str]:
    faults = []
    for name, step in scenario.steps.items():
        if not normalise(fill(step.text, {})):
            faults.append(
                f"step {name}, field text: nothing but columns; a contact without them would hear "
                "nothing: add words"
            )
        if step.on_deny == "rebuttal" and not step.rebuttal.strip():
            faults.append(
                f'step {name}, field rebuttal: is missing; on_deny is "rebuttal", so write what is '
                'said then, or set on_deny to "next"'
            )
        if name == BYE and (step.interruptible or step.wait):
            field = "interruptible" if step.interruptible else "wait"
            faults.append(f"step Bye, field {field}: true; a goodbye is heard out: set it to false")
        if name == IS_LEADS and not step.wait:
            faults.append("step Is_Leads, field wait: false; its answer decides: set it to true")
    if scenario.objective == "transfer" and scenario.transfer is None:
        faults.append('field transfer: is missing; the objective is "transfer": give its target')
    return faults


def _weight_faults(scenario: Scenario) -> list[str]:
    given = scenario.qualification_rules.scoring_weights
    where = "field qualification_rules.scoring_weights"
    faults = []
    for name, weight in given.items():
        step = scenario.steps.get(name)
        if step is None:
            faults.append(f"{where}.{name}: no such step; name a step of the rail")
        elif weight > 0 and name in (HELLO, CONFIRM_TIME, BYE):
            faults.append(f"{where}.{name}: only questions and Is_Leads can score; remove it")
        elif weight > 0 and not step.determinant:
            faults.append(
                f"{where}.{name}: the step is informative (determinant is false) and cannot score; "
                "remove the weight or set determinant to true"
            )
        elif weight > 0 and not step.wait:
            faults.append(f"{where}.{name}: the step awaits no answer, so it cannot score")
    for name, step in scenario.steps.items():
        if step.determinant and given.get(name, 0) <= 0:
            faults.append(
                f"step {name}, field determinant: true, but it has no weight; give it one in "
                "scoring_weights or set determinant to false"
            )
    if not any(weight > 0 for weight in given.values()):
        faults.append(
            f"{where}: no step scores, so the threshold of {scenario.threshold} can never be "
            "reached; give at least one question a weight"
        )
    return faults


def _refusal(source: str, faults: list[str]) -> ScenarioError:
    return ScenarioError(
        "\n".join(f"{source}: {fault}" for fault in faults),
        mend="mend the fields named above; `agentd scenario show scenarios/scenario_finance.json` "
        "is an example",
    )
