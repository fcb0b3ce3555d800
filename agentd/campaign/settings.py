"""What an administrator tells a campaign, validated. Pure."""

from datetime import datetime, timedelta
from typing import Any, Literal

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agentd.campaign.gates.case import CampaignRules
from agentd.campaign.pacing import Breaker, Limits
from agentd.campaign.retry import DEFAULT, Policy, Rule
from agentd.dialogue.dispositions import Disposition
from agentd.errors import BadInput


class RetryRule(BaseModel):
    """attempts: that may end this way, the last included. delay_s: before the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(ge=1, le=20, description="that may end this way, the last included")
    delay_s: int = Field(ge=0, le=90 * 86_400, description="before the next, in seconds")


class CampaignSettings(BaseModel):
    """One campaign's. Times carry their zone; seconds unless the name says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    caller_ids: tuple[str, ...] = Field(min_length=1, description="shown in turn, E.164")
    gateways: tuple[str, ...] = Field(
        min_length=1, description="sofia gateways, or dial strings with {number}; the first first"
    )
    target: str = Field("agentd_outbound XML agentd", description="where an answered call goes")
    ring_s: int = Field(25, ge=5, le=120, description="how long it may ring")
    max_concurrent: int = Field(
        10, ge=1, le=5_000, description="calls at once, of all dialers together"
    )
    per_minute: int = Field(
        10, ge=1, le=6_000, description="calls begun in any 60 s, of all dialers together"
    )
    ramp_s: float = Field(0.0, ge=0, le=3600, description="until max_concurrent is reached")
    audience: Literal["auto", "consumer", "business"] = Field(
        "auto", description="auto: who has a company is a business"
    )
    theme: str = Field("", description="empty: the scenario's")
    sector: str = Field("", description="what is sold, where the theme does not say it")
    zone: str = Field("", description="IANA name; empty: the number's")
    required_lists: tuple[str, ...] = Field(
        ("internal",), description="suppression lists that must have answered"
    )
    starts_at: datetime | None = Field(None, description="with its zone; nobody is called before")
    ends_at: datetime | None = Field(None, description="with its zone; nobody is called from then")
    retry: dict[Disposition, RetryRule] = Field(
        default={}, description="by disposition; the rest as built in"
    )
    most_attempts: int = Field(
        4, ge=1, le=20, description="of one contact, failures of the trunk aside"
    )
    callback_delay_s: int = Field(
        86_400, ge=60, description="of a callback whose time was not understood"
    )
    callbacks: int = Field(3, ge=0, le=20, description="how many are honoured")
    trunk_attempts: int = Field(
        6, ge=1, le=50, description="how often the trunk may fail one contact"
    )
    breaker_after: int = Field(
        5, ge=1, le=1_000, description="failures in a row that rest a gateway"
    )
    breaker_rest_s: float = Field(
        30.0, gt=0, le=3600, description="how long; it doubles, up to 10 minutes"
    )
    patience_days: float = Field(
        14.0, ge=0, description="a gate that refuses for longer decides the contact"
    )

    @field_validator("caller_ids", mode="after")
    @classmethod
    def _e164(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_e164(text) for text in given)

    @field_validator("starts_at", "ends_at", mode="after")
    @classmethod
    def _aware(cls, given: datetime | None) -> datetime | None:
        if given is not None and given.tzinfo is None:
            raise ValueError("give its zone, for example 2026-12-01T09:00+01:00")
        return given

    @model_validator(mode="after")
    def _ordered(self) -> "CampaignSettings":
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must come after starts_at")
        return self

    @property
    def limits(self) -> Limits:
        """For pacing."""
        return Limits(self.max_concurrent, self.per_minute, self.ramp_s)

    @property
    def breaker(self) -> Breaker:
        """A closed one."""
        return Breaker(trip_after=self.breaker_after, rest_s=self.breaker_rest_s)

    @property
    def policy(self) -> Policy:
        """For retries."""
        own = {
            disposition: Rule(rule.attempts, timedelta(seconds=rule.delay_s))
            for disposition, rule in self.retry.items()
        }
        return Policy(
            rules={**DEFAULT, **own},
            callback_delay=timedelta(seconds=self.callback_delay_s),
            most_attempts=self.most_attempts,
            trunk_attempts=self.trunk_attempts,
            callbacks=self.callbacks,
        )

    def rules(self, name: str, theme: str, caller_id: str) -> CampaignRules:
        """For the gates. theme: the scenario's."""
        return CampaignRules(
            name=name,
            theme=self.theme or theme,
            audience=self.audience,
            caller_id=caller_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            zone=self.zone,
            sector=self.sector,
            required_lists=self.required_lists,
        )


def _e164(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        raise ValueError(f"{text!r} is no telephone number") from None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def parse(data: dict[str, Any], source: str) -> CampaignSettings:
    """Raises BadInput naming the source, the setting and what was expected."""
    try:
        return CampaignSettings.model_validate(data)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            what = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                what = "no such setting"
            lines.append(f"{source}: {where + ': ' if where else ''}{what}")
        raise BadInput("\n".join(lines), mend="the settings are in docs/campaigns.md") from None
