"""The loss of a network that was not trained yet, when nobody names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wbcore import losses
from wbcore.inspect.networks import loss_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._loss_function import LossFunction
    from wbcore._view import Foreign
    from wbcore.network import Network

__all__ = ["known_or_suggested_loss", "suggested_loss"]


def known_or_suggested_loss(
    operation: str, net: Network, loss: Foreign, y: Foreign
) -> str | LossFunction:
    """The loss that is given, else that of the network's last fit, else what y suggests.

    Raises
    ------
    ValueError
        When there is no loss, and the network was trained by a function.
    """
    if loss is None and net.loss is None and net.history is None:
        return losses.check(operation, suggested_loss(net, y))
    return loss_of(operation, net, loss)


def suggested_loss(net: Network, y: Foreign) -> str:
    """What targets and the last layer suggest, most of all the shape and the values of y.

    "cross_entropy" after softmax, and for labels of several outputs or rows with a single 1;
    "binary_cross_entropy" for what is 0 or 1 (after a sigmoid: from 0 to 1); else "mse".
    """
    activation, outputs = net[-1].activation, net.widths[-1]
    if activation == "softmax":
        return "cross_entropy"
    targets = _finite_rows(y)
    if targets is None or activation not in ("identity", "sigmoid"):
        return "mse"
    if activation == "sigmoid":
        within = bool(((targets >= 0) & (targets <= 1)).all())
        return "binary_cross_entropy" if within else "mse"
    if outputs > 1 and targets.ndim == 1:
        return "cross_entropy"
    if not np.isin(targets, (0, 1)).all():
        return "mse"
    if outputs > 1:
        return "cross_entropy" if (targets.sum(axis=1) == 1).all() else "binary_cross_entropy"
    return "binary_cross_entropy" if 0 < targets.mean() < 1 else "mse"


def _finite_rows(y: Foreign) -> NDArray[np.float64] | None:
    """The rows of y that are finite; None if y is nothing of which that can be told."""
    try:
        targets = np.asarray(y).astype(np.float64)
    except (TypeError, ValueError):
        return None
    if targets.ndim not in (1, 2):
        return None
    finite = np.isfinite(targets)
    targets = targets[finite if targets.ndim == 1 else finite.all(axis=1)]
    return targets if targets.size else None
