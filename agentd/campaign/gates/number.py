"""Is this a number a sales call may go to?

The national numbering plan (Arcep, décision n° 2018-0881 modifiée) has first digits 1 to 5 and 9
for fixed and 6 and 7 for mobile lines; 8 is for services, some of which bill whoever calls them.
Lengths and territories are checked, allocated ranges are not: they change from month to month.
"""

import phonenumbers

from agentd.campaign.gates.case import Case, Finding, Refusal
from agentd.campaign.gates.places import TERRITORIES

ARTICLE = "plan national de numérotation (Arcep, décision n° 2018-0881 modifiée)"


def examine(case: Case) -> Finding:
    """Refuse what is no subscriber's number, or lies outside the territories whose law is known."""
    why = fault(case.contact.phone_e164)
    seen = {"territory": _code(case.contact.phone_e164)}
    if why:
        return Finding((Refusal("number", ARTICLE, why),), seen)
    return Finding((), seen)


def fault(phone_e164: str) -> str:
    """Why a number cannot be called, "" when it can. Takes E.164 (`+33...`)."""
    try:
        number = phonenumbers.parse(phone_e164, None)
    except phonenumbers.NumberParseException:
        return "not an E.164 number"
    if f"+{number.country_code}" not in TERRITORIES:
        return f"country code +{number.country_code}: the rules built in are those of France"
    if not phonenumbers.is_possible_number(number):
        return "not as long as a telephone number of its territory"
    national = phonenumbers.national_significant_number(number)
    if phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) != phone_e164:
        return "not written as E.164"
    if len(national) == 9 and national[0] in "08":
        return "a special or premium-rate number, not a subscriber's"
    return ""


def _code(phone_e164: str) -> str:
    return next((code for code in TERRITORIES if phone_e164.startswith(code)), "")
