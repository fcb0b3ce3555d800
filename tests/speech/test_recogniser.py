from pathlib import Path

import pytest

from agentd.config import PathSettings, Settings, SpeechSettings
from agentd.errors import MissingResource
from agentd.speech.recogniser import open_recogniser


def settings(root: Path, **speech) -> Settings:
    return Settings(paths=PathSettings(root=root), speech=SpeechSettings(**speech))


@pytest.fixture
def whisper(tmp_path):
    (tmp_path / "models/whisper-base").mkdir(parents=True)
    (tmp_path / "models/whisper-base/model.bin").write_bytes(b"x")
    return tmp_path


@pytest.fixture
def both(whisper):
    (whisper / "models/vosk-fr/am").mkdir(parents=True)
    return whisper


def test_vosk_is_preferred_when_its_model_is_there(both):
    assert open_recogniser(settings(both)).name.startswith("vosk (vosk-fr")


def test_else_whisper(whisper):
    assert open_recogniser(settings(whisper)).name == "whisper (whisper-base, int8)"


def test_the_setting_decides(both):
    assert open_recogniser(settings(both, recogniser="whisper")).name.startswith("whisper")


def test_no_model_says_what_to_fetch(tmp_path):
    with pytest.raises(MissingResource, match="agentd models fetch whisper-base"):
        open_recogniser(settings(tmp_path))


def test_vosk_asked_for_and_missing_is_not_replaced(whisper):
    with pytest.raises(MissingResource, match="agentd models fetch vosk-fr"):
        open_recogniser(settings(whisper, recogniser="vosk"))


def test_a_folder_that_is_no_vosk_model_is_told(whisper):
    (whisper / "models/vosk-fr").mkdir()
    with pytest.raises(MissingResource, match="no Vosk model in"):
        open_recogniser(settings(whisper))
