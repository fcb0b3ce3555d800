"""Is there a voice in this frame? webrtcvad, behind an energy floor that follows the line."""

from collections import deque
from math import sqrt

import numpy as np
import webrtcvad

from agentd.speech.frames import RATE_HZ

FLOOR_START = 60.0  # RMS of int16 samples, about -55 dBFS
FLOOR_LEAST, FLOOR_MOST = 25.0, 4000.0
ABOVE_FLOOR = 2.2  # a voice is this much louder than the line (7 dB)
_RISE, _FALL = 0.02, 0.2  # how fast the floor follows noise up and down, per frame
# A steady roar is a voice to webrtcvad, and the floor would never follow it. But a voice has gaps:
# what has been there in every frame of the last seconds is no voice.
_BLOCK, _BLOCKS = 25, 6  # frames; 3 s in all


class Vad:
    """One line's voice activity. Call it with every frame, in order."""

    def __init__(self, level: int) -> None:
        """level: webrtcvad's aggressiveness, 0 to 3."""
        self._vad = webrtcvad.Vad(level)
        self._floor = FLOOR_START
        self._least = float("inf")
        self._minima: deque[float] = deque(maxlen=_BLOCKS)
        self._frames = 0
        self.rms = 0.0

    def voiced(self, frame: bytes) -> bool:
        """frame: 20 ms of int16 16 kHz mono. About 3 us, 6 where it is loud."""
        samples = np.frombuffer(frame, np.int16).astype(np.float32)
        self.rms = rms = sqrt(samples.dot(samples) / samples.size)
        self._follow_minimum(rms)
        floor = self._floor
        if rms > floor * ABOVE_FLOOR and self._vad.is_speech(frame, RATE_HZ):
            return True
        self._set_floor(floor + (_RISE if rms > floor else _FALL) * (rms - floor))
        return False

    def _follow_minimum(self, rms: float) -> None:
        if rms < self._least:
            self._least = rms
        self._frames += 1
        if self._frames % _BLOCK == 0:
            self._minima.append(self._least)
            self._least = float("inf")
            if len(self._minima) == _BLOCKS:
                self._set_floor(max(self._floor, min(self._minima)))

    def _set_floor(self, rms: float) -> None:
        self._floor = min(FLOOR_MOST, max(FLOOR_LEAST, rms))
