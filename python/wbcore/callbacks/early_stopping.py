"""Ends a training that no longer gets better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.callbacks.base import Callback, require_names
from wbcore.callbacks.monitor import STATE as _MONITOR
from wbcore.callbacks.monitor import Monitor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.callbacks.run import Run

__all__ = ["EarlyStopping"]


class EarlyStopping(Callback):
    """Ends a training when a loss or metric has not got better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A series of the history: "loss", a metric, or one of these with "val_".
    patience : int, default 10
        After so many epochs without a better value it ends.
    min_delta : float, default 0
        By how much a value must be better than the best one to count.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; "auto" knows it of every loss and metric of wbcore.
    restore_best : bool, default True
        Whether the network gets the parameters of the best epoch when the training ends, also when
        all epochs were done or another callback stopped it; not after Ctrl-C or an error. The
        optimizer's state and position stay those of the last epoch.
    min_epochs : int, default 0
        So many epochs are done in any case.

    Attributes
    ----------
    best : float or None
        The best value of the last fit; `history.best_epoch` says where, counted from 0 over all
        fits of the optimizer, as far as no other callback has found one of its own since.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range; in `fit` when it has no such series.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> stopping = wb.callbacks.EarlyStopping(patience=3)
    >>> history = net.fit(
    ...     X, X**2, loss="mse", optimizer="sgd(0.5)", epochs=1000, validation_fraction=0.25,
    ...     callbacks=[stopping],
    ... )
    >>> best = history.best_epoch - history.first_epoch
    >>> history.status, history.val_loss[best] == stopping.best
    ('stopped', True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        *,
        restore_best: bool = True,
        min_epochs: int = 0,
    ) -> None:
        name = type(self).__name__
        self.monitor = Monitor(name, monitor, mode, min_delta)
        self.patience = _arguments.integer(name, "patience", patience)
        self.restore_best = _arguments.flag(name, "restore_best", restore_best)
        self.min_epochs = _arguments.integer(name, "min_epochs", min_epochs, low=0)
        self._parameters: NDArray[Any] | None = None
        self._first_epoch = 0

    @property
    def best(self) -> float | None:
        """The best value of the last fit."""
        return self.monitor.best

    def before_fit(self, run: Run) -> None:
        """Begin anew."""
        self.monitor.begin(run)
        self._first_epoch = run.first_epoch
        self._parameters = np.empty_like(run.network.parameters) if self.restore_best else None

    def after_epoch(self, run: Run) -> None:
        """Keep the best parameters, or stop."""
        monitor = self.monitor
        if monitor.improves(run):
            run.history.best_epoch = run.epoch
            if self._parameters is not None:
                np.copyto(self._parameters, run.network.parameters)
            return
        before = self._first_epoch - 1 if monitor.best_epoch is None else monitor.best_epoch
        done = run.epoch - self._first_epoch + 1
        if run.epoch - before >= self.patience and done >= self.min_epochs:
            run.stop(f"{monitor.name} had not got better for {run.epoch - before} epochs")

    def _deciding_settings(self) -> dict[str, Any]:
        return self.monitor.settings() | {
            "patience": self.patience,
            "restore_best": self.restore_best,
            "min_epochs": self.min_epochs,
        }

    def state(self) -> dict[str, Any]:
        """The best value, epoch and parameters, and the first epoch."""
        kept = self._parameters
        return self.monitor.state() | {
            "first_epoch": self._first_epoch,
            "parameters": None if kept is None else kept.copy(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on as the one that `state` was taken from."""
        require_names(self, state, (*_MONITOR, "first_epoch", "parameters"))
        kept, given = self._parameters, state["parameters"]
        if (kept is None) != (given is None) or (
            kept is not None and np.shape(given) != kept.shape
        ):
            raise ValueError(
                "[EarlyStopping] expected a state with parameters as this fit keeps them, "
                "got others"
            )
        first = _arguments.integer("EarlyStopping", "first_epoch", state["first_epoch"], low=0)
        self.monitor.set_state(state)
        self._first_epoch = first
        if kept is not None:
            kept[...] = given

    def after_fit(self, run: Run) -> None:
        """Give the network its best parameters."""
        kept, self._parameters = self._parameters, None  # of which a pickle has none
        ended_well = run.status in ("completed", "stopped")
        if kept is not None and ended_well and self.monitor.best_epoch is not None:
            run.network.parameters[...] = kept
