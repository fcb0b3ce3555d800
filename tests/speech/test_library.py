import resource

import msgspec
import numpy as np
import pytest
import soundfile

from agentd import config
from agentd.dialogue.actions import Clip
from agentd.errors import BadInput, MissingResource, SpeechError
from agentd.speech.library import (
    AudioLibrary,
    Manifest,
    Recording,
    at_level,
    resample,
    tighten,
    trim,
    write_wav,
)
from agentd.speech.synthesis import open_voice, read_voice, speakable

RATE = 16_000


def tone(ms, amplitude=8000):
    return (amplitude * np.sin(np.arange(RATE * ms // 1000) * 0.2)).astype(np.int16)


def quiet(ms):
    return np.zeros(RATE * ms // 1000, np.int16)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "agentd.toml").write_text("")
    return config.load(tmp_path / "agentd.toml", environ={})


@pytest.fixture
def library(settings):
    made = AudioLibrary(settings, "julie")
    clip = Clip("phrases/bye", "Au revoir.")
    for rate in (8000, 16000, 22050):
        write_wav(made.path(clip.key, rate), resample(tone(500), RATE, rate), rate)
    manifest = Manifest({clip.key: Recording("Au revoir.", "x", "pico", 500)})
    (made.folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return made


def test_a_recording_is_found_for_the_text_it_says(library):
    found = library.find(Clip("phrases/bye", "Au revoir."), 8000)
    assert library.duration_ms(found) == 500


def test_an_edited_text_has_no_recording(library):
    edited = Clip("phrases/bye", "À bientôt.")
    assert library.find(edited, 8000) is None
    assert library.missing([edited, Clip("phrases/bye", "Au revoir.")]) == [edited]


def test_a_deleted_file_is_missing(library):
    library.path("phrases/bye", 8000).unlink()
    assert library.find(Clip("phrases/bye", "Au revoir."), 8000) is None


def test_a_manifest_written_meanwhile_is_seen(library):
    text = (library.folder / "manifest.json").read_text().replace("Au revoir.", "Adieu madame.")
    (library.folder / "manifest.json").write_text(text)
    assert library.find(Clip("phrases/bye", "Adieu madame."), 8000) is not None


def test_a_broken_manifest_says_what_to_do(library):
    (library.folder / "manifest.json").write_text("{")
    with pytest.raises(SpeechError, match="agent-tools clone-voice"):
        library.find(Clip("phrases/bye", "Au revoir."), 8000)


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "a b", ""])
def test_a_key_stays_inside_the_folder(library, key):
    with pytest.raises(SpeechError):
        library.path(key, 8000)


def test_a_voice_is_a_plain_name(settings):
    with pytest.raises(BadInput):
        AudioLibrary(settings, "../julie")


def test_silence_is_cut_from_both_ends():
    trimmed = trim(np.concatenate([quiet(400), tone(300), quiet(500)]), RATE)
    assert 350 <= trimmed.size * 1000 / RATE <= 365


def test_long_pauses_are_shortened_and_short_ones_kept():
    said = np.concatenate([tone(300), quiet(700), tone(300), quiet(100), tone(300)])
    assert abs(tighten(said, RATE).size * 1000 / RATE - (900 + 240 + 100)) <= 20


def test_level():
    levelled = at_level(tone(500, 1000), -20)
    rms = np.sqrt(np.mean((levelled / 32768.0) ** 2))
    assert abs(20 * np.log10(rms) + 20) < 0.2
    spike = np.zeros(RATE, np.int16)
    spike[100] = 20_000
    assert np.abs(at_level(spike, -20)).max() <= 0.9 * 32767


def test_what_the_disk_takes_no_more_of_is_said_and_leaves_nothing(tmp_path, capfd):
    """The kernel refuses, not a fake: a file may have 1,000 bytes (RLIMIT_FSIZE)."""
    path = tmp_path / "deep" / "Q1.wav"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with capfd.disabled():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        try:
            with pytest.raises(SpeechError, match=r"Q1\.wav cannot be written: File too large"):
                write_wav(path, np.zeros(20_000, np.int16), 8_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(path.parent.iterdir()) == []
    write_wav(path, np.zeros(20_000, np.int16), 8_000)
    assert soundfile.info(path).frames == 20_000


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpeechError, match="cannot be written: File exists"):
        write_wav(tmp_path / "file" / "Q1.wav", np.zeros(100, np.int16), 8_000)


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    with pytest.raises(SpeechError, match="No space"):
        write_wav(tmp_path / "a" / "x.wav", tone(10), RATE)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bonjour M. Dupont", "Bonjour Monsieur Dupont"),
        ("10 % de 200 €", "10 pour cent de 200 euros"),
        ("<speed level='1'>ah", "speed level='1' ah"),
    ],
)
def test_speakable(text, said):
    assert speakable(text) == said


def test_a_voice_file_is_checked(tmp_path):
    folder = tmp_path / "julie"
    folder.mkdir()
    (folder / "voice.yaml").write_text("engine: pico\nspeed: fast\n")
    with pytest.raises(BadInput, match=r"voice\.yaml: speed"):
        read_voice(folder)
    with pytest.raises(BadInput, match="no voice 'none'"):
        read_voice(tmp_path / "none")


def test_without_any_engine_the_mend_is_told(settings, monkeypatch):
    (settings.path("voices", "julie")).mkdir(parents=True)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(MissingResource, match="agentd models fetch pico"):
        open_voice(settings, "julie")


@pytest.mark.speech
def test_what_has_no_recording_is_synthesised_once(settings, speech_models):
    settings.path("voices", "julie").mkdir(parents=True)
    settings.paths.root.joinpath("models").symlink_to(speech_models)
    library = AudioLibrary(settings, "julie")
    clip = Clip("scenarios/x/Hello", "Bonjour Jean, je vous appelle de la part de la banque.")
    path = library.synthesise(clip, 8000)
    stamp = path.stat().st_mtime_ns
    assert 1500 < library.duration_ms(path) < 6000
    assert library.synthesise(clip, 8000).stat().st_mtime_ns == stamp
    assert library.find(clip, 8000) == path
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 8000
    assert np.abs(samples[: 8 * 60]).max() > 300  # it begins within 60 ms
