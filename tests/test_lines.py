"""What a voice must hold is what calls say."""

import json
import shutil
from pathlib import Path

import pytest

from agentd import lines
from agentd.catalog import Catalog
from agentd.config import PathSettings, Settings
from agentd.dialogue import actions as act
from agentd.dialogue import events as ev
from agentd.dialogue.engine import handle
from agentd.dialogue.phrases import all_phrases
from agentd.dialogue.state import new_state
from agentd.dialogue.text import fields
from agentd.errors import ObjectionsError, ScenarioError
from agentd.speech.library import AudioLibrary

ROOT = Path(__file__).parents[1]
# A golden call's own entries, and what names a moment, which is said live.
OWN = ("objections/", "rail_returns/", "live/", "freestyle/")
CALLS = sorted((ROOT / "tests/calls").glob("*.jsonl"))


@pytest.fixture
def settings(tmp_path):
    for name in ("scenarios", "objections"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return Settings(paths=PathSettings(root=tmp_path))


def clips_said(call):
    """(key, text) of every clip of a golden call, and the scenario it is held with."""
    rows = [json.loads(line) for line in call.read_text(encoding="utf-8").splitlines()]
    said = {
        (clip["key"], clip["text"])
        for row in rows
        if row.get("action", {}).get("type") == "Say"
        for clip in row["action"]["clips"]
    }
    return said, rows[0]["scenario"]


@pytest.mark.parametrize("call", CALLS, ids=lambda file: file.stem)
def test_whatever_is_said_in_a_call_can_be_recorded_before_it(settings, call, tmp_path):
    """The golden calls say it all: questions, rebuttals, reprompts, transfers, phrases. Their few
    objections are their own; those of the shipped themes are asked for below."""
    said, changes = clips_said(call)
    data = json.loads((ROOT / "tests/calls/scenario.json").read_text(encoding="utf-8")) | changes
    file = tmp_path / "scenarios/scenario_test.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    catalog = Catalog(settings)
    scenario = catalog.scenario(file)
    recorded = {(clip.key, clip.text) for clip in lines.of_scenario(catalog, scenario)}
    personal = {line.key for line in scenario.lines() if line.columns}
    assert said
    unknown = {clip for clip in said - recorded if clip[0] not in personal}
    assert {key for key, _ in unknown if not key.startswith(OWN)} == set()


@pytest.mark.parametrize("name", ["finance", "crypto", "energie"])
def test_answers_of_the_shipped_themes_can_be_recorded_before_the_call(settings, name):
    catalog = Catalog(settings)
    brain, state = catalog.brain(name), new_state()
    recorded = {(clip.key, clip.text) for clip in lines.of_scenario(catalog, brain.scenario)}
    phrasings = [entry.canonical for entry in brain.matcher.entries.values()]
    said, now = set(), 0
    todo = [ev.Answered({"first_name": "Jean"}, "2025-06-02T10:00:00+02:00", seed=3)]
    while todo and now < 3_600_000:
        for action in handle(brain, state, todo.pop(0), now):
            if isinstance(action, act.Say):
                said |= {(clip.key, clip.text) for clip in action.clips}
                todo += [ev.SayStarted(action.say_id), ev.SayDone(action.say_id, True, 2000)]
        now += 3000
        if not todo and phrasings:
            todo.append(ev.Utterance(phrasings.pop(), 0.9, now - 900, now - 100))
    assert {key.split("/")[0] for key, _ in said} >= {"objections", "rail_returns", "scenarios"}
    personal = {line.key for line in brain.scenario.lines() if line.columns}
    assert {clip for clip in said - recorded if clip[0] not in personal} == set()


def test_keys_are_unique_and_can_be_files(settings):
    clips = lines.everything(settings, "julie")
    library = AudioLibrary(settings, "julie")
    assert len({clip.key for clip in clips}) == len(clips)
    assert all(library.path(clip.key, 8000).is_relative_to(library.folder) for clip in clips)
    assert not any(fields(clip.text) for clip in clips)
    assert set(all_phrases()) <= {clip.key for clip in clips}


def test_everything_is_every_theme_and_the_scenarios_of_that_voice(settings):
    def scenarios(voice):
        keys = [clip.key for clip in lines.everything(settings, voice)]
        assert sum(key.startswith("objections/") for key in keys) == 80
        assert sum(key.startswith("rail_returns/") for key in keys) == 36
        return {key.split("/")[1] for key in keys if key.startswith("scenarios/")}

    catalog = Catalog(settings)
    voices = {name: catalog.scenario(name).voice for name in catalog.scenario_names()}
    assert scenarios("julie") == {name for name, voice in voices.items() if voice == "julie"}
    assert scenarios("marc") == {name for name, voice in voices.items() if voice == "marc"}
    assert scenarios("nobody") == set()


def test_chosen_holds_what_was_asked_once(settings):
    clips = lines.chosen(settings, ["finance", "finance"], ["finance"])
    keys = [clip.key for clip in clips]
    assert len(set(keys)) == len(keys)
    assert not any("crypto" in key for key in keys)
    with pytest.raises(ScenarioError):
        lines.chosen(settings, ["nope"], [])
    with pytest.raises(ObjectionsError):
        lines.chosen(settings, [], ["sushi"])


def test_two_scenarios_of_one_name_are_refused(settings):
    folder = settings.path("scenarios")
    text = (folder / "scenario_finance.json").read_text(encoding="utf-8")
    (folder / "scenario_copy.json").write_text(text, encoding="utf-8")
    lines.everything(settings, "julie")  # the same sentences: no harm done
    text = text.replace("Puis-je faire établir", "Puis-je vous faire établir")
    (folder / "scenario_copy.json").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenarios/finance/Is_Leads.*scenario_.*\.json"):
        lines.everything(settings, "julie")
