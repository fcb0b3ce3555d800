"""Can the gates answer on this machine? A zone or a holiday table that is missing refuses every
call: better said before the first one."""

from datetime import datetime

from agentd.campaign.gates import decide
from agentd.campaign.gates.case import CampaignRules, Case, Contact
from agentd.campaign.gates.places import TERRITORIES, fold

FAIL_CLOSED = "fail closed"


def unable(now: datetime) -> list[str]:
    """Gates that cannot answer about somebody in a French territory, and why. now: with zone."""
    found = []
    for code in TERRITORIES:
        columns = {fold("code postal"): "67000"} if code == "+33" else {}
        case = Case(
            Contact("readiness", f"{code}690001234", columns=columns), CampaignRules(""), now
        )
        found += [
            f"{refusal.gate} ({code}): {refusal.reason}"
            for refusal in decide(case).refusals
            if refusal.article == FAIL_CLOSED
        ]
    return found
