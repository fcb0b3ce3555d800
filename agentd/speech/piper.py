"""Piper voices by path, run as a program of their own.

piper (GPL-3.0) is not linked: it is started for each text, which costs a second to load the voice.
Good for rendering beforehand; in a call, use a voice whose `live` engine is Pico.
"""

import json
import math
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentd.errors import BadInput, MissingResource, SpeechError
from agentd.speech.pico import slowed

TIMEOUT_S = 120.0


class PiperVoice:
    """A piper .onnx voice, with its .onnx.json beside it."""

    consent = ""  # its maker's voice, under its own licence
    parallel = True

    def __init__(self, model: Path, *, speed: int = 100, volume: int = 100) -> None:
        """Raises MissingResource without the voice or the program, BadInput on a broken voice."""
        described = Path(f"{model}.json")
        for file in (model, described):
            if not file.is_file():
                raise MissingResource(
                    f"no piper voice: {file} is missing",
                    mend="agentd models fetch piper-fr, or name another voice with model: in "
                    "voice.yaml",
                )
        self._command = _program()
        try:
            data = json.loads(described.read_text(encoding="utf-8"))
            self.rate_hz = int(data["audio"]["sample_rate"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise BadInput(f"{described} does not describe a piper voice: {error!r}") from None
        self._model, self._speed, self._volume = model, speed, volume
        self.name = f"piper {model.stem}"
        self.licence = "GPL-3.0 (run, not linked); the voice's own: see its MODEL_CARD"
        self.level_db = 20 * math.log10(volume / 100)
        stat = model.stat()
        self.settings = f"piper {model.name} bytes={stat.st_size} speed={speed} volume={volume}"

    def another(self, attempt: int) -> "PiperVoice | None":
        """Slower."""
        slower = slowed(self._speed, attempt)
        if slower is None:
            return None
        return PiperVoice(self._model, speed=slower, volume=self._volume)

    def render(self, text: str) -> NDArray[np.int16]:
        """Speech for a text, int16 mono at the voice's rate. Raises SpeechError."""
        line = " ".join(text.replace("\0", " ").split())
        if not any(character.isalnum() for character in line):
            raise SpeechError("piper finds nothing to say in the text", mend="write words")
        command = [
            *(*self._command, "--model", str(self._model), "--output-raw"),
            *("--length-scale", f"{100 / self._speed:.3f}"),
        ]
        try:
            done = subprocess.run(
                command,
                input=f"{line}\n".encode(errors="ignore"),
                capture_output=True,
                timeout=TIMEOUT_S,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise SpeechError(f"piper failed: {' '.join(last) or error}") from None
        except (subprocess.SubprocessError, OSError) as error:
            raise SpeechError(f"piper failed: {error}") from None
        samples = np.frombuffer(done.stdout[: len(done.stdout) // 2 * 2], np.int16)
        if not samples.any():
            raise SpeechError("piper gave no sound")
        return samples


def _program() -> list[str]:
    found = shutil.which("piper")
    if found is not None:
        return [found]
    if find_spec("piper") is not None:
        return [sys.executable, "-m", "piper"]
    raise MissingResource(
        "piper is not installed", mend="pip install 'agentd[piper]', or put its program on PATH"
    )
