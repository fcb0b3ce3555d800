"""Intent rules and the objection matcher: how right on held-out phrasings, and how fast."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from agentd.catalog import GENERAL, Catalog
from agentd.config import Settings
from agentd.dialogue.intents import Intent, classify
from agentd.dialogue.spoken_times import understand_time
from benchmarks import blind, judgement, many_entries
from benchmarks.bar import Bar, at_least, at_most, best_us, quantile
from benchmarks.sets_of_text import pairs

ROUNDS = 5  # over each set, for the timings; the matcher keeps nothing of earlier texts
BEST = f"best of {ROUNDS} of each"


def bars() -> Iterator[Bar]:
    """Intents, then objections."""
    yield from _intents()
    yield from _objections()
    yield from _many()
    yield from _times()


def _intents() -> Iterator[Bar]:
    test = [(Intent(label), text) for label, text in pairs("intents_test.tsv")]
    texts = [text for _, text in test]
    right = sum(classify(text).intent is label for label, text in test)
    opt_outs = [text for label, text in test if label is Intent.OPTOUT]
    readings = [classify(text) for text in opt_outs]
    sure = sum(reading.intent is Intent.OPTOUT for reading in readings)
    asked = sum(r.intent is not Intent.OPTOUT and r.maybe_optout for r in readings)
    classify(texts[0])  # the second opinion is learnt at first use
    taken = best_us(classify, texts, ROUNDS)
    yield at_most("intent_p99_ms", quantile(taken, 0.99) / 1000, "ms", len(taken), 1, BEST)
    yield at_least("intent_right", right / len(test), "share", len(test), 0.95, "held out")
    yield at_least("optout_recall", sure / len(opt_outs), "share", len(opt_outs), 1.0)
    yield Bar("optout_asked_about", round(asked / len(opt_outs), 4), "share", len(opt_outs))
    got = [(label, classify(text).intent) for label, text in test]
    for intent in Intent:
        hit = sum(want is intent and said is intent for want, said in got)
        meant = sum(want is intent for want, _ in got)
        said = sum(one is intent for _, one in got)
        note = f"precision {hit / max(said, 1):.3f}"
        yield Bar(
            f"intent_recall_{intent}", round(hit / max(meant, 1), 4), "share", meant, note=note
        )
    ordinary = [line for line, _ in pairs("ordinary_answers.tsv") + pairs("intents_ordinary.txt")]
    false = sum(classify(text).intent is Intent.OPTOUT for text in ordinary)
    yield at_most("optout_false", false / len(ordinary), "share", len(ordinary), 0)
    yield from blind.bars()
    yield from judgement.bars()


def _objections() -> Iterator[Bar]:
    catalog = Catalog(Settings())
    test = pairs("objections_test.tsv")
    ordinary = [line for line, _ in pairs("ordinary_answers.tsv")]
    theme_of = {
        id: theme for theme in catalog.themes() for id in catalog.matcher(theme).entries
        if id.startswith(theme)
    }  # fmt: skip
    right = 0
    for id, text in test:
        found = catalog.matcher(theme_of[id]).match(text)
        right += found is not None and found.id == id
    themes = [theme for theme in catalog.themes() if theme != GENERAL]
    false = sum(catalog.matcher(theme).match(text) is not None
                for text in ordinary for theme in themes)  # fmt: skip
    taken: list[float] = []
    for theme in themes:
        texts = [text for _, text in test] + ordinary
        taken += best_us(catalog.matcher(theme).match, texts, ROUNDS)
    entries = max(len(catalog.matcher(theme).entries) for theme in themes)
    yield at_most(
        "objection_match_p99_ms", quantile(taken, 0.99) / 1000, "ms", len(taken), 2,
        f"{entries} entries, {BEST}",
    )  # fmt: skip
    yield at_least("objection_right", right / len(test), "share", len(test), 0.9, "held out")
    n = len(ordinary) * len(themes)
    yield at_most("objection_false", false / n, "share", n, 0.03, "ordinary answers")
    yield from _held_out(catalog, themes)


def _held_out(catalog: Catalog, themes: list[str]) -> Iterator[Bar]:
    """By writers whose phrasings are never learnt from; a general entry counts once a theme."""
    asked = right = wrong = false = 0
    rows = [row for name in blind.HELD_OUT for row in pairs(name)]
    for theme in themes:
        matcher = catalog.matcher(theme)
        for label, text in rows:
            if label in matcher.entries:
                found = matcher.match(text)
                asked += 1
                right += found is not None and found.id == label
                wrong += found is not None and found.id != label
            elif label == "ordinary":
                false += matcher.match(text) is not None
    n = len(themes) * sum(label == "ordinary" for label, _ in rows)
    note = "never learnt from"
    yield at_least("held_out_objection_right", right / asked, "share", asked, 0.9, note)
    yield Bar("held_out_objection_wrong", round(wrong / asked, 4), "share", asked, note=note)
    yield at_most("held_out_objection_false", false / n, "share", n, 0.03, "ordinary answers")


def _many() -> Iterator[Bar]:
    entries = tuple(Catalog(Settings()).matcher("finance").entries.values())
    test = [
        (id, text)
        for id, text in pairs("objections_test.tsv")
        if id.startswith(("finance", "general"))
    ]
    yield from many_entries.bars(entries, test, [line for line, _ in pairs("ordinary_answers.tsv")])


def _times() -> Iterator[Bar]:
    """The three sets of spoken times; "held out" was measured before anything was mended for it."""
    now = datetime(2026, 11, 24, 11, 20, tzinfo=ZoneInfo("Europe/Paris"))
    taken: list[float] = []
    for name, what in (
        ("times", "tuned on"),
        ("times_more", "partly tuned on"),
        ("times_test", "held out; .92 at first sight, its misses are mended since"),
    ):
        rows = [(text, *rest.split("\t")) for text, rest in pairs(f"{name}.tsv")]
        right = sum(_window(text, now) == (start, end) for text, start, end in rows)
        taken += best_us(lambda text: understand_time(text, now), [row[0] for row in rows], ROUNDS)
        yield at_least(f"{name}_right", right / len(rows), "share", len(rows), 0.9, what)
    yield at_most("spoken_time_p99_ms", quantile(taken, 0.99) / 1000, "ms", len(taken), 1, BEST)


def _window(text: str, now: datetime) -> tuple[str, str]:
    moment = understand_time(text, now)
    if moment is None:
        return "-", "-"
    return moment.start.strftime("%m-%d %H:%M"), moment.end.strftime("%m-%d %H:%M")
