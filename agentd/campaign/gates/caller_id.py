"""What number is shown to the person called?

Never withheld (art. L. 221-17 code de la consommation), never a mobile one, and from the ranges the
numbering plan keeps for automated calling systems (« numéros polyvalents vérifiés », NPV).
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import phonenumbers

from agentd.campaign.gates.case import Case, Finding, Refusal
from agentd.numbers import e164

WITHHELD = "code de la consommation art. L. 221-17"


@dataclass(frozen=True)
class Plan:
    """The ranges of one version of the numbering plan, by country code; national numbers without
    their leading 0. Empty: any number that is not mobile."""

    since: datetime
    article: str
    ranges: dict[str, tuple[str, ...]]


_PARIS = ZoneInfo("Europe/Paris")
_OVERSEAS = ("9475", "9476", "9477", "9478", "9479")
_METROPOLE = ("162", "163", "270", "271", "377", "378", "424", "425", "568", "569", "948", "949")
# Décision n° 2025-2215 (in force since 1 January 2026) revises the plan; nothing found says that it
# moves these ranges. A version that does is one more line here.
PLANS = (
    Plan(
        datetime(1970, 1, 1, tzinfo=_PARIS),
        "plan national de numérotation (Arcep, décision n° 2018-0881)",
        {},
    ),
    Plan(
        datetime(2023, 1, 1, tzinfo=_PARIS),
        "plan national de numérotation (Arcep, décision n° 2022-1583, NPV)",
        {
            "+33": _METROPOLE + _OVERSEAS,
            "+590": ("9475",),
            "+594": ("9476",),
            "+596": ("9477",),
            "+262": ("9478", "9479"),
        },
    ),
)


def examine(case: Case) -> Finding:
    """Refuse a withheld, mobile or foreign caller id, and one outside the ranges."""
    plan = [plan for plan in PLANS if plan.since <= case.now][-1]
    given = case.campaign.caller_id.strip()
    seen = {"caller_id": given, "plan_since": plan.since.date().isoformat()}
    article, reason = _fault(given, plan)
    return Finding((Refusal("caller_id", article, reason),) if reason else (), seen)


def fault(caller_id: str, now: datetime) -> str:
    """Why a caller id may not be used at `now`, "" when it may: for whoever sets up a campaign."""
    plan = [plan for plan in PLANS if plan.since <= now][-1]
    return _fault(caller_id.strip(), plan)[1]


def _fault(given: str, plan: Plan) -> tuple[str, str]:
    if not any(c.isdigit() for c in given):
        return WITHHELD, "the caller id is withheld"
    try:
        number = phonenumbers.parse(e164(given), None)
    except phonenumbers.NumberParseException:
        return plan.article, "the caller id is no telephone number"
    national = phonenumbers.national_significant_number(number)
    code = f"+{number.country_code}"
    if code in ("+33", "+262", "+590", "+594", "+596") and national[:1] in ("6", "7"):
        return plan.article, "the caller id is a mobile number (06 or 07)"
    if not phonenumbers.is_possible_number(number):
        return plan.article, "the caller id is not as long as a telephone number"
    if plan.ranges and not national.startswith(plan.ranges.get(code, ("-",))):
        return plan.article, "the caller id is outside the ranges for automated platforms"
    return plan.article, ""
