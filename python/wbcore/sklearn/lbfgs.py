"""The solver lbfgs: all rows at once, driven by SciPy as scikit-learn has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize
from sklearn.utils.optimize import _check_optimize_result
from sklearn.utils.parallel import _get_threadpool_controller

from wbcore import _core, optimizers
from wbcore.history import History
from wbcore.optimizers import LBFGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network
    from wbcore.sklearn.course import Rows
    from wbcore.sklearn.fit_tasks import FitTasks

__all__ = ["AllRows"]

# SciPy's own, which scikit-learn leaves as they are.
_STANDARD = LBFGS(history_size=10, loss_tolerance=float(np.finfo(float).eps) * 1e7)
# What has no meaning where all rows are taken at once, and what says that it is not used.
_UNUSED: dict[str, Any] = {
    "callbacks": None,
    "metrics": (),
    "schedule": None,
    "clip_norm": None,
    "l1": 0.0,
    "dropout": 0.0,
}


class AllRows:
    """A fit by L-BFGS that has begun, and can be done again from its start.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor

    Raises
    ------
    ValueError
        When one of its parameters has no meaning here.
    """

    def __init__(self, estimator: Any) -> None:
        for name, unused in _UNUSED.items():
            given = getattr(estimator, name)
            if given is not None and not np.array_equal(given, unused):
                raise ValueError(
                    f"[{name}] expected {unused!r} with the solver lbfgs, which takes all rows at "
                    f"once, got {given!r}"
                )
        self._start = estimator.network_.parameters.copy()

    def run(self, estimator: Any, data: Rows, epochs: int, tasks: FitTasks | None = None) -> bool:
        """Train in up to so many iterations; says whether more would change nothing.

        SciPy's iterations cannot be gone on with, so all of them are done from the start.

        Raises
        ------
        ValueError
            When no finite parameters were found.
        """
        flat = estimator.network_.parameters
        flat[...] = self._start
        function = _Function(estimator, data) if tasks is None else _Told(estimator, data, tasks)
        try:
            found = _minimized(estimator, function, flat.astype(np.float64), epochs)
        except _Stopped as stopped:
            found = stopped.found
        is_over = found.nit < epochs or epochs >= estimator.max_iter
        if is_over and found.success is not None:
            estimator.n_iter_ = _check_optimize_result("lbfgs", found, estimator.max_iter)
        else:
            estimator.n_iter_ = int(found.nit)
        estimator.loss_ = float(found.fun)
        estimator.history_ = History({"loss": function.losses}, "completed")
        with np.errstate(over="ignore"):
            flat[...] = found.x
        if not np.isfinite(flat).all():
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may"
                " contain large values and need to be preprocessed."
            )
        return bool(is_over)


class _Function:
    """scikit-learn's loss with its penalty, and the gradient, of all parameters in a row."""

    def __init__(self, estimator: Any, data: Rows) -> None:
        self._network, self._data = estimator.network_, data
        self._answer, self._verbose = estimator._targets.answer, estimator.verbose
        self._decayed = _weights_among(estimator.network_)
        total = len(data.y) if data.weights is None else float(data.weights.sum())
        self._strength = estimator.alpha / total
        self._constant = estimator._targets.constant(data.y, data.weights)
        self._latest = 0.0
        self.losses: list[float] = []

    def __call__(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        flat, data, answer = self._network.parameters, self._data, self._answer
        with np.errstate(over="ignore"):
            flat[...] = x
        loss, gradient, _ = _core.loss_and_gradients(
            self._network._core, data.X, data.y, data.weights, answer.loss
        )
        penalized = np.where(self._decayed, flat, 0).astype(np.float64)
        self._latest = answer.scale * loss + self._constant
        self._latest += 0.5 * self._strength * float(penalized @ penalized)
        slope = answer.slope * gradient.astype(np.float64) + self._strength * penalized
        return self._latest, slope

    def after_iteration(self, _: NDArray[np.float64]) -> None:
        """What SciPy looked at last is what it has taken."""
        self.losses.append(self._latest)
        if self._verbose:
            print(f"Iteration {len(self.losses)}, loss = {self._latest:.8f}")


class _Stopped(Exception):  # noqa: N818 - no error: how SciPy is left
    """One of scikit-learn's callbacks has said so."""

    def __init__(self, x: NDArray[np.float64], loss: float, iterations: int) -> None:
        super().__init__()
        self.found = scipy.optimize.OptimizeResult(x=x, fun=loss, nit=iterations, success=None)


class _Told(_Function):
    """The same, which tells scikit-learn's callbacks of each iteration."""

    def __init__(self, estimator: Any, data: Rows, tasks: FitTasks) -> None:
        super().__init__(estimator, data)
        self._tasks, self._most = tasks, estimator.max_iter
        self._tasks.begin_epoch()

    def after_iteration(self, x: NDArray[np.float64]) -> None:
        """As if the fit had ended here."""
        super().after_iteration(x)
        done, loss, at = len(self.losses), self._latest, x.copy()

        def fitted() -> dict[str, Any]:
            network = self._network.copy()
            network.parameters[...] = at
            return {"network_": network, "n_iter_": done, "loss_": loss}

        self._tasks.fitted = fitted
        if self._tasks.end_epoch():
            raise _Stopped(at, loss, done)
        if done < self._most:
            self._tasks.begin_epoch()


def _minimized(
    estimator: Any,
    function: _Function,
    start: NDArray[np.float64],
    epochs: int,
) -> Any:
    given = estimator.optimizer
    settings = _STANDARD if given is None else optimizers.check("optimizer", given)
    assert isinstance(settings, LBFGS), "others take batches"
    # SciPy's sums over parameters are short: threads of a BLAS take longer to meet than to add.
    with _get_threadpool_controller().limit(limits=1, user_api="blas"):
        return scipy.optimize.minimize(
            function,
            start,
            method="L-BFGS-B",
            jac=True,
            callback=function.after_iteration,
            options={
                "maxfun": estimator.max_fun,
                "maxiter": epochs,
                "gtol": estimator.tol if given is None else settings.tolerance,
                "ftol": settings.loss_tolerance,
                "maxcor": settings.history_size,
            },
        )


def _weights_among(network: Network) -> NDArray[np.bool_]:
    """Which of the flat parameters are weights."""
    arrays = [a for layer in network for a in (layer.weights, layer.biases)]
    return np.concatenate([np.full(array.size, array.ndim == 2) for array in arrays])
