"""Is there a voice in this frame? webrtcvad, behind an energy floor that follows the line."""

import numpy as np
import webrtcvad

from agentd.speech.frames import RATE_HZ

FLOOR_START = 60.0  # RMS of int16 samples, about -55 dBFS
FLOOR_LEAST, FLOOR_MOST = 25.0, 800.0
ABOVE_FLOOR = 2.2  # a voice is this much louder than the line (7 dB)
_RISE, _FALL = 0.02, 0.2  # how fast the floor follows noise up and down, per frame


class Vad:
    """One line's voice activity. Call it with every frame, in order."""

    def __init__(self, level: int) -> None:
        self._vad = webrtcvad.Vad(level)
        self._floor = FLOOR_START
        self.rms = 0.0

    def voiced(self, frame: bytes) -> bool:
        """frame: 20 ms of int16 16 kHz mono. Takes about 15 us."""
        samples = np.frombuffer(frame, np.int16).astype(np.float32)
        self.rms = float(np.sqrt(np.mean(samples * samples)))
        speech = self.rms > self._floor * ABOVE_FLOOR and self._vad.is_speech(frame, RATE_HZ)
        if not speech:
            rate = _RISE if self.rms > self._floor else _FALL
            floor = self._floor + rate * (self.rms - self._floor)
            self._floor = min(FLOOR_MOST, max(FLOOR_LEAST, floor))
        return speech
