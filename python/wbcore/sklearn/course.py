"""The course of a fit: which rows, in which order, how far; it may stop and go on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from wbcore import _core
from wbcore.errors import DivergenceError
from wbcore.history import History
from wbcore.sklearn.classes import Decisions
from wbcore.sklearn.inputs import callbacks_of
from wbcore.sklearn.rates import has_ended
from wbcore.sklearn.stopping import Bookkeeping
from wbcore.training.plan import Plan
from wbcore.training.run import run as run_plan

if TYPE_CHECKING:
    from numpy.random import RandomState
    from numpy.typing import NDArray

    from wbcore.history import Record
    from wbcore.sklearn.fit_tasks import FitTasks
    from wbcore.sklearn.solvers import Solver
    from wbcore.sklearn.stopping import Validation
    from wbcore.training.plan import RowOrder

__all__ = ["Course", "Rows"]


@dataclass
class Rows:
    """The data of a fit.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (B, I)
    y : ndarray
        As `Targets.encode` gives them.
    weights : ndarray of shape (B,), optional
    validation_data : triple, optional
        As `Network.fit` takes it, of a set of its own.
    """

    X: Any
    y: NDArray[Any]
    weights: NDArray[Any] | None
    validation_data: Any = None


@dataclass
class Course:
    """A fit by batches that has begun.

    Parameters
    ----------
    random_state : numpy.random.RandomState
        Orders are drawn from it, epoch by epoch.
    solver : Solver
    rows : ndarray of int
        Those that are trained on.
    shuffles : bool
        Whether each epoch has an order of its own.
    held_out : ndarray of int, optional
        Those that are not.
    batch_size : int
    seed : int
        Of what dropout leaves out.
    weights : ndarray of shape (B,), optional
        Of rows that stand for others, too; in place of those that are given.

    Attributes
    ----------
    epochs : int
        So many have been done.
    last : ndarray, optional
        The parameters to go on from, where the network has better ones.
    best : ndarray, optional
        Those of the best score, once there is one.
    has_prior : bool
        Whether the last layer is to begin with what the targets are on average.
    record : dict
        The series of all epochs.
    tasks : FitTasks, optional
        Where scikit-learn's callbacks are to be told.
    """

    random_state: RandomState
    solver: Solver
    rows: NDArray[np.int64]
    shuffles: bool
    held_out: NDArray[np.int64] | None
    batch_size: int
    seed: int
    weights: NDArray[Any] | None = None
    epochs: int = 0
    last: NDArray[Any] | None = None
    best: NDArray[Any] | None = None
    has_prior: bool = False
    record: Record = field(default_factory=dict)
    tasks: FitTasks | None = None

    def run(
        self,
        estimator: Any,
        data: Rows,
        validation: Validation | None,
        epochs: int,
    ) -> bool:
        """Train until so many epochs have been done; says whether it is over before them."""
        network = estimator.network_
        self.solver.own_state(network)
        if self.weights is not None:
            data.weights = self.weights
        if self.last is not None:
            network.parameters[...] = self.last
            self.last = None
        if validation is not None:
            # As in scikit-learn, what a warm start begins with is not gone back to.
            is_first = self.best is None and estimator.t_ == 0
            validation.best = network.parameters.copy() if is_first else self.best
        of_rows = None if data.weights is None else data.weights[self.rows]
        constant = estimator._targets.constant(data.y[self.rows], of_rows)
        if self._begins_at_prior and isinstance(estimator._targets, Decisions):
            estimator._targets.start_at_prior(network, data.y[self.rows], of_rows)
        book = Bookkeeping(estimator, self.solver, len(self.rows), constant, validation)
        is_over = self._trained(estimator, data, book, epochs)
        if validation is not None:
            self.last, self.best = network.parameters.copy(), validation.best
            if validation.best is not None:
                network.parameters[...] = validation.best
        self.epochs = estimator.n_iter_
        return is_over

    @property
    def _begins_at_prior(self) -> bool:
        return self.has_prior and self.epochs == 0

    def _trained(self, estimator: Any, data: Rows, book: Bookkeeping, epochs: int) -> bool:
        network = estimator.network_
        before = network.history
        order = self._order(len(data.y))
        plan = self._plan(estimator, data, book, epochs, order)
        try:
            run_plan(network, data.X, data.y, plan, warns=False)
        except DivergenceError:
            if book.validates:
                book.fail(epochs)
                return bool(epochs >= estimator.max_iter)
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may"
                " contain large values and need to be preprocessed."
            ) from None
        except KeyboardInterrupt:
            if network.history is not None and network.history is not before:
                book.catch_up(network, network.history)
            if not estimator.n_iter_:  # there is no loss yet, and nothing learned
                raise
            warnings.warn("Training interrupted by user.", stacklevel=2)
            return True
        finally:
            if isinstance(order, _core.ShuffledRows):
                self.rows = order.rows
            self._keep(estimator)
        return bool(book.is_over or network.history.status == "stopped")

    def _keep(self, estimator: Any) -> None:
        """The history of all epochs, those before a stop too."""
        latest = estimator.network_.history
        if latest is None:  # nothing has begun
            return
        for name, values in latest._record.items():
            self.record.setdefault(name, []).extend(values)
        whole = estimator.history_ = History(dict(self.record), latest.status)
        whole.reason, whole.best_epoch = latest.reason, latest.best_epoch

    def _order(self, rows: int) -> bool | RowOrder:
        """The rows of the next epochs, as `sklearn.utils.shuffle` gives them."""
        if self.shuffles:
            return _core.ShuffledRows(self.random_state._bit_generator, self.rows)
        return False if len(self.rows) == rows else lambda _: self.rows

    def _plan(
        self,
        estimator: Any,
        data: Rows,
        book: Bookkeeping,
        epochs: int,
        order: bool | RowOrder,
    ) -> Plan:
        several = isinstance(estimator._targets, Decisions)  # which have begun with it
        names_prior = self._begins_at_prior and not several
        return Plan(
            loss=estimator._targets.answer.loss,
            optimizer=self.solver.optimizer,
            epochs=epochs - self.epochs,
            batch_size=self.batch_size,
            sample_weight=data.weights,
            class_weight=None,
            bias_init="prior" if names_prior else None,
            validation_data=data.validation_data,
            validation_fraction=None,
            metrics=_with_penalty(estimator.metrics),
            progress=estimator.progress,
            shuffle=order,
            shuffle_window=8,
            seed=self.seed,
            n_threads=estimator.n_threads,
            callback=None,
            callbacks=(book, *callbacks_of(estimator), *self._told(estimator, book)),
            track=None,
            first_epoch=self.epochs,
            checkpoint=None,
            checkpoint_every="1 epoch",
            resume=None,
        )

    def _told(self, estimator: Any, book: Bookkeeping) -> list[FitTasks]:
        """The last callback, if scikit-learn's are to be told."""
        if self.tasks is None:
            return []

        def fitted() -> dict[str, Any]:
            network = estimator.network_.copy()
            if book.best is not None:
                network.parameters[...] = book.best
            curves = ("loss_curve_", "validation_scores_")  # lists that grow
            return {
                "network_": network,
                **{name: copy(getattr(estimator, name)) for name in curves},
            }

        self.tasks.fitted = fitted
        return [self.tasks]

    def warn_unless_converged(self, estimator: Any) -> None:
        """Of a fit that has done all epochs, but not one whose schedule was to end there."""
        optimizer = self.solver.optimizer
        if has_ended(optimizer, optimizer.state(estimator.network_).steps):
            return
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) "
            "reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=2,
        )


def _with_penalty(metrics: Any) -> Any:
    """The metrics of `Network.fit`, and the penalty, which is a part of scikit-learn's loss."""
    if isinstance(metrics, Mapping):
        return ["penalty", metrics]
    if not isinstance(metrics, Iterable) or (isinstance(metrics, np.ndarray) and not metrics.ndim):
        return metrics  # is refused in the words of `Network.fit`
    given = [metrics] if isinstance(metrics, str) else list(metrics)
    has_it = any(isinstance(one, str) and one == "penalty" for one in given)
    return given if has_it else ["penalty", *given]
