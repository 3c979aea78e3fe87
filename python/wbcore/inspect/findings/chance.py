"""How far targets go with what is held beside them, in standard deviations of shuffled targets.

0 is what shuffled targets give on average, and 3 they reach once in 700 times.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["of_columns", "of_predictions"]

_FEWEST = 4  # rows: the variance over all permutations divides by n - 3


def of_predictions(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """The sum of products of predictions and targets, (R, K) each, against that of permuted ones.

    Its variance over all permutations is Hoeffding's (1951).
    """
    given, wanted = given - given.mean(axis=0), wanted - wanted.mean(axis=0)
    variance = float(np.sum((given.T @ given) * (wanted.T @ wanted))) / (len(given) - 1)
    return float(np.sum(given * wanted)) / math.sqrt(variance) if variance > 0 else 0.0


def of_columns(x: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """The sum of the squared covariances of columns (R, I) and targets (R, K), likewise.

    No network sees a weak relation to many columns as well as their sum does. Mean and variance
    over all permutations are exact (F. Kazi-Aoual et al., 1995); as a sum of squares it is taken
    for a chi-squared variable of these moments, and that for a normal one (Wilson and Hilferty).
    """
    n = len(x)
    if n < _FEWEST:
        return 0.0
    x, wanted = x - x.mean(axis=0), wanted - wanted.mean(axis=0)
    mean, variance = _moments(n, _traces(x), _traces(wanted))
    if mean <= 0 or variance <= 0:
        return 0.0
    found = float(np.sum((x.T @ wanted) ** 2))
    part = variance / (9 * mean * mean)  # 2 / (9 degrees of freedom)
    return ((found / mean) ** (1 / 3) - (1 - part)) / math.sqrt(part)


def _traces(x: NDArray[np.float64]) -> tuple[float, float, float]:
    """Of A = x x' its trace, that of A A, and the sum of the squared diagonal."""
    of_rows = np.sum(x * x, axis=1)
    products = x.T @ x if x.shape[1] <= len(x) else x @ x.T
    return float(of_rows.sum()), float(np.sum(products**2)), float(np.sum(of_rows**2))


def _moments(
    n: int, ones: tuple[float, float, float], others: tuple[float, float, float]
) -> tuple[float, float]:
    """Mean and variance of the trace of A P B P' over all permutations P of n rows."""
    mean = ones[0] * others[0] / (n - 1)
    apart, diagonal = 1.0, 1.0
    for first, second, squares in (ones, others):
        apart *= (n - 1) * second - first**2
        diagonal *= n * (n + 1) * squares - (n - 1) * (first**2 + 2 * second)
    variance = 2 * apart / ((n - 1) ** 2 * (n + 1) * (n - 2))
    variance += diagonal / (n * (n + 1) * (n - 1) * (n - 2) * (n - 3))
    return mean, variance
