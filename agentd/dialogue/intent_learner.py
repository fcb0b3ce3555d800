"""A second opinion on intents, learnt from the examples the rules are tuned on. Pure.

Rules see what they were written for; phrasings nobody thought of share words and endings with those
somebody did. Ridge regression over words, stems, neighbours and pieces of words, as in `learner`,
weighed against the rules by `second_opinion`. The examples come with the package and are read once;
`prepare` takes a second, which a call must not wait for.
"""

from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from agentd.dialogue.learner import Learner
from agentd.dialogue.lexical import stem
from agentd.dialogue.spoken import spoken

# What a feature counts for, before its rarity does.
_WORD, _STEM, _PAIR, _TRIPLE, _PIECE = 0.6, 0.8, 0.8, 0.5, 0.3
_PIECE_LENGTH = 4
# What the rules' own reading adds to its class, times their confidence.
_TRUST = 0.4
_LEAST_TRUST = 0.4
# Where the rules saw nothing, the examples must be this clear: else we ask again.
_CLEAR, _AHEAD = 0.35, 0.08
# An opt-out ends everything: the rules find it; the examples alone must be surer than that.
_OPTOUT_CLEAR, _OPTOUT_AHEAD = 0.82, 0.15
_OPTOUT, _OTHER, _UNCLEAR = "optout", "other", "unclear"
_LEAST_SURE, MOST_SURE = 0.5, 0.85


@lru_cache(maxsize=1)
def prepare() -> tuple[Learner, tuple[str, ...]]:
    """The learner and the names of its classes; made once a process."""
    text = files("agentd.dialogue").joinpath("intent_examples.tsv").read_text(encoding="utf-8")
    rows = [row.partition("\t") for row in text.splitlines() if row and not row.startswith("#")]
    labels = tuple(sorted({label for label, _, _ in rows}))
    examples = [(labels.index(label), _features(spoken(said))) for label, _, said in rows]
    return Learner(examples, len(labels)), labels


def second_opinion(said: str, rules: str, confidence: float) -> tuple[str, float]:
    """Intent and confidence of a `spoken` text that the rules read as `rules`.

    Never takes an opt-out back, and gives one only when it is sure of it.
    """
    if rules == _OPTOUT or all(len(word) < 2 for word in said.split()):
        return rules, confidence  # a lone letter looks like whatever it begins
    learner, labels = prepare()
    scores = dict(zip(labels, learner.scores(_features(said)).tolist(), strict=True))
    other = scores.pop(_OTHER)
    optout = scores.pop(_OPTOUT)
    if optout > _OPTOUT_CLEAR and optout > max(other, *scores.values()) + _OPTOUT_AHEAD:
        return _OPTOUT, min(MOST_SURE, optout)
    if rules == _UNCLEAR and confidence == 0.0:
        first, second = sorted(scores.values(), reverse=True)[:2]
        if first < _CLEAR or first - second < _AHEAD:
            return rules, confidence
    else:
        scores[rules] += _TRUST * max(confidence, _LEAST_TRUST)
    best = max(scores, key=lambda label: scores[label])
    if best == rules:
        return rules, confidence
    if best == _UNCLEAR:
        return best, 0.35
    return best, max(_LEAST_SURE, min(MOST_SURE, scores[best]))


def _features(said: str) -> dict[str, float]:
    words = ["^", *said.split(), "$"]
    bag: dict[str, float] = {}
    stems = [stem(word) for word in words]
    for word, root in zip(words, stems, strict=True):
        bag[f"w{word}"] = _WORD
        bag[f"s{root}"] = _STEM
        if len(word) > 1:
            whole = f"<{word}>"
            for at in range(len(whole) - _PIECE_LENGTH + 1):
                bag[f"c{whole[at : at + _PIECE_LENGTH]}"] = _PIECE
    for one, other in pairwise(stems):
        bag[f"p{one} {other}"] = _PAIR
    for triple in zip(stems, stems[1:], stems[2:], strict=False):
        bag[f"t{' '.join(triple)}"] = _TRIPLE
    return bag
