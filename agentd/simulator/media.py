"""What goes over the line in 20 ms at 8 kHz: playback, background, codec, noise, echo, loss."""

from collections import deque

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from agentd.simulator.persona import Line

RATE_HZ = 8_000
TICK_MS = 20
TICK = RATE_HZ * TICK_MS // 1000
ECHO_MS = 150
Samples = NDArray[np.int16]
SILENT: Samples = np.zeros(TICK, np.int16)


def read(path: str) -> Samples:
    """A sound file as the switch plays it: mono 8 kHz. Raises OSError or SoundFileError."""
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    mono = np.ascontiguousarray(samples[:, 0], np.int16)
    if rate != RATE_HZ:
        mono = np.asarray(soxr.resample(mono, rate, RATE_HZ), np.int16)
    return mono


class Loop:
    """A file played round and round, with the 20 ms of silence FreeSWITCH leaves at each seam."""

    def __init__(self, samples: Samples) -> None:
        whole = len(samples) // TICK
        self._frames = [samples[i * TICK : (i + 1) * TICK] for i in range(whole)] + [SILENT]
        self._next = 0

    def tick(self) -> Samples:
        """The next 20 ms."""
        frame = self._frames[self._next]
        self._next = (self._next + 1) % len(self._frames)
        return frame


def mix(one: Samples, other: Samples) -> Samples:
    """Sum, clipped."""
    total = one.astype(np.int32) + other.astype(np.int32)
    return np.clip(total, -32768, 32767).astype(np.int16)


def _companding(codec: str) -> Samples:
    """Table of 65,536: what each sample is after coding and decoding (ITU-T G.711)."""
    x = np.arange(-32768, 32768) / 32768
    if codec == "pcmu":
        mu = 255.0
        y = np.sign(x) * np.log1p(mu * np.abs(x)) / np.log1p(mu)
        y = np.round(y * 127.5 - 0.5 * np.sign(y)) / 127
        back = np.sign(y) * np.expm1(np.abs(y) * np.log1p(mu)) / mu
    else:
        a = 87.6
        size = np.abs(x)
        low = size < 1 / a
        y = np.where(low, a * size, 1 + np.log(np.maximum(a * size, 1))) / (1 + np.log(a))
        y = (np.floor(y * 128) + 0.5) / 128
        knee = 1 / (1 + np.log(a))
        bent = np.where(y < knee, y * (1 + np.log(a)), np.exp(y * (1 + np.log(a)) - 1)) / a
        back = np.sign(x) * bent
    table: Samples = np.clip(np.round(back * 32768), -32768, 32767).astype(np.int16)
    return table


_TABLES = {codec: _companding(codec) for codec in ("pcma", "pcmu")}


class Channel:
    """The prospect's side of the line: what the switch receives of it."""

    def __init__(self, line: Line, seed: int) -> None:
        self._table = _TABLES[line.codec]
        self._random = np.random.default_rng(seed)
        self._noise = 32768 * 10 ** (line.noise_db / 20) if line.noise_db is not None else 0.0
        self._echo = 10 ** (line.echo_db / 20) if line.echo_db is not None else 0.0
        self._loss = line.loss
        self._ours: deque[Samples] = deque([SILENT] * (ECHO_MS // TICK_MS))
        self._last: Samples = SILENT

    def tick(self, said: Samples, ours: Samples) -> Samples:
        """20 ms: what the prospect says and what the agent is heard saying, in; the line, out."""
        self._ours.append(ours)
        late = self._ours.popleft()
        sound = said.astype(np.float64)
        if self._echo:
            sound += late * self._echo
        if self._noise:
            sound += self._random.normal(0, self._noise, TICK)
        frame = np.clip(np.round(sound), -32768, 32767).astype(np.int32)
        coded: Samples = self._table[frame + 32768]
        if self._loss and self._random.random() < self._loss:
            coded = (self._last // 2).astype(np.int16)  # what a jitter buffer makes of it
        self._last = coded
        return coded


class Upsampler:
    """The fork's 16 kHz, from the line's 8, tick by tick."""

    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(RATE_HZ, 16_000, 1, dtype="int16", quality="MQ")
        self._rest = b""

    def tick(self, frame: Samples) -> bytes:
        """640 bytes, or none while the filter fills."""
        self._rest += self._stream.resample_chunk(frame).tobytes()
        if len(self._rest) < 640:
            return b""
        out, self._rest = self._rest[:640], self._rest[640:]
        return out


def rms(frame: Samples) -> float:
    """Root mean square of int16 samples."""
    wide = frame.astype(np.float64)
    return float(np.sqrt(np.mean(wide * wide))) if wide.size else 0.0
