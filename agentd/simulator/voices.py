"""The prospects' speech: synthesised once by Pico, at a pitch of their own, and kept."""

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from agentd.simulator.persona import Manner, Persona
from agentd.simulator.playing import RATE_HZ, Samples
from agentd.speech.library import at_level, resample, trim, write_wav
from agentd.speech.pico import PicoVoice

# Another person than the agent, who speaks at 100 and 100.
SPEED, PITCH = 96, 84
LEVEL_DBFS = -22.0
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
        """One text, from the cache or made now."""
        speed, pitch = manner.speed or SPEED, manner.pitch or PITCH
        identity = f"pico fr speed={speed} pitch={pitch} level={LEVEL_DBFS} {text}"
        file = self._cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.wav"
        if not file.exists():
            voice = PicoVoice(self._pico, speed=speed, pitch=pitch)
            # A full stop at the end keeps Pico from leaving the melody in the air.
            spoken = trim(voice.render(text.rstrip(" .!?") + "."), voice.rate_hz)
            sound = at_level(resample(spoken, voice.rate_hz, RATE_HZ), LEVEL_DBFS)
            write_wav(file, sound, RATE_HZ)
        samples, _ = soundfile.read(file, dtype="int16")
        return np.asarray(samples, np.int16)


def beep() -> Samples:
    """What ends a machine's greeting: a short silence and a tone."""
    t = np.arange(round(BEEP_S * RATE_HZ)) / RATE_HZ
    tone = BEEP_PEAK * np.sin(2 * np.pi * BEEP_HZ * t)
    silence = np.zeros(round(BEEP_AFTER_S * RATE_HZ))
    return np.concatenate([silence, tone]).astype(np.int16)
