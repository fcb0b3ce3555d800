"""Linear classes learnt from examples in closed form: the same examples, the same weights. Pure.

Regularised least squares (ridge regression) of class membership on weighted features. It learns
in one step, without a random start, and tells from the examples which words separate classes,
which comparing with the nearest example cannot.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# How much smoothness counts against fitting every example exactly.
_RIDGE = 0.5
# A feature no example has says "something else", at this share of a unique feature's weight.
_UNKNOWN = 0.5
# What the scores of a class of few examples are lifted by, and at how few of them no further.
_LIFT, _LEAST_SHARE = 0.5, 0.4
# Features in more examples than this are multiplied densely: there sparse products are slower.
_DENSE_FROM = 400

Vector = npt.NDArray[np.float32]


class Learnt(msgspec.Struct, frozen=True):
    """All a Learner knows. weights: float16, a row a feature, a column a class."""

    features: tuple[str, ...]
    rarity: tuple[float, ...]
    unknown: float
    classes: int
    weights: bytes


class Learner:
    """Scores of classes 0..n-1 for an utterance's features; about 1 for an example, 0 for none."""

    def __init__(
        self, examples: Sequence[tuple[int, Mapping[str, float]]], classes: int, *, few: int = 1
    ) -> None:
        """few: a class of fewer examples has each of them fitted more closely, and leaves less
        score for what is only like them, which is made up for."""
        counts = Counter(feature for _, bag in examples for feature in bag)
        self._rarity = {f: math.log(1 + len(examples) / n) for f, n in counts.items()}
        self._unknown = _UNKNOWN * math.log(1 + len(examples))
        self._column = {feature: number for number, feature in enumerate(counts)}
        rows = [self._vector(bag) for _, bag in examples]
        # Imported where something is learnt: it takes longer than to use what was learnt before.
        from scipy.sparse import csr_array

        seen = csr_array(
            (
                np.concatenate([values for _, values in rows] or [np.zeros(0, np.float32)]),
                np.concatenate([columns for columns, _ in rows] or [np.zeros(0, np.intp)]),
                np.cumsum([0, *(len(columns) for columns, _ in rows)]),
            ),
            shape=(len(rows), len(counts)),
        )
        owners = np.array([number for number, _ in examples], np.intp)
        meant = np.zeros((len(rows), classes), np.float32)
        meant[np.arange(len(rows)), owners] = 1
        share = np.sqrt(np.minimum(1, np.bincount(owners, minlength=classes) / few))
        duals = _duals(seen, meant, (_RIDGE * share)[owners].astype(np.float32))
        lifted = duals * np.maximum(share, _LEAST_SHARE).astype(np.float32) ** -_LIFT
        self._weights: npt.NDArray[np.float16] = np.asarray(seen.T @ lifted).astype(np.float16)

    @property
    def learnt(self) -> Learnt:
        """What it has learnt: `of` makes it again, without the examples."""
        features = tuple(self._column)
        return Learnt(
            features,
            tuple(self._rarity[feature] for feature in features),
            self._unknown,
            self._weights.shape[1],
            self._weights.tobytes(),
        )

    @classmethod
    def of(cls, learnt: Learnt) -> "Learner":
        """One that has learnt that. Raises ValueError where its parts do not fit together."""
        made = cls.__new__(cls)
        made._rarity = dict(zip(learnt.features, learnt.rarity, strict=True))
        made._unknown = learnt.unknown
        made._column = {feature: number for number, feature in enumerate(learnt.features)}
        weights = np.frombuffer(learnt.weights, np.float16)
        made._weights = weights.reshape(len(learnt.features), learnt.classes)
        return made

    def scores(self, bag: Mapping[str, float]) -> Vector:
        """One score a class; zeros when nothing of it has been seen."""
        columns, values = self._vector(bag)
        scores: Vector = values @ self._weights[columns].astype(np.float32)
        return scores

    def runs(self, found: Sequence[tuple[str, float, int]], words: int, run: int) -> Vector:
        """Scores of each run of so many words of an utterance, in order: one row a run.

        found: name, weight and place (-1..words) of each feature.
        """
        values = np.zeros(words, np.float32)
        sums = np.zeros((words, self._weights.shape[1]), np.float32)
        columns, weights, places = [], [], []
        for feature, weight, place in found:
            at = min(max(place, 0), words - 1)
            column = self._column.get(feature)
            value = weight * (self._unknown if column is None else self._rarity[feature])
            values[at] += value * value
            if column is not None:
                columns.append(column)
                weights.append(value)
                places.append(at)
        np.add.at(
            sums, places, self._weights[columns] * np.array(weights, np.float32)[:, np.newaxis]
        )
        squares: Vector = np.zeros(words + 1, np.float32)
        totals: Vector = np.zeros((words + 1, sums.shape[1]), np.float32)
        np.cumsum(values, out=squares[1:])
        np.cumsum(sums, axis=0, out=totals[1:])
        lengths = np.sqrt(np.maximum(squares[run:] - squares[:-run], 1e-6))
        scores: Vector = (totals[run:] - totals[:-run]) / lengths[:, np.newaxis]
        return scores

    def _vector(self, bag: Mapping[str, float]) -> tuple[npt.NDArray[np.intp], Vector]:
        """Columns and values, of length 1 with what is unknown counted in."""
        columns: list[int] = []
        values: list[float] = []
        square = 0.0
        for feature, weight in bag.items():
            column = self._column.get(feature)
            value = weight * (self._unknown if column is None else self._rarity[feature])
            square += value * value
            if column is not None:
                columns.append(column)
                values.append(value)
        length = np.float32(math.sqrt(square) or 1.0)
        return np.array(columns, np.intp), np.array(values, np.float32) / length


def _duals(seen: "csr_array", meant: Vector, smooth: Vector) -> Vector:
    """What each example adds to the classes. In dual form: fewer examples than features."""
    from scipy.linalg import cho_factor, cho_solve

    often = np.bincount(seen.indices, minlength=seen.shape[1]) > _DENSE_FROM
    dense = seen[:, np.flatnonzero(often)].toarray()
    rare = seen[:, np.flatnonzero(~often)]
    likeness = (rare @ rare.T).toarray()
    likeness += dense @ dense.T
    np.fill_diagonal(likeness, 1 + smooth)
    factor = cho_factor(likeness, overwrite_a=True, check_finite=False)
    duals: Vector = cho_solve(factor, meant, check_finite=False)
    return duals
