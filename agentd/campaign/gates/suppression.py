"""Is the number on a list of those who must not be called?

Internal list: whoever opposes must not be called again (RGPD art. 21(3); art. L. 221-16 code de la
consommation). Bloctel (art. L. 223-1 in its version before 11 August 2026, art. R. 223-6: asked at
least monthly): its concession ended with the opt-in law; an answer that says "listed" still counts.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agentd.campaign.gates.case import Case, Check, Finding, Refusal

# Loi n° 2025-594 du 30 juin 2025, art. 13 III.
OPT_IN_SINCE = datetime(2026, 8, 11, tzinfo=ZoneInfo("Europe/Paris"))
BLOCTEL_VALID = timedelta(days=30)

_ARTICLES = {
    "internal": "RGPD art. 21(3); code de la consommation art. L. 221-16",
    "bloctel": "code de la consommation art. L. 223-1 (avant le 11 août 2026) et R. 223-6",
    "imported": "RGPD art. 21(3) (opposition, liste importée)",
}


def examine(case: Case) -> Finding:
    """Refuse a listed number, and one that a required list has not been asked about."""
    refusals = [_refuse(check.kind, f"on the list {check.list!r}") for check in _listed(case)]
    asked = {check.list for check in case.suppressions}
    refusals += [
        _refuse(name, f"the list {name!r} was not asked")
        for name in case.campaign.required_lists
        if name not in asked
    ]
    if not case.business and case.now < OPT_IN_SINCE and not _bloctel_fresh(case):
        refusals.append(_refuse("bloctel", "no answer of Bloctel of the last 30 days"))
    return Finding(tuple(refusals), {"checks": [_told(check) for check in case.suppressions]})


def _listed(case: Case) -> list[Check]:
    return [check for check in case.suppressions if check.listed]


def _bloctel_fresh(case: Case) -> bool:
    return any(
        check.kind == "bloctel" and case.now - BLOCTEL_VALID <= check.checked_at <= case.now
        for check in case.suppressions
    )


def _refuse(kind: str, reason: str) -> Refusal:
    return Refusal("suppression", _ARTICLES.get(kind, _ARTICLES["imported"]), reason)


def _told(check: Check) -> dict[str, Any]:
    return {
        "list": check.list,
        "kind": check.kind,
        "listed": check.listed,
        "checked_at": check.checked_at.isoformat(),
    }
