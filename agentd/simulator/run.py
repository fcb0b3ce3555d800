"""Calls against an agentd, one after the other or together: placed, read back, measured, judged."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gevent
from gevent.pool import Pool

from agentd.campaign.outcomes import unanswered
from agentd.errors import StoreError
from agentd.simulator import judge, report
from agentd.simulator.files import SoundFiles
from agentd.simulator.persona import UNTAKEN, Persona
from agentd.simulator.playing import Samples
from agentd.simulator.switch import LONGEST_S, Outcome, SimulatedCall
from agentd.simulator.voices import Voices
from agentd.store.repo import CallReport, Repo

STORED_WITHIN_S = 10.0  # agentd commits its last facts after the channel has gone
# A call nobody takes never reaches agentd: the dialer has the hangup cause, and that decides.
UNANSWERED = {
    name: (cause, unanswered(cause, status).disposition.value)
    for name, (cause, status) in UNTAKEN.items()
}


@dataclass(frozen=True)
class Result:
    """One call. json: exactly what `agentd simulate --json` prints. text: for a person."""

    name: str
    json: dict[str, Any]
    text: str


class Simulation:
    """Where agentd is, what it is given, and where the results go."""

    def __init__(
        self,
        scenario: Path,
        address: tuple[str, int],
        repo: Repo,
        out: Path,
        voices: Voices,
        *,
        longest_s: float = LONGEST_S,
    ) -> None:
        """address: agentd's event socket. repo: the store that agentd writes to."""
        self._scenario = scenario.resolve()
        self._address = address
        self._repo = repo
        self._out = out
        self._voices = voices
        self._files = SoundFiles()
        self._longest_s = longest_s

    def run(
        self,
        personas: Sequence[Persona],
        *,
        concurrency: int = 1,
        repeat: int = 1,
        per_minute: float | None = None,
    ) -> Iterator[Result]:
        """Results as the calls end. Raises MissingResource or SpeechError before the first call.

        per_minute: calls begun, at most. Without it all of the first ones begin at once, and go on
        in step: a load no dialer makes.
        """
        native = gevent.get_hub().threadpool
        spoken = {p.name: native.apply(self._voices.of, (p,)) for p in personas}
        jobs = [(p, n, repeat) for n in range(1, repeat + 1) for p in personas]
        yield from Pool(concurrency).imap_unordered(
            lambda job: self._one(job[0], job[1], job[2], spoken[job[0].name]),
            _spread(jobs, 60.0 / per_minute if per_minute else 0.0),
            maxsize=concurrency,
        )

    def _one(self, persona: Persona, number: int, of: int, voice: dict[str, Samples]) -> Result:
        name = f"{persona.name}-{number}" if of > 1 else persona.name
        if persona.answer in UNANSWERED:
            result, outcome = _unanswered(persona), Outcome(UNANSWERED[persona.answer][0])
            timing = None
        else:
            result, outcome, timing = self._call(persona, name, number, voice)
        result["failures"] += judge.failures(persona.expect, result)
        result["passed"] = not result["failures"]
        text = report.transcript(name, result, outcome, timing)
        gevent.get_hub().threadpool.apply(report.write, (self._out, name, result, text))
        return Result(name, result, text)

    def _call(
        self, persona: Persona, name: str, number: int, voice: dict[str, Samples]
    ) -> tuple[dict[str, Any], Outcome, judge.Timing]:
        call_id = str(uuid.uuid4())
        call = SimulatedCall(
            persona,
            voice,
            self._address,
            self._variables(persona, call_id),
            self._files,
            seed=number,
            longest_s=self._longest_s,
        )
        outcome = call.run()
        recorder = call.recorder
        recording = self._out / f"{name}.wav"
        native = gevent.get_hub().threadpool
        native.apply(recorder.write, (recording,))
        timing: judge.Timing = native.apply(
            judge.measure, (recorder.said, recorder.prompt, outcome.spoken, outcome.cuts_ms)
        )
        problems = list(outcome.problems)
        kept = self._kept(call_id, problems)
        result = {
            "persona": persona.name,
            "disposition": kept.disposition if kept else None,
            "score": kept.score if kept else None,
            "steps": kept.steps if kept else [],
            "objections": kept.objections if kept else [],
            "interruptions": kept.interruptions if kept else 0,
            "turns": kept.turns if kept else [],
            "latency_ms": {"answer": timing.answers, "interrupt": timing.interrupts},
            "late_ticks": outcome.late_ticks,
            "recording": str(recording),
            "passed": False,
            "failures": problems,
        }
        return result, outcome, timing

    def _variables(self, persona: Persona, call_id: str) -> dict[str, str]:
        """What a dialplan, or the dialer, sets on the channel."""
        columns = persona.contact.columns()
        return {
            "agentd_scenario": str(self._scenario),
            "agentd_call_id": call_id,
            "agentd_phone": persona.contact.phone,
            **{f"agentd_contact_{name}": value for name, value in columns.items()},
        }

    def _kept(self, call_id: str, problems: list[str]) -> CallReport | None:
        """What agentd kept of the call, once it has kept the end."""
        kept = None
        try:
            with gevent.Timeout(STORED_WITHIN_S, False):
                while kept is None or kept.ended_at is None:
                    kept = self._repo.load_call(call_id)
                    gevent.sleep(0.05)
        except StoreError as error:
            problems.append(f"agentd's store cannot be read: {error}")
            return None
        if kept is None:
            problems.append("agentd kept nothing of the call; is this the store it writes to?")
        elif kept.ended_at is None:
            problems.append(f"agentd had not ended the call {STORED_WITHIN_S:g} s after its hangup")
        return kept


Job = TypeVar("Job")


def _spread(jobs: Sequence[Job], apart_s: float) -> Iterator[Job]:
    """The jobs, each at least so long after the one before."""
    for number, job in enumerate(jobs):
        if number:
            gevent.sleep(apart_s)
        yield job


def _unanswered(persona: Persona) -> dict[str, Any]:
    return {
        "persona": persona.name,
        "disposition": UNANSWERED[persona.answer][1],
        "score": 0,
        "steps": [],
        "objections": [],
        "interruptions": 0,
        "turns": [],
        "latency_ms": {"answer": [], "interrupt": []},
        "late_ticks": 0,
        "recording": None,
        "passed": False,
        "failures": [],
    }
