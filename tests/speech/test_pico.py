"""The embedded voice: what it says, and what it must not do."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gevent.threadpool import ThreadPool
from hypothesis import given, settings
from hypothesis import strategies as st

from agentd.errors import MissingResource, SpeechError
from agentd.speech.pico import LANGUAGE, LIBRARY, RATE_HZ, PicoVoice

pytestmark = pytest.mark.speech
ROOT = Path(__file__).parents[2]
SENTENCE = "Bonjour, je vous appelle de la part de la banque."


@pytest.fixture(scope="module")
def folder(speech_models):
    return speech_models / "pico"


@pytest.fixture(scope="module")
def voice(folder):
    return PicoVoice(folder)


def seconds(samples):
    return samples.size / RATE_HZ


def pitch_hz(samples):
    """The fundamental of the loudest tenth of a second, by autocorrelation."""
    size = RATE_HZ // 10
    frames = samples[: samples.size // size * size].reshape(-1, size).astype(float)
    frame = frames[(frames**2).sum(axis=1).argmax()]
    frame = frame - frame.mean()
    again = np.correlate(frame, frame, "full")[size - 1 :]
    low, high = RATE_HZ // 500, RATE_HZ // 60
    return RATE_HZ / (low + again[low:high].argmax())


def test_a_sentence_lasts_and_sounds_as_long_as_a_person_would_take(voice):
    samples = voice.render(SENTENCE)
    assert (samples.dtype, samples.ndim, voice.rate_hz) == (np.int16, 1, 16_000)
    assert 2.2 < seconds(samples) < 4.5
    rms = np.sqrt(np.mean((samples / 32768.0) ** 2))
    assert -22 < 20 * np.log10(rms) < -12
    longer = voice.render(f"{SENTENCE} Avez-vous une minute pour deux questions ?")
    assert seconds(longer) > seconds(samples) + 1


@pytest.mark.parametrize(
    "text",
    [
        # Each of these reaches full scale at Pico's own level of 100.
        "3/4",
        "06 12 34 56 78",
        "Bonjour, je vous appelle de la banque.",
        "Je comprends. À ce stade je ne vous demande rien à payer, absolument rien !",
    ],
)
def test_nothing_is_clipped(voice, text):
    assert np.abs(voice.render(text).astype(int)).max() < 31_000


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1000 euros", "mille euros"),
        ("1 000 euros", "mille euros"),
        ("25 %", "vingt-cinq pour cent"),
        ("le 1er juin", "le premier juin"),
        ("l’été", "l'été"),
    ],
)
def test_numbers_and_signs_are_said_whole(voice, written, said):
    assert abs(seconds(voice.render(written)) - seconds(voice.render(said))) < 0.3


@pytest.mark.parametrize("text", ["", "   ", "\n", "...", "!", "«»", "\0", "\ud800", "中文"])
def test_nothing_to_say_is_an_error(voice, text):
    with pytest.raises(SpeechError, match="nothing to say"):
        voice.render(text)
    assert seconds(voice.render("oui")) > 0.3  # and the next text is said


def test_what_is_no_text_is_left_out(voice):
    assert np.array_equal(voice.render("oui\ud800 madame"), voice.render("oui madame"))
    assert np.array_equal(voice.render("oui\0madame"), voice.render("oui madame"))


def test_marks_are_said_and_not_obeyed(voice):
    """A contact's name may hold anything."""
    plain = voice.render("<volume level='200'> oui")
    assert np.abs(plain.astype(int)).max() < 31_000
    assert seconds(plain) > seconds(voice.render("oui")) + 1


def test_a_text_longer_than_pico_takes_is_an_error(voice):
    with pytest.raises(SpeechError, match=r"too long for Pico"):
        voice.render("mot " * 8_000)
    assert seconds(voice.render("oui")) > 0.3


def test_speed_and_pitch_change_the_sound(folder, voice):
    plain = voice.render(SENTENCE)
    fast, slow = (PicoVoice(folder, speed=speed).render(SENTENCE) for speed in (150, 70))
    assert seconds(fast) < 0.85 * seconds(plain) < 0.85 * 0.85 * seconds(slow)
    high, low = (PicoVoice(folder, pitch=pitch).render(SENTENCE) for pitch in (150, 60))
    assert pitch_hz(low) < 0.8 * pitch_hz(plain) < 0.8 * 0.8 * pitch_hz(high)


def test_volume_is_told_and_not_rendered(folder, voice):
    """Recordings are levelled: rendered, it would be undone there or clip here."""
    loud = PicoVoice(folder, volume=200)
    assert np.array_equal(loud.render(SENTENCE), voice.render(SENTENCE))
    assert abs(loud.level_db - 6.02) < 0.01
    assert voice.level_db == 0
    assert loud.settings != voice.settings


def test_a_text_always_sounds_the_same(folder, voice):
    first = voice.render(SENTENCE)
    voice.render("Tout autre chose, entre-temps.")
    assert np.array_equal(voice.render(SENTENCE), first)
    assert np.array_equal(PicoVoice(folder).render(SENTENCE), first)


def test_two_threads_speak_at_once_and_each_says_its_own(folder):
    """As `Workers` uses it: native threads under gevent."""
    voice = PicoVoice(folder)
    texts = [f"{SENTENCE} Numéro {n}." for n in range(6)]
    wanted = [voice.render(text) for text in texts]
    pool = ThreadPool(2)
    try:
        jobs = [pool.spawn(voice.render, text) for text in texts * 3]
        said = [job.get(timeout=60) for job in jobs]
    finally:
        pool.kill()
    assert all(np.array_equal(a, b) for a, b in zip(said, wanted * 3, strict=True))


def test_threads_without_gevent_too(folder):
    """As `agent-tools` uses it. A process of its own: here everything is patched."""
    code = f"""
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from agentd.speech.pico import PicoVoice
voice = PicoVoice(Path({str(folder)!r}))
texts = [f"{SENTENCE} Numéro {{n}}." for n in range(4)] * 3
wanted = [voice.render(text) for text in texts]
with ThreadPoolExecutor(2) as pool:
    said = list(pool.map(voice.render, texts))
assert all(np.array_equal(a, b) for a, b in zip(said, wanted))
print("same")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == ("same\n", 0), done.stderr


def test_an_engine_that_is_no_longer_used_closes_its_files(folder):
    PicoVoice(folder).render("oui")
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        PicoVoice(folder).render("oui")
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize("part", [LIBRARY, *LANGUAGE])
def test_a_missing_part_is_named(folder, tmp_path, part):
    for file in (LIBRARY, *LANGUAGE):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).symlink_to(folder / file)
    (tmp_path / part).unlink()
    with pytest.raises(MissingResource, match=rf"{part} is missing") as caught:
        PicoVoice(tmp_path)
    assert caught.value.mend == "agentd models fetch pico"


@pytest.mark.parametrize("part", [LIBRARY, *LANGUAGE])
def test_a_broken_part_is_an_error_and_no_crash(folder, tmp_path, part):
    for file in (LIBRARY, *LANGUAGE):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).symlink_to(folder / file)
    (tmp_path / part).unlink()
    (tmp_path / part).write_bytes(b"no such thing" * 100)
    with pytest.raises(SpeechError):
        PicoVoice(tmp_path).render("oui")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_said_or_refused(voice, text):
    try:
        samples = voice.render(text)
    except SpeechError:
        return
    assert samples.any()
