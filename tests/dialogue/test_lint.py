"""The linter: no disclosure, no campaign; slips are warned of."""

import pytest
from dialogue_driver import scenario
from test_scenario import SHIPPED, shipped

from agentd.dialogue.lint import Finding, lint
from agentd.dialogue.scenario import Line

WHOLE = "Je suis Julie, la voix artificielle de Banque Exemple, pour un appel commercial."


def errors(hello: str, **step: object) -> list[str]:
    given = scenario(steps={"Hello": {"text": hello, **step}})
    return [f.message for f in lint(given) if f.level == "error"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_lint_clean(name: str) -> None:
    assert lint(shipped(name), themes=SHIPPED) == []


def test_a_whole_disclosure_passes() -> None:
    assert errors(WHOLE) == []


@pytest.mark.parametrize(
    ("hello", "lacks"),
    [
        (WHOLE.replace("Julie", "une amie"), "who calls"),
        (WHOLE.replace("Julie", "Julien"), "who calls"),
        (WHOLE.replace("Banque Exemple", "votre banque"), "for whom"),
        (WHOLE.replace("commercial", "important"), "commercial"),
        (WHOLE.replace("pour un appel commercial", "et ce n'est pas un appel commercial"), "comm"),
        (WHOLE.replace("pour un appel commercial", "sans démarchage"), "commercial"),
        (WHOLE.replace("la voix artificielle", "la conseillère"), "artificial"),
        (WHOLE.replace("la voix artificielle", "pas un robot mais une amie"), "artificial"),
    ],
)
def test_each_part_of_the_disclosure_is_demanded(hello: str, lacks: str) -> None:
    found = errors(hello)
    assert len(found) == 1
    assert lacks in found[0]


@pytest.mark.parametrize(
    "voice",
    ["un robot", "l'assistant automatique", "la voix de synthèse", "l'assistante virtuelle"],
)
def test_other_words_for_an_artificial_voice(voice: str) -> None:
    assert errors(WHOLE.replace("la voix artificielle", voice)) == []


def test_a_message_for_machines_says_who_calls_too() -> None:
    assert not lint(scenario(voicemail=WHOLE))
    found = lint(scenario(voicemail="Rappelez-nous vite."))
    assert [f.place for f in found] == ["field voicemail"] * 4
    assert {f.level for f in found} == {"error"}


def test_the_agents_columns_count_as_said() -> None:
    named = WHOLE.replace("Julie", "{agent_name}").replace("Banque Exemple", "{agent_company}")
    assert errors(named) == []


def test_a_disclosure_that_may_be_interrupted_is_refused() -> None:
    assert errors(WHOLE, interruptible=True) == [
        "the disclosure may be interrupted, so that it may never be heard"
    ]


def test_a_disclosure_that_leaves_no_answer_is_refused() -> None:
    assert errors(WHOLE, wait=False) == ["nobody is given the floor"]


def test_a_recording_notice_must_say_so() -> None:
    bad = lint(scenario(recording_notice="Merci de patienter."))
    assert [f.place for f in bad if f.level == "error"] == ["field recording_notice"]
    assert lint(scenario(recording_notice="Nous enregistrons, l'appel est enregistré.")) == []


def test_an_unknown_theme_is_refused_and_the_known_are_listed() -> None:
    (finding,) = lint(scenario(theme="sushi"), themes=["finance", "crypto"])
    assert finding.level == "error"
    assert "crypto, finance" in finding.mend


def warnings(**changes: object) -> list[Finding]:
    found = lint(scenario(**changes))
    assert {f.level for f in found} <= {"warning"}
    return found


def test_an_unknown_column_is_warned_of() -> None:
    (finding,) = warnings(steps={"Bye": {"text": "Merci {prenom}."}})
    assert "{prenom}" in finding.message


def test_digits_long_texts_and_missing_questions_are_warned_of() -> None:
    assert "digits" in warnings(steps={"Bye": {"text": "Sous 48 heures."}})[0].message
    assert "seconds" in warnings(steps={"Bye": {"text": "Merci bien. " * 40}})[0].message
    assert "asks nothing" in warnings(steps={"Q1": {"text": "Vous avez un crédit."}})[0].message


def test_weights_that_had_to_be_changed_are_shown() -> None:
    rules = {"scoring_weights": {"Q1": 1, "Q2": 1, "Is_Leads": 2}}
    assert "Q1 25, Q2 25, Is_Leads 50" in warnings(qualification_rules=rules)[0].mend


def test_a_lead_without_is_leads_is_warned_of() -> None:
    rules = {"scoring_weights": {"Q1": 40, "Q2": 40, "Is_Leads": 20}}
    assert "without a yes at Is_Leads" in warnings(qualification_rules=rules)[0].message


def test_a_weight_that_vanishes_is_warned_of() -> None:
    rules = {"scoring_weights": {"Q1": 0.1, "Q2": 30, "Is_Leads": 69.9}}
    assert any("half a point" in f.message for f in warnings(qualification_rules=rules))


def test_a_stray_brace_is_refused() -> None:
    found = lint(scenario(steps={"Bye": {"text": "Merci {Prénom}."}}))
    assert [f.level for f in found] == ["error"]


def test_missing_audio_gives_the_command_that_renders_it() -> None:
    def recorded(line: Line) -> bool:
        return not line.key.endswith("/Q1")

    (finding,) = lint(scenario(), recorded=recorded, file="s.json")
    assert finding.level == "warning"
    assert "scenarios/test/Q1" in finding.message
    assert finding.mend == "agent-tools clone-voice julie --scenario s.json"
