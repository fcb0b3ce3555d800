"""Does a series of samples grow? Pure.

While calls come and go a sample of memory depends on how many are held just then, so growth is the
slope beside that: least squares of value = a + b * calls held + c * what goes on (calls ended, or
hours). Samples that follow each other are alike; the error of the slope counts only as many of them
as are worth independent ones (n (1 - r) / (1 + r), r their correlation with the next).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 12  # samples


@dataclass(frozen=True)
class Drift:
    """slope: of the value, a unit of what goes on; error: its standard error. mean: of the value.
    span: of what goes on."""

    slope: float
    error: float
    mean: float
    span: float

    @property
    def most(self) -> float:
        """The slope with 95 % confidence at most."""
        return self.slope + 1.645 * self.error

    @property
    def least(self) -> float:
        """The slope with 95 % confidence at least."""
        return self.slope - 1.645 * self.error


def drift(values: Sequence[float], held: Sequence[float], goes_on: Sequence[float]) -> Drift:
    """Raises ValueError when there are too few samples to tell."""
    if len(values) < FEWEST:
        raise ValueError(f"{len(values)} samples are too few to tell growth; {FEWEST} are wanted")
    y = np.asarray(values, float)
    x = np.asarray(goes_on, float)
    columns = [np.ones_like(y), x - x.mean()]
    calls = np.asarray(held, float)
    if np.ptp(calls) > 0:
        columns.append(calls - calls.mean())
    matrix = np.stack(columns, axis=1)
    found, *_ = np.linalg.lstsq(matrix, y, rcond=None)
    left = y - matrix @ found
    worth = max(len(y) * _independent(left), matrix.shape[1] + 1.0)
    # Residual variance over independent samples; the matrix counts every sample, so its inverse is
    # scaled by how many stand for one.
    variance = float(left @ left) / len(y) * worth / (worth - matrix.shape[1])
    inverse = np.linalg.pinv(matrix.T @ matrix) * len(y) / worth
    error = float(np.sqrt(variance * inverse[1, 1]))
    return Drift(float(found[1]), error, float(y.mean()), float(np.ptp(x)))


def _independent(left: NDArray[np.float64]) -> float:
    """Share of the samples that are worth independent ones."""
    spread = float(left @ left)
    if spread <= 0:
        return 1.0
    alike = float(left[1:] @ left[:-1]) / spread
    alike = min(0.99, max(0.0, alike))
    return (1 - alike) / (1 + alike)


def last_two_thirds(goes_on: Sequence[float]) -> slice:
    """What is judged: caches fill, pools and arenas grow to their size before."""
    first, last = goes_on[0], goes_on[-1]
    begin = first + (last - first) / 3
    return slice(next(n for n, x in enumerate(goes_on) if x >= begin), len(goes_on))
