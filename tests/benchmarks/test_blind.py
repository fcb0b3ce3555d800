"""What is called held out has been learnt from by nobody, and is labelled soundly."""

from collections import Counter

import pytest

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.intent_learner import examples
from agentd.dialogue.intents import Intent
from agentd.dialogue.ordinary import ORDINARY
from agentd.dialogue.spoken import spoken
from benchmarks.blind import HELD_OUT
from benchmarks.sets_of_text import pairs

SETS = {name: pairs(name) for name in HELD_OUT}
CATALOG = Catalog(Settings())
ENTRIES = {entry.id: entry for theme in CATALOG.themes() for entry in CATALOG.entries(theme)}


@pytest.mark.parametrize("name", HELD_OUT)
def test_nothing_of_it_is_learnt(name: str) -> None:
    learnt = {spoken(text) for _, text in examples()} | {spoken(text) for text in ORDINARY}
    for entry in ENTRIES.values():
        learnt |= {spoken(text) for text in (entry.canonical, *entry.phrasings)}
    assert [text for _, text in SETS[name] if spoken(text) in learnt] == []


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        (HELD_OUT[0], {*(set(Intent) - {Intent.OBJECTION}), *ENTRIES, "not_optout", "ordinary"}),
        (HELD_OUT[1], {*Intent, "not_optout", "ordinary"}),
    ],
)
def test_its_labels_are_ours_and_nearly_every_one_is_asked(name: str, ours: set[str]) -> None:
    counts = Counter(label for label, _ in SETS[name])
    assert set(counts) <= ours
    assert len(ours - set(counts)) <= 1  # what others wrote word for word is left out
    assert len({spoken(text) for _, text in SETS[name]}) == len(SETS[name])


def test_no_text_is_in_both() -> None:
    one, other = ({spoken(text) for _, text in SETS[name]} for name in HELD_OUT)
    assert not one & other
