"""A dense layer: what it is to be, how it starts, and as a function on arrays."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wbcore import _arguments, _core, activations, initializers
from wbcore._foreign import explains_constructor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore.activations import Activation
    from wbcore.initializers import Initializer

__all__ = ["PRIOR", "Dense", "chain", "check_dropout", "dense"]

PRIOR = "prior"
"""Biases that are set from the targets of the first fit."""


def dense(x: ArrayLike, weights: ArrayLike, biases: ArrayLike) -> NDArray[Any]:
    """A dense layer without activation: x @ weights + biases, as a chain of fused multiply-adds.

    Each output starts from its bias and adds x[k] * weights[k, o] in ascending k, so that its bits
    do not depend on the number of rows or the machine (docs/arithmetic.md, sections 2 and 3).

    Parameters
    ----------
    x : array-like of shape (I,) or (B, I)
        One input, or a batch of them.
    weights : array-like of shape (I, O), or (I,)
        With (I,) those of one neuron.
    biases : array-like of shape (O,), or a number
        A number for one neuron.

    Returns
    -------
    ndarray of shape (O,) or (B, O)
        float32 when all three arguments are, else float64. Of one neuron a number, or (B,).

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
    >>> wb.dense([0.5, 0.3], [0.8, 0.6], 0.2)  # a neuron
    np.float64(0.78)
    """
    x, W, b = (
        _arguments.floats("dense", name, value)
        for name, value in (("x", x), ("weights", weights), ("biases", biases))
    )
    if W.ndim not in (1, 2) or 0 in W.shape:
        raise ValueError(
            f"[dense] expected weights of shape (I, O), both at least 1, or (I,) for one neuron, "
            f"got shape {W.shape}"
        )
    inputs, of_outputs = W.shape[0], W.shape[1:]  # (O,), or () of one neuron
    if b.shape != of_outputs:
        wanted = f"of shape {of_outputs}" if of_outputs else f"as one number, for weights {W.shape}"
        raise ValueError(f"[dense] expected biases {wanted}, got shape {b.shape}")
    if x.ndim not in (1, 2) or x.shape[-1] != inputs:
        raise ValueError(
            f"[dense] expected x of shape ({inputs},) or (B, {inputs}), got shape {x.shape}"
        )
    dtype = np.result_type(x, W, b)
    rows, W, b = (
        array.astype(dtype, copy=False)
        for array in (x.reshape(-1, inputs), W.reshape(inputs, -1), b.reshape(-1))
    )
    Z: NDArray[Any] = _core.dense(rows, W, b).reshape((*x.shape[:-1], *of_outputs))[()]
    return Z


@explains_constructor
@dataclass(frozen=True)
class Dense:
    """What a dense layer is to be: A = activation(X W + b), and how W and b start.

    Parameters
    ----------
    inputs, outputs : int
        At least 1. The weights have the shape (inputs, outputs), the biases (outputs,).
    activation : str or Activation, default "identity"
        A name of `wbcore.activations.NAMES`, with a number such as "leaky_relu(0.2)" or without, or
        an object such as `LeakyReLU(slope=0.2)`; kept as the text. "softmax" only in a network's
        last layer.
    initializer : str or callable, optional
        A name of `wbcore.initializers.NAMES`, with numbers such as "normal(0, 0.1)" or without, or
        a function `f(fan_in, fan_out)` that returns an array of that shape; if it has parameters
        named `seed` and `layer`, it is given the network's. Default: he, N(0, 2/fan_in), for the
        relu family (relu, leaky_relu, elu, gelu, silu, softplus), and xavier, N(0, 1/fan_in), for
        the others. (These are the names of wbcore's lessons; what others call Xavier is here
        `glorot_normal`.) "zeros" where bias_initializer is "prior".
    bias_initializer : str, float, array-like of shape (outputs,) or callable, default "zeros"
        A name of `wbcore.initializers.BIAS_NAMES`, with numbers or without; a number for all; one
        number each (kept as a tuple); or a function `f(1, outputs)` that returns an array of shape
        (outputs,) or (1, outputs). "prior", in a network's last layer: zeros, until the first `fit`
        sets them from its targets by `Network.start_at_prior`, before its first step.
    bias : bool, default True
        Without, A = activation(X W), and there is no b among the network's parameters.
    trainable : bool, default True
        Without, training and optimizers leave the layer as it is, and compute no gradient of it.
    dropout : float, default 0
        At least 0 and below 1. In each step of a training every output, row by row, is 0 with this
        probability (to the nearest 2**-16) and 1 / (1 - dropout) times its value otherwise; never
        in prediction or evaluation. Frozen layers do it, too; a network's last layer has none.
        Which outputs are left out depends on the seed of the fit, the layer, the step, the row of
        the batch and the unit alone (`wbcore.random.dropout_mask`).

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
bias=True, trainable=True, dropout=0.0)
    """

    __array_ufunc__ = None  # `==` with an array is False, not an array

    inputs: int
    outputs: int
    activation: str | Activation = "identity"
    initializer: Initializer | None = None
    bias_initializer: Initializer | float | ArrayLike = "zeros"
    bias: bool = field(default=True, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    dropout: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        activation = activations.check("Dense", "activation", self.activation)
        initializer = self.initializer
        if initializer is None:
            relu_like = activations.name_of(activation) in activations.RELU_FAMILY
            initializer = "he" if relu_like else "xavier"
            if isinstance(self.bias_initializer, str) and self.bias_initializer == PRIOR:
                initializer = "zeros"  # so that the first outputs are the prior, whatever the input
        outputs = _arguments.integer("Dense", "outputs", self.outputs)
        checked = {
            "activation": activation,
            "inputs": _arguments.integer("Dense", "inputs", self.inputs),
            "outputs": outputs,
            "initializer": initializers.check(
                "Dense", "initializer", initializer, initializers.NAMES
            ),
            "bias_initializer": _bias_initializer(self.bias_initializer, outputs),
            "bias": _arguments.flag("Dense", "bias", self.bias),
            "trainable": _arguments.flag("Dense", "trainable", self.trainable),
            "dropout": check_dropout("Dense", self.dropout),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the way of frozen dataclasses
        if self.bias_initializer == PRIOR and not self.bias:
            raise ValueError(
                "[Dense] expected bias_initializer 'prior' in a layer with biases, "
                "got it with bias=False"
            )


def check_dropout(operation: str, value: object) -> float:
    """A share of outputs to leave out."""
    return _arguments.number(
        operation,
        "dropout",
        value,
        expected="a number of at least 0 and below 1",
        allowed=lambda share: 0 <= share < 1,
    )


def _bias_initializer(value: object, outputs: int) -> Initializer | tuple[float, ...]:
    """The text of a name or a number, a tuple of numbers, or a function."""
    if isinstance(value, str) and value == PRIOR:
        return value
    is_flag = isinstance(value, (bool, np.bool_))  # which Python counts among the numbers
    if isinstance(value, numbers.Real) and not is_flag:
        number = _arguments.number("Dense", "bias_initializer", value)
        return _core.choice_text("initializer", "constant", [number])
    is_function = callable(value)
    if is_function or isinstance(value, str) or not isinstance(value, (Iterable, np.ndarray)):
        expected = "a number, an array, a function or one of"
        known = (*initializers.BIAS_NAMES, PRIOR)
        return initializers.check("Dense", "bias_initializer", value, known, expected=expected)
    array = _arguments.floats("Dense", "bias_initializer", cast("ArrayLike", value))
    if array.shape != (outputs,):
        raise ValueError(
            f"[Dense] expected bias_initializer of shape ({outputs},), got shape {array.shape}"
        )
    return tuple(map(float, array))


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
        name = activations.name_of(str(layer.activation))
        if name not in activations.ELEMENTWISE and index < len(given) - 1:
            raise ValueError(
                f"[Network] expected {name} in the last layer only, got it in layer {index} "
                f"of {len(given)}"
            )
        if index < len(given) - 1 and layer.bias_initializer == PRIOR:
            raise ValueError(
                f"[Network] expected bias_initializer 'prior' in the last layer only, got it in "
                f"layer {index} of {len(given)}"
            )
        if index == len(given) - 1 and layer.dropout:
            raise ValueError(
                f"[Network] expected dropout in layers before the last, whose outputs the loss "
                f"compares, got {layer.dropout:g} in layer {index} of {len(given)}"
            )
    return given
