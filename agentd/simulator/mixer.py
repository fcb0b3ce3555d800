"""What the line between prospect and switch does to 20 ms of sound at 8 kHz. Pure.

The codec (G.711), additive noise, the agent's voice coming back as echo, lost packets; and the
doubling of the rate for an audio fork at 16 kHz.
"""

from collections import deque
from collections.abc import Sequence

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


_CODECS = ("pcma", "pcmu")
_TABLES = np.concatenate([_table(codec) for codec in _CODECS])  # one after the other


class LineModel:
    """One call's line. `receive` is what the switch gets, `deliver` what the prospect hears."""

    def __init__(self, line: Line, seed: int = 0) -> None:
        self.table = _CODECS.index(line.codec) * 65_536
        self._random = np.random.default_rng(seed)
        self._loss = line.loss
        self._echo = 0.0 if line.echo_db is None else 10 ** (line.echo_db / 20)
        self.echoes = bool(self._echo)
        self.clean = not self._echo and not self._loss  # nothing but noise and the codec
        back = -(-ECHO_SAMPLES // TICK)
        self._skip = back * TICK - ECHO_SAMPLES
        self._ours: deque[Samples] = deque([SILENT] * (back + 1), maxlen=back + 1)
        self._noise = [SILENT]
        self._at = 0
        if line.noise_db is not None:
            level = 32_768 * 10 ** (line.noise_db / 20)
            noise = self._random.normal(0, level, NOISE_S * RATE_HZ)
            rounded = np.clip(np.round(noise), -32768, 32767).astype(np.int16)
            self._noise = list(rounded.reshape(-1, TICK))

    def deliver(self, frame: Samples) -> Samples:
        """What the prospect hears of 20 ms the switch sends."""
        heard: Samples = deliver([self], frame[None])[0]
        return heard

    def receive(self, said: Samples) -> Samples:
        """What the switch gets of 20 ms the prospect says; after `deliver` of the same tick."""
        received: Samples = receive([self], said[None])[0]
        return received

    def remember(self, heard: Samples) -> None:
        """What is heard of us comes back later, on a line with an echo."""
        if self._echo:
            self._ours.append(heard)

    def noise(self) -> Samples:
        """20 ms of it."""
        frame = self._noise[self._at]
        self._at = (self._at + 1) % len(self._noise)
        return frame

    def lost(self) -> bool:
        """Is this packet?"""
        return bool(self._loss) and self._random.random() < self._loss

    def echo(self) -> NDArray[np.int32] | None:
        """What comes back now of what was sent ECHO_SAMPLES ago."""
        if not self._echo:
            return None
        late = np.concatenate((self._ours[0], self._ours[1]))[self._skip : self._skip + TICK]
        return (late * self._echo).astype(np.int32)


def deliver(lines: Sequence[LineModel], frames: Samples) -> Samples:
    """`LineModel.deliver` of many lines; frames and result of shape (lines, TICK)."""
    heard = _coded(lines, frames)
    for row, line in enumerate(lines):
        if line.echoes:
            line.remember(heard[row])
    return heard


def receive(lines: Sequence[LineModel], said: Samples) -> Samples:
    """`LineModel.receive` of many lines; said and result of shape (lines, TICK)."""
    noise = np.concatenate([line.noise() for line in lines]).reshape(said.shape)
    total = np.add(said, noise, dtype=np.int32)
    lost = []
    for row, line in enumerate(lines):
        if line.clean:
            continue
        if line.lost():
            lost.append(row)
            continue
        echo = line.echo()
        if echo is not None:
            total[row] += echo
    np.minimum(np.maximum(total, -32768, out=total), 32767, out=total)
    received = _coded(lines, total.astype(np.int16))
    received[lost] = 0  # what FreeSWITCH hands on when a packet is missing
    return received


def _coded(lines: Sequence[LineModel], frames: Samples) -> Samples:
    """Through each line's codec."""
    tables = {line.table for line in lines}
    if len(tables) == 1:
        at = tables.pop()
        return _TABLES[at : at + 65_536][frames.view(np.uint16)]
    wide = frames.view(np.uint16).astype(np.intp)
    wide += np.array([[line.table] for line in lines])
    return _TABLES.take(wide)


_HALF = 8
_offsets = np.arange(-_HALF, _HALF) + 0.5
_TAPS = np.sinc(_offsets) * np.kaiser(2 * _HALF + 1, 5.0)[:-1]
_TAPS = (_TAPS / _TAPS.sum()).astype(np.float32)
_BEFORE = 2 * _HALF - 1


class Doubler:
    """8 kHz to 16 kHz, 20 ms at a time, 1 ms late: windowed-sinc interpolation."""

    def __init__(self) -> None:
        self.before: Samples = np.zeros(_BEFORE, np.int16)

    def double(self, frame: Samples) -> bytes:
        """640 bytes of L16 little-endian at 16 kHz."""
        return double([self], frame[None]).tobytes()


def double(doublers: Sequence[Doubler], frames: Samples) -> Samples:
    """`Doubler.double` of many: (lines, TICK) at 8 kHz to (lines, 2 * TICK) at 16 kHz."""
    before = np.concatenate([one.before for one in doublers]).reshape(-1, _BEFORE)
    sound = np.concatenate((before, frames), axis=1)
    for one, kept in zip(doublers, sound[:, -_BEFORE:].copy(), strict=True):
        one.before = kept
    wide = sound.astype(np.float32)
    between = np.zeros(frames.shape, np.float32)
    part = np.empty_like(between)
    for at, tap in enumerate(_TAPS):
        between += np.multiply(wide[:, at : at + TICK], tap, out=part)
    out = np.empty((len(frames), 2 * TICK), "<i2")
    out[:, 0::2] = sound[:, _HALF - 1 : _HALF - 1 + TICK]
    np.rint(between, out=between)
    out[:, 1::2] = np.clip(between, -32768, 32767, out=between)
    return out
