"""Does an utterance say when? Days, hours and parts of the day, as a recogniser writes them.

What was said is stored as said; turning it into an instant is not done here.
"""

import re

from agentd.dialogue.text import normalise

_NUMBER = (
    r"(?:\d{1,2}|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|"
    r"quinze|seize|dix sept|dix huit|dix neuf|vingt|vingt et une?|vingt deux|trente|quarante|"
    r"quarante cinq|quarante huit)"
)
_TIME = re.compile(
    r"\b(?:"
    r"demain|ce (?:soir|midi|matin)|cette semaine|"
    r"(?:le|du|en|de|dans la|la|debut de|fin de|milieu de) (?:matin|matinee|soir|soiree)|"
    r"(?:debut|fin|milieu) de (?:journee|semaine|mois)|apres midi|midi|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|week end|weekend|"
    r"(?:janvier|fevrier|avril|juin|juillet|aout|septembre|octobre|novembre|decembre)|"
    r"(?:la )?(?:semaine|mois) prochaine?|(?:la )?rentree|"
    rf"dans (?:l heure|{_NUMBER} (?:minutes?|heures?|jours?|semaines?|mois))|"
    rf"(?:d ici|sous) {_NUMBER} (?:minutes?|heures?|jours?|semaines?)|"
    rf"(?:a|vers|avant|apres|entre|des|pour) {_NUMBER} ?(?:h|heures?)\b|"
    rf"{_NUMBER} (?:h|heures?)\b(?! par)|\d{{1,2}} ?h ?\d{{0,2}}"
    r")\b"
)


def holds_time(text: str) -> bool:
    """True when `text` names a moment ("demain", "dix heures"), not when it only says "later"."""
    return _TIME.search(normalise(text)) is not None
