import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_sounds import RATE, noise, vowel

from agentd.speech.beep import HELD_MS, BeepDetector
from agentd.speech.frames import FRAME_BYTES, FRAME_MS


def tone(hz, seconds, db=-15):
    t = np.arange(int(seconds * RATE)) / RATE
    return np.sqrt(2) * np.sin(2 * np.pi * hz * t) * 10 ** (db / 20)


def silence(seconds):
    return np.zeros(int(seconds * RATE))


def feed(detector, frame):
    samples = np.frombuffer(frame, np.int16).astype(np.float64)
    return detector.feed(frame, float(np.sqrt(np.mean(samples**2))))


def heard(*sounds, noise_db=-55):
    """(what, Hz, ms since the first of `sounds` began) of each thing told, half a second around."""
    sound = np.concatenate([silence(0.5), *sounds, silence(0.5)])
    sound = sound + noise(sound.size / RATE, noise_db)
    raw = (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes()
    detector, told = BeepDetector(), []
    for number, at in enumerate(range(0, len(raw) - FRAME_BYTES + 1, FRAME_BYTES)):
        found = feed(detector, raw[at : at + FRAME_BYTES])
        if found is not None:
            told.append((found.what, round(found.hz), (number + 1) * FRAME_MS - 500))
    return told


@pytest.mark.parametrize("hz", [440, 480, 620, 850, 1000, 1400, 1633, 2000, 2100])
@pytest.mark.parametrize(("db", "noise_db"), [(-12, -60), (-30, -50)])
def test_a_beep_is_told_while_it_sounds_and_when_it_is_over(hz, db, noise_db):
    (began, near, at), (ended, _, end) = heard(tone(hz, 0.4, db), noise_db=noise_db)
    assert (began, ended) == ("began", "ended")
    assert near == pytest.approx(hz, abs=4)
    assert at <= HELD_MS + 40
    assert 340 <= end <= 480


def test_what_is_no_beep():
    assert heard(vowel(1.5)) == []
    assert heard(noise(1.0, -20)) == []
    assert heard(tone(1000, 0.1)) == []
    assert heard(tone(1000, 0.5, -60)) == []  # under the line's noise
    assert heard(tone(200, 0.5)) == []  # mains, a lorry
    assert heard(tone(3000, 0.5)) == []


@pytest.mark.parametrize("low", [697, 770, 852, 941])
@pytest.mark.parametrize("high", [1209, 1336, 1477])
def test_a_key_is_no_beep(low, high):
    assert heard(tone(low, 0.4, -18) + tone(high, 0.4, -16)) == []


def test_a_tone_that_glides_is_no_beep():
    t = np.arange(int(0.8 * RATE)) / RATE
    assert heard(0.3 * np.sin(2 * np.pi * (500 * t + 400 * t * t))) == []


def test_a_fax_is_told_apart():
    assert [what for what, _, _ in heard(tone(2100, 3.0))] == ["began", "long"]


def test_the_special_information_tone():
    tones = heard(tone(950, 0.33), tone(1400, 0.33), tone(1800, 0.33))
    assert [what for what, _, _ in tones] == ["began", "ended", "began", "ended", "sit", "ended"]
    assert "sit" not in [w for w, _, _ in heard(tone(950, 0.33), tone(1400, 0.33), tone(1400, 0.4))]


def test_a_packet_lost_within_a_beep_does_not_end_it():
    assert [w for w, _, _ in heard(tone(1000, 0.3), silence(0.02), tone(1000, 0.3))][-1:] == [
        "ended"
    ]


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=FRAME_BYTES * 12))
def test_any_sound_is_taken(raw):
    detector = BeepDetector()
    for at in range(0, len(raw) - FRAME_BYTES + 1, FRAME_BYTES):
        feed(detector, raw[at : at + FRAME_BYTES])
