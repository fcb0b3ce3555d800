"""A recogniser that knows the few sentences it will hear by their sound, for next to no work.

What is left is everything else agentd does for a call: audio, voice activity, endpointing, threads,
dialogue, store. A share of the calls may be given to the real recogniser.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentd.simulator.playing import Samples
from agentd.speech.recogniser import NOTHING, Heard, Recogniser, Stream

FACTOR = 4  # of 8 kHz: speech is told apart well enough under 1 kHz
LEAST = 0.25  # of a correlation of 1: the beginning of a sentence is enough


class Known:
    """Sentences by sound. `nearest` is thread-safe."""

    def __init__(self, sounds: Mapping[str, Samples]) -> None:
        """sounds: text to int16 mono 8 kHz."""
        self._texts = list(sounds)
        self._sounds = [_small(sound, FACTOR) for sound in sounds.values()]
        self._longest = max(map(len, self._sounds))
        self._spectra: dict[int, list[NDArray[np.complex64]]] = {}

    def nearest(self, utterance: Samples) -> Heard:
        """utterance: int16 mono 16 kHz."""
        heard = _small(utterance, 2 * FACTOR)
        if not len(heard):
            return NOTHING
        size = 1 << (len(heard) + self._longest).bit_length()
        if size not in self._spectra:
            self._spectra[size] = [np.conj(np.fft.rfft(s, size)) for s in self._sounds]
        spectrum = np.fft.rfft(heard, size)
        scores = [
            float(np.fft.irfft(spectrum * other, size).max()) for other in self._spectra[size]
        ]
        best = int(np.argmax(scores))
        if scores[best] < LEAST:
            return NOTHING
        return Heard(self._texts[best], 0.95)


def _small(sound: Samples, factor: int) -> NDArray[np.float32]:
    """Fewer samples, of length 1."""
    whole = sound[: len(sound) // factor * factor].astype(np.float32)
    means: NDArray[np.float32] = whole.reshape(-1, factor).mean(axis=1)
    length = float(np.linalg.norm(means))
    return means / np.float32(length) if length else means[:0]


class _Stream:
    def __init__(self, known: Known) -> None:
        self._known = known

    def expect(self, phrases: Sequence[str]) -> None: ...

    def partial(self, utterance: Samples) -> str:
        return self._known.nearest(utterance).text

    def speculate(self, utterance: Samples) -> Heard:
        return self._known.nearest(utterance)

    def final(self, utterance: Samples) -> Heard:
        return self._known.nearest(utterance)

    def close(self) -> None: ...


class Matched:
    """A Recogniser. real: recognises `share` of the calls in its place."""

    streaming = False

    def __init__(self, known: Known, real: Recogniser | None = None, share: float = 0.0) -> None:
        self._known = known
        self._real = real
        self._every = round(1 / share) if share else 0
        self._count = itertools.count()
        self.name = f"matched, 1 call in {self._every}: {real.name}" if real else "matched"

    def warm(self) -> None:
        """Load the real one, if there is one."""
        if self._real is not None:
            self._real.warm()

    def stream(self, vocabulary: Sequence[str] = ()) -> Stream:
        """One for a call."""
        if self._real is not None and next(self._count) % self._every == 0:
            return self._real.stream(vocabulary)
        return _Stream(self._known)


def keep(folder: Path, sounds: Mapping[str, Samples]) -> None:
    """For another process to `load`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.json").write_text(json.dumps(list(sounds)))
    np.savez(folder / "sounds.npz", *sounds.values())


def load(folder: Path) -> dict[str, Samples]:
    """What was kept: text to int16 mono 8 kHz."""
    texts = json.loads((folder / "texts.json").read_text())
    with np.load(folder / "sounds.npz") as kept:
        return {text: kept[f"arr_{number}"] for number, text in enumerate(texts)}
