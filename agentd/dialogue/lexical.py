"""An utterance reduced to what can be compared: stems of its words, and weighted features. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

from agentd.dialogue.sounds import stream
from agentd.dialogue.spoken import spoken

# What a feature counts for, before its rarity does. Stems carry the meaning; neighbouring words
# tell "c'est gratuit" from "c'est gratuit ?"-like twins and keep the negation near its verb;
# pieces of words forgive what the recogniser misspells.
_STEM, _STEM_PAIR, _WORD, _WORD_PAIR, _PIECE = 1.0, 0.7, 0.4, 0.8, 0.35
_PIECE_LENGTH = 4
# Pieces of what is heard, whatever words a recogniser made of it: "ces rangé" is "c'est rangé".
_SOUND = 0.36
_SOUND_LENGTHS = (3, 4, 5)
# A stem with its negation: "ça m'intéresse" and "ça m'intéresse pas" share every other word.
_DENIED = 0.8
_REACH = 4  # words between a negation and what it denies
_NEGATIONS = frozenset(("pas", "plus", "jamais", "rien", "aucun", "aucune", "sans", "ni"))

# Words that stand in any sentence. Negation is kept: "pas" is what makes many an objection.
_EMPTY = frozenset(
    "le la les l un une des du de d au aux a en et ou que qu qui ce c cet cette ces ca cela est "
    "je j tu il elle on nous vous ils elles me m te t se s y ne n mon ma mes votre vos ton ta "
    "tes son sa ses leur leurs notre nos pour par avec dans sur moi toi lui eux si bien tres alors "
    "donc euh bah ben hein quoi oui ouais non mais enfin la voila ok d accord bon etre suis es "
    "sommes etes sont ete etait avoir ai as avez avons ont fait faire faites aussi encore tout "
    "tous".split()
)
_QUESTION = frozenset("combien comment quel quelle quels quelles pourquoi ou qui quand".split())
_ENDINGS = (
    *("issements", "issement", "atrices", "ations", "ateurs", "ation", "ateur", "ements", "ement"),
    *("iques", "ismes", "istes", "ibles", "ables", "ences", "ances", "ites", "euses", "ives"),
    *("ique", "isme", "iste", "ible", "able", "ence", "ance", "ite", "euse", "eux", "ive", "ifs"),
    *(
        "eraient",
        "erions",
        "assent",
        "aient",
        "erait",
        "erais",
        "erons",
        "eront",
        "issez",
        "issent",
    ),
    *("ions", "iez", "ait", "ais", "ant", "ent", "ees", "era", "ez", "er", "ir", "es", "ee", "if"),
    *("s", "e", "x"),
)
# One stem for words that mean the same here.
_SAME = {
    "prix": "cher", "couteu": "cher", "onereu": "cher", "hors": "cher", "exorbit": "cher",
    "fric": "argent", "sou": "argent", "rond": "argent", "thune": "argent", "tune": "argent",
    "epargn": "argent", "econom": "econom", "pret": "credit", "emprunt": "credit", "cred": "credit",
    "mari": "conjoint", "femm": "conjoint", "epou": "conjoint", "compagn": "conjoint",
    "email": "mail", "courriel": "mail", "papi": "document", "paperass": "document",
    "justificatif": "document", "piec": "document", "arnaqu": "arnaqu", "escroc": "arnaqu",
    "escroquer": "arnaqu", "voleur": "arnaqu", "bidon": "arnaqu", "robo": "robot",
    "machin": "robot", "ordinateur": "robot", "vieill": "vieu", "age": "vieu", "retrait": "vieu",
    "boulot": "travail", "taf": "travail", "bosse": "travail", "tel": "numero",
    "telephon": "numero", "coordonn": "numero", "dure": "temp", "minut": "temp", "delai": "temp",
}  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word's stem: at least three letters of it are kept."""
    if word.isdigit():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return _SAME.get(word, word)


def stems(text: str) -> list[str]:
    """Stems of the words that say something, in order."""
    return _stems(spoken(text).split())


def _stems(words: list[str]) -> list[str]:
    return [stem(w) for w in words if w not in _EMPTY or w in _QUESTION]


def _polar(words: list[str]) -> set[str]:
    """Stems with whether a negation stands near: what is denied is another thing said."""
    denials = [place for place, word in enumerate(words) if word in _NEGATIONS]
    return {
        f"{'-' if any(abs(place - d) <= _REACH for d in denials) else '+'} {stem(word)}"
        for place, word in enumerate(words)
        if word not in _EMPTY and word not in _NEGATIONS
    }


def features(said: str) -> Mapping[str, float]:
    """Weighted features of an utterance already brought to its `spoken` form."""
    words = said.split()
    roots = _stems(words)
    found = {f"s {root}": _STEM for root in roots}
    found.update((root, _DENIED) for root in _polar(words))
    found.update((f"s {a} {b}", _STEM_PAIR) for a, b in pairwise(roots))
    found.update((f"w {word}", _WORD) for word in words)
    found.update((f"w {a} {b}", _WORD_PAIR) for a, b in pairwise(("^", *words, "$")))
    for word in words:
        edged = f" {word} "
        for start in range(len(edged) - _PIECE_LENGTH + 1):
            found[f"p {edged[start : start + _PIECE_LENGTH]}"] = _PIECE
    heard = f"^{stream(said)}$"
    for length in _SOUND_LENGTHS:
        for start in range(len(heard) - length + 1):
            found[f"y {heard[start : start + length]}"] = _SOUND
    return found
