"""The rows of one batch of a fit, and what each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore import losses
from wbcore._view import Foreign, View, dense, is_sparse, n_rows
from wbcore.data._blocks import Blocks
from wbcore.data._order import row_order
from wbcore.data._source import like
from wbcore.random import permutation
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["Batch", "as_read", "batch_of", "targets_in_reference"]


class Batch(NamedTuple):
    """Rows in the order in which a step takes them.

    Parameters
    ----------
    rows : ndarray of int
        Their numbers in X.
    X, y : array-like
    weights : ndarray of shape (B,), or None
        With those of their classes.
    """

    rows: NDArray[np.int64]
    X: Any
    y: NDArray[Any]
    weights: NDArray[np.float64] | None


def batch_of(
    network: Network,
    plan: Plan,
    data: tuple[Foreign, Foreign],
    place: tuple[int, int],
    held_out: NDArray[np.int64],
) -> Batch:
    """Batch `place[1]` of epoch `place[0]` of a fit on arrays.

    Parameters
    ----------
    network : Network
    plan : Plan
    data : tuple
        X and y.
    place : tuple of int
        Epoch and batch.
    held_out : ndarray of int
        The rows that the fit is not trained on.
    """
    X, y = data
    n = n_rows(X)
    trained = np.setdiff1d(np.arange(n), held_out)
    epoch, batch = place
    order = _order(plan, data, trained, epoch)
    rows = order[batch * plan.batch_size : (batch + 1) * plan.batch_size]
    weights, _ = row_weights(
        "fit",
        network,
        losses.check_given("fit", plan.loss),
        y,
        sample_weight=plan.sample_weight,
        class_weight=plan.class_weight,
    )
    own = None if weights is None else np.asarray(weights, float)[rows]
    view = X if isinstance(X, View) else None
    array = X if view is None else view.array
    array = array if is_sparse(array) else np.asarray(array)
    return Batch(rows, like(view, array[rows]), np.asarray(y)[rows], own)


def _order(
    plan: Plan, data: tuple[Foreign, Foreign], trained: NDArray[np.int64], epoch: int
) -> NDArray[np.int64]:
    """The rows of an epoch, by their numbers in X."""
    if plan.row_order is not None:
        return np.asarray(plan.row_order(epoch), np.int64)
    if plan.shuffle == "blocks":
        window = plan.shuffle_window
        return row_order(Blocks(*data).rows, seed=plan.seed, epoch=epoch, shuffle_window=window)
    if plan.shuffle:
        return trained[permutation(len(trained), seed=plan.seed, epoch=epoch)]
    return trained


def as_read(network: Network, X: Foreign) -> NDArray[Any]:
    """The numbers that a network finds in these rows, in its format; they have been checked.

    Returns
    -------
    ndarray of shape (B, I)
    """
    rows: Foreign = like(X, dense(X.array)) if isinstance(X, View) else dense(X)
    return np.ascontiguousarray(rows, network.dtype)


def targets_in_reference(loss: str, y: Foreign, outputs: int) -> Foreign:
    """Targets as `wbcore.reference` takes them: whole numbers are labels."""
    from wbcore.reference import LOSSES

    array, kind = np.asarray(y), LOSSES.choice(loss).targets
    if array.ndim == 1 and (kind == "classes" or (kind == "signs" and outputs > 1)):
        return [int(label) for label in array.tolist()]
    return array.astype(float).reshape(len(array), -1).tolist()
