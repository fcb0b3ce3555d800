"""Phone numbers as suppression keeps them: hashed, never in the clear.

Scheme: HMAC-SHA-256 of the E.164 number (`+33140000001`, ASCII) under a random 256-bit key that the
first migration puts in the table `secret` (`phone_pepper`), as 64 hexadecimal digits. Numbers are
few enough to be tried one by one, so a bare hash would hide nothing; with its key in the same
database this one protects exports and logs, not a stolen database. A key outside of it would, but
losing such a key would lose every opt-out, and that is the greater harm. The hash may outlive the
erasure of the person (GDPR art. 17(3)(b) and 21(3): it is what keeps them from being called).
"""

import hashlib
import hmac

import phonenumbers

REGION = "FR"


def e164(phone: str, region: str = REGION) -> str:
    """The number as `+33...`, from the ways it is written here and by trunks (`01 40 00 00 01`,
    `0033140000001`, `33140000001`, `tel:` and `sip:` URIs).

    What is no number of any country (an extension, `7000`) gives its digits; without digits, "".
    Lengths are checked, ranges are not: they change, and a hash must not.
    """
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
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return digits


def phone_hash(phone: str, key: bytes) -> str:
    """See the module. Raises ValueError when `phone` has no digit."""
    number = e164(phone)
    if not number:
        raise ValueError("a phone number without digits")
    return hmac.new(key, number.encode("ascii"), hashlib.sha256).hexdigest()
