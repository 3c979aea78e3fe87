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

    from wbcore.sklearn.course import Rows

__all__ = ["train"]


def train(estimator: Any, data: Rows, epochs: int) -> None:  # noqa: ANN401
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
    found = scipy.optimize.minimize(
        function,
        flat.astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        callback=lambda intermediate_result: losses.append(float(intermediate_result.fun)),
        options={"maxfun": estimator.max_fun, "maxiter": epochs, "gtol": estimator.tol},
    )
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
