"""Gradients of a loss by a network's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, overload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._structure import LayerStructure

__all__ = ["Gradients", "LayerGradients"]


class LayerGradients(NamedTuple):
    """The gradients of one layer, views of `Gradients.flat`."""

    weights: NDArray[Any]
    """dW, of shape (I, O)."""
    biases: NDArray[Any] | Any  # so that type checkers ask for no test for None
    """db, of shape (O,); None in a layer without biases."""


class Gradients(Sequence[LayerGradients]):
    """One `LayerGradients` a layer, all of them views of one flat array.

    Attributes
    ----------
    flat : ndarray of shape (n_parameters,)
        In the order of `Network.parameters`: dW of layer 0, db of layer 0, dW of layer 1, ...; 0
        for layers that are not trainable.
        Writing into it (to clip, to add) changes what `optimizer.step` applies.
    inputs : ndarray of shape (B, I) or None
        dX, the gradient by the inputs; `Network.backward` gives it.
    weight : float or None
        What the rows of the batch count together: the sum of their weights, their number where they
        have none, as in `Network.backward`, which knows no weights. Of gradients that are added up
        or averaged it is what all of their rows count. `optimizer.step` asks for it where
        `penalty_of_sum` is set. May be assigned.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> loss, grads = net.loss_and_gradients(np.ones((5, 2)), np.ones(5), loss="mse")
    >>> len(grads), grads[0].weights.shape, grads[1].biases.shape, grads.flat.shape
    (2, (2, 3), (1,), (13,))
    """

    __slots__ = ("_starts", "_structure", "flat", "inputs", "weight")

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init__(
        self,
        flat: NDArray[Any],
        structure: Sequence[LayerStructure],
        inputs: NDArray[Any] | None = None,
        weight: float | None = None,
    ) -> None:
        self.flat = flat
        self.inputs = inputs
        self.weight = weight
        self._structure = structure
        self._starts: tuple[int, ...] | None = None

    def _layer(self, index: int) -> LayerGradients:
        """Views of one's own: kept ones would be copied and pickled apart from the flat array."""
        if self._starts is None:  # most loops pass gradients on as they are
            self._starts = tuple(accumulate((s.n_parameters for s in self._structure), initial=0))
        rows, columns, _, bias, *_ = self._structure[index]
        start, end = self._starts[index : index + 2]
        middle = start + rows * columns
        weights = self.flat[start:middle].reshape(rows, columns)
        return LayerGradients(weights, self.flat[middle:end] if bias else None)

    def __len__(self) -> int:
        return len(self._structure)

    @overload
    def __getitem__(self, index: int) -> LayerGradients: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LayerGradients, ...]: ...
    def __getitem__(self, index: int | slice) -> LayerGradients | tuple[LayerGradients, ...]:
        layers = range(len(self))[index]  # as a tuple is indexed, from both ends
        if isinstance(layers, range):
            return tuple(map(self._layer, layers))
        return self._layer(layers)

    def __repr__(self) -> str:
        widths = [self._structure[0].inputs, *(layer.outputs for layer in self._structure)]
        return f"<Gradients of {'-'.join(map(str, widths))}, {self.flat.dtype}>"
