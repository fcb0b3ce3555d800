"""Has the campaign begun, and is it not over? The operator's own limits, not a law's."""

from agentd.campaign.gates.case import Case, Finding, Refusal

ARTICLE = "dates of the campaign"


def examine(case: Case) -> Finding:
    """Refuse before `starts_at` and from `ends_at` on."""
    starts, ends = case.campaign.starts_at, case.campaign.ends_at
    seen = {
        "starts_at": starts.isoformat() if starts else None,
        "ends_at": ends.isoformat() if ends else None,
    }
    if ends is not None and case.now >= ends:
        return Finding((Refusal("campaign_dates", ARTICLE, "the campaign is over"),), seen)
    if starts is not None and case.now < starts:
        early = Refusal("campaign_dates", ARTICLE, "the campaign has not begun", starts)
        return Finding((early,), seen)
    return Finding((), seen)
