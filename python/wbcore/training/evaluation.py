"""Loss and metrics of a network over a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, _core, losses
from wbcore import metrics as _metrics
from wbcore._foreign import explains_arguments
from wbcore._methods import network_method
from wbcore.data._rows import rows_of
from wbcore.training.own_metrics import OwnMetrics
from wbcore.training.rows import require_no_class_weight
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.losses import LossLike
    from wbcore.metrics import Choices
    from wbcore.network import Network
    from wbcore.training.weights import ClassWeight

__all__ = ["evaluate"]


@network_method
@explains_arguments("evaluate", needs={"loss": "the one that the network was trained with"})
def evaluate(
    self: Network,
    X: ArrayLike | SparseLike | Source,
    y: ArrayLike | None = None,
    *,
    loss: LossLike,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    metrics: Choices = (),
    n_threads: int | None = None,
) -> dict[str, float]:
    """Loss and metrics over all rows of X. Nothing changes.

    Parameters
    ----------
    {X or source}
    {y}
    {loss}
    {weights}
    metrics : sequence of Metric, str, callable or dict of callables, or such a dict
        As for `fit`: of `wbcore.metrics`, such as "accuracy" or `TopK(3)`, or functions of one's
        own, which get what `predict(X)` gives and the targets.
    {n_threads}

    Returns
    -------
    dict of str to float
        "loss" and each metric; functions of one's own last.

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
    chosen = _metrics.check("evaluate", metrics)
    threads = _arguments.n_threads("evaluate", n_threads)
    weights = sample_weight
    if y is None:
        require_no_class_weight("evaluate", class_weight)
    else:
        weights, _ = row_weights(
            "evaluate", self, given, y, sample_weight=sample_weight, class_weight=class_weight
        )
    compared = bool(chosen.texts)
    rows = rows_of("evaluate", self._core, X, y, loss=given, weights=weights, compared=compared)
    try:
        own = OwnMetrics.of_rows("evaluate", self, chosen.functions, given, rows)
        values = _core.evaluate(
            self._core, rows.X, rows.y, rows.weights, given, chosen.texts, threads, rows.windows
        )
        return values | own.values()
    finally:
        rows.close()
