"""The time of a training step, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, _core, losses
from wbcore._methods import network_method

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["time_per_update"]


@network_method
def time_per_update(
    self: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    loss: Loss | str,
    batch_size: int = 32,
    repeats: int = 50,
) -> list[float]:
    """Measured time of a training step, by layer. Runs on a copy: nothing changes.

    Parameters
    ----------
    {X}
    {y}
    {loss}
    batch_size : int, default 32
        Rows a batch.
    repeats : int, default 50
        Steps measured, at least 1; the median is taken.

    Returns
    -------
    list of float
        Milliseconds a batch, forward, backward and update, one a layer.

    Raises
    ------
    TypeError, ValueError
        As `fit`.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> times = net.time_per_update(np.ones((32, 4)), np.ones((32, 3)), loss="mse", repeats=3)
    >>> len(times), min(times) > 0
    (2, True)
    """
    operation = "time_per_update"
    return _core.profile(
        self._core,
        X,
        y,
        losses.check(operation, loss),
        _arguments.integer(operation, "batch_size", batch_size),
        _arguments.integer(operation, "repeats", repeats),
    )
