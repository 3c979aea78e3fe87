"""How many rows of two sets are equal by nature: by what their columns are, not by being copies.

Integers and categories agree often, and so do whole rows of a few of them; of several columns of
measurements no two rows do. How often rows are equal in what was given says nothing of it: copies
that were made before a split lie within the training, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["equal_by_nature"]

_MOST_COLUMNS = 32  # that are held against each other; more could but lessen the chance
_ROWS_A_COLUMN = 4  # of fewer every column would go with the others
_NOTHING = 1e-12  # of 1 - R2: roundings of sums


def equal_by_nature(rows: NDArray[np.float64], pairs: float) -> float:
    """How many of so many pairs of rows are expected to be equal.

    Parameters
    ----------
    rows : ndarray of shape (D, I)
        All different.
    pairs : float
    """
    return pairs * _chance(rows)


def _chance(rows: NDArray[np.float64]) -> float:
    """That two rows agree in all columns: the product of what each adds to those before it.

    That two agree in a column is the sum of the squared shares of its values. Of a column that goes
    with others, as the pixels of an image and the columns of one category, but the rest is left to
    tell rows apart: its spread where those are known is less by the root of 1 - R2, and the chance
    greater. By ranks, so that any ascending function of a column adds nothing to it.
    """
    n = len(rows)
    chances = np.array([_agreeing(values) for values in np.sort(rows, axis=0).T])
    telling = np.argsort(chances, kind="stable")[: min(_MOST_COLUMNS, n // _ROWS_A_COLUMN)]
    telling = telling[chances[telling] < 1]
    ranks = np.array([_ranks(rows[:, column]) for column in telling]).reshape(-1, n).T - n / 2
    ranks /= np.sqrt(np.sum(ranks**2, axis=0))
    rest = _rest(ranks.T @ ranks)
    alone = np.divide(chances[telling], rest, out=np.ones(len(telling)), where=rest > 0)
    return float(np.prod(np.minimum(alone, 1.0)))


def _rest(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    """What of each column those before it leave: the root of 1 - R2, (K,); 0 where all is theirs.

    A Cholesky decomposition that goes on after a column of which nothing is left; reflections of
    all rows would take more time than all else that is looked at.
    """
    left, rest = correlations.copy(), np.zeros(len(correlations))
    for k in range(len(left)):
        if left[k, k] > _NOTHING:
            rest[k] = np.sqrt(left[k, k])
            left -= np.outer(left[:, k], left[k]) / left[k, k]
    return rest


def _agreeing(ascending: NDArray[np.float64]) -> float:
    """The chance that two values of a column agree."""
    bounds = np.flatnonzero(np.diff(ascending)) + 1
    counts = np.diff(np.concatenate([[0], bounds, [len(ascending)]]))
    return float(np.sum((counts / len(ascending)) ** 2))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each value its place among all, equal ones in the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    places: NDArray[np.float64] = (np.cumsum(counts) - counts / 2)[inverse]
    return places
