"""Spoken French as recognisers write it, brought to one canonical spelling.

`spoken` works on words only: it rejoins nothing to a meaning, it makes `"bah chuis pas
intéressé quoi"`, `"Je ne suis pas intéressé."` and `"jsuis pas interesse"` the same string.
What it does, in order: lost elisions are split (`jai` -> `j ai`), contractions spelt out
(`chais` -> `je sais`), homophones repaired by their neighbours (`sa m interesse`, `ses trop
cher`), `ne` dropped (speakers mostly do), hesitations dropped, stammers collapsed.
"""

import re

from agentd.dialogue.text import normalise

# One written word -> what was said. Only words that mean nothing else in a telephone call.
_WORDS = {
    "ouais": "oui",
    "ouai": "oui",
    "ouaip": "oui",
    "oue": "oui",
    "voui": "oui",
    "ui": "oui",
    "wi": "oui",
    "yes": "oui",
    "yep": "oui",
    "nan": "non",
    "nn": "non",
    "nope": "non",
    "okay": "ok",
    "okey": "ok",
    "oke": "ok",
    "oki": "ok",
    "daccord": "d accord",
    "daccor": "d accord",
    "dacc": "d accord",
    "dac": "d accord",
    "ptet": "peut etre",
    "ptete": "peut etre",
    "ptetre": "peut etre",
    "petetre": "peut etre",
    "ya": "y a",
    "yavait": "y avait",
    "yaura": "y aura",
    "cest": "c est",
    "cetait": "c etait",
    "ct": "c etait",
    "cpas": "c est pas",
    "jai": "j ai",
    "jen": "j en",
    "jy": "j y",
    "chuis": "je suis",
    "chui": "je suis",
    "jui": "je suis",
    "chais": "je sais",
    "che": "je",
    "quest": "qu est",
    "kesk": "qu est ce que",
    "keske": "qu est ce que",
    "kess": "qu est ce",
    "esque": "est ce que",
    "eske": "est ce que",
    "skon": "ce qu on",
    "chepa": "je sais pas",
    "chaipa": "je sais pas",
    "acc": "accord",
    "quelqun": "quelqu un",
    "qqn": "quelqu un",
    "qqun": "quelqu un",
    "pk": "pourquoi",
    "pq": "pourquoi",
    "pourkoi": "pourquoi",
    "doc": "documentation",
    "quelquun": "quelqu un",
    "quequn": "quelqu un",
    "kelkun": "quelqu un",
    "quil": "qu il",
    "quon": "qu on",
    "zetes": "vous etes",
    "vzetes": "vous etes",
    "vot": "votre",
    "msieur": "monsieur",
    "mdame": "madame",
    "pasque": "parce que",
    "parsque": "parce que",
    "paske": "parce que",
    "pask": "parce que",
    "koi": "quoi",
    "ki": "qui",
    "pa": "pas",
    "aprem": "apres midi",
    "aprm": "apres midi",
    "rdv": "rendez vous",
    "svp": "s il vous plait",
    "silvousplait": "s il vous plait",
    "silteplait": "s il te plait",
    "stp": "s il te plait",
    "enfait": "en fait",
    "dla": "de la",
    "dmande": "demande",
    "aujourdhui": "aujourd hui",
    "bjr": "bonjour",
    "hallo": "allo",
    "alo": "allo",
    "mel": "mail",
    "email": "mail",
    "courriel": "mail",
    "kon": "qu on",
    "ke": "que",
    "reflechire": "reflechir",
    "veu": "veux",
    "interressee": "interesse",
    "mouai": "mouais",
    "moui": "mouais",
    "mhm": "mmh",
    "hmm": "mmh",
    "hm": "mmh",
    "mm": "mmh",
    "mmm": "mmh",
    "hum": "mmh",
    "humhum": "mmh",
    "mhmh": "mmh",
}

# What an elided word may lean on; longer French words that merely begin so are not touched.
_HOSTS = (
    "ai|avais|avait|aurai|aurais|etais|etait|est|en|"
    "ecoute|entends|entend|entendu|attends|arrive|arrete|aime|aimerais|aimerai|habite|hesite|"
    "ignore|imagine|utilise|oublie|investi|investis|espere|essaie|essaye|explique|"
    "interesse|interesses|interesser|interessent|interessait|interesserait|interessez|interessee|"
    "appelez|appelle|appeler|appelait|appelles|engage|arrange|occupe|oppose|etonne|etonnerait|"
    "ennuie|enlever|enlevez|embete|embetez|emmerde|emmerdez|envoyez|envoyer|expliquez|expliquer|"
    "accord|argent|adresse|arnaque|assurance|heure|instant|interet|electricite|energie|abord|"
    "entreprise|appareil|habitude|apres|avez"
)
_ELIDED = re.compile(rf"(qu|[cdjlmnst])({_HOSTS})")
# Real words that look like a clitic glued to its host.
_WHOLE = re.compile(
    r"sen|ten|den|cen|test|lest|[mtlsdc]ai|savez|savais|savait|saurai|saurais|lavez|lavait|lavais"
)
_JE = re.compile(r"j(?=[bcdfgklmnpqrstvwxz])(\w{2,})")
_CHE = re.compile(r"[cs]h(suis|suit|sais|peux|veux|vois|crois|pense|vais|connais|te|vous)")

_FILLERS = re.compile(
    r"e+u+h+|heu+h*|b[ae]+h|ben|bin|bein|eh|he|a+h|o+h|ha|hah|ho|oula|o+uh|hou|pf+"
)
_FILLER_PHRASES = re.compile(
    r"\b(?:en fait|du coup|vous voyez|tu vois|comment dire|disons|vous savez|je veux dire"
    r"|si vous voulez savoir|s il (?:vous|te) plait)\b"
)
# Repairs that need the neighbours, on the joined text.
_CEST_NEXT = (
    "trop|pas|quoi|qui|bon|cher|ca|une|un|gratuit|payant|combien|pour|de|complique|vrai|moi|non|"
    "le|la|tres|tout|vraiment|deja|plus|encore|bien|possible|dommage|mort|nul|faux|quel|quelle|"
    "mon|ma|a|chaud|risque|interessant|parfait|lui|juste|super|sur|exact|fini|chiant|penible|"
    "fatigant|inadmissible|abuse|insupportable|hors|assez|beaucoup|jamais"
)
_REPAIRS = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        # spellings of the words an opt-out is made of
        (r"\b([mntdl])ap+el(?=[aeilr]|\b)", r"\1 appel"),
        (r"\br?ap+l(?=e[zr]\b)", "rappel"),
        (r"\bare+t(?=e)|\barr?ett(?=e)", "arret"),
        (r"\bsuprim", "supprim"),
        (r"\bblo(?:[ck]+|qu?e?)s? ?tell?e?s?\b", "bloctel"),
        (r"\ber{1,2}e? ?ge ?pe ?de\b", "rgpd"),
        (r"\bmes donnes\b", "mes donnees"),
        (r"\bj (?=[bcdfgklmnpqrstvwxz])", "je "),
        (r"\bje (?=pas$|pas (?:trop|du tout|quoi|encore|si)\b)", "je sais "),
        (r"\bl(?=[bcdfgjkmnpqrstvwxz]\w\w)", "l "),
        (r"\bd(?!gccrf)(?=[bcdfgjkmnpqstvwxz]\w\w)", "de "),
        (r"\bn importe\b", "nimporte"),
        (r"\b(?:ne|n) ", ""),
        (r"\bce (?=est\b|etait\b)", "c "),
        (r"\bje (?=(?:ai|en|y|avais|aurai|aurais|etais|habite|aime|entends)\b)", "j "),
        (r"\bil y (?=a\b|avait|aura)", "y "),
        (r"\bil (?=faut|faudra)", ""),
        (r"\bj (?:ais|es|et)\b", "j ai"),
        (r"\bje (?=deja|pas (?:le|de|d|compris|entendu)\b)", "j ai "),
        (
            r"\bsa (?!femme|mere|soeur|fille|maison|copine|compagne|belle|veuve|"
            r"voisine|maman|famille|tante|niece|secretaire|assistante|petite|grand|banque|voiture|"
            r"conjointe|mutuelle|societe|boite)",
            "ca ",
        ),
        (rf"\b(?:ses|ces|cet|s est) (?=(?:{_CEST_NEXT})\b)", "c est "),
        (
            r"(?<!je )(?<!tu )(?<!j )(?<!en )\bsais (?=(?:trop|quoi|cher|qui|une|gratuit|bon)\b)",
            "c est ",
        ),
        (r"\bc (?=(?:pas|quoi|qui|trop|bon|cher|ca|gratuit|mort)\b)", "c est "),
        (r"\bmes (?=(?:c|je|j|vous|on|pas|non|la|ca|y|moi|il|si)\b)", "mais "),
        (r"\bje peut?\b", "je peux"),
        (r"\bje veut\b", "je veux"),
        (r"\bje (?:c|ses|ces|sait)(?= |$)", "je sais"),
        (r"\ble (?:temp|tant|tem)\b", "le temps"),
        (r"\btes (?=(?:qui|un|une|pas|ou|sur)\b)", "t es "),
        (r"\bvous z etes\b", "vous etes"),
        (r"\bpeut etres?\b", "peut etre"),
    )
)
_SPACES = re.compile(r" {2,}")
# "quoi", "hein" and the like close a sentence without meaning, except where they are its object.
_TAIL = re.compile(r" (?:hein|la hein)$")
# "quoi" closes a statement ("jai pas le temps quoi"); elsewhere it is what is being asked.
_TAIL_QUOI = re.compile(
    r"(?<=\w) quoi$(?<!nimporte quoi)(?<!de quoi)(?<!est quoi)(?<!dit quoi)(?<!dites quoi)"
)
_STATEMENT = re.compile(r"\b(?:pas|trop|deja|oui|non|jamais|rien|ok|cher|d accord|marre)\b")
_STAMMER = re.compile(r"\b(\w+(?: \w+){0,3})(?: \1\b)+")
_REFLEXIVE = frozenset(("vous", "nous"))


def spoken(text: str) -> str:
    """Canonical spelling of what was said; empty when it was only hesitation.

    `"Bah... jai pas le temps, quoi"` -> `"j ai pas le temps"`. Idempotent enough to be used on
    both sides of a comparison; never raises; linear in the length of the text.
    """
    words = []
    for word in normalise(text).split():
        if not _FILLERS.fullmatch(word):
            words.append(_WORDS.get(word) or _unglued(word))
    said = " ".join(words)
    if not said:
        return ""
    for pattern, into in _REPAIRS:
        said = pattern.sub(into, said)
    said = _FILLER_PHRASES.sub("", said)
    said = _SPACES.sub(" ", said).strip()
    # Twice, for a stammer inside a repeated phrase: "non non merci non merci".
    said = _STAMMER.sub(_once, _STAMMER.sub(_once, said))
    said = _TAIL.sub("", said)
    return _TAIL_QUOI.sub("", said) if _STATEMENT.search(said) else said


def _unglued(word: str) -> str:
    """Split a clitic off the verb or noun it was written together with."""
    if len(word) < 3 or _WHOLE.fullmatch(word):
        return word
    if match := _ELIDED.fullmatch(word):
        return f"{match[1]} {match[2]}"
    if match := _JE.fullmatch(word):
        return f"je {match[1]}"
    if match := _CHE.fullmatch(word):
        return f"je {match[1]}"
    return word


def _once(match: re.Match[str]) -> str:
    # "vous vous trompez" is grammar, not a stammer.
    return match[0] if match[1] in _REFLEXIVE else match[1]
