"""What a recording is worth: signal to noise, clipping, bandwidth, pitch, seconds of speech."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from agentd.speech.frames import RATE_HZ
from agentd.speech.library import Int16, resample
from agentd.speech.vad import Vad

FRAME_MS = 20
CLIPPED = 0.999  # of full scale
BAND_DB = 50.0  # what is further under the loudest band than this is no part of the sound
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Quality:
    """snr_db: None without speech or without a pause. bandwidth_hz: where the sound ends.
    clipped: share of samples at full scale, of those in runs of three or more."""

    seconds: float
    speech_s: float
    snr_db: float | None
    clipped: float
    bandwidth_hz: int
    pitch_hz: float | None
    level_db: float

    @property
    def faults(self) -> list[str]:
        """What a person should know before building a voice on it."""
        found = []
        if self.snr_db is not None and self.snr_db < 20:
            found.append(f"noisy: {self.snr_db:.0f} dB over the noise, 30 is good")
        if self.clipped > 0.0005:
            found.append(
                f"clipped: {100 * self.clipped:.2f} % of samples at full scale; what is made of it "
                "crackles: record it again with the level lower"
            )
        if self.bandwidth_hz < 7_000:
            found.append(f"dull: nothing above {self.bandwidth_hz} Hz, as from a telephone")
        if self.speech_s < 10:
            found.append(f"short: {self.speech_s:.1f} s of speech, 30 is good")
        return found

    def row(self) -> dict[str, object]:
        """For a report, rounded."""
        return {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def voiced(samples: Int16, rate_hz: int, level: int = 2) -> Mask:
    """Frames of 20 ms with a voice in them."""
    at16 = resample(samples, rate_hz, RATE_HZ)
    size = RATE_HZ * FRAME_MS // 1000
    vad = Vad(level)
    frames = at16[: at16.size // size * size].reshape(-1, size)
    return np.array([vad.voiced(frame.tobytes()) for frame in frames], bool)


def measure(samples: Int16, rate_hz: int, mask: Mask | None = None) -> Quality:
    """samples: int16 mono. mask: frames of 20 ms with a voice, when they are known."""
    mask = voiced(samples, rate_hz) if mask is None else mask
    wide = samples.astype(np.float64) / 32768
    rms = float(np.sqrt(np.mean(wide**2))) if wide.size else 0.0
    return Quality(
        seconds=samples.size / rate_hz,
        speech_s=float(mask.sum()) * FRAME_MS / 1000,
        snr_db=snr_db(wide, rate_hz, mask),
        clipped=clipped(wide),
        bandwidth_hz=bandwidth_hz(wide, rate_hz),
        pitch_hz=pitch_hz(wide, rate_hz, mask),
        level_db=20 * float(np.log10(max(rms, 1e-6))),
    )


def snr_db(sound: Floats, rate_hz: int, mask: Mask) -> float | None:
    """Mean power of speech over that of the pauses, at most 80 dB; None without either.

    Frames at the edge of speech count as neither, and digital silence is no noise to measure.
    """
    power = _frame_power(sound, rate_hz, mask.size)
    edge = np.convolve(mask, np.ones(11), "same")
    quiet, loud = power[edge == 0], power[mask[: power.size]]
    quiet = quiet[quiet > 1e-10]
    if quiet.size < 5 or loud.size < 5:
        return None
    noise = float(np.mean(quiet))
    speech = max(float(np.mean(loud)) - noise, noise * 1e-2)
    return min(80.0, 10 * float(np.log10(speech / noise)))


def _frame_power(sound: Floats, rate_hz: int, frames: int) -> Floats:
    size = rate_hz * FRAME_MS / 1000
    edges = np.round(np.arange(frames + 1) * size).astype(int).clip(0, sound.size)
    total = np.concatenate([[0.0], np.cumsum(sound**2)])
    power: Floats = (total[edges[1:]] - total[edges[:-1]]) / np.maximum(1, np.diff(edges))
    return power


def clipped(sound: Floats) -> float:
    """Share of samples in flat runs of three or more at full scale (or at the sound's own top)."""
    if not sound.size:
        return 0.0
    peak = float(np.abs(sound).max())
    if peak < 0.5:
        return 0.0
    high = np.abs(sound) >= peak * CLIPPED
    runs = high[:-2] & high[1:-1] & high[2:]
    return float(runs.mean()) if runs.size else 0.0


def bandwidth_hz(sound: Floats, rate_hz: int) -> int:
    """Up to which frequency there is sound, in steps of 100 Hz."""
    if sound.size < rate_hz // 10:
        return 0
    hz, power = signal.welch(sound, rate_hz, nperseg=min(sound.size, rate_hz // 10))
    level = 10 * np.log10(power + 1e-20)
    level = np.convolve(level, np.ones(5) / 5, "same")
    audible = np.nonzero(level > level.max() - BAND_DB)[0]
    return int(round(float(hz[audible[-1]]) / 100) * 100) if audible.size else 0


def pitch_hz(sound: Floats, rate_hz: int, mask: Mask) -> float | None:
    """Median fundamental of the voiced frames, by autocorrelation; None where none is found."""
    found = pitches(sound, rate_hz, mask)
    found = found[found > 0]
    return float(np.median(found)) if found.size >= 5 else None


def pitches(sound: Floats, rate_hz: int, mask: Mask) -> Floats:
    """Fundamental of each 20 ms frame in Hz, 0 where there is none. From 60 to 400 Hz."""
    window = int(0.04 * rate_hz)
    low, high = rate_hz // 400, rate_hz // 60
    taper = np.hanning(window)
    out = np.zeros(mask.size)
    for number in np.nonzero(mask)[0]:
        start = int(number * rate_hz * FRAME_MS / 1000)
        part = sound[start : start + window]
        if part.size < window:
            break
        part = (part - part.mean()) * taper
        spectrum = np.fft.rfft(part, 2 * window)
        auto = np.fft.irfft(np.abs(spectrum) ** 2)[:window]
        if auto[0] <= 1e-9:
            continue
        search = auto[low:high] / auto[0]
        best = int(search.argmax())
        # An octave lower always correlates nearly as well: the shortest good period is meant.
        for candidate in range(best // 2 - 3, best // 2 + 4):
            if 0 <= candidate < best and search[candidate] > 0.9 * search[best]:
                best = candidate
                break
        if search[best] > 0.35:
            out[number] = rate_hz / (low + best)
    return out
