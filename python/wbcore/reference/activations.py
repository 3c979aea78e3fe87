"""Activations, forward and backward (section 5).

A class an activation; forward and backward stand side by side: outputs first, then inputs;
gradients are d and a name.  All but softmax work on single numbers; softmax works on a row.
"""

from dataclasses import dataclass
from typing import ClassVar

from .arithmetic import Arithmetic
from .arrays import Vector
from .functions import exp, expm1, log1p, sigmoid, silu, tanh
from .named import Choice, Table
from .normal import Phi, gelu, phi
from .softmax import softmax, softmax_backward


class Activation(Choice):
    """An activation with its numbers."""

    relu_family: ClassVar[bool] = False
    """Whether about half of the variance of a signal is lost."""
    elementwise: ClassVar[bool] = True
    """Whether an output depends on its own sum alone, so that hidden layers may have it."""
    formula: ClassVar[str]
    """Of the gradient dZ, of that by the output, dY, and the output y or its sum z."""

    def forward(self, arith: Arithmetic, z: Vector) -> list[float]:
        """Outputs of the sums of one row."""
        return [self.value(arith, z_k) for z_k in z]

    def backward(self, arith: Arithmetic, dA: Vector, z: Vector, a: Vector) -> list[float]:
        """Gradient by the sums of one row."""
        rows = zip(dA, z, a, strict=True)
        return [self.gradient(arith, dA_k, z_k, a_k) for dA_k, z_k, a_k in rows]

    def value(self, arith: Arithmetic, z: float) -> float:
        """Return a, of one number."""
        raise NotImplementedError

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        """Return dZ, of one number."""
        raise NotImplementedError


ACTIVATIONS: Table[Activation] = Table("activations", "activation")


def forward(arith: Arithmetic, activation: str | Activation, z: Vector) -> list[float]:
    """Apply an activation to the sums of one row.

    Parameters
    ----------
    activation : str or Activation
        One of `ACTIVATIONS`, with its numbers where they are not the defaults.
    z : vector of length O

    Returns
    -------
    vector of length O

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> forward(FLOAT64, "relu", [-1.0, 2.0])
    [0.0, 2.0]
    >>> forward(FLOAT64, "leaky_relu(0.5)", [-1.0, 2.0])
    [-0.5, 2.0]
    >>> forward(FLOAT64, "softmax", [0.0, 0.0])
    [0.5, 0.5]
    """
    return ACTIVATIONS.choice(activation).forward(arith, z)


def backward(
    arith: Arithmetic, activation: str | Activation, dA: Vector, z: Vector, a: Vector
) -> list[float]:
    """Gradient by the sums of one row, given the gradient by its outputs.

    Parameters
    ----------
    activation : str or Activation
        As in `forward`.
    dA : vector of length O
        Gradient of the loss by ``a``.
    z, a : vectors of length O
        What went into `forward` and what came out of it.

    Returns
    -------
    dZ : vector of length O

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> backward(FLOAT64, "tanh", [1.0, 8.0], [0.0, 0.5493061443340548], [0.0, 0.5])
    [1.0, 6.0]
    """
    return ACTIVATIONS.choice(activation).backward(arith, dA, z, a)


@ACTIVATIONS.add
class Identity(Activation):
    """The sums themselves."""

    name = "identity"
    formula = "dY"

    def value(self, arith: Arithmetic, z: float) -> float:
        return z

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        return dA


@ACTIVATIONS.add
class Sigmoid(Activation):
    """1 / (1 + e^-z)."""

    name = "sigmoid"
    formula = "dY * (y * (1 - y))"

    def value(self, arith: Arithmetic, z: float) -> float:
        return sigmoid(arith, z)

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        T = arith.T
        return T(dA * T(a * T(1.0 - a)))


@ACTIVATIONS.add
class ReLU(Activation):
    """The positive part."""

    name = "relu"
    formula = "dY if y > 0 else 0"
    relu_family = True

    def value(self, arith: Arithmetic, z: float) -> float:
        return z if z > 0.0 else 0.0

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        return dA if a > 0.0 else 0.0


@ACTIVATIONS.add
class Tanh(Activation):
    """Hyperbolic tangent."""

    name = "tanh"
    formula = "dY * (1 - y * y)"

    def value(self, arith: Arithmetic, z: float) -> float:
        return tanh(arith, z)

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        return arith.T(dA * arith.fma(-a, a, 1.0))


@ACTIVATIONS.add
@dataclass(frozen=True)
class LeakyReLU(Activation):
    """A line of another slope below zero."""

    name = "leaky_relu"
    formula = "dY if z > 0 else {slope} * dY"
    relu_family = True
    slope: float = 0.01

    def value(self, arith: Arithmetic, z: float) -> float:
        T = arith.T
        return z if z > 0.0 else T(T(self.slope) * z)

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        T = arith.T
        return dA if z > 0.0 else T(T(self.slope) * dA)


@ACTIVATIONS.add
@dataclass(frozen=True)
class ELU(Activation):
    """An exponential that falls to -alpha below zero."""

    name = "elu"
    formula = "dY if y > 0 else dY * (y + {alpha})"
    relu_family = True
    alpha: float = 1.0

    def value(self, arith: Arithmetic, z: float) -> float:
        T = arith.T
        return z if z > 0.0 else T(T(self.alpha) * expm1(arith, z))

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        T = arith.T
        return dA if z > 0.0 else T(dA * T(a + T(self.alpha)))


@ACTIVATIONS.add
class Softplus(Activation):
    """log(1 + e^z)."""

    name = "softplus"
    formula = "dY * sigmoid(z)"
    relu_family = True

    def value(self, arith: Arithmetic, z: float) -> float:
        return arith.T((z if z > 0.0 else 0.0) + log1p(arith, exp(arith, -abs(z))))

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        return arith.T(dA * sigmoid(arith, z))


@ACTIVATIONS.add
class GELU(Activation):
    """Phi(z) * z, by the normal distribution function itself."""

    name = "gelu"
    formula = "dY * (z * phi(z) + Phi(z))"
    relu_family = True

    def value(self, arith: Arithmetic, z: float) -> float:
        return gelu(arith, z)

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        return arith.T(dA * arith.fma(z, phi(arith, z), Phi(arith, z)))


@ACTIVATIONS.add
class SiLU(Activation):
    """sigmoid(z) * z."""

    name = "silu"
    formula = "dY * (s * (z * (1 - s) + 1)), s = sigmoid(z)"
    relu_family = True

    def value(self, arith: Arithmetic, z: float) -> float:
        return silu(arith, z)

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        T = arith.T
        s = sigmoid(arith, z)
        return T(dA * T(s * arith.fma(z, T(1.0 - s), 1.0)))


@ACTIVATIONS.add
class Softmax(Activation):
    """Probabilities of a row, for the last layer."""

    name = "softmax"
    formula = "y * (dY - D)"
    elementwise = False

    def forward(self, arith: Arithmetic, z: Vector) -> list[float]:
        return softmax(arith, z)

    def backward(self, arith: Arithmetic, dA: Vector, z: Vector, a: Vector) -> list[float]:
        return softmax_backward(arith, dA, a)


@ACTIVATIONS.add
class Softsign(Activation):
    """z / (1 + |z|)."""

    name = "softsign"
    formula = "dY / (1 + |z|) / (1 + |z|)"

    def value(self, arith: Arithmetic, z: float) -> float:
        T = arith.T
        return T(z / T(1.0 + abs(z)))

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        T = arith.T
        s = T(1.0 + abs(z))
        return T(T(dA / s) / s)


@ACTIVATIONS.add
class Exp(Activation):
    """e^z, for rates."""

    name = "exp"
    formula = "dY * y"

    def value(self, arith: Arithmetic, z: float) -> float:
        return exp(arith, z)

    def gradient(self, arith: Arithmetic, dA: float, z: float, a: float) -> float:
        return arith.T(dA * a)
