import numpy as np
import pytest
from speech_sounds import vowel

from agentd.speech.bargein import BargeIn, Level, Tuning, is_open
from agentd.speech.frames import FRAME_MS


def judged_at(script: str) -> int | None:
    """`#` is a frame of somebody who speaks, `h` of one who hums, `r` of somebody in the room: ms
    after which it was taken for an interruption."""
    judge = BargeIn(Tuning())
    for i, mark in enumerate(script):
        if judge.feed(mark != ".", mark in "#h", mark in "#r"):
            return (i + 1) * FRAME_MS
    return None


def frames(ms, mark="#"):
    return mark * (ms // FRAME_MS)


@pytest.mark.parametrize("ms", [120, 260, 340, 440])
def test_backchannels_are_short(ms):
    assert judged_at(frames(ms) + frames(2000, ".")) is None


def test_a_long_hum_is_a_backchannel():
    assert judged_at(frames(360, "h") + frames(100, ".") + frames(900, "h")) is None


def test_who_talks_in_the_room_is_not_on_the_line():
    assert judged_at(frames(3000, "r")) is None


def test_backchannels_a_second_apart_do_not_add_up():
    assert judged_at((frames(340) + frames(900, ".")) * 5) is None


def test_who_goes_on_means_it():
    assert judged_at(frames(1000)) == Tuning().voiced_ms


def test_gaps_between_words_do_not_hide_it():
    assert judged_at((frames(200) + frames(100, ".")) * 4) == 620


def test_pauses_do_not_hide_it():
    assert judged_at((frames(240) + frames(400, ".")) * 3) == 240 + 400 + 240


def test_it_is_told_once():
    judge = BargeIn(Tuning())
    assert sum(judge.feed(True, True, True) for _ in range(200)) == 1


@pytest.mark.parametrize("pitch", [90, 130, 200])
def test_a_hum_has_nothing_above(pitch):
    t = np.arange(320) / 16_000
    hum = sum(np.sin(2 * np.pi * k * pitch * t) / k**2 for k in range(1, 7))
    assert not is_open((hum * 5_000).astype(np.int16))
    assert is_open((vowel(0.02) * 32_767).astype(np.int16))


def test_an_echo_is_left_under_and_forgotten_when_it_is_gone():
    level = Level(Tuning())
    for _ in range(100):
        level.learn(2_400)
    for _ in range(100):
        level.learn_echo(400)
    assert 400 * 1.5 < level.soft < level.threshold
    for _ in range(200):
        level.learn_echo(40)
    assert level.soft == pytest.approx(2_400 * Tuning().soft_share)


def test_before_the_person_was_heard_a_fixed_level_counts():
    assert Level(Tuning()).threshold == Tuning().unknown_rms


@pytest.mark.parametrize(
    ("own", "threshold"), [(3000, 1050), (1000, 350), (300, 250), (20_000, 2000)]
)
def test_the_person_s_own_level_sets_the_threshold(own, threshold):
    level = Level(Tuning())
    for _ in range(100):
        level.learn(own)
    assert level.threshold == pytest.approx(threshold)


def test_one_loud_cough_does_not_move_it_much():
    level = Level(Tuning())
    for _ in range(100):
        level.learn(2000)
    level.learn(20_000)
    assert level.threshold < 1.6 * 2000 * Tuning().share
