"""The inverses of activations: where each is a given number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wbcore import _core, _named

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["inverse", "log"]


def log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The core's own, whose bits are the same on every machine."""
    return _core.elementwise("log", np.ascontiguousarray(x, np.float64))


def _expm1(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return _core.elementwise("expm1", np.ascontiguousarray(x, np.float64))


class _Inverse(NamedTuple):
    """Of an activation with the number a, if it has one: its values, and the z that gives one."""

    low: Callable[[float], float]
    high: float
    of: Callable[[NDArray[np.float64], float], NDArray[np.float64]]


def _anything(_: float) -> float:
    return -math.inf


def _above_zero(_: float) -> float:
    return 0.0


# What is not here has none, as gelu, or none that a gradient would come through.
_INVERSES = {
    "identity": _Inverse(_anything, math.inf, lambda m, _: m),
    "sigmoid": _Inverse(_above_zero, 1.0, lambda m, _: log(m / (1 - m))),
    "tanh": _Inverse(lambda _: -1.0, 1.0, lambda m, _: 0.5 * log((1 + m) / (1 - m))),
    "softsign": _Inverse(lambda _: -1.0, 1.0, lambda m, _: m / (1 - np.abs(m))),
    "relu": _Inverse(_above_zero, math.inf, lambda m, _: m),
    "exp": _Inverse(_above_zero, math.inf, lambda m, _: log(m)),
    "softplus": _Inverse(_above_zero, math.inf, lambda m, _: m + log(-_expm1(-m))),
    "leaky_relu": _Inverse(
        lambda a: -math.inf if a > 0 else 0.0,
        math.inf,
        lambda m, a: np.where(m > 0, m, m / (a or 1.0)),
    ),
    "elu": _Inverse(
        lambda a: -a,
        math.inf,
        lambda m, a: np.where(m > 0, m, log(np.where(m > 0, a, m + a) / a)),
    ),
}


def inverse(
    operation: str, activation: str, what: str, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The z at which an activation gives these values, (O,); `what` they are, for a refusal."""
    name, numbers = _named.parsed("activation", operation, "activation", activation)
    if name not in _INVERSES:
        raise ValueError(
            f"[{operation}] expected a last activation with an inverse ({', '.join(_INVERSES)}), "
            f"got {activation}"
        )
    row = _INVERSES[name]
    number = numbers[0] if numbers else 0.0
    low, high = row.low(number), row.high
    for output, value in enumerate(values.tolist()):
        if not low < value < high:
            raise ValueError(
                f"[{operation}] expected the {what} of y to be between {low:g} and {high:g}, which "
                f"the last activation {activation} gives, got {value:g} for output {output}"
            )
    return row.of(values, number)
