"""Intents on phrasings of writers who had seen nothing of the repository.

Each of three writers' are read by a reader that has learnt everything but theirs: what another
writer, whom nobody has met, may expect. (Phrasings written afterwards for what the first two sets
showed to be missing are left out as well.) Two more writers' were kept from who made rules and
examples, and are never learnt from: they are read as a call reads them.
"""

from collections import Counter
from collections.abc import Iterator

from agentd.dialogue.intent_learner import Reader, examples, prepare
from agentd.dialogue.intents import Intent, Reading, classify
from benchmarks.bar import Bar, at_least, at_most
from benchmarks.sets_of_text import pairs

SETS = ("blind_1.tsv", "blind_2.tsv", "blind_3.tsv")
HELD_OUT = ("held_out.tsv", "held_out_2.tsv")  # the second asks after no entries


def bars() -> Iterator[Bar]:
    """Of each writer."""
    for name in SETS:
        rows = pairs(name)
        reader = without([text for _, text in rows])
        yield from _of(
            name.removesuffix(".tsv"), rows, reader, "the other writers' learnt, these not"
        )
    for name in HELD_OUT:
        yield from _of(name.removesuffix(".tsv"), pairs(name), prepare(), "never learnt from")


def without(texts: list[str]) -> Reader:
    """A reader that has not learnt these, nor what was written because of the blind sets."""
    unseen = set(texts)
    return Reader(row for row in examples(afterwards=False) if row[1] not in unseen)


def _of(name: str, rows: list[tuple[str, str]], reader: Reader, note: str) -> Iterator[Bar]:
    read = [(label, classify(text, reader)) for label, text in rows]
    meant = [(label, r) for label, r in read if label in set(Intent)]
    right = sum(r.intent == label for label, r in meant)
    settled = sum(r.intent == label or (label == Intent.OPTOUT and _asked(r)) for label, r in meant)
    yield at_least(f"{name}_intent_right", right / len(meant), "share", len(meant), 0.95, note)
    yield Bar(
        f"{name}_intent_right_or_asked", round(settled / len(meant), 4), "share", len(meant),
        note=f"{note}; opt-outs that are asked about count",
    )  # fmt: skip
    opt_outs = [r for label, r in meant if label == Intent.OPTOUT]
    sure = sum(r.intent is Intent.OPTOUT for r in opt_outs)
    asked = sum(map(_asked, opt_outs))
    yield at_least(f"{name}_optout_recall", sure / len(opt_outs), "share", len(opt_outs), 1.0, note)
    yield at_least(
        f"{name}_optout_not_missed", (sure + asked) / len(opt_outs), "share", len(opt_outs), 1.0,
        f"{note}; {sure} taken for one, {asked} asked about",
    )  # fmt: skip
    near = [r for label, r in read if label == "not_optout"]
    taken = sum(r.intent is Intent.OPTOUT for r in near)
    yield at_most(
        f"{name}_near_misses_taken", taken / len(near), "share", len(near), 0.03,
        f"{note}; {sum(map(_asked, near))} asked about",
    )  # fmt: skip
    for kind, rest in (
        ("ordinary", [r for label, r in read if label == "ordinary"]),
        ("entries", [r for label, r in read if "_obj_" in label or "_faq_" in label]),
    ):
        if not rest:
            continue
        taken = sum(r.intent is Intent.OPTOUT for r in rest)
        yield at_most(
            f"{name}_optout_false_{kind}", taken / len(rest), "share", len(rest), 0,
            f"{note}; {sum(map(_asked, rest))} asked about",
        )  # fmt: skip
    recalled = Counter(label for label, r in meant if r.intent == label)
    for label, many in sorted(Counter(label for label, _ in meant).items()):
        yield Bar(f"{name}_recall_{label}", round(recalled[label] / many, 4), "share", many)


def _asked(reading: Reading) -> bool:
    return reading.maybe_optout and reading.intent is not Intent.OPTOUT
