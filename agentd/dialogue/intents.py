"""What an utterance wants of us: rules over word families, then a learnt second opinion.

The order below is the whole policy: what must never be missed is read first (a wish not to be
called again), what is easily said by accident last. Abstention is `unclear` with a low
confidence, never a guess. Decisions the reader may wonder about:

- a bare "mmh" is a backchannel, not a yes: unclear;
- "bof", "moyen", "peut-être", "ça dépend" are unclear, the first two with a negative sentiment;
- a moment alone ("demain matin") accepts a proposal: a weak affirm; "plus tard" is a callback;
- "oui mais" followed by something we do not recognise is an objection, alone it is unclear;
- telling us to go away, in whatever words, is an opt-out; so is naming a legal remedy. Being
  tired of canvassing in general ("j'en ai assez du démarchage") is an objection.
"""

from enum import StrEnum

import msgspec

from agentd.dialogue import contact_rules as contact
from agentd.dialogue import content_rules as content
from agentd.dialogue.intent_learner import Reader, second_opinion
from agentd.dialogue.lexicon import rx
from agentd.dialogue.polarity import Polarity, polarity
from agentd.dialogue.spoken import spoken


class Intent(StrEnum):
    """The eleven things an utterance can want. The names are stored: never rename one."""

    AFFIRM = "affirm"
    DENY = "deny"
    OBJECTION = "objection"
    QUESTION = "question"
    CALLBACK = "callback"
    OPTOUT = "optout"
    WRONG_PERSON = "wrong_person"
    HUMAN = "human"
    REPEAT = "repeat"
    GREETING = "greeting"
    UNCLEAR = "unclear"


class Sentiment(StrEnum):
    """How it was said, as far as words tell."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Reading(msgspec.Struct, frozen=True):
    """An intent, how sure of it we are (0 to 1), and a sentiment.

    maybe_optout: whatever else it is, it may ask us not to call again; worth a question.
    """

    intent: Intent
    confidence: float
    sentiment: Sentiment
    maybe_optout: bool = False


_WARM = rx(
    r"avec (?:grand )?plaisir|volontiers|super|parfait\w*|genial\w*|excellent\w*|nickel|top|"
    r"carrement|"
    r"absolument|tres bien|formidable|ravie?|enchantee?|interesse(?! pas| plus| aucun| guere)|"
    r"curieu\w+|"
    r"(?<!pas )(?<!plus )content\w*|bonne idee|magnifique|avec joie|impec\w*|chouette|cool|"
    r"bien sur|"
    r"adorable|j adore|merveill\w*|quel(?:le)? (?:bonne surprise|plaisir|chance)|"
    r"bonne (?:surprise|nouvelle)|tres (?:clair|gentil\w*|aimable|sympa\w*)|tombe bien|"
    r"fait plaisir|parfaitement|sympa\w*"
)
_COLD = rx(
    r"marre|ras le bol|chier|chiant\w*|fout\w*|emmerd\w*|merde|con|connards?|connasse|putain|"
    r"bordel|"
    r"arnaqu\w*|escro\w*|voleurs?|harcel\w*|scandal\w*|honte\w*|inadmissible|insupportable|"
    r"enerv\w*|"
    r"degage\w*|gueule|plainte|bof|moyen|mouais|peur|decue?|horreur|trop(?! (?:bien|gentil))|"
    r"ca suffit|pas content\w*|penible\w*|moqu\w+ (?:du|de|pas)|imbecile\w*|idiot\w*|abruti\w*|"
    r"detest\w*|(?:fich\w+|fout\w+) le camp|furieu\w*|en colere|agac\w*|exasper\w*|malhonnete\w*|"
    r"cret\w+|pauvre type|mal eleve\w*|saoul\w*|gonfl\w*"
)
_MOOD = {
    Intent.AFFIRM: Sentiment.POSITIVE,
    Intent.DENY: Sentiment.NEGATIVE,
    Intent.OBJECTION: Sentiment.NEGATIVE,
    Intent.OPTOUT: Sentiment.NEGATIVE,
}
_COURTEOUS = rx(r"merci", r"gentil\w*", r"desolee?", r"s il vous plait", r"remercie")


def classify(text: str, reader: Reader | None = None) -> Reading:
    """Intent, confidence and sentiment of what a recogniser wrote. Pure; never raises.

    reader: a second opinion other than the package's own, for benchmarks.
    """
    said = spoken(text)
    intent, confidence = _intent(said, "?" in text)
    seen = second_opinion(said, intent, confidence, reader)
    intent = Intent(seen.intent)
    return Reading(intent, seen.confidence, _sentiment(said, intent), seen.maybe_optout)


def _intent(said: str, asked: bool) -> tuple[Intent, float]:
    if not said:
        return Intent.UNCLEAR, 0.0
    if is_optout(said):
        return Intent.OPTOUT, 0.97
    if contact.CALLBACK.search(said):
        if contact.HUMAN.search(said) and not contact.BACK.search(said):
            return Intent.HUMAN, 0.9
        return Intent.CALLBACK, 0.9
    if contact.WRONG_PERSON.search(said):
        return Intent.WRONG_PERSON, 0.9
    if contact.HUMAN.search(said) or contact.HUMAN_ALONE.fullmatch(said):
        return Intent.HUMAN, 0.9
    if contact.CALLBACK_ALONE.fullmatch(said) and not said.startswith("non"):
        return Intent.CALLBACK, 0.6
    if content.REPEAT_ALONE.fullmatch(said) or content.REPEAT.search(said):
        return Intent.REPEAT, 0.9
    if content.GREETING.fullmatch(said) or content.GREETING_PHRASE.fullmatch(said):
        return Intent.GREETING, 0.9
    if content.OBJECTION_ALWAYS.search(said):
        return Intent.OBJECTION, 0.9
    if content.QUESTION.search(said):
        return Intent.QUESTION, 0.9
    if content.OBJECTION.search(said):
        return Intent.OBJECTION, 0.85
    if content.QUESTION_WEAK.search(said):
        return Intent.QUESTION, 0.7
    lean, sure = polarity(said)
    if lean is Polarity.YES:
        return Intent.AFFIRM, sure
    if lean is Polarity.NO:
        return Intent.DENY, sure
    if lean is Polarity.YES_BUT:
        return Intent.OBJECTION, sure
    if lean is Polarity.NONE:
        if asked and said.count(" ") >= 2:
            return Intent.QUESTION, 0.55
        if content.HI.search(said):
            return Intent.GREETING, 0.5
    return Intent.UNCLEAR, sure


def is_optout(said: str) -> bool:
    """Whether a `spoken` text asks, in any way, not to be called again."""
    if match := contact.OPTOUT.search(said):
        # "vous respectez le rgpd" asks about the law; "je suis sur bloctel" uses it.
        return not (
            contact.ONLY_LAW.fullmatch(match[0])
            and contact.ABOUT_LAW.search(said)
            and not contact.USES_LAW.search(said)
        )
    if contact.ARRETEZ.fullmatch(said):
        return True
    return bool(contact.OPTOUT_UNLESS_LATER.search(said)) and not contact.BACK_LATER.search(said)


def _sentiment(said: str, intent: Intent) -> Sentiment:
    if _COLD.search(said) and intent is not Intent.AFFIRM:
        return Sentiment.NEGATIVE
    if intent is Intent.OBJECTION and _WARM.search(said):
        return Sentiment.POSITIVE
    mood = _MOOD.get(intent, Sentiment.NEUTRAL)
    if mood is Sentiment.NEGATIVE and intent is Intent.DENY and _COURTEOUS.search(said):
        return Sentiment.NEUTRAL
    if mood is Sentiment.NEUTRAL and _WARM.search(said):
        return Sentiment.POSITIVE
    return mood
