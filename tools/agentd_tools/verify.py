"""Is a recording what it should be? It is recognised back, and its length and level looked at."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from rapidfuzz.distance import Levenshtein

from agentd.dialogue.text import normalise
from agentd.speech.library import Int16
from agentd.speech.recogniser import RATE_HZ, Recogniser

# Far over what the embedded Whisper makes of julie's lines: docs/voices.md has the figures.
WORD_ERROR_MOST = 0.5
FEWEST_WORDS = 4  # one word misheard of "Ça vous parle ?" says nothing of the recording
SLOWEST, FASTEST = 5.0, 30.0  # characters a second; outside: it babbles, or stops halfway
LEVEL_OFF_DB = 6.0
PIECE_S = 24.0  # what is recognised at a time
_UNITS = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
).split()
_TENS = ("", "dix", "vingt", "trente", "quarante", "cinquante", "soixante")


class Check(Protocol):
    """Judges one recording; None where there is no recogniser to ask."""

    def __call__(self, text: str, samples: Int16, rate_hz: int) -> "Verdict":
        """samples: int16 mono at 16 kHz. Native work."""


@dataclass(frozen=True)
class Verdict:
    """word_error: 0 is perfect, over 1 when more was heard than said. problem: empty when good."""

    word_error: float | None
    heard: str = ""
    problem: str = ""

    @property
    def badness(self) -> tuple[bool, float]:
        """For choosing the best of several renderings."""
        return bool(self.problem), self.word_error or 0.0


def shape(text: str, samples: Int16, rate_hz: int, level_off_db: float | None) -> str:
    """What is wrong with a recording's length and level, without listening; empty: nothing."""
    seconds = samples.size / rate_hz
    pace = len(text) / max(seconds, 0.01)
    if len(text) >= 20 and not SLOWEST <= pace <= FASTEST:
        return f"{seconds:.1f} s for {len(text)} characters"
    if level_off_db is not None and abs(level_off_db) > LEVEL_OFF_DB:
        return f"{level_off_db:+.1f} dB beside the level wanted"
    clipped = float(np.mean(np.abs(samples.astype(np.int32)) >= 32_760)) if samples.size else 0.0
    return "it is clipped" if clipped > 0.001 else ""


class HeardBack:
    """Recognises recordings with the recogniser of calls, loaded for the first. Thread-safe."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.name = recogniser.name
        self._recogniser = recogniser
        self._loading = threading.Lock()

    def __call__(self, text: str, samples: Int16, rate_hz: int) -> Verdict:
        """samples: int16 mono at RATE_HZ."""
        assert rate_hz == RATE_HZ
        with self._loading:
            self._recogniser.warm()
        stream = self._recogniser.stream()
        try:
            pieces = cut(samples, int(PIECE_S * RATE_HZ))
            heard = " ".join(stream.final(piece).text for piece in pieces)
        finally:
            stream.close()
        error = word_error(text, heard)
        bad = error > WORD_ERROR_MOST and len(words(text)) >= FEWEST_WORDS
        return Verdict(error, heard, f"word error {error:.2f}: heard « {heard} »" if bad else "")


def cut(samples: Int16, longest: int) -> list[Int16]:
    """In pieces of at most `longest` samples, cut where it is quietest."""
    pieces = []
    while samples.size > longest:
        half = longest // 2
        window = RATE_HZ // 10
        around = np.abs(samples[half : longest - window].astype(np.float64))
        energy = np.convolve(around, np.ones(window), "valid")
        at = half + int(energy.argmin()) + window // 2
        pieces.append(samples[:at])
        samples = samples[at:]
    return [*pieces, samples]


def word_error(said: str, heard: str) -> float:
    """Words wrong, missing or too many, as a share of the words said (WER).

    Accents, case and punctuation do not count, and a number is the same in digits and in words.
    """
    reference, hypothesis = words(said), words(heard)
    if not reference:
        return float(bool(hypothesis))
    return Levenshtein.distance(reference, hypothesis) / len(reference)


def words(text: str) -> Sequence[str]:
    """The words of a text as they are compared."""
    text = re.sub(r"(?<=\d)[\s\u202f](?=\d{3}\b)", "", text)
    text = text.replace("%", " pour cent ").replace("€", " euros ").replace("&", " et ")
    text = re.sub(r"(\d+)\s*h\b", r"\1 heures", text)
    spelt = re.sub(r"\d+", lambda found: f" {number(int(found[0]))} ", text)
    return normalise(re.sub(r"\bM\.", "monsieur", spelt)).split()


def number(value: int) -> str:
    """A whole number in French words: 48 -> quarante-huit."""
    if value >= 10**6:
        return " ".join(_UNITS[int(digit)] for digit in str(value))
    if value >= 1000:
        head = "" if value < 2000 else number(value // 1000)
        return f"{head} mille {number(value % 1000) if value % 1000 else ''}".strip()
    if value >= 100:
        head = "" if value < 200 else _UNITS[value // 100]
        rest = number(value % 100) if value % 100 else ""
        return f"{head} cent{'s' if head and not rest else ''} {rest}".strip()
    if value < 17:
        return _UNITS[value]
    if value < 20:
        return f"dix {_UNITS[value - 10]}"
    tens, unit = divmod(value, 10)
    if tens in (7, 9):  # soixante-dix, quatre-vingt-dix
        base = "soixante" if tens == 7 else "quatre vingt"
        return f"{base} {'et ' if value == 71 else ''}{number(10 + unit)}"
    if tens == 8:
        return f"quatre vingt {_UNITS[unit]}" if unit else "quatre vingts"
    joined = " et un" if unit == 1 else f" {_UNITS[unit]}" if unit else ""
    return f"{_TENS[tens]}{joined}"
