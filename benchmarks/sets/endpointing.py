"""Turns of the prospect: some are over when they pause, others go on."""

from collections.abc import Iterator

from msgspec import Struct

from agentd.simulator.persona import Line
from agentd.simulator.playing import Samples
from benchmarks.sets import sounds

# (tuning, test): whole answers, which deserve an answer at once.
_WHOLE = (
    ("oui", "non merci", "oui je vous écoute", "oui j'en ai un", "oui pourquoi pas", "d'accord",
     "ça ne m'intéresse pas", "c'est trop cher", "je n'ai pas le temps", "vous êtes un robot",
     "demain matin", "je suis locataire"),
    ("non", "oui bien sûr", "oui allez-y", "non pas du tout", "je ne sais pas", "oui d'accord",
     "je ne suis pas intéressé", "c'est qui", "rappelez-moi demain", "j'ai déjà une banque",
     "lundi à dix heures", "vous vous trompez de numéro"),
)  # fmt: skip
# What is said, a pause of so many ms, what follows.
_GOING_ON = (
    (("oui mais", 500, "c'est trop cher"), ("euh", 600, "oui j'en ai un"),
     ("je", 400, "je ne sais pas trop"), ("non parce que", 600, "j'ai déjà une banque"),
     ("écoutez", 350, "je n'ai pas le temps"), ("oui alors", 700, "il faudrait que je voie"),
     ("en fait", 450, "je suis locataire"), ("j'ai un crédit et", 550, "un prêt pour la voiture"),
     ("oui", 250, "pourquoi pas"), ("attendez", 300, "je vais voir")),
    (("oui mais", 600, "j'ai déjà un crédit"), ("euh", 500, "non merci"),
     ("c'est que", 550, "je n'ai pas le temps"), ("parce que", 450, "mes taux sont déjà bas"),
     ("oui enfin", 400, "ça dépend"), ("le problème c'est que", 650, "je suis au travail"),
     ("non mais", 300, "je n'ai plus de crédit"), ("je voudrais", 500, "en parler à ma femme"),
     ("oui", 250, "je vous écoute"), ("si c'est pour", 450, "me vendre quelque chose non")),
)  # fmt: skip


class Case(Struct, frozen=True):
    """kind: whole, or goes on. ends_ms: of all its sound; pauses_ms: begin and end of its pause."""

    kind: str
    text: str
    said: Samples
    line: Line
    ends_ms: int
    pause_ms: tuple[int, int] | None = None


def cases(half: str) -> Iterator[Case]:
    """half: "tuning" or "test"; 176 each."""
    number = 0 if half == "tuning" else 1
    manners = sounds.TEST if number else sounds.TUNING
    count = number
    for manner in manners:
        for text in _WHOLE[number]:
            for _ in range(2):
                count += 1
                sound = sounds.say(text, manner)
                said = sounds.joined(400, sound, 2_200)
                ends = 400 + len(sound) // 8
                yield Case("whole", text, said, sounds.LINES[count % 5], ends)
        for first, pause, rest in _GOING_ON[number]:
            for more in (0, 150):
                count += 1
                begin, end = sounds.say(first, manner), sounds.say(rest, manner)
                said = sounds.joined(400, begin, pause + more, end, 2_200)
                paused = 400 + len(begin) // 8
                ends = paused + pause + more + len(end) // 8
                yield Case(
                    "goes on", f"{first} ... {rest}", said, sounds.LINES[count % 5], ends,
                    (paused, paused + pause + more),
                )  # fmt: skip
