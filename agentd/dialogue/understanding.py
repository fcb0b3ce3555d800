"""From an utterance to its meaning: intent rules, the step's own answers, the objection matcher.

Precedence: optout, wrong_person, human, callback; then the step's example answers; then an
objection or a question we have a recorded answer to; then affirm or deny, repeat, greeting,
unclear. A matcher can be too eager: it never takes a plain answer ("oui j'en ai un"), and it
needs to be nearly certain to overrule what the rules recognised.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import msgspec
from rapidfuzz import fuzz

from agentd.dialogue.intent_learner import MOST_SURE
from agentd.dialogue.intents import Intent, Reading, Sentiment, classify
from agentd.dialogue.polarity import is_plain
from agentd.dialogue.spoken import spoken

HUMAN_ENTRY = "general_faq_conseiller"
# Intents that are acted on whatever else was said with them.
_FIRST = frozenset({Intent.OPTOUT, Intent.WRONG_PERSON, Intent.HUMAN, Intent.CALLBACK})
# A matcher score (0 to 1) that overrules an intent the rules are sure of.
_CERTAIN = 0.9
# Similarity (0 to 100) from which an utterance is a step's example answer.
_SAME = 88
_OPEN = frozenset({Intent.AFFIRM, Intent.DENY, Intent.UNCLEAR})
_NEGATIONS = frozenset(("pas", "plus", "jamais", "aucun", "aucune", "rien", "non", "ni", "sans"))

_TURNING = frozenset(("pas", "plus", "jamais", "aucun", "aucune"))


class Found(Protocol):
    """What a matcher finds: an entry's id, and a score from 0 to 1."""

    @property
    def id(self) -> str:
        """Id of the entry."""
        ...

    @property
    def score(self) -> float:
        """How well it fits, 0 to 1."""
        ...


class Known(Protocol):
    """What we need of an entry: "objection" or "faq"."""

    @property
    def type(self) -> str:
        """What kind of entry it is."""
        ...


class Answers(Protocol):
    """The objection matcher, as far as understanding needs it."""

    @property
    def entries(self) -> Mapping[str, Known]:
        """Every entry by id."""
        ...

    def match(self, text: str) -> Found | None:
        """The entry an utterance means, or None when none fits well enough."""
        ...


class Expectation(msgspec.Struct, frozen=True):
    """A step's own example answers, as a scenario writes them."""

    affirm: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class Meaning(msgspec.Struct, frozen=True):
    """What the agent makes of an utterance.

    objection: id of the entry whose recorded answer fits, objection or FAQ; None when none does.
    objection_score: the matcher's score of it, 0 to 1; 0 when there is none.
    maybe_optout: whatever else it is, it may ask us not to call again; worth a question.
    """

    text: str
    intent: Intent
    confidence: float
    sentiment: Sentiment
    objection: str | None = None
    objection_score: float = 0.0
    maybe_optout: bool = False


def understand(text: str, matcher: Answers, expectation: Expectation | None = None) -> Meaning:
    """Meaning of an utterance at a step. Pure; never raises on any text."""
    reading = classify(text)
    if reading.intent in _FIRST and not _answered(text, reading, matcher):
        return _first(text, reading, matcher)
    said = spoken(text)
    if not said:
        return _meaning(text, reading)
    if expectation is not None and (intent := _expected(said, expectation, reading.intent)):
        mood = Sentiment.POSITIVE if intent is Intent.AFFIRM else reading.sentiment
        if intent is not reading.intent:
            return Meaning(text, intent, 0.9, mood)
        return Meaning(text, intent, max(0.9, reading.confidence), reading.sentiment)
    found = matcher.match(text)
    if found is None or not _overrules(found.score, said, reading):
        return _meaning(text, reading)
    intent = Intent.QUESTION if matcher.entries[found.id].type == "faq" else Intent.OBJECTION
    mood = reading.sentiment
    if intent is Intent.OBJECTION:
        mood = Sentiment.NEGATIVE
    elif reading.intent is not intent:
        mood = Sentiment.NEUTRAL
    confidence = max(found.score, reading.confidence if reading.intent is intent else 0.0)
    # Words somebody wrote down as an objection's are no riddle.
    doubt = reading.maybe_optout and found.score < _CERTAIN
    return Meaning(
        text, intent, min(1.0, confidence), mood, found.id, found.score, maybe_optout=doubt
    )


def _meaning(text: str, reading: Reading) -> Meaning:
    return Meaning(
        text,
        reading.intent,
        reading.confidence,
        reading.sentiment,
        maybe_optout=reading.maybe_optout,
    )


def _first(text: str, reading: Reading, matcher: Answers) -> Meaning:
    meaning = _meaning(text, reading)
    found = matcher.match(text) if reading.intent is Intent.HUMAN else None
    if found is not None and found.id == HUMAN_ENTRY:
        # The recorded answer, for scenarios that cannot transfer.
        return msgspec.structs.replace(meaning, objection=found.id, objection_score=found.score)
    return meaning


def _answered(text: str, reading: Reading, matcher: Answers) -> bool:
    """Whether an entry fits far better than a reading the examples gave without the rules."""
    if reading.intent is Intent.OPTOUT or reading.confidence > MOST_SURE:
        return False
    found = matcher.match(text)
    return found is not None and found.id != HUMAN_ENTRY and found.score >= _CERTAIN


def _overrules(score: float, said: str, reading: Reading) -> bool:
    """Whether a match says more than the rules did."""
    if reading.intent in (Intent.OBJECTION, Intent.QUESTION):
        return True
    if reading.intent in (Intent.AFFIRM, Intent.DENY):
        if is_plain(said):
            return False
        # A correction or a bare negated statement is open to a better reading.
        return reading.confidence < 0.9 or score >= _CERTAIN
    if reading.intent is Intent.UNCLEAR and reading.confidence == 0.0:
        return True
    return score >= _CERTAIN


@lru_cache(maxsize=512)
def _forms(expectation: Expectation) -> tuple[tuple[Intent, str, frozenset[str]], ...]:
    """Each example as `spoken`, with its negations."""
    forms = []
    for intent, examples in (
        (Intent.AFFIRM, expectation.affirm),
        (Intent.DENY, expectation.deny),
    ):
        for form in dict.fromkeys(spoken(example) for example in examples):
            if form:
                forms.append((intent, form, _negations(form)))
    return tuple(forms)


def _negations(said: str) -> frozenset[str]:
    return _NEGATIONS.intersection(said.split())


def _expected(said: str, expectation: Expectation, read_as: Intent) -> Intent | None:
    """The example answer an utterance is, nearly word for word or with little else around it.

    An example only speaks for utterances with its own negations: "j'en ai un" is not heard in
    "non j'en ai pas un".
    """
    negations = _negations(said)
    best: tuple[float, Intent] | None = None
    for intent, form, theirs in _forms(expectation):
        if form == said:
            return intent
        if intent is Intent.AFFIRM and not theirs and negations & _TURNING:
            # "j'ai pas un crédit", where "j'ai un crédit" is the yes.
            bare = " ".join(word for word in said.split() if word not in _NEGATIONS)
            if fuzz.ratio(bare, form) >= _SAME and best is None:
                best = _SAME, Intent.DENY
            continue
        bare_no = intent is Intent.DENY and negations - theirs <= {"non"}
        if negations != theirs and not (bare_no and theirs <= negations):
            continue
        score = fuzz.ratio(said, form)
        if score < _SAME and f" {form} " in f" {said} ":
            around = f" {said} ".replace(f" {form} ", " , ", 1)
            # A few other words may complete it, but not turn it ("mais") nor ask or object.
            free = read_as in _OPEN and "mais" not in around and len(around.split()) <= 5
            score = 100.0 if " " in form and (free or is_plain(around)) else 0.0
        if score >= _SAME and (best is None or score > best[0]):
            best = score, intent
    return best[1] if best else None
