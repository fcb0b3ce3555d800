"""Is that an interruption? Pure: what is heard while we speak in, a verdict out.

A backchannel ("mmh", "d'accord") or a noise is short; a person who wants the floor goes on. Our own
echo is quieter than the person on the line. Measured on six synthetic voices, voiced ms within
800: "mmh" 120, "oui" 260, "d'accord" 360 to 440; "oui j'en ai un" 540 to 660, "mais c'est trop
cher" 460 to 680. Length cannot tell "attendez" from "d'accord": the words, which follow, can.
"""

from collections import deque

import msgspec

from agentd.speech.frames import FRAME_MS


class Tuning(msgspec.Struct, frozen=True):
    """What makes a sound an interruption. Levels are RMS of int16 samples over one frame."""

    voiced_ms: int = 460  # of voice ...
    within_ms: int = 800  # ... within this long
    # Speech of ours is about 3000; a line with an echo returns it 20 dB or more below.
    unknown_rms: float = 500.0  # what to be louder than, before the person was heard alone
    share: float = 0.35  # of the person's own level, once it is known
    least_rms: float = 250.0
    most_rms: float = 2000.0
    tail_ms: int = 300  # how long the echo of our last word may take to come back


class Level:
    """How loud the person on the line is, learnt from what is heard while we are silent."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._mean: float | None = None

    def learn(self, rms: float) -> None:
        """rms: of one voiced frame."""
        self._mean = rms if self._mean is None else self._mean + 0.05 * (rms - self._mean)

    @property
    def threshold(self) -> float:
        """Louder than this is the person, not an echo of ours."""
        if self._mean is None:
            return self._tuning.unknown_rms
        wanted = self._mean * self._tuning.share
        return min(self._tuning.most_rms, max(self._tuning.least_rms, wanted))


class BargeIn:
    """One Say of ours. `feed` every frame heard while it plays; True once, when it is meant."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._window: deque[bool] = deque(maxlen=tuning.within_ms // FRAME_MS)
        self._judged = False

    def feed(self, voiced: bool) -> bool:
        """voiced: one frame of FRAME_MS holds a voice louder than our echo."""
        self._window.append(voiced)
        if self._judged or sum(self._window) * FRAME_MS < self._tuning.voiced_ms:
            return False
        self._judged = True
        return True
