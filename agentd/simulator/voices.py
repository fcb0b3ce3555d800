"""The prospects' speech: synthesised once by Pico, at a pitch of their own, and kept."""

import hashlib
import re
from pathlib import Path

import numpy as np
import soundfile

from agentd.simulator.persona import PAUSE, Manner, Persona
from agentd.simulator.playing import RATE_HZ, Samples
from agentd.speech.library import at_level, resample, trim, write_wav
from agentd.speech.pico import PicoVoice

# Another person than the agent, who speaks at 100 and 100.
SPEED, PITCH = 80, 80
LEVEL_DBFS = -22.0
_HUMS = ("mmh", "mm", "mmm", "hmm", "mhm", "hum", "humm")
BEEP_HZ, BEEP_S, BEEP_AFTER_S, BEEP_PEAK = 1_000, 0.5, 0.35, 8_000


class Voices:
    """Sounds by text and manner. Native work and disk: not for the hub."""

    def __init__(self, pico: Path, cache: Path) -> None:
        """pico: the voice's folder, as `agentd models fetch pico` leaves it."""
        self._pico = pico
        self._cache = cache

    def of(self, persona: Persona) -> dict[str, Samples]:
        """What everything the persona says sounds like: int16 mono 8 kHz, by text.

        Raises MissingResource (no Pico and not all cached), SpeechError.
        """
        sounds = {text: self.say(text, persona.voice) for text in persona.texts}
        if persona.beep:
            sounds[persona.greeting] = np.concatenate([sounds[persona.greeting], beep()])
        return sounds

    def say(self, text: str, manner: Manner) -> Samples:
        """One text, from the cache or made now, with the pauses it holds (`persona.PAUSE`)."""
        first, *rest = PAUSE.split(text)
        if rest:
            parts = [self.say(first.strip(), manner)]
            for seconds, after in zip(rest[::2], rest[1::2], strict=True):
                parts.append(np.zeros(round(float(seconds) * RATE_HZ), np.int16))
                parts.append(self.say(after.strip(), manner))
            return np.concatenate(parts)
        speed, pitch = manner.speed or SPEED, manner.pitch or PITCH
        identity = f"pico fr 3 speed={speed} pitch={pitch} level={LEVEL_DBFS} {text}"
        if all(word in _HUMS for word in text.lower().split()):
            return np.concatenate([hum() for _ in text.split()])
        file = self._cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.wav"
        if not file.exists():
            voice = PicoVoice(self._pico, speed=speed, pitch=pitch)
            spoken = trim(voice.render(_punctuated(text)), voice.rate_hz)
            sound = at_level(resample(spoken, voice.rate_hz, RATE_HZ), LEVEL_DBFS)
            write_wav(file, sound, RATE_HZ)
        samples, _ = soundfile.read(file, dtype="int16")
        return np.asarray(samples, np.int16)


def _punctuated(text: str) -> str:
    """With the commas a person breathes at, and an end that lets the voice fall."""
    text = re.sub(r"(?<=[^\W\d_]) (mais|parce que|donc) ", r", \1 ", text.strip())
    return text if text.endswith(("?", "!", ".")) else text + "."


def hum() -> Samples:
    """An "mmh", which Pico would spell: 0.35 s of a closed-mouth voice that falls a little."""
    t = np.arange(round(0.35 * RATE_HZ)) / RATE_HZ
    pitch = 2 * np.pi * (135 * t - 30 * t * t)
    voiced = sum(np.sin(k * pitch) / k**2 for k in range(1, 7))
    swell = np.sin(np.pi * t / t[-1]) ** 0.5
    return at_level((voiced * swell * 4_000).astype(np.int16), LEVEL_DBFS)


def beep() -> Samples:
    """What ends a machine's greeting: a short silence and a tone."""
    t = np.arange(round(BEEP_S * RATE_HZ)) / RATE_HZ
    tone = BEEP_PEAK * np.sin(2 * np.pi * BEEP_HZ * t)
    silence = np.zeros(round(BEEP_AFTER_S * RATE_HZ))
    return np.concatenate([silence, tone]).astype(np.int16)
