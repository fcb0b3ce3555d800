"""Classes by their nearest examples: for more examples than can be learnt in closed form. Pure.

Cosine of weighted features (a feature weighs more the rarer it is), over an index from each feature
to the examples that have it: what an utterance shares with nothing costs nothing. Same interface as
`learner.Learner`, less sharp: it cannot tell which words separate two classes.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from agentd.dialogue.learner import Vector

# A feature that stands in more examples than this share says nothing worth the time it takes.
_COMMON = 0.02
_UNKNOWN = 0.5
# A class's likeness is a power mean of its examples': the nearest counts most, and several near
# ones more than one. Of unseen phrasings of two writers among 5,000 entries .84 and .93 were right
# with it, .81 and .92 with the nearest alone.
_POWER = 4


class Neighbours:
    """Scores of classes 0..n-1: likeness of the nearest examples of each, 0 to little over 1."""

    def __init__(self, examples: Sequence[tuple[int, Mapping[str, float]]], classes: int) -> None:
        ordered = sorted(examples, key=lambda example: example[0])
        counts = Counter(feature for _, bag in ordered for feature in bag)
        most = max(50, int(len(ordered) * _COMMON))
        self._rarity = {
            feature: math.log(1 + len(ordered) / n) for feature, n in counts.items() if n <= most
        }
        self._unknown = _UNKNOWN * math.log(1 + len(ordered))
        self._classes = classes
        self._owner: npt.NDArray[np.intp] = np.array([number for number, _ in ordered], np.intp)
        index: dict[str, tuple[list[int], list[float]]] = {f: ([], []) for f in self._rarity}
        for row, (_, bag) in enumerate(ordered):
            weighed = {f: w * self._rarity[f] for f, w in bag.items() if f in self._rarity}
            length = math.sqrt(sum(v * v for v in weighed.values())) or 1.0
            for feature, value in weighed.items():
                rows, values = index[feature]
                rows.append(row)
                values.append(value / length)
        self._index = {
            feature: (np.array(rows, np.intp), np.array(values, np.float32))
            for feature, (rows, values) in index.items()
        }

    def scores(self, bag: Mapping[str, float]) -> Vector:
        """One score a class; zeros when nothing of it has been seen."""
        square = 0.0
        rows, values = [], []
        for feature, weight in bag.items():
            rarity = self._rarity.get(feature)
            value = weight * (self._unknown if rarity is None else rarity)
            square += value * value
            if rarity is not None:
                found = self._index[feature]
                rows.append(found[0])
                values.append(found[1] * np.float32(value))
        if not rows:
            return np.zeros(self._classes, np.float32)
        where = np.concatenate(rows)
        likeness = np.bincount(where, np.concatenate(values)) / math.sqrt(square)
        seen = np.flatnonzero(likeness)
        powers = likeness[seen] ** _POWER
        together = np.bincount(self._owner[seen], powers, self._classes) ** (1 / _POWER)
        scores: Vector = together.astype(np.float32)
        return scores
