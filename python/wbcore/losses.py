"""Losses: how far outputs are from their targets, as a mean over the batch.

A loss is a small object, such as `Huber(delta=0.5)`; its text, "huber(0.5)", is taken wherever a
loss is. Called with outputs and targets it gives its value. The same functions, in the same
arithmetic, train networks (docs/arithmetic.md, section 6). All are means over all elements, but
`CrossEntropy` is the mean over rows.

In `Network.fit` the two entropies and `Focal` take what the last layer gives: with the activation
identity those are logits, with sigmoid or softmax probabilities, and both are computed fused, from
the logits, with the same gradients. Called, they take logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, _core, _named, metrics

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MAE",
    "METRICS",
    "MSE",
    "NAMES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "Huber",
    "Loss",
    "loss_and_gradient",
]

NAMES: tuple[str, ...] = tuple(_named.rows("loss"))

#: The names of `wbcore.metrics`.
METRICS: tuple[str, ...] = metrics.NAMES


class Loss(_named.Choice, kind="loss"):
    """What all losses have in common: `loss(outputs, y)` is its value, `str(loss)` its text.

    Examples
    --------
    >>> import wbcore as wb
    >>> isinstance(wb.losses.Huber(0.5), wb.losses.Loss), str(wb.losses.Huber(0.5))
    (True, 'huber(0.5)')
    """

    def __call__(self, outputs: ArrayLike, y: ArrayLike) -> float:
        """The loss of outputs for targets.

        Parameters
        ----------
        outputs : array-like of shape (B, O) or (B,)
            Finite real numbers; (B,) stands for (B, 1). Of the entropies and
            `Focal` these are logits, before the last activation.
        y : array-like
            Targets of the shape of outputs; when O is 1, either may be (B,) and the other (B, 1).
            For `CrossEntropy` integer labels (B,), or shares (B, O).

        Returns
        -------
        float
            Computed in float32 when outputs are, else in float64.

        Raises
        ------
        TypeError, ValueError
            When an array is of the wrong kind or shape, or not finite, or a target out of range.

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.losses.MSE()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
        3.0
        """
        return loss_and_gradient(self, outputs, y)[0]


@dataclass(frozen=True)
class MSE(Loss, row="mse"):
    """Mean squared error: the mean of (outputs - y)^2, in the square of the targets' unit.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.MSE()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    3.0
    """


@dataclass(frozen=True)
class MAE(Loss, row="mae"):
    """Mean absolute error: the mean of |outputs - y|, in the unit of the targets.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.MAE()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    1.0
    """


@dataclass(frozen=True)
class Huber(Loss, row="huber"):
    """Half the squared error up to delta, linear beyond (Huber, 1964).

    The mean of d^2 / 2 where |d| = |outputs - y| <= delta, and of delta (|d| - delta / 2)
    elsewhere.

    Parameters
    ----------
    delta : float, default 1
        Above 0, also in the dtype of the arithmetic; in the unit of the targets.

    Raises
    ------
    TypeError, ValueError
        When delta is no number above 0.

    Examples
    --------
    >>> import wbcore as wb
    >>> huber = wb.losses.Huber(delta=0.5)
    >>> huber([1.0, 2.0, 3.0], [1.0, 2.0, 6.5]), str(huber)
    (0.5416666666666666, 'huber(0.5)')
    """

    delta: float = 1.0


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss, row="binary_cross_entropy"):
    """Mean of -y log(p) - (1 - y) log(1 - p) with p = sigmoid(logits), without forming p; in nats.

    Targets are from 0 to 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.BinaryCrossEntropy()([0.0, 1000.0], [1, 1]), 4)
    0.3466
    """


@dataclass(frozen=True)
class CrossEntropy(Loss, row="cross_entropy"):
    """Mean over rows of -sum(y log(p)) with p = softmax(logits), without forming p; in nats.

    Targets are integer labels from 0 to O - 1; or one row of shares for each row, at least 0 and
    summing to 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.CrossEntropy()([[0.0, 0.0], [1000.0, 0.0]], [1, 0]), 4)
    0.3466
    """


@dataclass(frozen=True)
class Focal(Loss, row="focal"):
    """Binary cross-entropy in which what is already right counts little (Lin and others, 2017).

    The mean of -y alpha (1 - p)^gamma log(p) - (1 - y) (1 - alpha) p^gamma log(1 - p) with
    p = sigmoid(logits), without forming p; in nats. Targets are from 0 to 1. With gamma = 0 and
    alpha = 0.5 it is half of `BinaryCrossEntropy`.

    Parameters
    ----------
    gamma : float, default 2
        At least 0; the larger, the less counts what is already right.
    alpha : float, default 0.25
        From 0 to 1, the weight of targets of 1; that of targets of 0 is 1 - alpha. Where 1 is rare
        and more should be found, 0.5 and above.

    Raises
    ------
    TypeError, ValueError
        When gamma is no number of at least 0, or alpha none from 0 to 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> focal = wb.losses.Focal(gamma=1.0)
    >>> round(focal([0.0, 1000.0], [1, 1]), 4), str(focal)
    (0.0433, 'focal(1)')
    """

    gamma: float = 2.0
    alpha: float = 0.25


def loss_and_gradient(
    loss: Loss | str, outputs: ArrayLike, y: ArrayLike
) -> tuple[float, NDArray[Any]]:
    """A loss and its gradient by the outputs (by the logits for the two entropies and `Focal`).

    Parameters
    ----------
    loss : Loss or str
        Such as `Huber(0.5)` or "huber(0.5)".
    outputs : array-like of shape (B, O) or (B,)
        Finite real numbers; (B,) stands for (B, 1).
    y : array-like
        Targets, as the loss takes them.

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
    text = check("loss_and_gradient", loss)
    name = text.partition("(")[0]
    values = _arguments.floats(name, "outputs", outputs)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(
            f"[{name}] expected outputs of shape (B, O) or (B,), at least one of each, "
            f"got shape {values.shape}"
        )
    rows = values if values.ndim == 2 else values.reshape(-1, 1)
    value, gradient = _core.loss_and_gradient(text, rows, y)
    return value, gradient.reshape(values.shape)


def check(operation: str, loss: object) -> str:
    """The text of a loss."""
    return _named.text("loss", operation, "loss", loss)


def check_metrics(operation: str, wanted: object) -> tuple[str, ...]:
    """Texts of known metrics, each once: `wbcore.metrics.check`, without functions of one's own."""
    return metrics.check(operation, wanted).texts
