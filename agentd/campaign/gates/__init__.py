"""The law as code: one gate a file, all of them asked at the instant of dialling.

Every gate is a pure function of a `Case`. One that cannot answer refuses the call, by name: what
is not known to be allowed is not done. `docs/law.md` has each gate's article and its limits.
"""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from agentd.campaign.gates import (
    caller_id,
    campaign_dates,
    consent,
    frequency,
    hours,
    number,
    sector,
    suppression,
)
from agentd.campaign.gates.case import Case, Decision, Finding, Refusal, Unanswerable

__all__ = ["GATES", "RULES", "Case", "Decision", "Refusal", "decide"]

# Kept with every decision: which rules it was taken under. Raise it when a gate changes its mind.
RULES = "2026-11-24"

Gate = Callable[[Case], Finding]

GATES: tuple[tuple[str, Gate], ...] = (
    ("number", number.examine),
    ("campaign_dates", campaign_dates.examine),
    ("suppression", suppression.examine),
    ("consent", consent.examine),
    ("sector", sector.examine),
    ("hours", hours.examine),
    ("frequency", frequency.examine),
    ("caller_id", caller_id.examine),
)


def decide(case: Case, gates: Sequence[tuple[str, Gate]] = GATES) -> Decision:
    """Ask every gate; allowed when none refuses. Never raises on a Case, however wrong."""
    asked = [(name, *_ask(name, gate, case)) for name, gate in gates]
    refusals = tuple(refusal for _, found, _ in asked for refusal in found)
    allowed = bool(asked) and not refusals
    evidence: dict[str, Any] = {
        "rules": RULES,
        "at": _instant(case),
        "contact": str(case.contact.id),
        "campaign": str(case.campaign.name),
        "allowed": allowed,
        "gates": {
            name: {"allowed": not found, "refusals": [_told(r) for r in found], **seen}
            for name, found, seen in asked
        },
    }
    return Decision(allowed, refusals, evidence)


def _ask(name: str, gate: Gate, case: Case) -> tuple[tuple[Refusal, ...], dict[str, Any]]:
    try:
        if case.now.tzinfo is None:
            raise Unanswerable("`now` has no time zone: it names no instant")
        finding = gate(case)
        return tuple(finding.refusals), dict(finding.seen)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the call is refused
        said = str(error) if isinstance(error, Unanswerable) else type(error).__name__
        broken = f"the gate could not answer ({said})"
        return (Refusal(name, "fail closed", broken),), {"error": type(error).__name__}


def _instant(case: Case) -> str:
    now = case.now
    return now.isoformat() if now.tzinfo is None else now.astimezone(UTC).isoformat()


def _told(refusal: Refusal) -> dict[str, Any]:
    retry = refusal.retry_at
    return {
        "article": refusal.article,
        "reason": refusal.reason,
        "retry_at": None if retry is None else retry.astimezone(UTC).isoformat(),
    }
