"""The solver lbfgs: all rows at once, driven by SciPy as scikit-learn has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize
from sklearn.utils.optimize import _check_optimize_result

from wbcore import _core
from wbcore.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network
    from wbcore.sklearn.course import Rows
    from wbcore.sklearn.fit_tasks import FitTasks

__all__ = ["train"]

#: SciPy's status where a callback has raised StopIteration.
_STOPPED = 99


def train(
    estimator: Any,  # noqa: ANN401
    data: Rows,
    epochs: int,
    tasks: FitTasks | None = None,
) -> None:
    """Train the network of an estimator, in up to so many iterations.

    Raises
    ------
    ValueError
        When no finite parameters were found.
    """
    network, answer = estimator.network_, estimator._targets.answer
    flat = network.parameters
    decayed = np.concatenate(
        [np.full(a.size, a.ndim == 2) for layer in network for a in (layer.weights, layer.biases)]
    )
    weights = data.weights
    total = len(data.y) if weights is None else float(weights.sum())
    constant = estimator._targets.constant(data.y, weights)
    strength = estimator.alpha / total

    def function(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        with np.errstate(over="ignore"):
            flat[...] = x
        loss, gradient = _core.loss_and_gradients(
            network._core, data.X, data.y, weights, answer.loss
        )
        penalized = np.where(decayed, flat, 0).astype(np.float64)
        value = answer.scale * loss + constant + 0.5 * strength * float(penalized @ penalized)
        return value, answer.slope * gradient.astype(np.float64) + strength * penalized

    losses: list[float] = []

    def after_iteration(intermediate_result: Any) -> None:  # noqa: ANN401, of SciPy
        losses.append(float(intermediate_result.fun))
        if tasks is None:
            return
        x, done = intermediate_result.x, len(losses)
        tasks.fitted = lambda: {"network_": _with(network, x), "n_iter_": done, "loss_": losses[-1]}
        if tasks.end_epoch():
            raise StopIteration
        if done < epochs:
            tasks.begin_epoch()

    if tasks is not None:
        tasks.begin_epoch()
    found = scipy.optimize.minimize(
        function,
        flat.astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        callback=after_iteration,
        options={"maxfun": estimator.max_fun, "maxiter": epochs, "gtol": estimator.tol},
    )
    if found.status == _STOPPED:
        estimator.n_iter_ = int(found.nit)
    else:
        estimator.n_iter_ = _check_optimize_result("lbfgs", found, estimator.max_iter)
    estimator.loss_ = float(found.fun)
    estimator.history_ = History({"loss": losses}, "completed")
    with np.errstate(over="ignore"):
        flat[...] = found.x
    if not np.isfinite(flat).all():
        raise ValueError(
            "Solver produced non-finite parameter weights. The input data may"
            " contain large values and need to be preprocessed."
        )


def _with(network: Network, parameters: NDArray[np.float64]) -> Network:
    """A copy with other parameters."""
    copy = network.copy()
    copy.parameters[...] = parameters
    return copy
