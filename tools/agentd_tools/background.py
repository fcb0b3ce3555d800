"""Ambience: an office made from nothing, and any file turned into a seamless loop at its level."""

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy import signal

from agentd.errors import BadInput
from agentd.speech.library import Int16

BELOW_SPEECH_DB = 8.0
AT_LEAST_S = 60.0
CROSSFADE_S = 1.0
KNEE, PEAK = 0.5, 0.89  # of full scale: where peaks begin to be rounded off, and end
Floats = NDArray[np.float64]


def office(rate_hz: int, seconds: float = 75.0, seed: int = 7) -> Floats:
    """A quiet room with people in it: ventilation, a far murmur, a keyboard now and then."""
    random = np.random.default_rng(seed)
    count = int(rate_hz * seconds)
    air = _band(random.normal(0, 1, count), 60, 500, rate_hz)
    murmur = np.zeros(count)
    for _ in range(5):  # voices too far to be understood: speech-shaped noise, in syllables
        voice = _band(random.normal(0, 1, count), 250, 1_800, rate_hz)
        steps = random.random(int(seconds * 5) + 2) ** 2
        talking = np.repeat(random.random(int(seconds / 3) + 2) > 0.45, 15)[: steps.size]
        pattern = steps * np.pad(talking, (0, max(0, steps.size - talking.size)))
        envelope = np.interp(np.arange(count) / rate_hz * 5, np.arange(steps.size), pattern)
        murmur += voice * envelope
    keys = np.zeros(count)
    for start in random.uniform(0, seconds - 3, 14):
        for stroke in np.cumsum(random.uniform(0.09, 0.28, random.integers(4, 14))):
            at = int((start + stroke) * rate_hz)
            click = random.normal(0, 1, rate_hz // 80) * np.exp(-np.arange(rate_hz // 80) / 12)
            if at + click.size < count:
                keys[at : at + click.size] += click
    keys = _band(keys, 1_000, min(3_400, rate_hz // 2 - 100), rate_hz)
    return 0.35 * _unit(air) + 0.8 * _unit(murmur) + 0.25 * _unit(keys)


def loop(sound: Floats, rate_hz: int) -> Floats:
    """The sound so that its end runs into its beginning, at least AT_LEAST_S long."""
    fade = int(CROSSFADE_S * rate_hz)
    if sound.size < 3 * fade:
        fade = sound.size // 3
    ramp = np.sin(np.linspace(0, np.pi / 2, fade))  # equal power: the two are not alike
    body = sound[: sound.size - fade].copy()
    body[:fade] = body[:fade] * ramp + sound[sound.size - fade :] * ramp[::-1]
    times = int(np.ceil(AT_LEAST_S * rate_hz / body.size))
    return np.tile(body, times)


def at_loudness(sound: Floats, rate_hz: int, lufs: float) -> Int16:
    """int16 at `lufs` (ITU-R BS.1770), its peaks rounded off. Raises BadInput on silence."""
    loudness = pyloudnorm.Meter(rate_hz).integrated_loudness(sound)
    if not np.isfinite(loudness):  # under -70 LUFS throughout
        raise BadInput("only silence", mend="give a recording of a room with people in it")
    # A door or a key may stand 30 dB out of a room: the room keeps its level, the peak gives way.
    levelled = sound * 10 ** ((lufs - loudness) / 20)
    over = np.abs(levelled) > KNEE
    excess = np.tanh((np.abs(levelled[over]) - KNEE) / (PEAK - KNEE)) * (PEAK - KNEE)
    levelled[over] = np.sign(levelled[over]) * (KNEE + excess)
    samples: Int16 = np.round(levelled * 32767).astype(np.int16)
    return samples


def _band(sound: Floats, low: float, high: float, rate_hz: int) -> Floats:
    sections = signal.butter(2, [low, high], "bandpass", fs=rate_hz, output="sos")
    filtered: Floats = signal.sosfilt(sections, sound)
    return filtered


def _unit(sound: Floats) -> Floats:
    return sound / (np.sqrt(np.mean(sound**2)) or 1.0)
