"""Metrics of one's own: functions of outputs and targets, taken of what a network predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _named, metrics
from wbcore._loss_function import LossFunction
from wbcore._view import Foreign, View, is_sparse
from wbcore.data._source import like

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.data._rows import Rows
    from wbcore.history import Record
    from wbcore.metrics import Function
    from wbcore.network import Network

__all__ = ["OwnMetrics"]

_ROWS = 1 << 12  # of X, predicted at a time where they have to be gathered


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
    places : ndarray of int, optional
        The rows that they are taken of; default: all of them.
    """

    operation: str
    network: Network
    functions: Mapping[str, Function]
    loss: str | LossFunction
    X: ArrayLike | SparseLike
    y: ArrayLike
    weights: ArrayLike | None
    places: NDArray[np.int64] | None = None

    @classmethod
    def of_rows(
        cls,
        operation: str,
        network: Network,
        functions: Mapping[str, Function],
        loss: str | LossFunction,
        rows: Rows,
    ) -> OwnMetrics:
        """Of all of these rows, which must be in memory.

        Raises
        ------
        ValueError
            When there are functions, and the rows are read from a source.
        """
        if functions and rows.windows is not None:
            raise ValueError(
                f"[{operation}] expected metrics with names of wbcore.metrics for rows that are "
                f"read from a source, got the function {next(iter(functions))}, which is given all "
                f"predictions at once"
            )
        return cls(operation, network, functions, loss, rows.X, rows.y, rows.weights)

    def values(self) -> dict[str, float]:
        """Each function of the predictions as the network is now: one pass, when there are any."""
        if not self.functions:
            return {}
        outputs = self._predictions()
        targets = self._taken(np.asarray(self.y))
        if targets.ndim == 1 and not self._may_be_labels(outputs.shape[1]):
            targets = targets[:, None]  # else outputs - targets would be (B, B)
        weights = None if self.weights is None else self._taken(np.asarray(self.weights))
        return metrics.of_predictions(self.operation, self.functions, outputs, targets, weights)

    def _taken(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Those that it is taken of, read-only: they may be the caller's own array."""
        taken = rows.view() if self.places is None else rows[self.places]
        taken.flags.writeable = False
        return taken

    def _predictions(self) -> NDArray[Any]:
        """Of some rows piece by piece, so that X is not copied whole."""
        X: Foreign = self.X
        if self.places is None:
            return self.network.predict(X)
        view = X if isinstance(X, View) else None
        array = X if view is None else view.array
        array = array if is_sparse(array) else np.asarray(array)
        outputs = np.empty((len(self.places), self.network.widths[-1]), self.network.dtype)
        for start in range(0, len(outputs), _ROWS):
            piece = array[self.places[start : start + _ROWS]]
            outputs[start : start + _ROWS] = self.network.predict(like(view, piece))
        return outputs

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
