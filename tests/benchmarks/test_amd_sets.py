import re

from benchmarks.sets import amd
from benchmarks.sets_of_text import pairs


def bare(text):
    return re.sub(r"[^\w']+", " ", text.lower()).strip()


def test_the_fresh_set_stays_fresh():
    fresh = {bare(text) for _, text in pairs("amd_fresh.tsv")}
    known = {bare(text) for _, text in pairs("amd_tuning.tsv")}
    for halves in (amd._PERSONS, amd._MACHINES, amd._SCREENING, amd._ANNOUNCEMENTS):
        known |= {bare(text) for half in halves for text in half}
    assert fresh & known == {"allô", "oui", "bonjour", "allô c'est qui"}


def test_the_fresh_set_is_as_large_as_its_bars_ask():
    texts = amd.texts_of("amd_fresh.tsv")
    persons = len(texts["short"]) + len(texts["long"]) + len(texts["child"])
    assert persons >= 50
    assert len(texts["machine"]) >= 30
    assert set(texts) == {"short", "long", "child", "machine", "screening", "announcement"}
