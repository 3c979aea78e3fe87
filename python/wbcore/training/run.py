"""Runs a training: the core's one call, and around it history, progress, callback and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _core
from wbcore._progress import Progress
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.optimizers import LBFGS, Optimizer, _rate
from wbcore.training.followed import Followed
from wbcore.training.full_batch import run_full_batch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["run"]


def run(network: Network, X: ArrayLike, y: ArrayLike, plan: Plan) -> History:
    """Train the network as planned; its history is kept as `network.history`.

    Parameters
    ----------
    network : Network
    X, y : array-like
        The core looks at them before it changes anything.
    plan : Plan

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        When X or y do not suit the network or the loss.
    DivergenceError
        When the loss becomes NaN or infinite.
    RuntimeError
        When another thread is training the network.
    """
    if isinstance(plan.optimizer, LBFGS):
        return run_full_batch(network, X, y, plan)
    bar = Progress(plan.epochs) if plan.progress else None
    record: Record = {}
    history = History(record)
    core, optimizer = network._core, plan.optimizer
    assert isinstance(optimizer, Optimizer), "Plan has made it one"
    X_val, y_val = plan.validation_data or (None, None)
    try:
        status, epoch, batch = _core.fit(
            core,
            X,
            y,
            X_val,
            y_val,
            options=_options(plan),
            optimizer=Followed(optimizer, core),
            record=record,
            on_epoch=_on_epoch(network, history, bar, plan),
        )
        history.status = str(status)
    except KeyboardInterrupt:
        history.status = "interrupted"
        raise
    except BaseException:
        history.status = "failed"
        raise
    finally:
        if bar:
            bar.close()
        # Refused arguments have left no trace, and so the history of the last fit stays.
        if history.status != "failed" or record:
            network.history = history
    if status == "diverged":
        state = optimizer._state(core)
        rate = optimizer._rate_after(state.steps + batch, state)
        raise _divergence(plan, rate, epoch - plan.first_epoch, batch, history)
    return history


def _options(plan: Plan) -> _core.TrainingOptions:
    """What the core is told beside the data."""
    return _core.TrainingOptions(
        loss=str(plan.loss),
        epochs=plan.epochs,
        first_epoch=plan.first_epoch,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        seed=plan.seed,
        n_threads=plan.n_threads or 0,
        metrics=plan.metrics,
        track=plan.track == "epoch",
    )


def _divergence(
    plan: Plan, rate: float, epoch: int, batch: int, history: History
) -> DivergenceError:
    """The error of a loss that is not finite; epoch and batch are counted from 0."""
    back = f"those after epoch {epoch}" if epoch else "the initial ones"
    return DivergenceError(
        f"[fit] expected a finite loss, got NaN or infinity in epoch {epoch + 1} of {plan.epochs}, "
        f"batch {batch + 1}; the parameters are {back}. A learning rate below "
        f"{rate:g} may help, or X and y scaled to about unit size",
        epoch,
        batch,
        history,
    )


def _on_epoch(
    network: Network, history: History, bar: Progress | None, plan: Plan
) -> Callable[[int], bool] | None:
    """What the core calls after each epoch, or None, so that it need not enter Python at all."""
    optimizer, callback = plan.optimizer, plan.callback
    assert isinstance(optimizer, Optimizer), "Plan has made it one"
    if bar is None and callback is None and _rate.watching(optimizer.learning_rate) is None:
        return None

    def on_epoch(epoch: int) -> bool:
        plateau = _rate.watching(optimizer.learning_rate)  # a callback may set another one
        if plateau is not None:
            optimizer.observe(network, getattr(history, plateau.monitor)[-1])
        if bar:
            bar.update(history)
        answer = callback(epoch, history) if callback else None
        # Only a true bool stops: many a lambda returns something else by accident.
        return isinstance(answer, (bool, np.bool_)) and bool(answer)

    return on_epoch
