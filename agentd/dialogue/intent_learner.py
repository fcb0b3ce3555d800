"""A second opinion on intents, learnt from labelled examples. Pure.

Rules see what they were written for; phrasings nobody thought of share words and endings with those
somebody did, sound like them, or compose the same meanings of other words. Ridge regression over
words, stems, neighbours, pieces of words, sounds and classes of meaning (`concepts`),
weighed against the rules by `second_opinion`. The examples come with the package and are read once;
`prepare` takes seconds, which a call must not wait for.

An opt-out needs rules and examples to agree, or the examples to be very sure; where one of them
sees one and the other does not, it is left to be asked (`doubt.py`).
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import msgspec

from agentd.dialogue import concepts
from agentd.dialogue.learner import Learner, Vector
from agentd.dialogue.lexical import stem
from agentd.dialogue.sounds import sound
from agentd.dialogue.spoken import spoken

# What a feature counts for, before its rarity does.
_WORD, _STEM, _PAIR, _TRIPLE, _PIECE = 0.6, 0.8, 0.8, 0.5, 0.3
_SOUND, _SOUND_PAIR, _SOUND_PIECE, _MEANING = 0.6, 0.5, 0.25, 0.6
_PIECE_LENGTH = 4
_DENIAL, _DENIAL_REACH = 0.8, 3  # words between a negation and what it denies
_NEGATIONS = frozenset("pas plus jamais rien aucun aucune sans ni peu".split())
# What the rules' own reading adds to its class, times their confidence.
_TRUST = 0.25
_LEAST_TRUST = 0.4
# Where the rules saw nothing, the examples must be this clear: else we ask again.
_CLEAR, _AHEAD = 0.25, 0.05
# How far opt-out must lead any other class: to be sure where the rules see one, or see none; to be
# worth a question, likewise. Chosen on each blind writer's phrasings with the others' learnt.
_SURE_WITH_RULES, _SURE_ALONE = 0.3, 0.43
_ASK_WITH_RULES, _ASK_ALONE = -0.3, -0.14
# An opt-out may be buried: in longer utterances each run of so many words is read as well; of
# fewer words where the rules have seen one.
_RUN, _SHORT_RUN = 9, 5
_RUN_LEAD, _SHORT_LEAD = 0.1, 0.2  # that much more is asked of them, the less they say
_OPTOUT, _OTHER, _UNCLEAR = "optout", "other", "unclear"
_LEAST_SURE, MOST_SURE = 0.5, 0.85

_AFTERWARDS = "# Written after"  # how that part of the examples begins

Feature = tuple[str, float, int]  # name, weight, place of its first word


class Opinion(msgspec.Struct, frozen=True):
    """Intent and confidence (0 to 1). maybe_optout: it may be an opt-out; worth a question."""

    intent: str
    confidence: float
    maybe_optout: bool = False


class Reader:
    """Scores intents by examples: (intent, text as a recogniser writes it)."""

    def __init__(self, examples: Iterable[tuple[str, str]], learner: Learner | None = None) -> None:
        """learner: another's of the same examples."""
        rows = list(examples)
        self.labels = tuple(sorted({label for label, _ in rows}))
        if learner is None:
            bags = [(self.labels.index(label), _bag(spoken(text))) for label, text in rows]
            learner = Learner(bags, len(self.labels))
        self.learner = learner
        self._optout = self.labels.index(_OPTOUT)

    def read(self, said: str, *, seen: bool = False) -> tuple[dict[str, float], float]:
        """Scores of a `spoken` text by intent, and how far opt-out leads any other of them.

        seen: the rules have seen one.
        """
        found = list(_features(said))
        scores = self.learner.scores({name: weight for name, weight, _ in found})
        lead = self._lead(scores)
        words = said.count(" ") + 1
        run, more = (_SHORT_RUN, _SHORT_LEAD) if seen else (_RUN, _RUN_LEAD)
        if words > run:
            runs = self.learner.runs(found, words, run)
            lead = max(lead, *(self._lead(part) - more for part in runs))
        return dict(zip(self.labels, scores.tolist(), strict=True)), lead

    def _lead(self, scores: Vector) -> float:
        others = (s for n, s in enumerate(scores) if n != self._optout)
        return float(scores[self._optout] - max(others))


def examples(*, afterwards: bool = True) -> list[tuple[str, str]]:
    """(intent, text) of what the package learns from; "other" is what is no opt-out but near it.

    afterwards: with what was written once the blind sets of tests/data had been measured.
    """
    text = files("agentd.dialogue").joinpath("intent_examples.tsv").read_text(encoding="utf-8")
    rows = []
    kept = True
    for row in text.splitlines():
        if row.startswith("#"):
            kept = afterwards or not row.startswith(_AFTERWARDS)
        elif row and kept:
            label, _, said = row.partition("\t")
            rows.append((label, said))
    return rows


_own: list[Reader] = []


def prepare(learner: Learner | None = None) -> Reader:
    """The package's own reader; made once a process. learner: of `examples()`, kept from before."""
    if not _own:
        _own.append(Reader(examples(), learner))
    return _own[0]


def prepared() -> bool:
    """Has it been made?"""
    return bool(_own)


def second_opinion(
    said: str, rules: str, confidence: float, reader: Reader | None = None
) -> Opinion:
    """What a `spoken` text wants that the rules read as `rules`.

    reader: another than the package's own.
    """
    if all(len(word) < 2 for word in said.split()):
        return Opinion(rules, confidence)  # a lone letter looks like whatever it begins
    asks = rules == _OPTOUT
    scores, lead = (reader or prepare()).read(said, seen=asks)
    other = scores.pop(_OTHER)
    if lead > (_SURE_WITH_RULES if asks else _SURE_ALONE):
        return Opinion(_OPTOUT, confidence if asks else min(MOST_SURE, max(_LEAST_SURE, lead)))
    maybe = lead > (_ASK_WITH_RULES if asks else _ASK_ALONE)
    del scores[_OPTOUT]
    if asks:
        best = max(scores, key=lambda label: scores[label])
        return Opinion(best, _LEAST_SURE, maybe) if best != _UNCLEAR else Opinion(best, 0.35, maybe)
    if rules == _UNCLEAR and confidence == 0.0:
        first, second = sorted(scores.values(), reverse=True)[:2]
        if first < max(_CLEAR, other) or first - second < _AHEAD:
            return Opinion(rules, confidence, maybe)
    else:
        scores[rules] += _TRUST * max(confidence, _LEAST_TRUST)
    best = max(scores, key=lambda label: scores[label])
    if best == rules:
        return Opinion(rules, confidence, maybe)
    if best == _UNCLEAR:
        return Opinion(best, 0.35, maybe)
    return Opinion(best, max(_LEAST_SURE, min(MOST_SURE, scores[best])), maybe)


def _bag(said: str) -> dict[str, float]:
    return {name: weight for name, weight, _ in _features(said)}


def _features(said: str) -> Iterator[Feature]:
    """What an utterance is made of. A name may come more than once."""
    bare = said.split()
    words = ["^", *bare, "$"]
    stems = [stem(word) for word in words]
    for at, word in enumerate(words):
        for name, weight in _of_word(word):
            yield name, weight, at - 1
    for at, (one, other) in enumerate(pairwise(stems)):
        yield f"p{one} {other}", _PAIR, at - 1
    for at, triple in enumerate(zip(stems, stems[1:], stems[2:], strict=False)):
        yield f"t{' '.join(triple)}", _TRIPLE, at - 1
    yield from _denied(bare)
    yield from _sounds(bare)
    for name, at in concepts.compositions(bare).items():
        yield f"o{name}", _MEANING, at


@lru_cache(maxsize=8192)
def _of_word(word: str) -> tuple[tuple[str, float], ...]:
    """Features of a word wherever it stands."""
    found = [(f"w{word}", _WORD), (f"s{stem(word)}", _STEM)]
    if len(word) > 1:
        whole = f"<{word}>"
        for start in range(len(whole) - _PIECE_LENGTH + 1):
            found.append((f"c{whole[start : start + _PIECE_LENGTH]}", _PIECE))
    if word.isalnum():
        found.append((f"k{sound(word)}", _SOUND))
    return tuple(found)


def _denied(words: list[str]) -> Iterator[Feature]:
    """Whether a negation stands near each word: "ça m'intéresse" is the contrary of "... pas"."""
    denials = [at for at, word in enumerate(words) if word in _NEGATIONS]
    for at, word in enumerate(words):
        if len(word) > 3 and word not in _NEGATIONS:
            denied = any(abs(at - place) <= _DENIAL_REACH for place in denials)
            yield f"{'-' if denied else '+'}{stem(word)}", _DENIAL, at


def _sounds(words: list[str]) -> Iterator[Feature]:
    keys = [sound(word) for word in words]
    for at, (one, other) in enumerate(pairwise(keys)):
        yield f"l{one}{other}", _SOUND_PAIR, at  # where one word ends and the other begins is lost
    run = "".join(keys)
    places = [at for at, key in enumerate(keys) for _ in key]
    for length in (_PIECE_LENGTH, _PIECE_LENGTH + 1):
        for start in range(len(run) - length + 1):
            yield f"f{run[start : start + length]}", _SOUND_PIECE, places[start]
