"""What a training is to do: the arguments of `fit`, checked once, before anything changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from wbcore import _arguments, losses, metrics, optimizers
from wbcore._loss_function import LossFunction
from wbcore.history import History
from wbcore.losses import LossLike
from wbcore.optimizers import SGD, Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.metrics import Choices, Chosen
    from wbcore.training.weights import ClassWeight

__all__ = ["Callback", "Plan"]

Callback: TypeAlias = Callable[[int, History], object]
ValidationData: TypeAlias = (
    "tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, ArrayLike | None]"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The arguments of `Network.fit` beside the data, in the same words; all of them are sound.

    Parameters
    ----------
    loss, optimizer, epochs, ...
        As for `Network.fit`.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.
    """

    loss: LossLike | LossFunction
    optimizer: Optimizer | str | None
    epochs: int
    batch_size: int
    sample_weight: ArrayLike | None
    class_weight: ClassWeight | None
    validation_data: ValidationData | None
    metrics: Choices | Chosen
    progress: bool
    shuffle: bool
    seed: int
    n_threads: int | None
    callback: Callback | None
    track: str | None
    first_epoch: int

    def __post_init__(self) -> None:
        optimizer = SGD() if self.optimizer is None else self.optimizer
        checked = {
            "optimizer": optimizers.check("fit", optimizer),
            "epochs": _arguments.integer("fit", "epochs", self.epochs),
            "validation_data": _triple(self.validation_data),
            "callback": _callback(self.callback),
            "track": _track(self.track),
            "loss": losses.check_given("fit", self.loss),
            "first_epoch": _arguments.integer("fit", "first_epoch", self.first_epoch, low=0),
            "batch_size": _arguments.integer("fit", "batch_size", self.batch_size),
            "shuffle": _arguments.flag("fit", "shuffle", self.shuffle),
            "seed": _arguments.seed("fit", self.seed),
            "n_threads": _arguments.n_threads("fit", self.n_threads),
            "metrics": metrics.check("fit", self.metrics, reserved=dir(History({}))),
            "progress": _arguments.flag("fit", "progress", self.progress),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the way of frozen dataclasses


def _triple(validation_data: object) -> tuple[Any, Any, Any] | None:
    if validation_data is None:
        return None
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        raise TypeError(
            f"[fit] expected validation_data to be a pair (X_val, y_val), or a triple with "
            f"sample_weight_val, got {_arguments.shown(validation_data)}"
        )
    X_val, y_val, weights = (*validation_data, None)[:3]
    if X_val is None or y_val is None:  # which is not the same as no validation_data
        raise TypeError(
            f"[fit] expected validation_data to be a pair (X_val, y_val), "
            f"got None as its {'X_val' if X_val is None else 'y_val'}"
        )
    return X_val, y_val, weights


def _callback(callback: Callback | None) -> Callback | None:
    if callback is not None and not callable(callback):
        raise TypeError(
            f"[fit] expected callback to be callable as callback(epoch, history), "
            f"got {_arguments.shown(callback)}"
        )
    return callback


def _track(track: object) -> str | None:
    if track is None:
        return None
    return _arguments.choice("fit", "track", track, ["epoch"], expected="None or")
