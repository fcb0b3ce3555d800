"""What a valid scenario still lacks before it may call anybody: the law first, then likely slips.

The disclosure is judged in `disclosure.py`.
"""

import re
from collections.abc import Callable, Collection

from agentd.dialogue import disclosure
from agentd.dialogue.finding import Finding
from agentd.dialogue.personalities import PERSONALITIES, known
from agentd.dialogue.scenario import BYE, CONFIRM_TIME, IS_LEADS, Line, Scenario
from agentd.dialogue.text import fill

__all__ = ["Finding", "lint"]

# Columns every contact file has; others depend on the campaign's file.
STANDARD_COLUMNS = frozenset({"first_name", "last_name", "phone", "company"})
# Twenty-five seconds of speech: nobody listens longer before being asked something.
_LONG = 350


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
        *disclosure.findings(scenario),
        *_theme(scenario, themes),
        *_personality(scenario),
        *_scoring(scenario),
        *_texts(scenario, columns),
    ]
    if recorded is not None:
        found += _audio(scenario, recorded, file)
    return sorted(found, key=lambda finding: finding.level != "error")


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
    if scenario.objective == "rdv" and CONFIRM_TIME not in scenario.rail:
        found.append(
            Finding(
                "error",
                "field rail",
                "an appointment (objective rdv) without Confirm_Time: nobody is asked when",
                'add the step, or use the objective "lead"',
            )
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
