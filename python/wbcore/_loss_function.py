"""Losses of one's own: functions of a batch's outputs and targets, as the core asks them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsFloat, cast

import numpy as np

from wbcore import _arguments
from wbcore.scaled import Scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BoundLossFunction", "LossFunction"]


class LossFunction:
    """A function `(outputs, targets) -> (value, gradient)` in the place of a loss.

    Parameters
    ----------
    function : callable
        One with a parameter `sample_weight` is given, by that name, the weights of the rows.
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __str__(self) -> str:
        """By its name, as positions within an epoch name their loss."""
        return f"function {getattr(self.function, '__qualname__', type(self.function).__name__)}"

    def require_takes(self, operation: str, sample_weight: object, class_weight: object) -> None:
        """Refuses weights that a function could not know of: the mean it gives hides its rows.

        Raises
        ------
        ValueError
            When there are weights of classes, which only labels have, or weights of rows for a
            function that has no parameter `sample_weight`.
        """
        if class_weight is not None:
            raise ValueError(
                f"[{operation}] expected no class_weight with a function as loss, whose targets "
                f"may be anything, got {_arguments.shown(class_weight)}; pass sample_weight"
            )
        if sample_weight is not None and not _arguments.takes(self.function, "sample_weight"):
            raise ValueError(
                f"[{operation}] expected no sample_weight with the function as loss, got some: it "
                f"gives the mean of a batch, which nobody else can weigh; let it take them, as "
                f"function(outputs, targets, sample_weight=None)"
            )

    def bind(
        self, operation: str, y: object, rows: int, weights: NDArray[Any] | None
    ) -> BoundLossFunction:
        """The function with the targets of a call, which are checked as far as anybody can.

        Parameters
        ----------
        operation : str
            For messages.
        y : array-like of shape (B, ...)
            Real numbers; NaN may mean what the function wants.
        rows : int
            B.
        weights : ndarray of shape (B,), optional
            Of the rows, when there are some: checked, and for a function that takes them.

        Raises
        ------
        TypeError, ValueError
            When y is no array of real numbers with a row for each of X.
        """
        if isinstance(y, Scaled):
            raise TypeError(
                f"[{operation}] expected y as an array, got a Scaled, which is for X; pass "
                f"np.asarray(y)"
            )
        targets = _arguments.real_array(operation, "y", y)
        if targets.ndim == 0 or len(targets) != rows:
            raise ValueError(
                f"[{operation}] expected y with {rows} rows, as X has, got shape {targets.shape}"
            )
        return BoundLossFunction(operation, self.function, targets, weights)


class BoundLossFunction:
    """What the core calls for each batch, on the thread that called it, with the GIL.

    Parameters
    ----------
    operation : str
        For messages.
    function : callable
    targets : ndarray of shape (B, ...)
    weights : ndarray of shape (B,), optional
    """

    __slots__ = ("_function", "_operation", "_targets", "_weights")

    def __init__(
        self,
        operation: str,
        function: Callable[..., Any],
        targets: NDArray[Any],
        weights: NDArray[Any] | None,
    ) -> None:
        self._operation = operation
        self._function = function
        self._targets = targets
        self._weights = weights

    def __call__(
        self, outputs: NDArray[Any], rows: slice | NDArray[np.int64]
    ) -> tuple[float, NDArray[Any]]:
        """Value and gradient of a batch; both are as the core takes them.

        Parameters
        ----------
        outputs : ndarray of shape (B, O)
            The function's to keep.
        rows : slice or ndarray of shape (B,)
            Of the targets.
        """
        targets = _read_only(self._targets[rows])
        if self._weights is None:
            answer = self._function(outputs, targets)
        else:
            weights = _read_only(self._weights[rows])
            answer = self._function(outputs, targets, sample_weight=weights)
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise TypeError(
                f"[{self._operation}] expected the loss to return a pair (value, gradient), "
                f"got {_arguments.shown(answer)}"
            )
        value = self._value(answer[0])
        return value, self._gradient(answer[1], outputs, finite=math.isfinite(value))

    def _value(self, value: object) -> float:
        try:
            return float(cast("SupportsFloat", value))
        except (TypeError, ValueError):
            raise TypeError(
                f"[{self._operation}] expected the loss to return the mean of the batch as a "
                f"number, got {_arguments.shown(value)}"
            ) from None

    def _gradient(self, gradient: object, outputs: NDArray[Any], *, finite: bool) -> NDArray[Any]:
        name = "the gradient that the loss returns"
        given = _arguments.real_array(self._operation, name, gradient)
        if given.shape == outputs.shape[:1] and outputs.shape[1] == 1:
            given = given[:, None]
        if given.shape != outputs.shape:
            rows = len(outputs)
            cure = ""
            if self._targets.ndim == 1 and given.shape == (rows, rows):
                cure = (
                    f"; that is what NumPy makes of outputs {outputs.shape} and targets "
                    f"({rows},): pass y[:, None]"
                )
            raise ValueError(
                f"[{self._operation}] expected {name} to have the shape of the outputs, "
                f"{outputs.shape}, got {given.shape}{cure}"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            converted = np.ascontiguousarray(given, outputs.dtype)
        if finite and not np.isfinite(converted).all():
            row, column = np.argwhere(~np.isfinite(converted))[0]
            raise ValueError(
                f"[{self._operation}] expected {name} to be finite in {outputs.dtype}, got "
                f"{given[row, column]!s} at [{row}, {column}]"
            )
        return converted


def _read_only(rows: NDArray[Any]) -> NDArray[Any]:
    rows.flags.writeable = False  # of the caller's own array, where rows are a slice
    return rows
