"""Runs a training on all rows at once: L-BFGS, and around it history, progress and callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core
from wbcore._progress import Progress
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.optimizers.lbfgs import LBFGS, minimized, scipy_minimize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["run_full_batch"]


class _Stopped(Exception):  # noqa: N818 - no error: how SciPy is left
    """The callback has said so."""


def run_full_batch(network: Network, X: ArrayLike, y: ArrayLike, plan: Plan) -> History:
    """Train the network as planned; its history is kept as `network.history`.

    Parameters
    ----------
    network : Network
    X, y : array-like
    plan : Plan
        Whose optimizer is an LBFGS.

    Returns
    -------
    History

    Raises
    ------
    ImportError
        When there is no SciPy.
    TypeError, ValueError
        When X or y do not suit the network or the loss, or batch_size is less than their rows.
    DivergenceError
        When the loss of the initial parameters is NaN or infinite.
    RuntimeError
        When another thread is training the network, or the callback tries to.
    """
    scipy_minimize()
    histories: list[History] = []
    _core.in_turn(
        network._core, "fit", lambda: histories.append(_FullBatch(network, X, y, plan).run())
    )
    return histories[0]


class _FullBatch:
    """What the iterations work on: a copy of the network that no one else sees."""

    def __init__(self, network: Network, X: ArrayLike, y: ArrayLike, plan: Plan) -> None:
        assert isinstance(plan.optimizer, LBFGS), "who else takes all rows"
        self._network, self._plan, self._optimizer = network, plan, plan.optimizer
        self._X, self._y = X, y
        self._iterations = _iterations(plan)
        self._copy = network.copy()
        self._flat = self._copy._core.parameters
        self._moving, self._decayed = _masks(network, self._optimizer)
        if not self._moving.any():
            raise ValueError("[fit] expected a layer that is trainable, got none")
        self._loss = self._of_data()[0]  # X and y are looked at here
        _require_full(X, plan.batch_size)
        if plan.validation_data is not None:
            self._evaluated(*plan.validation_data, operation="fit, validation_data")
        self._record: Record = {}
        self._history = History(self._record)

    def run(self) -> History:
        history, plan = self._history, self._plan
        if not np.isfinite(self._loss):
            history.status = "diverged"
            self._network.history = history
            raise DivergenceError(
                "[fit] expected a finite loss of the initial parameters, got NaN or infinity; "
                "X and y scaled to about unit size may help",
                0,
                0,
                history,
            )
        if plan.track is not None:
            self._record["parameters"] = [_core.statistics(self._network._core)]
        self._bar = Progress(self._iterations) if plan.progress else None
        try:
            minimized(
                self._optimizer,
                self._function,
                self._flat[self._moving].astype(np.float64),
                self._iterations,
                self._after_iteration,
            )
            history.status = "completed"
        except _Stopped:
            history.status = "stopped"
        except KeyboardInterrupt:
            history.status = "interrupted"
            raise
        except BaseException:
            history.status = "failed"
            raise
        finally:
            if self._bar:
                self._bar.close()
            self._network.history = history
        return history

    def _function(self, moving: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The loss and its gradient with the penalties, of parameters rounded to the network's."""
        with np.errstate(over="ignore"):  # a line search may try any step
            self._flat[self._moving] = moving
        self._loss, gradient = self._of_data()
        decayed = np.where(self._decayed, self._flat, 0)[self._moving].astype(np.float64)
        l2 = self._optimizer.l2
        value = self._loss + 0.5 * l2 * float(decayed @ decayed)
        slope = gradient[self._moving].astype(np.float64) + l2 * decayed
        if np.isfinite(value) and np.isfinite(slope).all():
            return value, slope
        # a step too far: SciPy's line search takes a shorter one when this is larger than all else
        return _WORST, np.zeros_like(slope)

    def _of_data(self) -> tuple[float, NDArray[Any]]:
        with _named("fit"):
            return _core.loss_and_gradients(
                self._copy._core, self._X, self._y, str(self._plan.loss)
            )

    def _evaluated(self, X: ArrayLike, y: ArrayLike, operation: str = "fit") -> dict[str, float]:
        plan = self._plan
        with _named(operation):
            return _core.evaluate(
                self._copy._core, X, y, str(plan.loss), list(plan.metrics), plan.n_threads or 0
            )

    def _after_iteration(self, moving: NDArray[np.float64]) -> None:
        plan, history = self._plan, self._history
        before = self._flat[self._moving]
        accepted = np.asarray(moving).astype(self._flat.dtype)
        if not np.array_equal(before, accepted):  # the line search looked further
            self._function(moving)
        _core.write_parameters(self._network._core, self._flat)
        values = {"loss": self._loss}
        if plan.metrics:
            values |= self._evaluated(self._X, self._y) | values
        if plan.validation_data is not None:
            of_validation = self._evaluated(*plan.validation_data, operation="fit, validation_data")
            values |= {f"val_{name}": value for name, value in of_validation.items()}
        for name, value in values.items():
            self._record.setdefault(name, []).append(value)
        if plan.track is not None:
            self._record["parameters"].append(_core.statistics(self._network._core))
        if self._bar:
            self._bar.update(history)
        epoch = plan.first_epoch + len(history) - 1
        answer = plan.callback(epoch, history) if plan.callback else None
        if isinstance(answer, (bool, np.bool_)) and answer:
            raise _Stopped


_WORST = 1e300


def _iterations(plan: Plan) -> int:
    assert isinstance(plan.optimizer, LBFGS), "who else has them"
    most = plan.optimizer.max_iterations
    if most is not None and plan.epochs not in (1, most):
        raise ValueError(
            f"[fit] expected epochs or max_iterations of LBFGS, which are the same, "
            f"got {plan.epochs} and {most}"
        )
    return plan.epochs if most is None else most


def _require_full(X: ArrayLike, batch_size: int) -> None:
    rows = len(X)  # type: ignore[arg-type]
    if batch_size < rows:
        raise ValueError(
            f"[fit] expected a batch_size of at least the {rows} rows of X, since LBFGS takes all "
            f"of them in each iteration, got {batch_size}; pass batch_size=len(X)"
        )


def _masks(network: Network, optimizer: LBFGS) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of the flat parameters: those that are trained, and those that l2 counts for."""
    moving = [
        np.full(array.size, layer.trainable)
        for layer in network
        for array in (layer.weights, layer.biases)
        if array is not None
    ]
    decayed = [
        np.full(array.size, layer.trainable and (is_weight or optimizer.decay_biases))
        for layer in network
        for is_weight, array in ((True, layer.weights), (False, layer.biases))
        if array is not None
    ]
    return np.concatenate(moving), np.concatenate(decayed)


class _named:  # noqa: N801 - used as a function is
    """Gives the refusals of the core's other functions the name of the one that was called."""

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (TypeError, ValueError)) and str(error).startswith("["):
            said = str(error).partition("] ")[2]
            raise type(error)(f"[{self._operation}] {said}") from None
