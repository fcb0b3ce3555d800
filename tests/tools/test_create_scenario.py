"""`agent-tools create-scenario`: as a person at a terminal, and from answers.yaml."""

import fcntl
import json
import os
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from agentd_tools import scenario_answers as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agentd.catalog import Catalog
from agentd.dialogue.lint import lint
from agentd.dialogue.scenario import parse_scenario

ROOT = Path(__file__).parents[2]
ANSWERS = {
    "name": "energie-test",
    "voice": "julie",
    "agent_name": "Julie",
    "company": "Énergie Exemple",
    "legal_identity": "Énergie Exemple SAS, SIREN fictif, Lyon",
    "theme": "general",
    "personality": "empathique",
    "questions": [
        {"text": "Êtes-vous propriétaire ?"},
        {"text": "Chauffez-vous au gaz ?", "determinant": False},
        {"text": "Avez-vous un projet cette année ?", "weight": 15},
    ],
    "facts": ["Le conseil est gratuit."],
}


def own_terminal():
    """In the child: the pseudo-terminal is its own, so that Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A person's terminal with `agent-tools` running in it."""

    def __init__(self, project, *arguments):
        code = "from agentd_tools.cli import main; main()"
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tools'}"}
        self.fd, theirs = os.openpty()
        self._child = subprocess.Popen(
            [sys.executable, "-c", code, "--config", str(project / "agentd.toml"), *arguments],
            cwd=project, env=environ, stdin=theirs, stdout=theirs, stderr=theirs,
            preexec_fn=own_terminal,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""
        self._from = 0

    def until(self, words, within_s=20):
        """Read until `words` are shown, after what was awaited before."""
        end = time.monotonic() + within_s
        while words not in self.seen[self._from :]:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {words!r} in {self.seen[-1500:]!r}"
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:  # it has ended
                assert words in self.seen[self._from :], self.seen[-1500:]
        self._from = self.seen.index(words, self._from) + len(words)

    def say(self, prompt, answer=""):
        self.until(prompt)
        os.write(self.fd, f"{answer}\r".encode())

    def press(self, key):
        os.write(self.fd, key)

    def interrupt(self):
        """Ctrl-C until it has ended, as a person does: one that comes while the prompt is being
        set up is thrown away with what else was typed ahead."""
        for _ in range(10):
            os.write(self.fd, b"\x03")
            try:
                self._child.wait(2)
                return
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(f"Ctrl-C ends nothing: {self.seen[-500:]!r}")

    def end(self):
        """Exit code."""
        while select.select([self.fd], [], [], 30)[0]:
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:  # nobody has the other end any more
                break
        return self._child.wait(30)

    def close(self):
        self._child.kill()
        self._child.wait(10)
        os.close(self.fd)


@pytest.fixture
def terminal(project):
    opened = []

    def start(*arguments):
        opened.append(Terminal(project, *arguments))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def background(settings):
    file = settings.path("audio", "background", "8000", "office.wav")
    file.parent.mkdir(parents=True)
    soundfile.write(file, np.zeros(8_000), 8_000)


def scenario_file(project, name):
    return project / f"scenarios/scenario_{name}.json"


def test_a_person_makes_a_scenario(terminal, project, settings, background):
    """With mistakes on the way, as people make them."""
    at = terminal("create-scenario")
    at.say("Name of the scenario", "Mon Scénario")
    at.until("name: String should match pattern")
    at.say("Name of the scenario", "solaire")
    at.say("Description", "Panneaux solaires")
    at.until("1. julie")
    at.say("Voice [1]", "9")
    at.until("a number from 1 to 1, or a name of the list")
    at.say("Voice [1]", "julie")
    at.say("Name the agent gives [Julie]")
    at.say("Company it calls for", "Soleil Exemple")
    at.say("Legal identity", "Soleil Exemple SARL, Nantes")
    at.until("office.wav")
    at.say("Background sound [2]")
    at.say("Objective [1]", "rdv")
    at.say("Theme, whose objections are answered [1]")
    at.until("7. ")
    at.say("Personality [1]", "2")
    at.say(
        "Opening [Bonjour {first_name} {last_name}. Je suis Julie, la voix artificielle de Soleil"
    )
    at.say("Question after it")
    at.say("How many questions (3 to 10) [3]", "12")
    at.until("12 is not in the range")
    at.say("How many questions (3 to 10) [3]")
    at.say("Q1, as it is said", "Êtes-vous propriétaire de votre maison ?")
    at.say("does a yes count for the score? [Y/n]")
    at.say("Q1: weight [30.0]", "50")
    at.say("Q2, as it is said", "Combien de personnes vivent chez vous ?")
    at.say("does a yes count for the score? [Y/n]", "n")
    at.say("Q3, as it is said", "Votre toit est-il bien exposé ?")
    at.say("does a yes count for the score? [Y/n]")
    at.say("Q3: weight [30.0]", "25")
    at.say("Is_Leads, the question")
    at.say("Is_Leads: weight [40.0]", "75")
    at.say("Points out of 100", "40")
    at.until("threshold: Input should be greater than or equal to 50")
    at.say("Points out of 100", "60")
    at.say("Confirm_Time, said to a lead [Parfait. Fixons")
    at.say("Question after it")
    at.say("Bye [")
    at.say("Fact", "L'étude est gratuite.")
    at.say("Fact")
    at.until("score: Q1 33, Q3 17, Is_Leads 50; lead from 60")
    at.until("linter: ok")
    at.until("next: agent-tools clone-voice julie --scenario solaire")
    assert at.end() == 0
    made = Catalog(settings).scenario("solaire")
    assert made.weights == {"Q1": 33, "Q3": 17, "Is_Leads": 50}
    assert (made.threshold, made.objective, made.background) == (60, "rdv", "office.wav")
    assert (made.personality, made.company) == ("chaleureuse", "Soleil Exemple")
    assert list(made.rail) == ["Hello", "Q1", "Q2", "Q3", "Is_Leads", "Confirm_Time", "Bye"]
    assert made.facts == (
        "L'appel est passé pour le compte de Soleil Exemple SARL, Nantes.",
        "L'étude est gratuite.",
    )
    assert [f for f in lint(made, themes=["general"]) if f.level == "error"] == []


def test_a_person_who_stops_loses_nothing(terminal, project):
    at = terminal("create-scenario")
    at.say("Name of the scenario", "toit")
    at.say("Description", "Isolation")
    at.until("Voice [1]")
    at.interrupt()
    at.until("your answers are kept: agent-tools create-scenario --draft")
    assert at.end() == 1
    assert not scenario_file(project, "toit").exists()
    draft = project / "scenarios/create-scenario.draft.yaml"
    assert yaml.safe_load(draft.read_text())["description"] == "Isolation"
    at = terminal("create-scenario", "--draft", str(draft))
    at.until("[toit]")
    at.press(b"\r")
    at.until("Description, for yourself [Isolation]")
    at.interrupt()
    assert at.end() == 1


def test_from_answers_without_a_question(tools, project, settings):
    (project / "answers.yaml").write_text(yaml.safe_dump(ANSWERS, allow_unicode=True))
    result = tools("create-scenario", "--from", "answers.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "linter: ok" in result.stdout
    assert "next: agent-tools clone-voice julie --scenario energie-test\n" in result.stdout
    made = Catalog(settings).scenario("energie-test")
    assert sum(made.weights.values()) == 100
    assert made.weights == {"Q1": 35, "Q3": 18, "Is_Leads": 47}
    hello = made.steps["Hello"]
    assert "Je suis Julie, la voix artificielle de Énergie Exemple" in hello.text
    assert not hello.interruptible


def test_the_next_command_is_the_one_to_run(tools, hum, project):
    """What it says is done, and what it says then: up to the simulation."""
    (project / "answers.yaml").write_text(yaml.safe_dump(ANSWERS, allow_unicode=True))
    said = tools("create-scenario", "--from", "answers.yaml").stdout
    command = re.search(r"next: agent-tools (.+)", said)[1].split()
    assert tools(*command, "--no-check").exit_code == 0
    again = tools("create-scenario", "--from", "answers.yaml", "--overwrite").stdout
    assert "next: agentd simulate energie-test --persona scenarios/personas" in again


def test_nothing_is_overwritten_silently(tools, project):
    (project / "answers.yaml").write_text(yaml.safe_dump({**ANSWERS, "name": "finance"}))
    file = scenario_file(project, "finance")
    before = file.read_bytes()
    result = tools("create-scenario", "--from", "answers.yaml")
    assert result.exit_code == 2
    assert f"{file} is there already" in result.stderr
    assert file.read_bytes() == before
    assert tools("create-scenario", "--from", "answers.yaml", "--overwrite").exit_code == 0
    assert file.read_bytes() != before


def test_a_name_that_is_taken_is_asked_about(terminal, project):
    before = scenario_file(project, "finance").read_bytes()
    draft = project / "draft.yaml"
    draft.write_text(yaml.safe_dump({**ANSWERS, "name": "finance"}, allow_unicode=True))
    at = terminal("create-scenario", "--draft", str(draft))
    at.say("Name of the scenario", "finance2")
    scenario_file(project, "finance2").write_text("{}")
    enter_until(at, "Question after it [Quel moment vous convient le mieux ?]")
    at.press(b"\r")
    at.say("Bye [")
    at.say("Fact:")
    at.until("Replace it? [y/N]")
    at.press(b"n\r")
    at.say("Another name", "finance3")
    at.until("linter: ok")
    assert at.end() == 0
    assert scenario_file(project, "finance").read_bytes() == before
    assert scenario_file(project, "finance2").read_text() == "{}"
    assert json.loads(scenario_file(project, "finance3").read_text())["name"] == "finance3"


def enter_until(at, words):
    """Keep every default, until `words` are asked."""
    for _ in range(60):
        at.until("]: ")  # how a prompt with a default ends
        if at.seen.endswith(f"{words}: "):
            return
        at.press(b"\r")
    raise AssertionError(at.seen[-500:])


def test_an_edited_scenario_keeps_what_is_not_asked(tools, project, settings, monkeypatch):
    file = scenario_file(project, "finance")
    before = json.loads(file.read_text())
    answers = sa.from_scenario(before)
    answers |= {"threshold": 80, "legal_identity": "Banque Exemple SA"}
    after = sa.to_scenario(sa.parse(answers, "test"), before)
    assert after["qualification_rules"]["lead_threshold"] == 80
    assert after["version"] == 2
    assert after["steps"] == before["steps"]
    assert after["facts"] == ["L'appel est passé pour le compte de Banque Exemple SA.",
                              *before["facts"]]  # fmt: skip
    assert sa.to_scenario(sa.parse(sa.from_scenario(after), "again"), after) == after


def test_another_question_has_not_the_old_ones_answers(project):
    before = json.loads(scenario_file(project, "finance").read_text())
    answers = sa.from_scenario(before) | {"legal_identity": "Banque"}
    answers["questions"][0]["text"] = "Avez-vous une assurance ?"
    after = sa.to_scenario(sa.parse(answers, "test"), before)
    assert "affirm_examples" not in after["steps"]["Q1"]
    assert after["steps"]["Q2"]["affirm_examples"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Été"}, "name: String should match pattern"),
        ({"company": ...}, "company: is missing"),
        ({"questions": []}, "questions: Tuple should have at least 1 item"),
        ({"questions": [{"text": "Oui ?"}] * 11}, "questions: Tuple should have at most 10"),
        ({"questions": [{"text": "Oui ?", "weight": -1}]}, "questions.0.weight: Input should be"),
        ({"threshold": 49}, "threshold: Input should be greater than or equal to 50"),
        ({"personality": "grincheuse"}, "personality: expected one of professionnelle"),
        ({"objective": "transfer"}, "transfer_target: is missing"),
        ({"voix": "julie"}, "voix: no such field"),
    ],
)
def test_what_is_wrong_with_answers_is_named(tools, project, change, said):
    data = {k: v for k, v in {**ANSWERS, **change}.items() if v is not ...}
    (project / "answers.yaml").write_text(yaml.safe_dump(data, allow_unicode=True))
    result = tools("create-scenario", "--from", "answers.yaml")
    assert result.exit_code == 2
    assert f"answers.yaml: {said}" in result.stderr
    assert "Traceback" not in result.output
    assert not scenario_file(project, "energie-test").exists()


@pytest.mark.parametrize("content", ["[", "- a", "", "\0"])
def test_what_is_no_answers_file(tools, project, content):
    (project / "answers.yaml").write_text(content)
    result = tools("create-scenario", "--from", "answers.yaml")
    assert result.exit_code == 2
    assert "answers.yaml" in result.stderr


def test_an_opening_without_disclosure_is_refused_by_the_linter(tools, project):
    data = {**ANSWERS, "opening": "Bonjour, une petite question."}
    (project / "answers.yaml").write_text(yaml.safe_dump(data, allow_unicode=True))
    result = tools("create-scenario", "--from", "answers.yaml")
    assert result.exit_code == 2
    assert "nobody may be called with it" in result.stdout
    assert "next: agent-tools create-scenario --edit energie-test" in result.stdout


def test_a_dry_run_writes_nothing(tools, project):
    (project / "answers.yaml").write_text(yaml.safe_dump(ANSWERS, allow_unicode=True))
    result = tools("create-scenario", "--from", "answers.yaml", "--dry-run")
    assert json.loads(result.stdout)["name"] == "energie-test"
    assert not scenario_file(project, "energie-test").exists()


QUESTION = st.fixed_dictionaries(
    {"text": st.text("abcdé ?", min_size=2).filter(lambda t: re.search(r"\w", t))},
    optional={
        "determinant": st.booleans(),
        "weight": st.floats(0.1, 1000, allow_nan=False),
    },
)


@given(st.lists(QUESTION, min_size=1, max_size=10), st.floats(0.1, 1000), st.integers(50, 100))
@hypothesis_settings(deadline=None, max_examples=60)
def test_whatever_is_answered_makes_a_valid_scenario(questions, weight, threshold):
    data = {**ANSWERS, "questions": questions, "is_leads_weight": weight, "threshold": threshold}
    made = sa.to_scenario(sa.parse(data, "test"))
    scenario = parse_scenario(json.dumps(made), "made")
    scored = {f"Q{n}" for n, q in enumerate(questions, 1) if q.get("determinant", True)}
    assert set(scenario.weights) == {*scored, "Is_Leads"}
    assert sum(scenario.weights.values()) == 100
