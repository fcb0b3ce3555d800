"""A recorded call through the simulated switch: what is in the file, and that a no erases it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fault_house import STRAIGHT, House

from agentd.call_recording import CallRecording


@pytest.fixture
def recorded(houses: Callable[..., House], tmp_path: Path) -> House:
    return houses(call={"record": True}, paths={"recordings": str(tmp_path / "rec")})


def test_both_sides_from_the_end_of_the_notice_on(recorded: House) -> None:
    placed = recorded.call(STRAIGHT)
    outcome = placed.outcome()
    assert outcome.problems == []
    report = placed.whole()
    assert report.disposition == "LEAD"
    sound, rate = soundfile.read(report.recording, always_2d=True)
    assert (rate, sound.shape[1]) == (8_000, 2)
    prospect, agent = (np.abs(sound) > 0.05).any(axis=0)
    assert prospect
    assert agent
    first = report.turns[0]
    assert "enregistré" in first["text"]
    whole = placed.call.recorder.samples
    begun_ms = (whole - len(sound)) * 1000 / rate
    assert first["end_ms"] - 50 < begun_ms < first["end_ms"] + 500
    # Left is the prospect: the first to speak once the notice has been heard.
    loud = [int(np.argmax(np.abs(side) > 0.05)) for side in sound.T]
    assert loud[0] < loud[1]


def test_a_refusal_leaves_no_file(
    recorded: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = []
    start = CallRecording.start

    def watched(self: CallRecording) -> None:
        start(self)
        begun.extend((tmp_path / "rec").rglob("*.wav"))

    monkeypatch.setattr(CallRecording, "start", watched)
    monkeypatch.setattr("fault_house.TEXTS", ("je refuse d'être enregistré",))
    placed = recorded.call([{"say": "oui", "after": 0.36}, {"hangup": True}])
    placed.outcome()
    assert len(begun) == 1
    report = placed.whole()
    assert report.recording is None
    assert list((tmp_path / "rec").rglob("*.wav")) == []
    assert '"state":"refused"' in "".join(row[2] for row in recorded.repo.journal(placed.id))


def test_nowhere_to_record_to_costs_no_call(recorded: House, tmp_path: Path) -> None:
    (tmp_path / "rec").write_text("not a folder")
    placed = recorded.call(STRAIGHT)
    placed.outcome()
    assert placed.whole().disposition == "LEAD"
    assert recorded.watch.said("call not recorded")
