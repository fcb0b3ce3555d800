"""What the embedded recogniser makes of blind writers' phrasings on a noisy line: heard.tsv.

    python -m benchmarks.sets.heard

writes tests/data/heard.tsv again (minutes). Each phrasing is spoken by one of the test voices, goes
through A-law and noise at two levels, and is read by Whisper base as a whole turn, without a hint
of what to expect.
"""

from collections import defaultdict
from itertools import cycle
from pathlib import Path

import numpy as np

from agentd.config import Settings
from agentd.dialogue.intents import Intent
from agentd.simulator.mixer import Doubler, LineModel
from agentd.simulator.persona import Line
from agentd.simulator.playing import TICK, Samples
from agentd.speech.recogniser import open_recogniser
from benchmarks.sets.sounds import TEST, joined, say
from benchmarks.sets_of_text import DATA, pairs

FILE = DATA / "heard.tsv"
# dBFS RMS, the person's -22: a clear line, and one in a street.
NOISES = (-50.0, -30.0)
EACH, OPT_OUTS, WORDS = 4, 16, 9


def chosen() -> list[tuple[str, str]]:
    """The first short phrasings of each intent, by the second and the third writer in turn."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in ("blind_2.tsv", "blind_3.tsv"):
        taken: dict[str, int] = defaultdict(int)
        for label, text in pairs(name):
            most = (OPT_OUTS if label == Intent.OPTOUT else EACH) // 2
            if label in set(Intent) and 2 <= len(text.split()) <= WORDS and taken[label] < most:
                taken[label] += 1
                found[label].append((label, text))
    return [row for label in Intent for row in found[label]]


def main() -> None:
    """Write FILE."""
    recogniser = open_recogniser(Settings())
    recogniser.warm()
    rows = []
    voices = cycle(TEST)
    for label, text in chosen():
        sound = joined(300, say(text, next(voices)), 400)
        for noise in NOISES:
            heard = recogniser.stream(()).final(_over(sound, noise)).text
            rows.append(f"{label}\t{noise:g}\t{heard}\t{text}")
    head = (
        f"# Made by benchmarks/sets/heard.py with {recogniser.name}: label, noise in dBFS, what\n"
        "# was heard (nothing where it gave no words), what had been said.\n"
    )
    Path(FILE).write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


def _over(sound: Samples, noise: float) -> Samples:
    line, doubler, heard = LineModel(Line(noise_db=noise)), Doubler(), []
    for start in range(0, len(sound) - TICK, TICK):
        line.deliver(np.zeros(TICK, np.int16))
        heard.append(doubler.double(line.receive(sound[start : start + TICK])))
    return np.frombuffer(b"".join(heard), np.int16)


if __name__ == "__main__":
    main()
