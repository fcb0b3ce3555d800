"""When has the prospect begun, paused, finished? Pure: frames in, moments out.

The end of a turn is decided by silence, and how much of it is asked for by what has been said:
little after "oui", more after "oui mais". Time is counted in frames received, never on a clock.
"""

import re
import unicodedata
from enum import StrEnum

import msgspec

from agentd.speech.frames import FRAME_MS


class Said(StrEnum):
    """What the words so far promise."""

    COMPLETE = "complete"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


class Moment(StrEnum):
    """What a frame brought about."""

    STARTED = "started"  # a voice, for long enough to be one
    PAUSED = "paused"  # worth recognising what has been said
    RESUMED = "resumed"  # it went on: what was recognised is stale
    ENDED = "ended"


class Tuning(msgspec.Struct, frozen=True):
    """Milliseconds of voice or silence."""

    start_ms: int = 60  # of voice within `start_within_ms`, before it is called speech
    start_within_ms: int = 160
    pause_ms: int = 180
    resume_ms: int = 40  # of voice in a row, before a pause is over: a click is less
    quick_ms: int = 300
    unknown_ms: int = 740
    patient_ms: int = 1200
    longest_ms: int = 15_000


class Endpointer:
    """One line. `feed` every frame; `said` may be set at any time from partial results."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._recent: list[bool] = []
        self.speaking = False
        self.said = Said.UNKNOWN
        self._silence_ms = 0
        self._length_ms = 0
        self._voice_ms = 0
        self._paused = False

    @property
    def length_ms(self) -> int:
        """Length of the turn, from its first voiced frame."""
        return self._length_ms

    @property
    def silence_ms(self) -> int:
        """Silence since the last voiced frame of the turn."""
        return self._silence_ms

    def feed(self, voiced: bool) -> Moment | None:
        """One frame of FRAME_MS."""
        return self._within(voiced) if self.speaking else self._before(voiced)

    def _before(self, voiced: bool) -> Moment | None:
        self._recent.append(voiced)
        del self._recent[: -(self._tuning.start_within_ms // FRAME_MS)]
        if not voiced or sum(self._recent) * FRAME_MS < self._tuning.start_ms:
            return None
        self._length_ms = (len(self._recent) - self._recent.index(True)) * FRAME_MS
        self._recent.clear()
        self.speaking = True
        self.said = Said.UNKNOWN
        self._silence_ms = 0
        self._paused = False
        return Moment.STARTED

    def _within(self, voiced: bool) -> Moment | None:
        self._length_ms += FRAME_MS
        if self._length_ms >= self._tuning.longest_ms:
            return self._end()
        self._voice_ms = self._voice_ms + FRAME_MS if voiced else 0
        if voiced and (not self._paused or self._voice_ms >= self._tuning.resume_ms):
            self._silence_ms = 0
            if not self._paused:
                return None
            self._paused = False
            self.said = Said.UNKNOWN
            return Moment.RESUMED
        self._silence_ms += FRAME_MS
        if self._silence_ms >= self._wanted_ms():
            return self._end()
        if not self._paused and self._silence_ms >= self._tuning.pause_ms:
            self._paused = True
            return Moment.PAUSED
        return None

    def _wanted_ms(self) -> int:
        return {
            Said.COMPLETE: self._tuning.quick_ms,
            Said.UNKNOWN: self._tuning.unknown_ms,
            Said.UNFINISHED: self._tuning.patient_ms,
        }[self.said]

    def _end(self) -> Moment:
        self.speaking = False
        self._recent.clear()
        return Moment.ENDED


# Words a French turn does not end with: conjunctions, articles, prepositions, clitics, hesitations.
_HANGING = frozenset(
    "mais et ou donc car parce que qu si quand comme puisque alors bah ben euh heu hum enfin "
    "le la les l un une des du de d au aux à en dans sur pour par sans chez vers depuis "
    "je j tu il elle on ils elles me m te t se s ne n y c ce cet cette ces "
    "mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs qui dont "
    "très trop plus suis est es ai as a avez avons êtes".split()
)
# ... though these words end one often enough, after these.
_WHOLE = (
    "(?:en|y) (?:a|ai|as|avez|avons)",  # j'en ai
    "en (?:ai|as|a|avez|avons|faut|veux|veut|voudrais|reste) (?:pas )?(?:un|une)",  # j'en ai un
    "(?:est|êtes|es|de|à|pour|par|chez|avec|sais|savoir) qui",  # c'est qui
    "(?:ne|n|en|non|moi|toi|lui|pas|me|m|rappelez|appelez) (?:\\w+ ){0,2}plus",  # je n en veux plus
    "(?:en plus|c est trop|de trop|mais si|ah si|et alors|oui si|vas y|allez y|j y suis)",
)
_WHOLE_ENDING = re.compile(rf"(?:^|.* )(?:{'|'.join(_WHOLE)})")
_COMPLETE = frozenset(
    "oui ouais ouai non nan si ok okay voilà exactement absolument volontiers carrément allô allo "
    "bonjour pardon comment jamais stop évidemment effectivement parfait entendu merci".split()
)
_COMPLETE_PHRASES = (
    "d accord", "bien sûr", "pourquoi pas", "tout à fait", "pas du tout", "allez y", "non merci",
    "vous écoute", "ça marche", "c est ça", "m intéresse pas", "m intéresse", "pas intéressé",
    "pas intéressée", "pas le temps", "sais pas", "peut être", "au revoir", "c est bon",
    "c est moi", "en ai un", "appelez plus", "rappelez plus", "c est qui", "êtes qui", "ah si",
    "mais si",
)  # fmt: skip
_WORDS = re.compile(r"\w+")


def completeness(text: str) -> Said:
    """What `text`, as a recogniser writes it, promises.

    A short whole answer is complete; a last word that cannot end a French turn is unfinished.
    """
    bare = " ".join(_WORDS.findall(unicodedata.normalize("NFC", text).lower()))
    words = bare.split()
    if not words:
        return Said.UNKNOWN
    last = words[-1]
    if bare == "si" or any(bare == p or bare.endswith(" " + p) for p in _COMPLETE_PHRASES):
        return Said.COMPLETE
    if last in _HANGING and not _WHOLE_ENDING.fullmatch(bare):
        return Said.UNFINISHED
    if last in _COMPLETE and len(words) <= 4:
        return Said.COMPLETE
    return Said.UNKNOWN
