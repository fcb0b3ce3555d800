"""Is that an interruption? Pure: what is heard while we speak in, a verdict out.

A backchannel ("mmh", "d'accord") or a noise is short; a person who wants the floor goes on. Our own
echo is quieter than a voice on the line.
"""

from collections import deque

import msgspec

from agentd.speech.frames import FRAME_MS


class Tuning(msgspec.Struct, frozen=True):
    """What makes a sound an interruption."""

    voiced_ms: int = 440  # of voice ...
    within_ms: int = 700  # ... within this long
    loud_rms: float = 180.0  # int16; an echo at -20 dB of our own speech stays below


class BargeIn:
    """One Say of ours. `feed` every frame heard while it plays; True once, when it is meant."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._window: deque[bool] = deque(maxlen=tuning.within_ms // FRAME_MS)
        self._judged = False

    def feed(self, voiced: bool, rms: float) -> bool:
        """voiced, rms: of one frame of FRAME_MS."""
        self._window.append(voiced and rms >= self._tuning.loud_rms)
        if self._judged or sum(self._window) * FRAME_MS < self._tuning.voiced_ms:
            return False
        self._judged = True
        return True
