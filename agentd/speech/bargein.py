"""Is that an interruption? Pure: what is heard while we speak in, a verdict out.

A backchannel is short or hummed; a person who wants the floor goes on. What is in the room, and our
own echo, is softer than the person on the line. On eight synthetic voices, first to last voiced
frame: "oui" 260 to 300 ms, "d'accord" 440 to 500, "très bien" up to 560; "oui j'en ai un" 560 to
800. So nothing tells within 300 ms, and we do what people do: hold on at the first sign that
somebody speaks, and then break off, or go on where we were. The words, which follow, tell the rest
(`dialogue.hearing`).
"""

from collections import deque
from enum import StrEnum
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from agentd.speech.frames import FRAME_MS, RATE_HZ

FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000


class Sign(StrEnum):
    """What a frame brought about."""

    HESITATE = "hesitate"  # somebody speaks: hold what plays until it is known what that is
    GO_ON = "go on"  # it was nothing
    INTERRUPT = "interrupt"  # it is meant


class Tuning(msgspec.Struct, frozen=True):
    """What makes a sound an interruption. Levels are RMS of int16 samples over one frame."""

    hesitate: bool = True  # hold on before it is known; False: only ever break off
    hesitate_ms: int = 60  # of voice ...
    hesitate_within_ms: int = 160  # ... within this long ...
    hesitate_loud_ms: int = 40  # ... of it as loud as the person speaks: "non" begins like a hum
    go_on_ms: int = 360  # of silence after it: people pause nearly as long after "non mais"
    hold_ms: int = 1_600  # for somebody who neither stops nor is to be believed
    holds: int = 4  # in one Say; whoever then speaks is judged while we go on

    span_ms: int = 540  # from the first voiced frame to the last ...
    gap_ms: int = 260  # ... with no longer silence within: a plosive is one
    open_ms: int = 40  # of it more than a hum
    voiced_ms: int = 480  # or this much of voice in all ...
    within_ms: int = 1_400  # ... within this long, with pauses ...
    rest_ms: int = 600  # ... none of which is longer
    loud_ms: int = 120  # of it as loud as the person speaks, or louder
    loud: float = 0.7  # of the person's own level
    unknown_loud_rms: float = 900.0  # before that is known
    # Speech of ours is about 3000; a line with an echo returns it 20 dB or more below.
    unknown_rms: float = 500.0  # what to be louder than, before the person was heard alone
    share: float = 0.35  # of the person's own level, once it is known
    soft_share: float = 0.2  # ... once they have begun: words have soft endings
    over_echo: float = 1.6  # what comes back of our own voice is left under, in any case
    echo_decay: float = 0.97  # of what is known of it, a frame
    least_rms: float = 250.0
    most_rms: float = 2000.0
    tail_ms: int = 300  # how long the echo of our last word may take to come back


TUNING = Tuning()


class Level:
    """How loud the person on the line is, learnt from what is heard while we are silent."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._mean: float | None = None
        self._echo = tuning.unknown_rms  # the loudest of what is no person while we speak
        # Louder than this is the person, not an echo of ours.
        self.threshold = tuning.unknown_rms
        # What the person's voice reaches in its vowels, and what is in the room does not.
        self.loud = tuning.unknown_loud_rms

    def learn(self, rms: float) -> None:
        """rms: of one voiced frame."""
        tuning = self._tuning
        self._mean = mean = rms if self._mean is None else self._mean + 0.05 * (rms - self._mean)
        self.threshold = min(tuning.most_rms, max(tuning.least_rms, mean * tuning.share))
        self.loud = max(self.threshold, mean * tuning.loud)

    def learn_echo(self, rms: float) -> None:
        """rms: of one frame heard while we speak, which was not the person."""
        self._echo = max(rms, self._echo * self._tuning.echo_decay)

    @property
    def soft(self) -> float:
        """Louder than this is the person, once they have begun."""
        known = self._mean or self._tuning.unknown_rms / self._tuning.share
        soft = max(known * self._tuning.soft_share, self._echo * self._tuning.over_echo)
        return min(self.threshold, max(self._tuning.least_rms, soft))


class BargeIn:
    """One Say of ours. `feed` every frame heard while it plays, or is held."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._judged = False
        self._most = tuning.within_ms // FRAME_MS
        self._window: deque[tuple[bool, bool, bool]] = deque()
        self._voiced = self._loud = self._open = 0  # frames in the window
        self._span_ms = self._gap_ms = 0
        self._held_ms: int | None = None  # since when we hold on; None: we do not
        self._holds = 0
        self._tired = False  # of what went on without being meant: until it stops

    def feed(self, voiced: bool, loud: bool, spoken: bool) -> Sign | None:
        """voiced: one frame of FRAME_MS holds a voice louder than our echo. loud: as loud as the
        person speaks. spoken: with an open mouth (`is_open`). INTERRUPT comes once, and is the
        last; every HESITATE is followed by GO_ON or INTERRUPT."""
        self._count(voiced, loud, spoken)
        if self._judged:
            return None
        if self._follow(voiced):
            self._judged = True
            return Sign.INTERRUPT
        return self._hesitate() if self._held_ms is None else self._hold(self._held_ms)

    def _follow(self, voiced: bool) -> bool:
        """True when it is meant."""
        tuning = self._tuning
        if not voiced:
            self._gap_ms += FRAME_MS
            if self._gap_ms > tuning.gap_ms:
                self._span_ms = 0
            if self._gap_ms > tuning.rest_ms:
                self._window.clear()  # another "d'accord" is no sum of both
                self._voiced = self._loud = self._open = 0
                self._tired = False
            return False
        self._span_ms += (self._gap_ms if self._span_ms else 0) + FRAME_MS
        self._gap_ms = 0
        long = self._span_ms >= tuning.span_ms or self._voiced * FRAME_MS >= tuning.voiced_ms
        return (
            long
            and self._open * FRAME_MS >= tuning.open_ms
            and self._loud * FRAME_MS >= tuning.loud_ms
        )

    def _hesitate(self) -> Sign | None:
        tuning = self._tuning
        if not tuning.hesitate or self._gap_ms or self._tired or self._holds >= tuning.holds:
            return None
        last = tuple(islice(reversed(self._window), tuning.hesitate_within_ms // FRAME_MS))
        if (
            sum(voiced for voiced, _, _ in last) * FRAME_MS < tuning.hesitate_ms
            or sum(loud for _, loud, _ in last) * FRAME_MS < tuning.hesitate_loud_ms
        ):
            return None
        self._held_ms = 0
        self._holds += 1
        return Sign.HESITATE

    def _hold(self, held_ms: int) -> Sign | None:
        self._held_ms = held_ms + FRAME_MS
        self._tired = self._tired or self._held_ms >= self._tuning.hold_ms
        if not self._tired and self._gap_ms < self._tuning.go_on_ms:
            return None
        self._held_ms = None
        return Sign.GO_ON

    def _count(self, voiced: bool, loud: bool, spoken: bool) -> None:
        self._window.append((voiced, loud, spoken))
        self._voiced += voiced
        self._loud += loud
        self._open += spoken
        if len(self._window) > self._most:
            voiced, loud, spoken = self._window.popleft()
            self._voiced -= voiced
            self._loud -= loud
            self._open -= spoken


_BAND = slice(int(650 * FRAME_SAMPLES / RATE_HZ), int(3_400 * FRAME_SAMPLES / RATE_HZ))
_OPEN = 0.035


def is_open(samples: NDArray[np.int16]) -> bool:
    """Is more than a hum in this frame? With the mouth closed ("mmh") hardly anything of a voice
    is above 650 Hz; in any word something soon is. About 8 us."""
    spectrum = np.fft.rfft(samples.astype(np.float32))
    power = spectrum.real**2 + spectrum.imag**2
    return bool(power[_BAND].sum() > _OPEN * power[2:].sum())
