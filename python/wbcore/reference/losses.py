"""Losses and their gradients (section 6).

mse, mae and huber compare the outputs y of the last layer with the targets, and their gradient
goes through its activation.  The two entropies work on the sums z of the last layer, whether its
activation is identity or sigmoid (softmax), and give the gradient by z directly.
"""

from collections.abc import Sequence

from .activations import softmax_parts
from .arithmetic import FLOAT64, Arithmetic
from .arrays import Matrix, Vector
from .functions import exp, log, log1p, sigmoid

LOSSES = ("mse", "mae", "huber", "binary_cross_entropy", "cross_entropy")

ENTROPIES = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}
"""The losses of z, and the activation of the last layer that they include."""

Labels = Sequence[int]


def loss_and_gradient(
    arith: Arithmetic, loss: str, outputs: Matrix, targets: Matrix, delta: float = 1.0
) -> tuple[float, list[list[float]]]:
    """Mean loss over a batch and its gradient.

    Parameters
    ----------
    loss : str
        One of `LOSSES`.
    outputs : matrix of shape (B, O)
        Outputs y of the last layer, or its sums z for `ENTROPIES`.
    targets : matrix of shape (B, O)
        In the format of ``arith``; labels go through `target_rows` first.
    delta : float
        Where huber turns from a square into a line.

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
    >>> value, gradient = loss_and_gradient(FLOAT64, "cross_entropy", [[0.0, 0.0]], [[0.0, 1.0]])
    >>> round(value, 12), gradient
    (0.69314718056, [[0.5, -0.5]])
    """
    total, gradient = loss_sum_and_gradient(arith, loss, outputs, targets, delta)
    return FLOAT64.T(total / count(loss, len(outputs), len(outputs[0]))), gradient


def count(loss: str, rows: int, width: int) -> int:
    """Of what a loss is the mean: of rows for cross_entropy, of elements for the others."""
    return rows if loss == "cross_entropy" else rows * width


def loss_sum_and_gradient(
    arith: Arithmetic, loss: str, outputs: Matrix, targets: Matrix, delta: float = 1.0
) -> tuple[float, list[list[float]]]:
    """Sum of the row losses of a batch, and the gradient of their mean.

    Parameters, errors and gradient are those of `loss_and_gradient`.
    """
    if loss not in LOSSES:
        message = f"[losses] unknown loss {loss!r}; known: {', '.join(LOSSES)}"
        raise ValueError(message)
    T = arith.T
    n = T(count(loss, len(outputs), len(outputs[0])))

    row_losses, gradient = [], []
    for y, t in zip(outputs, targets, strict=True):
        match loss:
            case "mse":
                row = _mse(arith, y, t, T(2.0 / n))
            case "mae":
                row = _mae(arith, y, t, T(1.0 / n))
            case "huber":
                row = _huber(arith, y, t, T(1.0 / n), T(delta))
            case "binary_cross_entropy":
                row = _binary_cross_entropy(arith, y, t, T(1.0 / n))
            case _:
                row = _cross_entropy(arith, y, t, T(1.0 / n))
        row_losses.append(row[0])
        gradient.append(row[1])
    return arith.row_total(row_losses), gradient


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


Row = tuple[float, list[float]]


def _differences(arith: Arithmetic, y: Vector, t: Vector) -> list[float]:
    return [arith.T(y_k - t_k) for y_k, t_k in zip(y, t, strict=True)]


def _mse(arith: Arithmetic, y: Vector, t: Vector, c: float) -> Row:
    """Here c is 2 / n."""
    d = _differences(arith, y, t)
    return arith.feature_sum(0.0, d, d), [arith.T(d_k * c) for d_k in d]


def _mae(arith: Arithmetic, y: Vector, t: Vector, c: float) -> Row:
    d = _differences(arith, y, t)
    dY = [c if d_k > 0.0 else -c if d_k < 0.0 else 0.0 for d_k in d]
    return arith.feature_total([abs(d_k) for d_k in d]), dY


def _huber(arith: Arithmetic, y: Vector, t: Vector, c: float, delta: float) -> Row:
    T = arith.T

    def term(d: float) -> float:
        m = abs(d)
        return T(T(0.5 * d) * d) if m <= delta else T(delta * T(m - T(0.5 * delta)))

    def slope(d: float) -> float:
        return delta if d > delta else -delta if d < -delta else d

    d = _differences(arith, y, t)
    return arith.feature_total([term(d_k) for d_k in d]), [T(slope(d_k) * c) for d_k in d]


def _binary_cross_entropy(arith: Arithmetic, z: Vector, t: Vector, c: float) -> Row:
    T, fma = arith.T, arith.fma

    def term(z: float, t: float) -> float:
        return T(fma(-z, t, z if z > 0.0 else 0.0) + log1p(arith, exp(arith, -abs(z))))

    pairs = list(zip(z, t, strict=True))
    dZ = [T(T(sigmoid(arith, z_k) - t_k) * c) for z_k, t_k in pairs]
    return arith.feature_total([term(z_k, t_k) for z_k, t_k in pairs]), dZ


def _cross_entropy(arith: Arithmetic, z: Vector, t: Vector, c: float) -> Row:
    T = arith.T
    M, e, S = softmax_parts(arith, z)
    log_S = log(arith, S)
    # What is not expected costs nothing, even where z - M is out of range.
    surprises = [
        0.0 if t_k == 0.0 else T(log_S - T(z_k - M)) for z_k, t_k in zip(z, t, strict=True)
    ]
    dZ = [T(T(T(e_k / S) - t_k) * c) for e_k, t_k in zip(e, t, strict=True)]
    return arith.feature_sum(0.0, t, surprises), dZ
