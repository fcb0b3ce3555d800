import time

import pytest

from agentd.speech.machine_words import Speaker, hinted, holds, who

MACHINES = (
    "Bonjour, vous êtes bien sur le répondeur de Jean.",
    "vous êtes bien sur le répondant de la famille",
    "vous êtes bien chez les Martin, nous ne sommes pas disponibles pour le moment",
    "laissez un message après le bip sonore",
    "l'essai un message après le big",
    "je ne peux pas vous répondre, merci de rappeler ultérieurement",
    "bienvenue sur la messagerie vocale orange",
    "laissez-moi vos coordonnées",
    "je vous rappellerai dès que possible",
    "votre correspondant n'est pas joignable, vous pouvez laisser un message",
    "bienvenue sur la message rive auquel",
    "Vous aime bien chez les Bernard",
    "vous êtes en relation avec le cabinet Moreau",
    "nous ne sommes pas là pour le moment",
    "nos bureaux sont actuellement fermés, veuillez rappeler du lundi au vendredi",
    "bonjour votre correspondant est absent",
    "nous sommes en congés jusqu'au quinze",
    "parlez après le signal",
    "votre appel est transféré vers la messagerie",
)
# ... as the first thing that is said.
OPENINGS = (
    "bonjour c'est Léa je ne suis pas joignable",
    "je ne suis pas disponible pour le moment",
    "merci de votre appel, tous nos conseillers",
    "nous ne pouvons pas prendre votre appel",
)
SCREENING = (
    "la personne que vous appelez",
    "la personne que vous appelez utilise un filtre d'appels",
    "dites votre nom et le motif de votre appel",
    "enregistrez votre nom et la raison de votre appel, je vais voir si cette personne est là",
    "veuillez indiquer votre nom",
    "quel est le motif de votre appel",
    "je suis l'assistant vocal de Marc",
    "veuillez décliner votre identité",
)
ANNOUNCEMENTS = (
    "le numéro que vous avez deux",
    "votre correspondant n'est pas joyeux ni à black",
    "le numéro que vous avez demandé n'est plus attribué",
    "le numéro que vous avez composé n'est pas attribué",
    "votre correspondant n'est pas joignable",
    "votre correspondant est actuellement indisponible",
    "en raison de l'encombrement des lignes votre appel ne peut aboutir",
    "veuillez renouveler votre appel",
)
PEOPLE = (
    "allô",
    "allô oui bonjour",
    "oui bonjour j'écoute",
    "société Martin bonjour Claire à votre écoute",
    "cabinet dentaire bonjour",
    "qui est à l'appareil",
    "oui c'est moi",
    "c'est un répondeur que j'entends",
    "vous êtes un robot",
    "laissez-moi tranquille",
    "je ne suis pas disponible là",
    "je suis au travail rappelez-moi ce soir",
    "j'ai eu votre message hier",
    "ne laissez plus de message s'il vous plaît",
    "attendez je vous passe mon mari",
    "oui mais vous m'avez déjà laissé trois messages",
    "je ne peux pas vous parler maintenant",
    "un instant s'il vous plaît",
    "ne quittez pas je vous passe la personne",
    "il est absent pour le moment",
    "je suis pas là cette semaine",
    "vous êtes bien aimable mais non",
    "quel numéro vous avez appelé",
    "je suis en relation avec ma banque",
    "arrêtez de m'appeler",
    "",
    "bonjour c'est Claire je vous écoute",
    "bonjour ici le garage du centre je vous écoute",
    "cabinet du docteur Petit bonjour que puis-je faire pour vous",
    "allô je ne suis pas disponible pour le moment",
    "oui bonjour je suis pas dispo pour l'instant rappelez plus tard",
    "c'est de la part de qui",
    "elle est absente actuellement je peux prendre un message",
    "bonjour vous êtes qui exactement et pourquoi vous m'appelez",
    "quel est votre numéro",
)


@pytest.mark.parametrize(
    ("speaker", "text"),
    [
        *((Speaker.MACHINE, text) for text in MACHINES),
        *((Speaker.SCREENING, text) for text in SCREENING),
        *((Speaker.ANNOUNCEMENT, text) for text in ANNOUNCEMENTS),
    ],
)
def test_what_no_person_says(speaker, text):
    found = who([text])
    assert found is not None
    assert found[0] is speaker, found


@pytest.mark.parametrize("opening", [False, True])
@pytest.mark.parametrize("text", PEOPLE)
def test_what_a_person_may_say(text, opening):
    assert who([text], opening=opening) is None


@pytest.mark.parametrize("text", OPENINGS)
def test_what_nobody_opens_with(text):
    assert who([text], opening=True)[0] is Speaker.MACHINE


def test_who_begins_like_a_machine_and_talks_on():
    assert hinted("vous êtes au zéro quatre")
    assert hinted("bonjour je suis actuellement en déplacement")
    for text in ("allô", "oui bonjour je suis actuellement en réunion", *PEOPLE[:6], PEOPLE[-1]):
        assert not hinted(text)


def test_any_reading_tells():
    assert who(["oui", "laissez un message"]) is not None


def test_holding_the_line():
    assert holds("Merci, restez en ligne.")
    assert not holds("oui allô")


def test_it_is_quick():
    began = time.perf_counter()
    for text in (*MACHINES, *PEOPLE):
        who([text])
    assert (time.perf_counter() - began) / (len(MACHINES) + len(PEOPLE)) < 0.005
