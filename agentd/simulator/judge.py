"""Measuring a call on its recording: answers, interruptions, and what was expected of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agentd.simulator.media import RATE_HZ, Samples
from agentd.simulator.persona import Expect
from agentd.simulator.prospect import Spoken

FRAME_MS = 10
FRAME = RATE_HZ * FRAME_MS // 1000
LONGEST_ANSWER_MS = 10_000  # later is no answer to that
QUIET_MS = 200  # the agent is silent when nothing of it is heard for this long


def levels(samples: Samples) -> np.ndarray[Any, np.dtype[np.float64]]:
    """RMS of each 10 ms."""
    whole = len(samples) // FRAME * FRAME
    frames = samples[:whole].astype(np.float64).reshape(-1, FRAME)
    level: np.ndarray[Any, np.dtype[np.float64]] = np.sqrt((frames * frames).mean(axis=1))
    return level


def loud(samples: Samples) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where there is speech, each 10 ms: 8 dB over what lies beneath it, and over -50 dBFS."""
    level = levels(samples)
    if not level.size:
        return level > 0
    beneath = float(np.percentile(level, 20))
    return level > max(100.0, beneath * 2.5)


def latencies(
    prospect: Samples, agent: Samples, spoken: Sequence[Spoken]
) -> tuple[list[int], list[int]]:
    """(answer, interrupt) in ms, both read off the recording.

    answer: from the end of the prospect's speech to the agent's first sound.
    interrupt: from the beginning of an interruption to the agent's silence.
    """
    heard, ours = loud(prospect), loud(agent)
    answers, interrupts = [], []
    for number, one in enumerate(spoken):
        until = spoken[number + 1].start_ms if number + 1 < len(spoken) else len(ours) * FRAME_MS
        window = slice(one.start_ms // FRAME_MS, one.end_ms // FRAME_MS + 1)
        voiced = np.nonzero(heard[window])[0]
        if not voiced.size:
            continue
        if one.kind == "interrupt":
            stop = _silence_from(ours, one.start_ms // FRAME_MS + int(voiced[0]))
            if stop is not None:
                interrupts.append(stop * FRAME_MS)
        if one.kind in ("say", "interrupt"):
            end = one.start_ms // FRAME_MS + int(voiced[-1]) + 1
            last = min(until, end * FRAME_MS + LONGEST_ANSWER_MS) // FRAME_MS
            if one.kind == "interrupt":
                end += _silence_from(ours, end) or 0
            if end < len(ours) and one.kind == "say" and ours[max(0, end - 5) : end].any():
                continue  # the agent spoke already: nothing was waited for
            first = np.nonzero(ours[end:last])[0]
            if first.size:
                answers.append(int(first[0]) * FRAME_MS)
    return answers, interrupts


def _silence_from(ours: np.ndarray[Any, np.dtype[np.bool_]], start: int) -> int | None:
    """Frames from `start` until QUIET_MS of silence begin; None when it never does."""
    need = QUIET_MS // FRAME_MS
    for at in range(start, len(ours) - need):
        if not ours[at : at + need].any():
            return at - start
    return None


def failures(expect: Expect, result: dict[str, Any]) -> list[str]:
    """What of `expect` does not hold, in words. result: as `agentd simulate --json` prints it."""
    wrong = []
    for name in ("disposition", "score", "objections", "interruptions"):
        wanted = getattr(expect, name)
        if wanted is None:
            continue
        wanted = str(wanted) if name == "disposition" else wanted
        if result[name] != wanted:
            wrong.append(f"{name}: expected {wanted}, got {result[name]}")
    return wrong
