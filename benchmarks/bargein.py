"""Do the ears tell an interruption from a backchannel, a noise, our own echo?"""

from collections.abc import Iterable, Iterator

from agentd.dialogue import events as ev
from agentd.speech.frames import FRAME_MS
from benchmarks import confusion
from benchmarks.bar import Bar, at_most, quantile
from benchmarks.listening import Deaf, Listener
from benchmarks.sets import sounds
from benchmarks.sets.bargein import Case, cases

BREAK_MS = (
    60  # from the verdict to the agent's last sound: the switch's break, and what is under way
)


def judge(every: Iterable[Case]) -> list[tuple[Case, int | None]]:
    """For each case, when the ears called it an interruption, ms from its begin."""
    results = []
    for case in every:
        listener = Listener(Deaf())
        listener.hear(sounds.line(case.heard_before, case.line))
        listener.ears.agent_speaking("s1", True)
        began = listener.ms
        called = listener.hear(
            sounds.line(case.said, case.line, case.ours), lambda e: isinstance(e, ev.Interruption)
        )
        results.append((case, listener.ms - began - case.begins_ms if called else None))
        listener.close()
    return results


def bars(half: str = "test") -> Iterator[Bar]:
    """False and missed interruptions, and how long it takes."""
    results = judge(cases(half))
    confusion.show(
        f"barge-in, {half} half",
        ((c.kind, "interruption" if ms is not None else "goes on") for c, ms in results),
    )
    meant = [ms for case, ms in results if case.kind == "interruption"]
    others = [ms for case, ms in results if case.kind != "interruption"]
    false = sum(ms is not None for ms in others)
    missed = sum(ms is None for ms in meant)
    note = f"{half} half, Pico in 4 voices, PCMA and PCMU, 5 lines, echo at -20 dB after 150 ms; "
    yield at_most(
        "false_interruptions", false / len(others), "share", len(others), 0.02,
        note + confusion.between(false, len(others)),
    )  # fmt: skip
    yield at_most(
        "missed_interruptions", missed / len(meant), "share", len(meant), 0.03,
        note + confusion.between(missed, len(meant)),
    )  # fmt: skip
    took = [ms + BREAK_MS for ms in meant if ms is not None]
    yield at_most(
        "interruption_to_silence_p95_ms", quantile(took, 0.95), "ms", len(took), 300,
        f"from the first sound; the switch's break counted as {BREAK_MS} ms; "
        f"p50 {quantile(took, 0.5)} ms, granularity {FRAME_MS} ms",
    )  # fmt: skip
