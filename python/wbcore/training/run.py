"""Runs a training: the core's one call, and around it history, progress, callback and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _core
from wbcore._loss_function import LossFunction
from wbcore._progress import Progress
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.metrics import Chosen
from wbcore.optimizers import Optimizer
from wbcore.training.own_metrics import OwnMetrics
from wbcore.training.weights import row_weights

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
    bar = Progress(plan.epochs) if plan.progress else None
    record: Record = {}
    history = History(record)
    core, optimizer = network._core, plan.optimizer
    assert isinstance(optimizer, Optimizer), "Plan has made it one"
    assert isinstance(plan.metrics, Chosen), "likewise"
    loss = plan.loss
    assert isinstance(loss, (str, LossFunction)), "likewise"
    weights, classes = row_weights(
        "fit", network, loss, y, sample_weight=plan.sample_weight, class_weight=plan.class_weight
    )
    X_val, y_val, weights_val = (*(plan.validation_data or ()), None, None, None)[:3]
    if isinstance(loss, LossFunction):
        loss.require_takes("fit, validation_data", weights_val, None)
    elif y_val is not None and classes is not None:
        weights_val = classes.of_validation().times(
            y_val, weights_val, loss=loss, outputs=network.widths[-1]
        )
    judged = (X, y, weights) if y_val is None else (X_val, y_val, weights_val)
    own = OwnMetrics("fit", network, plan.metrics.functions, loss, *judged)
    try:
        status, epoch, batch = _core.fit(
            core,
            X,
            y,
            weights,
            X_val,
            y_val,
            weights_val,
            options=_options(plan, optimizer),
            state=optimizer._state(core)._core,
            record=record,
            on_epoch=_on_epoch(history, bar, plan, own),
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
        raise _divergence(plan, optimizer, epoch - plan.first_epoch, batch, history)
    return history


def _options(plan: Plan, optimizer: Optimizer) -> _core.TrainingOptions:
    """What the core is told beside the data."""
    assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
    assert isinstance(plan.metrics, Chosen), "likewise"
    return _core.TrainingOptions(
        loss=plan.loss,
        optimizer=optimizer._settings(),
        epochs=plan.epochs,
        first_epoch=plan.first_epoch,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        seed=plan.seed,
        n_threads=plan.n_threads or 0,
        metrics=plan.metrics.texts,
        track=plan.track == "epoch",
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
    history: History, bar: Progress | None, plan: Plan, own: OwnMetrics
) -> Callable[[int], bool] | None:
    """What the core calls after each epoch, or None, so that it need not enter Python at all."""
    callback = plan.callback
    if bar is None and callback is None and not own.functions:
        return None
    prefix = "" if plan.validation_data is None else "val_"

    def on_epoch(epoch: int) -> bool:
        own.add_to(history._record, prefix)
        if bar:
            bar.update(history)
        answer = callback(epoch, history) if callback else None
        # Only a true bool stops: many a lambda returns something else by accident.
        return isinstance(answer, (bool, np.bool_)) and bool(answer)

    return on_epoch
