"""Activation functions, elementwise except softmax, in the core's own arithmetic.

All take anything array-like and return an array of the same shape: float32 for float32 input,
float64 for every other numeric dtype. They are stable for any finite input, accurate to a few units
in the last place, and have the same bits on every machine (docs/arithmetic.md, sections 4 and 5).

`Dense(..., activation=...)` takes their names, which are in `NAMES`. Those that have a number take
it in the text, "leaky_relu(0.2)", or as an object, `LeakyReLU(slope=0.2)`. Layers whose activation
is in `RELU_FAMILY` start with the initializer he, the others with xavier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, _core, _named
from wbcore._docstrings import with_sections

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Functions and classes alone: `import wbcore` offers them too.
__all__ = [
    "ELU",
    "LeakyReLU",
    "elu",
    "exp",
    "gelu",
    "identity",
    "leaky_relu",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

NAMES: tuple[str, ...] = tuple(_named.rows("activation"))

#: Activations that let positive values pass nearly unchanged and hold back negative ones. About
#: half of a signal's variance is lost in them, which the factor 2 of he makes up for.
RELU_FAMILY = frozenset(
    name for name, row in _named.rows("activation").items() if row.properties["relu_family"]
)


#: Those of which each output depends on one z alone.
ELEMENTWISE = frozenset(
    name for name, row in _named.rows("activation").items() if row.properties["elementwise"]
)


class Activation(_named.Choice, kind="activation"):
    """An activation that has a number; `str(activation)` is its text."""


@dataclass(frozen=True)
class LeakyReLU(Activation, row="leaky_relu"):
    """`leaky_relu` with a slope of one's own, for layers.

    Parameters
    ----------
    slope : float, default 0.01
        What negative values are multiplied by; at least 0.

    Raises
    ------
    TypeError, ValueError
        When slope is something else.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.Dense(3, 2, wb.LeakyReLU(slope=0.2)).activation
    'leaky_relu(0.2)'
    """

    slope: float = 0.01


@dataclass(frozen=True)
class ELU(Activation, row="elu"):
    """`elu` with an alpha of one's own, for layers.

    Parameters
    ----------
    alpha : float, default 1
        Above 0; -alpha is what the function tends to on the left.

    Raises
    ------
    TypeError, ValueError
        When alpha is something else.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.Dense(3, 2, wb.ELU(alpha=0.5)).activation
    'elu(0.5)'
    """

    alpha: float = 1.0


_elementwise_sections = with_sections("""
    Parameters
    ----------
    z : array-like of any shape
        Finite real numbers.

    Returns
    -------
    ndarray of the shape of z
        float32 when z is, else float64. A scalar for a scalar.

    Raises
    ------
    TypeError
        When z is complex, masked, or not numeric.
    ValueError
        When z holds NaN or infinity.
    """)


def _elementwise(name: str, z: ArrayLike, activation: Activation | None = None) -> NDArray[Any]:
    values = _arguments.floats(name, "z", z)
    text = name if activation is None else str(activation)
    result: NDArray[Any] = _core.elementwise(text, values.reshape(-1)).reshape(values.shape)
    return result[()]


def check(operation: str, what: str, activation: object) -> str:
    """The text of an activation."""
    return _named.text("activation", operation, what, activation)


def name_of(text: str) -> str:
    """The name in the text of an activation: that of its row."""
    return text.partition("(")[0]


@_elementwise_sections
def identity(z: ArrayLike) -> NDArray[Any]:
    """Return z itself, as a new array: what a layer without activation has.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.identity([-1.5, 2])
    array([-1.5,  2. ])
    """
    return _elementwise("identity", z)


@_elementwise_sections
def sigmoid(z: ArrayLike) -> NDArray[Any]:
    """The logistic function 1 / (1 + exp(-z)), between 0 and 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    return _elementwise("sigmoid", z)


@_elementwise_sections
def relu(z: ArrayLike) -> NDArray[Any]:
    """The rectifier: z where it is positive, else 0.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.relu([-1.5, 0.0, 2.0])
    array([0., 0., 2.])
    """
    return _elementwise("relu", z)


@_elementwise_sections
def tanh(z: ArrayLike) -> NDArray[Any]:
    """The hyperbolic tangent, between -1 and 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.tanh([-1000.0, 0.0, 1000.0])
    array([-1.,  0.,  1.])
    """
    return _elementwise("tanh", z)


def leaky_relu(z: ArrayLike, slope: float = 0.01) -> NDArray[Any]:
    """Return z where it is positive, else slope * z (Maas, Hannun and Ng, 2013).

    Parameters
    ----------
    z : array-like of any shape
        Finite real numbers.
    slope : float, default 0.01
        At least 0.

    Returns
    -------
    ndarray of the shape of z
        float32 when z is, else float64. A scalar for a scalar.

    Raises
    ------
    TypeError, ValueError
        When z is of the wrong kind or not finite, or slope is out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.leaky_relu([-1.0, 0.0, 2.0])
    array([-0.01,  0.  ,  2.  ])
    """
    return _elementwise("leaky_relu", z, LeakyReLU(slope))


def elu(z: ArrayLike, alpha: float = 1.0) -> NDArray[Any]:
    """Return z where it is positive, else alpha * (exp(z) - 1).

    (Clevert, Unterthiner and Hochreiter, 2016.)

    Parameters
    ----------
    z : array-like of any shape
        Finite real numbers.
    alpha : float, default 1
        Above 0.

    Returns
    -------
    ndarray of the shape of z
        float32 when z is, else float64. A scalar for a scalar.

    Raises
    ------
    TypeError, ValueError
        When z is of the wrong kind or not finite, or alpha is out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.elu([-1000.0, 0.0, 2.0])
    array([-1.,  0.,  2.])
    """
    return _elementwise("elu", z, ELU(alpha))


@_elementwise_sections
def softplus(z: ArrayLike) -> NDArray[Any]:
    """log(1 + exp(z)), a smooth rectifier (Dugas and others, 2001).

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.softplus([-1000.0, 0.0, 2.0]).round(4)
    array([0.    , 0.6931, 2.1269])
    """
    return _elementwise("softplus", z)


@_elementwise_sections
def gelu(z: ArrayLike) -> NDArray[Any]:
    """Return z Phi(z), Phi the normal distribution function, exactly (Hendrycks and Gimpel, 2016).

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.gelu([-1.0, 0.0, 1.0]).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    return _elementwise("gelu", z)


@_elementwise_sections
def silu(z: ArrayLike) -> NDArray[Any]:
    """Return z sigmoid(z), also called swish (Elfwing, Uchibe and Doya, 2018).

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.silu([-1.0, 0.0, 1.0]).round(4)
    array([-0.2689,  0.    ,  0.7311])
    """
    return _elementwise("silu", z)


@_elementwise_sections
def exp(z: ArrayLike) -> NDArray[Any]:
    """Return e^z: for a last layer whose outputs are rates or positive amounts.

    Together with the losses poisson and gamma_deviance.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.exp([-1.0, 0.0, 1.0]).round(4)
    array([0.3679, 1.    , 2.7183])
    """
    return _elementwise("exp", z)


@_elementwise_sections
def softsign(z: ArrayLike) -> NDArray[Any]:
    """Return z / (1 + |z|), between -1 and 1 (Turian, Bergstra and Bengio, 2009).

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.softsign([-1.0, 0.0, 3.0])
    array([-0.5 ,  0.  ,  0.75])
    """
    return _elementwise("softsign", z)


def softmax(z: ArrayLike) -> NDArray[Any]:
    """exp(z) divided by its sum over the last axis: shares between 0 and 1 that sum to 1.

    Parameters
    ----------
    z : array-like of shape (..., O)
        Finite real numbers; at least one dimension, and O at least 1.

    Returns
    -------
    ndarray of the shape of z
        float32 when z is, else float64.

    Raises
    ------
    TypeError
        When z is complex, masked, or not numeric.
    ValueError
        When z holds NaN or infinity, or has no last axis to sum over.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.softmax([[0.0, 0.0], [1000.0, 0.0]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    values = _arguments.floats("softmax", "z", z)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise ValueError(
            f"[softmax] expected z of shape (..., O) with O at least 1, got shape {values.shape}"
        )
    rows = values.reshape(-1, values.shape[-1])
    result: NDArray[Any] = _core.softmax(rows).reshape(values.shape)
    return result
