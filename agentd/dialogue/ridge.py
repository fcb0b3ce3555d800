"""Linear classes over very many sparse features, learnt in closed form from examples. Pure.

Regularised least squares of class membership, as `learner` does it for intents, made for the ten
times larger sets of objections: likeness by sparse products, solved by Cholesky, weights kept in
half precision. The same examples give the same weights.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# How much smoothness counts against fitting every example exactly.
_RIDGE = 0.5
# A class of few examples has each of them fitted more closely: administrators write five, not
# fifty.
_FEW, _LIFT = 30, 0.5
# A feature no example has says "something else", at this share of a unique feature's weight.
_UNKNOWN = 0.5
# Features in more examples than this are multiplied densely: there sparse products are slower.
_DENSE_FROM = 400

Vector = npt.NDArray[np.float32]


class Ridge:
    """Scores of classes 0..n-1 for an utterance's features; about 1 for an example, 0 for none."""

    def __init__(self, examples: Sequence[tuple[int, Mapping[str, float]]], classes: int) -> None:
        counts = Counter(feature for _, bag in examples for feature in bag)
        self._rarity = {f: math.log(1 + len(examples) / n) for f, n in counts.items()}
        self._unknown = _UNKNOWN * math.log(1 + len(examples))
        self._column = {feature: number for number, feature in enumerate(counts)}
        rows = [self._vector(bag) for _, bag in examples]
        # Imported where something is learnt: it takes longer than to use what was learnt before.
        from scipy.sparse import csr_matrix

        starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        seen = csr_matrix(
            (
                np.concatenate([values for _, values in rows]),
                np.concatenate([columns for columns, _ in rows]),
                starts,
            ),
            (len(rows), len(counts)),
        )
        owners = np.array([number for number, _ in examples], np.intp)
        meant = np.zeros((len(rows), classes), np.float32)
        meant[np.arange(len(rows)), owners] = 1
        share = np.sqrt(np.bincount(owners, minlength=classes) / _FEW)
        smooth = (_RIDGE * np.minimum(1, share))[owners].astype(np.float32)
        # ... and leaves the less score for what is only like them.
        duals = _duals(seen, meant, smooth) * np.clip(share, 0.4, 1) ** -_LIFT
        self._weights: npt.NDArray[np.float16] = (seen.T @ duals).astype(np.float16)

    def learnt(self) -> dict[str, Any]:
        """Everything learnt, as arrays: `Ridge.of` makes the same again at once."""
        return {
            "features": np.frombuffer("\n".join(self._column).encode(), np.uint8),
            "rarity": np.fromiter(self._rarity.values(), np.float64, len(self._rarity)),
            "unknown": np.array(self._unknown),
            "weights": self._weights,
        }

    @classmethod
    def of(cls, learnt: Mapping[str, Any]) -> Self:
        """What `learnt` gave. Raises KeyError or ValueError when it is something else."""
        ridge = cls.__new__(cls)
        features = learnt["features"].tobytes().decode().split("\n")
        ridge._column = {feature: number for number, feature in enumerate(features)}
        ridge._rarity = dict(zip(features, learnt["rarity"].tolist(), strict=True))
        ridge._unknown = float(learnt["unknown"])
        ridge._weights = learnt["weights"]
        if len(ridge._weights) != len(features):
            raise ValueError("features and weights do not belong together")
        return ridge

    def scores(self, bag: Mapping[str, float]) -> Vector:
        """One score a class; zeros when nothing of it has been seen."""
        columns, values = self._vector(bag)
        scores: Vector = values @ self._weights[columns].astype(np.float32)
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


def _duals(seen: "csr_matrix", meant: Vector, smooth: Vector) -> Vector:
    """What each example adds to the classes. In dual form: fewer examples than features."""
    from scipy.linalg import cho_factor, cho_solve

    often = np.asarray(np.bincount(seen.indices, minlength=seen.shape[1])) > _DENSE_FROM
    dense = seen[:, np.flatnonzero(often)].toarray()
    rare = seen[:, np.flatnonzero(~often)]
    likeness = (rare @ rare.T).toarray()
    likeness += dense @ dense.T
    np.fill_diagonal(likeness, 1 + smooth)
    factor = cho_factor(likeness, overwrite_a=True, check_finite=False)
    duals: Vector = cho_solve(factor, meant, check_finite=False)
    return duals
