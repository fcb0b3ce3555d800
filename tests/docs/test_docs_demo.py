"""The recorded demo: made from what a call printed, nothing lost, lines in their time."""

import importlib.util
import re
from xml.etree import ElementTree

import pytest
from shown_commands import ROOT

from agentd.dialogue.scenario import parse_scenario

PRINTED = """== price-objection

  0:00.1  agent     Bonjour Jean Dupont. Je suis Julie, la voix artificielle de Banque Exemple, pour un appel commercial. Avez-vous une minute ?
  0:07.2  prospect  oui <mais> & c'est trop cher
  0:19.0  agent     (nothing understood)  [interrupted]

  disposition   LEAD
  answers       410, 430 ms on the recording (median 420)
  passed
"""  # noqa: E501


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("demo", ROOT / "docs/pictures/demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_word_is_shown_and_nothing_is_fetched(demo):
    svg = demo.picture(PRINTED)
    ElementTree.fromstring(svg)
    for line in PRINTED.splitlines()[2:]:
        for word in line.split():
            assert word in demo.words_of(svg), word
    assert "agentd simulate" in demo.words_of(svg)
    assert not re.search(r"url\((?!#)", svg), "a picture in a page may fetch nothing"


def test_lines_appear_in_their_time_and_none_is_left_out(demo):
    svg = demo.picture(PRINTED)
    shares = [float(s) for s in re.findall(r"0%, ([\d.]+)% \{ opacity: 0", svg)]
    assert shares == sorted(shares)
    lines = {int(n) for n in re.findall(r'class="[^"]*demo-l(\d+)"', svg)}
    assert lines == set(range(len(shares)))
    assert "prefers-reduced-motion" in svg


def test_the_one_that_ships_is_of_the_scenario_that_ships(demo):
    svg = (ROOT / "docs/demo.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    words = demo.words_of(svg)
    file = ROOT / "scenarios/scenario_finance.json"
    scenario = parse_scenario(file.read_text(encoding="utf-8"), "finance")
    greeting = scenario.steps["Hello"].text
    for part in re.split(r"\{\w+\}", greeting):
        for word in part.split():
            assert word in words, f"{word!r}: `make demo-recording` holds the call anew"
    assert words.endswith("passed")
    assert "LEAD" in words
    assert not re.search(r"(?<![\d.:])0\d{9}\b", words), "a telephone number"
