"""Measures of recordings, on sounds whose measures are known; and cleaning, which trusts them."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile
from agentd_tools import clean as cleaning
from agentd_tools.quality import bandwidth_hz, clipped, measure, pitch_hz, snr_db
from scipy import signal

from agentd.errors import AgentdError
from agentd.speech import provenance

RATE = 16_000


def syllables(seconds, hz=140, rate=RATE, seed=1):
    """A buzz of harmonics that comes and goes four times a second, with pauses: like speech."""
    t = np.arange(int(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 25) if hz * k < rate / 2)
    gate = ((t * 4) % 1 < 0.7) & ((t % 3) < 2)
    return 0.2 * buzz * gate, gate


def mask_of(gate, rate=RATE):
    size = rate // 50
    return gate[: gate.size // size * size].reshape(-1, size).mean(axis=1) > 0.5


@pytest.mark.parametrize("wanted", [10, 20, 30, 40])
def test_signal_to_noise(wanted):
    sound, gate = syllables(12)
    power = np.mean(sound[gate] ** 2)
    noise = np.random.default_rng(2).normal(0, np.sqrt(power / 10 ** (wanted / 10)), sound.size)
    assert abs(snr_db(sound + noise, RATE, mask_of(gate)) - wanted) < 1.5


def test_digital_silence_is_no_noise_to_measure():
    sound, gate = syllables(12)
    assert snr_db(sound, RATE, mask_of(gate)) is None


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize("top", [3_400, 7_000])
def test_bandwidth(rate, top):
    noise = np.random.default_rng(1).normal(0, 0.1, rate * 3)
    sos = signal.butter(12, top, "lowpass", fs=rate, output="sos")
    assert top - 200 <= bandwidth_hz(signal.sosfilt(sos, noise), rate) <= top * 1.6


def test_clipping():
    sound, _ = syllables(5)
    assert clipped(sound) == 0
    assert clipped(np.clip(sound * 20, -1, 1)) > 0.05
    assert clipped(np.clip(sound * 20, -0.7, 0.7)) > 0.05  # turned down afterwards
    assert clipped(np.zeros(100)) == 0


@pytest.mark.parametrize("hz", [85, 120, 200, 300])
def test_pitch(hz):
    sound, gate = syllables(5, hz)
    assert abs(pitch_hz(sound, RATE, mask_of(gate)) / hz - 1) < 0.03
    noise = np.random.default_rng(1).normal(0, 0.1, RATE * 3)
    assert pitch_hz(noise, RATE, np.ones(150, bool)) is None


def test_faults_are_put_in_words():
    sound, gate = syllables(6)
    noisy = np.clip(sound * 8 + np.random.default_rng(1).normal(0, 0.1, sound.size), -1, 1)
    found = measure((noisy * 32767).astype(np.int16), RATE, mask_of(gate))
    words = " ".join(found.faults)
    assert "noisy: " in words
    assert "clipped: " in words
    assert "short: " in words


@pytest.fixture
def voice(tmp_path, speech_models):
    """A person's samples: clean speech, and the same in noise."""
    from scripted_talk import GUEST, speak

    folder = tmp_path / "anne"
    folder.mkdir()
    pause = np.zeros(RATE // 2, np.int16)
    parts = [part for text in GUEST for part in (pause, speak(speech_models, text, 110))]
    speech = np.concatenate([*parts, pause]) / 32768
    random = np.random.default_rng(4)
    soundfile.write(folder / "a-quiet.wav", speech + random.normal(0, 1e-5, speech.size), RATE)
    soundfile.write(folder / "b-noisy.wav", speech + random.normal(0, 0.02, speech.size), RATE)
    return folder


@pytest.mark.speech
def test_noise_is_taken_off_where_that_helps(voice, tmp_path):
    pytest.importorskip("noisereduce")
    said = []
    before = {f.name: f.read_bytes() for f in voice.glob("*.wav")}
    quiet, noisy = cleaning.clean(voice, tmp_path / "none", consent="c" * 16, told=said.append)
    assert noisy.kept == "noise reduced"
    assert noisy.after.snr_db >= noisy.before.snr_db + 3
    assert quiet.kept == "as it was"
    assert {f.name: f.read_bytes() for f in voice.glob("*.wav")} == before  # as they were given
    made = provenance.read(voice / "clean/b-noisy.wav")
    assert (made.kind, made.consent) == ("human recording", "c" * 16)
    report = json.loads((voice / "clean.json").read_text())
    assert [s["kept"] for s in report["samples"]] == ["as it was", "noise reduced"]
    # ... once: the same samples are not cleaned again, others are.
    assert cleaning.clean(voice, tmp_path / "none", told=said.append) == []
    (voice / "a-quiet.wav").unlink()
    assert len(cleaning.clean(voice, tmp_path / "none", told=said.append)) == 1
    assert [f.name for f in (voice / "clean").iterdir()] == ["b-noisy.wav"]


@pytest.mark.speech
def test_a_cleaner_that_takes_speech_away_is_not_believed(voice, tmp_path, monkeypatch):
    monkeypatch.setattr(
        cleaning, "_reducer", lambda told: lambda sound: (sound * 0.3).astype(np.int16)
    )
    for one in cleaning.clean(voice, tmp_path / "none", told=lambda text: None):
        assert one.kept == "as it was"

    def gate(sound):  # silence between words, and half of the words
        return np.where(np.abs(sound) < 9_000, 1, sound).astype(np.int16)

    (voice / "clean.json").unlink()
    monkeypatch.setattr(cleaning, "_reducer", lambda told: gate)
    for one in cleaning.clean(voice, tmp_path / "none", told=lambda text: None):
        assert one.kept == "as it was"


@pytest.mark.speech
def test_without_the_library_samples_are_used_as_they_are(voice, tmp_path, monkeypatch):
    monkeypatch.setattr(cleaning, "find_spec", lambda name: None)
    said = []
    assert {c.kept for c in cleaning.clean(voice, tmp_path, told=said.append)} == {"as it was"}
    assert "agentd[prepare]" in said[0]


class FakeSeparator:
    """audio-separator 0.47 as far as it is used: names relative to output_dir are given back."""

    fails = ""

    def __init__(self, log_level, model_file_dir, output_dir, output_single_stem):
        assert output_single_stem == "Vocals"
        self.folder, self.models, self.loaded = Path(output_dir), Path(model_file_dir), 0

    def load_model(self, model_filename):
        assert (self.models / model_filename).is_file()
        if self.fails == "load":
            raise ValueError(f"Model file {model_filename} not found in supported model files")
        self.loaded += 1

    def separate(self, audio_file_path):
        if self.fails == "separate":
            raise RuntimeError("out of memory")
        if self.fails == "nothing":
            return []
        sound, rate = soundfile.read(audio_file_path)
        name = f"{Path(audio_file_path).stem}_(Vocals)_m.wav"
        soundfile.write(self.folder / name, sound * 0.5, rate)
        return [name]


@pytest.fixture
def separated(tmp_path, monkeypatch):
    """A voice with one sample, and an audio-separator model."""
    voice, models = tmp_path / "anne", tmp_path / "audio-separator"
    voice.mkdir()
    models.mkdir()
    (models / "vocals.onnx").write_bytes(b"model")
    sound, _ = syllables(6, rate=22_050)
    soundfile.write(voice / "a.wav", sound, 22_050)
    package = types.ModuleType("audio_separator")
    inner = types.ModuleType("audio_separator.separator")
    inner.Separator = type("Separator", (FakeSeparator,), {})
    monkeypatch.setitem(sys.modules, "audio_separator", package)
    monkeypatch.setitem(sys.modules, "audio_separator.separator", inner)
    real = cleaning.find_spec
    monkeypatch.setattr(
        cleaning, "find_spec", lambda name: object() if name == "audio_separator" else real(name)
    )
    return voice, models, inner.Separator


def test_vocals_are_separated_where_a_model_lies(separated):
    voice, models, _ = separated
    (done,) = cleaning.clean(voice, models, told=lambda text: None)
    assert done.kept.startswith("vocals")
    assert (voice / "clean/a.wav").is_file()


def test_a_separator_that_cannot_be_loaded_is_done_without(separated):
    voice, models, separator = separated
    separator.fails = "load"
    said = []
    (done,) = cleaning.clean(voice, models, told=said.append)
    assert not done.kept.startswith("vocals")
    assert "cannot be used" in said[0]
    assert "not found in supported model files" in said[0]


@pytest.mark.parametrize(
    ("fails", "part"), [("separate", "out of memory"), ("nothing", "no vocals")]
)
def test_one_that_fails_halfway_leaves_nothing_half_cleaned(separated, fails, part):
    voice, models, separator = separated
    separator.fails = fails
    with pytest.raises(AgentdError, match=part) as caught:
        cleaning.clean(voice, models, told=lambda text: None)
    assert "remove" in caught.value.mend
    assert sorted(file.name for file in voice.iterdir()) == ["a.wav"]
