"""What is called held out has been learnt from by nobody, and is labelled soundly."""

from collections import Counter

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue.intent_learner import examples
from agentd.dialogue.intents import Intent
from agentd.dialogue.ordinary import ORDINARY
from agentd.dialogue.spoken import spoken
from benchmarks.blind import HELD_OUT
from benchmarks.sets_of_text import pairs

ROWS = pairs(HELD_OUT)
CATALOG = Catalog(Settings())
ENTRIES = {entry.id: entry for theme in CATALOG.themes() for entry in CATALOG.entries(theme)}


def test_nothing_of_it_is_learnt() -> None:
    learnt = {spoken(text) for _, text in examples()} | {spoken(text) for text in ORDINARY}
    for entry in ENTRIES.values():
        learnt |= {spoken(text) for text in (entry.canonical, *entry.phrasings)}
    assert [text for _, text in ROWS if spoken(text) in learnt] == []


def test_its_labels_are_ours_and_nearly_every_one_is_asked() -> None:
    counts = Counter(label for label, _ in ROWS)
    ours = {*(set(Intent) - {Intent.OBJECTION}), *ENTRIES, "not_optout", "ordinary"}
    assert set(counts) <= ours
    assert len(ours - set(counts)) <= 1  # what others wrote word for word is left out
    assert len({spoken(text) for _, text in ROWS}) == len(ROWS)
