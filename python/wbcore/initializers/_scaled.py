"""Initial weights whose size follows from the layer's, and orthogonal ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wbcore.initializers._filling import filled, initializer

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from wbcore._draws import Seed


@initializer()
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
    return filled("xavier", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("he", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("glorot_normal", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("glorot_uniform", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("he_uniform", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("lecun_normal", (fan_in, fan_out), seed, layer, dtype)


@initializer()
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
    return filled("lecun_uniform", (fan_in, fan_out), seed, layer, dtype)


@initializer("gain : float, default 1", "Finite.")
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
    return filled("orthogonal", (fan_in, fan_out), seed, layer, dtype, gain=gain)
