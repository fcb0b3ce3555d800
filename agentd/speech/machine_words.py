"""Is that a machine's greeting, a screening assistant, a network's announcement? Words only. Pure.

The texts are what recognisers write: without accents here, with their errors ("répondant" for
"répondeur", "l'essai un message"). A rule is a phrase nobody says who has just picked up, so that a
person is never hung up on; a phrase a person may say too ("vous êtes bien chez Martin", "je ne suis
pas disponible") counts half, and two different ones are wanted. While it is still the first thing
said, and does not begin as persons do ("allô", "oui"), more counts half: "c'est Thomas", "pour le
moment".
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from rapidfuzz import fuzz

from agentd.dialogue.text import normalise


class Speaker(StrEnum):
    """Who says such a thing."""

    MACHINE = "machine"
    SCREENING = "screening"
    ANNOUNCEMENT = "announcement"


_LEAVE = r"(?:laiss\w*|lesse\w*|l essai|les (?:ces|ser)|deposer?|enregistre[rz]?|dicte[rz]?)"
_MESSAGE = r"(?:message|messages|mesage|messager)"
_BEEP = r"(?:bip|bips|beep|bib|bibe|bic|big|pip|vip|bippe|signal|top|tonalite)"
_ANSWERING = r"(?:repondeur|repondeurs|repondant|repondre heure|repondu heure)"

# Each alone is enough.
_MACHINE = (
    rf"{_LEAVE} (?:\w+ ){{0,2}}?(?:un|votre|vos|le|en|in|nous|moi|mois) (?:petit |court |bref )?"
    rf"{_MESSAGE}",
    rf"{_LEAVE} (?:\w+ )?(?:un|votre) (?:nom|numero|coordonnees) et (?:un|votre) ",
    rf"{_LEAVE} (?:nous |moi |mois )?(?:vos|vo|votre|des) coordonnees",
    rf"{_MESSAGE} (?:et (?:vos coordonnees|votre numero) )?a?pres (?:le|la|les|ce|se) ",
    rf"(?:apres|a pres|au|avant) (?:le|la|du|ce)? ?(?:signal )?{_BEEP}(?: sonore| sonor)?\b",
    r"(?:bip|beep|signal|big|bib) son+ores?",
    rf"(?:sur|chez) (?:le|mon|notre|la|un|mes) (?:\w+ )?{_ANSWERING}",
    rf"{_ANSWERING} (?:de|du|d|automatique|telephonique|vocal)\b",
    r"(?:messagerie|message riz|messageries|boite) (?:vocale?|vocales|telephonique|de|du|d|orange|"
    r"sfr|bouygues|free)\b",
    r"(?:sur|de) (?:la|ma|notre|sa|une) (?:messagerie|boite vocale|bote vocale)",
    rf"(?:votre|le|un) (?:correspondant|abonne) (?:\w+ ){{0,6}}{_MESSAGE}",
    r"(?:je|on|nous) (?:vous |te )?(?:rappel+er\w+|recontacter\w+) (?:des que|aussitot|"
    r"au plus vite|au plus tot|le plus (?:vite|rapidement|tot))",
    r"correspondante? (?:\w+ ){0,3}absente?\b",
    r"(?:nous|on) (?:ne )?(?:sommes|serons|est) (?:\w+ ){0,2}(?:absents?|en conges?|"
    r"en vacances)\b",
    r"parle[zr]? apres (?:le|la|les|ce|se)\b",
    r"(?:vos?|votre) nom et (?:votre )?(?:numero|telephone)\b",
    r"(?:appel|appels) (?:\w+ ){0,2}(?:a |as |sera |serons |seront )?(?:renvoyee?s?|transferee?s?|"
    r"dirigee?s?|bascule\w*) (?:vers|sur|a)\b",
    r"nous (?:\w+ ){0,3}donnerons suite|(?:aux|nos|pendant les) (?:heures|horaires) d ouverture",
    # How a greeting begins; what follows takes seconds more.
    r"vous (?:etes|ete|aites|aime) bien (?:sur|chez|au|aux|dans|arrivee?)\b",
    r"(?:vous (?:etes|ete) |laisse )en relation (?:a?vec|avec|a\b)",
    r"vous (?:etes|ete) sur (?:le|la|ma|mon)\b",
    r"bienvenue? (?:sur|chez|au|aux|a|dans)\b",
    r"(?:nos?|notre) (?:bureaux?|agence|standard|cabinet|magasin) (?:est|sont|s ont|sera)",
    r"nous (?:ne )?(?:sommes|serons) (?:actuellement |pas )*(?:la pour|absents|fermee?s)",
    r"pour (?:envoyer|transmettre|reecouter|modifier) (?:\w+ )?message",
)
_FOR_NOW = r"(?:pour|en) (?:l instant|le moment|ce moment)|actuellement|momentanement"
_PLEASE = (
    r"(?:veuillez|veuilliez|veillez|merci de|n hesitez pas|nous vous remercions|nous vous invitons)"
)
# Two of these.
_MACHINE_MAYBE = (
    r"vous (?:etes|ete|aites|aime|aimez) bien|"
    r"vous (?:avez|aves) (?:bien )?(?:joint|appele|atteint|contacte)",
    r"(?:pas|peu|actuellement|momentanement|moment) (?:\w+ )?(?:disponibles?|joignables?)|"
    r"indisponibles?|injoignables?|absente?s?\b",
    r"(?:peux|puis|peut|pouvons|pouvant|pus|sommes) (?:actuellement |malheureusement )?pas "
    r"(?:en mesure de )?(?:vous |actuellement )*(?:repondre|prendre|parler)|"
    r"pas (?:pouvoir )?(?:vous )?repondre",
    _PLEASE,
    r"(?:bureaux?|magasin|cabinet|standard|agence|accueil|service) (?:\w+ ){0,3}"
    r"(?:ferme\w*|ouverts?|ouvert)|horaires? d ouverture|du lundi au|de \w+ heures? a \w+ heures",
    rf"\b{_MESSAGE}\b",
    rf"\b{_ANSWERING}\b|\bmessagerie\b|\bvocale\b",
    r"\b(?:bip|beep)\b",
    r"(?:je|on|nous) (?:vous |te )?(?:rappel+er\w+|recontacter\w+|rappelons)",
    r"des que possible|plus (?:vite|brefs?) (?:possible|delais)|a (?:tres )?bientot|"
    r"ulterieurement|en cas d urgence",
)
# Half, too, but only of what is said first by who does not begin as persons do.
_MACHINE_OPENING = (
    _FOR_NOW,
    r"vous (?:etes|ete|aites) (?:bien )?(?:a|au|aux|en|sur|chez|avec)\b|"
    r"tu es (?:bien )?(?:sur|chez)\b",
    r"nous (?:ne )?(?:sommes|pouvons|serons) (?:\w+ )?pas\b",
    r"merci de votre appel|vous remerci\w+ de votre appel|votre appel (?:est|sera|a)\b",
)
# ... and a word of one's own, which a person who is at work says too.
_MACHINE_NAME = (
    r"(?:c est|ici) \w+(?: \w+)? (?:je|nous|on|j) (?:n|ne|suis|sommes|peux|pourrai|vais|serai|"
    r"est)\b",
)
_PERSON = re.compile(
    r"(?:(?:ah|eh|bon|ben|alors) )*(?:oui|ouais|allo|non|mm+h?|hein|qui|quoi|pardon|"
    r"attendez|ah bonjour)\b"
)
_SCREENING = (
    r"la personne (?:que|qui|peut) vous\b",
    r"(?:dites|dite|dire|donne[rz]|indique[rz]|enregistre[rz]|precise[rz]|communique[rz]|dis) "
    r"(?:moi |nous |clairement )?(?:votre|vos|le|son|notre) (?:nom|identite)",
    r"(?:votre nom|qui vous etes|identite) (?:et|ainsi que|a ?vec|est|e) (?:\w+ )?(?:la raison|"
    r"le motif|l objet|pourquoi|les? motifs?|votre motif)",
    r"(?:motif|raison|objet|motifs) de (?:votre|l|cet|vos) (?:appel|appels|apel)",
    r"pourquoi vous (?:l )?appelez (?:\w+ ){0,3}(?:cette personne|disponible)",
    r"(?:filtre|filtrage|filtres|filtrer|filtree?s?) (?:\w+ )?(?:d |des |vos |les |ses |l |ces )?"
    r"appels?",
    r"utilise (?:un|le|une|l) (?:filtre|service|assistant|application|filtrage)",
    r"(?:assistant|assistance|assistante) (?:\w+ ){0,2}(?:google|vocal de|d appel|personnel de|"
    r"virtuel de)",
    r"(?:voir|verifier|verifie|demander|vais voir) (?:\w+ )?si (?:cette|la|votre) (?:personne|"
    r"correspondante?) (?:\w+ )?(?:est|et|peut|souhaite|a)",
    r"transmettre votre (?:nom|reponse|demande)",
    r"(?:assistante?|secretaire|majordome|standard|concierge) (?:vocale?|virtuel\w*|numerique|"
    r"automatique|telephonique|personnel\w*|intelligent\w*|digital\w*)",
    r"(?:indiquer|donner|decliner|preciser|dire|enregistrer|annoncer|prononcer|laisser|epeler|"
    r"dicter) (?:clairement )?(?:votre|vos|le|son) (?:nom|identite|prenom)\b",
    r"(?:indiquez|declinez|prononcez|annoncez|epelez) (?:clairement )?(?:votre|vos|notre) "
    r"(?:nom|identite|prenom)\b",
    r"(?:quel\w*|qu elle?) (?:est|et|ait) (?:le |la |l |votre )?(?:motif|objet|raison)",
    r"(?:la raison|le motif|l objet|le sujet) (?:de )?(?:votre|cet|l|vos) (?:appel|appels|apel)",
    r"(?:accepte|prend|filtre|souhaite prendre|veut prendre) (?:pas )?(?:\w+ )?(?:les |vos |votre |"
    r"cet )?appels? (?:inconnus?|anonymes?|masques?)",
    r"(?:protegee?|protection|protege) (?:\w+ )?(?:contre|par|des) (?:\w+ )?(?:appels|demarchage|"
    r"spam|indesirables)",
    r"pui(?:s|t) (?:restez|rester|reste|patientez|patienter) (?:en ligne)?",
    r"(?:personne|correspondant) (?:que vous (?:appelez|appeler|demandez) )?(?:va|vas) (?:\w+ )?"
    r"(?:voir|lire|ecouter|entendre) (?:une transcription|votre|ce que)",
)
# What such an assistant says while it asks; alone it proves nothing.
_HOLD = (
    r"(?:veuillez|merci de) (?:patienter|rester en ligne)|(?:restez|rester|reste) en ligne|"
    r"ne (?:quittez|raccrochez) pas|un (?:instant|moment) s il vous plait$",
)
_ANNOUNCEMENT = (
    r"(?:le|votre|un) (?:numero|nimero) que (?:je )?vous (?:avez|aviez|venez)\b",
    r"^(?:bonjour )?(?:c est )?votre (?:correspondant|correspondante|abonne)\b",
    r"(?:numero|numeros|nimero) (?:que vous (?:avez|aviez|venez de) )?(?:\w+ )?(?:demandee?|"
    r"composee?|composer|appelee?|compose)? ?(?:\w+ ){0,2}(?:attribue\w*|atribue\w*|"
    r"existe pas|valide|en service|incorrect|errone)",
    r"(?:pas|plus) (?:\w+ )?(?:attribue\w*|atribue\w*|a tribu\w*)",
    r"(?:ne (?:peut|peu) (?:\w+ )?(?:aboutir|etre (?:etablie?|achemine\w*|joint\w*|obtenue?)))",
    r"(?:appel|demande|communication) (?:\w+ ){0,2}(?:peut|pu|peu) (?:\w+ )?(?:aboutir|"
    r"etre etablie?|etre achemine\w*)",
    r"(?:correspondant|correspondante|abonne|abonnee|numero|ligne)(?: que vous \w+ (?:\w+ )?\w+)? "
    r"(?:\w+ ){0,4}(?:joignable|injoignable|indisponible|hors service|suspendue?|resiliee?|"
    r"en derangement|restreinte?)",
    r"(?:correspondant|abonne|numero)(?: \w+){0,5} (?:joint|disponible)\b",
    r"(?:renouvel\w*|reiterer|ressayer|reessayer) (?:votre |vos |l )?(?:appel|appels|apel)",
    r"(?:encombrement|saturation|derangement|surcharge) (?:\w+ )?(?:des lignes|du reseau|reseau|"
    r"lignes)|lignes (?:\w+ )?(?:encombrees|saturees)",
    r"(?:hors|en dehors) (?:\w+ )?(?:zone de )?(?:couverture|couvert)",
    r"(?:destinataire|correspondant) (?:\w+ )?(?:refuse|n accepte pas) (?:les|vos) appels",
)
# Whole sentences by their sound, for what no pattern foresees of a recogniser's errors.
_SOUNDS = {
    Speaker.MACHINE: (
        "laissez un message apres le bip",
        "vous etes bien sur le repondeur",
        "laissez moi un message",
        "bonjour vous etes sur la messagerie vocale",
        "apres le signal sonore",
        "laissez votre message",
    ),
    Speaker.SCREENING: (
        "la personne que vous appelez utilise un filtre",
        "dites votre nom et le motif de votre appel",
        "enregistrez votre nom et le motif",
        "veuillez indiquer votre nom",
        "je suis l assistant vocal",
        "quel est le motif de votre appel",
    ),
    Speaker.ANNOUNCEMENT: (
        "le numero que vous avez demande n est plus attribue",
        "le numero que vous avez compose",
        "votre correspondant n est pas joignable",
        "votre correspondant est actuellement indisponible",
        "veuillez renouveler votre appel",
    ),
}
_ALIKE = 84.0  # percent

_STRONG = {
    Speaker.MACHINE: re.compile("|".join(rf"\b(?:{p})" for p in _MACHINE)),
    Speaker.SCREENING: re.compile("|".join(rf"\b(?:{p})" for p in _SCREENING)),
    Speaker.ANNOUNCEMENT: re.compile("|".join(rf"\b(?:{p})" for p in _ANNOUNCEMENT)),
}
_WEAK = tuple(re.compile(rf"\b(?:{p})") for p in _MACHINE_MAYBE)
_POLITE = re.compile(f"{_FOR_NOW}|{_PLEASE}")
_OPENING = tuple(re.compile(rf"\b(?:{p})") for p in _MACHINE_OPENING)
_NAMED = tuple(re.compile(rf"\b(?:{p})") for p in _MACHINE_NAME)
_HOLDS = re.compile("|".join(_HOLD))
# A person who wonders whether we are one, or says what we should do with ours.
_NOT_A_MACHINE = re.compile(
    r"\b(?:c est|vous etes|t es|etes vous|est ce que c est|je parle a|j ai|a) (?:encore )?"
    r"(?:un|une|le|la) (?:repondeur|messagerie|machine|robot|boite vocale|message enregistre)|"
    r"\b(?:ma|votre|mon|son) (?:femme|mari|collegue|patron|bureau)\b|\blaissez moi (?:tranquille|"
    r"parler|vous|finir|en)|\bj ai (?:eu|recu|deja)|\barretez|\bvous m avez|"
    r"\bne (?:m appelez|me rappelez|laissez) (?:plus|pas)|\b(?:qui|quel\w*) (?:est|vous|numero)\b"
    r"(?! (?:le |la |l |votre )?(?:motif|objet|raison))|"
    # Somebody who answers for another.
    r"\b(?:il|elle|ils|elles) (?:n |ne )?(?:est|sont|etait|sera|rentre|revient)\b"
)

_ASKS = re.compile(r"\b(?:qui|pourquoi|comment|combien|quoi|m appele\w*|vous voulez|ecoute)\b")


def who(texts: Iterable[str], *, opening: bool = False) -> tuple[Speaker, str] | None:
    """Who says such words, and the words that tell; None when a person may have said all of it.

    texts: readings of one utterance so far, best first. opening: it is the first thing said. Takes
    about 60 us each.
    """
    for text in texts:
        bare = normalise(text)
        if bare and not _NOT_A_MACHINE.search(bare):
            found = _who(bare, opening)
            if found is not None:
                return found
    return None


def greets(text: str) -> bool:
    """True when it begins as persons do. "Oui bonjour" alone says nothing: it is what a recogniser
    that leans on persons' words makes of a machine's "bonjour"."""
    bare = normalise(text)
    return bool(_PERSON.match(bare)) and bare != "oui bonjour"


def hinted(text: str) -> bool:
    """True when the first thing said is not what persons say: who then talks on is a machine."""
    bare = normalise(text)
    if greets(bare) or _NOT_A_MACHINE.search(bare) or _ASKS.search(bare):
        return False
    return any(rule.search(bare) for rule in (*_WEAK, *_OPENING))


def _hints(bare: str, *, opening: bool) -> list[str]:
    rules = _WEAK
    if opening and not greets(bare):
        rules += _OPENING + _NAMED
    return [match[0] for rule in rules if (match := rule.search(bare))]


def _who(bare: str, opening: bool) -> tuple[Speaker, str] | None:
    # A message may be left where the person is said to be away: that is a machine before all.
    # A filter that offers to leave one is still a filter.
    for speaker in (Speaker.SCREENING, Speaker.MACHINE, Speaker.ANNOUNCEMENT):
        match = _STRONG[speaker].search(bare)
        if match:
            return speaker, match[0]
    hints = _hints(bare, opening=opening)
    # "Veuillez ... actuellement": so does the network.
    telling = [h for h in hints if not _POLITE.fullmatch(h)]
    if len(hints) >= 2 and telling and len(bare.split()) >= 5:
        return Speaker.MACHINE, " + ".join(hints[:3])
    for speaker, sentences in _SOUNDS.items():
        for sentence in sentences:
            if len(bare) >= 0.7 * len(sentence):
                score = fuzz.partial_ratio(sentence, bare, score_cutoff=_ALIKE)
                if score:
                    return speaker, f"like: {sentence}"
    return None


def holds(text: str) -> bool:
    """True for "restez en ligne": an assistant that has asked says it while we wait."""
    return bool(_HOLDS.search(normalise(text)))
