"""Linear classes learnt from examples in closed form: the same examples, the same weights. Pure.

Regularised least squares (ridge regression) of class membership on weighted features. It learns
in one step, without a random start, and tells from the examples which words separate classes,
which comparing with the nearest example cannot.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

# How much smoothness counts against fitting every example exactly.
_RIDGE = 0.5
# A feature no example has says "something else", at this share of a unique feature's weight.
_UNKNOWN = 0.5

Vector = npt.NDArray[np.float32]


class Learner:
    """Scores of classes 0..n-1 for an utterance's features; about 1 for an example, 0 for none."""

    def __init__(self, examples: Sequence[tuple[int, Mapping[str, float]]], classes: int) -> None:
        counts = Counter(feature for _, bag in examples for feature in bag)
        self._rarity = {f: math.log(1 + len(examples) / n) for f, n in counts.items()}
        self._unknown = _UNKNOWN * math.log(1 + len(examples))
        # What several examples share comes first: the rest makes no two of them alike.
        order = sorted(counts, key=lambda feature: counts[feature] == 1)
        self._column = {feature: number for number, feature in enumerate(order)}
        shared = sum(count > 1 for count in counts.values())
        seen = np.zeros((len(examples), shared), np.float32)
        meant = np.zeros((len(examples), classes), np.float32)
        own: list[tuple[np.intp, int, np.float32]] = []
        for row, (number, bag) in enumerate(examples):
            meant[row, number] = 1
            columns, values = self._vector(bag)
            common = columns < shared
            seen[row, columns[common]] = values[common]
            own += [(c, row, v) for c, v in zip(columns[~common], values[~common], strict=True)]
        # In dual form, by the examples' likeness: there are fewer examples than features.
        likeness = seen @ seen.T
        np.fill_diagonal(likeness, 1 + _RIDGE)
        duals = np.linalg.solve(likeness, meant)
        self._weights: Vector = np.empty((len(order), classes), np.float32)
        self._weights[:shared] = seen.T @ duals
        for column, row, value in own:
            self._weights[column] = value * duals[row]

    def scores(self, bag: Mapping[str, float]) -> Vector:
        """One score a class; zeros when nothing of it has been seen."""
        columns, values = self._vector(bag)
        scores: Vector = values @ self._weights[columns]
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
