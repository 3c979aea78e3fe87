"""Losses and their gradients (section 6).

mse, mae and huber compare the outputs y of the last layer with the targets, and their gradient
goes through its activation.  The two entropies and focal work on the sums z of the last layer,
whether its activation is identity or sigmoid (softmax), and give the gradient by z directly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from .activations import ACTIVATIONS
from .arithmetic import FLOAT64, Arithmetic
from .arrays import Matrix, Vector
from .functions import exp, log, log1p, sigmoid
from .named import Choice, Table
from .softmax import softmax_parts

Labels = Sequence[int]
Row = tuple[float, list[float]]


class Loss(Choice):
    """A loss with its numbers."""

    undoes: ClassVar[tuple[str, ...]] = ()
    """The activations of the last layer that it includes: it works on the sums then, and takes no
    others.  None: it works on the outputs, whatever the activation."""
    targets: ClassVar[Literal["numbers", "probabilities", "classes"]] = "numbers"
    """Numbers; from 0 to 1, each by itself; or labels, or rows that sum to 1."""

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        """Row loss and gradient of a row; n is T(N)."""
        raise NotImplementedError

    def count(self, rows: float, width: int) -> float:
        """Of what a loss is the mean: of elements, unless a subclass says otherwise.

        ``rows`` is their weight: their number where they have none of their own.
        """
        return rows * width

    def works_on_sums(self, activation: str) -> bool:
        """Whether a loss works on z, and its gradient is by z, after a last activation.

        Raises
        ------
        ValueError
            When it does, but not with this activation.
        """
        if self.undoes and ACTIVATIONS.choice(activation).name not in self.undoes:
            known = " or ".join(self.undoes)
            message = f"[losses] {self} works on {known}, not {activation}"
            raise ValueError(message)
        return bool(self.undoes)


LOSSES: Table[Loss] = Table("losses", "loss")


def loss_and_gradient(
    arith: Arithmetic, loss: str | Loss, outputs: Matrix, targets: Matrix
) -> tuple[float, list[list[float]]]:
    """Mean loss over a batch and its gradient.

    Parameters
    ----------
    loss : str or Loss
        One of `LOSSES`, with its numbers where they are not the defaults.
    outputs : matrix of shape (B, O)
        Outputs y of the last layer, or its sums z for a loss that undoes an activation.
    targets : matrix of shape (B, O)
        In the format of ``arith``; labels go through `target_rows` first.

    Returns
    -------
    loss : float
        In binary64.
    gradient : matrix of shape (B, O)
        By ``outputs``.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> loss_and_gradient(FLOAT64, "mse", [[1.0, 2.0]], [[1.0, 0.0]])
    (2.0, [[0.0, 2.0]])
    >>> loss_and_gradient(FLOAT64, "huber(0.5)", [[1.0, 2.0]], [[1.0, 0.0]])
    (0.4375, [[0.0, 0.25]])
    >>> value, gradient = loss_and_gradient(FLOAT64, "cross_entropy", [[0.0, 0.0]], [[0.0, 1.0]])
    >>> round(value, 12), gradient
    (0.69314718056, [[0.5, -0.5]])
    """
    chosen = LOSSES.choice(loss)
    total, gradient = loss_sum_and_gradient(arith, chosen, outputs, targets)
    return FLOAT64.T(total / chosen.count(len(outputs), len(outputs[0]))), gradient


def loss_sum_and_gradient(
    arith: Arithmetic,
    loss: str | Loss,
    outputs: Matrix,
    targets: Matrix,
    weights: Vector | None = None,
) -> tuple[float, list[list[float]]]:
    """Sum of the row losses of a batch, and the gradient of their mean.

    Parameters, errors and gradient are those of `loss_and_gradient`, and

    weights : vector of length B, optional
        In the format of ``arith``: what each row counts. Default: 1.
    """
    chosen = LOSSES.choice(loss)
    total = total_weight(outputs, weights)
    count = chosen.count(total, len(outputs[0]))
    scale = 1.0 if weights is None else _scale(count)
    n = arith.T(count * scale if count > 0.0 else 1.0)
    rows = [chosen.row(arith, y, t, n) for y, t in zip(outputs, targets, strict=True)]
    if weights is not None:
        rows = [_weighed(arith, w, scale, row) for w, row in zip(weights, rows, strict=True)]
    return arith.row_total([row_loss for row_loss, _ in rows]), [gradient for _, gradient in rows]


def total_weight(rows: Matrix, weights: Vector | None) -> float:
    """Return what rows count together, in binary64: their number where they have no weights."""
    return float(len(rows)) if weights is None else FLOAT64.row_total(weights)


def _scale(count: float) -> float:
    """The power of two that brings N to between 1/2 and 1."""
    _, exponent = math.frexp(count)
    return math.ldexp(1.0, -min(max(exponent, -126), 126)) if count > 0.0 else 1.0


def _weighed(arith: Arithmetic, weight: float, scale: float, row: Row) -> Row:
    """A row loss and its gradient times the weight of the row; without weight there is none."""
    T = arith.T
    row_loss, gradient = row
    if weight == 0.0:
        return 0.0, [0.0] * len(gradient)
    factor = T(weight * scale)
    return T(weight * row_loss), [T(d * factor) for d in gradient]


def target_rows(targets: Matrix | Labels, width: int) -> Matrix:
    """Turn integer labels into rows that are 1 at the label and 0 elsewhere; keep rows as given.

    Parameters
    ----------
    targets : matrix of shape (B, O), or B whole numbers
    width : int
        O.

    Returns
    -------
    matrix of shape (B, O)

    Examples
    --------
    >>> target_rows([1, 0], 2)
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return [
        [float(k == target) for k in range(width)] if isinstance(target, int) else target
        for target in targets
    ]


def _differences(arith: Arithmetic, y: Vector, t: Vector) -> list[float]:
    return [arith.T(y_k - t_k) for y_k, t_k in zip(y, t, strict=True)]


@LOSSES.add
class MSE(Loss):
    """Mean squared error."""

    name = "mse"

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        T = arith.T
        c = T(2.0 / n)
        d = _differences(arith, y, t)
        return arith.feature_sum(0.0, d, d), [T(d_k * c) for d_k in d]


@LOSSES.add
class MAE(Loss):
    """Mean absolute error."""

    name = "mae"

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        c = arith.T(1.0 / n)
        d = _differences(arith, y, t)
        dY = [c if d_k > 0.0 else -c if d_k < 0.0 else 0.0 for d_k in d]
        return arith.feature_total([abs(d_k) for d_k in d]), dY


@LOSSES.add
@dataclass(frozen=True)
class Huber(Loss):
    """A square that turns into a line where the difference is delta."""

    name = "huber"
    delta: float = 1.0

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        T = arith.T
        delta, c = T(self.delta), T(1.0 / n)

        def term(d: float) -> float:
            m = abs(d)
            return T(T(0.5 * d) * d) if m <= delta else T(delta * T(m - T(0.5 * delta)))

        def slope(d: float) -> float:
            return delta if d > delta else -delta if d < -delta else d

        d = _differences(arith, y, t)
        return arith.feature_total([term(d_k) for d_k in d]), [T(slope(d_k) * c) for d_k in d]


@LOSSES.add
class BinaryCrossEntropy(Loss):
    """Of sigmoid's probabilities, each output by itself."""

    name = "binary_cross_entropy"
    undoes = ("identity", "sigmoid")
    targets = "probabilities"

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        T, fma = arith.T, arith.fma
        c = T(1.0 / n)

        def term(z: float, t: float) -> float:
            return T(fma(-z, t, z if z > 0.0 else 0.0) + log1p(arith, exp(arith, -abs(z))))

        pairs = list(zip(y, t, strict=True))
        dZ = [T(T(sigmoid(arith, z_k) - t_k) * c) for z_k, t_k in pairs]
        return arith.feature_total([term(z_k, t_k) for z_k, t_k in pairs]), dZ


@LOSSES.add
class CrossEntropy(Loss):
    """Of softmax's probabilities, of classes that exclude one another."""

    name = "cross_entropy"
    undoes = ("identity", "softmax")
    targets = "classes"

    def count(self, rows: float, width: int) -> float:
        return rows

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        T = arith.T
        c = T(1.0 / n)
        M, e, S = softmax_parts(arith, y)
        log_S = log(arith, S)
        # What is not expected costs nothing, even where z - M is out of range.
        surprises = [
            0.0 if t_k == 0.0 else T(log_S - T(z_k - M)) for z_k, t_k in zip(y, t, strict=True)
        ]
        dZ = [T(T(T(e_k / S) - t_k) * c) for e_k, t_k in zip(e, t, strict=True)]
        return arith.feature_sum(0.0, t, surprises), dZ


@LOSSES.add
@dataclass(frozen=True)
class Focal(Loss):
    """Binary cross-entropy, less where the probability of the target is large."""

    name = "focal"
    undoes = ("identity", "sigmoid")
    targets = "probabilities"
    gamma: float = 2.0
    alpha: float = 0.25

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        T, fma = arith.T, arith.fma
        gamma, alpha, c = T(self.gamma), T(self.alpha), T(1.0 / n)

        def element(z: float, t: float) -> tuple[float, float]:
            u = log1p(arith, exp(arith, -abs(z)))
            a, b = T((-z if z < 0.0 else 0.0) + u), T((z if z > 0.0 else 0.0) + u)
            v, w = exp(arith, T(-gamma * b)), exp(arith, T(-gamma * a))
            f, h = T(t * alpha), T(T(1.0 - t) * T(1.0 - alpha))
            p, q = sigmoid(arith, z), sigmoid(arith, -z)
            one = T(v * fma(gamma, T(p * a), q))
            zero = T(w * fma(gamma, T(q * b), p))
            loss = fma(f, T(v * a), T(h * T(w * b)))
            return loss, T(fma(-f, one, T(h * zero)) * c)

        elements = [element(z_k, t_k) for z_k, t_k in zip(y, t, strict=True)]
        return arith.feature_total([loss for loss, _ in elements]), [dZ for _, dZ in elements]
