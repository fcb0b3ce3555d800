import time

import numpy as np
import pytest

from agentd.simulator.mixer import ECHO_SAMPLES, Doubler, LineModel
from agentd.simulator.persona import Line
from agentd.simulator.playing import RATE_HZ, SILENT, TICK, Samples

QUIET = {"noise_db": None}


def tone(seconds: float, hz: float = 440, level: float = 8_000) -> Samples:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(level * np.sin(2 * np.pi * hz * t), np.int16)


def through(line: LineModel, said: Samples, ours: Samples | None = None) -> Samples:
    frames = []
    for start in range(0, len(said) - TICK + 1, TICK):
        line.deliver(SILENT if ours is None else ours[start : start + TICK])
        frames.append(line.receive(said[start : start + TICK]))
    return np.concatenate(frames)


def dbfs(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean((samples / 32768.0) ** 2)) + 1e-9))


# What ITU-T G.711 makes of samples, by the reference coder of CPython's audioop.
G711 = {
    "pcma": {
        **{0: 8, 1: 8, -1: -8, 7: 8, -9: -8, 63: 56, 100: 104, -100: -104, 260: 264, 500: 504},
        **{-777: -784, 1000: 1008, 2047: 2016, 4100: 4224, -5000: -4992, 8159: 8064},
        **{12345: 12544, -20000: -19968, 32767: 32256, -32768: -32256},
    },
    "pcmu": {
        **{0: 0, 1: 0, 7: 8, 63: 64, 100: 104, -100: -104, 260: 260, 500: 492, -777: -780},
        **{1000: 988, -1000: -988, 4100: 4092, -5000: -5116, 8159: 8316, 12345: 12412},
        **{-20000: -19836, 32767: 32124, -32768: -32124},
    },
}


@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
def test_the_codec_is_g711(codec: str) -> None:
    line = LineModel(Line.model_validate({"codec": codec, **QUIET}))
    for sample, wanted in G711[codec].items():
        got = int(line.deliver(np.full(TICK, sample, np.int16))[0])
        # A coder that rounds to 13 or 14 bits first may land one level aside of a midway.
        assert abs(got - wanted) <= max(8, abs(wanted) // 16), sample
    every = np.arange(-32_768, 32_768, dtype=np.int32).astype(np.int16)
    levels = {int(x) for i in range(0, 65_440, TICK) for x in line.deliver(every[i : i + TICK])}
    assert len(levels) == (256 if codec == "pcma" else 255)  # mu-law has two zeros


def test_noise_is_at_its_level() -> None:
    line = LineModel(Line(noise_db=-45.0), seed=3)
    assert dbfs(through(line, np.zeros(RATE_HZ * 10, np.int16))) == pytest.approx(-45, abs=0.7)


def test_noise_is_the_same_for_the_same_seed_only() -> None:
    silence = np.zeros(RATE_HZ, np.int16)
    one, same, other = (
        through(LineModel(Line(noise_db=-40.0), seed=seed), silence) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_agents_voice_comes_back_late_and_softer() -> None:
    line = LineModel(Line.model_validate({"echo_db": -20, **QUIET}))
    ours = np.zeros(RATE_HZ, np.int16)
    ours[:TICK] = tone(0.02, level=20_000)
    back = through(line, np.zeros(RATE_HZ, np.int16), ours)
    first = int(np.nonzero(np.abs(back.astype(np.int32)) > 200)[0][0])
    assert abs(first - ECHO_SAMPLES) < TICK // 8
    assert np.abs(back).max() == pytest.approx(2_000, rel=0.1)


def test_without_echo_nothing_comes_back() -> None:
    line = LineModel(Line.model_validate(QUIET))
    back = through(line, np.zeros(RATE_HZ, np.int16), tone(1))
    assert np.abs(back).max() <= 8  # A-law knows no zero


def test_lost_packets_are_silence() -> None:
    line = LineModel(Line.model_validate({"loss": 0.2, **QUIET}), seed=1)
    frames = through(line, tone(20)).reshape(-1, TICK)
    assert np.mean(~frames.any(axis=1)) == pytest.approx(0.2, abs=0.05)


def test_sums_clip() -> None:
    line = LineModel(Line.model_validate({"echo_db": 0, **QUIET}))
    loud = np.full(RATE_HZ, 32_000, np.int16)
    assert through(line, loud, loud).min() > 0


def test_the_doubled_rate_keeps_the_tone_and_adds_none() -> None:
    doubler = Doubler()
    said = tone(1.0, hz=1_000)
    parts = [doubler.double(said[i : i + TICK]) for i in range(0, RATE_HZ, TICK)]
    assert {len(part) for part in parts} == {4 * TICK}
    out = np.frombuffer(b"".join(parts), "<i2")[1_600:14_400] / 8_000
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    peak = int(spectrum.argmax())
    assert peak * 16_000 / len(out) == pytest.approx(1_000, abs=2)
    image = spectrum[round(6_500 * len(out) / 16_000) :].max()
    assert image < spectrum[peak] / 300


def test_a_tick_of_the_line_is_cheap() -> None:
    line, doubler = LineModel(Line(noise_db=-50.0, echo_db=-30.0, loss=0.01)), Doubler()
    frame = tone(0.02)
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(200):
            line.deliver(frame)
            doubler.double(line.receive(frame))
        best = min(best, (time.perf_counter() - began) / 200)
    assert best < 0.0003
