"""What is kept of a call's sound: the stereo recording, and its two parts apart."""

from pathlib import Path

import numpy as np
import soundfile

from agentd.simulator.playing import RATE_HZ, Samples, join


class Recorder:
    """Tracks of one length at 8 kHz. `said` and `prompt` are the clean parts of the recording."""

    def __init__(self) -> None:
        self._heard: list[bytes] = []  # of the prospect, as the switch receives it
        self._agent: list[bytes] = []  # of the agent, as the prospect hears it
        self._bytes = 0  # of either
        self._said: list[Samples] = []  # the prospect alone, before the line
        self._prompt: list[Samples] = []  # what the agent says, without the background

    def add(self, heard: bytes, agent: bytes, said: Samples, prompt: Samples) -> None:
        """20 ms of each, int16. said and prompt are kept as they are, and must not change."""
        self._heard.append(heard)
        self._agent.append(agent)
        self._bytes += len(heard)
        self._said.append(said)
        self._prompt.append(prompt)

    @property
    def samples(self) -> int:
        """Length of the recording so far, in samples."""
        return self._bytes // 2

    @property
    def duration_ms(self) -> int:
        """Of the recording so far."""
        return self.samples * 1000 // RATE_HZ

    @property
    def said(self) -> Samples:
        """The prospect's speech alone: where it ends is not hidden by the line's noise."""
        return join(self._said)

    @property
    def prompt(self) -> Samples:
        """The agent's speech alone: where it begins is not hidden by the background."""
        return join(self._prompt)

    @property
    def stereo(self) -> Samples:
        """Shape (samples, 2): the prospect on the left, the agent on the right, as heard."""
        heard, agent = b"".join(self._heard), b"".join(self._agent)
        return np.stack([np.frombuffer(heard, np.int16), np.frombuffer(agent, np.int16)], axis=1)

    def write(self, path: Path, begun: int = 0, *, stereo: bool = True) -> None:
        """The recording from sample `begun` on as a WAV file; both sides mixed unless stereo.
        Native work and disk: not for the hub."""
        sound = self.stereo[begun:]
        if not stereo:
            sound = np.clip(sound.sum(axis=1, dtype=np.int32), -32768, 32767).astype(np.int16)
        soundfile.write(path, sound, RATE_HZ, subtype="PCM_16", format="WAV")
