"""A dense layer: forward and backward (section 3)."""

from dataclasses import dataclass

from . import activations
from .arithmetic import Arithmetic
from .arrays import Matrix, columns


@dataclass
class Layer:
    """A dense layer.

    Parameters
    ----------
    weights : matrix of shape (I, O)
    biases : vector of length O, or None
        Without biases every sum starts from zero.
    activation : str
        With its numbers where they are not the defaults: "leaky_relu(0.2)".
    trainable : bool
        A frozen layer has no gradients and is not updated.
    dropout : float
        The share of its outputs that a step of a training leaves out.
    """

    weights: list[list[float]]
    biases: list[float] | None
    activation: str = "identity"
    trainable: bool = True
    dropout: float = 0.0

    @property
    def outputs(self) -> int:
        """O."""
        return len(self.weights[0])


@dataclass
class Gradients:
    """Gradients of a loss by the parameters of a layer, or anything else of their shape.

    Parameters
    ----------
    weights : matrix of shape (I, O)
    biases : vector of length O, or None for a layer without
    """

    weights: list[list[float]]
    biases: list[float] | None

    @classmethod
    def zeros(cls, layer: Layer) -> "Gradients":
        """Zeros of the shape of a layer's parameters."""
        weights = [[0.0] * len(row) for row in layer.weights]
        return cls(weights, None if layer.biases is None else [0.0] * len(layer.biases))


@dataclass
class Pass:
    """What a layer keeps of a forward pass for the way back.

    Parameters
    ----------
    X : matrix of shape (B, I)
    Z, A : matrices of shape (B, O)
        The sums, and the outputs ``A = activation(Z)``.
    numbers : matrix of int of shape (B, O), or None
        Those of dropout, which decide what the next layer takes of A; None where it takes all.
    """

    X: Matrix
    Z: Matrix
    A: Matrix
    numbers: list[list[int]] | None = None


def dense(arith: Arithmetic, X: Matrix, layer: Layer) -> Pass:
    """Z = X W + b, every sum starting from its bias or zero, and A = activation(Z).

    Parameters
    ----------
    X : matrix of shape (B, I)
        In the format of ``arith``, as the layer is.
    layer : Layer

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> dense(FLOAT64, [[2.0, 4.0]], Layer([[0.5], [0.25]], [1.0])).A
    [[3.0]]
    """
    biases = [0.0] * layer.outputs if layer.biases is None else layer.biases
    units = list(zip(biases, columns(layer.weights), strict=True))
    Z = [[arith.feature_sum(b, x, w) for b, w in units] for x in X]
    return Pass(X, Z, [activations.forward(arith, layer.activation, z) for z in Z])


def dense_backward(
    arith: Arithmetic, dZ: Matrix, X: Matrix, layer: Layer
) -> tuple[Gradients, list[list[float]]]:
    """Gradients by the parameters of a layer and by its input, trainable or not.

    Parameters
    ----------
    dZ : matrix of shape (B, O)
        Gradient by the sums of the layer.
    X : matrix of shape (B, I)
    layer : Layer

    Returns
    -------
    gradients : Gradients
    dX : matrix of shape (B, I)

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> gradients, dX = dense_backward(
    ...     FLOAT64, [[2.0]], [[2.0, 4.0]], Layer([[0.5], [0.25]], [1.0])
    ... )
    >>> gradients.weights, gradients.biases, dX
    ([[4.0], [8.0]], [2.0], [[1.0, 0.5]])
    """
    return parameter_gradients(arith, dZ, X, layer), input_gradient(arith, dZ, layer)


def parameter_gradients(arith: Arithmetic, dZ: Matrix, X: Matrix, layer: Layer) -> Gradients:
    """Return the first part of `dense_backward`."""
    inputs, units = columns(X), columns(dZ)
    dW = [[arith.row_sum(x, dz) for dz in units] for x in inputs]
    db = None if layer.biases is None else [arith.row_total(dz) for dz in units]
    return Gradients(dW, db)


def input_gradient(arith: Arithmetic, dZ: Matrix, layer: Layer) -> list[list[float]]:
    """Return the second part of `dense_backward`."""
    return [[arith.feature_sum(0.0, dz, w) for w in layer.weights] for dz in dZ]
