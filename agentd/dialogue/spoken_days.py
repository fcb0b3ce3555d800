"""Which day, or span of days, somebody names: "lundi", "la semaine prochaine", "le trois décembre".

Reads what `spoken_numbers.digits` makes of an utterance. Pure.
"""

import calendar
import re
from datetime import date, timedelta

import msgspec

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_BARE_MONTHS = tuple(month.replace("é", "e").replace("û", "u") for month in MONTHS)
_DAY = rf"(?:{'|'.join(WEEKDAYS)})"
_MONTH = rf"(?:{'|'.join(_BARE_MONTHS)})"

_NEXT_WEEK = (
    r"(?:semaine (?:prochaine|d apres|qui vient|suivante|qui arrive)|prochaine semaine|"
    r"autre semaine)"
)
_PLACE = r"(debut|milieu|mi|fin|courant)"
_WEEK = re.compile(
    rf"\b(?:{_PLACE} (?:de |d |du |cours de )?(?:la |cette |l )?)?(?:({_NEXT_WEEK})|"
    rf"((?<=fin de )semaine|(?<=debut de )semaine|(?<=milieu de )semaine|"
    rf"(?:cette|dans la|courant|en cours de|de la) semaine(?! (?:de|prochaine|d apres|qui|"
    rf"suivante)))"
    r")\b"
)
_WEEKDAY = re.compile(rf"\b(ce )?({_DAY})\b(?: (?:prochaine?|qui vient))?(?: en (8|15))?")
_DATE = re.compile(rf"\b(\d{{1,2}}) ({_MONTH})\b")
_LE = re.compile(
    r"\b(?:le|au) (\d{1,2})\b(?! (?:heures|minutes|jours?|euros|pieces?|ans|fois|rue|pour|"
    r"mois|semaine)\b)(?= ?$| (?:a|vers|dans|en|au|le|matin|apresmidi|soir|entre|apres|"
    r"avant|plutot|"
    r"ou|si|c)\b)"
)
_IN_MONTH = re.compile(
    rf"\b(?:{_PLACE} (?:de |du |d )?(?:mois (?:de |d )?)?)?"
    rf"(?:(?:en|au mois de|au mois d|courant|le mois de|mois de|dans|pour) )?({_MONTH})\b"
)
_MONTH_NAMED = re.compile(
    rf"\b(?:(?:en|mois de|mois d|courant|pour|vers|mi|debut|fin|milieu|debut de|fin de) {_MONTH})\b"
)
_FIRST_WEEK = re.compile(rf"\bpremiere semaine (?:de |d |du mois de )({_MONTH})\b")
_NEXT_MONTH = re.compile(
    rf"\b(?:{_PLACE} (?:de |du |d )?(?:le )?)?(?:mois prochaine?|mois d apres|mois qui vient|"
    r"prochain mois)\b"
)
_THIS_MONTH = re.compile(rf"\b{_PLACE} (?:de |du |de ce |d )mois\b|\b(?:ce|dans le) mois\b")
_NAMED = re.compile(r"\b(apresdemain|demain|aujourdhui|ce soir|ce matin|ce midi|cet apresmidi)\b")
_WEEKEND = re.compile(r"\bweekend\b")
_REFUSED = re.compile(
    rf"\b(?:surtout |plutot |mais )?(?:pas|sauf)(?: (?:la|libre|dispo\w*|possible|le|ce|cet|"
    rf"cette))*"
    rf" (?:aujourdhui|apresdemain|demain|ce soir|soir|matin|apresmidi|weekend|semaine|{_DAY})"
    rf"(?: (?:matin|soir|apresmidi|midi))?\b"
)


# "lundi ça va pas", "demain je peux pas"
_UNFIT = re.compile(
    rf"\b(?:le |ce )?(?:aujourdhui|apresdemain|demain|ce soir|weekend|{_DAY})"
    rf"(?: (?:matin|soir|apresmidi|midi))? (?:non|(?:ca|c|je|j|on|la) (?:\w+ ){{1,2}}?(?:pas|mort|"
    rf"travaille|bosse|occupee?|complique|impossible|complet))\b"
)
_BY = re.compile(
    rf"(?<!pas )\b(?:(avant)|d ici|jusqu a|jusqu au)(?: (?:la|le|l))? (?:fin|weekend|{_DAY})\b"
)

_NEW_YEAR = re.compile(r"\bapres (?:les fetes|le nouvel an|le jour de l an)\b")
_CHRISTMAS = re.compile(r"\bapres noel\b")
_SEPTEMBER = re.compile(r"\b(?:a|apres) la rentree\b")


class Days(msgspec.Struct, frozen=True):
    """First and last day. name: how a span is said, "" for a day. step: how many days on, when it
    is past. running: it may have begun ("cette semaine")."""

    first: date
    last: date
    name: str = ""
    step: int = 7
    running: bool = False


def without_refused(said: str) -> str:
    """What is left when refused days are taken out: "pas lundi mais mardi" -> " mais mardi"."""
    return _REFUSED.sub(" ", _UNFIT.sub(" ", said)).strip()


def find(said: str, today: date) -> Days | None:
    """The day or days named, or None. Of several days the last counts, unless "ou" joins them."""
    named = _find(said, today)
    if named is not None and named.last > today and (by := _BY.search(said)):
        name = named.name.replace("en fin de", "d'ici la fin de la")
        last = named.last
        if by[1] and not named.name:
            last -= timedelta(days=1)  # before Thursday is Wednesday at the latest
        return Days(today, last, name or "d'ici là", named.step, running=True)
    return named


def _find(said: str, today: date) -> Days | None:
    week = _WEEK.search(said)
    if week is None and (span := _month(said, today) or _feast(said, today)):
        return span
    single = _singles(said, today, next_week=bool(week and week[2]))
    if single:
        return single
    if week is not None:
        return _week(week, today)
    if _WEEKEND.search(said):
        saturday = _on_or_after(today, 5)
        if today.weekday() == 6:
            saturday = today if "ce weekend" in said else today + timedelta(days=6)
        return Days(saturday, saturday + timedelta(days=1), "ce week-end", running=True)
    return None


def months_on(today: date, months: int) -> date:
    """The same day so many months on, or the last of that month."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _on_or_after(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _singles(said: str, today: date, *, next_week: bool) -> Days | None:
    """Days named one by one, as (place in the text, day, step)."""
    found: list[tuple[int, date, int]] = []
    dated = [(m.start(), m.end(), int(m[1]), _BARE_MONTHS.index(m[2]) + 1)
             for m in _DATE.finditer(said)]  # fmt: skip
    for start, _, day, month in dated:
        if when := _next_date(today, day, month):
            found.append((start, when, 365))
    if not dated:
        for one in _LE.finditer(said):
            if when := _next_date(today, int(one[1]), None):
                found.append((one.start(), when, 28))
    if not found:
        for one in _WEEKDAY.finditer(said):
            found.append((one.start(), _weekday(one, today, next_week=next_week), 7))
        for one in _NAMED.finditer(said):
            ahead = {"demain": 1, "apresdemain": 2}.get(one[1], 0)
            found.append((one.start(), today + timedelta(days=ahead), 1))
    if not found:
        return None
    found.sort()
    _, last, step = found[-1]
    first = last
    if len(found) > 1 and " ou " in said[found[-2][0] : found[-1][0]]:
        first, last = sorted((found[-2][1], last))
        if (last - first).days > 13:
            last = first
    return Days(first, last, step=step)


def _weekday(one: re.Match[str], today: date, *, next_week: bool) -> date:
    weekday = WEEKDAYS.index(one[2])
    if next_week:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + weekday)
    day = _on_or_after(today, weekday)
    if day == today and not one[1]:
        day += timedelta(days=7)  # who means today says so
    return day + timedelta(days={"8": 7, "15": 14}.get(one[3] or "", 0))


def _next_date(today: date, day: int, month: int | None) -> date | None:
    """The next day of this number, in `month` or in any."""
    year, at = today.year, month or today.month
    for _ in range(24):
        if 1 <= day <= calendar.monthrange(year, at)[1] and date(year, at, day) >= today:
            return date(year, at, day)
        if month:
            year += 1
        else:
            year, at = (year, at + 1) if at < 12 else (year + 1, 1)
    return None


def _week(found: re.Match[str], today: date) -> Days:
    place = {"mi": "milieu"}.get(found[1] or "", found[1] or "")
    monday = today - timedelta(days=today.weekday())
    following = bool(found[2])
    offsets = {"debut": (0, 1), "milieu": (2, 2), "fin": (3, 4)}.get(place, (0, 4))
    if following or monday + timedelta(days=offsets[1]) < today or place == "debut":
        monday += timedelta(days=7)
    if place in ("debut", "milieu", "fin"):
        which = "semaine prochaine" if following else "semaine"
        name = f"en {_accented(place)} de {which}"
    else:
        name = "la semaine prochaine" if monday > today else "dans la semaine"
    first, last = (monday + timedelta(days=offset) for offset in offsets)
    return Days(first, last, name, running=True)


def _month(said: str, today: date) -> Days | None:
    if found := _NEXT_MONTH.search(said):
        return _of_month(months_on(today.replace(day=1), 1), found[1], "du mois prochain", today)
    if found := _THIS_MONTH.search(said):
        begin = today.replace(day=1)
        if found[1] == "debut":
            begin = months_on(begin, 1)
        return _of_month(begin, found[1], "du mois", today)
    if first_week := _FIRST_WEEK.search(said):
        number = _BARE_MONTHS.index(first_week[1]) + 1
        begin = date(today.year + (number < today.month), number, 1)
        name = f"la première semaine de {MONTHS[number - 1]}"
        return Days(begin, begin + timedelta(days=6), name, step=365, running=True)
    if _DATE.search(said) or not _MONTH_NAMED.search(said):
        return None
    found = _IN_MONTH.search(said)
    if found is None:
        return None
    number = _BARE_MONTHS.index(found[2]) + 1
    begin = date(today.year + (number < today.month), number, 1)
    return _of_month(begin, found[1], MONTHS[number - 1], today)


def _of_month(begin: date, place: str | None, name: str, today: date) -> Days:
    last = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
    place = {"mi": "milieu", "courant": ""}.get(place or "", place or "")
    first, end = {
        "debut": (begin, begin.replace(day=10)),
        "milieu": (begin.replace(day=11), begin.replace(day=20)),
        "fin": (begin.replace(day=21), last),
    }.get(place, (begin, last))
    first = max(first, today) if end >= today else first
    relative = name.startswith("du mois")
    if place:
        said = f"{_accented(place)} {name}"
        if place == "milieu":
            said = f"au milieu {name}" if relative else f"mi-{name}"
    else:
        le = "le mois prochain" if name == "du mois prochain" else "dans le mois"
        said = le if relative else f"en {name}"
    return Days(first, end, said, step=365, running=True)


def _accented(place: str) -> str:
    return "début" if place == "debut" else place


def _feast(said: str, today: date) -> Days | None:
    if _NEW_YEAR.search(said):
        begin = date(today.year + 1, 1, 2)
        return Days(begin, begin + timedelta(days=13), "après les fêtes", step=365, running=True)
    if _CHRISTMAS.search(said):
        begin = date(today.year, 12, 26)
        return Days(begin, begin + timedelta(days=8), "après Noël", step=365, running=True)
    if _SEPTEMBER.search(said):
        begin = date(today.year + (today > date(today.year, 9, 15)), 9, 1)
        first = max(begin, today)
        return Days(first, begin + timedelta(days=14), "à la rentrée", step=365, running=True)
    return None
