"""The tone that ends a machine's greeting. Pure: frames in, tones out.

A beep is one sine, held: nearly all of a frame's energy sits within one spectral line, at the same
place frame after frame. A voice has harmonics and is never that steady, DTMF has two lines, music
moves on. Answering machines beep at 400 to 2100 Hz for 0.2 to 2 s; what is held longer is a fax
or a modem (ITU-T T.30: CED at 2100 Hz for 2.6 to 4 s). Three rising tones of 0.33 s (950, 1400,
1800 Hz) are the special information tone of ITU-T E.180, which comes before a network's
announcement.
"""

import math
from typing import Literal

import msgspec
import numpy as np

from agentd.speech.frames import FRAME_BYTES, FRAME_MS, RATE_HZ

LOWEST_HZ, HIGHEST_HZ = 395.0, 2150.0
PURE = 0.85  # share of a frame's energy within the line and its neighbours
LEAST_RMS = 180.0  # of int16 samples, -45 dBFS
HELD_MS = 180  # before it is called a tone
GAP_MS = 40  # of something else within one tone: a lost packet
APART_HZ = 10.0  # a tone may wander this far from where it began
APART_DB = 3.0  # and be this much louder or softer than 20 ms before
LONGEST_MS = 2_400
_SIZE = 1_024  # of the transform: 15.6 Hz a line
_HZ = RATE_HZ / _SIZE
_FROM, _TO = int(LOWEST_HZ / _HZ), int(HIGHEST_HZ / _HZ) + 2
_FIRST, _LAST = int(200 / _HZ), int(3_600 / _HZ)  # what a telephone line carries
_SIDE = 3  # lines either side of the peak: the main lobe of the window over two frames
_WINDOW = np.hanning(2 * RATE_HZ * FRAME_MS // 1000 + 1)[:-1].astype(np.float32)
_LINES = np.arange(2 * _SIDE + 1, dtype=np.float32)
_SIT = (950.0, 1_400.0, 1_800.0)
_SIT_APART_HZ, _SIT_WITHIN_MS = 60.0, 700


class Tone(msgspec.Struct, frozen=True):
    """What a frame brought about. began: it has been held for HELD_MS. ended: it is over, and was a
    beep. long: it has outlasted any beep (a fax). sit: the third of the special information tones.
    """

    what: Literal["began", "ended", "long", "sit"]
    hz: float
    ms: int  # held so far


class BeepDetector:
    """One line. `feed` every frame, in order: 1 us each, 20 us with something to hear in it."""

    def __init__(self) -> None:
        self._before = bytes(FRAME_BYTES)
        self._hz = 0.0
        self._rms = self._rms_before = 0.0
        self._held_ms = 0
        self._gap_ms = 0
        self._since_ms = 0  # since the last tone ended
        self._sit = 0

    @property
    def sounding(self) -> bool:
        """A tone is being held."""
        return self._held_ms >= HELD_MS

    def feed(self, frame: bytes, rms: float) -> Tone | None:
        """frame: 20 ms of int16 16 kHz mono, and its RMS."""
        if rms < LEAST_RMS and not self._held_ms:  # nearly always
            self._before, self._rms_before, self._rms = frame, self._rms, rms
            self._gap_ms = 0
            self._since_ms += FRAME_MS
            return None
        hz = self._line(frame, rms)
        if hz and (not self._held_ms or self._same(hz)):
            return self._goes_on(hz)
        if self._held_ms and self._gap_ms < GAP_MS and not hz:
            self._gap_ms += FRAME_MS
            return None
        return self._is_over(hz)

    def _same(self, hz: float) -> bool:
        if abs(hz - self._hz) > APART_HZ:
            return False
        change_db = 20 * math.log10((self._rms + 1) / (self._rms_before + 1))
        return abs(change_db) <= APART_DB or self._held_ms < 2 * FRAME_MS

    def _goes_on(self, hz: float) -> Tone | None:
        # The first two frames hold the tone's onset.
        self._hz = hz if self._held_ms <= 2 * FRAME_MS else self._hz + 0.1 * (hz - self._hz)
        before, self._held_ms = self._held_ms, self._held_ms + FRAME_MS + self._gap_ms
        self._gap_ms = 0
        if before < HELD_MS <= self._held_ms:
            if self._is_next_of_sit():
                return Tone("sit", self._hz, self._held_ms)
            return Tone("began", self._hz, self._held_ms)
        if before <= LONGEST_MS < self._held_ms:
            return Tone("long", self._hz, self._held_ms)
        return None

    def _is_over(self, hz: float) -> Tone | None:
        held, was = self._held_ms, self._hz
        self._held_ms, self._hz = (FRAME_MS, hz) if hz else (0, 0.0)
        self._gap_ms = 0
        if held < HELD_MS:
            self._since_ms += FRAME_MS + held
            return None
        self._since_ms = 0
        return Tone("ended", was, held) if held <= LONGEST_MS else None

    def _is_next_of_sit(self) -> bool:
        """Counts the special information tones; true at the third."""
        if self._since_ms > _SIT_WITHIN_MS:
            self._sit = 0
        if abs(self._hz - _SIT[self._sit]) <= _SIT_APART_HZ:
            self._sit += 1
        else:
            self._sit = int(abs(self._hz - _SIT[0]) <= _SIT_APART_HZ)
        if self._sit < len(_SIT):
            return False
        self._sit = 0
        return True

    def _line(self, frame: bytes, rms: float) -> float:
        """The frequency (Hz) of the one line these 40 ms consist of, 0 when they do not."""
        both, self._before = self._before + frame, frame
        self._rms_before, self._rms = self._rms, rms
        if rms < LEAST_RMS:
            return 0.0
        spectrum = np.fft.rfft(np.frombuffer(both, np.int16) * _WINDOW, _SIZE)[_FIRST:_LAST]
        power = spectrum.real**2 + spectrum.imag**2
        peak = _FROM + int(power[_FROM - _FIRST : _TO - _FIRST].argmax())
        near = power[peak - _SIDE - _FIRST : peak + _SIDE + 1 - _FIRST]
        share = float(near.sum())
        if share < PURE * float(power.sum()):
            return 0.0
        return float(near.dot(_LINES)) / share * _HZ + (peak - _SIDE) * _HZ
