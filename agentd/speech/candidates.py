"""Expected answers, and how likely the sound makes each of them.

A small recogniser writes "où est-ce qu'il m'a" for "oui effectivement" spoken over a telephone.
Asked instead how likely the *sound* is given each answer people do give here, and compared with how
likely that answer is given no sound at all, it is right far more often. The score of a candidate is

    (sum(log p(token | sound)) - PRIOR * sum(log p(token | noise))) / sqrt(tokens)

(pointwise mutual information, with the prior discounted). Measured on synthetic French over A-law,
18 phrases, four voices, 54 candidates: 63 of 72 right, against 36 by likelihood alone. Answers that
are among the candidates score over -3.6, the best candidate for any other sentence below -4. What a
candidate shares in sound with the free decoding is added (`bonus`).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz import fuzz

PRIOR = 0.5
RANK = 4  # percent
OPENING = 0.4  # what beginning with "oui" is worth when every reading does
ALIKE, LONG_ENOUGH = 86, 9  # percent, and letters of sound, of a phrase taken by its sound
_SAME, _NO_DOUBT = 90, 0.9  # of a reading and an expected answer: percent of sound, confidence
ACCEPT = -3.8  # below it the sound is none of the candidates

# Most answers to a closed question are one of these; their score begins that much higher.
FREQUENT = {
    **{"oui": 0.9, "non": 0.9},
    **dict.fromkeys(("d'accord", "oui d'accord", "non merci", "oui effectivement"), 0.3),
}

# Answers that fit any question; steps and themes add their own.
COMMON = (
    "oui",
    "non",
    "oui oui",
    "oui d'accord",
    "d'accord",
    "oui bien sûr",
    "oui tout à fait",
    "oui effectivement",
    "oui je vous écoute",
    "je vous écoute",
    "oui allez-y",
    "oui pourquoi pas",
    "pourquoi pas",
    "oui ça m'intéresse",
    "oui j'en ai un",
    "oui mais",
    "non merci",
    "non pas du tout",
    "non merci ça ne m'intéresse pas",
    "ça ne m'intéresse pas",
    "je ne suis pas intéressé",
    "pas maintenant",
    "je n'ai pas le temps",
    "je ne sais pas",
    "peut-être",
    "allô",
    "allô oui",
    "oui bonjour",
    "pardon",
    "comment",
    "vous pouvez répéter",
    "c'est qui",
    "qui êtes-vous",
    "c'est à quel sujet",
    "vous êtes un robot",
    "c'est trop cher",
    "rappelez-moi plus tard",
    "rappelez-moi demain",
    "demain matin",
    "demain après-midi",
    "plutôt le matin",
    "plutôt l'après-midi",
    "ne m'appelez plus",
    "arrêtez de m'appeler",
    "ne me rappelez plus",
    "retirez-moi de vos fichiers",
    "vous vous trompez de numéro",
    "vous vous trompez de personne",
    "ce n'est pas moi",
    "je veux parler à un conseiller",
)

_VOWELS = re.compile(r"[aeiouyàâäéèêëîïôöùûüœ]+")
_FEWEST_PER_S, _MOST_PER_S = 2.4, 9.0  # syllables a second, from drawling to hurried


def syllables(text: str) -> int:
    """Roughly, by groups of vowels; mute endings are counted, which the bounds allow for."""
    return max(1, len(_VOWELS.findall(text.lower())))


def plausible(candidates: Iterable[str], voiced_s: float) -> list[str]:
    """Those that can be said in `voiced_s` seconds of voice."""
    fewest = voiced_s * _FEWEST_PER_S - 0.7
    most = voiced_s * _MOST_PER_S + 2
    return [c for c in candidates if fewest <= syllables(c) <= most]


def key(text: str) -> str:
    """How a text sounds, coarsely: French spellings of one sound share a letter."""
    text = text.lower().replace("’", "'")
    for spelling, sound in _SOUNDS:
        text = text.replace(spelling, sound)
    return re.sub(r"[^a-z0-9@ ]", "", text)


_SOUNDS = (
    *(("eau", "o"), ("au", "o"), ("ô", "o"), ("ai", "e"), ("ei", "e"), ("é", "e"), ("è", "e")),
    *(
        ("ê", "e"),
        ("et ", "e "),
        ("er ", "e "),
        ("ez", "e"),
        ("oi", "wa"),
        ("ou", "u"),
        ("où", "u"),
    ),
    *(("an", "@"), ("en", "@"), ("in", "@"), ("un", "@"), ("on", "@"), ("qu", "k"), ("c'", "s")),
    *(("ç", "s"), ("ch", "x"), ("ph", "f"), ("ss", "s"), ("ll", "l"), ("tt", "t"), ("pp", "p")),
    *(("ge", "j"), ("gi", "ji"), ("ce", "se"), ("ci", "si"), ("c", "k"), ("z", "s"), ("y", "i")),
    *(("h", ""), ("'", ""), ("-", ""), ("à", "a"), ("â", "a"), ("î", "i"), ("û", "u"), ("ù", "u")),
)


def distinct(candidates: Iterable[str]) -> list[str]:
    """Candidates that are written alike but for capitals and marks are one."""
    return list({re.sub(r"[^\w']+", " ", c.lower()).strip(): c for c in candidates}.values())


def same(candidates: Iterable[str], hypothesis: str) -> str:
    """The first candidate that sounds exactly like the hypothesis; "" if none does."""
    sound = _joined(hypothesis)
    return next((c for c in candidates if sound and _joined(c) == sound), "")


def alike(candidates: Iterable[str], hypothesis: str) -> str:
    """The hypothesis with what sounds like a known phrase written as that phrase; "" if nothing.

    `"Oui, mais c'est trop cher, vous t'au"` holds `"c'est trop cher vos taux"` after its "mais".
    """
    head, but, tail = hypothesis.rpartition(" mais ")
    for lead, said in ((f"{head}{but}", tail), ("", hypothesis)):
        sound = _joined(said)
        if len(sound) < LONG_ENOUGH:
            continue
        known = {c: _joined(c) for c in candidates}
        best = max(known, key=lambda c: fuzz.ratio(known[c], sound), default="")
        if best and fuzz.ratio(known[best], sound) >= ALIKE:
            return lead + best
    return ""


def resemblance(candidate: str, hypotheses: Iterable[str]) -> float:
    """How much a candidate sounds like a hypothesis, or what follows its "mais": 0 to 100.

    hypotheses: best first; each counts RANK less than the one before.
    """
    sound = _joined(candidate)
    return max(
        (
            fuzz.ratio(sound, _joined(part)) - RANK * rank
            for rank, hypothesis in enumerate(hypotheses)
            for part in {hypothesis, hypothesis.rpartition(" mais ")[2]}
        ),
        default=0.0,
    )


def bonus(candidate: str, hypotheses: Sequence[str]) -> float:
    """What sounding like the free decoding adds to a score, and not doing so takes off.

    Wrong words have the right number of syllables more often than not. Nothing for the shortest:
    "on" is as near to "non" as it is to "oui".
    """
    if len(_joined(candidate)) < 5:
        return 0.0
    likeness = resemblance(candidate, hypotheses)
    apart = abs(syllables(candidate) - syllables(hypotheses[0])) if hypotheses else 0
    # "Non" is how "ne m'appelez plus" begins for a small recogniser; "oui" is only ever a oui.
    agreed = bool(hypotheses) and all(_first(text) == "oui" for text in (candidate, *hypotheses))
    return (
        max(-1.5, min(3.0, (likeness - 60) / 10))
        - 0.5 * max(0, apart - 1)
        + (OPENING if agreed else 0.0)
    )


def _first(text: str) -> str:
    found = re.match(r"\w+", text.lower())
    return found[0] if found else ""


def shortlist(candidates: Sequence[str], hypotheses: Sequence[str], limit: int) -> list[str]:
    """The `limit` candidates worth scoring: those that sound most like what was written.

    The answers given most often stay whatever was written: the shortest are written worst.
    """
    near = sorted(candidates, key=lambda c: -resemblance(c, hypotheses))[:limit]
    return [c for c in candidates if c in FREQUENT or c in near]


def objections(candidates: Iterable[str], hypotheses: Sequence[str], limit: int) -> list[str]:
    """The `limit` whole answers ("oui mais c'est trop cher") that sound most like what was written.

    Nobody says only "c'est trop cher" to a yes-or-no question; a list of all that can follow a
    "mais" would be endless.
    """
    known = [c for c in candidates if not c.lower().startswith(("mais ", "oui ", "non "))]
    return nearest(
        [f"{lead} mais {c}" for c in known for lead in ("oui", "non")], hypotheses, limit
    )


def nearest(candidates: Iterable[str], hypotheses: Iterable[str], limit: int) -> list[str]:
    """The `limit` candidates that sound most like any of the hypotheses, best first."""
    heard = [h for h in hypotheses if h]
    scored = [(resemblance(c, heard), c) for c in dict.fromkeys(candidates)]
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return [c for score, c in scored[:limit] if score > 45]


def lean(text: str, sure: float, expected: Sequence[str]) -> tuple[str, float]:
    """A reading of any recogniser, weighed with what is expected: the text, and how sure (0 to 1).

    What sounds like an expected answer is more likely right, and written like it when the
    recogniser itself was in doubt; what does not is left as it is.
    """
    near = nearest(expected, [text], 1) if text else []
    likeness = resemblance(near[0], [text]) if near else 0.0
    if likeness < _SAME:
        return text, sure
    other = near[0] if sure < _NO_DOUBT else text
    return other, 1 - (1 - sure) * (1 - likeness / 200)


@lru_cache(maxsize=20_000)
def _joined(text: str) -> str:
    """Its sound without the consonants French leaves mute at the end of a word."""
    return re.sub(r"(?<=\w\w)[xstdp]+\b", "", key(text)).replace(" ", "")
