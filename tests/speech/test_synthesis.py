"""Which engine a voice uses, and what a person would read aloud. Pico itself: test_pico.py."""

import shutil

import numpy as np
import pytest
from structlog.testing import capture_logs

from agentd import config
from agentd.dialogue.actions import Clip
from agentd.errors import BadInput, MissingResource, SpeechError
from agentd.speech.library import AudioLibrary, say
from agentd.speech.pico import PicoVoice
from agentd.speech.synthesis import EspeakVoice, open_voice, read_voice, speakable

espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng here")


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "agentd.toml").write_text("")
    (tmp_path / "voices/julie").mkdir(parents=True)
    return config.load(tmp_path / "agentd.toml", environ={})


def with_engine(settings, engine):
    voice = settings.voice.model_copy(update={"engine": engine})
    return settings.model_copy(update={"voice": voice})


def voice_file(settings, text):
    settings.path("voices", "julie", "voice.yaml").write_text(text, encoding="utf-8")
    return settings.path("voices", "julie")


# -- voice.yaml -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing\n", "engine: pico\n"])
def test_what_is_not_said_has_a_default(settings, text):
    file = read_voice(voice_file(settings, text))
    assert (file.engine, file.speed, file.pitch, file.volume) == ("pico", 100, 100, 100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed: 49", "speed: Input should be greater than or equal to 50, got 49"),
        ("pitch: 201", "pitch: Input should be less than or equal to 200, got 201"),
        ("volume: loud", "volume: Input should be a valid integer"),
        (
            "engine: festival",
            "engine: Input should be 'pico', 'espeak', 'piper' or 'xtts', got 'festival'",
        ),
        ("spede: 100", "spede: Extra inputs are not permitted"),
        ("- pico", "the file: Input should be"),
        ("engine: [", "not valid YAML"),
        ("engine: !!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_a_bad_voice_file_names_the_field(settings, text, said):
    with pytest.raises(BadInput) as caught:
        read_voice(voice_file(settings, text))
    assert "voices/julie/voice.yaml: " in str(caught.value)
    assert said in str(caught.value)


def test_a_voice_file_that_cannot_be_read(settings):
    settings.path("voices", "julie", "voice.yaml").mkdir()
    with pytest.raises(BadInput, match=r"voice\.yaml: cannot be read"):
        read_voice(settings.path("voices", "julie"))


def test_a_voice_file_that_is_no_text(settings):
    settings.path("voices", "julie", "voice.yaml").write_bytes(b"engine: \xff")
    with pytest.raises(BadInput, match=r"voice\.yaml: "):
        read_voice(settings.path("voices", "julie"))


# -- which engine -----------------------------------------------------------------------------


@espeak
def test_without_pico_espeak_speaks_and_says_so(settings):
    with capture_logs() as logs:
        voice = open_voice(settings, "julie")
    assert voice.name == "espeak-ng fr"
    assert [(entry["log_level"], entry["mend"]) for entry in logs] == [
        ("warning", "agentd models fetch pico")
    ]


@espeak
def test_an_engine_that_is_asked_for_is_not_replaced(settings):
    with pytest.raises(MissingResource, match="agentd models fetch pico"):
        open_voice(with_engine(settings, "pico"), "julie")
    assert open_voice(with_engine(settings, "espeak"), "julie").name == "espeak-ng fr"
    voice_file(settings, "engine: espeak")
    assert open_voice(settings, "julie").name == "espeak-ng fr"


def test_without_espeak_either_the_mend_is_told(settings, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MissingResource, match="agentd models fetch pico"):
        open_voice(settings, "julie")
    with pytest.raises(MissingResource, match="apt-get install espeak-ng"):
        open_voice(with_engine(settings, "espeak"), "julie")


@pytest.mark.speech
def test_pico_takes_the_levels_of_the_file(settings, speech_models):
    settings.path("models").symlink_to(speech_models)
    voice_file(settings, "speed: 120\npitch: 80\nvolume: 50\n")
    voice = open_voice(settings, "julie")
    assert voice.settings == "pico speed=120 pitch=80 volume=50"
    assert abs(voice.level_db + 6.02) < 0.01
    assert voice.licence == "Apache-2.0"


# -- espeak-ng --------------------------------------------------------------------------------


@espeak
def test_espeak_says_a_sentence():
    voice = EspeakVoice()
    samples = voice.render("Bonjour, je vous appelle de la part de la banque.")
    assert 2 < samples.size / voice.rate_hz < 5
    assert 300 < np.sqrt(np.mean(samples.astype(float) ** 2)) < 12_000
    assert np.abs(samples.astype(int)).max() < 32_767
    assert np.array_equal(
        samples, voice.render("Bonjour, je vous appelle de la part de la banque.")
    )
    assert (
        EspeakVoice(speed=150).render("Bonjour madame").size < voice.render("Bonjour madame").size
    )
    high = EspeakVoice(pitch=180).render("Bonjour madame")
    assert not np.array_equal(high, voice.render("Bonjour madame"))


@espeak
@pytest.mark.parametrize("text", ["", "  ", "..."])
def test_espeak_has_nothing_to_say(text):
    with pytest.raises(SpeechError, match="nothing to say"):
        EspeakVoice().render(text)


@espeak
@pytest.mark.parametrize("text", ["-h", "--version", "oui\0non", "oui \ud800"])
def test_no_text_is_an_option_or_an_accident(text):
    assert EspeakVoice().render(text).size > 2_000


@espeak
def test_an_espeak_that_hangs_or_fails_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("agentd.speech.synthesis.ESPEAK_TIMEOUT_S", 0.2)
    voice = EspeakVoice()
    for text in ("#!/bin/sh\nexec sleep 20\n", "#!/bin/sh\nexit 3\n"):
        program = tmp_path / "espeak-ng"
        program.write_text(text)
        program.chmod(0o755)
        voice._command[0] = str(program)
        with pytest.raises(SpeechError, match="espeak-ng failed"):
            voice.render("oui")


# -- what is read aloud -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bonjour M. Dupont et Mme Élie", "Bonjour Monsieur Dupont et Madame Élie"),
        ("M. et Mme Dupont", "M. et Madame Dupont"),
        ("12,50 € par mois", "12,50 euros par mois"),
        ("5\u202f% ou 5\u00a0%", "5 pour cent ou 5 pour cent"),
        ("le n° 3", "le numéro 3"),
        ("il dit « oui » demain", "il dit oui demain"),
        ("**gras** _ou_ <b>pas</b>", "gras ou b pas /b"),
        ("  deux\n\nlignes ", "deux lignes"),
        ("", ""),
    ],
)
def test_speakable(text, said):
    assert speakable(text) == said


def test_what_is_speakable_stays_so():
    for text in ("M. Dupont doit 5 € : 10 %, n° 3", "«»", "a  b"):
        assert speakable(speakable(text)) == speakable(text)


# -- voice and library ------------------------------------------------------------------------


@pytest.mark.speech
def test_what_is_said_begins_and_ends_with_speech_at_its_level(settings, speech_models):
    settings.path("models").symlink_to(speech_models)
    voice = PicoVoice(speech_models / "pico")
    spoken = say(voice, "Bonjour.    Deux pauses...   puis la fin.")
    edge = voice.rate_hz * 60 // 1000
    assert np.abs(spoken[:edge]).max() > 327
    assert np.abs(spoken[-edge:]).max() > 327
    quiet = np.abs(spoken.astype(int)) <= 200
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]]))))[::2]
    assert runs.max() / voice.rate_hz < 0.27


@pytest.mark.speech
@pytest.mark.parametrize(("volume", "level"), [(100, -20), (50, -26.02)])
def test_the_volume_of_a_voice_is_heard_in_a_call(settings, speech_models, volume, level):
    import soundfile

    settings.path("models").symlink_to(speech_models)
    voice_file(settings, f"volume: {volume}\n")
    path = AudioLibrary(settings, "julie").synthesise(Clip("x/y", "Bonjour madame Dupont."), 8_000)
    samples, rate = soundfile.read(path)
    assert rate == 8_000
    assert abs(20 * np.log10(np.sqrt(np.mean(samples**2))) - level) < 0.2
    assert np.abs(samples).max() < 0.9


@pytest.mark.speech
def test_a_clip_without_words_is_an_error_and_leaves_no_file(settings, speech_models):
    settings.path("models").symlink_to(speech_models)
    library = AudioLibrary(settings, "julie")
    with pytest.raises(SpeechError, match="nothing to say"):
        library.synthesise(Clip("scenarios/x/Hello", "{...}"), 8_000)
    assert not list(settings.path("audio").rglob("*.wav"))
