"""Metrics of one's own: functions of outputs and targets, taken of what a network predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _named, metrics
from wbcore._loss_function import LossFunction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.history import Record
    from wbcore.metrics import Function
    from wbcore.network import Network

__all__ = ["OwnMetrics"]


@dataclass(frozen=True)
class OwnMetrics:
    """Functions, and the data that they are taken of, which the core has found to be sound.

    Parameters
    ----------
    operation : str
        Names errors.
    network : Network
    functions : mapping of str to callable
    loss : str or LossFunction
        Says whether y may be labels.
    X, y, weights : array-like
    """

    operation: str
    network: Network
    functions: Mapping[str, Function]
    loss: str | LossFunction
    X: ArrayLike
    y: ArrayLike
    weights: ArrayLike | None

    def values(self) -> dict[str, float]:
        """Each function of the predictions as the network is now: one pass, when there are any."""
        if not self.functions:
            return {}
        outputs = self.network.predict(self.X)
        targets = np.asarray(self.y)
        if targets.ndim == 1 and not self._may_be_labels(outputs.shape[1]):
            targets = targets[:, None]  # else outputs - targets would be (B, B)
        weights = None if self.weights is None else np.asarray(self.weights)
        return metrics.of_predictions(self.operation, self.functions, outputs, targets, weights)

    def _may_be_labels(self, outputs: int) -> bool:
        """Of several outputs also for margins, and for a function, which takes any targets."""
        if isinstance(self.loss, LossFunction):
            return outputs > 1
        name, _ = _named.parsed("loss", self.operation, "loss", self.loss)
        kind = _named.rows("loss")[name].properties["targets"]
        return kind == "classes" or (kind == "signs" and outputs > 1)

    def add_to(self, record: Record, prefix: str) -> None:
        """Adds the values of an epoch; where a function fails, NaN, so that series stay as long."""
        values = dict.fromkeys(self.functions, float("nan"))
        try:
            values |= self.values()
        finally:
            for name, value in values.items():
                record.setdefault(prefix + name, []).append(value)
