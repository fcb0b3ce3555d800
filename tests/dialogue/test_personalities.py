"""Seven profiles, each with words of its own, and none with words the law or a voice forbids."""

import re
from itertools import combinations

import pytest
from dialogue_driver import ROOT, Line, brain, scenario
from test_scenario import SHIPPED, shipped

from agentd.dialogue.actions import Say
from agentd.dialogue.lint import lint
from agentd.dialogue.personalities import COLUMNS, PERSONALITIES, PLAIN, known, personality
from agentd.dialogue.phrases import all_phrases, live, phrase
from agentd.dialogue.rail_returns import KINDS, parse_rail_returns
from agentd.dialogue.text import fields

NAMES = list(PERSONALITIES)
RETURNS = parse_rail_returns(
    (ROOT / "objections/rail_returns.yaml").read_text(encoding="utf-8"), "rail_returns"
)
# Wordings the law fixes, and what has a recorded proof: the same for everybody.
NEVER_OWN = {"recording", "bye_optout", "bye_wrong_person", "no_human", "transfer_failed"}


def test_there_are_seven() -> None:
    assert len(NAMES) == 7
    assert len({one.slug for one in PERSONALITIES.values()}) == 7


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_whole(name: str) -> None:
    one = PERSONALITIES[name]
    assert one.description
    assert re.match(r"Tu |.*\btu\b", one.prompt)
    assert set(one.columns) == set(COLUMNS)
    assert not NEVER_OWN & set(one.phrases)
    assert len(one.phrases) >= 8
    for phrase_id, text in one.phrases.items():
        assert fields(text) == ({"moment"} if phrase_id.endswith("_at") else set()), phrase_id
        assert text[-1] in ".!?"
        assert not re.search(r"\d", text)
        # Questions stay questions: the prospect must know that an answer is awaited.
        if phrase_id in ("still_there", "callback_when"):
            assert text.endswith("?"), phrase_id
    if "bye_callback" in one.phrases:
        assert re.search(r"rappel", one.phrases["bye_callback"])


@pytest.mark.parametrize("name", NAMES)
def test_every_way_back_that_a_profile_prefers_exists_and_each_kind_has_some(name: str) -> None:
    preferred = PERSONALITIES[name].returns
    by_id = {one.id: one for one in RETURNS.all}
    assert set(preferred) <= set(by_id)
    for kind in KINDS:
        assert sum(kind in by_id[one].after for one in preferred) >= 3, kind


@pytest.mark.parametrize(("one", "other"), list(combinations(NAMES, 2)))
def test_two_profiles_word_a_call_differently(one: str, other: str) -> None:
    a, b = PERSONALITIES[one], PERSONALITIES[other]
    shared = set(a.phrases) & set(b.phrases)
    differ = sum(a.phrases[p] != b.phrases[p] for p in shared)
    assert differ >= 0.7 * len(shared)
    assert a.columns != b.columns
    assert a.prompt != b.prompt
    assert set(a.returns) != set(b.returns)


def whole_call(name: str) -> list[str]:
    """Everything said in one call with an objection, a misunderstanding and a callback."""
    hello = (
        "{greeting} {first_name}. Je suis Julie, la voix artificielle de Banque Exemple, pour un "
    )
    steps = {
        "Hello": {"text": hello + "appel commercial."},
        "Q1": {"text": "{transition}, un crédit ?"},
    }
    line = Line(brain(scenario(personality=name, steps=steps)))
    for text in ("oui", "vos taux sont trop élevés", "brouhaha", "oui", "rappelez-moi plus tard",
                 "demain à dix heures"):  # fmt: skip
        line.says(text)
    assert line.disposition == ("CALLBACK", 30)
    return [say.text for say in line.of(Say)]


def test_the_same_call_is_worded_in_seven_ways() -> None:
    calls = {name: whole_call(name) for name in NAMES}
    for one, other in combinations(NAMES, 2):
        assert sum(a != b for a, b in zip(calls[one], calls[other], strict=True)) >= 3
    assert "Parfait, on avance." in " ".join(calls["dynamique"])
    assert all("{" not in text for said in calls.values() for text in said)
    assert (
        calls["directe"][-1]
        == "Noté, je vous rappelle demain à dix heures. Bonne journée, au revoir."
    )


def test_without_a_profile_nothing_is_added() -> None:
    line = Line(brain())
    line.says("oui")
    assert line.last_keys == ["Q1"]
    assert personality("") is PLAIN
    assert phrase("understood").key == "phrases/understood"


def test_names_are_found_whatever_their_accents() -> None:
    assert personality("Pedagogue") is PERSONALITIES["pédagogue"]
    assert known("ÉLÉGANTE")
    assert not known("grincheuse")
    assert personality("grincheuse") is PLAIN


def test_the_linter_names_the_seven() -> None:
    (finding,) = lint(scenario(personality="grincheuse"))
    assert finding.level == "error"
    assert finding.place == "field personality"
    assert all(name in finding.mend for name in NAMES)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_have_a_profile(name: str) -> None:
    assert known(shipped(name).personality)


def test_the_columns_of_a_profile_are_recorded_beforehand_and_no_contact_overrides_them() -> None:
    given = scenario(personality="directe", steps={"Q1": {"text": "{transition} : un crédit ?"}})
    line = next(line for line in given.lines() if line.key.endswith("/Q1"))
    assert line.text == "Une question : un crédit ?"
    assert line.renderable
    assert given.columns({"transition": "Coucou"})["transition"] == "Une question"


def test_only_the_phrases_of_the_scenarios_own_profile_are_lines() -> None:
    plain, warm = set(all_phrases()), set(all_phrases("chaleureuse"))
    assert plain < warm
    assert {key.split("/")[1] for key in warm - plain} == {"chaleureuse"}
    assert not any("{" in text for text in all_phrases("chaleureuse").values())


def test_a_moment_is_said_as_the_profile_says_it() -> None:
    assert live("callback_at", "demain", "dynamique").text == "Super, je vous rappelle demain !"
    assert live("appointment_at", "demain", "dynamique").text == "C'est noté, demain."
