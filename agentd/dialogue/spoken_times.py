"""The moment somebody names ("demain vers dix heures") as a window to call in.

Pure: `now` comes in, aware, in the callee's zone; the window is in the same zone. Conventions
where French leaves a choice (docs/scenarios.md, "Spoken times"):

- an hour without a half of the day is an hour people are called at: 1 to 7 are afternoon, 8 is the
  morning's unless only the evening's is still to come today. `Moment.sure` is then false;
- a day alone is 9 to 20 h; a moment already past rolls forward (a weekday by a week, else a day);
- nothing is moved into the hours the law allows: the dialler's gate does that, with its evidence.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

import msgspec

from agentd.dialogue import spoken_days as days
from agentd.dialogue.spoken_days import Days
from agentd.dialogue.spoken_numbers import digits


class Form(StrEnum):
    """How a moment was put; says how it is repeated aloud."""

    AT = "at"
    AROUND = "around"
    AFTER = "after"
    BEFORE = "before"
    BETWEEN = "between"
    PART = "part"
    DAY = "day"
    IN = "in"


class Moment(msgspec.Struct, frozen=True):
    """A window to call in, zone-aware, start < end.

    form: how it was put. part: key of `PARTS`, or "". days: name of a span of days ("la semaine
    prochaine"), or "". amount: what `Form.IN` said ("2 heures"). sure: false when an hour had to
    be given its half of the day.
    """

    start: datetime
    end: datetime
    form: Form
    part: str = ""
    days: str = ""
    amount: str = ""
    sure: bool = True


# Part of the day -> from, to; keys are the canonical words.
PARTS: dict[str, tuple[time, time]] = {
    "debut matinee": (time(9), time(10, 30)),
    "milieu matinee": (time(10), time(11, 30)),
    "fin matinee": (time(11), time(12, 30)),
    "matin": (time(9), time(12)),
    "midi": (time(12), time(14)),
    "debut apresmidi": (time(14), time(15, 30)),
    "milieu apresmidi": (time(15), time(16, 30)),
    "fin apresmidi": (time(16, 30), time(18, 30)),
    "apresmidi": (time(14), time(18)),
    "debut journee": (time(9), time(10, 30)),
    "milieu journee": (time(12), time(15)),
    "fin journee": (time(17), time(19)),
    "debut soiree": (time(18), time(19, 30)),
    "milieu soiree": (time(19), time(20, 30)),
    "fin soiree": (time(20), time(21)),
    "soir": (time(18), time(20)),
}
OPEN, CLOSE = time(9), time(20)
_HALF_HOUR, _HOUR = timedelta(minutes=30), timedelta(hours=1)

_UNIT = r"(minutes|heures|jours?|semaine|mois|ans?)"
_IN = re.compile(
    rf"\b(dans|d ici|sous|au bout de|dans les|d ici les) (?:environ |a peu pres |au moins |genre )?"
    rf"(?:(\d+)(?: a (\d+)| ou (\d+)| (\d+))? )(?:petite?s? |bonnes? |gros(?:se)?s? )?"
    rf"(?:{_UNIT}(?: et (demie?|quart))?|(demie heures)|(quarts? d heures?))"
    rf"(?: ou (\d+))?\b"
)
_WITHIN_HOUR = re.compile(r"\bdans l heures\b(?! du)")
_MINUTE = (
    r"(?: (?:et )?(\d{1,2})(?! (?:heures|jours?|minutes|semaine)\b)|"
    r" et (?:1 )?(demie?|quart)| moins (?:le )?(quart|\d{1,2}))?"
)
_SIDE = r"(?: (?:du |le |ce )?(matin|soir)| (?:de )?(?:l )?(apresmidi))?"
_HOUR_WORD = r"heures(?! (?:par|de (?!l apresmidi)))"
# "ça fait deux heures que j'attends" is a length of time.
_LENGTH = (
    r"(?<!\bfait )(?<!\bdepuis )(?<!\bpendant )(?<!\btravaille )(?<!\bpasse )(?<!\btoutes les )"
)
_CLOCK = re.compile(
    rf"{_LENGTH}\b(?:(\d{{1,2}}) {_HOUR_WORD}|(midi)){_MINUTE}{_SIDE}(?: (?:pile|precises?|"
    rf"tapantes?))?\b"
)
_BARE_MINUTES = re.compile(r"\b(?<=a )(\d{1,2}) (15|30|45)\b")
_AROUND_WORD = (
    r"(?:vers|(?:aux? )?(?:alentours?|environs?) (?:de |d )?|autour (?:de |d )?|environ|"
    r"sur les(?: coups? (?:de |d )?)?|dans les eaux de|genre|disons vers|a peu pres)"
)
_RANGE = re.compile(
    r"\b(entre|de|d|a|vers|) ?(?:les )?(\d{1,2}|midi)( heures)?" + _MINUTE +
    r" (et|a|ou|jusqu a|) ?(\d{1,2}|midi)( heures)?" + _MINUTE + _SIDE + r"\b"
)  # fmt: skip
_AFTER_WORD = r"(?:pas avant|apres|a partir de|a partir d|des|passe|plus tard que)"
_BEFORE_WORD = r"(?:avant|jusqu a|au plus tard (?:a )?|d ici|maximum)"
_QUALIFIER = re.compile(
    rf"(?:\b(?P<after>{_AFTER_WORD})|\b(?P<before>{_BEFORE_WORD})|\b(?P<around>{_AROUND_WORD}))"
    r" ?(?:les )?$"
)
_AFTER_TAIL = re.compile(r"\b(?:apres|pas avant|ou plus tard|au plus tot|minimum)$")
_LATE = re.compile(r" (?:environ|a peu pres|maximum|au plus tard)\b")
_BARE = re.compile(rf"\b(?:{_AROUND_WORD}|{_AFTER_WORD}|{_BEFORE_WORD}|plutot) (\d{{1,2}})$")
_THIS = re.compile(r"\b(?:ce|cet|dans (?:la|l)|en cours de|courant) ?$")
_PART = re.compile(
    r"\b(?:(debut|milieu|fin|mi) (?:de la |de l |de |du |d |l )?)?(?:(matin|matinee|apresmidi|"
    r"soiree|soir|journee)s?)\b"
)
_LUNCH = re.compile(
    r"\b(?:heures? du (?:dejeuner|repas|midi)|pause (?:de |du )?(?:midi|dejeuner|dej)|"
    r"pendant (?:le |mon )?(?:dejeuner|repas)|(?:le|ce|du|\w+di|demain) midi|^midi$)"
)
_AFTER_LUNCH = re.compile(
    r"\bapres (?:(?:le |mon |avoir )?(?:dejeuner|repas|dejeune|mange\w*|midi manger)|manger)\b"
)
_EARLY = re.compile(r"\bpremieres? heures\b|\btot le matin\b|\bde bonne heures\b")
_AFTER_WORK = re.compile(
    r"\b(?:apres (?:le |mon )?(?:travail|boulot|taf|bureau)|sort\w* d[ue] (?:travail|boulot|"
    r"bureau)|"
    r"rentr\w+ d[ue] (?:travail|boulot)|soir apres)\b"
)
_BARE_HOUR = re.compile(r"^(?:plutot |a |vers )*(\d{1,2})$")
# "non, plutôt jeudi": what follows counts.
_CORRECTION = re.compile(r"\b(?:ou plutot|non plutot|enfin non|non non|euh non|enfin plutot|non)\b")


def holds_time(text: str) -> bool:
    """True when `text` names a moment ("demain", "dix heures"), not when it only says "later"."""
    return understand_time(text, datetime(2025, 6, 2, 8, 0, tzinfo=UTC)) is not None


def understand_time(text: str, now: datetime) -> Moment | None:
    """The moment an utterance names, or None.

    now: aware, in the callee's zone. The window is in that zone and ends after `now`.
    """
    now = now.replace(second=0, microsecond=0)
    said = digits(text[:400])
    head, tail = _corrected(said)
    tail = _BARE_HOUR.sub(r"a \1 heures", tail) if head else tail
    moment = _read(tail, now)
    if moment is None or not head:
        return moment or (_read(said, now) if head else None)
    if days.find(tail, now.date()) is None and days.find(head, now.date()) is not None:
        # "demain à dix heures, non, plutôt vers onze heures"
        return _read(f"{_CLOCK.sub(' ', head)} {tail}", now) or moment
    return moment


def _corrected(said: str) -> tuple[str, str]:
    """What was said before the last correction, and what counts."""
    found = list(_CORRECTION.finditer(said))
    if not found:
        return "", said
    return said[: found[-1].start()].strip(), said[found[-1].end() :].strip()


def _read(said: str, now: datetime) -> Moment | None:
    said = days.without_refused(said)
    if found := _IN.search(said):
        return _after_a_while(found, said, now)
    if _WITHIN_HOUR.search(said):
        return Moment(now, now + _HOUR, Form.IN, amount="heure")
    on = days.find(said, now.date())
    hours = _range(said, on, now) or _clock(said, on, now) or _part(said)
    if on is None and hours is None:
        return None
    if hours is None:
        hours = _Hours(OPEN, CLOSE, Form.DAY)
    return _window(on, hours, now)


class _Hours(msgspec.Struct, frozen=True):
    """Hours of a day. this: "ce matin", "dans la matinée": today's, though it has begun."""

    start: time
    end: time
    form: Form
    part: str = ""
    this: bool = False
    sure: bool = True


def _after_a_while(found: re.Match[str], said: str, now: datetime) -> Moment | None:
    how, amount, more = found[1], int(found[2]), found[3] or found[4] or found[5] or found[10]
    latest = int(more) if more and int(more) > amount else amount
    unit = "minutes" if found[8] or found[9] else found[6].removesuffix("s")
    step = 30 if found[8] else 15 if found[9] else 1
    amount, latest = amount * step, latest * step
    extra = {"demi": 30, "demie": 30, "quart": 15}.get(found[7] or "", 0)
    if amount > 1000 or (unit == "an" and amount > 3):
        return None
    if unit in ("minute", "minutes", "heure"):
        minutes = (amount * 60 if unit == "heure" else amount) + extra
        last = (latest * 60 if unit == "heure" else latest) + extra
        if how == "sous" or how.endswith("les"):
            return Moment(now, _later(now, minutes), Form.IN, amount=_amount(minutes))
        start = _later(now, minutes)
        return Moment(start, _later(now, last) + _HALF_HOUR, Form.IN, amount=_amount(minutes))
    first = _days_on(now.date(), amount, unit)
    if how == "sous" or how.endswith("les"):
        end = datetime.combine(first, now.timetz())
        return Moment(now, end, Form.IN, amount=_amount_of_days(amount, unit))
    last_day = _days_on(now.date(), latest, unit)
    on = Days(first, last_day, step=1)
    hours = _range(said[found.end() :], on, now) or _clock(said[found.end() :], on, now)
    hours = hours or _part(said) or _Hours(OPEN, CLOSE, Form.DAY)
    return _window(on, hours, now)


def _later(now: datetime, minutes: int) -> datetime:
    return (now.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(now.tzinfo)


def _amount(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 60 or minutes % 60 else f"{minutes // 60} heures"


def _amount_of_days(amount: int, unit: str) -> str:
    return f"{amount} {unit}"


def _days_on(today: date, amount: int, unit: str) -> date:
    """Days, weeks or months from today; "huit jours" is a week, "quinze jours" two."""
    if unit in ("mois", "moi", "an"):
        return days.months_on(today, amount * (12 if unit == "an" else 1))
    if unit == "semaine":
        return today + timedelta(weeks=amount)
    return today + timedelta(days={8: 7, 15: 14}.get(amount, amount))


def _range(said: str, on: Days | None, now: datetime) -> _Hours | None:
    for found in _RANGE.finditer(said):
        lead, first, first_h, link, second, second_h = found.group(1, 2, 3, 7, 8, 9)
        clocks = (first_h or first == "midi", second_h or second == "midi")
        if lead == "entre" and link == "et":
            pass
        elif (
            (link in ("et", "") and lead not in ("vers", "a", "d", "de", ""))
            or link == "et"
            or not (clocks[1] or (clocks[0] and link in ("a", "jusqu a")))
        ):
            continue
        elif link in ("a", "jusqu a") and lead not in ("de", "d") and not clocks[0]:
            continue  # "le quatre à dix heures"
        elif link == "" and not (clocks[0] and first_h) and lead not in ("vers", "a", ""):
            continue
        side = found[13] or found[14] or ""
        start = _time(first, found.group(4, 5, 6), side, said, on, now)
        end = _time(second, found.group(10, 11, 12), side, said, on, now)
        if start is None or end is None:
            continue
        low, high = start[0], end[0]
        if high <= low and high.hour < 12:
            high = high.replace(hour=high.hour + 12)
        if high <= low:
            continue
        if link in ("ou", "") and lead != "entre":
            high = _plus(high, 60)
        return _Hours(low, high, Form.BETWEEN, sure=start[1] and end[1])
    return None


def _clock(said: str, on: Days | None, now: datetime) -> _Hours | None:
    found = None
    for one in _CLOCK.finditer(said):
        if one[2] and not one[3] and not one[4] and not one[5] and _LUNCH.search(said):
            continue  # "ce midi" is a part of the day
        before = _QUALIFIER.search(said[: one.start()])
        bare = one[2] and not (one[3] or one[4] or one[5])
        if bare and before is None and not f" {said[: one.start()]}".endswith(" a "):
            continue
        found = one
    if found is not None:
        resolved = _time(
            found[1] or "midi", found.group(3, 4, 5), found[6] or found[7] or "", said, on, now
        )
        before = _QUALIFIER.search(said[: found.start()])
        late = _LATE.match(said, found.end())
    else:
        if found := _BARE_MINUTES.search(said):
            resolved = _time(found[1], (found[2], None, None), "", said, on, now)
            before = None
        elif found := _BARE.search(said):
            resolved = _time(found[1], (None, None, None), "", said, on, now)
            before = _QUALIFIER.search(said[: found.start(1)])
        else:
            return None
        late = None
    if resolved is None:
        return None
    at, sure = resolved
    part = _part(said)
    if (before and before["after"]) or _AFTER_TAIL.search(said[found.end() :]):
        end = max(CLOSE, _plus(at, 60))
        if part is not None and part.end > at:
            end = part.end
        return _Hours(at, end, Form.AFTER, sure=sure)
    if (before and before["before"]) or (
        late and "environ" not in late[0] and "peu" not in late[0]
    ):
        start = part.start if part is not None and part.start < at else OPEN
        if start >= at:
            start = _plus(at, -60)
        return _Hours(start, at, Form.BEFORE, sure=sure)
    if (before and before["around"]) or late:
        return _Hours(at, _plus(at, 60), Form.AROUND, sure=sure)
    return _Hours(at, _plus(at, 30), Form.AT, sure=sure)


def _time(
    hour: str,
    minutes: tuple[str | None, ...],
    side: str,
    said: str,
    on: Days | None,
    now: datetime,
) -> tuple[time, bool] | None:
    """A time of day, and whether its half of the day was said or needs no saying."""
    number = 12 if hour == "midi" else int(hour)
    if number > 24 or (number == 24):
        return None
    plain, plus, minus = minutes
    shift = int(plain) if plain else {"demi": 30, "demie": 30, "quart": 15}.get(plus or "", 0)
    shift -= 15 if minus == "quart" else int(minus or 0)
    if not -60 < shift < 60:
        return None
    sure = True
    part = "" if side else _half(said)
    half = side or part
    if half == "matin" or number > 12 or number == 0:
        pass
    elif half == "soir":
        number += 12 if 4 < number < 12 else 0
    elif half == "apresmidi" or half == "midi":
        number += 12 if number < 9 else 0
    elif number < 8:
        sure = number < 7
        number += 12
    elif number == 8:
        today = on is None or on.first == now.date()
        sure = False
        number += 12 if today and now.hour >= 8 else 0
    total = number * 60 + shift
    return (time(*divmod(total, 60)), sure) if 0 <= total < 24 * 60 else None


def _half(said: str) -> str:
    """The half of the day that is spoken of, whatever the hour."""
    part = _part(said)
    if part is None:
        return ""
    if "matin" in part.part:
        return "matin"
    return "soir" if part.start >= time(16) else "apresmidi" if part.start >= time(12) else ""


def _part(said: str) -> _Hours | None:
    if _AFTER_LUNCH.search(said):
        return _Hours(*PARTS["debut apresmidi"], Form.PART, "debut apresmidi")
    if _EARLY.search(said):
        return _Hours(*PARTS["debut matinee"], Form.PART, "debut matinee")
    if _AFTER_WORK.search(said):
        return _Hours(*PARTS["soir"], Form.PART, "soir")
    named = list(_PART.finditer(said))
    if not named:
        if _LUNCH.search(said):
            return _Hours(*PARTS["midi"], Form.PART, "midi", this="ce midi" in said)
        return None
    found = named[-1]  # of several, the last counts
    which, what = found[1] or "", found[2]
    if which == "mi":
        which = "milieu"
    if which:
        what = {"matin": "matinee", "soir": "soiree"}.get(what, what)
    else:
        what = {"matinee": "matin", "soiree": "soir"}.get(what, what)
    key = f"{which} {what}".strip()
    this = bool(_THIS.search(said[: found.start()]))
    if key == "journee":
        return _Hours(OPEN, CLOSE, Form.DAY, this=True) if this else None
    return _Hours(*PARTS[key], Form.PART, key, this=this)


def _plus(at: time, minutes: int) -> time:
    total = min(max(at.hour * 60 + at.minute + minutes, 0), 24 * 60 - 1)
    return time(*divmod(total, 60))


def _window(on: Days | None, hours: _Hours, now: datetime) -> Moment:
    first = on.first if on else now.date()
    last = on.last if on else first
    running = on is not None and (on.running or hours.form in (Form.DAY, Form.BEFORE))
    this = hours.this or hours.form is Form.BEFORE or (running and first <= now.date())
    step = on.step if on else 1

    def at(day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, tzinfo=now.tzinfo)

    for _ in range(400):
        start, end = at(first, hours.start), at(last, hours.end)
        if end > now and (start >= now or this or last > first):
            break
        first, last = first + timedelta(days=step), last + timedelta(days=step)
    return Moment(
        max(start, now), end, hours.form, hours.part, on.name if on else "", sure=hours.sure
    )
