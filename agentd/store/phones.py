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

from agentd.numbers import REGION, e164

__all__ = ["REGION", "e164", "phone_hash"]


def phone_hash(phone: str, key: bytes) -> str:
    """See the module. Raises ValueError when `phone` has no digit."""
    number = e164(phone)
    if not number:
        raise ValueError("a phone number without digits")
    return hmac.new(key, number.encode("ascii"), hashlib.sha256).hexdigest()
