"""The course of a fit of a table's estimator, which may stop after any epoch and go on."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.callbacks import Callback
from wbcore.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.callbacks.run import Run
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.sklearn.tabular_data import Scaling
    from wbcore.standardized import Standardized

__all__ = ["Course", "Stopping"]


class Stopping(Callback):
    """Ends a fit some epochs after the best one, and keeps that one's parameters.

    Unlike `wbcore.callbacks.EarlyStopping` it goes on where it was when a fit goes on.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = math.inf
        self.best_epoch = -1
        self.parameters: NDArray[Any] | None = None

    def after_epoch(self, run: Run) -> None:
        """Compare the epoch with the best one."""
        value = run.history.val_loss[-1]
        if value < self.best:
            self.best, self.best_epoch = value, run.epoch
            self.parameters = run.network.parameters.copy()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(f"val_loss had not got better for {run.epoch - self.best_epoch} epochs")


@dataclass
class Course:
    """A fit that has begun.

    Parameters
    ----------
    network : Network
        Takes scaled inputs, and gives scaled targets.
    optimizer : Optimizer
    scaling : Scaling
        Of inputs.
    epochs : int
        Of the whole fit.
    options : dict
        Of `Network.fit`, the same in each part of the fit.
    stopping : Stopping, optional
    """

    network: Network
    optimizer: Optimizer
    scaling: Scaling
    epochs: int
    options: dict[str, Any]
    stopping: Stopping | None
    history: History | None = field(default=None, init=False)

    @property
    def trained(self) -> int:
        """How many epochs have been done."""
        return 0 if self.history is None else len(self.history)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        ended = self.history is not None and self.history.status != "completed"
        return ended or self.trained >= self.epochs

    def run(
        self,
        X: Standardized,
        y: NDArray[Any],
        weights: NDArray[Any] | None,
        epochs: int,
        others: dict[str, Any],
    ) -> None:
        """Train until so many epochs have been done."""
        callbacks = [*([self.stopping] if self.stopping else []), *(others.pop("callbacks") or ())]
        begun = {} if self.history is None else {"bias_init": None}
        try:
            self.network.fit(
                X,
                y,
                sample_weight=weights,
                optimizer=self.optimizer,
                epochs=min(epochs, self.epochs) - self.trained,
                callbacks=callbacks,
                **{**self.options, **others, **begun},
            )
        except KeyboardInterrupt:
            done = self.network.history
            if done is None or not len(done):
                raise
            warnings.warn("Training interrupted by user.", stacklevel=2)
        self.history = _joined(self.history, self.network.history)
        if self.stopping is not None:
            self.history.best_epoch = self.stopping.best_epoch

    @property
    def parameters(self) -> NDArray[Any]:
        """Those that count: of the best epoch where there is one, else of the last."""
        if self.stopping is None or self.stopping.parameters is None:
            return self.network.parameters
        return self.stopping.parameters

    def folded(self, target: tuple[NDArray[np.float64], NDArray[np.float64]] | None) -> Network:
        """The network that takes raw numbers, and gives raw values of targets.

        Weights from constant columns are 0, so that other values in them, of which the network
        knows nothing, change nothing.
        """
        known = self.network.copy()
        known.history = None
        known.parameters[...] = self.parameters
        known[0].weights[self.scaling.constant] = 0
        if self.network.dtype == np.float32 and not self.scaling.is_coarse_in_float32:
            try:
                return self._folded(known, target, "float32")
            except ValueError:  # a weight that is not finite in it
                pass
        return self._folded(known, target, "float64")

    def _folded(
        self,
        known: Network,
        target: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
        dtype: str,
    ) -> Network:
        raw = known.fold_inputs(self.scaling.mean, self.scaling.scale, dtype=dtype)
        return raw if target is None else raw.fold_outputs(*target)


def _joined(before: History | None, after: History | None) -> History:
    """One history of the parts of a fit."""
    assert after is not None, "a fit has left one"
    if before is None:
        return after
    record = {name: [*values, *after._record[name]] for name, values in before._record.items()}
    whole = History(record, after.status)
    whole.reason = after.reason
    whole.first_epoch = before.first_epoch
    return whole
