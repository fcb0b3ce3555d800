"""Loops and levels, measured."""

import numpy as np
import pyloudnorm
import pytest
from agentd_tools.background import AT_LEAST_S, PEAK, at_loudness, loop, office
from scipy import signal

from agentd.errors import BadInput

RATES = (8_000, 16_000)


def energy_db(sound, rate, ms=50):
    """Short-time energy, one value each `ms`."""
    size = rate * ms // 1000
    blocks = sound[: sound.size // size * size].reshape(-1, size)
    return 10 * np.log10((blocks**2).mean(axis=1) + 1e-12)


def across_the_joint(looped):
    """The loop turned by half, so that its joint stands in the middle."""
    return np.roll(looped, looped.size // 2)


def assert_no_seam(looped, rate, period=None):
    """At the joint neither the waveform nor its slope nor its energy does what it does nowhere
    else. period: samples between two joints, when there are several."""
    turned = across_the_joint(looped)
    middle = looped.size // 2
    for order in (1, 2):
        steps = np.abs(np.diff(turned, order))
        at_joint = steps[middle - 3 : middle + 3].max()
        between = steps[middle - min(period or middle, middle) + 10 : middle - 10]
        assert at_joint <= between.max(), f"difference {order}"
    energy = energy_db(turned[middle - rate : middle + rate], rate)
    elsewhere = np.concatenate(
        [energy_db(turned[: middle - rate], rate), energy_db(turned[middle + rate :], rate)]
    )
    assert energy.min() >= elsewhere.min() - 3
    assert energy.max() <= elsewhere.max() + 3


def room(rate, seconds, seed=3, top=300):
    random = np.random.default_rng(seed)
    sos = signal.butter(2, [40, top], "bandpass", fs=rate, output="sos")
    return 0.1 * signal.sosfilt(sos, random.normal(0, 1, int(rate * seconds)))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.4, 2.0, 10.0, 75.0])
def test_a_loop_has_no_seam(rate, seconds):
    looped = loop(room(rate, seconds), rate)
    assert looped.size >= AT_LEAST_S * rate
    period = round(rate * seconds) - min(rate, round(rate * seconds) // 3)
    assert_no_seam(looped, rate, period)
    # Every joint within it is one of the same kind.
    if looped.size >= 2 * period:
        np.testing.assert_allclose(looped[:period], looped[period : 2 * period])


def test_the_measure_itself_hears_a_seam():
    """A hum cut anywhere but at a whole number of periods: what `loop` is there to mend."""
    rate = 8_000
    t = np.arange(int(rate * 61.303)) / rate
    hum = np.sin(2 * np.pi * 50.7 * t)
    with pytest.raises(AssertionError, match="difference"):
        assert_no_seam(hum, rate)
    gap = room(rate, 61)
    gap[: rate // 10] *= 0.3
    with pytest.raises(AssertionError):
        assert_no_seam(gap, rate)


def test_the_energy_holds_through_the_crossfade():
    rate = 16_000
    looped = loop(room(rate, 65), rate)
    second, rest = looped[:rate], looped[rate:]
    assert abs(10 * np.log10((second**2).mean() / (rest**2).mean())) < 1.0


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_a_few_samples_still_make_a_loop(size):
    assert loop(np.full(size, 0.1), 8_000).size >= AT_LEAST_S * 8_000


@pytest.mark.parametrize("rate", RATES)
def test_the_office_is_at_its_level_without_a_seam_or_a_clipped_sample(rate):
    made = at_loudness(loop(office(rate), rate), rate, -28)
    sound = made / 32768
    assert abs(pyloudnorm.Meter(rate).integrated_loudness(sound) + 28) < 0.2
    assert np.abs(made).max() <= PEAK * 32768
    assert_no_seam(sound, rate)
    energy = energy_db(sound, rate, 1000)
    assert energy.min() > -45  # nowhere silent
    assert abs(sound.mean()) < 1e-3


def test_an_office_is_the_same_each_time_it_is_made():
    assert np.array_equal(office(8_000, 5), office(8_000, 5))


def test_a_peak_gives_way_and_the_room_keeps_its_level():
    sound = room(8_000, 60, top=2_000)
    sound[::40_000] += 5  # doors, 34 dB above the room
    made = at_loudness(sound, 8_000, -20)
    assert abs(pyloudnorm.Meter(8_000).integrated_loudness(made / 32768) + 20) < 1.0
    assert np.abs(made).max() <= PEAK * 32768


def test_silence_has_no_level():
    with pytest.raises(BadInput, match="only silence"):
        at_loudness(np.zeros(80_000), 8_000, -28)
