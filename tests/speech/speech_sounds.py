"""Sounds made from nothing: noises, and something a voice detector takes for a voice."""

import numpy as np

RATE = 16_000


def noise(seconds, db, colour=0.0, seed=1):
    """Noise of an RMS of `db` dBFS; its power falls with frequency to the power `colour`."""
    n = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, n))
    spectrum /= (np.arange(spectrum.size) + 1) ** (colour / 2)
    sound = np.fft.irfft(spectrum, n=n)
    return sound / sound.std() * 10 ** (db / 20)


def vowel(seconds, db=-20, pitch=140):
    """Something a voice detector takes for a voice: harmonics of a pitch, shaped by formants."""
    t = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros_like(t)
    for k in range(1, 28):
        f = pitch * k
        loud = sum(np.exp(-(((f - formant) / 180) ** 2)) for formant in (600, 1100, 2500))
        sound += (0.03 + loud) * np.sin(2 * np.pi * f * t)
    return sound / sound.std() * 10 ** (db / 20)
