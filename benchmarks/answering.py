"""Who has picked up: the ears' answering machine detection over its set, in audio time."""

from collections.abc import Iterable, Iterator

from agentd.catalog import Catalog
from agentd.config import Settings
from agentd.dialogue import engine
from agentd.dialogue import events as ev
from agentd.dialogue.actions import Say
from benchmarks import confusion
from benchmarks.bar import Bar, at_least, at_most, quantile
from benchmarks.listening import Listener, Memory, memory
from benchmarks.sets import amd_fresh, sounds
from benchmarks.sets.amd import LISTENS_MS, OURS, Case, cases

Judged = tuple[Case, str, int, str]  # what it was taken for, when (ms since it spoke), why


def judge(every: Iterable[Case], heard: Memory) -> Iterator[Judged]:
    """Listen to each while we say our greeting, as a call does."""
    ours = sounds.say(OURS, sounds.AGENT)
    speaks = len(ours) // 8
    for case in every:
        listener = Listener(heard, detect=True)
        listener.ears.agent_speaking("s1", False)
        frames = sounds.line(case.said, case.line, ours)
        final = listener.hear(frames[: speaks // 20], _final)
        if not final:
            listener.ears.agent_silent()
            listener.hear(frames[speaks // 20 :], _final)
        verdicts = [(ms, e) for ms, e in listener.events if isinstance(e, ev.Amd)]
        ms, last = verdicts[-1] if verdicts else (listener.ms, ev.Amd("undecided", 0))
        yield case, last.verdict, ms - case.speaks_ms, last.reason
        listener.close()


def _final(event: ev.Event) -> bool:
    """What the engine acts on."""
    return isinstance(event, ev.Amd) and event.verdict not in ("human", "undecided")


def _greeting_asked_ms() -> int:
    """ms after the answer, in steps of 100."""
    brain, state = Catalog(Settings()).brain("finance"), engine.new_state()
    opening = ev.Answered({}, "2026-11-24T10:00:00+01:00")
    actions = engine.handle(brain, state, opening, 0)
    for ms in range(0, LISTENS_MS, 100):
        if any(isinstance(action, Say) for action in actions):
            return ms
        actions = engine.handle(brain, state, ev.Amd("undecided", ms), ms)
    return LISTENS_MS


def bars() -> Iterator[Bar]:
    """Persons taken for machines, machines found, how long it takes: test half, fresh set."""
    heard = memory()
    yield from _measured("amd", "test half", cases("test"), heard)
    yield from _measured("amd_fresh", "fresh set", amd_fresh.cases(), heard)
    yield at_most(
        "amd_greeting_delay_ms", _greeting_asked_ms(), "ms", 1, 100,
        "when the engine asks for the greeting, with nothing said yet about who has picked up",
    )  # fmt: skip


def _measured(name: str, title: str, every: Iterable[Case], heard: Memory) -> Iterator[Bar]:
    results = list(judge(every, heard))
    heard.save()
    confusion.show(
        f"who has picked up, {title}", ((case.kind, said) for case, said, _, _ in results)
    )
    persons = [said for case, said, _, _ in results if case.kind == "human"]
    machines = [(said, ms) for case, said, ms, _ in results if case.kind == "machine"]
    others = [(c.kind, said) for c, said, _, _ in results if c.kind not in ("human", "machine")]
    taken = sum(said in ("machine", "announcement") for said in persons)
    found = [ms for said, ms in machines if said == "machine"]
    right = sum(kind == said for kind, said in others)
    note = f"{title}, {heard.name}, Pico in 4 voices, 5 lines; "
    yield at_most(
        f"{name}_human_as_machine", taken / len(persons), "share", len(persons), 0.01,
        note + confusion.between(taken, len(persons)),
    )  # fmt: skip
    yield at_least(
        f"{name}_machine_found", len(found) / len(machines), "share", len(machines), 0.95,
        note + confusion.between(len(found), len(machines)),
    )  # fmt: skip
    yield at_most(
        f"{name}_decision_ms", quantile(found, 0.5), "ms", len(found), 2500,
        f"{title}: median, from its first sound, the recogniser's time on an idle core included; "
        f"p90 {quantile(found, 0.9)}, p95 {quantile(found, 0.95)}",
    )  # fmt: skip
    yield Bar(
        f"{name}_screening_and_announcements", round(right / len(others), 4), "share", len(others),
        note=note + confusion.between(right, len(others)),
    )  # fmt: skip
