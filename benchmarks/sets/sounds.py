"""Voices, noises and lines the sets are made of. Deterministic; nothing is downloaded.

Levels are dBFS RMS, the persons' -22. Sounds are int16 at 8 kHz until `line` brings them to the
ears' 16 kHz, as a fork would: codec, steady noise, what else is in the room, and our own echo.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from agentd.config import Settings
from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Line, Manner
from agentd.simulator.playing import RATE_HZ, TICK, Samples
from agentd.simulator.voices import LEVEL_DBFS, Voices, hum

# Tuning on the first four, testing on the others: no voice is in both.
TUNING = (Manner(), Manner(speed=95, pitch=90), Manner(speed=110, pitch=120), Manner(pitch=140))
TEST = (
    Manner(speed=90, pitch=100),
    Manner(speed=105, pitch=85),
    Manner(speed=100, pitch=130),
    Manner(speed=85, pitch=75),
)
AGENT = Manner(speed=100, pitch=100)
LINES = (
    Line(),
    Line(codec="pcmu"),
    Line(noise_db=-50),
    Line(codec="pcmu", noise_db=-45),
    Line(codec="pcma", noise_db=None),
)
ECHO = Line(echo_db=-20)
Sound = NDArray[np.float64]


@cache
def _voices() -> Voices:
    settings = Settings()
    return Voices(settings.path("models", "pico"), settings.paths.root / ".cache" / "prospects")


def say(text: str, manner: Manner) -> Samples:
    """One text in one voice."""
    return _voices().say(text, manner)


def silence(ms: int) -> Samples:
    """Digital silence."""
    return np.zeros(ms * RATE_HZ // 1000, np.int16)


def joined(*parts: Samples | int) -> Samples:
    """Sounds one after the other; a number is that many ms of silence."""
    return np.concatenate([silence(p) if isinstance(p, int) else p for p in parts])


def at(sound: Samples | Sound, db: float) -> Samples:
    """The same, at an RMS of `db` dBFS."""
    wave = sound.astype(np.float64)
    rms = float(np.sqrt(np.mean(wave**2))) or 1.0
    return np.clip(wave * 32_768 * 10 ** (db / 20) / rms, -32_768, 32_767).astype(np.int16)


def mixed(*sounds: Samples) -> Samples:
    """Sounds over each other, as long as the longest."""
    total = np.zeros(max(len(s) for s in sounds), np.int32)
    for sound in sounds:
        total[: len(sound)] += sound
    return np.clip(total, -32_768, 32_767).astype(np.int16)


def beep(hz: float, ms: int, db: float = -15.0) -> Samples:
    """A tone."""
    t = np.arange(ms * RATE_HZ // 1000) / RATE_HZ
    return at(np.sin(2 * np.pi * hz * t), db)


def dtmf(low: float, high: float, ms: int = 200) -> Samples:
    """A key."""
    t = np.arange(ms * RATE_HZ // 1000) / RATE_HZ
    return at(np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t), -18)


def traffic(ms: int, seed: int) -> Samples:
    """A street: coloured noise that swells and falls."""
    rng = np.random.default_rng(seed)
    n = ms * RATE_HZ // 1000
    spectrum = np.fft.rfft(rng.normal(0, 1, n))
    spectrum /= (np.arange(spectrum.size) + 20) ** 0.6
    t = np.arange(n) / RATE_HZ
    swell = 1 + 0.7 * np.sin(2 * np.pi * 0.4 * t + rng.uniform(0, 6))
    return at(np.fft.irfft(spectrum, n=n) * swell, LEVEL_DBFS)


def music(ms: int, seed: int) -> Samples:
    """Music on hold: chords of plucked, fading harmonics, two a second."""
    rng = np.random.default_rng(seed)
    n = ms * RATE_HZ // 1000
    total = np.zeros(n)
    for start in range(0, n, RATE_HZ // 2):
        t = np.arange(min(RATE_HZ, n - start)) / RATE_HZ
        root = 220 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9]) / 12)
        for ratio in (1, 1.25, 1.5):
            for k in range(1, 6):
                note = np.sin(2 * np.pi * root * ratio * k * t) / k * np.exp(-2.5 * t)
                total[start : start + len(t)] += note
    return at(total, LEVEL_DBFS)


_TALK = (
    "le ministre a annoncé ce matin une réforme des retraites",
    "il fera beau demain sur la moitié nord du pays",
    "je lui ai dit de passer prendre le pain en rentrant",
    "le match se jouera samedi soir au stade de France",
    "on pourrait partir en vacances au mois de septembre",
    "la circulation est difficile sur le périphérique",
)


def talk(ms: int, seed: int) -> Samples:
    """Somebody who goes on talking in the room, or on television."""
    rng = np.random.default_rng(seed)
    manner = (*TUNING, *TEST)[seed % 8]
    parts: list[Samples] = []
    while sum(len(p) for p in parts) < ms * RATE_HZ // 1000:
        parts += [say(_TALK[int(rng.integers(len(_TALK)))], manner), silence(180)]
    return np.concatenate(parts)[: ms * RATE_HZ // 1000]


def babble(ms: int, seed: int) -> Samples:
    """Six who talk at once."""
    return at(mixed(*(talk(ms, seed * 7 + n) for n in range(6))), LEVEL_DBFS)


def television(ms: int, seed: int) -> Samples:
    """A voice over music."""
    return at(mixed(talk(ms, seed), at(music(ms, seed), -32)), LEVEL_DBFS)


ROOMS = {"babble": babble, "traffic": traffic, "music": music, "television": television}


def line(said: Samples, over: Line, ours: Samples | None = None, seed: int = 0) -> list[bytes]:
    """What the ears get: frames of 20 ms at 16 kHz. ours: what we say meanwhile (for its echo)."""
    model, doubler = LineModel(over, seed), Doubler()
    ours = silence(0) if ours is None else ours
    frames = []
    for start in range(0, len(said) - TICK + 1, TICK):
        mine = np.zeros(TICK, np.int16)
        part = ours[start : start + TICK]
        mine[: len(part)] = part
        model.deliver(mine)
        frames.append(doubler.double(model.receive(said[start : start + TICK])))
    return frames


__all__ = ["AGENT", "ECHO", "LINES", "ROOMS", "TEST", "TUNING", "hum"]
