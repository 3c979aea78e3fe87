"""Output biases that give the shares of the targets, whatever the inputs (section 9.4)."""

import math
from collections.abc import Callable
from itertools import cycle

from .activations import ACTIVATIONS
from .arithmetic import FLOAT64
from .arrays import Matrix, Vector, columns
from .functions import expm1, log
from .losses import LOSSES, Labels, Loss, target_rows

KINDS = ("classes", "probabilities", "numbers", "counts", "positives")
"""Targets of which a mean says something."""


def prior_biases(
    loss: str | Loss,
    activation: str,
    y: Matrix | Labels,
    outputs: int,
    weights: Vector | None = None,
) -> list[float]:
    """Return the biases of a last layer, in binary64.

    Parameters
    ----------
    loss : str or Loss
    activation : str
        Of the last layer.
    y : matrix of shape (B, O), or B labels for a loss of classes
    outputs : int
        O.
    weights : vector of length B, optional
        Default: 1 each.

    Raises
    ------
    ValueError
        When the targets are of another kind than `KINDS`, or their mean is no value of the
        activation.

    Examples
    --------
    >>> prior_biases("binary_cross_entropy", "identity", [[1.0], [0.0], [1.0]], 1)
    [0.6931471805599453]
    >>> prior_biases("cross_entropy", "softmax", [0, 0, 0, 0, 0, 0], 2)[1]
    -2.5649493574615367
    >>> prior_biases("mse", "tanh", [[0.5], [0.0]], 1)
    [0.25541281188299536]
    >>> prior_biases("quantile(0.25, 0.75)", "identity", [[1.0], [2.0], [3.0], [4.0]], 2)
    [1.0, 3.0]
    """
    chosen = LOSSES.choice(loss)
    if chosen.targets not in KINDS:
        message = f"[priors] targets of {chosen} have no mean"
        raise ValueError(message)
    rows = [1.0] * len(y) if weights is None else weights
    total = math.fsum(rows)
    half = 0.5 * (total / sum(w != 0.0 for w in rows))

    def sums(of: Callable[[float], float]) -> list[float]:
        targets = columns(target_rows(y, outputs))
        return [
            math.fsum(of(t) * w for t, w in zip(column, rows, strict=True)) for column in targets
        ]

    ones = sums(lambda t: t)
    if chosen.targets == "classes":
        smoothing = chosen.smoothing
        counts = ones if smoothing else [c or half for c in ones]
        all_of_them = math.fsum(counts)
        kept, added = 1.0 - smoothing, smoothing / outputs
        return [log(FLOAT64, kept * (c / all_of_them) + added) for c in counts]
    if "sigmoid" in chosen.undoes:
        zeros = sums(lambda t: 1.0 - t)
        return [log(FLOAT64, (a or half) / (b or half)) for a, b in zip(ones, zeros, strict=True)]
    if chosen.quantiles:
        levels = cycle(chosen.quantiles)
        return [
            inverse(activation, quantile(column, rows, next(levels)))
            for column in columns(target_rows(y, outputs))
        ]
    undone = [name for name in chosen.undoes if name != "identity"]
    if undone:
        return [inverse(undone[0], (s or half) / total) for s in ones]
    return [inverse(activation, s / total) for s in ones]


def quantile(column: Vector, weights: Vector, level: float) -> float:
    """Return the smallest target that has, with those below it, a share of the weight.

    Examples
    --------
    >>> quantile([3.0, 1.0, 2.0], [1.0, 1.0, 1.0], 0.5), quantile([3.0, 1.0], [2.0, 1.0], 0.5)
    (2.0, 3.0)
    """
    pairs = list(zip(column, weights, strict=True))
    least = level * math.fsum(weights)
    return min(
        t + 0.0  # -0 is 0
        for t, weight in pairs
        if weight != 0.0 and math.fsum(w for below, w in pairs if below <= t) >= least
    )


def inverse(activation: str, m: float) -> float:
    """Return the z at which an activation is m.

    Raises
    ------
    ValueError
        When there is none.

    Examples
    --------
    >>> inverse("leaky_relu(0.5)", -1.0), inverse("sigmoid", 0.5)
    (-2.0, 0.0)
    """
    chosen = ACTIVATIONS.choice(activation)
    number = next((float(getattr(chosen, name)) for name in chosen.defaults()), 0.0)
    match chosen.name:
        case "identity":
            return m
        case "sigmoid" if 0.0 < m < 1.0:
            return log(FLOAT64, m / (1.0 - m))
        case "tanh" if -1.0 < m < 1.0:
            return 0.5 * log(FLOAT64, (1.0 + m) / (1.0 - m))
        case "softsign" if -1.0 < m < 1.0:
            return m / (1.0 - abs(m))
        case "relu" if m > 0.0:
            return m
        case "exp" if m > 0.0:
            return log(FLOAT64, m)
        case "softplus" if m > 0.0:
            return m + log(FLOAT64, -expm1(FLOAT64, -m))
        case "leaky_relu" if m > 0.0 or number > 0.0:
            return m if m > 0.0 else m / number
        case "elu" if m > -number:
            return m if m > 0.0 else log(FLOAT64, (m + number) / number)
        case _:
            message = f"[priors] {activation} is nowhere {m}"
            raise ValueError(message)
