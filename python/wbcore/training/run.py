"""Runs a training: the core's one call, and around it history, progress, callback and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _core, priors
from wbcore._loss_function import LossFunction
from wbcore._progress import Progress
from wbcore._view import Foreign
from wbcore.data._rows import Rows, rows_of
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.optimizers import Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.data._source import Source
    from wbcore.network import Network
    from wbcore.training.plan import Callback, Plan

__all__ = ["run"]


def run(network: Network, X: ArrayLike | Source, y: ArrayLike | None, plan: Plan) -> History:
    """Train the network as planned; its history is kept as `network.history`.

    Parameters
    ----------
    network : Network
    X, y : array-like, or a source and None
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
    state = optimizer._state(core)
    steps = state.steps
    bar = Progress(plan.epochs) if plan.progress else None
    record: Record = {}
    history = History(record)
    rows = validation = Rows(None, None)
    try:
        rows = _rows(core, X, y, plan)
        validation = _validation_rows(core, plan)
        status, epoch, batch = _core.fit(
            core,
            rows.X,
            rows.y,
            validation.X,
            validation.y,
            options=_options(plan, optimizer, _output_biases(network, rows, plan)),
            state=state._core,
            record=record,
            on_epoch=_on_epoch(history, bar, plan.callback),
            windows=rows.windows,
            validation_windows=validation.windows,
        )
        history.status = str(status)
    except KeyboardInterrupt:
        history.status = "interrupted"
        raise
    except BaseException:
        history.status = "failed"
        raise
    finally:
        rows.close()
        validation.close()
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


def _rows(core: _core._Network, X: Foreign, y: Foreign, plan: Plan) -> Rows:
    """What is trained on."""
    return rows_of(
        "fit",
        core,
        X,
        y,
        loss=_loss(plan),
        compared=bool(plan.metrics),
        piece=plan.batch_size,
        end=plan.first_epoch + plan.epochs,
        shuffle=plan.shuffle,
        window=plan.shuffle_window,
        seed=plan.seed,
    )


def _validation_rows(core: _core._Network, plan: Plan) -> Rows:
    """What each epoch is measured by, if anything."""
    pair: Foreign = plan.validation_data
    if pair is None:
        return Rows(None, None)
    return rows_of(
        "fit, validation_data",
        core,
        *pair,
        loss=_loss(plan),
        compared=bool(plan.metrics),
        end=plan.first_epoch + plan.epochs,
    )


def _loss(plan: Plan) -> str | LossFunction:
    assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
    return plan.loss


def _output_biases(network: Network, rows: Rows, plan: Plan) -> list[float]:
    """Those that the last layer begins with, or none where it goes on as it is."""
    if plan.bias_init is None and not network._starts_at_prior:
        return []
    y = rows.y if rows.windows is None else rows.windows.source
    return list(map(float, priors.prior_biases("fit", network, y, _loss(plan))))


def _options(
    plan: Plan, optimizer: Optimizer, biases: Sequence[float] = ()
) -> _core.TrainingOptions:
    """What the core is told beside the data."""
    return _core.TrainingOptions(
        loss=_loss(plan),
        optimizer=optimizer._settings(),
        epochs=plan.epochs,
        first_epoch=plan.first_epoch,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle is True,
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
