"""One call's recording: where it is, and that it costs no call."""

from datetime import datetime
from pathlib import Path

import pytest

from agentd.call_recording import CallRecording
from agentd.errors import SwitchError

ANSWERED = datetime.fromisoformat("2026-11-24T00:30:00+01:00")


class FakeLeg:
    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.asked: list[tuple[str, Path]] = []

    def start_recording(self, path: Path) -> None:
        self.asked.append(("start", path))
        if self.refuses:
            raise SwitchError("the switch refused uuid_record: -ERR Cannot record session!")
        path.touch()

    def stop_recording(self, path: Path) -> None:
        self.asked.append(("stop", path))
        if self.refuses:
            raise SwitchError("the switch refused uuid_record: -ERR Cannot stop record session!")


def recording(folder: Path, leg: FakeLeg) -> CallRecording:
    return CallRecording(leg, folder / "recordings", "c-1", ANSWERED)  # type: ignore[arg-type]


def test_begun_and_kept(tmp_path: Path) -> None:
    leg = FakeLeg()
    one = recording(tmp_path, leg)
    one.start()
    path = tmp_path / "recordings" / "2026-11-23" / "c-1.wav"
    assert leg.asked == [("start", path)]
    assert one.finish() == str(path)


def test_stopped_and_kept(tmp_path: Path) -> None:
    one = recording(tmp_path, FakeLeg())
    one.start()
    one.stop(erase=False)
    assert one.finish()


@pytest.mark.parametrize("gone", [False, True], ids=["told", "switch refuses"])
def test_erased(tmp_path: Path, gone: bool) -> None:
    leg = FakeLeg()
    one = recording(tmp_path, leg)
    one.start()
    leg.refuses = gone
    one.stop(erase=True)
    assert not leg.asked[0][1].exists()
    assert one.finish() is None


def test_erased_by_who_takes_over(tmp_path: Path) -> None:
    leg = FakeLeg()
    recording(tmp_path, leg).start()
    other = recording(tmp_path, leg)
    other.stop(erase=True)
    assert other.finish() is None
    assert list((tmp_path / "recordings").rglob("*.wav")) == []


def test_never_begun(tmp_path: Path) -> None:
    assert recording(tmp_path, FakeLeg()).finish() is None


def test_refused_by_the_switch(tmp_path: Path) -> None:
    one = recording(tmp_path, FakeLeg(refuses=True))
    one.start()
    assert one.finish() is None


def test_no_place_to_record_to(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file")
    leg = FakeLeg()
    recording(tmp_path, leg).start()
    assert leg.asked == []
