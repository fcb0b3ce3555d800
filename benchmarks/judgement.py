"""Sentiment, how far confidence can be trusted, and intents as the recogniser hears them in noise.

Confidence is judged on the blind writers' phrasings with their own not learnt, so that it is that
of phrasings nobody has met.
"""

from collections.abc import Iterator

from agentd.dialogue.intents import Intent, Reading, classify
from benchmarks.bar import Bar, at_least, at_most
from benchmarks.blind import SETS, without
from benchmarks.sets_of_text import pairs

SURE = 0.85  # what may be acted on without a second thought
BINS = 10
_LABELS = set(Intent)


def bars() -> Iterator[Bar]:
    """All three."""
    yield from _sentiment()
    yield from _confidence()
    yield from _heard()


def _sentiment() -> Iterator[Bar]:
    rows = pairs("sentiment.tsv")
    right = sum(classify(text).sentiment == mood for mood, text in rows)
    note = ".76 at first sight; words are mended since"
    yield at_least("sentiment_right", right / len(rows), "share", len(rows), 0.9, note)


def _confidence() -> Iterator[Bar]:
    read: list[tuple[bool, Reading]] = []
    for name in SETS:
        rows = pairs(name)
        reader = without([text for _, text in rows])
        meant = [(label, text) for label, text in rows if label in _LABELS]
        read += [(r.intent == label, r) for label, text in meant if (r := classify(text, reader))]
    note = "three blind writers, each with the others' learnt"
    sure = [right for right, r in read if r.confidence >= SURE]
    yield at_least("confident_right", sum(sure) / len(sure), "share", len(sure), 0.95, note)
    yield Bar("confident_share", round(len(sure) / len(read), 4), "share", len(read), note=note)
    wrong = [r for right, r in read if not right]
    abstained = sum(r.intent is Intent.UNCLEAR or r.maybe_optout for r in wrong) / len(wrong)
    yield Bar(
        "misread_abstained", round(abstained, 4), "share", len(wrong),
        note=f"{note}; of what was not read right: unclear, or asked about",
    )  # fmt: skip
    yield at_most(
        "confidence_error", _calibration(read), "share", len(read), 0.1,
        f"{note}; expected calibration error over {BINS} bins, unclear left out",
    )  # fmt: skip


def _calibration(read: list[tuple[bool, Reading]]) -> float:
    """Mean distance of confidence from the share that is right, by bins of confidence."""
    bins: list[list[tuple[bool, float]]] = [[] for _ in range(BINS)]
    for right, r in read:
        if r.intent is not Intent.UNCLEAR:
            bins[min(BINS - 1, int(r.confidence * BINS))].append((right, r.confidence))
    total = sum(map(len, bins))
    return sum(
        abs(sum(right for right, _ in one) - sum(confidence for _, confidence in one)) / total
        for one in bins
    )


def _heard() -> Iterator[Bar]:
    """tests/data/heard.tsv, with what its writers wrote not learnt."""
    rows = [(label, *rest.split("\t")) for label, rest in pairs("heard.tsv")]
    reader = without([text for _, _, _, text in rows])
    for noise in sorted({row[1] for row in rows}, key=float):
        read = [(row[0], classify(row[2], reader)) for row in rows if row[1] == noise]
        opt_outs = [r for label, r in read if label == Intent.OPTOUT]
        kept = sum(r.intent is Intent.OPTOUT or r.maybe_optout for r in opt_outs)
        right = sum(r.intent == label for label, r in read)
        what = f"Whisper base, Pico's voices at -22 dBFS, noise at {noise}: the recogniser's limit"
        name = f"heard{noise}db"
        yield Bar(
            f"{name}_intent_right", round(right / len(read), 4), "share", len(read), note=what
        )
        yield Bar(
            f"{name}_optout_recall", round(kept / len(opt_outs), 4), "share", len(opt_outs),
            note=what,
        )  # fmt: skip
