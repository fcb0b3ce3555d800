"""What a step expects to hear: example answers for understanding, short answers for the ears."""

from agentd.dialogue.scenario import CONFIRM_TIME, HELLO, Step
from agentd.dialogue.understanding import Expectation

_YES_NO = (
    "oui",
    "non",
    "oui d'accord",
    "non merci",
    "oui bien sûr",
    "oui pourquoi pas",
    "d'accord",
    "pas du tout",
)
# The notice of a recorded call is the last thing said before the first answer.
UNRECORDED = (
    "je ne veux pas être enregistré",
    "je refuse d'être enregistré",
    "je refuse l'enregistrement",
    "je m'oppose à l'enregistrement",
)
_HELLO = ("allô", "oui bonjour", "oui je vous écoute", "c'est qui")
_WHEN = (
    "demain matin",
    "demain après-midi",
    "lundi matin",
    "ce soir",
    "à dix heures",
    "vers dix-huit heures",
    "en fin de journée",
    "la semaine prochaine",
    "n'importe quand",
)


def expectation(step: Step) -> Expectation:
    """A step's own example answers, which win over objections when an utterance is understood."""
    return Expectation(affirm=step.affirm_examples, deny=step.deny_examples)


def likely(name: str, step: Step, *, recorded: bool = False) -> tuple[str, ...]:
    """Short answers likely at a step, as a recogniser writes them, most specific first.

    recorded: the call is, and nobody has objected yet.
    """
    if name == CONFIRM_TIME:
        usual: tuple[str, ...] = (*_WHEN, *_YES_NO)
    elif name == HELLO:
        usual = (*_HELLO, *_YES_NO, *(UNRECORDED if recorded else ()))
    else:
        usual = _YES_NO
    return tuple(dict.fromkeys((*step.affirm_examples, *step.deny_examples, *usual)))


def likely_yes_no() -> tuple[str, ...]:
    """Short answers likely when we ask whether an utterance was an opt-out."""
    return (*_YES_NO, "ne m'appelez plus", "oui retirez-le", "non c'est bon")


def likely_times() -> tuple[str, ...]:
    """Short answers likely when we ask when to call back."""
    return _WHEN
