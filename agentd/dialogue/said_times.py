"""A moment as we repeat it aloud: "demain vers dix heures", "lundi trente novembre".

In the 24-hour clock, so that hearing it settles which half of the day was understood.
"""

from datetime import datetime, time

from agentd.dialogue.spoken_days import MONTHS, WEEKDAYS
from agentd.dialogue.spoken_numbers import in_words
from agentd.dialogue.spoken_times import Form, Moment

_PARTS = {
    "debut matinee": "en début de matinée",
    "milieu matinee": "en milieu de matinée",
    "fin matinee": "en fin de matinée",
    "matin": "dans la matinée",
    "midi": "entre midi et quatorze heures",
    "debut apresmidi": "en début d'après-midi",
    "milieu apresmidi": "en milieu d'après-midi",
    "fin apresmidi": "en fin d'après-midi",
    "apresmidi": "dans l'après-midi",
    "debut journee": "en début de journée",
    "milieu journee": "en milieu de journée",
    "fin journee": "en fin de journée",
    "debut soiree": "en début de soirée",
    "milieu soiree": "dans la soirée",
    "fin soiree": "en fin de soirée",
    "soir": "en fin de journée, à partir de dix-huit heures",
}
_SHORT = {"matin": "matin", "apresmidi": "après-midi", "soir": "soir"}


def aloud(moment: Moment, now: datetime) -> str:
    """The moment in French words, without digits; a phrase that follows "je vous rappelle"."""
    if moment.form is Form.IN and moment.amount:
        return _in(moment, now)
    if moment.days:
        hours = _hours(moment)
        return f"{moment.days}{f', {hours}' if hours else ''}"
    if moment.end.date() > moment.start.date():
        days = f"{_day(moment.start, now)} ou {_day(moment.end, now)}"
        hours = _hours(moment)
        return f"{days}{f' {hours}' if hours else ''}"
    if moment.form is Form.DAY:
        today = moment.start.date() == now.date()
        return "dans la journée" if today else f"{_day(moment.start, now)} dans la journée"
    if moment.form is Form.PART and moment.part in _SHORT:
        return _short_part(moment, now)
    return f"{_day(moment.start, now)} {_hours(moment)}"


def _short_part(moment: Moment, now: datetime) -> str:
    ahead = (moment.start.date() - now.date()).days
    word = _SHORT[moment.part]
    if ahead == 0:
        return f"cet {word}" if word.startswith("a") else f"ce {word}"
    if ahead < 7:
        return f"{_day(moment.start, now)} {word}"
    return f"{_day(moment.start, now)} {_PARTS[moment.part].split(',')[0]}"


def _in(moment: Moment, now: datetime) -> str:
    number, _, unit = moment.amount.partition(" ")
    if not number.isdecimal():
        return "dans l'heure"
    amount = int(number)
    if moment.start <= now:
        return f"d'ici {_day(moment.end, now)} {_clock(moment.end.time())}"
    if amount > 59:
        return f"{_day(moment.start, now)} vers {_clock(moment.start.time())}"
    feminine = unit in ("minutes", "heures", "semaine", "semaines")
    said = "une" if amount == 1 and feminine else in_words(amount)
    if feminine and amount % 10 == 1 and amount > 1:
        said += "e"
    return f"dans {said} {unit.removesuffix('s') if amount == 1 else unit}"


def _hours(moment: Moment) -> str:
    start, end = moment.start.time(), moment.end.time()
    match moment.form:
        case Form.AT:
            return f"à {_clock(start, sure=moment.sure)}"
        case Form.AROUND:
            return f"vers {_clock(start, sure=moment.sure)}"
        case Form.AFTER:
            return f"après {_clock(start, sure=moment.sure)}"
        case Form.BEFORE:
            return f"avant {_clock(end, sure=moment.sure)}"
        case Form.BETWEEN:
            return f"entre {_clock(start)} et {_clock(end)}"
        case Form.PART:
            return _PARTS[moment.part]
    return ""


def _day(day: datetime, now: datetime) -> str:
    ahead = (day.date() - now.date()).days
    weekday = WEEKDAYS[day.weekday()]
    if ahead <= 2:
        return ("aujourd'hui", "demain", "après-demain")[max(0, ahead)]
    if ahead < 7:
        return weekday
    number = "premier" if day.day == 1 else in_words(day.day)
    said = f"{weekday} {number} {MONTHS[day.month - 1]}"
    # A date alone is understood as the next of its name.
    next_of_its_name = (day.month, day.day) >= (now.month, now.day)
    if day.year == now.year + (0 if next_of_its_name else 1):
        return said
    return f"{said} deux mille {in_words(day.year - 2000)}"


def _clock(at: time, *, sure: bool = True) -> str:
    if at.hour == 12:
        said = "midi"
        if at.minute == 30:
            return "midi et demi"
    else:
        hours = in_words(at.hour) + ("e" if at.hour in (1, 21) else "")
        said = f"{hours} heure{'s' if at.hour > 1 else ''}"
    if at.minute:
        said += f" {in_words(at.minute)}{'e' if at.minute in (1, 21, 31, 41, 51) else ''}"
    if at.hour < 12 and (at.hour < 9 or not sure):
        said += " du matin"
    return said
