"""How well the configured recogniser understands synthetic French over a telephone line.

Every phrase is spoken by several voices, goes through the line of a simulated call, and is cut out
of it by the same voice activity and endpointing as in a call. What counts is the intent.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.intents import classify
from agentd.dialogue.text import normalise
from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Line, Manner
from agentd.simulator.playing import TICK
from agentd.simulator.voices import Voices
from agentd.speech.endpointing import Endpointer, Moment, Tuning
from agentd.speech.frames import FRAME_BYTES
from agentd.speech.recogniser import Samples, open_recogniser
from agentd.speech.vad import Vad
from benchmarks.bar import Bar, quantile

PHRASES = Path(__file__).parent / "sets" / "answers.txt"
MANNERS = (
    Manner(),
    Manner(speed=95, pitch=90),
    Manner(speed=105, pitch=105),
    Manner(speed=90, pitch=130),
)
LEAD_FRAMES = 12  # kept before speech is noticed, as in a call


def bars() -> Iterator[Bar]:
    """Right, wrong and unclear; word error; seconds an utterance."""
    settings = Settings()
    recogniser = open_recogniser(settings)
    recogniser.warm()
    stream = recogniser.stream(Catalog(settings).brain("finance").vocabulary)
    voices = Voices(settings.path("models", "pico"), settings.paths.root / ".cache" / "prospects")
    phrases = PHRASES.read_text(encoding="utf-8").split("\n")
    phrases = [phrase for phrase in phrases if phrase and not phrase.startswith("#")]
    right = wrong = unclear = errors = words = 0
    seconds: list[float] = []
    for manner in MANNERS:
        for phrase in phrases:
            turn = _turn(_over_a_line(voices.say(phrase, manner)))
            start = time.perf_counter()
            heard = normalise(stream.final(turn).text)
            seconds.append(time.perf_counter() - start)
            same = classify(heard).intent is classify(phrase).intent
            right += bool(heard) and same
            wrong += bool(heard) and not same
            unclear += not heard
            wanted = normalise(phrase).split()
            errors += Levenshtein.distance(wanted, heard.split())
            words += len(wanted)
    n = len(seconds)
    note = f"{recogniser.name}, {len(MANNERS)} voices of Pico, A-law, noise at -60 dBFS"
    yield Bar("recognition_right_intent", round(right / n, 4), "share", n, note=note)
    yield Bar("recognition_wrong_intent", round(wrong / n, 4), "share", n, note=note)
    yield Bar("recognition_unclear", round(unclear / n, 4), "share", n, note=note)
    yield Bar("recognition_word_error", round(errors / words, 4), "share", words, note=note)
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        yield Bar(
            f"recognition_{name}_ms", round(quantile(seconds, share) * 1000), "ms", n, note=note
        )


def _over_a_line(sound: Samples) -> Samples:
    """8 kHz in, 16 kHz out as the fork brings it: half a second before, one and a half after."""
    sound = np.concatenate([np.zeros(4_000, np.int16), sound, np.zeros(12_000, np.int16)])
    line, doubler, heard = LineModel(Line()), Doubler(), []
    for start in range(0, len(sound) - TICK, TICK):
        line.deliver(np.zeros(TICK, np.int16))
        heard.append(doubler.double(line.receive(sound[start : start + TICK])))
    return np.frombuffer(b"".join(heard), np.int16)


def _turn(sound: Samples) -> Samples:
    """What the ears would have recognised: lead, voice, and the pause after it."""
    vad, endpointer, raw = Vad(2), Endpointer(Tuning()), sound.tobytes()
    frames = [
        raw[at : at + FRAME_BYTES] for at in range(0, len(raw) - FRAME_BYTES + 1, FRAME_BYTES)
    ]
    begin, end = -1, len(frames)
    for number, frame in enumerate(frames):
        moment = endpointer.feed(vad.voiced(frame))
        if moment is Moment.STARTED and begin < 0:
            begin = max(0, number - LEAD_FRAMES)
        elif moment is Moment.PAUSED:
            end = number
        elif moment is Moment.ENDED:
            break
    return np.frombuffer(b"".join(frames[max(0, begin) : end]), np.int16)
