"""Initial values that have nothing to do with the size of the layer; biases can start with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wbcore.initializers._filling import filled, initializer

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from wbcore._draws import Seed


@initializer()
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
    return filled("zeros", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("ones", (fan_in, fan_out), seed, layer, dtype)


@initializer("value : float, default 0", "Finite.")
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
    return filled("constant", (fan_in, fan_out), seed, layer, dtype, value=value)


@initializer("mean, std : float, default 0 and 0.05", "Finite; std at least 0.")
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
    return filled("normal", (fan_in, fan_out), seed, layer, dtype, mean=mean, std=std)


@initializer(
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
    return filled("uniform", (fan_in, fan_out), seed, layer, dtype, low=low, high=high)


@initializer(
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
    return filled("truncated_normal", (fan_in, fan_out), seed, layer, dtype, mean=mean, std=std)
