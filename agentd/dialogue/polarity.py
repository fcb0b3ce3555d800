"""Yes, no, or neither: the polarity of an answer, from its signals in the order they were said.

A signal is a word or a set phrase. Double negations come first (`je dis pas non` is a yes),
then negated assents (`pas d accord` is a no), then plain words. The last firm signal wins, which
is how people correct themselves (`oui enfin non`, `non non allez y`); what is softer (`c est
bon`, `merci au revoir`, a bare negated statement) only speaks when nothing firmer does.
"""

import re
from enum import Enum

from agentd.dialogue.lexicon import DAY, NUMBER


class Polarity(Enum):
    """Where an answer leans."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    # Assent, "but", and something unrecognised: never a plain yes.
    YES_BUT = "yes_but"
    NONE = "none"


_NOT = r"(?! (?:pas|plus|jamais|guere|rien|aucun\w*)\b)"
_MILD = (
    r"(?:du tout |vraiment |trop |tres |tellement |tout a fait |forcement |toujours |"
    r"specialement |particulierement |encore |bien |super )*"
)

_SIGNALS: tuple[tuple[str, str], ...] = (
    (
        "unsure",
        r"(?:je |j |on |j en |en )?(?:sais|sait|savons) (?:pas|plus|rien|meme pas|trop)(?: trop|"
        r" rien| encore| vraiment| bien| exactement| du tout)*(?: (?:oui|non)\b)?|aucune idee|"
        r"pas (?:la moindre |d |vraiment d )?(?:idee|avis|opinion)|bougez pas|"
        r"peut etre(?: (?:bien|que oui|que non|oui|non|pas))*|(?:ca|tout|cela) depend\w*|"
        r"faut voir|on verra|a voir|pas (?:trop |tres |vraiment |completement )?(?:sur|certain|"
        r"certaine|sure)|on va voir|comment (?:vous )?dire|je verrai|eventuellement|"
        r"plus ou moins|comme ci comme ca|(?:souviens|rappelle) (?:pas|plus)|ni oui ni non|"
        r"bonne question|pas terrible|si on veut|pas (?:vous|te) (?:dire|repondre)|"
        r"peux pas (?:dire|repondre|savoir)|complique a dire|pas evident|bof|"
        r"mouais(?! (?:d accord|ok|pourquoi pas))|en ai aucune idee|quittez pas|moyen(?:nement)?|"
        r"pas folichon|entre les deux|a moitie|difficile a dire|oui et non|tout depend|"
        r"(?<!oui )je crois$|pas reflechi|hesite\w*",
    ),
    (
        "yes",
        r"(?:dis|dirais|dirai|dit) pas non|pas (?:de refus|faux|contre|opposee?|idiot|bete|"
        r"impossible|exclu|fermee?|mecontente?|ininteressant\w*|une mauvaise idee)|(?:pas|"
        r"aucune?|nul|sans|zero)(?: de| d| un| le moindre| aucun| vraiment de)? (?:problemes?|"
        r"soucis?|inconvenients?|objections?|hesitations?|doutes?|prob)|y a pas de (?:mal|"
        r"raison que non)|(?:me|m|nous) (?:derange|gene|ennuie|embete|pose|coute|derangera|"
        r"derangez|generait|derangerait) (?:pas|rien|aucun\w*)(?: du tout| probleme)*|"
        r"rien contre|pourquoi pas|pas de mal a|demande (?:pas mieux|que ca)|avec plaisir|"
        r"avec grand plaisir|avec joie",
    ),
    (
        "no",
        r"pas du tout|(?:absolument|certainement|surement|surtout|vraiment|toujours|evidemment|"
        r"plutot|franchement|carrement|bien sur|sans doute|meme|justement|en aucun cas|"
        r"bien evidemment|certes) (?:pas|que non|non|rien|jamais)(?: en reve)?|"
        rf"pas {_MILD}(?:d accord|ok|possible|vrai|exact\w*|le cas|mon cas|envie|question|"
        rf"la peine|juste|correct|concern\w+|proprietaires?|moi|bon|bonne|exactement|vraiment|"
        rf"specialement|forcement|tellement|tout a fait|particulierement|encore|pour (?:moi|"
        rf"l instant|le moment|nous)|maintenant|aujourd hui|a ma connaissance|que je sache|"
        rf"necessairement|beaucoup|chez (?:moi|nous)|en ce moment|actuellement)|"
        r"hors de question|jamais de la vie|jamais|sans facon|tres peu pour moi|je passe(?= |"
        r"$)(?! mon)|(?:crois|pense|dirais|imagine|suppose) (?:pas|que non)|(?:je|j|"
        r"on) (?:\w+ )?(?:veux|veut|souhaite|desire|prefere|prefererais|aimerais mieux|tiens|"
        r"compte|voudrais) pas|en (?:ai|a|avons|aurai|avais|possede) (?:pas|plus|jamais|aucune?|"
        r"point|nullement)|me va pas|m arrange pas|suis contre|je (?:refuse|decline|m abstiens)|"
        r"c est (?:mort|non|faux|foutu|mort de chez mort|niet|tout vu)|vous revez|tu reves|"
        r"nimporte quoi|laiss\w+ tomber|vais vous laisser|sans moi|(?:perdez|"
        r"gaspillez) votre temps|pas la peine|aucunement|nullement|negatif|que nenni|que dalle|"
        r"ni l un ni l autre|rien du tout|mais non|raccroch\w+|(?:va|vais|on) (?:s arreter|"
        r"en rester|arreter) la|moi non plus|non plus|dis non|pas insister|insistez pas|"
        r"inutile d insister|niet|plutot crever",
    ),
    (
        "yes",
        r"mais (?:(?:faites |alors )?vite|rapidement|vite fait|pas longtemps|juste \w+ minutes?)|"
        r"(?:si si|mais si|enfin si|oui si|euh si)|^si(?=$| (?:oui|bien|j en|tout|madame|"
        r"monsieur|effectivement|absolument|carrement|je veux|un peu|j ai))|oui|ok|grave|certes|"
        r"present$|me ferait plaisir|me branche(?! (?:pas|plus|rien|guere))|^(?:bon )?"
        r"voila(?! voila)$|voila (?:exactement|"
        r"c est ca|oui)|a fond|si quand meme|d accord|volontiers|carrement|absolument|"
        r"tout a fait|exact(?:ement)?|bien (?:sur|entendu|evidemment)|evidemment|certainement|"
        r"effectivement|affirmatif|assurement|en effet|entendu|banco|impec(?:cable)?|nickel|go\b|"
        r"let s go|marche conclu|va pour|ca peut (?:m interesser|se faire|etre interessant|"
        r"le faire)|(?:pourrait|pourraient) m interesser|"
        rf"(?:ca|c|cela|tout) (?:me |m |nous )?(?:marche|roule|va bien|va tres bien|irait|me va|"
        rf"va|convient|convienne|tente\w*|plait|interesse\w*|parle|arrange\w*|botte|semble bien|"
        rf"me (?:parait|semble) (?:bien|correct|interessant|honnete)|joue)(?: bien| tres bien|"
        rf" parfaitement)?{_NOT}(?! (?:(?:\w+ )?(?:aller|etre|prendre|durer|couter|faire|changer|"
        rf"marcher)|pour la merci|merci|mal)\b)(?<!\bca va)|"
        r"c est (?:bien )?(?:ca|vrai|exact|moi|note|juste|correct|entendu|parti|lui|elle|"
        r"possible|le cas|bien le cas|clair|sur|evident|cela|noter|moi meme)(?! (?:que je|"
        r"qui vous|trop))(?! pas)|veux bien|voudrais bien|aimerai[ts]?(?: bien)?(?! mieux| pas)|"
        r"(?:allez|allons|vas) y|poursuivez|continuez|(?:je )?vous en prie|vous ecoute(?: pas)?|"
        r"j ecoute|suis tout ouie|dites (?:moi|toujours|m en plus|donc)|(?:dis|raconte\w*) moi|"
        r"faites(?: donc)?$|proposez(?: toujours| moi)?|expliquez(?: moi| toujours)?|"
        r"on vous ecoute|(?:lui|elle|moi|eux) memes?|en personne|(?:suis|serais|est|sommes|"
        r"serait) (?:(?!pas|plus|jamais|peu|trop)\w+ )?(?:interessee?s?|partante?s?|preneu\w+|"
        r"pour|ok|ouverte?|chaud\w*|curieu\w+|tentee?|concernee?|proprietaires?|favorable|"
        r"disponible|dispo|libre|prete?)(?! (?:pas|moi|vendre))|on (?:peut (?:faire|essayer|"
        r"y aller|tenter|en parler|regarder|dire (?:ca|oui))|y va|fait comme|fait ca|part|essaie|"
        r"tente|s y met)|comme vous voulez|quand vous voulez|si vous voulez|si ca vous|"
        r"je (?:prends|signe|valide|confirme|accepte)$|"
        rf"(?<!y )en (?:ai|a|avons|possede)(?! (?:pas|plus|aucune?|marre|jamais|assez|ras|rien))|"
        rf"vous avez raison|pense (?:bien|que oui|oui)|crois (?:bien|que oui)|bonne idee|"
        rf"ca marche|pas mal(?: du tout)?|on peut dire|je suppose que oui|tope la",
    ),
    ("no", r"non|aucune?|jamais|rien|zero|impossible|pas chaud"),
    (
        "soft_no",
        r"c est (?:bon|gentil|tres gentil)(?: \w+)? merci|ca (?:ira|va aller|va)(?: bien)? merci|"
        r"ca ira|merci bien|au revoir|a jamais|bonne (?:journee|soiree|continuation|"
        r"fin de journee|chance)|adieu|tchao|ciao",
    ),
    (
        "soft_yes",
        r"c est bon|ca va|tres bien|super|parfait(?:ement)?|top|cool|genial|excellent\w*|"
        r"magnifique|formidable|formule|merveilleux|interessant|bien recu|avec interet|toujours|"
        r"ca m va|chouette|possible pour moi|bien volontiers|parle moi|parlez m en|parlez moi|"
        r"interessee?|depuis \w+ ans?",
    ),
    (
        "weak_yes",
        rf"(?:j ai|on a|nous avons|je possede|j avais)(?! (?:pas|plus|rien|jamais|aucun\w*|peur|"
        rf"une question|mal)\b)(?= (?:bien |encore |toujours |effectivement |aussi )?(?:une?|des|"
        rf"deux|{NUMBER}|mon|ma|mes|le|la|fait|ca|l)\b)",
    ),
    (
        "weak_no",
        r"pas|(?:veux|peux|veut|suis|ai|a|est|fais|avons|sommes|fait|peut|bois|fume|va|vais|"
        r"utilise) plus|jamais|aucune?",
    ),
    (
        "but",
        r"mais|par contre|sauf que|sauf|cependant|seulement|(?:enfin|parce que)$|"
        r"(?<=^oui )(?:alors|donc)$|apres bon|le probleme",
    ),
)
_SIGNAL = re.compile(
    r"\b(?:" + "|".join(f"(?P<s{i}>{pattern})" for i, (_, pattern) in enumerate(_SIGNALS)) + r")\b"
)
_KINDS = {f"s{i}": kind for i, (kind, _) in enumerate(_SIGNALS)}

# Words that add nothing after "oui mais".
_EMPTY = re.compile(
    r"\b(?:bon|alors|enfin|la|et|donc|voila|madame|monsieur|merci|ecoutez|attendez|euh|"
    r"franchement|moi|je|c est|ca|en|de|a|le|un|vous|y|tout|quand meme|vite|rapidement|bah|bien|"
    r"quoi|c|j|mmh)\b"
)
_PLAIN_EMPTY = re.compile(
    _EMPTY.pattern
    + r"|\b(?:une?|deux|plusieurs|des|d|ici|me|m|l|les|on|nous|il|elle|suis|est|ai|a|avons|que|oui|"
    r"non|actuellement|en ce moment|effectivement|encore|toujours|bien sur|tres|plutot|"
    r"s il vous plait|pour|moi)\b"
)
_HOUR = (
    rf"(?:heures?|h|midi|minuit|\d+h\d*|matin|matinee|soir|soiree|apres midi|{DAY}|demain|"
    rf"week end|semaine|mois|aujourd hui|journee)"
)
_TIME_ONLY = re.compile(
    rf"(?:(?:oui|plutot|vers|a|le|en|ce|cet|de|la|l|du|dans|et|ou|entre|disons|pour|mieux|fin|"
    rf"debut|milieu|prochaine?|prochain|demie|quart|apres|avant|heures?|ca|m|me|arrange|"
    rf"arrangerait|va|irait|tres|bien|serait|c est|est|parfait|pas trop tot|moi|de preference|"
    rf"je prefere|si possible|{NUMBER}|{_HOUR}) )+$"
)
_HAS_HOUR = re.compile(rf"\b{_HOUR}\b")


def polarity(said: str) -> tuple[Polarity, float]:
    """Polarity of a `spoken` text and how sure of it one may be, 0 to 1."""
    found = [(_KINDS[str(m.lastgroup)], m.start(), m.end()) for m in _SIGNAL.finditer(said)]
    if not found:
        if _TIME_ONLY.match(said + " ") and _HAS_HOUR.search(said):
            return Polarity.YES, 0.6  # a moment named is a moment accepted
        return Polarity.NONE, 0.0
    kinds = [kind for kind, _, _ in found]
    if "but" in kinds:
        cut = len(kinds) - 1 - kinds[::-1].index("but")
        before, after = kinds[:cut], kinds[cut + 1 :]
        rest = _EMPTY.sub("", said[found[cut][2] :]).split()
        if "unsure" in after or ("unsure" in before and not after):
            return Polarity.UNSURE, 0.3
        if any(kind in ("yes", "no") for kind in after):
            return _lean(after)
        lean, sure = _lean(before)
        if lean is Polarity.YES:
            return (Polarity.YES_BUT, 0.55) if rest else (Polarity.UNSURE, 0.3)
        if lean is Polarity.NO:
            # "non mais" left hanging announces something; what it is we do not know yet.
            hangs = not rest and cut == len(kinds) - 1 and len(kinds) == 2
            return (Polarity.UNSURE, 0.3) if hangs else (Polarity.NO, min(sure, 0.8))
        return _lean(after)
    return _lean(kinds)


def is_plain(said: str) -> bool:
    """Whether a `spoken` text holds nothing but signals and empty words: "oui j en ai un"."""
    return not _PLAIN_EMPTY.sub("", _SIGNAL.sub(" ", said)).strip(" ,")


def _lean(kinds: list[str]) -> tuple[Polarity, float]:
    if "unsure" in kinds and kinds[-1] != "no":
        return Polarity.UNSURE, 0.35
    firm = [kind for kind in kinds if kind in ("yes", "no")]
    if firm:
        agreed = all(kind == firm[0] for kind in firm)
        if firm[-1] == "yes" and "weak_no" in kinds and kinds[-1] == "weak_no":
            return Polarity.NO, 0.55
        sure = 0.95 if agreed else 0.75
        return (Polarity.YES if firm[-1] == "yes" else Polarity.NO), sure
    for kind, lean, sure in (
        ("weak_no", Polarity.NO, 0.6),
        ("soft_no", Polarity.NO, 0.75),
        ("soft_yes", Polarity.YES, 0.75),
        ("weak_yes", Polarity.YES, 0.6),
    ):
        if kind in kinds:
            return lean, sure
    return Polarity.NONE, 0.0
