"""A network in float64, seen from the sums of its first layer: what attributions differentiate.

A line from one input to another is a line of first-layer sums, since these are linear in the input.
So nothing along the line needs the input itself, whose width is often the largest.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from wbcore import _core, _named
from wbcore._structure import LayerStructure
from wbcore.activations import name_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Float64Network", "activated", "activation_slopes", "kinks_of"]

Floats: TypeAlias = "NDArray[np.float64]"


class Float64Network:
    """The parameters of a network as float64, whatever its dtype, and products with them.

    The products are the core's, so that their bits do not depend on threads; the weights' gradients
    are never computed.

    Parameters
    ----------
    net : Network
        One snapshot of its parameters is taken.
    """

    def __init__(self, net: Network) -> None:
        self.structure = tuple(net._structure)
        self.activations = tuple(layer.activation for layer in self.structure)
        flat = np.asarray(_core.snapshot(net._core), np.float64)
        starts = tuple(accumulate((s.n_parameters for s in self.structure), initial=0))
        self._forward: list[Callable[[Floats], Floats]] = []
        self._backward: list[Callable[[Floats], Floats]] = []
        for layer, start, end in zip(self.structure, starts, starts[1:], strict=False):
            weights = flat[start : start + layer.inputs * layer.outputs]
            weights = weights.reshape(layer.inputs, layer.outputs)
            self._forward.append(_product(weights, flat[start:end], bias=layer.bias))
            self._backward.append(_product(weights.T, weights.T.ravel(), bias=False))
            if start == 0:
                self.first_weights = weights

    @property
    def inputs(self) -> int:
        """I."""
        return self.structure[0].inputs

    @property
    def outputs(self) -> int:
        """O."""
        return self.structure[-1].outputs

    def first_sums(self, X: Floats) -> Floats:
        """The first layer's sums (B, H) of inputs (B, I)."""
        return self._forward[0](X)

    def sums(self, Z: Floats, layers: int | None = None) -> list[Floats]:
        """The sums of each layer, from those of the first, (B, H); of so many layers, or all."""
        all_sums = [Z]
        products = self._forward[1:layers]
        for activation, product in zip(self.activations, products, strict=False):
            all_sums.append(product(activated(activation, all_sums[-1])))
        return all_sums

    def last_sums(self, X: Floats) -> Floats:
        """The last layer's sums (B, O) of inputs (B, I)."""
        return self.sums(self.first_sums(X))[-1]

    def first_slopes(self, sums: list[Floats], dZ: Floats) -> Floats:
        """The gradient by the first layer's sums (B, H), from that by the last layer's (B, O)."""
        for layer in range(len(self.structure) - 1, 0, -1):
            dA = self._backward[layer](dZ)
            dZ = activation_slopes(self.activations[layer - 1], sums[layer - 1], dA)
        return dZ

    def reach(self, step: Floats) -> Floats:
        """How much a slope of 1 by each of the first sums (B, H) counts in all of a step (B, I)."""
        weights = np.abs(self.first_weights)
        return _product(weights, weights.ravel(), bias=False)(np.abs(step))

    def input_slopes(self, dZ: Floats) -> Floats:
        """The gradient by the inputs (B, I), from that by the first layer's sums (B, H)."""
        return self._backward[0](dZ)


def _product(weights: Floats, parameters: Floats, *, bias: bool) -> Callable[[Floats], Floats]:
    """Rows times weights, and biases."""
    layer = LayerStructure(weights.shape[0], weights.shape[1], "identity", bias)
    return _core.live_predictor(_core.Network64([layer], np.ascontiguousarray(parameters)))


def activated(activation: str, Z: Floats) -> Floats:
    """The activation of sums (B, O)."""
    return _core.softmax(Z) if activation == "softmax" else _core.elementwise(activation, Z)


def activation_slopes(activation: str, Z: Floats, dA: Floats) -> Floats:
    """The gradient by sums (B, O), from that by what the activation makes of them."""
    A = activated(activation, Z)
    if activation == "softmax":
        dZ: Floats = A * (dA - (A * dA).sum(axis=1, keepdims=True))
        return dZ
    return _core.activation_backward(activation, Z, A, dA)


def kinks_of(activation: str) -> tuple[float, ...] | None:
    """The sums at which its straight pieces meet; None when it is not made of such."""
    kinks: tuple[float, ...] | None = _named.rows("activation")[name_of(activation)].properties[
        "kinks"
    ]
    return kinks
