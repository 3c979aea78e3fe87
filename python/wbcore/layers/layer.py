"""The layers of a network: live views of its parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wbcore import _arguments, _core, initializers
from wbcore._structure import LayerStructure
from wbcore.layers.dense import PRIOR, Dense, check_dropout

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._draws import Seed
    from wbcore.initializers import Initializer

__all__ = ["Layer", "initialize", "structure"]

# The biases of layer l have the stream 2^62 + l (docs/arithmetic.md, section 8).
_BIAS_STREAM = 2**62


class Layer:
    """A layer of a network, as `net[i]` gives it: its parameters are live views of the network's.

    Attributes
    ----------
    index : int
        Its place in the network, from 0.
    inputs, outputs : int
    activation : str
    weights : ndarray of shape (inputs, outputs)
        Writing into it changes the network. A value assigned to it is copied into it.
    biases : ndarray of shape (outputs,) or None
        Likewise; None for a layer without.
    bias : bool
        Whether it has biases.
    trainable : bool
        Whether training and optimizers change the layer; may be assigned, between trainings. A
        `backward` goes by what it was at its `forward`.
    dropout : float
        The share of its outputs that a step of a training leaves out; may be assigned likewise.

    Raises
    ------
    AttributeError
        When another attribute is assigned: a network keeps its structure.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> net[0].weights[:] = 0.5
    >>> net[0].biases += 1
    >>> net.parameters[:9]
    array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1. , 1. , 1. ], dtype=float32)
    """

    index: int
    inputs: int
    outputs: int
    activation: str
    _weights: NDArray[Any]
    _biases: NDArray[Any] | None
    _dropout: float
    _network: _core._Network | None
    _trainable: bool

    __slots__ = (
        "_biases",
        "_dropout",
        "_network",
        "_trainable",
        "_weights",
        "activation",
        "index",
        "inputs",
        "outputs",
    )

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init__(
        self,
        index: int,
        activation: str,
        weights: NDArray[Any],
        biases: NDArray[Any] | None,
        *,
        trainable: bool = True,
        dropout: float = 0.0,
        network: _core._Network | None = None,
    ) -> None:
        values = {
            "index": index,
            "inputs": weights.shape[0],
            "outputs": weights.shape[1],
            "activation": activation,
            "_weights": weights,
            "_biases": biases,
            "_trainable": trainable,
            "_dropout": dropout,
            "_network": network,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # A deep copy or a pickle has arrays of its own, apart from any network.
        arrays = self._weights, self._biases
        options = self.trainable, self.dropout
        return _apart, (type(self), self.index, self.activation, arrays, options)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in ("weights", "biases", "trainable", "dropout"):
            raise AttributeError(
                f"[layer {self.index}] expected weights, biases, trainable or dropout to be "
                f"assigned, got {name}: a network keeps its structure; build another with the "
                f"layers that it is to have"
            )
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"[layer {self.index}] expected attributes to stay, got del {name}")

    # Views of one's own: what is done to a view's shape or flags is done to that view alone.

    @property
    def weights(self) -> NDArray[Any]:
        """Live view of the weights, (inputs, outputs)."""
        return self._weights.view()

    @weights.setter
    def weights(self, value: ArrayLike) -> None:
        _write(self._weights, f"layer {self.index}", "weights", value)

    @property
    def biases(self) -> NDArray[Any] | Any:  # noqa: ANN401 -- None is rare; few want to ask for it
        """Live view of the biases, (outputs,); None for a layer without."""
        return None if self._biases is None else self._biases.view()

    @biases.setter
    def biases(self, value: ArrayLike) -> None:
        if self._biases is None:
            raise AttributeError(
                f"[layer {self.index}] expected weights to be assigned, got biases: it has none"
            )
        _write(self._biases, f"layer {self.index}", "biases", value)

    @property
    def bias(self) -> bool:
        """Whether the layer has biases."""
        return self._biases is not None

    @property
    def trainable(self) -> bool:
        """Whether training and optimizers change the layer."""
        return self._trainable if self._network is None else self._network.is_trainable(self.index)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = _arguments.flag(f"layer {self.index}", "trainable", value)
        if self._network is None:
            object.__setattr__(self, "_trainable", value)
        else:
            self._network.set_trainable(self.index, value)

    @property
    def dropout(self) -> float:
        """The share of its outputs that a step of a training leaves out."""
        return self._dropout if self._network is None else self._network.dropout(self.index)

    @dropout.setter
    def dropout(self, value: float) -> None:
        value = check_dropout(f"layer {self.index}", value)
        if self._network is None:
            object.__setattr__(self, "_dropout", value)
            return
        if value and self.index == len(self._network.layers) - 1:
            raise ValueError(
                f"[layer {self.index}] expected dropout to be assigned to a layer before the last, "
                f"whose outputs the loss compares, got {value:g}"
            )
        self._network.set_dropout(self.index, value)

    def __repr__(self) -> str:
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        return f"<Layer {self.index}: {self.inputs} to {self.outputs}, {self.activation}{dropout}>"


def _apart(
    cls: type[Layer],
    index: int,
    activation: str,
    arrays: tuple[NDArray[Any], NDArray[Any] | None],
    options: tuple[bool, float],
) -> Layer:
    """For copies and pickles."""
    trainable, dropout = options
    return cls(index, activation, *arrays, trainable=trainable, dropout=dropout)


def structure(layers: Iterable[Dense | Layer]) -> tuple[LayerStructure, ...]:
    """What another network of the same structure is made of."""
    return tuple(
        LayerStructure(
            layer.inputs,
            layer.outputs,
            str(layer.activation),
            layer.bias,
            layer.trainable,
            layer.dropout,
        )
        for layer in layers
    )


def initialize(layer: Layer, dense: Dense, seed: Seed) -> None:
    """Draw a layer's parameters, the weights first."""
    index, initializer = layer.index, dense.initializer
    assert initializer is not None, "Dense has replaced it"
    shape = dense.inputs, dense.outputs
    operation = f"initializer of layer {index}"
    W = initializers.draw(operation, initializer, shape, seed, index)
    _write(layer.weights, operation, "weights", W)

    if layer.biases is None or dense.bias_initializer == PRIOR:  # zeros until the first fit
        return
    operation = f"bias_initializer of layer {index}"
    row = 1, dense.outputs
    if isinstance(dense.bias_initializer, tuple):
        b = np.array(dense.bias_initializer)
    else:
        start = cast("Initializer", dense.bias_initializer)
        b = initializers.draw(operation, start, row, seed, _BIAS_STREAM + index)
    _write(layer.biases, operation, "biases", b[0] if b.shape == row else b)


def _write(view: NDArray[Any], operation: str, name: str, value: ArrayLike) -> None:
    """Writes the value into the view, or refuses it before anything changes."""
    array = _arguments.floats(operation, name, value)
    if array.shape != view.shape:
        raise ValueError(
            f"[{operation}] expected {name} of shape {view.shape}, got shape {array.shape}"
        )
    view[...] = _arguments.rounded(operation, name, array, view.dtype)
