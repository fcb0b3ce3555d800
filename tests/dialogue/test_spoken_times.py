"""What moment is meant, as a window; and what is repeated aloud."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import lines

from agentd.dialogue.said_times import aloud
from agentd.dialogue.spoken_times import Moment, holds_time, understand_time

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 11, 20, tzinfo=PARIS)  # a Tuesday


def at(text: str) -> datetime:
    """`MM-DD HH:MM` of the sets; months before November are of 2027."""
    month, day, hour, minute = int(text[:2]), int(text[3:5]), int(text[6:8]), int(text[9:11])
    return datetime(2026 if month >= 11 else 2027, month, day, hour, minute, tzinfo=PARIS)


def window(text: str, now: datetime = NOW) -> tuple[datetime, datetime] | None:
    moment = understand_time(text, now)
    return (moment.start, moment.end) if moment else None


def cases(name: str) -> list[tuple[str, tuple[datetime, datetime] | None]]:
    rows = (line.split("\t") for line in lines(name))
    return [(said, None if start == "-" else (at(start), at(end))) for said, start, end in rows]


@pytest.mark.parametrize(("text", "wanted"), cases("times.tsv"))
def test_the_tuning_set(text: str, wanted: tuple[datetime, datetime] | None) -> None:
    assert window(text) == wanted


def test_the_other_sets_are_right_nineteen_times_in_twenty() -> None:
    rows = cases("times_more.tsv") + cases("times_test.tsv")
    wrong = [(text, wanted, window(text)) for text, wanted in rows if window(text) != wanted]
    assert len(wrong) <= len(rows) * 0.05, wrong


@pytest.mark.parametrize(
    "text",
    ["demain", "rappelez-moi demain matin", "à dix heures", "jeudi en quinze", "en septembre"],
)
def test_a_moment(text: str) -> None:
    assert holds_time(text)


@pytest.mark.parametrize("text", ["", "plus tard", "bonsoir", "oui", "c'est cinquante euros"])
def test_no_moment(text: str) -> None:
    assert not holds_time(text)


def test_an_hour_with_two_halves_is_not_sure() -> None:
    eight = understand_time("demain à huit heures", NOW)
    assert eight is not None
    assert (eight.start.hour, eight.sure) == (8, False)
    for text in (
        "demain à huit heures du soir",
        "demain matin à huit heures",
        "demain à dix heures",
    ):
        told = understand_time(text, NOW)
        assert told is not None
        assert told.sure


def test_what_is_past_rolls_forward() -> None:
    late = NOW.replace(hour=19)
    assert window("à dix heures", late) == (at("11-25 10:00"), at("11-25 10:30"))
    assert window("ce matin", late) == (at("11-25 09:00"), at("11-25 12:00"))
    new_year = datetime(2026, 12, 31, 18, 0, tzinfo=PARIS)
    moment = understand_time("le trois janvier à dix heures", new_year)
    assert moment is not None
    assert moment.start == datetime(2027, 1, 3, 10, 0, tzinfo=PARIS)


def test_the_window_is_in_the_callees_zone_also_across_a_change_of_the_clocks() -> None:
    # Summer time ends on Sunday 2026-10-25 in Paris.
    friday = datetime(2026, 10, 23, 10, 0, tzinfo=PARIS)
    moment = understand_time("lundi à dix heures", friday)
    assert moment is not None
    assert moment.start.isoformat() == "2026-10-26T10:00:00+01:00"
    reunion = friday.astimezone(ZoneInfo("Indian/Reunion"))
    moment = understand_time("lundi à dix heures", reunion)
    assert moment is not None
    assert moment.start.isoformat() == "2026-10-26T10:00:00+04:00"
    night = datetime(2026, 10, 25, 1, 30, tzinfo=PARIS)
    moment = understand_time("dans deux heures", night)
    assert moment is not None
    assert moment.start.timestamp() - night.timestamp() == 7200


WORDS = st.sampled_from(
    "demain lundi mardi dix onze vingt deux heures heure et demie quart moins le la à vers après "
    "avant entre dans une un semaine prochaine mois midi matin soir après-midi fin de début "
    "décembre non pas plutôt ou trente 15h30 24h 99 premier week-end sous d'ici minutes jours "
    "oui".split()
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)),
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 12, 31)),
)
def test_any_text_gives_a_window_to_come_or_none(text: str, naive: datetime) -> None:
    now = naive.replace(tzinfo=PARIS)
    moment = understand_time(text, now)
    if moment is None:
        return
    assert moment.start < moment.end
    assert now.replace(second=0, microsecond=0) <= moment.start
    assert moment.start - now < timedelta(days=366 * 4)
    said = aloud(moment, now)
    assert said.strip()
    assert not any(letter.isdigit() for letter in said)
    again = understand_time(said, now)
    if "deux mille" in said:
        return  # years are said, and not read
    if again is not None and moment.form not in ("in", "part") and not moment.days:
        assert again.start.date() == moment.start.date(), said


def test_the_year_is_said_when_the_date_alone_would_mean_an_earlier_one() -> None:
    now = datetime(2024, 1, 1, tzinfo=PARIS)
    moment = understand_time("d'ici vingt mois", now)
    assert moment is not None
    assert "septembre deux mille vingt-cinq" in aloud(moment, now)
    assert "deux mille" not in aloud(understand_time("dans six mois", now) or moment, now)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("demain vers dix heures", "demain vers dix heures"),
        ("demain à huit heures", "demain à huit heures du matin"),
        ("demain à huit heures du soir", "demain à vingt heures"),
        ("dans une heure", "dans une heure"),
        ("dans un quart d'heure", "dans quinze minutes"),
        ("lundi matin", "lundi matin"),
        ("mardi", "mardi premier décembre dans la journée"),
        ("la semaine prochaine", "la semaine prochaine"),
        ("entre midi et deux", "aujourd'hui entre midi et quatorze heures"),
        ("le 3 décembre à 15h30", "jeudi trois décembre à quinze heures trente"),
        ("midi et demi", "aujourd'hui à midi et demi"),
        ("ce soir", "ce soir"),
        ("cet après-midi", "cet après-midi"),
        ("à vingt et une heures", "aujourd'hui à vingt et une heures"),
        ("sous quarante-huit heures", "d'ici après-demain onze heures vingt"),
    ],
)
def test_a_moment_is_repeated_in_words(text: str, said: str) -> None:
    moment = understand_time(text, NOW)
    assert isinstance(moment, Moment)
    assert aloud(moment, NOW) == said
