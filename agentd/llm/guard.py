"""What a language model may not say to a prospect, sentence by sentence. Pure.

The model is not trusted: whatever it writes is looked at as if a stranger had written it, and what
is not plainly harmless is refused; a recorded answer then takes its place, so a false refusal costs
little. Refused are: another language than French, what is too long, prices, figures, promises and
advice that are not in the scenario's facts, claims to be human, what comes from its instructions,
links and numbers, requests for payment data, pressure (code de la consommation, L121-6 and L121-7)
and insults. Rules are about words without accents (`text.normalise`).
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from agentd.dialogue.text import normalise
from agentd.llm.guard_rules import CLAIMS, FOREIGN, FRENCH, NEVER, NUMBERS, UNITS

LONGEST_CHARS, LONGEST_WORDS = 240, 40

_ALLOWED = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœÆæ0-9 ,;:.!?…'’()«»%€°\-–]+")
_LINK = re.compile(
    r"https?|www\b|\b[\w-]+\.(?:com|fr|net|org|eu|io|info|be|ch)\b|@|\barobase\b|\bpoint (?:com|"
    r"fr|net|org)\b",
    re.IGNORECASE,
)


def _compiled(patterns: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(rf"\b(?:{pattern})\b") for pattern in patterns]


_NEVER_RX = {reason: _compiled(patterns) for reason, patterns in NEVER.items()}
_CLAIMS_RX = {reason: _compiled(patterns) for reason, patterns in CLAIMS.items()}
_NAMED = re.compile(r"\b(?:je m appelle|mon nom est|moi c est) ([a-z]+)")
_SPACED = re.compile(r"\b(?:[a-z] ){3,}[a-z]\b")
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*\d)\w+\b")
_STEM = 5  # letters: "gratuite" is in the facts when "gratuit" is


class Guard:
    """Judges sentences of one scenario.

    facts: what the scenario allows to be claimed. rules: the text the model was given, of which
    nothing may be said aloud.
    """

    def __init__(self, agent_name: str, company: str, facts: Iterable[str], rules: str) -> None:
        self._agent = normalise(agent_name).split()
        allowed = [normalise(text) for text in (*facts, company)]
        self._fact_text = " | ".join(allowed)
        self._fact_words = {word for text in allowed for word in text.split()}
        self._fact_pairs = {pair for text in allowed for pair in _pairs(text)}
        self._rules = {gram for gram in _grams(normalise(rules)) if gram not in self._fact_text}

    def refuses(self, sentence: str) -> str:
        """Why it may not be said; empty when it may."""
        text = unicodedata.normalize("NFKC", sentence).strip()
        if not _ALLOWED.fullmatch(text):
            return "link" if _LINK.search(text) else "characters"
        words = normalise(text).split()
        if not any(word.isalpha() for word in words):
            return "characters"
        if len(text) > LONGEST_CHARS or len(words) > LONGEST_WORDS:
            return "length"
        if _LINK.search(text):
            return "link"
        said = " ".join(words)
        if _SPACED.search(said) or _MIXED.search(said):
            return "characters"
        if text.endswith("?") or "?" in text:
            return "question"
        return self._words(said, words)

    def _words(self, said: str, words: list[str]) -> str:
        for reason, patterns in _NEVER_RX.items():
            if any(pattern.search(said) for pattern in patterns):
                return reason
        if any(gram in self._rules for gram in _grams(said)):
            return "leak"
        if not _is_french(words):
            return "language"
        named = _NAMED.search(said)
        if named and self._agent and named[1] != self._agent[0]:
            return "role"
        if self._figure(words):
            return "figure"
        for reason, patterns in _CLAIMS_RX.items():
            for pattern in patterns:
                if any(not self._known(found[0]) for found in pattern.finditer(said)):
                    return reason
        return ""

    def _figure(self, words: list[str]) -> bool:
        """A number or an amount that stands in no fact beside the same word."""
        for at, word in enumerate(words):
            if word in UNITS or (word == "cent" and words[at - 1 : at] == ["pour"]):
                if word not in self._fact_words:
                    return True
            elif word.isdigit() or word in NUMBERS:
                pair = (word, words[at + 1]) if at + 1 < len(words) else (*words[at - 1 : at], word)
                if pair not in self._fact_pairs:
                    return True
        return False

    def _known(self, claim: str) -> bool:
        """The facts claim the same: they hold these very words, or for a single word its stem."""
        if re.search(rf"\b{re.escape(claim)}\b", self._fact_text):
            return True
        if " " in claim or len(claim) < _STEM:
            return False
        return any(
            word[: max(_STEM, len(claim) - 2)] == claim[: max(_STEM, len(claim) - 2)]
            for word in self._fact_words
        )


def _pairs(text: str) -> set[tuple[str, str]]:
    words = text.split()
    return set(pairwise(words))


def _grams(said: str, size: int = 6) -> set[str]:
    words = said.split()
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}


def _is_french(words: list[str]) -> bool:
    french = sum(word in FRENCH for word in words)
    foreign = sum(word in FOREIGN for word in words)
    if len(words) <= 2:
        return foreign == 0 and (french > 0 or len(words) == 1)
    return french > foreign and french >= max(1, len(words) // 6)
