"""What `create-scenario` asks, as data; and the scenario file made of it. Pure.

`answers.yaml` holds the same fields, so that a scenario can be made without questions.
"""

import copy
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agentd.dialogue import personalities
from agentd.dialogue.scenario import BYE, CONFIRM_TIME, HELLO, IS_LEADS
from agentd.dialogue.scoring import normalise_weights
from agentd.errors import BadInput

ADVISED = (3, 10)
PERSONALITIES = {name: one.description for name, one in personalities.PERSONALITIES.items()}
OPENING = (
    "Bonjour {{first_name}} {{last_name}}. Je suis {agent}, la voix artificielle de {company}, "
    "pour un appel commercial."
)
OPENING_QUESTION = "Avez-vous une minute ?"
REBUTTAL = (
    "Je comprends. Quelques questions suffisent, et vous restez libre de dire non. On essaie ?"
)
IS_LEADS_TEXT = "Souhaitez-vous qu'un conseiller vous présente cela en détail ?"
CONFIRM = {
    "lead": "Parfait. Un conseiller vous rappelle sous quarante-huit heures.",
    "rdv": "Parfait. Fixons ensemble un rendez-vous.",
    "transfer": "Parfait. Un conseiller reprend contact avec vous.",
}
CONFIRM_QUESTION = "Quel moment vous convient le mieux ?"
CONFIRM_REPROMPT = "Vous préférez plutôt le matin ou l'après-midi ?"
GOODBYE = "Merci de m'avoir répondu, et excellente journée. Au revoir !"
LEGAL = "L'appel est passé pour le compte de {identity}."
WEIGHT, LEADS_WEIGHT = 30.0, 40.0


class Question(BaseModel):
    """One question of the rail. weight: any number; all are brought to 100 together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=2, max_length=2000, pattern=r"\w")
    determinant: bool = True
    weight: float = Field(WEIGHT, gt=0, le=1000)


class Answers(BaseModel):
    """Everything asked. What has a default may be left out of answers.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    description: str = Field("", max_length=2000)
    voice: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    agent_name: str = Field(min_length=1, max_length=100, pattern=r"\w")
    company: str = Field(min_length=1, max_length=200, pattern=r"\w")
    legal_identity: str = Field(min_length=2, max_length=500, pattern=r"\w")
    background: str = Field("", pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.wav$")
    objective: Literal["lead", "rdv", "transfer"] = "lead"
    transfer_target: str = Field("", pattern=r"^\S{0,200}$")
    theme: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    personality: str = "professionnelle"
    opening: str = Field("", max_length=2000)
    opening_question: str = Field(OPENING_QUESTION, max_length=2000)
    questions: tuple[Question, ...] = Field(min_length=1, max_length=ADVISED[1])
    is_leads: str = Field(IS_LEADS_TEXT, min_length=2, max_length=2000)
    is_leads_weight: float = Field(LEADS_WEIGHT, gt=0, le=1000)
    threshold: int = Field(70, ge=50, le=100)
    confirm: str = Field("", max_length=2000)
    confirm_question: str = Field(CONFIRM_QUESTION, max_length=2000)
    goodbye: str = Field(GOODBYE, min_length=2, max_length=2000)
    facts: tuple[str, ...] = Field((), max_length=99)

    @field_validator("personality")
    @classmethod
    def _one_of_seven(cls, value: str) -> str:
        if value not in PERSONALITIES:
            raise ValueError(f"expected one of {', '.join(PERSONALITIES)}")
        return value

    @property
    def weights(self) -> dict[str, float]:
        """Step -> points, adding up to 100; as they were given where one would round to nothing."""
        given = {f"Q{n}": q.weight for n, q in enumerate(self.questions, 1) if q.determinant}
        given[IS_LEADS] = self.is_leads_weight
        whole = normalise_weights(given)
        return {**whole} if all(whole.values()) else given  # the linter has a word on those

    @property
    def rail(self) -> list[str]:
        """The steps in order."""
        asked = [f"Q{number}" for number in range(1, len(self.questions) + 1)]
        return [HELLO, *asked, IS_LEADS, CONFIRM_TIME, BYE]


def parse(data: object, source: str) -> Answers:
    """Answers from what YAML holds. Raises BadInput with one line a fault."""
    if not isinstance(data, dict):
        raise BadInput(f"{source}: expected the fields {', '.join(Answers.model_fields)}")
    try:
        answers = Answers.model_validate(data)
    except ValidationError as error:
        raise BadInput("\n".join(f"{source}: {explain(e)}" for e in error.errors())) from None
    if answers.objective == "transfer" and not answers.transfer_target:
        raise BadInput(
            f"{source}: transfer_target: is missing",
            mend="an extension or SIP URI, since the objective is transfer",
        )
    return answers


def explain(error: Any) -> str:
    """One pydantic error as field: what is wrong."""
    field = ".".join(map(str, error["loc"])) or "the file"
    if error["type"] == "missing":
        return f"{field}: is missing"
    if error["type"] == "extra_forbidden":
        return f"{field}: no such field; there are {', '.join(Answers.model_fields)}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{field}: {message}, got {str(error['input'])[:60]!r}"


def to_scenario(answers: Answers, base: dict[str, Any] | None = None) -> dict[str, Any]:
    """The scenario file, as JSON holds it.

    base: the file as it was, when one is edited: what the wizard does not ask is kept.
    """
    made: dict[str, Any] = copy.deepcopy(base) if base else {"name": answers.name, "version": 1}
    made.update(
        {
            "name": answers.name,
            "agent_mode": True,
            "description": answers.description,
            "theme": answers.theme,
            "objective": answers.objective,
            "agent_name": answers.agent_name,
            "company": answers.company,
            "personality": answers.personality,
            "voice": answers.voice,
            "background": answers.background,
            "rail": answers.rail,
            "steps": _steps(answers, made.get("steps") or {}),
            "qualification_rules": {
                "lead_threshold": answers.threshold,
                "scoring_weights": answers.weights,
            },
            "facts": [LEGAL.format(identity=answers.legal_identity), *answers.facts],
        }
    )
    if answers.transfer_target:
        made["transfer"] = {**(made.get("transfer") or {}), "target": answers.transfer_target}
    elif answers.objective != "transfer":
        made.pop("transfer", None)
    if base is not None and made != base:
        made["version"] = int(base.get("version") or 1) + 1
    return made


def _steps(answers: Answers, before: dict[str, Any]) -> dict[str, Any]:
    opening = answers.opening or OPENING.format(agent=answers.agent_name, company=answers.company)
    steps: dict[str, dict[str, Any]] = {
        HELLO: {
            "text": opening,
            "question": answers.opening_question,
            "interruptible": False,
            "on_deny": "rebuttal",
            "rebuttal": REBUTTAL,
        }
    }
    for number, question in enumerate(answers.questions, 1):
        steps[f"Q{number}"] = {"text": question.text, "determinant": question.determinant}
    steps[IS_LEADS] = {"text": answers.is_leads, "determinant": True}
    steps[CONFIRM_TIME] = {"text": answers.confirm or CONFIRM[answers.objective]}
    if answers.confirm_question:
        steps[CONFIRM_TIME] |= {
            "question": answers.confirm_question, "reprompt": CONFIRM_REPROMPT
        }  # fmt: skip
    steps[BYE] = {"text": answers.goodbye}
    for name, step in steps.items():
        kept = before.get(name) or {}
        same = kept.get("text") == step["text"]
        for field, value in kept.items():
            # Answers expected of another question, or its reprompt, would be out of place.
            ours = field in ("text", "question", "determinant")
            if not ours and (same or field not in ("affirm_examples", "deny_examples", "reprompt")):
                step[field] = value
    return steps


def from_scenario(scenario: dict[str, Any]) -> dict[str, Any]:
    """What the wizard would have been told to make this file: the defaults when it is edited."""
    steps = scenario.get("steps") or {}
    rules = scenario.get("qualification_rules") or {}
    weights = rules.get("scoring_weights") or {}
    known = ("name", "description", "voice", "agent_name", "company", "background", "objective",
             "theme", "personality")  # fmt: skip
    found: dict[str, Any] = {key: scenario[key] for key in known if scenario.get(key)}
    if found.get("personality") not in PERSONALITIES:
        found.pop("personality", None)
    head, tail = LEGAL.split("{identity}")
    facts = list(scenario.get("facts") or [])
    if facts and facts[0].startswith(head) and facts[0].endswith(tail):
        found["legal_identity"] = facts.pop(0)[len(head) : -len(tail)]
    found["facts"] = facts
    found["questions"] = [
        {
            "text": steps[step]["text"],
            "determinant": weights.get(step, 0) > 0,
            **({"weight": weights[step]} if weights.get(step, 0) > 0 else {}),
        }
        for step in scenario.get("rail") or []
        if step.startswith("Q") and step in steps
    ]
    hello, confirm = steps.get(HELLO) or {}, steps.get(CONFIRM_TIME) or {}
    texts = {
        "opening": hello.get("text"),
        "opening_question": hello.get("question"),
        "is_leads": (steps.get(IS_LEADS) or {}).get("text"),
        "is_leads_weight": weights.get(IS_LEADS),
        "threshold": rules.get("lead_threshold"),
        "confirm": confirm.get("text"),
        "confirm_question": confirm.get("question"),
        "goodbye": (steps.get(BYE) or {}).get("text"),
        "transfer_target": (scenario.get("transfer") or {}).get("target"),
    }
    return found | {key: value for key, value in texts.items() if value is not None}
