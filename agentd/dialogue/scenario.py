"""Scenario files: the rail an agent follows, validated once at load.

`parse_scenario` reads the text of a file (never the file itself) and either gives a `Scenario` in
which every default is resolved, or raises ScenarioError listing every fault found, each with its
file, step and field, what was expected and how to mend it. `lint.py` judges a valid scenario.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentd.dialogue.actions import Clip
from agentd.dialogue.scoring import normalise_weights
from agentd.dialogue.text import fields, fill, normalise
from agentd.errors import ScenarioError

HELLO, IS_LEADS, CONFIRM_TIME, BYE = "Hello", "Is_Leads", "Confirm_Time", "Bye"
MAX_QUESTIONS = 10
# Columns of the agent itself; contact columns may not override them.
AGENT_COLUMNS = ("agent_name", "agent_company")

_QUESTION = re.compile(r"Q(\d+)")
_TEXT = "a sentence to be said aloud, 1 to 2000 characters"
_EXAMPLES = "a list of short answers as a recogniser writes them"

Sentence = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
OptionalSentence = Annotated[str, Field(max_length=2000)]
Examples = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200, pattern=r"\w")], ...],
    Field(strict=False, max_length=50),
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Step(_Model):
    """One step of the rail. Defaults that depend on the step are resolved by `parse_scenario`."""

    text: Sentence = Field(description=_TEXT)
    question: OptionalSentence = Field(
        "", description="the closing question, said after text and alone when asked again"
    )
    interruptible: bool = Field(True, description="true or false")
    wait: bool = Field(True, description="true when an answer is awaited, else false")
    max_turns: int = Field(2, ge=1, le=10, description="a whole number from 1 to 10")
    on_deny: Literal["next", "rebuttal", "goodbye"] = Field(
        "next", description='"next", "rebuttal" or "goodbye"'
    )
    rebuttal: OptionalSentence = Field("", description=_TEXT)
    reprompt: OptionalSentence = Field("", description=_TEXT)
    determinant: bool = Field(False, description="true when a yes scores, else false")
    affirm_examples: Examples = Field((), description=_EXAMPLES)
    deny_examples: Examples = Field((), description=_EXAMPLES)


class TransferTo(_Model):
    """Where a call goes when the prospect wants a person."""

    target: str = Field(
        pattern=r"^\S{1,200}$", description="a dialplan extension or a SIP URI, without spaces"
    )
    text: OptionalSentence = Field("", description=_TEXT)


class QualificationRules(_Model):
    """When a call is a lead. Weights are normalised to 100 by `parse_scenario`."""

    lead_threshold: int = Field(70, ge=50, le=100, description="a whole number from 50 to 100")
    scoring_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        description="an object: step name to a weight of 0 or more"
    )


@dataclass(frozen=True)
class Line:
    """One recording a scenario needs. `columns` names what only a contact can fill in."""

    key: str
    text: str
    columns: tuple[str, ...] = ()

    @property
    def renderable(self) -> bool:
        """True when the recording can be made before any call."""
        return not self.columns


class Scenario(_Model):
    """A valid scenario, every default resolved."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="small letters, digits, _ or -"
    )
    version: int = Field(1, ge=1, description="a whole number from 1")
    agent_mode: Literal[True] = Field(description="true")
    description: str = Field("", max_length=2000, description="free text")
    theme: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="the name of an objections file"
    )
    objective: Literal["lead", "rdv", "transfer"] = Field(
        "lead", description='"lead", "rdv" or "transfer"'
    )
    agent_name: Sentence = Field(description="the name the agent gives")
    company: Sentence = Field(description="for whom the agent calls")
    personality: str = Field("", max_length=64, description="the name of an agent profile")
    voice: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="the name of a voice folder"
    )
    background: str = Field(
        "",
        pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.wav$",
        description="a .wav file name without folder, or empty",
    )
    rail: tuple[str, ...] = Field(
        strict=False, description="Hello, Q1 to Qn, Is_Leads, Confirm_Time (optional), Bye"
    )
    steps: dict[str, Step] = Field(description="an object with one member a step of the rail")
    qualification_rules: QualificationRules = Field(
        description="an object with lead_threshold and scoring_weights"
    )
    transfer: TransferTo | None = Field(None, description="an object with a target")
    stop_when_unreachable: bool = Field(True, description="true or false")
    recording_notice: OptionalSentence = Field("", description=_TEXT)
    facts: Annotated[tuple[Sentence, ...], Field(strict=False, max_length=100)] = Field(
        (), description="a list of sentences the agent may rely on"
    )

    @cached_property
    def weights(self) -> dict[str, int]:
        """Determinant step -> points, adding up to 100."""
        given = self.qualification_rules.scoring_weights
        return normalise_weights({s: given[s] for s in self.rail if given.get(s, 0) > 0})

    @property
    def threshold(self) -> int:
        """Points that make a lead."""
        return self.qualification_rules.lead_threshold

    def after(self, step: str) -> tuple[str, ...]:
        """The steps that follow `step` on the rail."""
        return self.rail[self.rail.index(step) + 1 :]

    def columns(self, contact: Mapping[str, str]) -> dict[str, str]:
        """What texts may be filled with: the contact's columns and the agent's own."""
        return {**contact, "agent_name": self.agent_name, "agent_company": self.company}

    def clip(self, step: str, part: str = "") -> Clip:
        """The unfilled clip of a step, or of its `question`, `rebuttal` or `reprompt`."""
        held = self.steps[step]
        return Clip(self._key(f"{step}.{part}" if part else step), getattr(held, part or "text"))

    def own_clip(self, part: Literal["recording_notice", "transfer"]) -> Clip | None:
        """The unfilled clip of a scenario-wide sentence, None when the scenario has none."""
        if part == "transfer":
            text = self.transfer.text if self.transfer else ""
        else:
            text = self.recording_notice
        return Clip(self._key(part), text) if text.strip() else None

    def lines(self) -> Iterator[Line]:
        """Every sentence of the scenario with its recording key, in the order of the rail."""
        for step in self.rail:
            for part in ("", "question", "rebuttal", "reprompt"):
                yield from self._line(self.clip(step, part))
        for own in (self.own_clip("recording_notice"), self.own_clip("transfer")):
            if own is not None:
                yield from self._line(own)

    def _line(self, clip: Clip) -> Iterator[Line]:
        if not clip.text.strip():
            return
        wanted = tuple(sorted(fields(clip.text) - set(AGENT_COLUMNS)))
        text = clip.text if wanted else fill(clip.text, self.columns({}))
        yield Line(clip.key, text, wanted)

    def _key(self, part: str) -> str:
        return f"scenarios/{self.name}/{part}"


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
            faults.append(
                f"{where}.{name}: the step awaits no answer (wait is false), so it cannot score; remove the weight"
            )
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
