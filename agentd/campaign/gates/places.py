"""Where the called person may be: time zones and public holidays, from what is known of them.

Décret n° 2022-1313 (art. D. 223-9 code de la consommation) counts hours in the consumer's own time
zone. Where a number leaves several places open (+262 is Réunion and Mayotte, +689 has three zones)
all of them are given, and a call must be lawful in each.
"""

import unicodedata
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agentd.campaign.gates.case import Case, Unanswerable


@dataclass(frozen=True)
class Place:
    """A time zone, and a subdivision of France as the `holidays` library names it ("" for none)."""

    zone: str
    subdivision: str = ""


METROPOLE = Place("Europe/Paris")
MOSELLE = Place("Europe/Paris", "57")
ALSACE = Place("Europe/Paris", "6AE")
GUADELOUPE = Place("America/Guadeloupe", "971")
SAINT_BARTHELEMY = Place("America/St_Barthelemy", "BL")
SAINT_MARTIN = Place("America/Marigot", "MF")
MARTINIQUE = Place("America/Martinique", "972")
GUYANE = Place("America/Cayenne", "973")
REUNION = Place("Indian/Reunion", "974")
MAYOTTE = Place("Indian/Mayotte", "976")
MIQUELON = Place("America/Miquelon", "PM")
WALLIS = Place("Pacific/Wallis", "WF")
CALEDONIE = Place("Pacific/Noumea", "NC")
POLYNESIE = (
    Place("Pacific/Tahiti", "PF"),
    Place("Pacific/Marquesas", "PF"),
    Place("Pacific/Gambier", "PF"),
)

# Country codes of French territories, and where their subscribers may be.
TERRITORIES: dict[str, tuple[Place, ...]] = {
    "+33": (METROPOLE,),
    "+262": (REUNION, MAYOTTE),
    "+590": (GUADELOUPE, SAINT_BARTHELEMY, SAINT_MARTIN),
    "+594": (GUYANE,),
    "+596": (MARTINIQUE,),
    "+508": (MIQUELON,),
    "+681": (WALLIS,),
    "+687": (CALEDONIE,),
    "+689": POLYNESIE,
}
# Blocks of +262 that belong to one of the two islands alone.
_BLOCKS = {
    "+262262": (REUNION,),
    "+262263": (REUNION,),
    "+262692": (REUNION,),
    "+262693": (REUNION,),
    "+262269": (MAYOTTE,),
    "+262639": (MAYOTTE,),
}
_POSTCODES: dict[str, tuple[Place, ...]] = {
    "97133": (SAINT_BARTHELEMY,),
    "97150": (SAINT_MARTIN,),
    "971": (GUADELOUPE,),
    "972": (MARTINIQUE,),
    "973": (GUYANE,),
    "974": (REUNION,),
    "975": (MIQUELON,),
    "976": (MAYOTTE,),
    "986": (WALLIS,),
    "987": POLYNESIE,
    "988": (CALEDONIE,),
    "57": (MOSELLE,),
    "67": (ALSACE,),
    "68": (ALSACE,),
}
_POSTCODE_COLUMNS = (
    "code_postal",
    "codepostal",
    "cp",
    "postcode",
    "postal_code",
    "zip",
    "zip_code",
)
_ZONE_COLUMNS = ("fuseau_horaire", "fuseau", "timezone", "time_zone", "tz")


def places(case: Case) -> tuple[tuple[Place, ...], str]:
    """Where the contact may be, at least one place, and what told it: "column", "postcode",
    "campaign" or "number". Raises Unanswerable on a zone or a number that is unknown."""
    columns = {fold(name): value.strip() for name, value in case.contact.columns.items()}
    named = _first(columns, _ZONE_COLUMNS)
    if named:
        return (_with_holidays(named),), "column"
    postcode = _first(columns, _POSTCODE_COLUMNS).replace(" ", "")
    if len(postcode) == 4 and postcode.isdigit():
        postcode = f"0{postcode}"  # a spreadsheet took 01000 for a number
    if len(postcode) == 5 and postcode.isdigit():
        return _by_postcode(postcode), "postcode"
    # A country code of overseas says more than a campaign that was thought of as one of Paris.
    if case.campaign.zone and case.contact.phone_e164.startswith("+33"):
        return (_with_holidays(case.campaign.zone),), "campaign"
    return _by_number(case.contact.phone_e164), "number"


def fold(header: str) -> str:
    """A header as it is compared: `Code Postal` is `code_postal`."""
    bare = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode().lower()
    return "_".join("".join(c if c.isalnum() else " " for c in bare).split())


def _by_postcode(postcode: str) -> tuple[Place, ...]:
    for length in (5, 3, 2):
        if postcode[:length] in _POSTCODES:
            return _POSTCODES[postcode[:length]]
    return (METROPOLE,)


def _by_number(phone: str) -> tuple[Place, ...]:
    for block, found in (*_BLOCKS.items(), *TERRITORIES.items()):
        if phone.startswith(block):
            return found
    raise Unanswerable("no time zone is known for this number")


def _with_holidays(zone: str) -> Place:
    """A zone somebody wrote, with the holidays of the French territory that has it."""
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:
        raise Unanswerable(f"{zone!r} is no time zone") from error
    for place in (p for found in TERRITORIES.values() for p in found):
        if place.zone == zone:
            return place
    return Place(zone)


def _first(columns: dict[str, str], names: tuple[str, ...]) -> str:
    return next((columns[name] for name in names if columns.get(name)), "")
