"""What `agentd simulate` leaves behind and prints of a call."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

from agentd.simulator.media import RATE_HZ
from agentd.simulator.switch import Outcome


def write_recording(path: Path, outcome: Outcome) -> None:
    """Stereo WAV, 8 kHz: the prospect on the left, the agent on the right, as heard."""
    left = np.concatenate(outcome.prospect) if outcome.prospect else np.zeros(0, np.int16)
    right = np.concatenate(outcome.agent) if outcome.agent else np.zeros(0, np.int16)
    soundfile.write(path, np.stack([left, right], axis=1), RATE_HZ, subtype="PCM_16")


def transcript(result: dict[str, Any]) -> str:
    """For a person: what was said when, then how it ended."""
    lines = [f"Call: {result['persona']}", ""]
    for turn in sorted(result["turns"], key=lambda t: t["start_ms"]):
        who = "agent   " if turn["who"] == "agent" else "prospect"
        cut = "  [interrupted]" if turn["interrupted"] else ""
        text = turn["text"] or "(not understood)"
        lines.append(f"  {_clock(turn['start_ms'])}  {who}  {text}{cut}")
    lines.append("")
    for step in result["steps"]:
        lines.append(f"  {step['name']:<14}{step['outcome']:<12}turns: {step['turns']}")
    lines.append("")
    lines.append(f"  disposition   {result['disposition']}")
    lines.append(f"  score         {result['score']}")
    if result["objections"]:
        lines.append(f"  objections    {', '.join(result['objections'])}")
    for kind, name in (("answer", "answers"), ("interrupt", "interrupts")):
        taken = result["latency_ms"][kind]
        if taken:
            lines.append(
                f"  {name:<14}{len(taken)}, median {int(np.median(taken))} ms, "
                f"longest {max(taken)} ms (on the recording)"
            )
    if result["recording"]:
        lines.append(f"  recording     {result['recording']}")
    for failure in result["failures"]:
        lines.append(f"  FAILED        {failure}")
    return "\n".join(lines) + "\n"


def write(folder: Path, name: str, result: dict[str, Any]) -> None:
    """<name>.json and <name>.txt."""
    (folder / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    (folder / f"{name}.txt").write_text(transcript(result), encoding="utf-8")


def _clock(ms: int) -> str:
    seconds, rest = divmod(max(0, ms), 1000)
    return f"{seconds // 60:02}:{seconds % 60:02}.{rest // 100}"
