"""The soak's recogniser knows its sentences by their sound, through a telephone line."""

from pathlib import Path

import numpy as np
import pytest

from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Line
from agentd.simulator.playing import TICK
from benchmarks.soak import matched
from benchmarks.soak.houses import chirp

SOUNDS = {f"sentence {number}": chirp(number, 0.3 if number else 3.2) for number in range(11)}


def through_a_line(sound: np.ndarray) -> np.ndarray:
    line, doubler = LineModel(Line(codec="pcma", noise_db=-40), seed=1), Doubler()
    padded = np.concatenate([np.zeros(800, np.int16), sound, np.zeros(TICK, np.int16)])
    frames = [padded[at : at + TICK] for at in range(0, len(padded) - TICK + 1, TICK)]
    return np.frombuffer(b"".join(doubler.double(line.receive(f)) for f in frames), np.int16)


@pytest.mark.parametrize("text", SOUNDS)
def test_each_is_told_from_the_others(text: str) -> None:
    heard = matched.Known(SOUNDS).nearest(through_a_line(SOUNDS[text]))
    assert heard.text == text


def test_a_beginning_is_enough_and_noise_is_nothing() -> None:
    known = matched.Known(SOUNDS)
    assert known.nearest(through_a_line(SOUNDS["sentence 0"][:16_000])).text == "sentence 0"
    noise = np.random.default_rng(0).normal(0, 3_000, 16_000).astype(np.int16)
    assert known.nearest(noise).text == ""
    assert known.nearest(np.zeros(0, np.int16)).text == ""


def test_what_is_kept_is_loaded(tmp_path: Path) -> None:
    matched.keep(tmp_path, SOUNDS)
    loaded = matched.load(tmp_path)
    assert list(loaded) == list(SOUNDS)
    assert all(np.array_equal(loaded[text], SOUNDS[text]) for text in SOUNDS)


def test_one_call_in_five_is_the_real_recognisers() -> None:
    class Real:
        name, streaming = "real", False
        streams = 0

        def warm(self) -> None: ...

        def stream(self, vocabulary: object = ()) -> object:
            self.streams += 1
            return self

    real = Real()
    both = matched.Matched(matched.Known(SOUNDS), real, 0.2)  # type: ignore[arg-type]
    for _ in range(20):
        both.stream()
    assert real.streams == 4
