"""Numbers and moments in the words of French, both ways: as recognisers write them, as we say them.

`digits` is what `spoken_times` reads; `in_words` is what a voice is given to say.
"""

import re

from agentd.dialogue.text import normalise

_UNITS = {
    word: value
    for value, word in enumerate(
        "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
        "seize".split()
    )
} | {"une": 1, "premier": 1, "1er": 1}
_TENS = {"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
_ABOUT = {"dizaine": 10, "quinzaine": 15, "vingtaine": 20, "trentaine": 30}
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

# What recognisers make of moments, mended before anything is read. In this order.
_MENDED = tuple(
    (re.compile(rf"\b(?:{wrong})\b"), right)
    for wrong, right in (
        (r"(?:deux|de) mains?|demains|deumain", "demain"),
        (r"a(?:p+| )?pr?(?:e|es|et|ait)? demain|(?:apres|pres|prete) demain", "apresdemain"),
        (r"aujourd(?: hui)?|aujourdhui|au jour d hui|ojourdui", "aujourdhui"),
        (r"aprem|apremidi|apres? mi(?:di|dis|die)|tapres midi|apresmidi", "apresmidi"),
        (r"(?:c est|cette|set|sept|ces|ce|cet) t?apresmidi", "cet apresmidi"),
        (r"(?:se|ses|ces|c est|sait) soir", "ce soir"),
        (r"(?:se|ses|ces) matin", "ce matin"),
        (r"soire", "soir"),
        (r"(?:car|quart|cart) ?(?:d ?|de l )?(?:h?eure?|eur)s?", "quart d heure"),
        (r"(\w+?)(?<=z)eures?", r"\1e heures"),
        (r"diz|dis(?= (?:h?eures?|sept|huit|neuf))", "dix"),
        (r"(?<=dix )(?:uit|huites?|oui)|(?:uit|huite|wit)(?= h?eures?)", "huit"),
        (r"(?<=dix )(?:cet|cette|set|sete|c est)|(?:sete|set|cet)(?= h?eures)", "sept"),
        (r"neufs|noeuf", "neuf"),
        (r"(?:trois|troi)s", "trois"),
        (r"h?eures?|h?eurs?|h", "heures"),
        (r"semaines?", "semaine"),
        (r"prochaines|prochene", "prochaine"),
        (r"minut[es]*", "minutes"),
        (r"week ?ends?|ouikende?|weekends?", "weekend"),
        (r"demi heures", "demie heures"),
        *((rf"{day[:-1]}(?:is|it|ie|y|is|ies)|{day}s", day) for day in _DAYS),
        (r"mer ?cr?e?di", "mercredi"),
        (r"jeu dis?|jeudit", "jeudi"),
        (r"v[ea]n ?d?r?e?dis?", "vendredi"),
        (r"samdi|sam dit?", "samedi"),
        (r"(on|dou|trei|quator|quin|sei)(?:z|s|se)", r"\1ze"),
        (r"d en (?=une? )", "dans "),
    )
)
_CLOCK = re.compile(r"(?<=\d)h(?=\d)|(?<=\d)h\b")


def digits(text: str) -> str:
    """Normalised text with every number written in digits and the words of time mended.

    `"Demain à dix-huit heures trente"` -> `"demain a 18 heures 30"`. "après-midi", "après-demain"
    and "aujourd'hui" become one word each. Linear in the length of the text.
    """
    said = _CLOCK.sub(" heures ", normalise(text))
    said = " ".join(said.split())
    for wrong, right in _MENDED:
        said = wrong.sub(right, said)
    words, out, at = said.split(), [], 0
    while at < len(words):
        value, used = _number(words, at)
        if used and at + used < len(words) and (about := _ABOUT.get(words[at + used])):
            value, used = about, used + 1
            if at + used < len(words) and words[at + used] in ("de", "d"):
                used += 1
            if at + used >= len(words) or words[at + used] not in ("minutes", "jours"):
                out.append(f"{about} jours")  # "une quinzaine" alone is of days
                at += used
                continue
        out.append(str(value) if used else words[at])
        at += used or 1
    return " ".join(out)


def _number(words: list[str], at: int) -> tuple[int, int]:
    """The number that begins at a word, and how many words it takes; 0 words when none does."""

    def word(offset: int) -> str:
        return words[at + offset] if at + offset < len(words) else ""

    first = word(0)
    if first == "quatre" and word(1) in ("vingt", "vingts"):
        rest = _UNITS.get(word(2), 0)
        if word(2) == "dix" and word(3) in ("sept", "huit", "neuf"):
            return 90 + _UNITS[word(3)], 4
        return (80 + rest, 3) if rest else (80, 2)
    if first == "dix" and word(1) in ("sept", "huit", "neuf"):
        return 10 + _UNITS[word(1)], 2
    if first in _TENS:
        ten = _TENS[first]
        if word(1) == "et" and word(2) in ("un", "une", "onze"):
            return ten + _UNITS[word(2)], 3
        rest = _UNITS.get(word(1), 0)
        if ten == 60 and word(1) == "dix" and word(2) in ("sept", "huit", "neuf"):
            return 70 + _UNITS[word(2)], 3
        if 0 < rest < (17 if ten == 60 else 10):
            return ten + rest, 2
        return ten, 1
    if first in _UNITS:
        return _UNITS[first], 1
    return (int(first), 1) if first.isdecimal() and len(first) <= 4 else (0, 0)


_SMALL = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf"
).split()
_TEN_WORDS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante"}


def in_words(number: int) -> str:
    """0 to 59 as it is said: 21 -> "vingt et un"."""
    if number < 20:
        return _SMALL[number]
    ten, unit = divmod(number, 10)
    if not unit:
        return _TEN_WORDS[ten]
    return f"{_TEN_WORDS[ten]}{' et ' if unit == 1 else '-'}{_SMALL[unit]}"
