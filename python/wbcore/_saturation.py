"""Where an activation is flat: its derivative is a small part of the largest it can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core, _named

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FLAT", "derivative", "saturated", "steepest"]

#: Below this part of the largest one a derivative counts as flat.
FLAT = 0.05

# The largest derivative of those that level off, but for elu's, which has a number. The others do
# not: pieces of straight lines (where relu is flat it is 0, and counts as not active), exp, which
# has no largest derivative, softmax, whose outputs have none of their own, and gelu and silu, whose
# derivative changes its sign.
_STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "softsign": 1.0, "softplus": 1.0}


def steepest(activation: str) -> float | None:
    """The largest derivative it can have; None of one that does not level off."""
    name, numbers = _named.parsed("activation", "saturation", "activation", activation)
    return max(1.0, *numbers) if name == "elu" else _STEEPEST.get(name)


def derivative(activation: str, z: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
    """Of an elementwise activation, where its outputs for z are a."""
    return _core.activation_backward(activation, z, a, np.ones_like(a))


def saturated(activation: str, z: NDArray[Any], a: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which outputs are where it is flat; None of an activation that does not level off."""
    limit = steepest(activation)
    if limit is None:
        return None
    flat: NDArray[np.bool_] = derivative(activation, z, a) < FLAT * limit
    return flat
