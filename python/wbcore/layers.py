"""Dense layers: their specification, their parameters in a network, and a layer as a function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wbcore import _arguments, _core, activations, initializers
from wbcore._structure import LayerStructure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._draws import Seed
    from wbcore.initializers import Initializer

__all__ = ["Dense", "Layer", "dense"]

# The biases of layer l have the stream 2^62 + l (docs/arithmetic.md, section 8).
_BIAS_STREAM = 2**62


def dense(x: ArrayLike, weights: ArrayLike, biases: ArrayLike) -> NDArray[Any]:
    """A dense layer without activation: x @ weights + biases, as a chain of fused multiply-adds.

    Each output starts from its bias and adds x[k] * weights[k, o] in ascending k, so that its bits
    do not depend on the number of rows or the machine (docs/arithmetic.md, sections 2 and 3).

    Parameters
    ----------
    x : array-like of shape (I,) or (B, I)
        One input, or a batch of them.
    weights : array-like of shape (I, O)
    biases : array-like of shape (O,)

    Returns
    -------
    ndarray of shape (O,) or (B, O)
        float32 when all three arguments are, else float64.

    Raises
    ------
    TypeError
        When an argument is complex, masked, or not numeric.
    ValueError
        When shapes do not fit, or a value is NaN or infinite.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.dense([0.5, 0.3], weights=[[0.8], [0.6]], biases=[0.2])
    array([0.78])
    """
    x, W, b = (
        _arguments.floats("dense", name, value)
        for name, value in (("x", x), ("weights", weights), ("biases", biases))
    )
    if W.ndim != 2 or 0 in W.shape:
        raise ValueError(
            f"[dense] expected weights of shape (I, O), both at least 1, got shape {W.shape}"
        )
    inputs, outputs = W.shape
    if b.shape != (outputs,):
        raise ValueError(f"[dense] expected biases of shape ({outputs},), got shape {b.shape}")
    if x.ndim not in (1, 2) or x.shape[-1] != inputs:
        raise ValueError(
            f"[dense] expected x of shape ({inputs},) or (B, {inputs}), got shape {x.shape}"
        )
    dtype = np.result_type(x, W, b)
    rows, W, b = (array.astype(dtype, copy=False) for array in (x.reshape(-1, inputs), W, b))
    return _core.dense(rows, W, b).reshape(*x.shape[:-1], outputs)


@dataclass(frozen=True)
class Dense:
    """What a dense layer is to be: A = activation(X W + b), and how W and b start.

    Parameters
    ----------
    inputs, outputs : int
        At least 1. The weights have the shape (inputs, outputs), the biases (outputs,).
    activation : str, default "identity"
        A name of `wbcore.activations.NAMES`; "softmax" only in a network's last layer.
    initializer : str or callable, optional
        A name of `wbcore.initializers.NAMES`, or a function `f(fan_in, fan_out)` that returns an
        array of that shape; if it has parameters named `seed` and `layer`, it is given the
        network's. Default: he, N(0, 2/fan_in), for the relu family (relu, leaky_relu, elu, gelu,
        silu, softplus), and xavier, N(0, 1/fan_in), for the others. (These are the names of
        wbcore's lessons; what others call Xavier is here `glorot_normal`.)
    bias_initializer : str or callable, default "zeros"
        A name of `wbcore.initializers.BIAS_NAMES`, or a function `f(1, outputs)` that returns an
        array of shape (outputs,) or (1, outputs).
    bias, trainable : bool, default True
        Whether the layer has biases, and whether training changes it. A network has layers with
        both so far.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range; names that are not known are answered
        with those that are.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.Dense(64, 32, "relu")
    Dense(inputs=64, outputs=32, activation='relu', initializer='he', bias_initializer='zeros', \
bias=True, trainable=True)
    """

    __array_ufunc__ = None  # `==` with an array is False, not an array

    inputs: int
    outputs: int
    activation: str = "identity"
    initializer: Initializer | None = None
    bias_initializer: Initializer = "zeros"
    bias: bool = field(default=True, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        activation = _arguments.choice("Dense", "activation", self.activation, activations.NAMES)
        initializer = self.initializer
        if initializer is None:
            initializer = "he" if activation in activations.RELU_FAMILY else "xavier"
        checked = {
            "inputs": _arguments.integer("Dense", "inputs", self.inputs),
            "outputs": _arguments.integer("Dense", "outputs", self.outputs),
            "initializer": initializers.check(
                "Dense", "initializer", initializer, initializers.NAMES
            ),
            "bias_initializer": initializers.check(
                "Dense", "bias_initializer", self.bias_initializer, initializers.BIAS_NAMES
            ),
            "bias": _arguments.flag("Dense", "bias", self.bias),
            "trainable": _arguments.flag("Dense", "trainable", self.trainable),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the way of frozen dataclasses


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
    biases : ndarray of shape (outputs,), or None
        Likewise; None in a layer without biases, to which none can be assigned.

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

    __slots__ = ("_biases", "_weights", "activation", "index", "inputs", "outputs")

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init__(
        self, index: int, activation: str, weights: NDArray[Any], biases: NDArray[Any] | None
    ) -> None:
        values = index, *weights.shape, activation, weights, biases
        names = "index", "inputs", "outputs", "activation", "_weights", "_biases"
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Layer], tuple[Any, ...]]:
        # A deep copy or a pickle has arrays of its own, apart from any network.
        return type(self), (self.index, self.activation, self._weights, self._biases)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in ("weights", "biases"):
            raise AttributeError(
                f"[layer {self.index}] expected weights or biases to be assigned, got {name}: a "
                f"network keeps its structure; build another with the layers that it is to have"
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
    def biases(self) -> NDArray[Any] | Any:  # noqa: ANN401 - most have some: no test for None first
        """Live view of the biases, (outputs,), or None."""
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
        """Whether training changes the layer: so far, always."""
        return True

    def __repr__(self) -> str:
        return f"<Layer {self.index}: {self.inputs} to {self.outputs}, {self.activation}>"


def chain(layers: object) -> list[Dense]:
    """The layers of a network, when each fits the one before it."""
    try:
        given = list(cast("Iterable[Dense]", layers))
    except TypeError:
        raise TypeError(
            f"[Network] expected layers to be a sequence of Dense, got {_arguments.shown(layers)}"
        ) from None
    if not given:
        raise ValueError("[Network] expected at least one layer, got none")
    for index, layer in enumerate(given):
        if not isinstance(layer, Dense):
            raise TypeError(
                f"[Network] expected layer {index} to be a Dense, got {_arguments.shown(layer)}"
            )
        if index and layer.inputs != given[index - 1].outputs:
            raise ValueError(
                f"[Network] expected layer {index} to take the {given[index - 1].outputs} outputs "
                f"of layer {index - 1}, got one with {layer.inputs} inputs"
            )
        if layer.activation == "softmax" and index < len(given) - 1:
            raise ValueError(
                f"[Network] expected softmax in the last layer only, got it in layer {index} "
                f"of {len(given)}"
            )
    return given


def structure(layers: Iterable[Dense | Layer]) -> tuple[LayerStructure, ...]:
    """What another network of the same structure is made of."""
    return tuple(
        LayerStructure(layer.inputs, layer.outputs, layer.activation, layer.bias, layer.trainable)
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

    if layer.biases is None:
        return
    operation = f"bias_initializer of layer {index}"
    row = 1, dense.outputs
    b = initializers.draw(operation, dense.bias_initializer, row, seed, _BIAS_STREAM + index)
    _write(layer.biases, operation, "biases", b[0] if b.shape == row else b)


def _write(view: NDArray[Any], operation: str, name: str, value: ArrayLike) -> None:
    """Writes the value into the view, or refuses it before anything changes."""
    array = _arguments.floats(operation, name, value)
    if array.shape != view.shape:
        raise ValueError(
            f"[{operation}] expected {name} of shape {view.shape}, got shape {array.shape}"
        )
    view[...] = _arguments.rounded(operation, name, array, view.dtype)
