"""A series of the history that a callback watches, and when a value is better than the best one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wbcore import _arguments

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["STATE", "Monitor", "sign_of"]

STATE = ("best", "best_epoch")

# What falls as a network gets better; every loss does. Names of any other are in neither set.
_FALLS = {"loss", "penalty", "mae", "mse", "rmse", "log_loss"}
_RISES = {
    "accuracy", "balanced_accuracy", "top_k_accuracy", "precision", "recall", "f1", "r2", "auc",
    "roc_auc", "average_precision",
}  # fmt: skip


class Monitor:
    """The best value of a series so far.

    Parameters
    ----------
    owner : str
        Of the callback, for messages.
    name : str
        Of the series.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; "auto" goes by the name.
    min_delta : float
        By how much at least.
    """

    def __init__(self, owner: str, name: object, mode: object, min_delta: object = 0.0) -> None:
        if not isinstance(name, str):
            raise TypeError(
                f"[{owner}] expected monitor to be the name of a series such as 'val_loss', "
                f"got {_arguments.shown(name)}"
            )
        mode = _arguments.choice(owner, "mode", mode, ["auto", "min", "max"])
        self.owner = owner
        self.name = name
        self.min_delta = _arguments.number(
            owner,
            "min_delta",
            min_delta,
            expected="a finite number of at least 0",
            allowed=lambda delta: 0 <= delta < math.inf,
        )
        self.sign = _sign(owner, name) if mode == "auto" else 1.0 if mode == "max" else -1.0
        self.best: float | None = None
        self.best_epoch: int | None = None

    def begin(self, run: Run) -> None:
        """Forget the best; refuse a series that the fit does not have."""
        if self.name not in run.series:
            cure = (
                "; it takes validation_data or validation_fraction"
                if self.name.startswith("val_") and "val_loss" not in run.series
                else ""
            )
            raise ValueError(
                f"[{self.owner}] expected monitor to be one of {', '.join(run.series)}, "
                f"got {self.name!r}{cure}"
            )
        self.best = self.best_epoch = None

    def improves(self, run: Run) -> bool:
        """Whether the last epoch is the best one; NaN never is."""
        value: float = getattr(run.history, self.name)[-1]
        if math.isnan(value):
            return False
        if self.best is not None and not self.sign * (value - self.best) > self.min_delta:
            return False
        self.best, self.best_epoch = value, run.epoch
        return True

    def settings(self) -> dict[str, Any]:
        """What it watches for, under the names that callbacks have for it; never "auto"."""
        mode = "max" if self.sign > 0 else "min"
        return {"monitor": self.name, "mode": mode, "min_delta": self.min_delta}

    def state(self) -> dict[str, Any]:
        """What `set_state` takes."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on with the best of another fit."""
        best, epoch = state["best"], state["best_epoch"]
        if (best is None) != (epoch is None):
            raise ValueError(
                f"[{self.owner}] expected a state with best and best_epoch, or none of them, "
                f"got {best} and {epoch}"
            )
        if epoch is not None:
            epoch = _arguments.integer(self.owner, "best_epoch", epoch, low=0)
            best = _arguments.number(
                self.owner, "best", best, expected="a number", allowed=lambda x: not math.isnan(x)
            )
        self.best, self.best_epoch = best, epoch


def sign_of(name: str) -> float | None:
    """1 when larger values of a series are better, -1 when smaller ones are; None: who knows."""
    bare = name.removeprefix("val_").partition("(")[0]
    if bare in _FALLS:
        return -1.0
    return 1.0 if bare in _RISES or bare.startswith("top_") else None


def _sign(owner: str, name: str) -> float:
    sign = sign_of(name)
    if sign is not None:
        return sign
    raise ValueError(
        f"[{owner}] expected mode to be 'min' or 'max' for the series {name!r}, of which no name "
        f"says which is better, got 'auto'"
    )
