"""Losses: how far outputs are from their targets, as a mean over the batch.

The same functions, in the same arithmetic, train networks (docs/arithmetic.md, section 6). mse,
mae, huber and binary_cross_entropy are means over all elements, cross_entropy is the mean over
rows.

In `Network.fit` the two entropies take what the last layer gives: with the activation identity
those are logits, with sigmoid or softmax probabilities, and both are computed fused, from the
logits, with the same gradients. As functions, here, they take logits.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore._docstrings import with_sections

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "METRICS",
    "NAMES",
    "binary_cross_entropy",
    "cross_entropy",
    "huber",
    "loss_and_gradient",
    "mae",
    "mse",
]

NAMES: tuple[str, ...] = tuple(_core.LOSSES)

#: What `fit` and `evaluate` can report beside the loss.
METRICS: tuple[str, ...] = tuple(_core.METRICS)

_elementwise_sections = with_sections("""
    Parameters
    ----------
    outputs : array-like of shape (B, O) or (B,)
        Finite real numbers; (B,) stands for (B, 1).
    y : array-like of the shape of outputs
        Targets. When O is 1, either may be (B,) and the other (B, 1).

    Returns
    -------
    float
        In the unit of the targets, or its square. Computed in float32 when outputs are, else in
        float64.

    Raises
    ------
    TypeError, ValueError
        When an array is of the wrong kind or shape, or not finite.
    """)


@_elementwise_sections
def mse(outputs: ArrayLike, y: ArrayLike) -> float:
    """Mean squared error: the mean of (outputs - y)^2.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.mse([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    3.0
    """
    return loss_and_gradient("mse", outputs, y)[0]


@_elementwise_sections
def mae(outputs: ArrayLike, y: ArrayLike) -> float:
    """Mean absolute error: the mean of |outputs - y|.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.mae([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    1.0
    """
    return loss_and_gradient("mae", outputs, y)[0]


def huber(outputs: ArrayLike, y: ArrayLike, delta: float = 1.0) -> float:
    """Half the squared error up to delta, linear beyond (Huber, 1964).

    The mean of d^2 / 2 where |d| = |outputs - y| <= delta, and of delta (|d| - delta / 2)
    elsewhere.

    Parameters
    ----------
    outputs : array-like of shape (B, O) or (B,)
        Finite real numbers; (B,) stands for (B, 1).
    y : array-like of the shape of outputs
        Targets. When O is 1, either may be (B,) and the other (B, 1).
    delta : float, default 1
        Above 0; in the unit of the targets.

    Returns
    -------
    float
        Computed in float32 when outputs are, else in float64.

    Raises
    ------
    TypeError, ValueError
        When an array is of the wrong kind or shape, or not finite, or delta not above 0.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.huber([1.0, 2.0, 3.0], [1.0, 2.0, 6.5])
    1.0
    """
    return loss_and_gradient("huber", outputs, y, delta)[0]


def binary_cross_entropy(logits: ArrayLike, y: ArrayLike) -> float:
    """Mean of -y log(p) - (1 - y) log(1 - p) with p = sigmoid(logits), without forming p.

    Parameters
    ----------
    logits : array-like of shape (B, O) or (B,)
        Outputs before the sigmoid, finite; (B,) stands for (B, 1).
    y : array-like of the shape of logits
        Targets from 0 to 1. When O is 1, either may be (B,) and the other (B, 1).

    Returns
    -------
    float
        In nats. Computed in float32 when logits are, else in float64.

    Raises
    ------
    TypeError, ValueError
        When an array is of the wrong kind or shape, or not finite, or a target outside [0, 1].

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.binary_cross_entropy([0.0, 1000.0], [1, 1]), 4)
    0.3466
    """
    return loss_and_gradient("binary_cross_entropy", logits, y)[0]


def cross_entropy(logits: ArrayLike, y: ArrayLike) -> float:
    """Mean over rows of -sum(y log(p)) with p = softmax(logits), without forming p.

    Parameters
    ----------
    logits : array-like of shape (B, O)
        Outputs before the softmax, finite.
    y : array-like of shape (B,) or (B, O)
        Integer labels from 0 to O - 1; or one row of shares for each row, at least 0 and summing to
        1.

    Returns
    -------
    float
        In nats. Computed in float32 when logits are, else in float64.

    Raises
    ------
    TypeError, ValueError
        When an array is of the wrong kind or shape, or not finite, or a label or share out of
        range.

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [1, 0]), 4)
    0.3466
    """
    return loss_and_gradient("cross_entropy", logits, y)[0]


def loss_and_gradient(
    loss: str, outputs: ArrayLike, y: ArrayLike, delta: float = 1.0
) -> tuple[float, NDArray[Any]]:
    """A loss by its name, and its gradient by the outputs (by the logits for the two entropies).

    Parameters
    ----------
    loss : str
        A name of `NAMES`.
    outputs : array-like of shape (B, O) or (B,)
        Finite real numbers; (B,) stands for (B, 1).
    y : array-like
        Targets, as the function of that name takes them.
    delta : float, default 1
        Of the loss huber; above 0.

    Returns
    -------
    loss : float
    gradient : ndarray of the shape of outputs
        float32 when outputs are, else float64.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, or not finite.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.loss_and_gradient("mse", [[1.0], [3.0]], [[1.0], [2.0]])
    (0.5, array([[0.],
           [1.]]))
    """
    loss = check("loss_and_gradient", loss)
    values = _arguments.floats(loss, "outputs", outputs)
    delta = check_delta("loss_and_gradient", delta, values.dtype)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(
            f"[{loss}] expected outputs of shape (B, O) or (B,), at least one of each, "
            f"got shape {values.shape}"
        )
    rows = values if values.ndim == 2 else values.reshape(-1, 1)
    value, gradient = _core.loss_and_gradient(loss, rows, y, delta)
    return value, gradient.reshape(values.shape)


def check(operation: str, loss: object) -> str:
    """A known name."""
    return _arguments.choice(operation, "loss", loss, NAMES)


def check_delta(operation: str, delta: object, dtype: DTypeLike) -> float:
    """Where huber becomes linear: above 0 and finite, also in the dtype of the arithmetic."""
    number = _arguments.number(
        operation,
        "delta",
        delta,
        expected="a finite number above 0",
        allowed=lambda v: 0 < v < math.inf,
    )
    low, high = _arguments.ZERO_IN_FLOAT32, _arguments.FLOAT32_MAX
    if dtype == np.float32 and not low < number <= high:
        raise ValueError(
            f"[{operation}] expected delta to be a finite number above 0 in float32, got {delta!r}"
        )
    return number


def check_metrics(operation: str, metrics: object) -> tuple[str, ...]:
    """Known names, each once."""
    given: tuple[object, ...] | None = None
    if isinstance(metrics, Iterable) and not isinstance(metrics, str):
        with contextlib.suppress(TypeError):  # an array without dimensions only looks like one
            given = tuple(metrics)
    if given is None:
        raise TypeError(
            f"[{operation}] expected metrics to be a sequence of names such as ['mae'], "
            f"got {_arguments.shown(metrics)}"
        )
    names = tuple(_arguments.choice(operation, "metrics", name, METRICS) for name in given)
    if len(set(names)) < len(names):
        raise ValueError(f"[{operation}] expected each of metrics once, got {list(names)}")
    return names
