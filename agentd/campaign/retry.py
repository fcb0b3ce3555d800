"""Whether and when a contact is called again, from how the last attempt ended. Pure.

A callback that was agreed is not a retry: it comes at its time, before everybody else, and however
many attempts there have been. An opt-out, a refusal, a wrong person or a number that does not exist
are never called again by a campaign. Whether a call may be placed at the time given here is not
decided here: the gates do, at the instant of dialling.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agentd.dialogue.dispositions import Disposition

CALLBACK_FIRST, EVERYBODY = 0, 10
"""Priorities of an agreed callback, and of everybody else: the lower is called first."""
FINAL = frozenset(
    (
        Disposition.LEAD,
        Disposition.NOT_INTERESTED,
        Disposition.OPT_OUT,
        Disposition.WRONG_PERSON,
        Disposition.TRANSFERRED,
    )
)
"""Never called again, whatever a policy says."""
TRUNK_REST = timedelta(seconds=60)  # doubled each time the trunk fails this contact
TRUNK_MOST_REST = timedelta(minutes=30)


@dataclass(frozen=True)
class Rule:
    """attempts: of one contact that may end this way, the last included. delay: before the next."""

    attempts: int
    delay: timedelta


DEFAULT: Mapping[Disposition, Rule] = {
    Disposition.NO_ANSWER: Rule(3, timedelta(hours=4)),
    Disposition.BUSY: Rule(4, timedelta(minutes=30)),
    Disposition.VOICEMAIL: Rule(3, timedelta(hours=4)),
    Disposition.UNREACHABLE: Rule(2, timedelta(hours=24)),
    Disposition.REJECTED: Rule(1, timedelta(hours=24)),
    Disposition.HANGUP: Rule(1, timedelta(hours=24)),
    Disposition.FAILED: Rule(2, timedelta(hours=4)),
}


@dataclass(frozen=True)
class Policy:
    """rules: by disposition; one that is absent is not called again. callback_delay: of a callback
    without a time that was understood. most_attempts: of one contact in all, callbacks and failures
    of the trunk aside. trunk_attempts: that the trunk may fail one contact."""

    rules: Mapping[Disposition, Rule] = field(default_factory=lambda: DEFAULT)
    callback_delay: timedelta = timedelta(hours=24)
    most_attempts: int = 4
    trunk_attempts: int = 6
    callbacks: int = 3


@dataclass(frozen=True)
class History:
    """Of one contact in one campaign, the attempt that has just ended included.

    same: attempts that ended as this one did. trunk: failures of the trunk since the last attempt
    that was none. callbacks: how often it has asked to be called back.
    """

    attempts: int
    same: int
    trunk: int = 0
    callbacks: int = 0


@dataclass(frozen=True)
class Again:
    """Call at `at` at the earliest."""

    at: datetime
    priority: int = EVERYBODY


@dataclass(frozen=True)
class Done:
    """The contact is decided; why."""

    reason: str


Next = Again | Done


def after_trunk_failure(policy: Policy, history: History, gateways: int, now: datetime) -> Next:
    """The trunk failed: at once by another gateway while there is one it has not been tried by,
    then after a rest that doubles."""
    if history.trunk >= policy.trunk_attempts:
        return Done(f"the trunk failed {history.trunk} times")
    if history.trunk % max(1, gateways):
        return Again(now)
    rounds = history.trunk // max(1, gateways) - 1
    return Again(now + min(TRUNK_MOST_REST, TRUNK_REST * 2 ** min(rounds, 10)))


def after(
    policy: Policy,
    disposition: Disposition,
    history: History,
    now: datetime,
    *,
    callback_at: datetime | None = None,
    permanent: bool = False,
) -> Next:
    """What follows an attempt that ended in `disposition` at `now`.

    callback_at: the time that was agreed, when it was understood. permanent: the number would give
    the same again.
    """
    if disposition is Disposition.CALLBACK:
        if history.callbacks > policy.callbacks:
            return Done(f"has asked to be called back {history.callbacks} times")
        at = callback_at if callback_at is not None else now + policy.callback_delay
        return Again(max(at, now), CALLBACK_FIRST)
    if permanent:
        return Done("the number cannot be reached")
    if disposition in FINAL:
        return Done("decided by the call")
    rule = policy.rules.get(disposition)
    if rule is None:
        return Done("the campaign's policy does not call again")
    if history.same >= rule.attempts:
        return Done(f"{disposition.value}: tried as often as the policy allows ({history.same})")
    if history.attempts >= policy.most_attempts:
        return Done(f"tried {history.attempts} times in all")
    return Again(now + rule.delay)


def callback_at(data: dict[str, object] | None) -> datetime | None:
    """When a callback was agreed for, if it was understood and carries its offset."""
    start = (data or {}).get("start")
    if not isinstance(start, str):
        return None
    try:
        at = datetime.fromisoformat(start)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
