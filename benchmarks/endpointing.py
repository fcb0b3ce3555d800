"""When is a turn over? Cut-off turns, and how long after the last sound its words are there."""

from collections.abc import Iterable, Iterator

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue import events as ev
from agentd.dialogue.expectations import likely
from benchmarks import confusion
from benchmarks.bar import Bar, at_most, quantile
from benchmarks.listening import Listener, Memory, memory
from benchmarks.sets import sounds
from benchmarks.sets.endpointing import Case, cases

STEP = "Q1"
Ended = tuple[Case, bool, int | None, str]  # cut off?, ms from the last sound to the words, words


def judge(every: Iterable[Case], heard: Memory) -> Iterator[Ended]:
    """Listen to each to its end."""
    scenario = Catalog(Settings()).scenario("finance")
    phrases = likely(STEP, scenario.steps[STEP])
    for case in every:
        listener = Listener(heard)
        listener.ears.listen(STEP, phrases)
        listener.hear(sounds.line(case.said, case.line))
        told = [(ms, e) for ms, e in listener.events if isinstance(e, ev.Utterance)]
        pause = case.pause_ms
        cut = pause is not None and any(
            ms <= pause[1] and (e.text or e.alternatives) for ms, e in told
        )
        whole = [(ms, e.text) for ms, e in told if ms > case.ends_ms - 100]
        ms, text = whole[0] if whole else (0, "")
        yield case, cut, ms - case.ends_ms if whole else None, text
        listener.close()


def bars(half: str = "test") -> Iterator[Bar]:
    """Cut-off turns and the time to the words."""
    heard = memory()
    results = list(judge(cases(half), heard))
    heard.save()
    confusion.show(
        f"turns, {half} half",
        ((case.kind, "cut off" if cut else "whole") for case, cut, _, _ in results),
    )
    cut = sum(was for _, was, _, _ in results)
    n = len(results)
    note = f"{half} half, {heard.name}, Pico in 4 voices, 5 lines; "
    yield at_most(
        "cut_off_turns", cut / n, "share", n, 0.03,
        note + confusion.between(cut, n) + f"; {sum(c.kind != 'whole' for c, *_ in results)} pause",
    )  # fmt: skip
    took = [ms for case, _, ms, _ in results if case.kind == "whole" and ms is not None]
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        yield Bar(
            f"endpoint_{name}_ms", quantile(took, share), "ms", len(took),
            note=note + "last sound of a whole answer to its words, recognition included",
        )  # fmt: skip
