"""How far targets go with what is held beside them, in standard deviations of shuffled targets.

0 is what shuffled targets give on average, and 3 they reach once in 700 times.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WEAK", "Relation", "of_columns", "of_predictions", "products"]

#: The part of the variance of targets that a weak relation explains: of as many of both classes it
#: makes 60 % of labels right.
WEAK = 0.025
_FEWEST = 4  # rows: the variance over all permutations divides by n - 3
_MOST_PRODUCTS = 200


def of_predictions(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """The sum of products of predictions and targets, (R, K) each, against that of permuted ones.

    Its variance over all permutations is Hoeffding's (1951).
    """
    given, wanted = given - given.mean(axis=0), wanted - wanted.mean(axis=0)
    variance = float(np.sum((given.T @ given) * (wanted.T @ wanted))) / (len(given) - 1)
    return float(np.sum(given * wanted)) / math.sqrt(variance) if variance > 0 else 0.0


class Relation(NamedTuple):
    """How far targets go with columns, in standard deviations of shuffled targets."""

    deviations: float
    of_weak: float
    """What they would be, on average, of targets of which columns of no common part explain
    `WEAK`."""


def of_columns(x: NDArray[np.float64], wanted: NDArray[np.float64]) -> Relation:
    """The sum of the squared covariances of columns (R, I) and targets (R, K), likewise.

    No network sees a weak relation to many columns as well as their sum does. Mean and variance
    over all permutations are exact (F. Kazi-Aoual et al., 1995); as a sum of squares it is taken
    for a chi-squared variable of these moments, and that for a normal one (Wilson and Hilferty).
    """
    n = len(x)
    if n < _FEWEST:
        return Relation(0.0, 0.0)
    x, wanted = x - x.mean(axis=0), wanted - wanted.mean(axis=0)
    of_x, of_wanted = _traces(x), _traces(wanted)
    mean, variance = _moments(n, of_x, of_wanted)
    if mean <= 0 or variance <= 0:
        return Relation(0.0, 0.0)
    found = float(np.sum((x.T @ wanted) ** 2))
    part = variance / (9 * mean * mean)  # 2 / (9 degrees of freedom)
    deviations = (float((found / mean) ** (1 / 3)) - (1 - part)) / math.sqrt(part)
    return Relation(deviations, WEAK * n * of_wanted[0] / math.sqrt(variance))


def products(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The squares of columns of one scale; of few columns the products of two, too, (R, P)."""
    columns = x.shape[1]
    if columns * (columns + 1) // 2 > _MOST_PRODUCTS:
        return x * x
    first, second = np.triu_indices(columns)
    return x[:, first] * x[:, second]


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
