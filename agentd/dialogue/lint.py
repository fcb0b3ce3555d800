"""What a valid scenario still lacks before it may call anybody: the law first, then likely slips.

Disclosure (spec A11): the first utterance says who calls, for whom, that it is a commercial call
and that the voice is artificial, and is heard to its end; a recorded call says so too.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from agentd.dialogue.personalities import PERSONALITIES, known
from agentd.dialogue.scenario import BYE, CONFIRM_TIME, HELLO, IS_LEADS, Line, Scenario
from agentd.dialogue.text import fill, normalise

# Columns every contact file has; others depend on the campaign's file.
STANDARD_COLUMNS = frozenset({"first_name", "last_name", "phone", "company"})
# Twenty-five seconds of speech: nobody listens longer before being asked something.
_LONG = 350

_COMMERCIAL = r"commercia(?:l|le|les|ux)|demarchage|prospection|publicitaire|televente"
_ARTIFICIAL = (
    r"artificiel(?:le|s|les)?|automatique(?:s|ment)?|automatise(?:e|s|es)?|robots?|virtuel(?:le)?|"
    r"(?:voix|voice) (?:de )?synthe(?:se|tique)|synthetique"
)
_RECORDED = r"enregistr\w*"
# "ce n'est pas un appel commercial", "sans démarchage", "je ne suis pas un robot"
_DENIED = re.compile(
    rf"\b(?:pas|sans|aucun|aucune|ni|jamais|non) (?:\w+ ){{0,3}}?(?:{_COMMERCIAL}|{_ARTIFICIAL})\b"
)


@dataclass(frozen=True)
class Finding:
    """One thing the linter has to say. An "error" means: do not call anybody with this."""

    level: Literal["error", "warning"]
    place: str
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message}\n  mend: {self.mend}"


def lint(
    scenario: Scenario,
    *,
    themes: Collection[str] | None = None,
    columns: Collection[str] = STANDARD_COLUMNS,
    recorded: Callable[[Line], bool] | None = None,
    file: str = "",
) -> list[Finding]:
    """Everything to say about a valid scenario, errors first.

    themes: the themes that exist; None leaves the theme unchecked.
    columns: the contact columns that are known.
    recorded: tells whether the recording of a line exists; None leaves audio unchecked.
    file: the scenario's file, for the command that renders missing audio.
    """
    found = [
        *_disclosure(scenario),
        *_theme(scenario, themes),
        *_personality(scenario),
        *_scoring(scenario),
        *_texts(scenario, columns),
    ]
    if recorded is not None:
        found += _audio(scenario, recorded, file)
    return sorted(found, key=lambda finding: finding.level != "error")


def _disclosure(scenario: Scenario) -> list[Finding]:
    hello = scenario.steps[HELLO]
    said = normalise(fill(f"{hello.text} {hello.question}", scenario.columns({})))
    affirmed = _DENIED.sub(" ", said)
    found = []

    def missing(what: str, mend: str) -> None:
        found.append(
            Finding("error", "step Hello, field text", f"the disclosure does not say {what}", mend)
        )

    if not _holds(said, scenario.agent_name):
        missing("who calls", f"say the agent's name, {scenario.agent_name!r}")
    if not _holds(said, scenario.company):
        missing("for whom", f"say the company, {scenario.company!r}")
    if not re.search(rf"\b(?:{_COMMERCIAL})\b", affirmed):
        missing("that the call is commercial", "say for instance « un appel commercial »")
    if not re.search(rf"\b(?:{_ARTIFICIAL})\b", affirmed):
        missing("that the voice is artificial", "say for instance « une voix artificielle »")
    if hello.interruptible:
        found.append(
            Finding(
                "error",
                "step Hello, field interruptible",
                "the disclosure may be interrupted, so that it may never be heard",
                "set it to false",
            )
        )
    if not hello.wait:
        found.append(
            Finding("error", "step Hello, field wait", "nobody is given the floor", "remove it")
        )
    notice = scenario.recording_notice
    if notice.strip() and not re.search(rf"\b{_RECORDED}", normalise(notice)):
        found.append(
            Finding(
                "error",
                "field recording_notice",
                "does not say that the call is recorded",
                "say « Cet appel est enregistré », or remove the field: that is said by default",
            )
        )
    return found


def _holds(said: str, wanted: str) -> bool:
    return f" {normalise(wanted)} " in f" {said} "


def _theme(scenario: Scenario, themes: Collection[str] | None) -> list[Finding]:
    if themes is None or scenario.theme in themes:
        return []
    return [
        Finding(
            "error",
            "field theme",
            f"unknown theme {scenario.theme!r}",
            f"use one of {', '.join(sorted(themes)) or '(none found)'}, or write its file",
        )
    ]


def _personality(scenario: Scenario) -> list[Finding]:
    if not scenario.personality or known(scenario.personality):
        return []
    return [
        Finding(
            "error",
            "field personality",
            f"unknown profile {scenario.personality!r}",
            f"use one of {', '.join(PERSONALITIES)}, or remove the field",
        )
    ]


def _scoring(scenario: Scenario) -> list[Finding]:
    found = []
    where = "field qualification_rules.scoring_weights"
    weights, threshold = scenario.weights, scenario.threshold
    if 100 - weights.get(IS_LEADS, 0) >= threshold:
        found.append(
            Finding(
                "warning",
                where,
                f"the threshold of {threshold} is reached without a yes at Is_Leads",
                "give Is_Leads more weight, or accept leads who refused there",
            )
        )
    given = scenario.qualification_rules.scoring_weights
    if sum(given.values()) != 100:
        shown = ", ".join(f"{step} {weight}" for step, weight in weights.items())
        found.append(
            Finding(
                "warning",
                where,
                f"the weights add up to {sum(given.values()):g}, not 100",
                f"they are brought to 100 ({shown}); write these to silence this warning",
            )
        )
    found += [
        Finding("warning", f"{where}.{step}", "weighs less than half a point of 100", "raise it")
        for step, weight in weights.items()
        if weight == 0
    ]
    if scenario.objective == "transfer":
        found.append(
            Finding(
                "warning",
                "field objective",
                '"transfer" only offers a person to those who ask for one; a lead stays a LEAD',
                'use "lead" or "rdv" if that is what is meant',
            )
        )
    if scenario.objective == "rdv" and CONFIRM_TIME not in scenario.rail:
        found.append(
            Finding("warning", "field rail", "an appointment without Confirm_Time", "add the step")
        )
    return found


def _texts(scenario: Scenario, columns: Collection[str]) -> list[Finding]:
    found = []
    for line in scenario.lines():
        place = f"recording {line.key}"
        for column in line.columns:
            if column not in columns:
                found.append(
                    Finding(
                        "warning",
                        place,
                        f"unknown column {{{column}}}; a contact without it hears nothing there",
                        f"known: {', '.join(sorted(columns))}; check the contacts file has it",
                    )
                )
        if re.search(r"[{}]", fill(line.text, dict.fromkeys(line.columns, "x"))):
            found.append(
                Finding("error", place, "a brace would be said aloud", "write columns as {name}")
            )
        if re.search(r"\d", line.text):
            found.append(
                Finding("warning", place, "digits are badly spoken", "write numbers in letters")
            )
        if len(line.text) > _LONG:
            found.append(
                Finding(
                    "warning",
                    place,
                    f"{len(line.text)} characters, about {len(line.text) // 14} seconds of speech",
                    f"keep it under {_LONG} characters",
                )
            )
    for name, step in scenario.steps.items():
        if step.wait and name != BYE and "?" not in step.text + step.question:
            found.append(
                Finding(
                    "warning",
                    f"step {name}, field text",
                    "awaits an answer but asks nothing",
                    "end it with a question, or set wait to false",
                )
            )
    return found


def _audio(scenario: Scenario, recorded: Callable[[Line], bool], file: str) -> list[Finding]:
    missing = [line for line in scenario.lines() if line.renderable and not recorded(line)]
    if not missing:
        return []
    some = ", ".join(line.key for line in missing[:3]) + (", ..." if len(missing) > 3 else "")
    return [
        Finding(
            "warning",
            "audio",
            f"{len(missing)} lines have no recording by voice {scenario.voice!r}: {some}",
            f"agent-tools clone-voice {scenario.voice} --scenario {file or 'FILE'}",
        )
    ]
