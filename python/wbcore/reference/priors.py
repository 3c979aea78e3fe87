"""Output biases that give the shares of the targets, whatever the inputs (section 9.4)."""

import math
from collections.abc import Callable

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
        counts = [c or half for c in ones]
        all_of_them = math.fsum(counts)
        return [log(FLOAT64, c / all_of_them) for c in counts]
    if "sigmoid" in chosen.undoes:
        zeros = sums(lambda t: 1.0 - t)
        return [log(FLOAT64, (a or half) / (b or half)) for a, b in zip(ones, zeros, strict=True)]
    # of several outputs to a target, one after another
    sums_of_outputs = [s for s in ones for _ in range(outputs // len(ones))]
    undone = [name for name in chosen.undoes if name != "identity"]
    if undone:
        return [inverse(undone[0], (s or half) / total) for s in sums_of_outputs]
    return [inverse(activation, s / total) for s in sums_of_outputs]


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
