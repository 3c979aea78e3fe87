"""softmax and its parts, which the cross-entropy takes too (section 5)."""

from .arithmetic import Arithmetic
from .arrays import Vector
from .functions import exp


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
