"""Loss and metrics of a network over a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, _core, losses
from wbcore import metrics as _metrics
from wbcore._methods import network_method
from wbcore.training.own_metrics import OwnMetrics
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.losses import LossLike
    from wbcore.metrics import Choices
    from wbcore.network import Network
    from wbcore.training.weights import ClassWeight

__all__ = ["evaluate"]


@network_method
def evaluate(
    self: Network,
    X: ArrayLike,
    y: ArrayLike,
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
    {X}
    {y}
    {loss}
    {weights}
    metrics : sequence of Metric, str, callable, or dict of callables
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
    weights, _ = row_weights(
        "evaluate", self, given, y, sample_weight=sample_weight, class_weight=class_weight
    )
    values = _core.evaluate(self._core, X, y, weights, given, chosen.texts, threads)
    return values | OwnMetrics("evaluate", self, chosen.functions, given, X, y, weights).values()
