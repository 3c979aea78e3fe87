"""Loss and metrics of a network over a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wbcore import _arguments, _core, losses
from wbcore._foreign import explains_arguments
from wbcore._methods import network_method
from wbcore.data._rows import rows_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.data._source import Source
    from wbcore.losses import LossLike
    from wbcore.network import Network

__all__ = ["evaluate"]


@network_method
@explains_arguments("evaluate", needs={"loss": "the one that the network was trained with"})
def evaluate(
    self: Network,
    X: ArrayLike | Source,
    y: ArrayLike | None = None,
    *,
    loss: LossLike,
    metrics: Sequence[str] = (),
    n_threads: int | None = None,
) -> dict[str, float]:
    """Loss and metrics over all rows of X. Nothing changes.

    Parameters
    ----------
    {X}
    {y}
    {loss}
    metrics : sequence of str
        Names of `wbcore.losses.METRICS`, as for `fit`.
    {n_threads}

    Returns
    -------
    dict of str to float
        "loss" and each metric.

    Raises
    ------
    TypeError, ValueError
        As `fit`.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> net.evaluate([[1], [3]], [1, 2], loss="mse", metrics=["mae"])
    {'loss': 0.5, 'mae': 0.5}
    """
    given = losses.check_given("evaluate", loss)
    names = losses.check_metrics("evaluate", metrics)
    threads = _arguments.n_threads("evaluate", n_threads)
    rows = rows_of("evaluate", self._core, X, y, loss=given, compared=bool(names))
    try:
        return _core.evaluate(self._core, rows.X, rows.y, given, names, threads, rows.windows)
    finally:
        rows.close()
