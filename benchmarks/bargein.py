"""Do the ears tell an interruption from a backchannel, a noise, our own echo?"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from agentd.dialogue import events as ev
from agentd.speech import bargein
from agentd.speech.frames import FRAME_MS
from benchmarks import confusion
from benchmarks.bar import Bar, at_most, quantile
from benchmarks.listening import Deaf, Listener
from benchmarks.sets import sounds
from benchmarks.sets.bargein import Case, cases

# From our decision to the agent's last sound: the switch's break (20 ms, measured on FreeSWITCH
# 1.10.12 from the command to the last sample the telephone got), what is under way, and a margin.
BREAK_MS = 60


class Judged(Struct, frozen=True):
    """What the ears made of a case. interrupted_ms: when they called it an interruption, silent_ms:
    when the silence began that was never broken again, both from its begin; None: neither came.
    holds_ms: how long each hesitation lasted that came to nothing."""

    case: Case
    interrupted_ms: int | None
    silent_ms: int | None
    holds_ms: tuple[int, ...]


def judge(every: Iterable[Case], tuning: bargein.Tuning = bargein.TUNING) -> list[Judged]:
    """Listen to each."""
    results = []
    for case in every:
        listener = Listener(Deaf(), barge=tuning)
        listener.hear(sounds.line(case.heard_before, case.line))
        listener.ears.agent_speaking("s1", True)
        told = len(listener.events)
        begins = listener.ms + case.begins_ms
        listener.hear(
            sounds.line(case.said, case.line, case.ours), lambda e: isinstance(e, ev.Interruption)
        )
        interrupted: int | None = None
        held: int | None = None
        holds: list[int] = []
        for ms, event in listener.events[told:]:
            if isinstance(event, ev.Interruption):
                interrupted = ms - begins
                held = interrupted if held is None else held
            elif isinstance(event, ev.Overlap) and event.over and held is not None:
                holds.append(ms - begins - held)
                held = None
            elif isinstance(event, ev.Overlap):
                held = ms - begins
        silent = None if interrupted is None else held
        results.append(Judged(case, interrupted, silent, tuple(holds)))
        listener.close()
    return results


def bars(half: str = "test") -> Iterator[Bar]:
    """False and missed interruptions, and how long it takes."""
    results = judge(cases(half))
    confusion.show(
        f"barge-in, {half} half",
        (
            (
                one.case.kind,
                "interruption"
                if one.interrupted_ms is not None
                else "hesitates"
                if one.holds_ms
                else "goes on",
            )
            for one in results
        ),
    )
    meant = [one for one in results if one.case.kind == "interruption"]
    others = [one for one in results if one.case.kind != "interruption"]
    false = sum(one.interrupted_ms is not None for one in others)
    missed = sum(one.interrupted_ms is None for one in meant)
    note = f"{half} half, Pico in 4 voices, PCMA and PCMU, 5 lines, echo at -20 dB after 150 ms; "
    yield at_most(
        "false_interruptions", false / len(others), "share", len(others), 0.02,
        note + "a Say abandoned; " + confusion.between(false, len(others)),
    )  # fmt: skip
    yield at_most(
        "missed_interruptions", missed / len(meant), "share", len(meant), 0.03,
        note + confusion.between(missed, len(meant)),
    )  # fmt: skip
    took = [one.silent_ms + BREAK_MS for one in meant if one.silent_ms is not None]
    decided = [one.interrupted_ms for one in meant if one.interrupted_ms is not None]
    yield at_most(
        "interruption_to_silence_p95_ms", quantile(took, 0.95), "ms", len(took), 300,
        f"first sound to the silence that lasts; the switch's break counted as {BREAK_MS} ms; "
        f"p50 {quantile(took, 0.5)} ms, granularity {FRAME_MS} ms; judged after "
        f"p50 {quantile(decided, 0.5)}, p95 {quantile(decided, 0.95)} ms",
    )  # fmt: skip
    for kinds in (("backchannel",), ("babble", "dtmf", "echo", "music", "television", "traffic")):
        some = [one for one in others if one.case.kind in kinds]
        held = [sum(one.holds_ms) for one in some if one.holds_ms]
        name = kinds[0] if len(kinds) == 1 else "noise"
        yield Bar(
            f"hesitations_on_{name}", round(len(held) / len(some), 4), "share", len(some),
            note=note + "held, then gone on with from there; silent for "
            + (f"p50 {quantile(held, 0.5)}, p95 {quantile(held, 0.95)} ms" if held else "0 ms"),
        )  # fmt: skip
