"""Samples of a voice cleaned: vocals alone where a separator is there, noise taken off if it helps.

What is kept is decided by measuring: taking noise off can also take speech off.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from agentd.errors import AgentdError, BadInput
from agentd.speech.library import MASTER_HZ, Int16, write_wav
from agentd.speech.provenance import HUMAN, Provenance
from agentd_tools.masters import read_mono
from agentd_tools.quality import Quality, measure, voiced

FOLDER, REPORT = "clean", "clean.json"
BETTER_DB = 1.0  # less gain is not worth the risk
LOST_MOST = 0.04  # share of the loudest speech's power that may change: noisereduce came to .015
PROCESSING = 1
# noisereduce's own 500 Hz and 50 ms took half of the speech's power off a sample with 23 dB; these
# take 3 % and gain 16 dB.
SMOOTHING: dict[str, Any] = {"n_fft": 512, "freq_mask_smooth_hz": 100, "time_mask_smooth_ms": 30}
SEPARATORS = ("*.onnx", "*.ckpt", "*.pth")


@dataclass(frozen=True)
class Cleaned:
    """One sample: what was done to it, and its quality before and after."""

    name: str
    kept: str  # "as it was", "noise reduced", "vocals", "vocals, noise reduced"
    before: Quality
    after: Quality
    why: str = ""

    def __str__(self) -> str:
        def snr(quality: Quality) -> str:
            return "?" if quality.snr_db is None else f"{quality.snr_db:.0f} dB"

        why = f" ({self.why})" if self.why else ""
        return f"{self.name}: {snr(self.before)} -> {snr(self.after)}, {self.kept}{why}"


def clean(
    folder: Path, separator: Path, *, consent: str = "", told: Callable[[str], None]
) -> list[Cleaned]:
    """Clean voices/<name>/*.wav into voices/<name>/clean; the samples given stay as they are.

    separator: folder of an audio-separator model, used when the model and the library are there.
    Nothing is done when the samples are those cleaned last time. Raises BadInput on a sample that
    is no speech.
    """
    samples = sorted(folder.glob("*.wav"))
    model = _separator(separator)
    state = _state(samples, model)
    if _same(folder, state):
        told(f"{len(samples)} samples: cleaned already")
        return []
    reduce, vocals = _reducer(told), _open_separator(model, told)
    done = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".clean.") as made:
        target = Path(made) / FOLDER
        target.mkdir()
        for sample in samples:
            best, sound = _best(sample, reduce, vocals)
            told(f"  {best}")
            write_wav(target / sample.name, sound, MASTER_HZ, _made(folder, consent), sample.stem)
            done.append(best)
        report = {
            "state": state,
            "samples": [
                {"name": c.name, "kept": c.kept, "before": c.before.row(), "after": c.after.row()}
                for c in done
            ],
        }
        final = folder / FOLDER
        if final.exists():
            final.rename(Path(made) / "old")
        target.rename(final)
        (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return done


def _made(folder: Path, consent: str) -> Provenance:
    return Provenance(kind=HUMAN, voice=folder.name, consent=consent)


def _best(
    sample: Path,
    reduce: Callable[[Int16], Int16] | None,
    vocals: Callable[[Path], Int16] | None,
) -> tuple[Cleaned, Int16]:
    given = read_mono(sample)
    mask = voiced(given, MASTER_HZ)
    before = measure(given, MASTER_HZ, mask)
    if before.speech_s < 0.5:
        raise BadInput(
            f"{sample} holds no speech ({before.speech_s:.1f} s)",
            mend="remove it; samples are recordings of one person who speaks",
        )
    sound, kept, why = given, "as it was", ""
    if vocals is not None:
        sound, kept = vocals(sample), "vocals"
    if reduce is None:
        return Cleaned(sample.name, kept, before, measure(sound, MASTER_HZ)), sound
    reduced = reduce(sound)
    after = measure(reduced, MASTER_HZ, voiced(sound, MASTER_HZ))
    base = measure(sound, MASTER_HZ) if vocals is not None else before
    gain = (after.snr_db or 0.0) - (base.snr_db or 0.0)
    lost = speech_lost(sound, reduced, MASTER_HZ)
    if base.snr_db is None or after.snr_db is None:
        why = "no noise to measure"
    elif gain < BETTER_DB:
        why = f"noise reduction gains {gain:+.1f} dB"
    elif lost > LOST_MOST:
        why = f"noise reduction takes {100 * lost:.0f} % of the speech"
    else:
        kept = "noise reduced" if kept == "as it was" else f"{kept}, noise reduced"
        return Cleaned(sample.name, kept, before, after), reduced
    return Cleaned(sample.name, kept, before, base, why), sound


def speech_lost(before: Int16, after: Int16, rate_hz: int) -> float:
    """How much of the loudest quarter is not what it was, as a share of its power.

    At 15 dB over the noise, taking all of the noise off is .03.
    """
    size = rate_hz // 50
    count = min(before.size, after.size) // size
    one = before[: count * size].astype(np.float64).reshape(count, size)
    two = after[: count * size].astype(np.float64).reshape(count, size)
    power = (one**2).mean(axis=1)
    loud = power >= np.quantile(power, 0.75)
    return float(((one[loud] - two[loud]) ** 2).sum() / max(1.0, (one[loud] ** 2).sum()))


def _reducer(told: Callable[[str], None]) -> Callable[[Int16], Int16] | None:
    if find_spec("noisereduce") is None:
        told("noisereduce is not installed, samples stay as noisy as they are: pip install "
             "'agentd[prepare]'")  # fmt: skip
        return None
    import noisereduce

    def reduce(sound: Int16) -> Int16:
        wide = sound.astype(np.float32) / 32768
        noise = _pauses(sound)
        if noise.size < 0.2 * MASTER_HZ:
            return sound  # nothing to learn the noise from: the speech would be taken for it
        # Not all of it: full reduction gurgles, and a voice is built on what is left.
        quiet = noisereduce.reduce_noise(
            y=wide, sr=MASTER_HZ, y_noise=noise, stationary=True, prop_decrease=0.9, **SMOOTHING
        )
        samples: Int16 = np.round(np.clip(quiet, -1, 1) * 32767).astype(np.int16)
        return samples

    return reduce


def _pauses(sound: Int16) -> np.ndarray:
    """What is heard while nobody speaks, -1 to 1."""
    speech = np.convolve(voiced(sound, MASTER_HZ), np.ones(7), "same") > 0
    size = MASTER_HZ // 50
    frames = sound[: min(sound.size // size, speech.size) * size].reshape(-1, size)
    return (frames[~speech[: len(frames)]].ravel() / 32768).astype(np.float32)


def _separator(folder: Path) -> Path | None:
    if not folder.is_dir() or find_spec("audio_separator") is None:
        return None
    return next((file for end in SEPARATORS for file in sorted(folder.glob(end))), None)


class _Vocals:
    """Takes the vocals out of samples: audio-separator with a model that lies on this disk."""

    def __init__(self, model: Path) -> None:
        """Loads it: raises what the library's network, its list of models and torch do."""
        from audio_separator.separator import Separator

        self._model = model
        self._work = tempfile.TemporaryDirectory(prefix="agentd-vocals.")
        self._separator = Separator(
            log_level=logging.WARNING,
            model_file_dir=str(model.parent),
            output_dir=self._work.name,
            output_single_stem="Vocals",
        )
        self._separator.load_model(model_filename=model.name)

    def __call__(self, sample: Path) -> Int16:
        """Raises AgentdError."""
        try:
            names = self._separator.separate(str(sample))
        except Exception as error:  # noqa: BLE001 - and so does its separation
            raise AgentdError(
                f"{sample}: {self._model.name} failed: {type(error).__name__}: {error}",
                mend=f"remove {self._model.parent} to clean without it",
            ) from None
        made = [Path(self._work.name) / Path(name).name for name in names]
        if not made or not made[0].is_file():
            raise AgentdError(
                f"{sample}: {self._model.name} gave no vocals",
                mend=f"put a model that separates vocals into {self._model.parent}, or remove that",
            )
        return read_mono(made[0])


def _open_separator(
    model: Path | None, told: Callable[[str], None]
) -> Callable[[Path], Int16] | None:
    """None without a model, and when it cannot be loaded, which is said."""
    if model is None:
        return None
    try:
        return _Vocals(model)
    except Exception as error:  # noqa: BLE001
        said = (str(error).splitlines() or [type(error).__name__])[0]
        told(f"{model} cannot be used, vocals are not separated: {said}")
        return None


def _state(samples: list[Path], model: Path | None) -> str:
    digest = hashlib.sha256(f"{PROCESSING} {model} {find_spec('noisereduce') is None}".encode())
    for sample in samples:
        digest.update(sample.name.encode() + sample.read_bytes())
    return digest.hexdigest()


def _same(folder: Path, state: str) -> bool:
    try:
        known = json.loads((folder / REPORT).read_text(encoding="utf-8"))["state"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(known == state) and (folder / FOLDER).is_dir()
