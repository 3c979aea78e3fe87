"""Trains on all rows at once, by L-BFGS: an epoch is an iteration."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core
from wbcore._loss_function import LossFunction
from wbcore._record_bytes import thinned
from wbcore._view import Foreign, n_rows
from wbcore.data._source import is_source
from wbcore.metrics import Chosen
from wbcore.optimizers.lbfgs import LBFGS, minimized, scipy_minimize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.data._rows import Rows
    from wbcore.network import Network
    from wbcore.training.hooks import Hooks
    from wbcore.training.plan import Plan

__all__ = ["trained"]


class _Stopped(Exception):  # noqa: N818 - no error: how SciPy is left
    """A callback has said so."""


def trained(
    plan: Plan, hooks: Hooks, rows: Rows, validation: Rows, begins: Callable[[], None]
) -> tuple[str, int, int, str]:
    """Train the network of a run; says how it ended, in which epoch and batch, and why.

    Parameters
    ----------
    plan : Plan
        Whose optimizer is an LBFGS.
    hooks : Hooks
        Who is asked after each iteration, about their run.
    rows, validation : Rows
        Arrays; the latter with None as X where there are none.
    begins : callable
        Called before the first iteration where parameters are recorded.

    Raises
    ------
    ImportError
        When there is no SciPy.
    TypeError, ValueError
        When X or y do not suit the network or the loss, or batch_size is less than their rows.
    RuntimeError
        When another thread is training the network, or a callback tries to.
    """
    scipy_minimize()
    ends: list[tuple[str, int, int, str]] = []
    _core.in_turn(
        hooks.run.network._core,
        "fit",
        lambda: ends.append(_FullBatch(plan, hooks, rows, validation).run(begins)),
    )
    return ends[0]


class _FullBatch:
    """What the iterations work on: a copy of the network that no one else sees."""

    def __init__(self, plan: Plan, hooks: Hooks, rows: Rows, validation: Rows) -> None:
        assert isinstance(plan.optimizer, LBFGS), "who else takes all rows"
        run = hooks.run
        self._hooks, self._record = hooks, run.history._record
        self._network, self._plan, self._optimizer = run.network, plan, plan.optimizer
        self._rows, self._validation = rows, validation
        _require_arrays(plan, rows.X)
        self._iterations = _iterations(plan)
        self._copy = run.network.copy()
        self._flat = self._copy._core.parameters
        self._moving, self._decayed = _masks(run.network, self._optimizer)
        if not self._moving.any():
            raise ValueError("[fit] expected a layer that is trainable, got none")
        if plan.bias_init is not None or run.network._starts_at_prior:
            raise ValueError(
                "[fit] expected biases to stay with LBFGS, got those of a prior; call "
                "net.start_at_prior(y, loss=...) before"
            )
        if plan.validation_fraction is not None:
            raise ValueError(
                "[fit] expected validation_data, got validation_fraction, which LBFGS does not "
                "take; hold rows out with wbcore.random.held_out_rows"
            )
        self._loss, _, weight = self._of_data()  # X and y are looked at here
        self._l2 = self._optimizer.l2 / (weight if self._optimizer.penalty_of_sum else 1.0)
        self._penalty = 0.0
        _require_full(rows.X, plan.batch_size)
        assert isinstance(plan.metrics, Chosen), "Plan has made it one"
        texts = plan.metrics.texts
        if validation.X is None:
            self._texts: Sequence[str] = texts
        else:  # of which the others are taken alone
            self._texts = [text for text in texts if text not in plan.metrics.ranks]
            self._evaluated(validation, texts, operation="fit, validation_data")
        self._moment = run._moment
        self._moment.epoch = self._moment.first_epoch = plan.first_epoch or 0
        self._moment.rows, self._moment.batches = n_rows(rows.X), 1
        self._moment.has_begun = True
        self._began = time.perf_counter()

    def run(self, begins: Callable[[], None]) -> tuple[str, int, int, str]:
        moment, plan = self._moment, self._plan
        if not np.isfinite(self._loss):
            return "diverged", moment.first_epoch, 0, ""
        if self._hooks.before_fit():
            return "stopped", moment.first_epoch, 0, ""
        if plan.track is not None:
            begins()
            self._initial = self._last = _core.snapshot(self._network._core)
            self._record["parameters"] = []
            self._track(0)
        try:
            reason = minimized(
                self._optimizer,
                self._function,
                self._flat[self._moving].astype(np.float64),
                self._iterations,
                self._after_iteration,
            )
        except _Stopped:
            return "stopped", moment.epoch, 0, ""
        return "completed", moment.epoch, 0, reason

    def _function(self, moving: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The loss and its gradient with the penalties, of parameters rounded to the network's."""
        with np.errstate(over="ignore"):  # a line search may try any step
            self._flat[self._moving] = moving
        self._loss, gradient, _ = self._of_data()
        decayed = np.where(self._decayed, self._flat, 0)[self._moving].astype(np.float64)
        self._penalty = 0.5 * self._l2 * float(decayed @ decayed)
        value = self._loss + self._penalty
        slope = gradient[self._moving].astype(np.float64) + self._l2 * decayed
        if np.isfinite(value) and np.isfinite(slope).all():
            return value, slope
        # a step too far: SciPy's line search takes a shorter one when this is larger than all else
        return _WORST, np.zeros_like(slope)

    @property
    def _given_loss(self) -> str | LossFunction:
        assert isinstance(self._plan.loss, (str, LossFunction)), "Plan has made it one"
        return self._plan.loss

    def _of_data(self) -> tuple[float, NDArray[Any], float]:
        rows = self._rows
        with _named("fit"):
            return _core.loss_and_gradients(
                self._copy._core, rows.X, rows.y, rows.weights, self._given_loss
            )

    def _evaluated(
        self, rows: Rows, metrics: Sequence[str], operation: str = "fit"
    ) -> dict[str, float]:
        with _named(operation):
            return _core.evaluate(
                self._copy._core,
                rows.X,
                rows.y,
                rows.weights,
                self._given_loss,
                metrics,
                self._plan.n_threads or 0,
            )

    def _after_iteration(self, moving: NDArray[np.float64]) -> None:
        plan = self._plan
        before = self._flat[self._moving]
        accepted = np.asarray(moving).astype(self._flat.dtype)
        if not np.array_equal(before, accepted):  # the line search looked further
            self._function(moving)
        _core.write_parameters(self._network._core, self._flat)
        assert isinstance(plan.metrics, Chosen), "Plan has made it one"
        values = {"loss": self._loss}
        if plan.metrics.penalty:
            values["penalty"] = self._penalty
        if self._texts:
            values |= self._evaluated(self._rows, self._texts) | values
        if self._validation.X is not None:
            of_validation = self._evaluated(
                self._validation, plan.metrics.texts, operation="fit, validation_data"
            )
            values |= {f"val_{name}": value for name, value in of_validation.items()}
        if plan.track is not None:
            self._track(len(self._record.get("loss", ())) + 1)
        for name, value in values.items():
            self._record.setdefault(name, []).append(value)
        now = time.perf_counter()
        self._record.setdefault("seconds", []).append(now - self._began)
        moment = self._moment
        moment.epoch = moment.first_epoch + len(self._record["loss"]) - 1
        moment.batch, moment.steps = 1, moment.steps + 1
        moment.loss = moment.batch_loss = self._loss
        for hook in (self._hooks.after_batch, self._hooks.after_epoch):
            if hook is not None and hook():
                raise _Stopped
        self._began = time.perf_counter()

    def _track(self, step: int) -> None:
        core, epoch = self._network._core, self._moment.first_epoch + step - 1
        entry = _core.parameter_record(core, self._initial, self._last, step, epoch if step else -1)
        best = self._hooks.run.history._best_for_records
        self._record["parameters"] = thinned([*self._record["parameters"], entry], best)
        self._last = _core.snapshot(core)


_WORST = 1e300


def _require_arrays(plan: Plan, X: Foreign) -> None:
    triple: Foreign = plan.validation_data
    if triple is not None and triple[1] is None:  # as a plan has a source
        raise TypeError("[fit, validation_data] expected arrays with LBFGS, got a source")
    if is_source(X):
        raise TypeError(
            "[fit] expected arrays with LBFGS, which takes all rows at once, got a source"
        )


def _iterations(plan: Plan) -> int:
    assert isinstance(plan.optimizer, LBFGS), "who else has them"
    most = plan.optimizer.max_iterations
    if most is not None and plan.epochs not in (1, most):
        raise ValueError(
            f"[fit] expected epochs or max_iterations of LBFGS, which are the same, "
            f"got {plan.epochs} and {most}"
        )
    return plan.epochs if most is None else most


def _require_full(X: ArrayLike | SparseLike, batch_size: int) -> None:
    rows = n_rows(X)
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
