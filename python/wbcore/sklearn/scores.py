"""The scores that early stopping goes by, as scikit-learn's metrics give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["accuracy", "r2"]


def accuracy(hits: NDArray[np.bool_], weights: NDArray[Any] | None) -> float:
    """The share of rows that are right.

    Parameters
    ----------
    hits : ndarray of shape (B,)
    weights : ndarray of shape (B,), optional
    """
    return float(np.average(hits, weights=weights))


def r2(y: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None) -> float:
    """The coefficient of determination, its mean over outputs.

    Parameters
    ----------
    y, outputs : ndarray of shape (B,) or (B, O)
    weights : ndarray of shape (B,), optional

    Returns
    -------
    float
        An output whose targets are all equal counts 1 where it is exact, else 0.
    """
    y, outputs = (np.reshape(array, (len(array), -1)).astype(np.float64) for array in (y, outputs))
    w: Any = 1.0 if weights is None else np.asarray(weights, np.float64)[:, None]
    unexplained = (w * (y - outputs) ** 2).sum(axis=0)
    total = (w * (y - np.average(y, axis=0, weights=weights)) ** 2).sum(axis=0)
    each = np.where(unexplained == 0, 1.0, 0.0)
    varies = (total != 0) & (unexplained != 0)
    each[varies] = 1 - unexplained[varies] / total[varies]
    return float(each.mean())
