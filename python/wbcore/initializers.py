"""Initial weights: arrays of shape (fan_in, fan_out), computed in float64, then rounded to `dtype`.

Names
-----
`xavier` is N(0, 1/fan_in) and `he` is N(0, 2/fan_in), as wbcore's lessons define them. Elsewhere
the first is called LeCun normal (here also `lecun_normal`), and the paper of Xavier Glorot and
Yoshua Bengio (2010) has the variance 2/(fan_in + fan_out), here `glorot_normal` and
`glorot_uniform`.

Draws
-----
With an integer seed the draws come from wbcore's own counter-based stream and depend on the seed,
the layer and the position in the matrix alone: the same bits on every machine (docs/arithmetic.md,
sections 8 and 9). With a `numpy.random.Generator` or `RandomState` they are
`seed.standard_normal((fan_in, fan_out))`, or `seed.random((fan_in, fan_out))` for the uniform ones
and for `truncated_normal`.

Use
---
`Dense(..., initializer=name)` takes every name of `NAMES`, with the defaults of its own parameters.
For others pass a function, such as `functools.partial(wb.initializers.normal, std=0.1)`: it is
given the network's seed and the number of the layer.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from wbcore import _arguments, _core
from wbcore._docstrings import Function, with_sections
from wbcore._draws import Matrix

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from wbcore._draws import Seed

__all__ = [
    "BIAS_NAMES",
    "NAMES",
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "xavier",
    "zeros",
]

# Distribution function of the standard normal at -2, and its increase from there to 2.
_BELOW_CUT = float.fromhex("0x1.74bcf82c9d860p-6")
_WITHIN_CUT = float.fromhex("0x1.e8b4307d3627ap-1")

# A name, or a function of fan_in and fan_out that returns what NumPy takes for a matrix.
Initializer: TypeAlias = str | Callable[..., Any]

_FUNCTIONS: dict[str, Callable[..., NDArray[Any]]] = {}


def _initializer(own: str = "", about: str = "") -> Callable[[Function], Function]:
    """Registers a function, and completes its docstring with what all of them have in common."""
    own = f"{own}\n        {about}\n    " if own else ""
    complete = with_sections(f"""
    Parameters
    ----------
    fan_in, fan_out : int
        The layer's numbers of inputs and outputs, at least 1.
    {own}seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        Where draws come from; an integer from 0 to 2**64 - 1.
    layer : int, default 0
        Which of an integer seed's streams: layer l of a network uses stream l.
    dtype : {{"float64", "float32"}}
        To which the values, computed in float64, are rounded.

    Returns
    -------
    ndarray of shape (fan_in, fan_out)

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range, or a value not finite in dtype.
    """)

    def register(function: Function) -> Function:
        name = function.__name__

        @functools.wraps(complete(function))
        def initializer(*arguments: object, **options: object) -> object:
            with _arguments.memory(name):
                return function(*arguments, **options)

        _FUNCTIONS[name] = initializer  # type: ignore[assignment]
        return cast("Function", initializer)

    return register


@_initializer()
def zeros(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Zeros: right for biases. Weights that start equal within a layer stay equal for ever.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.initializers.zeros(1, 3)
    array([[0., 0., 0.]])
    """
    return Matrix.checked("zeros", (fan_in, fan_out), seed, layer, dtype).full(0.0)


@_initializer()
def ones(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Ones: for experiments. Weights that start equal within a layer stay equal for ever.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.initializers.ones(1, 3)
    array([[1., 1., 1.]])
    """
    return Matrix.checked("ones", (fan_in, fan_out), seed, layer, dtype).full(1.0)


@_initializer("value : float, default 0", "Finite.")
def constant(
    fan_in: int,
    fan_out: int,
    *,
    value: float = 0.0,
    seed: Seed = 0,
    layer: int = 0,
    dtype: DTypeLike = "float64",
) -> NDArray[Any]:
    """One value everywhere, for example for biases.

    Examples
    --------
    >>> import functools, wbcore as wb
    >>> half = functools.partial(wb.initializers.constant, value=0.5)
    >>> wb.Network([wb.Dense(4, 2, "relu", bias_initializer=half)])[0].biases
    array([0.5, 0.5], dtype=float32)
    """
    matrix = Matrix.checked("constant", (fan_in, fan_out), seed, layer, dtype)
    return matrix.full(_arguments.number("constant", "value", value))


@_initializer("mean, std : float, default 0 and 0.05", "Finite; std at least 0.")
def normal(
    fan_in: int,
    fan_out: int,
    *,
    mean: float = 0.0,
    std: float = 0.05,
    seed: Seed = 0,
    layer: int = 0,
    dtype: DTypeLike = "float64",
) -> NDArray[Any]:
    """N(mean, std^2), whatever the size of the layer: std * g + mean with standard normal draws g.

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.normal(200, 300, mean=1.0, std=0.1, seed=7)
    >>> print(f"{W.mean():.2f} {W.std():.2f}")
    1.00 0.10
    """
    matrix = Matrix.checked("normal", (fan_in, fan_out), seed, layer, dtype)
    mean, std = _mean_and_std("normal", mean, std)
    return matrix.scaled(matrix.normal_draws(), mean, std)


@_initializer(
    "low, high : float, default -0.05 and 0.05", "Finite as is their difference; low <= high."
)
def uniform(
    fan_in: int,
    fan_out: int,
    *,
    low: float = -0.05,
    high: float = 0.05,
    seed: Seed = 0,
    layer: int = 0,
    dtype: DTypeLike = "float64",
) -> NDArray[Any]:
    """Uniform over [low, high): low + (high - low) * u with draws u from [0, 1).

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.uniform(200, 300, low=0.0, high=2.0, seed=7)
    >>> print(f"{W.min():.2f} {W.mean():.2f} {W.max():.2f}")
    0.00 1.00 2.00
    """
    matrix = Matrix.checked("uniform", (fan_in, fan_out), seed, layer, dtype)
    low = _arguments.number("uniform", "low", low)
    high = _arguments.number("uniform", "high", high)
    if not 0 <= high - low < math.inf:
        raise ValueError(
            f"[uniform] expected low <= high and a finite difference, got low {low} and high {high}"
        )
    return matrix.uniform(low, high)


@_initializer(
    "mean, std : float, default 0 and 0.05", "Finite; std at least 0, that before the cut."
)
def truncated_normal(
    fan_in: int,
    fan_out: int,
    *,
    mean: float = 0.0,
    std: float = 0.05,
    seed: Seed = 0,
    layer: int = 0,
    dtype: DTypeLike = "float64",
) -> NDArray[Any]:
    """N(mean, std^2) cut at two standard deviations, by inversion, one draw a value.

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.truncated_normal(200, 300, std=1.0, seed=7)
    >>> print(f"{W.min():.2f} {W.std():.2f} {W.max():.2f}")
    -2.00 0.88 2.00
    """
    matrix = Matrix.checked("truncated_normal", (fan_in, fan_out), seed, layer, dtype)
    mean, std = _mean_and_std("truncated_normal", mean, std)
    # A dense layer with one input is one fused multiply-add, which NumPy does not have.
    p = _core.dense(
        matrix.uniform_draws().reshape(-1, 1), np.array([[_WITHIN_CUT]]), np.array([_BELOW_CUT])
    )
    draws = _core.normal_quantile(p.reshape(-1)).reshape(matrix.fan_in, matrix.fan_out)
    return matrix.scaled(draws, mean, std)


@_initializer()
def xavier(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """N(0, 1/fan_in): g * sqrt(1 / fan_in). The default of layers outside the relu family.

    It keeps a signal's variance through a linear layer. The name is that of wbcore's lessons.
    Elsewhere this is LeCun normal (LeCun, Bottou, Orr and Müller, 1998), and the paper of Xavier
    Glorot and Yoshua Bengio (2010) has the variance 2/(fan_in + fan_out), here `glorot_normal`.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> W = wb.initializers.xavier(3, 4, seed=np.random.default_rng(0))
    >>> g = np.random.default_rng(0).standard_normal((3, 4))
    >>> bool((W == g * np.sqrt(1 / 3)).all())
    True
    """
    matrix = Matrix.checked("xavier", (fan_in, fan_out), seed, layer, dtype)
    return matrix.normal(1 / matrix.fan_in)


@_initializer()
def he(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """N(0, 2/fan_in): g * sqrt(2 / fan_in). The default of the relu family.

    It keeps a signal's mean square through a layer whose relu drops half of it (He, Zhang, Ren and
    Sun, 2015). wbcore's lessons and the rest of the world agree about this name. The relu family is
    relu, leaky_relu, elu, gelu, silu and softplus.

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.he(200, 300, seed=7)
    >>> print(f"{W.std():.3f}")
    0.100
    """
    matrix = Matrix.checked("he", (fan_in, fan_out), seed, layer, dtype)
    return matrix.normal(2 / matrix.fan_in)


@_initializer()
def glorot_normal(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """N(0, 2/(fan_in + fan_out)), as in the paper of Xavier Glorot and Yoshua Bengio (2010).

    A compromise between the variance of signals and that of gradients. Elsewhere often called
    Xavier; wbcore's `xavier` is that of its lessons, N(0, 1/fan_in).

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.glorot_normal(50, 150, seed=7)
    >>> print(f"{W.std():.2f}")
    0.10
    """
    matrix = Matrix.checked("glorot_normal", (fan_in, fan_out), seed, layer, dtype)
    return matrix.normal(2 / (matrix.fan_in + matrix.fan_out))


@_initializer()
def glorot_uniform(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Uniform over [-L, L), L = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    The variance is that of `glorot_normal`.

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.glorot_uniform(250, 350, seed=7)
    >>> print(f"{W.min():.3f} {W.max():.3f}")
    -0.100 0.100
    """
    matrix = Matrix.checked("glorot_uniform", (fan_in, fan_out), seed, layer, dtype)
    limit = math.sqrt(6 / (matrix.fan_in + matrix.fan_out))
    return matrix.uniform(-limit, limit)


@_initializer()
def he_uniform(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Uniform over [-L, L), L = sqrt(6 / fan_in): the variance of `he` (He and others, 2015).

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.he_uniform(600, 100, seed=7)
    >>> print(f"{W.min():.3f} {W.max():.3f}")
    -0.100 0.100
    """
    matrix = Matrix.checked("he_uniform", (fan_in, fan_out), seed, layer, dtype)
    limit = math.sqrt(6 / matrix.fan_in)
    return matrix.uniform(-limit, limit)


@_initializer()
def lecun_normal(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """N(0, 1/fan_in) under its usual name (LeCun and others, 1998): the same bits as `xavier`.

    Examples
    --------
    >>> import wbcore as wb
    >>> bool((wb.initializers.lecun_normal(3, 4) == wb.initializers.xavier(3, 4)).all())
    True
    """
    matrix = Matrix.checked("lecun_normal", (fan_in, fan_out), seed, layer, dtype)
    return matrix.normal(1 / matrix.fan_in)


@_initializer()
def lecun_uniform(
    fan_in: int, fan_out: int, *, seed: Seed = 0, layer: int = 0, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Uniform over [-L, L), L = sqrt(3 / fan_in): the variance of `lecun_normal` and `xavier`.

    Examples
    --------
    >>> import wbcore as wb
    >>> W = wb.initializers.lecun_uniform(300, 200, seed=7)
    >>> print(f"{W.min():.3f} {W.max():.3f}")
    -0.100 0.100
    """
    matrix = Matrix.checked("lecun_uniform", (fan_in, fan_out), seed, layer, dtype)
    limit = math.sqrt(3 / matrix.fan_in)
    return matrix.uniform(-limit, limit)


@_initializer("gain : float, default 1", "Finite.")
def orthogonal(
    fan_in: int,
    fan_out: int,
    *,
    gain: float = 1.0,
    seed: Seed = 0,
    layer: int = 0,
    dtype: DTypeLike = "float64",
) -> NDArray[Any]:
    """Orthonormal columns, or rows when fan_in < fan_out, times gain (Saxe and others, 2014).

    Standard normal draws made orthonormal by modified Gram-Schmidt, performed twice.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> W = wb.initializers.orthogonal(5, 3, seed=7)
    >>> np.allclose(W.T @ W, np.eye(3))
    True
    """
    matrix = Matrix.checked("orthogonal", (fan_in, fan_out), seed, layer, dtype)
    gain = _arguments.number("orthogonal", "gain", gain)
    return matrix.rounded(_core.orthogonal(matrix.normal_draws(), gain))


def _mean_and_std(operation: str, mean: object, std: object) -> tuple[float, float]:
    return (
        _arguments.number(operation, "mean", mean),
        _arguments.number(
            operation,
            "std",
            std,
            expected="a finite number of at least 0",
            allowed=lambda v: 0 <= v < math.inf,
        ),
    )


NAMES: tuple[str, ...] = tuple(_FUNCTIONS)

#: Those for biases, which have no inputs that a fan_in could count.
BIAS_NAMES: tuple[str, ...] = ("zeros", "ones", "constant", "normal", "uniform", "truncated_normal")


def check(
    operation: str, name: str, initializer: Initializer, known: tuple[str, ...]
) -> Initializer:
    """A known name, or a function."""
    if callable(initializer):
        return initializer
    return _arguments.choice(operation, name, initializer, known, expected="a function or one of")


def draw(
    operation: str, initializer: Initializer, shape: tuple[int, int], seed: Seed, stream: int
) -> NDArray[Any]:
    """What an initializer gives for a network's layer, as it comes: float32 or float64."""
    function = _FUNCTIONS[initializer] if isinstance(initializer, str) else initializer
    options = {"seed": seed, "layer": stream}
    wanted = {name: options[name] for name in _open(function) & {*options}}
    with _arguments.memory(operation):
        return _arguments.floats(operation, "its result", function(*shape, **wanted))


def _open(function: Callable[..., Any]) -> set[str]:
    """The keyword parameters that the function has and that functools.partial has not fixed."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # some builtins have no signature
        return set()
    return set(parameters) - set(getattr(function, "keywords", ()))
