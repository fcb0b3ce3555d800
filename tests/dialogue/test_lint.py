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
    "hello",
    [
        "Bonjour, ici Julie, l'assistante virtuelle de Banque Exemple, c'est un appel commercial.",
        "Bonjour, je m'appelle Julie, je suis une intelligence artificielle et je vous "
        "appelle pour "
        "Banque Exemple dans un but commercial.",
        "Banque Exemple bonjour, Julie à l'appareil, un robot : ceci est du démarchage.",
        "Julie, voix de synthèse, pour le compte de Banque Exemple : je vous contacte pour "
        "une offre "
        "commerciale.",
        "Bonjour {first_name}, c'est Julie, un agent vocal automatisé. Banque Exemple vous "
        "appelle à "
        "des fins de prospection commerciale.",
        "Je suis Julie, la voix générée par ordinateur de Banque Exemple, appel publicitaire.",
        "Vous parlez à Julie, assistante numérique. Je vous appelle de la part de Banque Exemple, "
        "et c'est une démarche commerciale.",
        "Je ne suis pas une personne mais un robot, Julie, de Banque Exemple, pour un appel "
        "commercial.",
    ],
)
def test_other_ways_to_disclose_pass(hello: str) -> None:
    assert errors(hello) == []


@pytest.mark.parametrize(
    ("hello", "lacks"),
    [
        (WHOLE.replace("pour un appel commercial", "depuis le centre commercial"), "commercial"),
        (WHOLE.replace("pour un appel commercial", "votre attaché commercial"), "commercial"),
        (WHOLE.replace("pour un appel commercial", "un appel qui n'a rien de commercial"), "comm"),
        (WHOLE.replace("pour un appel commercial", "un appel sans but commercial"), "commercial"),
        (WHOLE.replace("un appel commercial", "vous proposer nos services"), "commercial"),
        (WHOLE.replace("la voix artificielle de", "du service prélèvement automatique de"), "arti"),
        (WHOLE.replace("la voix artificielle de", "qui offre un robot de cuisine chez"), "artifi"),
        (WHOLE.replace("la voix artificielle", "la voix amicale"), "artificial"),
        (WHOLE.replace("la voix artificielle", "et non une voix artificielle"), "artificial"),
        ("Un robot, moi ? " + WHOLE.replace("la voix artificielle", "jamais un robot"), "artifi"),
        (WHOLE.replace("de Banque Exemple", "d'une banque, vous êtes client de Banque Exemple,"),
         "for whom"),
        (WHOLE.replace("de Banque Exemple", "qui n'est pas de Banque Exemple"), "for whom"),
        (WHOLE.replace("Je suis Julie", "Je cherche Julie"), "who calls"),
        (WHOLE.replace("Julie", "{first_name}"), "who calls"),
        (WHOLE.replace("un appel commercial", "un appel {nature}"), "commercial"),
    ],
)  # fmt: skip
def test_what_only_sounds_like_a_disclosure_is_refused(hello: str, lacks: str) -> None:
    found = errors(hello)
    assert [message for message in found if lacks in message], found


def test_what_is_disclosed_later_is_not_disclosed() -> None:
    given = scenario(
        steps={"Hello": {"text": "Bonjour. Une minute ?", "rebuttal": WHOLE}, "Q1": {"text": WHOLE}}
    )
    assert len([f for f in lint(given) if f.level == "error"]) == 4


@pytest.mark.parametrize(
    ("notice", "good"),
    [
        ("Cet appel est enregistré.", True),
        ("Notre conversation sera enregistrée pour la qualité.", True),
        ("Nous enregistrons les appels.", True),
        ("Cet appel n'est pas enregistré.", False),
        ("Votre demande est bien notée.", False),
    ],
)
def test_a_recording_notice_says_that_the_call_is_recorded(notice: str, good: bool) -> None:
    bad = [f for f in lint(scenario(recording_notice=notice)) if f.level == "error"]
    assert (not bad) is good


def test_a_disclosure_does_not_deny_the_recording() -> None:
    assert "recorded" in errors(WHOLE + " Cet appel n'est pas enregistré.")[0]


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
