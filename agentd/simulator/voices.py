"""The prospects' speech: synthesised once, kept under .cache, never the agent's own settings."""

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from agentd.simulator.media import RATE_HZ, Samples
from agentd.simulator.persona import Persona
from agentd.speech.library import at_level, resample, trim, write_wav
from agentd.speech.pico import PicoVoice

LEVEL_DBFS = -22.0
BEEP_HZ, BEEP_MS = 1000, 500


def sounds(persona: Persona, pico: Path, cache: Path) -> dict[str, Samples]:
    """What the persona says, by text: mono 8 kHz. Native work. Raises MissingResource, SpeechError.

    pico: the voice's folder. cache: where speech is kept between runs.
    """
    voice = PicoVoice(pico, speed=persona.voice.speed, pitch=persona.voice.pitch)
    texts = {t.text for t in persona.turns if t.text}
    if persona.answer == "machine":
        texts.add(persona.greeting)
    made = {text: _said(voice, text, cache) for text in sorted(texts)}
    if persona.beep and persona.greeting in made:
        made[persona.greeting] = np.concatenate([made[persona.greeting], _beep()])
    return made


def _said(voice: PicoVoice, text: str, cache: Path) -> Samples:
    name = hashlib.sha256(f"{voice.settings} {LEVEL_DBFS} {text}".encode()).hexdigest()[:32]
    file = cache / f"{name}.wav"
    if not file.exists():
        spoken = trim(voice.render(text.rstrip(".?! ") + "."), voice.rate_hz)
        write_wav(file, at_level(resample(spoken, voice.rate_hz, RATE_HZ), LEVEL_DBFS), RATE_HZ)
    samples, _ = soundfile.read(file, dtype="int16")
    return np.asarray(samples, np.int16)


def _beep() -> Samples:
    silence = np.zeros(RATE_HZ * 300 // 1000, np.int16)
    t = np.arange(RATE_HZ * BEEP_MS // 1000) / RATE_HZ
    tone = (8000 * np.sin(2 * np.pi * BEEP_HZ * t)).astype(np.int16)
    return np.concatenate([silence, tone])
