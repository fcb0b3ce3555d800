"""What the line between prospect and switch does to 20 ms of sound at 8 kHz. Pure.

The codec (G.711), additive noise, the agent's voice coming back as echo, lost packets; and the
doubling of the rate for an audio fork at 16 kHz.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from agentd.simulator.persona import Line
from agentd.simulator.playing import RATE_HZ, SILENT, TICK, Samples

ECHO_SAMPLES = 1_200  # 150 ms
NOISE_S = 7  # of noise, made once a call and gone round


def _alaw(code: int) -> int:
    code ^= 0x55
    size = (code & 0x0F) * 16 + 8
    exponent = (code & 0x70) >> 4
    if exponent:
        size = (size + 256) << (exponent - 1)
    return size if code & 0x80 else -size


def _mulaw(code: int) -> int:
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -size if code & 0x80 else size


def _table(codec: str) -> Samples:
    """What each int16 sample becomes through the codec, indexed by its bits as uint16.

    A G.711 encoder's decision values lie midway between the values it decodes to.
    """
    levels = np.array(sorted({(_alaw if codec == "pcma" else _mulaw)(c) for c in range(256)}))
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    midways = (levels[1:] + levels[:-1]) / 2
    table: Samples = levels[np.searchsorted(midways, samples, side="right")].astype(np.int16)
    return table


_TABLES = {codec: _table(codec) for codec in ("pcma", "pcmu")}


class LineModel:
    """One call's line. `receive` is what the switch gets, `deliver` what the prospect hears."""

    def __init__(self, line: Line, seed: int = 0) -> None:
        self._table = _TABLES[line.codec]
        self._random = np.random.default_rng(seed)
        self._loss = line.loss
        self._echo = 0.0 if line.echo_db is None else 10 ** (line.echo_db / 20)
        back = -(-ECHO_SAMPLES // TICK)
        self._skip = back * TICK - ECHO_SAMPLES
        self._ours: deque[Samples] = deque([SILENT] * (back + 1), maxlen=back + 1)
        self._noise: Samples | None = None
        self._at = 0
        if line.noise_db is not None:
            level = 32_768 * 10 ** (line.noise_db / 20)
            noise = self._random.normal(0, level, NOISE_S * RATE_HZ)
            self._noise = np.clip(np.round(noise), -32768, 32767).astype(np.int16)

    def deliver(self, frame: Samples) -> Samples:
        """What the prospect hears of 20 ms the switch sends."""
        heard: Samples = self._table[frame.view(np.uint16)]
        self._ours.append(heard)
        return heard

    def receive(self, said: Samples) -> Samples:
        """What the switch gets of 20 ms the prospect says; after `deliver` of the same tick."""
        if self._loss and self._random.random() < self._loss:
            self._at += TICK
            return SILENT  # what FreeSWITCH hands on when a packet is missing
        total = said.astype(np.int32)
        if self._noise is not None:
            start = self._at % len(self._noise)
            total += self._noise[start : start + TICK]
            self._at += TICK
        if self._echo:
            late = np.concatenate((self._ours[0], self._ours[1]))[self._skip : self._skip + TICK]
            total += (late * self._echo).astype(np.int32)
        line = np.clip(total, -32768, 32767).astype(np.int16)
        received: Samples = self._table[line.view(np.uint16)]
        return received


_HALF = 8
_offsets = np.arange(-_HALF, _HALF) + 0.5
_TAPS = np.sinc(_offsets) * np.kaiser(2 * _HALF + 1, 5.0)[:-1]
_TAPS /= _TAPS.sum()


class Doubler:
    """8 kHz to 16 kHz, 20 ms at a time, 1 ms late: windowed-sinc interpolation."""

    def __init__(self) -> None:
        self._before: NDArray[np.float64] = np.zeros(2 * _HALF - 1)

    def double(self, frame: Samples) -> bytes:
        """640 bytes of L16 little-endian at 16 kHz."""
        sound: NDArray[np.float64] = np.concatenate((self._before, frame.astype(np.float64)))
        self._before = sound[-(2 * _HALF - 1) :]
        out = np.empty(2 * TICK)
        out[0::2] = sound[_HALF - 1 : _HALF - 1 + TICK]
        out[1::2] = np.convolve(sound, _TAPS[::-1], "valid")
        return np.clip(np.round(out), -32768, 32767).astype("<i2").tobytes()
