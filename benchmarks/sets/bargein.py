"""What is heard while we speak: interruptions, backchannels, noises, our own echo."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from agentd.simulator.persona import Line, Manner
from agentd.simulator.playing import Samples
from benchmarks.sets import sounds

INTERRUPTIONS = (
    "attendez attendez",
    "non mais excusez-moi",
    "oui j'en ai un",
    "mais c'est trop cher",
    "je n'ai pas le temps",
    "arrêtez de m'appeler",
    "non merci ça ne m'intéresse pas",
    "vous êtes qui exactement",
    "stop je vous arrête tout de suite",
    "j'ai déjà une banque merci",
)
BACKCHANNELS = ("mmh", "oui", "d'accord", "ok", "ah bon", "mmh mmh", "très bien")
OURS = (
    "Je suis la voix artificielle de la banque, pour un appel commercial au sujet de votre crédit.",
    "Un conseiller vous rappelle sous quarante-huit heures pour faire le point avec vous.",
)
AT_MS = 900  # into what we say


class Case(Struct, frozen=True):
    """kind: interruption, or what it should not be taken for. begins_ms: of its sound."""

    kind: str
    text: str
    said: Samples
    ours: Samples
    line: Line
    begins_ms: int
    heard_before: Samples  # the person alone, before: the ears know how loud they are


def cases(half: str) -> Iterator[Case]:
    """half: "tuning" or "test"; about 190 each."""
    manners = sounds.TUNING if half == "tuning" else sounds.TEST
    shift = 0 if half == "tuning" else 1
    count = 0

    def case(
        kind: str, text: str, sound: Samples, manner: Manner, line: Line | None = None
    ) -> Case:
        nonlocal count
        count += 1
        ours = np.tile(sounds.say(OURS[count % 2], sounds.AGENT), 2)
        said = sounds.joined(AT_MS, sound, 1_200)
        before = sounds.joined(300, sounds.say("oui je vous écoute", manner), 900)
        over = line or sounds.LINES[(count + shift) % len(sounds.LINES)]
        return Case(kind, text, said, ours, over, AT_MS, before)

    for manner in manners:
        for text in INTERRUPTIONS:
            yield case("interruption", text, sounds.say(text, manner), manner)
            # On a line that returns our voice, too.
            yield case("interruption", text, sounds.say(text, manner), manner, sounds.ECHO)
        for text in BACKCHANNELS:
            yield case("backchannel", text, sounds.say(text, manner), manner)
            yield case("backchannel", text, sounds.say(text, manner), manner, sounds.ECHO)
        for name, room in sounds.ROOMS.items():
            for db in (-34.0, -40.0):
                noise = sounds.at(room(3_000, count + 31 * shift), db)
                yield case(name, f"{name} {db:g}", noise, manner)
        for low, high in ((697.0, 1209.0), (852.0, 1477.0)):
            yield case("dtmf", "key", sounds.dtmf(low, high), manner)
        for _ in range(4):
            yield case("echo", "echo", sounds.silence(3_000), manner, sounds.ECHO)
