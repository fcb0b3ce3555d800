"""What a gate is asked about one call, and what it answers. Plain data: the store gathers a `Case`
at the instant of dialling, `gates.decide` judges it, and the evidence is kept with the attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

Audience = Literal["auto", "consumer", "business"]
Basis = Literal["consent", "contract", "legitimate_interest"]
BASES: tuple[Basis, ...] = ("consent", "contract", "legitimate_interest")

ANY_THEME = "*"


class Unanswerable(ValueError):
    """A gate lacks what it needs; the words name nobody and may be shown."""


@dataclass(frozen=True)
class Contact:
    """Who would be called. `columns`: what else the operator's file said of them, by its normalised
    header (`code_postal`, `fuseau_horaire`, ...)."""

    id: str
    phone_e164: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class CampaignRules:
    """What of a campaign the law asks about.

    audience: "auto" takes a contact with a company for a business, any other for a consumer.
    zone: IANA name, for +33 numbers whose contact says nothing of a place; "" is mainland France.
    sector: what is sold when `theme` does not say it (`renovation`, `cpf`).
    caller_id: as presented. required_lists: suppression lists that must have answered.
    """

    name: str
    theme: str = "general"
    audience: Audience = "auto"
    caller_id: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    zone: str = ""
    sector: str = ""
    required_lists: tuple[str, ...] = ("internal",)


@dataclass(frozen=True)
class Consent:
    """One line of the consent ledger: a ground to call. `theme`: what it covers, "*" for all.

    proof_sha256: of the proof as it was when recorded; "" when there is none.
    """

    id: str
    basis: Basis
    given_at: datetime
    theme: str = ANY_THEME
    channel: str = ""
    wording: str = ""
    proof_sha256: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Given, not revoked, not expired."""
        over = [end for end in (self.expires_at, self.revoked_at) if end is not None and end <= now]
        return self.given_at <= now and not over

    def covers(self, theme: str) -> bool:
        """Is it about this theme?"""
        return self.theme in (ANY_THEME, theme)


@dataclass(frozen=True)
class Check:
    """A suppression list was asked about the number. `kind`: internal, imported or bloctel.
    `checked_at`: how old the answer is, which for an imported file is the file's date."""

    list: str
    listed: bool
    checked_at: datetime
    kind: str = "imported"


@dataclass(frozen=True)
class Attempt:
    """A call to the number that was tried, by whichever campaign. disposition "" while unknown."""

    at: datetime
    disposition: str = ""
    campaign: str = ""


@dataclass(frozen=True)
class Case:
    """Everything the gates may look at. `now` carries its zone."""

    contact: Contact
    campaign: CampaignRules
    now: datetime
    consents: tuple[Consent, ...] = ()
    suppressions: tuple[Check, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    @property
    def business(self) -> bool:
        """Is the contact called as a business? Raises Unanswerable on an unknown audience."""
        if self.campaign.audience not in ("auto", "consumer", "business"):
            raise Unanswerable(f"unknown audience {self.campaign.audience!r}")
        if self.campaign.audience == "auto":
            return bool(self.contact.company.strip())
        return self.campaign.audience == "business"


@dataclass(frozen=True)
class Refusal:
    """Why a call may not be made. article: the rule, as it is cited. retry_at: when this reason
    alone would be gone, None when time does not mend it."""

    gate: str
    article: str
    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Finding:
    """One gate's answer: its refusals, and what it looked at (JSON-ready, no name, no number)."""

    refusals: tuple[Refusal, ...] = ()
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """May this call be made, and what says so. `evidence` is JSON-ready and names nobody."""

    allowed: bool
    refusals: tuple[Refusal, ...]
    evidence: dict[str, Any]

    @property
    def retry_at(self) -> datetime | None:
        """When it is worth asking again; None when allowed, or when time alone mends nothing."""
        moments = [refusal.retry_at for refusal in self.refusals]
        known = [moment for moment in moments if moment is not None]
        return max(known) if known and len(known) == len(moments) else None
