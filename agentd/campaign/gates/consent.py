"""On what ground is this person called?

Consumers: since 11 August 2026 nobody may be called who has not consented beforehand (art. L. 223-1
al. 1 code de la consommation, loi n° 2025-594 du 30 juin 2025 art. 13); the professional proves it
(al. 3); a call in performance of a contract in force, about its object, is allowed (al. 4).
Businesses: any recorded ground, such as legitimate interest (RGPD art. 6(1) and 5(2)).
"""

from typing import Any

from agentd.campaign.gates.case import ANY_THEME, BASES, Case, Consent, Finding, Refusal
from agentd.campaign.gates.suppression import OPT_IN_SINCE

CONSUMER = "code de la consommation art. L. 223-1 (loi n° 2025-594 du 30 juin 2025, art. 13)"
BUSINESS = "RGPD art. 6(1) et 5(2)"


def examine(case: Case) -> Finding:
    """Refuse without a ground that is in force, covers the theme, and holds for the audience."""
    seen: dict[str, Any] = {"audience": "business" if case.business else "consumer"}
    live = [c for c in case.consents if c.basis in BASES and c.in_force(case.now)]
    fitting = [c for c in live if c.covers(case.campaign.theme)]
    good = [c for c in fitting if case.business or _holds_for_consumer(c)]
    if good:
        best = good[0]
        given = {"ground": best.id, "basis": best.basis, "proof_sha256": best.proof_sha256}
        return Finding((), seen | given | {"given_at": best.given_at.isoformat()})
    seen["ground"] = None
    if not case.business and case.now < OPT_IN_SINCE and not _revoked(case):
        return Finding((), seen | {"regime": "opt-out until 2026-08-11"})
    article = BUSINESS if case.business else CONSUMER
    return Finding((Refusal("consent", article, _why(case, fitting, live)),), seen)


def _holds_for_consumer(consent: Consent) -> bool:
    if consent.basis == "consent":
        return bool(consent.proof_sha256)
    # A contract allows calls about its own object only, so it must say which.
    return consent.basis == "contract" and consent.theme != ANY_THEME


def _revoked(case: Case) -> bool:
    return any(c.revoked_at is not None and c.revoked_at <= case.now for c in case.consents)


def _why(case: Case, fitting: list[Consent], live: list[Consent]) -> str:
    if any(c.basis == "consent" for c in fitting):
        return "a consent is recorded, but without proof"
    if any(c.basis == "contract" for c in fitting):
        return "a contract is recorded, but not what it is about"
    if fitting:
        return "legitimate interest is no ground to call a consumer"
    if live:
        return f"what is recorded does not cover the theme {case.campaign.theme!r}"
    if _revoked(case):
        return "the ground to call has been revoked"
    if case.consents:
        return "the ground to call has expired or has not begun"
    return "no ground to call is recorded"
