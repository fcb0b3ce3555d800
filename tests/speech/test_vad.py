import numpy as np
import pytest
from speech_sounds import RATE, noise, vowel

from agentd.speech.frames import FRAME_BYTES
from agentd.speech.vad import Vad


def voiced(sound, vad=None, level=2):
    """Which frames of float sound (-1 to 1) hold a voice."""
    vad = vad or Vad(level)
    raw = (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes()
    whole = len(raw) - len(raw) % FRAME_BYTES
    return np.array(
        [vad.voiced(raw[i : i + FRAME_BYTES]) for i in range(0, whole, FRAME_BYTES)], bool
    )


def test_digital_silence_is_no_voice():
    assert not voiced(np.zeros(RATE * 2)).any()


def test_a_voice_is_heard_and_its_end_too():
    sound = np.concatenate([noise(1, -60), vowel(0.5), noise(1, -60)])
    heard = voiced(sound)
    assert not heard[:49].any()
    assert heard[52:74].mean() > 0.9
    assert not heard[85:].any()


def test_a_faint_voice_under_the_floor_is_the_neighbour_s():
    assert not voiced(np.concatenate([noise(1, -40), vowel(0.5, db=-39)]))[50:].any()


@pytest.mark.parametrize("db", [-70, -60, -50, -40, -30, -20])
@pytest.mark.parametrize("colour", [0.0, 1.0])
def test_a_steady_noise_is_no_voice_once_it_is_known(db, colour):
    heard = voiced(noise(8, db, colour))
    assert heard[250:].mean() < 0.03


def test_after_a_loud_noise_a_normal_voice_is_heard_again():
    vad = Vad(2)
    voiced(noise(6, -22), vad)
    voiced(noise(1, -60), vad)
    assert voiced(vowel(0.5), vad).mean() > 0.8


def test_ten_seconds_of_talk_with_gaps_do_not_raise_the_floor_to_the_voice():
    vad = Vad(2)
    word = np.concatenate([vowel(0.7), noise(0.15, -55)])
    for _ in range(12):
        last = voiced(word, vad)
    assert last[:35].mean() > 0.8


def test_rms_is_of_the_last_frame():
    vad = Vad(2)
    vad.voiced(np.full(320, 1000, np.int16).tobytes())
    assert vad.rms == pytest.approx(1000)
