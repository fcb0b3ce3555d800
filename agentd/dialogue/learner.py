"""Linear classes learnt from examples in closed form: the same examples, the same weights. Pure.

Regularised least squares (ridge regression) of class membership on weighted features. It learns
in one step, without a random start, and tells from the examples which words separate classes,
which comparing with the nearest example cannot.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

# How much smoothness counts against fitting every example exactly.
_RIDGE = 0.5
# A feature no example has says "something else", at this share of a unique feature's weight.
_UNKNOWN = 0.5

Vector = npt.NDArray[np.float32]


class Learnt(msgspec.Struct, frozen=True):
    """All a Learner knows. weights: float32, a row a feature, a column a class."""

    features: tuple[str, ...]
    rarity: tuple[float, ...]
    unknown: float
    classes: int
    weights: bytes


class Learner:
    """Scores of classes 0..n-1 for an utterance's features; about 1 for an example, 0 for none."""

    def __init__(self, examples: Sequence[tuple[int, Mapping[str, float]]], classes: int) -> None:
        counts = Counter(feature for _, bag in examples for feature in bag)
        self._rarity = {f: math.log(1 + len(examples) / n) for f, n in counts.items()}
        self._unknown = _UNKNOWN * math.log(1 + len(examples))
        self._column = {feature: number for number, feature in enumerate(counts)}
        meant = np.zeros((len(examples), classes), np.float32)
        rows: list[tuple[npt.NDArray[np.intp], Vector]] = []
        for row, (number, bag) in enumerate(examples):
            meant[row, number] = 1
            rows.append(self._vector(bag))
        lengths = [0, *(len(columns) for columns, _ in rows)]
        seen = csr_array(
            (
                np.concatenate([values for _, values in rows] or [np.zeros(0, np.float32)]),
                np.concatenate([columns for columns, _ in rows] or [np.zeros(0, np.intp)]),
                np.cumsum(lengths),
            ),
            shape=(len(examples), len(counts)),
        )
        # In dual form, by the examples' likeness: there are fewer examples than features.
        likeness = (seen @ seen.T).toarray()
        likeness[np.diag_indices_from(likeness)] += _RIDGE
        duals = np.linalg.solve(likeness, meant)
        self._weights: Vector = np.asarray(seen.T @ duals, np.float32)

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
        weights = np.frombuffer(learnt.weights, np.float32)
        made._weights = weights.reshape(len(learnt.features), learnt.classes)
        return made

    def scores(self, bag: Mapping[str, float]) -> Vector:
        """One score a class; zeros when nothing of it has been seen."""
        columns, values = self._vector(bag)
        scores: Vector = values @ self._weights[columns]
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
