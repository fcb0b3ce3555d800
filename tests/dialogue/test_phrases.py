"""Fixed sentences: recordable beforehand, and every one the engine names exists."""

import ast

import pytest
from dialogue_driver import ROOT

from agentd.dialogue.phrases import all_phrases, phrase
from agentd.dialogue.text import fields


def test_every_phrase_can_be_recorded_beforehand() -> None:
    for key, text in all_phrases().items():
        assert key.startswith("phrases/")
        assert not fields(text)
        assert not any(c.isdigit() for c in text)
        assert text[-1] in ".!?"


def test_a_clip_is_the_phrase_of_its_key() -> None:
    clip = phrase("transfer")
    assert all_phrases()[clip.key] == clip.text


def test_an_unknown_phrase_is_a_bug() -> None:
    with pytest.raises(KeyError):
        phrase("nope")


def test_every_phrase_is_said_somewhere() -> None:
    used = set()
    for file in (ROOT / "agentd/dialogue").glob("*.py"):
        if file.name != "phrases.py":
            tree = ast.parse(file.read_text(encoding="utf-8"))
            used |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    assert {key.removeprefix("phrases/") for key in all_phrases()} <= used
