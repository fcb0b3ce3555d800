"""Voices: text in, samples out. Which engine a voice uses stands in voices/<name>/voice.yaml."""

import math
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np
import structlog
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentd.config import Settings
from agentd.errors import BadInput, MissingResource, SpeechError
from agentd.speech import consent
from agentd.speech.pico import PicoVoice, slowed

log = structlog.get_logger(component="synthesis")

ESPEAK_TIMEOUT_S = 10.0


class Voice(Protocol):
    """An engine with its settings. `render` is native work."""

    @property
    def name(self) -> str:
        """Engine and voice."""

    @property
    def licence(self) -> str:
        """Of the engine and its voice."""

    @property
    def rate_hz(self) -> int:
        """Of what `render` returns."""

    @property
    def level_db(self) -> float:
        """How much louder than others it is to be made, 0 at volume 100."""

    @property
    def settings(self) -> str:
        """Everything that changes the sound: part of what recordings are addressed by."""

    @property
    def consent(self) -> str:
        """Id of the consent under which a person is imitated; empty: nobody is."""

    @property
    def parallel(self) -> bool:
        """May several threads render at once?"""

    def another(self, attempt: int) -> "Voice | None":
        """The same voice with a text said otherwise, for a recording that cannot be understood.

        attempt: from 1. None when it has no other way left.
        """

    def render(self, text: str) -> NDArray[np.int16]:
        """Speech for a text, mono. Raises SpeechError, also where there is nothing to say."""


Engine = Literal["pico", "espeak", "piper", "xtts"]
CLONING = frozenset({"xtts"})  # engines that imitate a person's samples


class VoiceFile(BaseModel):
    """voices/<name>/voice.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Engine = "pico"
    live: Engine | None = Field(
        None, description="engine of what only a call knows; left out: pico for xtts, else engine"
    )
    model: Path | None = Field(None, description="of piper and xtts; relative: in models/")
    speed: int = Field(100, ge=50, le=200, description="percent")
    pitch: int = Field(100, ge=50, le=200, description="percent")
    volume: int = Field(100, ge=10, le=200, description="percent of the usual loudness")


class EspeakVoice:
    """espeak-ng by process: the fallback. Recognisers hardly understand its French."""

    name = "espeak-ng fr"
    licence = "GPL-3.0 (run, not linked)"
    rate_hz = 22_050
    consent = ""
    parallel = True

    def __init__(self, *, speed: int = 100, pitch: int = 100, volume: int = 100) -> None:
        found = shutil.which("espeak-ng")
        if found is None:
            raise MissingResource("espeak-ng is not installed", mend="apt-get install espeak-ng")
        self._command = [
            *(found, "--stdout", "-v", "fr-fr"),
            *("-s", str(round(155 * speed / 100)), "-p", str(round(50 * pitch / 100))),
        ]
        self._levels = {"speed": speed, "pitch": pitch, "volume": volume}
        self.level_db = 20 * math.log10(volume / 100)
        self.settings = f"espeak speed={speed} pitch={pitch} volume={volume}"

    def another(self, attempt: int) -> Self | None:
        """Slower."""
        slower = slowed(self._levels["speed"], attempt)
        return None if slower is None else type(self)(**{**self._levels, "speed": slower})

    def render(self, text: str) -> NDArray[np.int16]:
        """Speech for a text, int16 mono 22,050 Hz. Raises SpeechError."""
        try:
            done = subprocess.run(
                [*self._command, "--", text.replace("\0", " ").encode(errors="ignore")],
                capture_output=True,
                timeout=ESPEAK_TIMEOUT_S,
                check=True,
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise SpeechError(f"espeak-ng failed: {error}") from None
        samples = np.frombuffer(done.stdout[44:], np.int16)  # after the WAV header
        if not samples.any():
            raise SpeechError("espeak-ng finds nothing to say in the text", mend="write words")
        return samples


_OF_A_VOICE = (".yaml", ".wav")  # settings or consent, samples


def read_voice(folder: Path) -> VoiceFile:
    """The settings of a voice. Raises BadInput naming file and field."""
    file = folder / "voice.yaml"
    if not folder.is_dir():
        known = sorted(
            {f.parent.name for f in folder.parent.glob("*/*") if f.suffix in _OF_A_VOICE}
        )
        raise BadInput(
            f"no voice {folder.name!r} in {folder.parent}",
            mend=f"use one of: {', '.join(known) or 'none yet'}; or make {file}",
        )
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        return VoiceFile.model_validate(data or {})
    except OSError as error:
        raise BadInput(
            f"{file}: cannot be read ({error.strerror})", mend="check the path and its permissions"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not valid YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise BadInput(f"{file}: {field}: {first['msg']}, got {first['input']!r}") from None


def open_voice(settings: Settings, name: str, *, live: bool = False) -> Voice:
    """The voice `name`, with the engine its file or `[voice] engine` asks for.

    live: for what is said in a call that goes on, where an engine slower than speech is no use.
    With `auto`, espeak-ng stands in for Pico where Pico was not fetched, with a warning.
    Raises BadInput (no such voice; a person's, without consent), MissingResource (no engine).
    """
    folder = settings.path("voices", name)
    file = read_voice(folder)
    wanted = settings.voice.engine
    levels = {"speed": file.speed, "pitch": file.pitch, "volume": file.volume}
    engine = file.engine if wanted == "auto" else wanted
    if live and wanted == "auto":
        engine = file.live or ("pico" if engine == "xtts" else engine)
    if engine in CLONING:
        from agentd.speech.xtts import XttsVoice

        given = consent.require(folder, date.today())
        model = settings.path("models", file.model or "xtts-v2")
        return XttsVoice(model, folder, consent=given.id, volume=file.volume)
    if engine == "piper":
        from agentd.speech.piper import PiperVoice

        if file.model is None:
            raise BadInput(
                f"{folder / 'voice.yaml'}: model is missing; piper needs a voice",
                mend="model: piper-fr/fr_FR-siwis-medium.onnx, for example (agentd models list)",
            )
        return PiperVoice(settings.path("models", file.model), speed=file.speed, volume=file.volume)
    if engine == "espeak":
        return EspeakVoice(**levels)
    try:
        return PicoVoice(settings.path("models", "pico"), **levels)
    except MissingResource:
        if wanted != "auto" or shutil.which("espeak-ng") is None:
            raise
        log.warning("Pico is not there, espeak-ng speaks instead", mend="agentd models fetch pico")
        return EspeakVoice(**levels)


_SPOKEN = (
    (re.compile(r"\bM\.\s+(?=[A-ZÀ-Ý])"), "Monsieur "),
    (re.compile(r"\bMme\s+(?=[A-ZÀ-Ý])"), "Madame "),
    (re.compile(r"(\d)\s*€"), r"\1 euros"),
    (re.compile(r"(\d)\s*%"), r"\1 pour cent"),
    (re.compile(r"\bn°\s*"), "numéro "),
    (re.compile(r"\s*[«»]\s*"), " "),
    (re.compile(r"[*_#|<>{}\[\]\\^~]"), " "),
)


def speakable(text: str) -> str:
    """What a person would read aloud: abbreviations said whole, marks nobody says left out."""
    for pattern, said in _SPOKEN:
        text = pattern.sub(said, text)
    return " ".join(text.split())
