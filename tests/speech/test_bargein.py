import pytest

from agentd.speech.bargein import BargeIn, Level, Tuning
from agentd.speech.frames import FRAME_MS


def judged_at(script: str) -> int | None:
    """`#` is a voiced frame: ms after which it was taken for an interruption."""
    judge = BargeIn(Tuning())
    for i, mark in enumerate(script):
        if judge.feed(mark == "#"):
            return (i + 1) * FRAME_MS
    return None


def frames(ms, mark="#"):
    return mark * (ms // FRAME_MS)


@pytest.mark.parametrize("ms", [120, 260, 340, 440])
def test_backchannels_are_short(ms):
    assert judged_at(frames(ms) + frames(2000, ".")) is None


def test_backchannels_a_second_apart_do_not_add_up():
    assert judged_at((frames(340) + frames(900, ".")) * 5) is None


def test_who_goes_on_means_it():
    assert judged_at(frames(1000)) == Tuning().voiced_ms


def test_gaps_between_words_do_not_hide_it():
    assert judged_at((frames(200) + frames(100, ".")) * 4) == 660


def test_it_is_told_once():
    judge = BargeIn(Tuning())
    assert sum(judge.feed(True) for _ in range(200)) == 1


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
