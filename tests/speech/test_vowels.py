"""One short syllable: does it end like "oui" or like "non"?"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Line, Manner
from agentd.simulator.playing import TICK
from agentd.simulator.voices import Voices
from agentd.speech.vowels import rise


def heard(voices: Voices, text: str, manner: Manner, codec: str) -> NDArray[np.float32]:
    """What the fork gives of it: through the codec, doubled, with silence around it."""
    said = voices.say(text, manner)
    said = np.concatenate([np.zeros(12 * TICK), said, np.zeros(16 * TICK)]).astype(np.int16)
    line, doubler = LineModel(Line(codec=codec, noise_db=-60), 1), Doubler()
    ticks = said[: said.size // TICK * TICK].reshape(-1, TICK)
    sound = b"".join(doubler.double(line.receive(tick)) for tick in ticks)
    return np.frombuffer(sound, "<i2").astype(np.float32) / 32768


@pytest.mark.speech
@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
@pytest.mark.parametrize("speed", [70, 90, 115])
@pytest.mark.parametrize("pitch", [65, 80, 120])
def test_yes_is_not_no(
    speech_models: Path, tmp_path: Path, codec: str, speed: int, pitch: int
) -> None:
    voices, manner = Voices(speech_models / "pico", tmp_path), Manner(speed=speed, pitch=pitch)
    assert rise(heard(voices, "oui", manner, codec)) > 0.5
    assert rise(heard(voices, "non", manner, codec)) < -0.5


@pytest.mark.speech
def test_more_than_a_syllable_says_nothing(speech_models: Path, tmp_path: Path) -> None:
    voices = Voices(speech_models / "pico", tmp_path)
    for text in "non merci", "oui je vous écoute", "je ne sais pas":
        assert rise(heard(voices, text, Manner(), "pcma")) == 0.0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.1, 1.0])
def test_silence_says_nothing(seconds: float) -> None:
    assert rise(np.zeros(int(16_000 * seconds), np.float32)) == 0.0
