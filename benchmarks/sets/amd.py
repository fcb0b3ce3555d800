"""Who picks up: persons, answering machines, screening assistants, the network; 8 voices."""

from collections.abc import Iterator

from msgspec import Struct

from agentd.simulator.persona import Line, Manner
from agentd.simulator.playing import Samples
from benchmarks.sets import sounds
from benchmarks.sets_of_text import pairs

# (tuning, test): no sentence is in both.
_PERSONS = (
    ("allô", "allô oui", "oui bonjour", "oui j'écoute", "allô qui est à l'appareil",
     "société Martin bonjour Claire à votre écoute", "oui c'est lui-même",
     "cabinet du docteur Petit bonjour que puis-je faire pour vous"),
    ("oui allô", "bonjour", "allô j'écoute", "oui", "allô c'est qui",
     "garage du centre bonjour je vous écoute", "oui bonjour madame Durand à l'appareil",
     "boulangerie Lefèvre bonjour"),
)  # fmt: skip
_MACHINES = (
    ("Bonjour, vous êtes bien sur le répondeur de Paul et Marie. Laissez un message après le bip.",
     "Vous êtes bien chez les Bernard. Nous ne sommes pas là pour le moment, laissez-nous un "
     "message et nous vous rappellerons.",
     "Bonjour, je ne suis pas disponible. Laissez-moi vos coordonnées après le signal sonore.",
     "Bienvenue sur la messagerie vocale du zéro six. Votre correspondant n'est pas disponible, "
     "vous pouvez laisser un message après le bip sonore.",
     "Bonjour, vous êtes en relation avec le cabinet Moreau. Nos bureaux sont actuellement fermés. "
     "Merci de rappeler du lundi au vendredi.",
     "Salut, c'est Thomas. Je peux pas vous répondre, laissez un message."),
    ("Bonjour, vous êtes sur la messagerie de Sophie Laurent. Merci de me laisser un message, je "
     "vous rappellerai dès que possible.",
     "Vous êtes bien au zéro un, nous sommes absents. Laissez votre message après le bip.",
     "Bonjour, votre correspondant est momentanément absent. Veuillez laisser un message après le "
     "signal sonore.",
     "Répondeur automatique de la famille Girard. Parlez après le bip.",
     "Bonjour, notre agence est fermée. Veuillez renouveler votre appel aux heures d'ouverture, ou "
     "laissez un message.",
     "Bonjour, c'est Nadia. Je ne suis pas joignable pour l'instant, laissez-moi un petit message, "
     "merci."),
)  # fmt: skip
_SCREENING = (
    ("Bonjour. La personne que vous appelez utilise un filtre d'appels. Dites votre nom et le "
     "motif de votre appel.",
     "Si vous enregistrez votre nom et la raison de votre appel, je vais voir si cette personne "
     "est disponible."),
    ("Bonjour, je suis l'assistant vocal de votre correspondant. Quel est le motif de votre "
     "appel ?",
     "Veuillez indiquer votre nom, puis restez en ligne."),
)  # fmt: skip
_ANNOUNCEMENTS = (
    ("Le numéro que vous avez demandé n'est plus attribué. Veuillez consulter l'annuaire.",
     "Votre correspondant n'est pas joignable actuellement. Veuillez rappeler ultérieurement."),
    ("Le numéro que vous avez composé n'est pas attribué.",
     "En raison de l'encombrement des lignes, votre demande ne peut aboutir. Veuillez renouveler "
     "votre appel."),
)  # fmt: skip
_BEEPS = ((440.0, 400), (1_000.0, 500), (1_400.0, 300), (620.0, 600), (2_000.0, 350), (850.0, 250))
OURS = (
    "Bonjour. Je suis Julie, la voix artificielle de Banque Exemple, pour un appel commercial. "
    "Avez-vous une minute ?"
)
LISTENS_MS = 14_000


class Case(Struct, frozen=True):
    """kind: human, machine, screening or announcement. speaks_ms: when its sound begins."""

    kind: str
    text: str
    said: Samples
    line: Line
    speaks_ms: int


def texts_of(name: str) -> dict[str, list[str]]:
    """Texts by kind, in the order of a file of tests/data."""
    texts: dict[str, list[str]] = {}
    for kind, text in pairs(name):
        texts.setdefault(kind, []).append(text)
    return texts


def cases(half: str) -> Iterator[Case]:
    """half: "tuning", 304 of them, or "test", 176."""
    number = 0 if half == "tuning" else 1
    manners = sounds.TEST if number else sounds.TUNING
    count = number

    def case(kind: str, text: str, manner: Manner, *after: Samples | int) -> Case:
        nonlocal count
        count += 1
        begins = (200, 450, 800)[count % 3]
        said = sounds.joined(begins, sounds.say(text, manner), *after)
        said = sounds.mixed(said, sounds.silence(LISTENS_MS))[: LISTENS_MS * 8]
        return Case(kind, text, said, sounds.LINES[count % len(sounds.LINES)], begins)

    for voice, manner in enumerate(manners):
        for text in _PERSONS[number]:
            yield case("human", text, manner)
            yield case("human", text, manner)  # on another line, at another moment
        for n, (name, room) in enumerate(sounds.ROOMS.items()):
            # Somebody in a noisy place; a kitchen's beep where it is quiet.
            text = _PERSONS[number][(voice + n) % 8]
            plain = case("human", text, manner)
            noise = sounds.at(room(LISTENS_MS, voice * 5 + n + 50 * number), -40.0)
            yield Case("human", f"{text}, {name}", sounds.mixed(plain.said, noise), plain.line, 200)
        for n in range(3):
            text = _PERSONS[number][(voice + n + 4) % 8]
            yield case("human", text, manner, 1_500 + 700 * n, sounds.beep(_BEEPS[n][0], 300, -24))
        yield case("human", "mmh oui", manner)
        for n, text in enumerate(_MACHINES[number]):
            hz, ms = _BEEPS[(voice + n) % len(_BEEPS)]
            yield case("machine", text, manner, 700, sounds.beep(hz, ms))
            if n % 2 == voice % 2:
                yield case("machine", text, manner)  # without a beep
            else:
                yield case("machine", text, manner, 1_200, sounds.beep(hz, ms, -24))
        for kind, texts in (("screening", _SCREENING), ("announcement", _ANNOUNCEMENTS)):
            for text in texts[number]:
                yield case(kind, text, manner)
                yield case(kind, text, manner)
    if half == "test":
        return
    # Rules and weights are fitted on more than eight greetings of persons and six of machines.
    for kind, told in texts_of("amd_tuning.tsv").items():
        for n, text in enumerate(told):
            for manner in (manners[n % 4], manners[(n + 1 + n // 4 % 3) % 4]):
                after = (700, sounds.beep(*_BEEPS[n % 6])) if kind == "machine" else ()
                yield case(kind, text, manner, *after)
