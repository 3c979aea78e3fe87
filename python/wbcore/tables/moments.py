"""Mean and spread of columns whose rows have weights and gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore._view import dense

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Numbers = NDArray[np.float64]

__all__ = ["Moments", "moments"]

_AT_ONCE = 2**18  # numbers of a block: temporary arrays of two megabytes
_RELATIVE_ROUNDING = 2.0**-40


class Moments(NamedTuple):
    """Of the columns of X, each array (I,)."""

    mean: NDArray[np.float64]
    """0 where all is missing."""
    scale: NDArray[np.float64]
    """Standard deviation, of the population; 1 of a constant column."""
    constant: NDArray[np.bool_]
    """Of which all rows are equal, but for rounding."""
    missing: NDArray[np.bool_]
    """Of which a row is missing."""


def moments(
    X: Any,  # noqa: ANN401, an array, or a matrix without types
    weights: NDArray[np.float64] | None = None,
) -> Moments:
    """Mean, spread and gaps of columns; a row of weight k counts as k rows.

    Sums go over rows in order, so that they are the same on every machine. Distances to a value of
    the column itself are what is summed, so that a large mean costs no digits.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (B, I)
        B at least 1. NaN is missing; infinity is refused elsewhere. A sparse matrix becomes dense
        block by block, so that the sums are those of an array.
    weights : ndarray of shape (B,), optional
        Above 0.

    Returns
    -------
    Moments
    """
    columns = X.shape[1]
    first = _first(X)
    total, count, lacking = np.zeros((3, columns))
    for rows in _blocks(X):
        d, w, gaps = _distances(X, rows, first, weights)
        total += (w * d).sum(axis=0)
        count += w.sum(axis=0)
        lacking += gaps
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(count > 0, total / count, 0.0)
    squares, differs = np.zeros(columns), np.zeros(columns, bool)
    with np.errstate(over="ignore"):
        for rows in _blocks(X):
            d, w, _ = _distances(X, rows, first, weights)
            differs |= (d != 0).any(axis=0)
            squares += (w * (d - shift) ** 2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(np.where(count > 0, squares / count, 0.0))
    mean = np.where(differs, first + shift, first)
    constant = ~differs | (scale <= np.abs(mean) * _RELATIVE_ROUNDING) | (scale < 1e-150)
    return Moments(mean, np.where(constant, 1.0, scale), constant, lacking > 0)


def _blocks(X: Any) -> list[slice]:  # noqa: ANN401, arrays, and matrices without types
    step = max(1, _AT_ONCE // max(1, X.shape[1]))
    return [slice(start, start + step) for start in range(0, X.shape[0], step)]


def _first(X: Any) -> _Numbers:  # noqa: ANN401
    """The first value of each column, 0 where it has none."""
    first: _Numbers = np.full(X.shape[1], np.nan)
    for rows in _blocks(X):
        lacking = np.flatnonzero(np.isnan(first))
        block = np.asarray(dense(X[rows]), np.float64)[:, lacking]
        there = ~np.isnan(block)
        places = np.argmax(there, axis=0)
        first[lacking] = block[places, np.arange(len(lacking))]
        if there.any(axis=0).all():
            break
    return np.nan_to_num(first, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _distances(
    X: Any,  # noqa: ANN401
    rows: slice,
    first: _Numbers,
    weights: NDArray[np.float64] | None,
) -> tuple[_Numbers, _Numbers, _Numbers]:
    """Of a block, rows before columns in memory: distances to `first`, weights, gaps a column."""
    d = np.ascontiguousarray(dense(X[rows]), np.float64) - first
    gaps = np.isnan(d)
    w = np.ones((len(d), 1)) if weights is None else weights[rows, None]
    if not gaps.any():
        return d, np.broadcast_to(w, d.shape), np.zeros(d.shape[1])
    d[gaps] = 0.0
    return d, np.where(gaps, 0.0, w), gaps.sum(axis=0).astype(np.float64)
