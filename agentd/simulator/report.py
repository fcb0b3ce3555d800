"""What `agentd simulate` prints of a call and leaves in its folder."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from agentd.simulator.judge import Timing
from agentd.simulator.switch import Outcome

_WHO = {"agent": "agent   ", "prospect": "prospect"}


def transcript(name: str, result: dict[str, Any], outcome: Outcome, timing: Timing | None) -> str:
    """A call for a person to read: what was said when, how it ended, what was measured."""
    lines = [f"== {name}", ""]
    for turn in sorted(result["turns"], key=lambda t: (t["start_ms"], t["end_ms"])):
        cut = "  [interrupted]" if turn["interrupted"] else ""
        said = turn["text"] or "(nothing understood)"
        lines.append(
            f"  {clock(turn['start_ms'])}  {_WHO.get(turn['who'], turn['who'])}  {said}{cut}"
        )
    if result["turns"]:
        lines.append("")
    for step in result["steps"]:
        lines.append(
            f"  step          {step['name']:<14}{step['outcome']:<12}turns {step['turns']}"
        )
    lines.append(f"  disposition   {result['disposition'] or 'none'}")
    lines.append(f"  score         {'none' if result['score'] is None else result['score']}")
    if result["objections"]:
        lines.append(f"  objections    {', '.join(result['objections'])}")
    if outcome.cause or outcome.transferred:
        lines.append(f"  ended by      {outcome.transferred or outcome.cause}")
    if timing is not None:
        lines += _measured(timing)
    if outcome.unused:
        lines.append(f"  unused        {outcome.unused} of the prospect's turns")
    if outcome.late_ticks:
        lines.append(f"  late          {outcome.late_ticks} ticks of this simulator, over 20 ms")
    if result["recording"]:
        lines.append(f"  recording     {result['recording']}")
    lines += [f"  FAILED        {failure}" for failure in result["failures"]]
    lines.append(f"  {'passed' if result['passed'] else 'NOT PASSED'}")
    return "\n".join(lines) + "\n"


def _measured(timing: Timing) -> list[str]:
    lines = []
    for title, values in (("answers", timing.answers), ("interrupts", timing.interrupts)):
        if values:
            each = ", ".join(map(str, values))
            lines.append(
                f"  {title:<14}{each} ms on the recording (median {round(median(values))})"
            )
    if timing.overlap_ms:
        lines.append(
            f"  overlap       {timing.overlap_ms} ms, talked over {timing.talk_overs} times"
        )
    return lines


def summary(results: Sequence[dict[str, Any]]) -> str:
    """A table of several calls, and all their answers together."""
    width = max(len(r["persona"]) for r in results)
    lines = []
    for result in results:
        answers = result["latency_ms"]["answer"]
        typical = f"{round(median(answers)):>5} ms" if answers else " " * 8
        score = "" if result["score"] is None else result["score"]
        lines.append(
            f"{'ok  ' if result['passed'] else 'FAIL'}  {result['persona']:<{width}}  "
            f"{result['disposition'] or 'none':<15}{score:>4}  {typical}"
        )
    every = sorted(a for r in results for a in r["latency_ms"]["answer"])
    passed = sum(r["passed"] for r in results)
    lines.append("")
    lines.append(f"{passed} of {len(results)} calls ended as expected")
    if every:
        worst = every[min(len(every) - 1, int(len(every) * 0.95))]
        lines.append(f"answers: median {round(median(every))} ms, 95 % within {worst} ms")
    return "\n".join(lines)


def encode(result: dict[str, Any]) -> str:
    """The JSON object of a call, on one line."""
    return msgspec.json.encode(result).decode()


def write(folder: Path, name: str, result: dict[str, Any], text: str) -> None:
    """OUT/<name>.json and OUT/<name>.txt."""
    pretty = msgspec.json.format(msgspec.json.encode(result), indent=2)
    (folder / f"{name}.json").write_bytes(pretty + b"\n")
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def clock(ms: int) -> str:
    """0:07.3"""
    seconds, rest = divmod(max(0, ms), 1000)
    return f"{seconds // 60}:{seconds % 60:02}.{rest // 100}"
