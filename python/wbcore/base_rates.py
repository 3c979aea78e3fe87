"""Output biases for other base rates than those of the training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments, _core
from wbcore._methods import network_method
from wbcore.priors import require_biases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore.network import Network

__all__ = ["with_priors"]


@network_method
def with_priors(
    self: Network, old: ArrayLike, new: ArrayLike, *, independent: bool | None = None
) -> Network:
    """A copy for another base rate: its output biases alone are shifted, exactly by Bayes' rule.

    A classifier that has learned on data with the base rates `old` gives posteriors for these.
    Where the answers come with the rates `new`, and inputs of each answer look as before, the
    posteriors are those times new / old, made to sum to 1 again; on logits that is a sum:
    log(new / old) for classes, and for a probability log(new / (1 - new)) - log(old / (1 - old)).

    Parameters
    ----------
    old, new : float, or array-like of shape (O,)
        Above 0 and below 1. For classes one each, which sum to 1. For probabilities that of a
        target of 1, one for each output, or one for all. After a training with weights `old` is
        the share by weight, `w[y == 1].sum() / w.sum()`; with class_weight="balanced" it is the
        same for all classes.
    independent : bool, optional
        Whether each output is a probability by itself rather than one of O classes. Default: by the
        last activation, sigmoid or softmax; where that is identity, and the outputs are logits,
        whether there is only one.

    Returns
    -------
    Network
        With everything else as here.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, the last layer has no biases, or its
        activation is none of identity, sigmoid and softmax.

    Examples
    --------
    Trained on as many frauds as others, used where one in 200 is one:

    >>> import wbcore as wb
    >>> net = wb.Network.mlp([3, 8, 1], output_activation="sigmoid", seed=0)
    >>> x = [[0.5, -1.0, 2.0]]
    >>> p, q = net.predict(x).item(), net.with_priors(0.5, 0.005).predict(x).item()
    >>> abs(q - p * 0.005 / (p * 0.005 + (1 - p) * 0.995)) < 1e-7
    True
    """
    operation = "with_priors"
    last = self[len(self) - 1]
    require_biases(operation, self)
    alone = _independent(operation, last.activation, last.outputs, independent)
    before, after = (
        _rates(operation, name, value, last.outputs, alone)
        for name, value in (("old", old), ("new", new))
    )
    shift = _logits(after, alone) - _logits(before, alone)
    biases = np.asarray(last.biases, np.float64) + shift
    copy = self.copy()
    copy[len(self) - 1].biases = biases
    return copy


def _independent(operation: str, activation: str, outputs: int, independent: object) -> bool:
    """Whether each output is a probability by itself."""
    if activation not in ("identity", "sigmoid", "softmax"):
        raise ValueError(
            f"[{operation}] expected a last activation identity, sigmoid or softmax, "
            f"got {activation}"
        )
    by_activation = activation == "sigmoid" or (activation == "identity" and outputs == 1)
    if independent is None:
        return by_activation
    wanted = _arguments.flag(operation, "independent", independent)
    if wanted != by_activation and (activation != "identity" or outputs == 1):
        raise ValueError(
            f"[{operation}] expected independent to be {by_activation} with {outputs} "
            f"output{'s' * (outputs != 1)} of {activation}, got {wanted}"
        )
    return wanted


def _rates(
    operation: str, name: str, value: ArrayLike, outputs: int, alone: bool
) -> NDArray[np.float64]:
    rates = _arguments.floats(operation, name, value).astype(np.float64)
    if alone and rates.ndim == 0:
        rates = np.full(outputs, rates)
    if rates.shape != (outputs,):
        wanted = "a number, or an array" if alone else "an array"
        raise ValueError(
            f"[{operation}] expected {name} to be {wanted} of shape ({outputs},), "
            f"got shape {rates.shape}"
        )
    if not ((rates > 0) & (rates < 1)).all() and not (outputs == 1 and not alone):
        raise ValueError(
            f"[{operation}] expected {name} above 0 and below 1, got {rates.min():g} to "
            f"{rates.max():g}"
        )
    if not alone and abs(math.fsum(rates) - 1) > 1e-6:
        raise ValueError(
            f"[{operation}] expected {name} of {outputs} classes to sum to 1, "
            f"got {math.fsum(rates):.9g}"
        )
    return rates


def _logits(rates: NDArray[np.float64], alone: bool) -> NDArray[np.float64]:
    return _log(rates) - _log(1 - rates) if alone else _log(rates)


def _log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The core's own, whose bits are the same on every machine."""
    return _core.elementwise("log", np.ascontiguousarray(x))
