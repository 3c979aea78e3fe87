"""Inputs minus their mean over their spread (section 3.1)."""

import math
from collections.abc import Sequence

from .arithmetic import FLOAT64, ROW_LEAF, Arithmetic
from .arrays import Matrix, Vector

# Of n rows: n, the mean of their distances to the first row of all, and the squares around it.
_Part = tuple[int, float, float]


def standardized(arith: Arithmetic, X: Matrix, mean: Vector, scale: Vector) -> list[list[float]]:
    """Inputs minus a mean over a scale, as a network sees those of ``wbcore.Standardized``.

    Two operations in binary64, on the number as it is given, and then one rounding to the format.

    Parameters
    ----------
    X : matrix of shape (B, I)
    mean, scale : I numbers

    Examples
    --------
    >>> from wbcore.reference import FLOAT32
    >>> standardized(FLOAT32, [[1.0, 4.0]], [2.0, 3.0], [4.0, 0.5])
    [[-0.25, 2.0]]
    """
    D, T = FLOAT64.T, arith.T
    factors = [D(1 / s) for s in scale]
    return [[T(D(D(x - m) * f)) for x, m, f in zip(row, mean, factors, strict=True)] for row in X]


def mean_and_scale(X: Matrix) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each column, the latter 1 where it would be 0; in binary64.

    Leaves of rows, and the tree of row sums, over (number, mean, squares around it) of the
    distances to the first row.

    Parameters
    ----------
    X : matrix of shape (B, I)

    Examples
    --------
    >>> mean_and_scale([[1.0, 5.0], [3.0, 5.0]])
    ([2.0, 5.0], [1.0, 1.0])
    """
    means, scales = [], []
    for column in zip(*X, strict=True):
        parts = [
            _moments([x - column[0] for x in column[low : low + ROW_LEAF]])
            for low in range(0, len(column), ROW_LEAF)
        ]
        n, mean, squares = _tree(parts)
        spread = math.sqrt(squares / n)
        means.append(column[0] + mean)
        scales.append(1.0 if spread == 0 or math.isinf(1 / spread) else spread)
    return means, scales


def _tree(parts: Sequence[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    half = 1 << (len(parts) - 1).bit_length() - 1
    return _together(_tree(parts[:half]), _tree(parts[half:]))


def _moments(distances: Sequence[float]) -> _Part:
    mean = 0.0
    for d in distances:
        mean += d
    mean /= len(distances)
    squares = 0.0
    for d in distances:
        squares += (d - mean) * (d - mean)
    return len(distances), mean, squares


def _together(a: _Part, b: _Part) -> _Part:
    n, d = a[0] + b[0], b[1] - a[1]
    mean = a[1] + d * (b[0] / n)
    return n, mean, (a[2] + b[2]) + (d * d) * (a[0] * b[0] / n)
