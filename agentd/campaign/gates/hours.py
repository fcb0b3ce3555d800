"""Is it an hour, and a day, at which this person may be called?

Consumers: Monday to Friday, 10-13 and 14-20, never on public holidays, in their own time zone (art.
D. 223-9 code de la consommation, décret n° 2022-1313; holidays: art. L. 3133-1 code du travail).
Businesses: Monday to Friday 9-20, Saturday 10-18, this house's own rule. Holidays of Alsace-Moselle
and overseas count wherever they are known, which is stricter than the decree. An express consent to
be called at other hours (D. 223-9 al. 2) is not used: nobody is called outside of the windows.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from agentd.campaign.gates.case import Case, Finding, Refusal
from agentd.campaign.gates.places import Place, places

CONSUMER = "code de la consommation art. D. 223-9 (décret n° 2022-1313 du 13 octobre 2022)"
BUSINESS = "calling hours of the house for businesses (lundi-vendredi 9-20, samedi 10-18)"

Windows = dict[int, tuple[tuple[int, int], ...]]  # weekday (Monday 0) -> hours [from, to)

CONSUMER_WINDOWS: Windows = dict.fromkeys(range(5), ((10, 13), (14, 20)))
BUSINESS_WINDOWS: Windows = {**dict.fromkeys(range(5), ((9, 20),)), 5: ((10, 18),)}
_AHEAD_DAYS = 21


def examine(case: Case) -> Finding:
    """Refuse unless the hour is lawful in every place where the contact may be."""
    where, source = places(case)
    windows = BUSINESS_WINDOWS if case.business else CONSUMER_WINDOWS
    seen = {
        "zones": [place.zone for place in where],
        "zone_from": source,
        "local": [case.now.astimezone(ZoneInfo(p.zone)).isoformat() for p in where],
    }
    shut = [reason for place in where if (reason := closed(case.now, place, windows))]
    if not shut:
        return Finding((), seen)
    article = BUSINESS if case.business else CONSUMER
    retry_at = next_open(case.now, where, windows)
    return Finding((Refusal("hours", article, shut[0], retry_at),), seen)


def closed(now: datetime, place: Place, windows: Windows) -> str:
    """Why nobody is called at `now` in this place, "" when somebody may be."""
    local = now.astimezone(ZoneInfo(place.zone))
    name = _holidays(place.subdivision, local.year).get(local.date())
    if name:
        return f"public holiday there ({local:%Y-%m-%d}, {name})"
    if any(first <= local.hour < last for first, last in windows.get(local.weekday(), ())):
        return ""
    return f"outside the calling hours there ({local:%A %H:%M}, {place.zone})"


def next_open(now: datetime, where: tuple[Place, ...], windows: Windows) -> datetime | None:
    """The first instant after `now` that is lawful in every place; None within three weeks."""
    openings = sorted({moment for place in where for moment in _openings(now, place, windows)})
    for moment in openings:
        if not any(closed(moment, place, windows) for place in where):
            return moment
    return None


def _openings(now: datetime, place: Place, windows: Windows) -> Iterator[datetime]:
    zone = ZoneInfo(place.zone)
    today = now.astimezone(zone).date()
    for ahead in range(_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        for first, _ in windows.get(day.weekday(), ()):
            moment = datetime.combine(day, time(first), zone)
            if moment > now:
                yield moment.astimezone(now.tzinfo)


@lru_cache(maxsize=64)
def _holidays(subdivision: str, year: int) -> dict[date, str]:
    from holidays import country_holidays  # 0.1 s to import: for whoever dials, not for `serve`

    return dict(country_holidays("FR", subdiv=subdivision or None, years=year).items())
