"""What a sound file says of itself, read back from the file."""

import wave

import numpy as np
import pytest
import soundfile

from agentd.dialogue.actions import Clip
from agentd.speech import provenance
from agentd.speech.library import AudioLibrary, write_wav
from agentd.speech.provenance import Provenance

MADE = Provenance(
    kind=provenance.SYNTHETIC, voice="julie", engine="pico", settings="é" * 300,
    licence="Apache-2.0", text_sha256="a" * 64, consent="b" * 16, made="2026-11-24",
)  # fmt: skip


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
def test_it_is_read_back_and_costs_no_sample(tmp_path, rate):
    samples = np.arange(-800, 800, dtype=np.int16)
    write_wav(tmp_path / "x.wav", samples, rate, MADE, "scenarios/été/Q1")
    assert provenance.read(tmp_path / "x.wav") == MADE
    assert MADE.synthetic
    with soundfile.SoundFile(tmp_path / "x.wav") as file:
        assert (file.title, file.software.split()[0], file.date) == (
            "scenarios/été/Q1", "agentd", "2026-11-24",
        )  # fmt: skip
        np.testing.assert_array_equal(file.read(dtype="int16"), samples)
    with wave.open(str(tmp_path / "x.wav")) as plain:  # a reader that knows no INFO
        assert plain.getnframes() == samples.size


def test_a_file_of_somebody_else_says_nothing(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.zeros(100), 8_000)
    assert provenance.read(tmp_path / "x.wav") is None
    with soundfile.SoundFile(tmp_path / "y.wav", "w", 8_000, 1) as file:
        file.comment = "made by hand"
        file.write(np.zeros(100))
    assert provenance.read(tmp_path / "y.wav") is None


def test_what_is_said_live_carries_it_too(tmp_path, monkeypatch):
    from agentd import config

    class Hum:
        name, licence, rate_hz, level_db = "hum", "none", 8_000, 0.0
        settings, consent, parallel = "hum 1", "c" * 16, True

        def render(self, text):
            return np.full(8_000, 3_000, np.int16)

    settings = config.load(environ={"AGENTD_PATHS_ROOT": str(tmp_path)})
    monkeypatch.setattr("agentd.speech.library.open_voice", lambda *_, **__: Hum())
    library = AudioLibrary(settings, "anne")
    said = "Bonjour Monsieur Exemple"
    path = library.synthesise(Clip("scenarios/finance/Hello", said), 8_000)
    found = provenance.read(path)
    assert found is not None
    assert (found.voice, found.engine, found.consent) == ("anne", "hum", "c" * 16)
    assert found.text_sha256 == provenance.of_text(said)
    assert b"Exemple" not in path.read_bytes()  # no name of anybody in the file
