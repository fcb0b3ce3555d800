"""Calls, one after the other or together, against an agentd: placed, measured, judged."""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gevent
import numpy as np
from gevent.pool import Pool

from agentd.simulator import judge, report
from agentd.simulator.persona import Persona
from agentd.simulator.switch import Outcome, SimulatedCall
from agentd.simulator.voices import sounds
from agentd.store.repo import CallReport, Repo

STORED_WITHIN_S = 10.0  # the agent commits its last facts after the switch has hung up
# What a switch says of a call nobody takes, and the disposition that makes it.
NEVER_ANSWERED = {
    "busy": "USER_BUSY",
    "no_answer": "NO_ANSWER",
    "reject": "CALL_REJECTED",
}
DISPOSITIONS = {"USER_BUSY": "BUSY", "NO_ANSWER": "NO_ANSWER", "CALL_REJECTED": "REJECTED"}


class Simulation:
    """Where agentd is, what it is asked to say, and where the results go."""

    def __init__(
        self,
        scenario: Path,
        address: tuple[str, int],
        repo: Repo,
        out: Path,
        pico: Path,
        cache: Path,
    ) -> None:
        self._scenario = scenario
        self._address = address
        self._repo = repo
        self._out = out
        self._pico = pico
        self._cache = cache

    def run(
        self, personas: Sequence[Persona], concurrency: int, repeat: int
    ) -> Iterator[dict[str, Any]]:
        """Results as calls end."""
        jobs = [(p, n) for n in range(repeat) for p in personas]
        pool = Pool(concurrency)
        yield from pool.imap_unordered(
            lambda job: self._one(job[0], job[1] if repeat > 1 else None), jobs
        )

    def _one(self, persona: Persona, number: int | None) -> dict[str, Any]:
        name = persona.name if number is None else f"{persona.name}-{number + 1}"
        if persona.answer in NEVER_ANSWERED:
            result = _unanswered(persona, DISPOSITIONS[NEVER_ANSWERED[persona.answer]])
        else:
            result = self._answered(persona, name, number or 0)
        result["failures"] += judge.failures(persona.expect, result)
        result["passed"] = not result["failures"]
        report.write(self._out, name, result)
        return result

    def _answered(self, persona: Persona, name: str, seed: int) -> dict[str, Any]:
        call_id = str(uuid.uuid4())
        said = gevent.get_hub().threadpool.apply(sounds, (persona, self._pico, self._cache))
        call = SimulatedCall(persona, said, self._address, self._variables(persona, call_id), seed)
        outcome = call.run()
        recording = self._out / f"{name}.wav"
        report.write_recording(recording, outcome)
        kept = self._kept(call_id)
        answers, interrupts = _latencies(outcome, call)
        failures = [outcome.error] if outcome.error else []
        if kept is None:
            failures.append("agentd kept nothing of the call")
        return {
            "persona": persona.name,
            "disposition": kept.disposition if kept else None,
            "score": kept.score if kept else 0,
            "steps": kept.steps if kept else [],
            "objections": kept.objections if kept else [],
            "interruptions": kept.interruptions if kept else 0,
            "turns": kept.turns if kept else [],
            "latency_ms": {"answer": answers, "interrupt": interrupts},
            "recording": str(recording),
            "passed": False,
            "failures": failures,
        }

    def _variables(self, persona: Persona, call_id: str) -> dict[str, str]:
        """What a dialplan or the dialer sets on the channel."""
        columns = persona.contact.columns()
        return {
            "agentd_scenario": str(self._scenario.resolve()),
            "agentd_call_id": call_id,
            "agentd_phone": columns.pop("phone"),
            **{f"agentd_contact_{name}": value for name, value in columns.items()},
        }

    def _kept(self, call_id: str) -> CallReport | None:
        """What agentd stored, once it has stored the end."""
        with gevent.Timeout(STORED_WITHIN_S, False):
            while True:
                kept = self._repo.load_call(call_id)
                if kept is not None and kept.ended_at is not None:
                    return kept
                gevent.sleep(0.05)
        return self._repo.load_call(call_id)


def _latencies(outcome: Outcome, call: SimulatedCall) -> tuple[list[int], list[int]]:
    if not outcome.prospect:
        return [], []
    return judge.latencies(
        np.concatenate(outcome.prospect), np.concatenate(outcome.agent), call.prospect.spoken
    )


def _unanswered(persona: Persona, disposition: str) -> dict[str, Any]:
    """The call is never answered, and agentd never hears of it: the hangup cause says it all."""
    return {
        "persona": persona.name,
        "disposition": disposition,
        "score": 0,
        "steps": [],
        "objections": [],
        "interruptions": 0,
        "turns": [],
        "latency_ms": {"answer": [], "interrupt": []},
        "recording": None,
        "passed": False,
        "failures": [],
    }
