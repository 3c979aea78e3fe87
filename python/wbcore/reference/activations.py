"""Activations, forward and backward (section 5).

Forward and backward stand side by side: outputs first, then inputs; gradients are d and a name.
All but softmax work on single numbers; softmax works on a row.
"""

from .arithmetic import Arithmetic
from .arrays import Vector
from .functions import exp, expm1, log1p, sigmoid, silu, tanh
from .normal import Phi, gelu, phi

ACTIVATIONS = (
    "identity",
    "sigmoid",
    "relu",
    "tanh",
    "leaky_relu",
    "elu",
    "softplus",
    "gelu",
    "silu",
    "softmax",
)

RELU_FAMILY = ("relu", "leaky_relu", "elu", "softplus", "gelu", "silu")
"""Those of which about half of the variance of a signal is lost."""

_LEAKY_SLOPE = 0.01


def forward(arith: Arithmetic, name: str, z: Vector) -> list[float]:
    """Apply an activation to the sums of one row.

    Parameters
    ----------
    name : str
        One of `ACTIVATIONS`.
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
    >>> forward(FLOAT64, "softmax", [0.0, 0.0])
    [0.5, 0.5]
    """
    if name == "softmax":
        return softmax(arith, z)
    return [_forward(arith, name, z_k) for z_k in z]


def backward(arith: Arithmetic, name: str, dA: Vector, z: Vector, a: Vector) -> list[float]:
    """Gradient by the sums of one row, given the gradient by its outputs.

    Parameters
    ----------
    name : str
        One of `ACTIVATIONS`.
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
    if name == "softmax":
        return softmax_backward(arith, dA, a)
    return [_backward(arith, name, dA_k, z_k, a_k) for dA_k, z_k, a_k in zip(dA, z, a, strict=True)]


def _forward(arith: Arithmetic, name: str, z: float) -> float:
    T = arith.T
    match name:
        case "identity":
            return z
        case "sigmoid":
            return sigmoid(arith, z)
        case "relu":
            return z if z > 0.0 else 0.0
        case "tanh":
            return tanh(arith, z)
        case "leaky_relu":
            return z if z > 0.0 else T(T(_LEAKY_SLOPE) * z)
        case "elu":
            return z if z > 0.0 else expm1(arith, z)
        case "softplus":
            return T((z if z > 0.0 else 0.0) + log1p(arith, exp(arith, -abs(z))))
        case "gelu":
            return gelu(arith, z)
        case "silu":
            return silu(arith, z)
        case _:
            raise ValueError(_unknown(name))


def _backward(arith: Arithmetic, name: str, dA: float, z: float, a: float) -> float:
    T, fma = arith.T, arith.fma
    match name:
        case "identity":
            return dA
        case "sigmoid":
            return T(dA * T(a * T(1.0 - a)))
        case "relu":
            return dA if a > 0.0 else 0.0
        case "tanh":
            return T(dA * fma(-a, a, 1.0))
        case "leaky_relu":
            return dA if z > 0.0 else T(T(_LEAKY_SLOPE) * dA)
        case "elu":
            return dA if z > 0.0 else T(dA * T(a + 1.0))
        case "softplus":
            return T(dA * sigmoid(arith, z))
        case "gelu":
            return T(dA * fma(z, phi(arith, z), Phi(arith, z)))
        case "silu":
            s = sigmoid(arith, z)
            return T(dA * T(s * fma(z, T(1.0 - s), 1.0)))
        case _:
            raise ValueError(_unknown(name))


def softmax_parts(arith: Arithmetic, z: Vector) -> tuple[float, list[float], float]:
    """Return M, the largest of z; e[k] = exp(z[k] - M); and S, the sum of e.

    Parameters
    ----------
    z : vector of length O
    """
    M = max(z)
    e = [exp(arith, arith.T(z_k - M)) for z_k in z]
    return M, e, arith.feature_total(e)


def softmax(arith: Arithmetic, z: Vector) -> list[float]:
    """Probabilities of a row: exp(z[k]) over the sum of them all.

    Parameters
    ----------
    z : vector of length O

    Returns
    -------
    vector of length O

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> softmax(FLOAT64, [1000.0, 0.0])
    [1.0, 0.0]
    """
    _, e, S = softmax_parts(arith, z)
    return [arith.T(e_k / S) for e_k in e]


def softmax_backward(arith: Arithmetic, dA: Vector, a: Vector) -> list[float]:
    """Gradient by the logits of a row.

    Parameters
    ----------
    dA, a : vectors of length O

    Returns
    -------
    dZ : vector of length O

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> softmax_backward(FLOAT64, [1.0, 0.0], [0.5, 0.5])
    [0.25, -0.25]
    """
    T = arith.T
    D = arith.feature_sum(0.0, dA, a)
    return [T(a_k * T(dA_k - D)) for dA_k, a_k in zip(dA, a, strict=True)]


def _unknown(name: str) -> str:
    return f"[activations] unknown activation {name!r}; known: {', '.join(ACTIVATIONS)}"
