"""What a recording says of a call's timing, and whether the call ended as expected. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentd.simulator.persona import Expect
from agentd.simulator.playing import LOUD, RATE_HZ, Samples
from agentd.simulator.prospect import Spoken

FRAME_MS = 10
FRAME = RATE_HZ * FRAME_MS // 1000
SETTLES_MS = 2_000  # a break later than this after an interruption has another cause
GRACE_MS = 40  # of a break, until nothing more of what was cut is heard
KEEPS_QUIET_MS = 150  # silence of the agent before its sound counts as an answer's beginning

Loud = NDArray[np.bool_]


@dataclass(frozen=True)
class Timing:
    """Measured on the recording, in ms.

    answers: end of the prospect's speech to the agent's first sound, a spoken turn each.
    interrupts: begin of an interruption to the agent's last sound, where it was cut off.
    overlap_ms: both spoke. talk_overs: the agent began before the prospect had ended.
    """

    answers: list[int]
    interrupts: list[int]
    overlap_ms: int
    talk_overs: int


def loud_frames(track: Samples) -> Loud:
    """Which frames of 10 ms hold sound louder than the line's rest."""
    count = len(track) // FRAME
    frames = track[: count * FRAME].reshape(count, FRAME).astype(np.int32)
    return np.asarray(np.abs(frames).max(axis=1, initial=0) > LOUD)


def measure(
    said: Samples, prompt: Samples, spoken: Sequence[Spoken], cuts_ms: Sequence[int]
) -> Timing:
    """said, prompt: both voices of the recording without noise and background, sample for sample.

    spoken: about where the prospect spoke. cuts_ms: when the switch broke playbacks off.
    """
    theirs, ours = loud_frames(said), loud_frames(prompt)
    answers: list[int] = []
    interrupts: list[int] = []
    talk_overs = 0
    for number, one in enumerate(spoken):
        inside = np.nonzero(theirs[one.start_ms // FRAME_MS : -(-one.end_ms // FRAME_MS)])[0]
        if not inside.size:
            continue
        begin = one.start_ms // FRAME_MS + int(inside[0])
        end = one.start_ms // FRAME_MS + int(inside[-1]) + 1
        if one.kind == "interrupt":
            silent_at = _cut(ours, begin, end, cuts_ms)
            if silent_at is not None:
                interrupts.append((silent_at - begin) * FRAME_MS)
        if one.kind in ("backchannel", "greeting"):
            continue
        after = spoken[number + 1].start_ms // FRAME_MS if number + 1 < len(spoken) else len(ours)
        quiet = KEEPS_QUIET_MS // FRAME_MS
        if ours[max(0, end - quiet) : end].any():
            if not ours[begin : begin + 1].any() and one.kind == "say":
                talk_overs += 1
            continue
        first = np.nonzero(ours[end:after])[0]
        if first.size:
            answers.append(int(first[0]) * FRAME_MS)
    both = min(len(theirs), len(ours))
    overlap = int(np.count_nonzero(theirs[:both] & ours[:both])) * FRAME_MS
    return Timing(answers, interrupts, overlap, talk_overs)


def _cut(ours: Loud, begin: int, end: int, cuts_ms: Sequence[int]) -> int | None:
    """Frame in which the agent fell silent for an interruption; None when it did not.

    begin, end: of the interruption. Who goes on before its end had not fallen silent.
    """
    start = begin * FRAME_MS
    frames = [c // FRAME_MS for c in sorted(cuts_ms) if start <= c <= start + SETTLES_MS]
    while frames:
        cut = frames.pop(0)
        until = min(frames[0], end) if frames else end
        if not ours[cut + GRACE_MS // FRAME_MS : until].any():
            heard = np.nonzero(ours[begin : cut + 1])[0]
            return begin + int(heard[-1]) + 1 if heard.size else begin
    return None


def failures(expect: Expect, result: Mapping[str, Any]) -> list[str]:
    """What of `expect` does not hold, in words. result: as `agentd simulate --json` prints it."""
    found = []
    for name in ("disposition", "score", "interruptions"):
        wanted, got = getattr(expect, name), result[name]
        if wanted is not None and got != wanted:
            found.append(f"{name}: expected {wanted}, got {got}")
    if expect.objections is not None and list(expect.objections) != list(result["objections"]):
        found.append(
            f"objections: expected {_listed(expect.objections)}, "
            f"got {_listed(result['objections'])}"
        )
    return found


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "none"
