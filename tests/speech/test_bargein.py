import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_sounds import vowel

from agentd.speech.bargein import BargeIn, Level, Sign, Tuning, is_open
from agentd.speech.frames import FRAME_MS


def signs(script: str, **tuning) -> list[tuple[int, Sign]]:
    """`#` is a frame of somebody who speaks, `h` of one who hums, `r` of somebody in the room; with
    the ms after which each sign came."""
    judge = BargeIn(Tuning(**tuning))
    told = ((i, judge.feed(m != ".", m in "#h", m in "#r")) for i, m in enumerate(script))
    return [((i + 1) * FRAME_MS, sign) for i, sign in told if sign is not None]


def judged_at(script: str) -> int | None:
    """When it was taken for an interruption."""
    return next((at for at, sign in signs(script) if sign is Sign.INTERRUPT), None)


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
    told = [sign for _, sign in signs(frames(4_000))]
    assert told == [Sign.HESITATE, Sign.INTERRUPT]


def test_we_hold_on_as_soon_as_somebody_speaks():
    assert signs(frames(300))[0] == (Tuning().hesitate_ms, Sign.HESITATE)


def test_after_a_backchannel_we_go_on():
    tuning = Tuning()
    assert signs(frames(300) + frames(2_000, ".")) == [
        (tuning.hesitate_ms, Sign.HESITATE),
        (300 + tuning.go_on_ms, Sign.GO_ON),
    ]


def test_a_click_and_a_voice_in_the_room_do_not_make_us_hold_on():
    assert signs(frames(40) + frames(400, ".") + frames(3_000, "r")) == []


def test_who_hums_on_is_not_waited_for_for_ever():
    tuning = Tuning()
    told = signs(frames(6_000, "h"))
    assert [sign for _, sign in told] == [Sign.HESITATE, Sign.GO_ON]
    assert told[1][0] - told[0][0] == tuning.hold_ms


def test_after_such_a_hum_has_stopped_we_hold_on_again():
    script = frames(3_000, "h") + frames(800, ".") + frames(300)
    assert [sign for _, sign in signs(script)] == [Sign.HESITATE, Sign.GO_ON, Sign.HESITATE]


def test_one_say_is_held_a_few_times_at_most():
    told = [sign for _, sign in signs((frames(200) + frames(1_000, ".")) * 8)]
    assert told == [Sign.HESITATE, Sign.GO_ON] * Tuning().holds


def test_who_does_not_want_to_hold_on_only_breaks_off():
    assert [sign for _, sign in signs(frames(2_000), hesitate=False)] == [Sign.INTERRUPT]


@given(st.lists(st.sampled_from("#hr."), max_size=400))
def test_whatever_is_heard_a_hold_comes_to_an_end(script):
    told = [sign for _, sign in signs("".join(script) + frames(1_000, "."))]
    assert told.count(Sign.INTERRUPT) <= 1
    held = False
    for sign in told:
        assert held or sign is not Sign.GO_ON
        held = sign is Sign.HESITATE
    assert not held


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
