"""What a training is to do: the arguments of `fit`, checked once, before anything changes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wbcore import _arguments, _foreign, losses, metrics, optimizers, priors
from wbcore._loss_function import LossFunction
from wbcore._view import in_rows
from wbcore.callbacks.base import HOOKS, is_hook
from wbcore.data._source import is_source
from wbcore.history import History
from wbcore.losses import LossLike
from wbcore.optimizers import LBFGS, SGD, Optimizer, _rate
from wbcore.training import checkpoint_every

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.data._source import Source
    from wbcore.metrics import Choices, Chosen
    from wbcore.training.checkpoint_every import Every
    from wbcore.training.weights import ClassWeight

__all__ = ["Callback", "Plan", "RowOrder"]

Callback: TypeAlias = Callable[[int, History], object]
RowOrder: TypeAlias = "Callable[[int], ArrayLike]"
ValidationData: TypeAlias = (
    "tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, ArrayLike | None] | Source"
)


# What a series of one's own cannot be called.
_RESERVED = frozenset(dir(History({})))


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
    optimizer: Optimizer | LBFGS | str | None
    epochs: int
    batch_size: int
    sample_weight: ArrayLike | None
    class_weight: ClassWeight | None
    bias_init: str | None
    validation_data: ValidationData | None
    validation_fraction: float | None
    metrics: Choices | Chosen
    progress: bool
    shuffle: bool | str | RowOrder
    shuffle_window: int
    seed: int
    n_threads: int | None
    callback: Callback | None
    callbacks: Sequence[object]
    track: str | int | None
    first_epoch: int | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: str | Every
    resume: str | os.PathLike[str] | bool | None

    def __post_init__(self) -> None:
        optimizer = SGD() if self.optimizer is None else self.optimizer
        checked = {
            "optimizer": optimizers.check("fit", optimizer),
            "epochs": _arguments.integer("fit", "epochs", self.epochs),
            "validation_data": _triple(self.validation_data),
            "validation_fraction": self._checked_fraction(),
            "callback": _callback(self.callback),
            "callbacks": _callbacks(self.callbacks),
            "track": _track(self.track),
            "loss": losses.check_given("fit", self.loss),
            "first_epoch": _first_epoch(self.first_epoch),
            "batch_size": _arguments.integer("fit", "batch_size", self.batch_size),
            "bias_init": priors.check_bias_init("fit", self.bias_init),
            "shuffle": _shuffle(self.shuffle),
            "shuffle_window": _arguments.integer("fit", "shuffle_window", self.shuffle_window),
            "seed": _arguments.seed("fit", self.seed),
            "n_threads": _arguments.n_threads("fit", self.n_threads),
            "metrics": metrics.check("fit", self.metrics, reserved=_RESERVED, of_fit=True),
            "progress": _arguments.flag("fit", "progress", self.progress),
            "checkpoint": _path("checkpoint", self.checkpoint),
            "checkpoint_every": checkpoint_every.parsed("fit", self.checkpoint_every),
            "resume": _path("resume", self.resume, or_bool=True),
        }
        self.__dict__.update(checked)  # one by one, through object, takes several times as long
        self._require_watched()
        self._require_resumable()
        self._require_order()
        if isinstance(self.optimizer, LBFGS) and isinstance(self.track, int):
            raise ValueError(
                f'[fit] expected track="epoch" or None with LBFGS, whose epochs are its steps, '
                f"got {self.track}"
            )

    def _require_watched(self) -> None:
        """A plateau watches a series that the history will have."""
        if not isinstance(self.optimizer, Optimizer):  # an LBFGS has no learning rate
            return
        plateau = _rate.watching(self.optimizer.learning_rate)
        if plateau is None or plateau.monitor in self.series:
            return
        cure = "; pass validation_data, or watch another one"
        if any(name.startswith("val_") for name in self.series):
            cure = ""
        raise ValueError(
            f"[fit] expected the plateau to watch one of the series {', '.join(self.series)}, "
            f"got {plateau.monitor!r}{cure}"
        )

    def _require_resumable(self) -> None:
        if self.resume is True and self.checkpoint is None:
            raise ValueError(
                "[fit] expected a checkpoint with resume=True, which goes on from it, got None"
            )
        given = "checkpoint" if self.checkpoint is not None else "resume"
        if isinstance(self.optimizer, LBFGS) and getattr(self, given) not in (None, False):
            raise ValueError(
                f"[fit] expected no {given} with LBFGS, which remembers nothing that it could go "
                f"on from, got {getattr(self, given)!r}"
            )

    def _require_order(self) -> None:
        if self.row_order is None:
            return
        if self.validation_fraction is not None:
            raise ValueError(
                "[fit] expected validation_fraction or a function as shuffle, which may leave rows "
                "out itself, got both of them; pass validation_data=(X[rows], y[rows])"
            )
        if isinstance(self.optimizer, LBFGS):
            raise ValueError(
                f"[fit] expected no function as shuffle with LBFGS, which takes all rows at once, "
                f"got {_arguments.shown(self.shuffle)}; pass the rows themselves"
            )

    @property
    def row_order(self) -> RowOrder | None:
        """The function that says the rows of each epoch, where there is one."""
        return self.shuffle if callable(self.shuffle) else None

    @property
    def series(self) -> tuple[str, ...]:
        """The names of what the history will have, in its order."""
        assert isinstance(self.metrics, metrics.Chosen), "checked by now"
        chosen = self.metrics
        beside = ("penalty",) if chosen.penalty else ()
        judged = (*chosen.texts, *chosen.functions)
        if not self.validates:
            return ("loss", *beside, *judged)
        running = [name for name in chosen.texts if name not in chosen.ranks]
        return ("loss", *beside, *running, *(f"val_{name}" for name in ("loss", *judged)))

    @property
    def validates(self) -> bool:
        """Whether epochs are measured by rows that are not trained on."""
        return self.validation_data is not None or self.validation_fraction is not None

    def _checked_fraction(self) -> float | None:
        fraction = self.validation_fraction
        if fraction is None:
            return None
        if self.validation_data is not None:
            raise ValueError(
                "[fit] expected validation_data or validation_fraction, got both of them"
            )
        return _arguments.number(
            "fit",
            "validation_fraction",
            fraction,
            expected="a number above 0 and below 1",
            allowed=lambda value: 0 < value < 1,
        )


def _triple(validation_data: object) -> tuple[Any, Any, Any] | None:
    if validation_data is None:
        return None
    if is_source(validation_data):
        return validation_data, None, None
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
    return in_rows("fit, validation_data", "X", X_val), y_val, weights


def _shuffle(shuffle: object) -> bool | str | RowOrder:
    """True stands for "rows"."""
    if isinstance(shuffle, (bool, np.bool_)):
        return bool(shuffle)
    if callable(shuffle):
        return shuffle
    expected = "True, False, a function, or one of"
    chosen = _arguments.choice("fit", "shuffle", shuffle, ["rows", "blocks"], expected=expected)
    return chosen if chosen == "blocks" else True


def _callback(callback: Callback | None) -> Callback | None:
    if callback is not None and not callable(callback):
        raise TypeError(
            f"[fit] expected callback to be callable as callback(epoch, history), "
            f"got {_arguments.shown(callback)}"
        )
    return callback


def _callbacks(callbacks: object) -> tuple[object, ...]:
    if not isinstance(callbacks, (list, tuple)):
        raise TypeError(
            f"[fit] expected callbacks to be a list of callbacks, got {_arguments.shown(callbacks)}"
        )
    for callback in callbacks:
        if isinstance(callback, type):
            raise TypeError(
                f"[fit] expected callbacks to be objects, got the class {callback.__name__}; "
                f"pass {callback.__name__}()"
            )
        methods = {hook: getattr(callback, hook, None) for hook in HOOKS}
        if not any(is_hook(it, hook) and callable(it) for hook, it in methods.items()):
            cure = "; a function goes as callback=" if callable(callback) else ""
            cure = _foreign.hook_cure(callback) or cure
            raise TypeError(
                f"[fit] expected callbacks to have some of the methods {', '.join(HOOKS)}, "
                f"got {_arguments.shown(callback)}{cure}"
            )
    if len({id(callback) for callback in callbacks}) != len(callbacks):
        raise ValueError("[fit] expected each of callbacks once, got one twice")
    return tuple(callbacks)


def _first_epoch(first_epoch: object) -> int | None:
    if first_epoch is None:
        return None
    expected = "None or an integer from {low} to {high}"
    return _arguments.integer("fit", "first_epoch", first_epoch, low=0, expected=expected)


def _path(name: str, value: object, *, or_bool: bool = False) -> str | bool | None:
    """As the system has it."""
    if value is None or (or_bool and isinstance(value, bool)):
        return value
    is_path = isinstance(value, (str, os.PathLike))
    with contextlib.suppress(TypeError):  # of a path-like that gives none
        path = os.fsdecode(value) if is_path else ""  # type: ignore[arg-type]
        if path and "\0" not in path:
            return path
    expected = "a str or path-like" + (", True or False" if or_bool else "")
    error = ValueError if is_path else TypeError
    raise error(f"[fit] expected {name} to be {expected}, got {_arguments.shown(value)}")


def _track(track: object) -> str | int | None:
    if track is None:
        return None
    if isinstance(track, (int, np.integer)) and not isinstance(track, bool):
        return _arguments.integer("fit", "track", track)
    return _arguments.choice(
        "fit", "track", track, ["epoch"], expected="None, a number of batches or"
    )
