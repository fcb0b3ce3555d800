"""Has this number been called often enough, or refused too recently?

Art. D. 223-9 al. 3 code de la consommation (décret n° 2022-1313): at most four attempts in thirty
calendar days by one professional, and none for sixty full calendar days after a refusal. The law
says so of consumers; agentd holds itself to it for businesses too. Attempts count across campaigns;
a day is one of the called person's own calendar.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agentd.campaign.gates.case import Attempt, Case, Finding, Refusal, Unanswerable
from agentd.campaign.gates.places import places

ARTICLE = "code de la consommation art. D. 223-9 (décret n° 2022-1313 du 13 octobre 2022)"
MOST = 4
PERIOD_DAYS = 30
REST_DAYS = 60
REFUSED = ("NOT_INTERESTED", "OPT_OUT")


def examine(case: Case) -> Finding:
    """Refuse a fifth attempt in the period, and any within the rest after a refusal."""
    zones = [ZoneInfo(place.zone) for place in places(case)[0]]
    lasts = [_latest_free(case, zone) for zone in zones]
    counts = [counted for counted, _, _ in lasts]
    seen = {"attempts_in_30_days": max(counts), "attempts_known": len(case.attempts)}
    refusals = []
    frees = [free for _, free, _ in lasts if free is not None]
    if frees:
        reason = f"{max(counts)} attempts within {PERIOD_DAYS} days, {MOST} allowed"
        refusals.append(Refusal("frequency", ARTICLE, reason, max(frees)))
    rested = [rest for _, _, rest in lasts if rest is not None]
    if rested:
        reason = f"refused less than {REST_DAYS} days ago"
        refusals.append(Refusal("frequency", ARTICLE, reason, max(rested)))
    return Finding(tuple(refusals), seen)


def _latest_free(case: Case, zone: ZoneInfo) -> tuple[int, datetime | None, datetime | None]:
    """Attempts in the period, when the next becomes free (None: now), when the rest is over."""
    today = case.now.astimezone(zone).date()
    days = sorted((_day(attempt, zone) for attempt in case.attempts), reverse=True)
    inside = [day for day in days if day > today - timedelta(days=PERIOD_DAYS)]
    free = None
    if len(inside) >= MOST:
        free = _morning(inside[MOST - 1] + timedelta(days=PERIOD_DAYS), zone)
    refused = [_day(a, zone) for a in case.attempts if a.disposition in REFUSED]
    rest = None
    if refused and today <= max(refused) + timedelta(days=REST_DAYS):
        rest = _morning(max(refused) + timedelta(days=REST_DAYS + 1), zone)
    return len(inside), free, rest


def _day(attempt: Attempt, zone: ZoneInfo) -> date:
    if attempt.at.tzinfo is None:
        raise Unanswerable("an attempt's time has no zone")
    return attempt.at.astimezone(zone).date()


def _morning(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)
