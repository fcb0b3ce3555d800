"""Text as rules see it, and scenario text with a contact's columns filled in."""

import re
import unicodedata
from collections.abc import Mapping

_APART = re.compile(r"[^a-z0-9]+")
_FIELD = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_BEFORE_MARK = re.compile(r"\s+([,.!?;:])")


def normalise(text: str) -> str:
    """Lower case, no accents, no punctuation: `"C'est trop CHER !"` -> `"c est trop cher"`."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae")
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _APART.sub(" ", bare).strip()


def fields(template: str) -> set[str]:
    """Names of the `{columns}` a text wants."""
    return set(_FIELD.findall(template))


def fill(template: str, contact: Mapping[str, str]) -> str:
    """Replace `{column}` by the contact's value; an unknown or empty one disappears cleanly."""
    filled = _FIELD.sub(lambda m: contact.get(m[1], "").strip(), template)
    filled = re.sub(r"[ \t]{2,}", " ", filled)
    # French keeps a space before ! ? ; : but never before a comma or a full stop.
    filled = _BEFORE_MARK.sub(lambda m: m[1] if m[1] in ",." else f" {m[1]}", filled)
    return filled.strip()
