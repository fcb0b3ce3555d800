"""Spoken French as a telephone line delivers it, made with the voice that `make setup` fetches.

A speaker is Pico at a rate and a pitch, its sound stretched so that the throat changes too; a line
is a real 8 kHz A-law round trip and noise. Everything is deterministic.
"""

import io
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from agentd.speech.pico import LANGUAGE, LIBRARY, PicoVoice

RATE = 16_000
ROOT = Path(__file__).parents[2]
MODELS = Path(os.environ.get("AGENTD_PATHS_MODELS", ROOT / "models")).resolve()
WHISPER, PICO = MODELS / "whisper-base", MODELS / "pico"
Samples = NDArray[np.int16]

# What a person answers in the description of the project.
SEED = (
    "oui je vous écoute",
    "oui mais c'est trop cher vos taux",
    "oui effectivement",
    "oui pourquoi pas",
    "oui d'accord",
)
ANSWERS = (
    *SEED,
    "non",
    "non merci",
    "oui",
    "allô",
    "pardon",
    "je ne suis pas intéressé",
    "rappelez-moi demain à dix heures",
    "ne m'appelez plus",
    "vous êtes un robot",
    "c'est qui",
    "vous vous trompez de numéro",
    "je veux parler à un conseiller",
)


class Speaker(NamedTuple):
    """speed, pitch: percent, as Pico takes them. throat: above 1 a shorter one (a higher voice)."""

    speed: int
    pitch: int
    throat: float = 1.0


# The first three are for choosing parameters, the others for judging the choice.
TUNING = (Speaker(90, 100), Speaker(105, 85), Speaker(100, 120))
JUDGING = (Speaker(95, 110), Speaker(100, 95, 1.06), Speaker(115, 100, 0.93))


@cache
def say(text: str, speaker: Speaker = JUDGING[0]) -> Samples:
    """Clean speech without silence around it."""
    voice = _voice(round(speaker.speed / speaker.throat), speaker.pitch)
    sound = voice.render(text + ("" if text[-1] in ".?!" else "."))
    if speaker.throat != 1:
        sound = soxr.resample(sound, RATE * speaker.throat, RATE)
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 300)
    return sound[loud[0] : loud[-1] + RATE // 50]


def line(
    sound: Samples,
    *,
    before_s: float = 0.5,
    after_s: float = 1.6,
    noise_db: float = -50,
    level_db: float = -20,
    codec: bool = True,
) -> Samples:
    """One side of a call: silence, speech at an RMS of `level_db` dBFS, silence; noise over all."""
    x = sound.astype(np.float64) / 32768
    x *= 10 ** (level_db / 20) / max(1e-9, float(np.sqrt(np.mean(x**2))))
    x = np.concatenate([np.zeros(int(before_s * RATE)), x, np.zeros(int(after_s * RATE))])
    noise = np.random.default_rng(7).normal(0, 10 ** (noise_db / 20), x.size)
    x = np.clip(x + noise, -1, 1)
    return alaw(x) if codec else (x * 32767).astype(np.int16)


def alaw(x: NDArray[np.float64]) -> Samples:
    """Through a PCMA line: 8 kHz, A-law."""
    packed = io.BytesIO()
    narrow = np.clip(soxr.resample(x, RATE, 8000), -1, 1)
    soundfile.write(packed, narrow, 8000, format="RAW", subtype="ALAW")
    packed.seek(0)
    heard, _ = soundfile.read(packed, format="RAW", subtype="ALAW", samplerate=8000, channels=1)
    wide = soxr.resample(heard, 8000, RATE)[: x.size]
    return (np.clip(wide, -1, 1) * 32767).astype(np.int16)


@cache
def _voice(speed: int, pitch: int) -> PicoVoice:
    return PicoVoice(PICO, speed=speed, pitch=pitch)


def missing() -> list[str]:
    """What the tests marked `speech` need and do not find."""
    wanted = (WHISPER / "model.bin", *(PICO / part for part in (LIBRARY, *LANGUAGE)))
    return [str(path) for path in wanted if not path.is_file()]


def need_models() -> None:
    """Skip without the models, except in CI, where their absence is a failure."""
    lost = missing()
    if not lost:
        return
    reason = f"no {', '.join(lost)}: run `agentd models fetch whisper-base pico`"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)
