"""Runs a training: the core's one call, and around it history, progress, callback and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _core, priors
from wbcore._loss_function import LossFunction
from wbcore._progress import Progress
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.optimizers import Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.network import Network
    from wbcore.training.plan import Callback, Plan

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
    core, optimizer = network._core, plan.optimizer
    assert isinstance(optimizer, Optimizer), "Plan has made it one"
    biases = _output_biases(network, y, plan)
    state = optimizer._state(core)
    steps = state.steps
    bar = Progress(plan.epochs) if plan.progress else None
    record: Record = {}
    history = History(record)
    X_val, y_val = plan.validation_data or (None, None)
    try:
        status, epoch, batch = _core.fit(
            core,
            X,
            y,
            X_val,
            y_val,
            options=_options(plan, optimizer, biases),
            state=state._core,
            record=record,
            on_epoch=_on_epoch(history, bar, plan.callback),
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
        if state.steps != steps:  # until then the network is as it was
            network._starts_at_prior = False
        # Refused arguments have left no trace, and so the history of the last fit stays.
        if history.status != "failed" or record:
            network.history = history
    if status == "diverged":
        raise _divergence(plan, optimizer, epoch - plan.first_epoch, batch, history)
    return history


def _output_biases(network: Network, y: ArrayLike, plan: Plan) -> list[float]:
    """Those that the last layer begins with, or none where it goes on as it is."""
    if plan.bias_init is None and not network._starts_at_prior:
        return []
    return list(map(float, priors.prior_biases("fit", network, y, plan.loss)))


def _options(
    plan: Plan, optimizer: Optimizer, biases: Sequence[float] = ()
) -> _core.TrainingOptions:
    """What the core is told beside the data."""
    assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
    return _core.TrainingOptions(
        loss=plan.loss,
        optimizer=optimizer._settings(),
        epochs=plan.epochs,
        first_epoch=plan.first_epoch,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        seed=plan.seed,
        n_threads=plan.n_threads or 0,
        metrics=plan.metrics,
        track=plan.track == "epoch",
        output_biases=biases,
    )


def _divergence(
    plan: Plan, optimizer: Optimizer, epoch: int, batch: int, history: History
) -> DivergenceError:
    """The error of a loss that is not finite; epoch and batch are counted from 0."""
    back = f"those after epoch {epoch}" if epoch else "the initial ones"
    return DivergenceError(
        f"[fit] expected a finite loss, got NaN or infinity in epoch {epoch + 1} of {plan.epochs}, "
        f"batch {batch + 1}; the parameters are {back}. A learning rate below "
        f"{optimizer.learning_rate:g} may help, or X and y scaled to about unit size",
        epoch,
        batch,
        history,
    )


def _on_epoch(
    history: History, bar: Progress | None, callback: Callback | None
) -> Callable[[int], bool] | None:
    """What the core calls after each epoch, or None, so that it need not enter Python at all."""
    if bar is None and callback is None:
        return None

    def on_epoch(epoch: int) -> bool:
        if bar:
            bar.update(history)
        answer = callback(epoch, history) if callback else None
        # Only a true bool stops: many a lambda returns something else by accident.
        return isinstance(answer, (bool, np.bool_)) and bool(answer)

    return on_epoch
