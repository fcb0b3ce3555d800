"""Word families of telephone French, as stems, for the patterns the intents are read with.

Everything is matched against `spoken.spoken` text: lower case, no accents, elisions split, `ne`
gone. `contact_rules` and `content_rules` say how families stand to each other.
"""

import re


def rx(*alternatives: str) -> re.Pattern[str]:
    """One compiled pattern that finds any of the alternatives at word boundaries."""
    return re.compile(r"\b(?:" + "|".join(alternatives) + r")\b")


def near(one: str, other: str, gap: int) -> str:
    """A pattern for two families within `gap` words of each other, in either order."""
    between = rf" (?:\w+ ){{0,{gap}}}?"
    return rf"{one}{between}{other}|{other}{between}{one}"


def whole(*alternatives: str) -> re.Pattern[str]:
    """The same for a whole utterance, whatever polite or hesitating words surround it."""
    return re.compile(rf"(?:{AROUND} )*(?:" + "|".join(alternatives) + rf")(?: {AROUND})*$")


AROUND = (
    r"(?:oui|non|ok|allo|bonjour|bonsoir|pardon|desolee?|excusez moi|excuse moi|merci|madame|bon|"
    r"monsieur|mademoiselle|alors|mais|et|la|donc|voila|d accord|attendez|ecoutez|juste|enfin|"
    r"je suis desolee?)"
)

# ---------------------------------------------------------------- shared families
MY = r"(?:mon|ma|mes|notre|nos|ce|cette|le|la|les|l|son|sa|ses)"
WISH = (
    r"(?:veux|veut|voudrai[st]|voulons|voulais|souhait\w+|aimerai[st]|aimerions|prefer\w+|"
    r"demand\w+|desir\w+|exig\w+|accept\w+|support\w+|tolere|tiens a|tient a|prie|somme|autorise|"
    r"entends)"
)
# To call somebody; never "je m appelle" or "je me rappelle".
CALL = (
    r"(?<!\bje m )(?<!\bs )(?<!\bje me )(?<!\bj me )(?<!\bm en )(?:r?(?:e|a)?pp?el\w*|"
    r"(?:re)?telephon\w*|(?:re)?contact\w*|demarch\w*|sollicit\w*|relanc\w*|harcel\w*|"
    r"prospect\w*)"
)
CALLS = r"(?:appels?|coups? de (?:fils?|telephone|tel)|demarchages?|sollicitations?|relances?)"
BOTHER = r"(?:derang|embet|emmerd|enquiquin|importun|ennuy|saoul|soul|gonfl|agac|enmerd|fatigu)"
DAY = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
NUMBER = (
    r"(?:\d+|un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|"
    r"quinze|seize|dix sept|dix huit|dix neuf|vingt|trente|quarante|cinquante|cent|mille|"
    r"quelques|plusieurs)"
)
TIME = (
    rf"(?:{DAY}|demain|apres demain|ce (?:soir|matin|midi|week end)|cet apres midi|l apres midi|"
    r"apres midi|tout a l heure|la semaine prochaine|le mois prochain|l annee prochaine|"
    r"la prochaine fois|en (?:fin|debut|milieu) d\w* \w+|"
    rf"(?:dans|d ici) (?:un|une|{NUMBER}) \w+|(?:vers|a|apres|avant|entre) (?:{NUMBER}|"
    rf"midi)(?: heures?)?|"
    r"\d+ ?h(?:eures?)?|le (?:matin|midi|soir|week end)|en soiree|dans la (?:soiree|journee|"
    r"matinee)|en (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|"
    r"decembre)|a la rentree|apres les \w+|la fin de (?:la )?\w+|plus tard|un autre (?:jour|"
    r"moment)|une autre fois|a un autre moment|quand (?:je|il|elle|mon|ma|vous|on)|des que|"
    r"weekend|week end)"
)
# What makes "don't call" mean "not now".
NOW = (
    r"(?: (?:\w+ ){0,2}?(?:maintenant|avant|aujourd hui|lundi|mardi|mercredi|jeudi|vendredi|"
    r"samedi|dimanche|le (?:matin|midi|soir|week end|dimanche|"
    r"samedi|lundi|mardi|mercredi|jeudi|vendredi)|demain|tout de suite|toute suite|de suite|"
    r"ce (?:matin|midi|soir)|si tot|trop tot|si tard|trop tard|aussi (?:tot|tard)|pendant|entre|"
    r"apres|cette semaine|l apres midi|cet apres midi|a cette heure|a (?:midi|l heure)|plus tard|"
    r"un autre (?:jour|moment)|une autre fois|la je)\b)"
)
NOT_NOW = f"(?!{NOW})"
# "plus" that compares instead of negating.
PLUS = (
    r"plus(?! (?:tard|tot|longuement|longtemps|en detail|de details?|d infos?|d informations?|"
    r"souvent|calmement|tranquill\w+|facile\w*|simple\w*|vite|precise\w*|ou moins|que ca|loin|"
    r"disponible|dispo)\b)"
)
KIN = (
    r"(?:femme|mari|epouse|epoux|conjointe?|compagne|compagnon|copine|copain|fils|fille|mere|"
    r"pere|maman|papa|frere|soeur|parents|enfants?|famille|associee?s?|comptable|conseiller|"
    r"banquier|patron|direction|avocat|notaire|proprietaire|bailleur|moitie|cherie?|gendre|"
    r"beau \w+|belle \w+)"
)
AGENT = (
    r"(?:conseill\w+|humaine?s?|etre humain|responsable|superieure?|chef|cheffe|patron\w*|"
    r"directeur|directrice|manager|collegues?|operat\w+|agents?|commerciale?|commerciaux|"
    r"interlocut\w+|service client\w*|standardiste|standard|employe\w*|technicien\w*|experte?|"
    r"specialiste|teleconseill\w+|direction|homme|(?<!\ba )(?:vraie |autre )?personne|quelqu un|"
    r"vrais? gens|etres? vivants?)"
)
MACHINE = (
    r"(?:robots?|machines?|ordinateurs?|ia|intelligence artificielle|automate|bots?|repondeur)"
)

# Frequent first names: enough to hear "je suis pas jean dupont" as a name.
FIRST_NAME = (
    r"(?:jean|pierre|michel|andre|philippe|alain|bernard|jacques|daniel|patrick|christian|"
    r"christophe|nicolas|laurent|eric|frederic|stephane|pascal|david|julien|thierry|olivier|"
    r"thomas|alexandre|gerard|didier|dominique|vincent|francois|bruno|guillaume|jerome|gilles|"
    r"paul|marc|antoine|robert|marie|nathalie|isabelle|sylvie|catherine|martine|christine|"
    r"francoise|valerie|sandrine|stephanie|veronique|sophie|celine|chantal|patricia|anne|"
    r"brigitte|julie|monique|aurelie|nicole|laurence|annie|emilie|claire|camille|jeanne|"
    r"jacqueline|helene|sarah|laura|mohamed|karim|ahmed|fatima)"
)
