"""An attempt that is open, and what the switch has said of it, in whatever order."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gevent.event import Event as Flag

from agentd.campaign import outcomes


class Headers(Protocol):
    """An event of the switch."""

    @property
    def event(self) -> str:
        """Its name."""

    def get(self, name: str, default: str = "") -> str:
        """One header."""


@dataclass
class Live:
    """An attempt that is open, as far as this process has seen."""

    id: str
    gateway: str
    news: Flag = field(default_factory=Flag)
    born: float = field(default_factory=time.monotonic)
    placed_at: datetime | None = None  # the switch has it
    told_placed: bool = False  # ... and the store knows
    answered_at: datetime | None = None
    told: bool = False  # the store knows that it is answered
    over: bool = False
    cause: str = ""
    sip_status: int | None = None
    refused: str = ""  # it was not placed; why
    ours: bool = False  # ... by our own decision: it says nothing of the trunk
    job_failed: str = ""
    gone: bool = False  # no event: the switch says that there is no such channel

    def job(self, answer: str) -> None:
        """What the originate came to: only a failure says anything new."""
        if not answer.startswith("+OK"):
            self.job_failed = answer.strip().removeprefix("-ERR").strip() or "UNKNOWN"
            self.news.set()

    def heard(self, event: Headers, now: datetime) -> None:
        """An event of the channel; `now` is the campaign's."""
        self.placed_at = self.placed_at or now
        answered = event.get("Caller-Channel-Answered-Time", "0") not in ("", "0")
        if event.event == "CHANNEL_ANSWER" or answered:
            self.answered_at = self.answered_at or now
        if event.event == "CHANNEL_HANGUP_COMPLETE":
            self.over = True
            self.cause = event.get("Hangup-Cause") or event.get("variable_hangup_cause")
            status = event.get("variable_sip_term_status")
            if not answered:
                status = status or event.get("variable_sip_invite_failure_status")
            self.sip_status = outcomes.sip_status(status)
            if self.cause in ("NO_ANSWER", "ALLOTTED_TIMEOUT", "ORIGINATOR_CANCEL"):
                self.sip_status = None  # 487 is our own CANCEL
        self.news.set()
