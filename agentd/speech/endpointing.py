"""When has the prospect begun, paused, finished? Pure: frames in, moments out.

The end of a turn is decided by silence, and how much of it is asked for by what has been said:
little after "oui", more after "oui mais". Time is counted in frames received, never on a clock.
"""

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
    quick_ms: int = 300
    unknown_ms: int = 600
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
        self._paused = False

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
        self._length_ms = len(self._recent) * FRAME_MS
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
        if voiced:
            self._silence_ms = 0
            if self._paused:
                self._paused = False
                self.said = Said.UNKNOWN
                return Moment.RESUMED
            return None
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
    "le la les l un une des du de d au aux a en dans sur pour par avec sans chez vers "
    "je j tu il elle on nous vous ils elles me m te t se s ne n y c ce cet cette ces ca "
    "mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs qui dont "
    "tres trop plus suis est ai as avez avons etes".split()
)
# ... but some of them do when something stands before: "comme ça", "je ne veux plus".
_WHOLE_LAST = frozenset(("ca", "plus", "trop", "vous", "nous", "la", "avec"))
_COMPLETE = frozenset(
    "oui ouais ouai non nan si ok okay voila exactement absolument volontiers carrement "
    "allo bonjour pardon comment jamais stop evidemment effectivement parfait entendu merci".split()
)
_COMPLETE_PHRASES = (
    "d accord", "bien sur", "pourquoi pas", "tout a fait", "pas du tout", "allez y", "non merci",
    "vous ecoute", "ca marche", "c est ca", "m interesse pas", "m interesse", "pas interesse",
    "pas le temps", "je sais pas", "peut etre", "au revoir", "c est bon", "c est moi",
)  # fmt: skip


def completeness(text: str) -> Said:
    """What `text` (normalised: lower case, no accents, words apart) promises.

    A short whole answer is complete; a last word that cannot end a French turn is unfinished.
    """
    words = text.split()
    if not words:
        return Said.UNKNOWN
    last = words[-1]
    if last in _HANGING and not (last in _WHOLE_LAST and len(words) > 1):
        return Said.UNFINISHED
    if any(text == p or text.endswith(" " + p) for p in _COMPLETE_PHRASES):
        return Said.COMPLETE
    if last in _COMPLETE and len(words) <= 4:
        return Said.COMPLETE
    return Said.UNKNOWN
