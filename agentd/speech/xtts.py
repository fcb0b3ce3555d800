"""XTTS v2 by coqui-tts: imitates a person from samples. Slower than speech without a GPU.

The weights are under the Coqui Public Model License: non-commercial use only. That is shown and
must be acknowledged once (`acknowledge`), which is kept beside the model. Torch is imported when a
text is first rendered, and only by a voice that asks for this engine.
"""

import getpass
import hashlib
import json
import math
import re
import threading
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentd.errors import AgentdError, BadInput, MissingResource, SpeechError

FILES = ("config.json", "model.pth", "vocab.json")
ACKNOWLEDGED = "licence-acknowledged.json"
LICENCE = "CPML 1.0 (non-commercial)"
LICENCE_TEXT = (
    "XTTS v2's weights are under the Coqui Public Model License 1.0: non-commercial use only.\n"
    "That covers the weights and what they produce. Prospecting for a business is commercial use;\n"
    "Coqui has ceased trading, so that no commercial licence can be bought.\n"
    "The licence: https://coqui.ai/cpml (a copy is LICENSE.txt of the model)."
)
QUICK_S, FINE_S = 30.0, 120.0  # of clean speech: less is quick, more is for fine-tuning
# Of each mode, in seconds: speech that conditions the voice, in pieces of, and most of a sample.
CONDITIONING = {"quick": (12, 12, 30), "standard": (30, 6, 60), "fine-tuning": (120, 6, 60)}
LONGEST = 250  # characters at a time: XTTS cuts French off after 273 (its tokenizer's limit)
PAUSE_S = 0.18  # between two pieces of a text
ATTEMPTS = 3


def mode_of(seconds: float) -> str:
    """How a voice is cloned, by seconds of clean speech: quick, standard or fine-tuning. None of
    them trains the model: that wants its makers' dVAE weights and a GPU, and is done outside."""
    if seconds < QUICK_S:
        return "quick"
    return "standard" if seconds <= FINE_S else "fine-tuning"


def told(mode: str) -> str:
    """What a mode does, for whoever waits for it."""
    seconds = CONDITIONING[mode][0]
    said = f"{mode} mode: up to {seconds} s of the samples condition the voice"
    if mode != "fine-tuning":
        return said
    return f"{said}; the model itself is not trained on them (docs/voices.md says how to)"


def samples_of(folder: Path) -> list[Path]:
    """Samples of a voice: the cleaned ones where there are, else those that were given."""
    return sorted((folder / "clean").glob("*.wav")) or sorted(folder.glob("*.wav"))


def seconds_of(samples: list[Path]) -> float:
    """How much speech the samples hold."""
    import soundfile

    return float(sum(soundfile.info(sample).duration for sample in samples))


def acknowledged(model: Path) -> bool:
    """Has somebody acknowledged the licence of the weights in this folder?"""
    return (model / ACKNOWLEDGED).is_file()


def acknowledge(model: Path) -> None:
    """Keep who acknowledged the licence, and when."""
    record = {"licence": LICENCE, "date": date.today().isoformat(), "by": getpass.getuser()}
    try:
        (model / ACKNOWLEDGED).write_text(json.dumps(record) + "\n", encoding="utf-8")
    except OSError as error:
        raise AgentdError(f"{model / ACKNOWLEDGED} cannot be written: {error.strerror}") from None


class XttsVoice:
    """A person's voice from samples. Rendering is serialised: torch uses every core by itself."""

    name = "XTTS v2"
    licence = LICENCE
    rate_hz = 24_000
    parallel = False

    def __init__(
        self, model: Path, folder: Path, *, consent: str, volume: int = 100, seed: int = 0
    ) -> None:
        """model: folder of the weights. folder: of the voice. consent: id of the record in it.

        Raises MissingResource (library, weights), BadInput (licence not acknowledged, no samples).
        """
        if find_spec("TTS") is None or find_spec("torch") is None:
            raise MissingResource(
                "the engine xtts needs coqui-tts, which is not installed",
                mend="pip install torch==2.13.0, then pip install 'agentd[voice]'; or set "
                f"engine: pico in {folder / 'voice.yaml'}",
            )
        for part in FILES:
            if not (model / part).is_file():
                raise MissingResource(
                    f"no XTTS v2 in {model} ({part} is missing)", mend="agentd models fetch xtts-v2"
                )
        if not acknowledged(model):
            raise BadInput(
                f"the licence of {model} has not been acknowledged\n{LICENCE_TEXT}",
                mend=f"agent-tools clone-voice {folder.name} --accept-licence, if you may use it",
            )
        self._samples = samples_of(folder)
        if not self._samples:
            raise BadInput(
                f"{folder} holds no samples (*.wav) to imitate",
                mend=f"agent-tools youtube-extract FILE --name {folder.name}",
            )
        self.mode = mode_of(seconds_of(self._samples))
        self.consent = consent
        self.level_db = 20 * math.log10(volume / 100)
        digest = hashlib.sha256()
        for sample in self._samples:
            digest.update(sample.read_bytes())
        weights = (model / "model.pth").stat().st_size
        self.settings = (
            f"xtts {self.mode} {CONDITIONING[self.mode][0]} s weights={weights} "
            f"samples={digest.hexdigest()[:16]} "
            f"consent={consent} seed={seed} volume={volume}"
        )
        self._model, self._folder, self._volume, self._seed = model, folder, volume, seed
        self._lock = threading.Lock()
        self._loaded: Any = None
        self._latents: tuple[Any, Any] | None = None

    def another(self, attempt: int) -> "XttsVoice | None":
        """With another seed: XTTS draws, and sometimes draws badly."""
        if attempt > ATTEMPTS:
            return None
        other = XttsVoice(
            self._model,
            self._folder,
            consent=self.consent,
            volume=self._volume,
            seed=self._seed + attempt,
        )
        other._loaded, other._latents, other._lock = self._loaded, self._latents, self._lock
        return other

    def render(self, text: str) -> NDArray[np.int16]:
        """Speech for a text, int16 mono 24 kHz; the same each time. Raises SpeechError."""
        parts = pieces(text)
        if not parts:
            raise SpeechError("XTTS finds nothing to say in the text", mend="write words")
        pause = np.zeros(int(PAUSE_S * self.rate_hz), np.float32)
        with self._lock:
            try:
                spoken = [sound for part in parts for sound in (self._say(part), pause)][:-1]
            except (RuntimeError, ValueError, OSError, KeyError, AssertionError) as error:
                raise SpeechError(f"XTTS failed: {error}") from None
        wide = np.concatenate(spoken)
        if not np.isfinite(wide).all() or not np.abs(wide).max() > 1e-4:
            raise SpeechError("XTTS gave no sound")
        return np.round(np.clip(wide, -1, 1) * 32767).astype(np.int16)

    def _say(self, text: str) -> NDArray[np.float32]:
        import torch

        if self._loaded is None:
            self._loaded = _load(self._model)
        if self._latents is None:
            length, piece, most = CONDITIONING[self.mode]
            self._latents = self._loaded.get_conditioning_latents(
                audio_path=[str(sample) for sample in self._samples],
                gpt_cond_len=length,
                gpt_cond_chunk_len=piece,
                max_ref_length=most,
            )
        torch.manual_seed(self._seed)
        out = self._loaded.inference(text, "fr", *self._latents, temperature=0.65)
        return np.asarray(out["wav"], np.float32)


def pieces(text: str) -> list[str]:
    """A text in pieces that XTTS says whole: sentences, joined while they are short enough."""
    found: list[str] = []
    for sentence in re.split(r"(?<=[.!?…])\s+", " ".join(text.split())):
        while len(sentence) > LONGEST:  # at a comma, else at a space
            cut = max(sentence.rfind(", ", 0, LONGEST) + 1, 0) or sentence.rfind(" ", 0, LONGEST)
            cut = cut if cut > 0 else LONGEST
            found.append(sentence[:cut].strip())
            sentence = sentence[cut:].strip()
        if found and len(found[-1]) + len(sentence) < LONGEST:
            found[-1] = f"{found[-1]} {sentence}"
        else:
            found.append(sentence)
    return [piece for piece in found if any(c.isalnum() for c in piece)]


def _load(folder: Path) -> Any:
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models import xtts as library

    # Its own reader wants torchcodec, and that the system's FFmpeg; our samples are plain WAV.
    library.load_audio = _read_sample
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = library.Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True, use_deepspeed=False)
    return model


def _read_sample(path: str, rate_hz: int) -> Any:
    """A sample as XTTS takes it: float tensor (1, samples) at rate_hz."""
    import soundfile
    import soxr
    import torch

    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate, rate_hz)
    return torch.from_numpy(np.clip(mono, -1, 1))[None]
