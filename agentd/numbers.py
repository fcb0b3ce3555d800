"""Telephone numbers as people write them, to E.164, with France at home.

Overseas numbers are written as at home (`0692 00 12 34`) though their country code is another than
+33: the first digits say which.
"""

import re

import phonenumbers

REGION = "FR"

# National numbers (without their 0) of overseas, and the country code they are reached under.
OVERSEAS = {
    **dict.fromkeys(("262", "263", "269", "639", "692", "693", "9478", "9479"), "+262"),
    **dict.fromkeys(("590", "690", "691", "9475"), "+590"),
    **dict.fromkeys(("594", "694", "9476"), "+594"),
    **dict.fromkeys(("596", "696", "697", "9477"), "+596"),
}
_OVERSEAS = tuple(OVERSEAS)
_FICTION = "63998"  # 06 39 98 xx xx: for films (Arcep), within a block that is Mayotte's otherwise
_MIQUELON = "508"  # six digits behind its country code; 0508 before them at home
_SEPARATORS = str.maketrans("", "", " .-\u00a0\u202f/()\t")
_FRENCH = re.compile(r"(?:\+33|0033|0)([1-9][0-9]{8})", re.ASCII)


def e164(phone: str, region: str = REGION) -> str:
    """The number as `+33...`, from the ways it is written here and by trunks (`01 40 00 00 01`,
    `0033140000001`, `33140000001`, `tel:` and `sip:` URIs).

    What is no number of any country (an extension, `7000`) gives its digits; without digits, "".
    Lengths are checked, ranges are not: they change, and a hash must not.
    """
    if region == REGION:
        plain = _FRENCH.fullmatch(phone.translate(_SEPARATORS))
        if plain:  # nearly all of them, a hundred times as fast
            return at_home(plain[1])
    bare = phone.strip()
    for scheme in ("sip:", "sips:", "tel:"):
        if bare.lower().startswith(scheme):
            bare = bare[len(scheme) :]
    bare = bare.partition("@")[0].partition(";")[0]
    digits = "".join(c for c in bare if c in "0123456789")
    for text, home in ((bare, region), (f"+{digits}", None)):
        try:
            number = phonenumbers.parse(text, home)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            national = phonenumbers.national_significant_number(number)
            if number.country_code == 33 and len(national) == 9:
                return at_home(national)
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return digits


def at_home(national: str) -> str:
    """E.164 of nine digits dialled behind a 0 in France."""
    if national.startswith(_OVERSEAS) and not national.startswith(_FICTION):
        found = next(code for block, code in OVERSEAS.items() if national.startswith(block))
        return f"{found}{national}"
    if national.startswith(_MIQUELON):
        return f"+{national}"
    return f"+33{national}"
