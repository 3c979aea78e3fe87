"""What `Network.fit` does around the core's one call: arguments, history, progress, callback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wbcore import _arguments, losses
from wbcore._progress import Progress
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.optimizers import SGD

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.network import Network

__all__ = ["Callback", "fit"]

Callback: TypeAlias = Callable[[int, History], object]


def fit(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str,
    optimizer: SGD | None,
    epochs: int,
    batch_size: int,
    validation_data: tuple[ArrayLike, ArrayLike] | None,
    metrics: Sequence[str],
    progress: bool,
    shuffle: bool,
    seed: int,
    n_threads: int | None,
    callback: Callback | None,
    track: str | None,
    delta: float,
) -> History:
    """See `Network.fit`."""
    optimizer = _optimizer(optimizer)
    epochs = _arguments.integer("fit", "epochs", epochs)
    X_val, y_val = _pair(validation_data)
    if callback is not None and not callable(callback):
        raise TypeError(
            f"[fit] expected callback to be callable as callback(epoch, history), "
            f"got {_arguments.shown(callback)}"
        )
    if track is not None:
        _arguments.choice("fit", "track", track, ["epoch"], expected="None or")
    options: dict[str, Any] = {
        "loss": losses.check("fit", loss),
        "delta": losses.check_delta("fit", delta, network.dtype),
        "epochs": epochs,
        "batch_size": _arguments.integer("fit", "batch_size", batch_size),
        "shuffle": _arguments.flag("fit", "shuffle", shuffle),
        "seed": _arguments.seed("fit", seed),
        "n_threads": _arguments.n_threads("fit", n_threads),
        "X_val": X_val,
        "y_val": y_val,
        "metrics": losses.check_metrics("fit", metrics),
        "track": track == "epoch",
    }
    bar = Progress(epochs) if _arguments.flag("fit", "progress", progress) else None

    record: Record = {}
    history = History(record)
    core = network._core
    try:
        status, epoch, batch = core.fit(
            X,
            y,
            **options,
            **optimizer._options(core),
            record=record,
            on_epoch=_on_epoch(history, bar, callback),
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
        back = f"those after epoch {epoch}" if epoch else "the initial ones"
        raise DivergenceError(
            f"[fit] expected a finite loss, got NaN or infinity in epoch {epoch + 1} of {epochs}, "
            f"batch {batch + 1}; the parameters are {back}. A learning rate below "
            f"{optimizer.learning_rate:g} may help, or X and y scaled to about unit size",
            epoch,
            batch,
            history,
        )
    return history


def _optimizer(optimizer: object) -> SGD:
    if optimizer is None:
        return SGD()
    if not isinstance(optimizer, SGD):
        raise TypeError(
            f"[fit] expected optimizer to be an optimizer such as SGD(learning_rate=0.1), "
            f"got {_arguments.shown(optimizer)}"
        )
    return optimizer


def _pair(validation_data: object) -> tuple[Any, Any]:
    if validation_data is None:
        return None, None
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
        raise TypeError(
            f"[fit] expected validation_data to be a pair (X_val, y_val), "
            f"got {_arguments.shown(validation_data)}"
        )
    X_val, y_val = validation_data
    if X_val is None or y_val is None:  # which is not the same as no validation_data
        raise TypeError(
            f"[fit] expected validation_data to be a pair (X_val, y_val), "
            f"got None as its {'X_val' if X_val is None else 'y_val'}"
        )
    return X_val, y_val


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
