"""What a network says of each row, beside what is true: classes with probabilities, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core
from wbcore._loss_function import LossFunction
from wbcore.activations import name_of
from wbcore.inspect._calls import named
from wbcore.inspect.float64_network import activated
from wbcore.inspect.networks import loss_of, require_network
from wbcore.inspect.row_losses import loss_inputs, require_finite, row_losses, target_kind
from wbcore.inspect.scoring import divided
from wbcore.prediction import meaning_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["Decisions", "decided"]


@dataclass(frozen=True)
class Decisions:
    """Of n elements: rows, or rows times outputs where each output is a matter of its own.

    Attributes
    ----------
    rows : ndarray of shape (n,)
    outputs : ndarray of shape (n,), or None
        The output of each element; None where there is one element a row.
    true, predicted : ndarray of shape (n,)
        Classes as integers, or numbers.
    p_true, p_predicted : ndarray of shape (n,), or None
        Their probabilities; None where outputs are no probabilities.
    losses : ndarray of shape (n,)
    of_classes : bool
    """

    rows: NDArray[np.int64]
    outputs: NDArray[np.int64] | None
    true: NDArray[Any]
    predicted: NDArray[Any]
    p_true: NDArray[Any] | None
    p_predicted: NDArray[Any] | None
    losses: NDArray[np.float64]
    of_classes: bool


def decided(
    operation: str, net: Network, X: ArrayLike | SparseLike, y: ArrayLike, loss: Loss | str | None
) -> Decisions:
    """What the network decides, and the loss of each element.

    Raises
    ------
    TypeError, ValueError
        When the network is none, or an argument does not suit it.
    """
    require_network(operation, net)
    text = _loss_of(operation, net, loss)
    sums, _ = divided(net)
    with named(operation, "predict"):
        Z = sums.predict(X)
    require_finite(operation, Z)
    y = _core.targets(net._core, operation, y, text)
    if len(y) != len(Z):
        raise ValueError(f"[{operation}] expected y with {len(Z)} rows, as X has, got {len(y)}")
    kind = target_kind(text)
    by_itself = kind not in ("classes", "signs") or (kind == "signs" and y.ndim == Z.ndim)
    if by_itself or Z.shape[1] == 1:
        if y.size != Z.size:
            raise ValueError(
                f"[{operation}] expected an output for each target, got {Z.shape[1]} outputs and "
                f"{y.size // len(y)} target{'s' * (y.size > len(y))} a row with the loss {text}"
            )
        return _elements(text, net.activation_names[-1], Z, y)
    return _one_of(text, net.activation_names[-1], Z, y)


def _loss_of(operation: str, net: Network, loss: Loss | str | None) -> str:
    text = loss_of(operation, net, loss)
    if isinstance(text, LossFunction):
        raise TypeError(
            f"[{operation}] expected one of wbcore.losses, got a function, which gives the mean of "
            f"many rows"
        )
    return text


def _one_of(loss: str, activation: str, Z: NDArray[Any], y: NDArray[Any]) -> Decisions:
    """One decision a row, of several classes."""
    rows = np.arange(len(Z))
    true = y.astype(np.int64) if y.ndim == 1 else y.argmax(axis=1)
    predicted = Z.argmax(axis=1)
    P = None
    if _meaning(activation, loss) == "softmax":
        P = activated("softmax", Z)
    return Decisions(
        rows,
        None,
        true,
        predicted,
        None if P is None else P[rows, true],
        None if P is None else P[rows, predicted],
        row_losses(loss, loss_inputs(loss, activation, Z), y),
        of_classes=True,
    )


def _elements(loss: str, activation: str, Z: NDArray[Any], y: NDArray[Any]) -> Decisions:
    """Each output of each row by itself: a number, or one of two classes."""
    n, outputs = Z.shape
    kind = target_kind(loss)
    t = y.reshape(-1)
    rows, output = np.repeat(np.arange(n), outputs), np.tile(np.arange(outputs), n)
    z, a = Z.reshape(-1, 1), activated(activation, Z).reshape(-1, 1)
    inputs = loss_inputs(loss, activation, Z).reshape(-1, 1)
    found = row_losses(loss.partition("[")[0], inputs, t)  # an element has no weight of an output
    where = (rows, output if outputs > 1 else None)
    if kind not in ("probabilities", "signs"):
        return Decisions(*where, t, a[:, 0], None, None, found, of_classes=False)
    true = t > (0.5 if kind == "probabilities" else 0)
    p: tuple[NDArray[Any] | None, NDArray[Any] | None] = None, None
    predicted = a[:, 0] > 0
    if _meaning(activation, loss) == "sigmoid":
        predicted = z[:, 0] > 0
        both = activated("sigmoid", np.hstack((-z, z)))  # of class 0 and of class 1
        place = np.arange(len(both))
        p = both[place, true.astype(np.int64)], both[place, predicted.astype(np.int64)]
    classes = true.astype(np.int64), predicted.astype(np.int64)
    return Decisions(*where, *classes, *p, found, of_classes=True)


def _meaning(activation: str, loss: str) -> str | None:
    """What outputs are probabilities by; None when they are none."""
    try:
        return meaning_of("decided", name_of(activation), loss)
    except ValueError:
        return None
