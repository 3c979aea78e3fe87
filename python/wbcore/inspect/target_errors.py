"""How large the errors of numbers are, from the smallest targets to the largest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments
from wbcore._statistics import statistics_of
from wbcore.inspect.decisions import decided
from wbcore.inspect.parameters import norm
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["error_by_quantile"]


def error_by_quantile(
    net: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    loss: Loss | str | None = None,
    bins: int = 10,
) -> Table:
    """How large the errors are where the targets are small, and where they are large.

    Parameters
    ----------
    net : Network
    X : array-like or sparse matrix of shape (B, I)
        Or a `Scaled` or `Standardized` of such.
    y : array-like of shape (B,) or (B, O)
        Numbers, as the loss takes them.
    loss : Loss or str, optional
        Default: that of the network's last fit.
    bins : int, default 10
        Parts of about as many rows; equal targets stay together, so that there may be fewer.

    Returns
    -------
    Table
        A row a part, in the order of the targets: ``rows``, ``from`` and ``to``, the least and the
        largest target; ``mean_true`` and ``mean_predicted``; ``bias``, the mean of predicted minus
        true; ``mae`` and ``rmse``. Of several outputs each has its parts, and ``output`` is first.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, or the targets are classes.

    Notes
    -----
    A bias that falls from the first part to the last is no fault by itself: the best prediction of
    a noisy target lies nearer to the mean than the target does.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> error_by_quantile(net, [[1.0], [2.0], [3.0], [4.0]], [1, 2, 4, 6], loss="mse", bins=2)
    Errors by target
    rows     from       to  mean_true  mean_predicted      bias      mae     rmse
    -----------------------------------------------------------------------------
       2  1.00000  2.00000    1.50000         1.50000   0.00000  0.00000  0.00000
       2  4.00000  6.00000    5.00000         3.50000  -1.50000  1.50000  1.58114
    """
    operation = "error_by_quantile"
    bins = _arguments.integer(operation, "bins", bins)
    found = decided(operation, net, X, y, loss)
    if found.of_classes:
        raise ValueError(
            f"[{operation}] expected targets that are numbers, got classes; "
            f"confused_pairs is for these"
        )
    true, predicted = found.true.astype(float), found.predicted.astype(float)
    lines: list[tuple[float, ...]] = []
    output = np.zeros(len(true), np.int64) if found.outputs is None else found.outputs
    for k in range(int(output.max()) + 1):
        mine = np.flatnonzero(output == k)
        parts = min(bins, len(mine))
        edges = np.unique(np.quantile(true[mine], np.arange(1, parts) / parts))
        part = np.searchsorted(edges, true[mine], side="right")
        for p in np.unique(part):
            t, a = true[mine[part == p]], predicted[mine[part == p]]
            with np.errstate(over="ignore"):
                error = a - t
            off = statistics_of(error)
            numbers = t.min(), t.max(), statistics_of(t).mean, statistics_of(a).mean, off.mean
            sizes = off.mean_abs, norm(error) / math.sqrt(len(error))
            first = () if found.outputs is None else (k,)
            lines.append((*first, len(t), *map(float, numbers + sizes)))
    names = ["rows", "from", "to", "mean_true", "mean_predicted", "bias", "mae", "rmse"]
    if found.outputs is not None:
        names.insert(0, "output")
    return Table(names, lines, "Errors by target")
