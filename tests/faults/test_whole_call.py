"""What is kept of a call that ends early, or cannot be held; a whole one is in test_hangups."""

import json
from pathlib import Path

import pytest
import soundfile
from fault_house import House, Watch

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.phrases import all_phrases
from agentd.lines import everything
from agentd.simulator.persona import Persona
from agentd.simulator.run import Simulation
from agentd.simulator.voices import Voices


def test_what_simulate_writes_is_what_was_said(house: House, tmp_path: Path) -> None:
    """Recording, transcript and result of `agentd simulate`, of a call without synthesis."""
    scenario = Catalog(house.settings).scenario_file("short")
    voices = Voices(tmp_path / "none", tmp_path / "cache")
    simulation = Simulation(scenario, house.server.esl_address, house.repo, tmp_path, voices)
    persona = Persona.model_validate(
        {
            "name": "hums",
            "turns": [{"dtmf": "9"}],
            "expect": {"disposition": "OPT_OUT", "score": 0},
        }
    )
    (result,) = simulation.run([persona])
    assert result.json["failures"] == []
    assert json.loads((tmp_path / "hums.json").read_text()) == result.json
    transcript = (tmp_path / "hums.txt").read_text()
    for turn in result.json["turns"]:
        assert turn["text"] in transcript
    samples, rate = soundfile.read(result.json["recording"], always_2d=True)
    assert (rate, samples.shape[1]) == (8_000, 2)
    last = max(turn["end_ms"] for turn in result.json["turns"])
    assert len(samples) * 1000 / rate >= last
    # The simulated switch lets go at once: waiting out its linger made every call 12 s longer.
    assert len(samples) * 1000 / rate < last + 1_000


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [("none-such", "no scenario 'none-such'"), ("", "no scenario"), ("../../etc", "no scenario")],
)
def test_a_call_for_no_scenario_is_kept_as_failed(house: House, scenario: str, reason: str) -> None:
    placed = house.call(variables={"agentd_scenario": scenario})
    assert placed.outcome().cause == "NORMAL_TEMPORARY_FAILURE"
    report = placed.kept()
    assert (report.disposition, report.hangup_cause) == ("FAILED", "NORMAL_TEMPORARY_FAILURE")
    assert reason in report.reason
    assert (report.phone, report.scenario) == ("+33199000102", scenario)


@pytest.mark.parametrize("asked", ["../../outside", "a/b", "x" * 200, "é", ".hidden"])
def test_an_id_that_cannot_name_a_file_is_the_channels_instead(house: House, asked: str) -> None:
    placed = house.call([{"hangup": True, "at": 0.05}], call_id=asked)
    placed.outcome()
    placed.id = placed.call.switch.channel.uuid
    assert placed.whole().disposition == "HANGUP"
    assert house.watch.said("agentd_call_id cannot be an id, the channel's is used instead")


def test_what_the_engine_says_of_itself_is_found_among_the_recordings(root: Path) -> None:
    settings = Settings.model_validate({"paths": {"root": root}})
    keys = {clip.key: clip.text for clip in everything(settings, "tone")}
    assert all_phrases().items() <= keys.items()


def test_a_voice_that_cannot_speak_ends_the_call(house: House, root: Path, watch: Watch) -> None:
    """No recording and no voice: the goodbye fails too, so it hangs up, and soon."""
    manifest = root / "audio" / "tone" / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text('{"recordings": {}}')
    try:
        placed = house.call([])
        outcome = placed.outcome(timeout=8)
    finally:
        manifest.write_text(whole)
    assert outcome.problems == []
    report = placed.whole()
    assert report.disposition == "FAILED"
    assert "no voice 'tone'" in report.reason
    assert len(watch.said("say failed")) == 3
