"""From a recording of two people to a call in the new voice, as the documentation says to do it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import yaml
from scripted_talk import RATE, agree, talk

from agentd.speech import provenance

ROOT = Path(__file__).parents[2]
ANSWERS = {
    "name": "essai",
    "voice": "anne",
    "agent_name": "Anne",
    "company": "Banque Exemple",
    "legal_identity": "Banque Exemple SA, Lyon",
    "theme": "general",
    "personality": "chaleureuse",
    "questions": [{"text": "Avez-vous actuellement un crédit immobilier ?"}],
    "confirm_question": "",
}
PERSONA = {
    "name": "says-yes",
    "contact": {"first_name": "Claire", "last_name": "Martin", "phone": "+33199000102"},
    "turns": [
        {"say": "oui je vous écoute"},
        {"say": "oui j'en ai un"},
        {"say": "oui d'accord"},
    ],
    "expect": {"disposition": "LEAD", "score": 100},
}


@pytest.mark.speech
def test_extract_clone_set_up_create_simulate(project, speech_models):
    """Every command is a process of its own; the voice ends in a call that passes."""
    (project / "models").symlink_to(speech_models)
    for file in (ROOT / "objections").glob("*.yaml"):
        shutil.copy(file, project / "objections")
    (project / "scenarios/scenario_finance.json").unlink()
    soundfile.write(project / "talk.wav", talk(speech_models)[0], RATE)
    consent_file = agree(project / "papers")
    (project / "answers.yaml").write_text(yaml.safe_dump(ANSWERS, allow_unicode=True))
    (project / "persona.yaml").write_text(yaml.safe_dump(PERSONA, allow_unicode=True))
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tools'}"}

    def run(module, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=project, env=environ, capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tools(*arguments):
        return run("agentd_tools", *arguments)

    extracted = tools(
        *("youtube-extract", "talk.wav", "--name", "anne", "--speakers", 2, "--speaker", 0),
        *("--consent", consent_file),
    )
    assert "next: agent-tools clone-voice anne --all" in extracted
    assert "linter: ok" in tools("create-scenario", "--from", "answers.yaml")
    cloned = tools("clone-voice", "anne", "--scenario", "essai")
    assert "recordings recognised back, word error 0." in cloned
    print(cloned.splitlines()[-1])
    assert "anne: 0 of" in tools("clone-voice", "anne", "--scenario", "essai", "--quiet")
    tools("setup-audio", "--voice", "anne", "--make-background", "office")
    held = json.loads(
        run("agentd", "simulate", "essai", "--persona", "persona.yaml", "--out", "out", "--json")
    )
    assert held["passed"], held["failures"]
    assert held["disposition"] == "LEAD"
    said = project / "audio/anne/8000/scenarios/essai/Q1.wav"
    made = provenance.read(said)
    assert (made.kind, made.voice) == ("synthetic voice", "anne")
    # After a word of the profile's.
    assert any(turn["text"].endswith("Avez-vous actuellement un crédit immobilier ?")
               for turn in held["turns"])  # fmt: skip
