"""Initial weights (section 9), computed in binary64 and then rounded to the format.

"xavier" and "he" are the names of wbcore's lessons for N(0, 1 / fan_in) and N(0, 2 / fan_in).
Elsewhere the first is called LeCun normal, and Glorot's own distribution is `glorot_normal` here.
"""

from collections.abc import Callable

from .arithmetic import FLOAT64, Arithmetic
from .arrays import Matrix, columns
from .normal import quantile
from .random import Stream, weight_stream

# Phi(-2), and Phi(2) - Phi(-2)
_LEFT_OF_MINUS_TWO = float.fromhex("0x1.74bcf82c9d860p-6")
_WITHIN_TWO = float.fromhex("0x1.e8b4307d3627ap-1")

CONSTANT = ("zeros", "ones", "constant")
VARIANCES: dict[str, Callable[[int, int], float]] = {
    "xavier": lambda fan_in, _: 1.0 / fan_in,
    "lecun_normal": lambda fan_in, _: 1.0 / fan_in,
    "he": lambda fan_in, _: 2.0 / fan_in,
    "glorot_normal": lambda fan_in, fan_out: 2.0 / (fan_in + fan_out),
}
SQUARED_LIMITS: dict[str, Callable[[int, int], float]] = {
    "lecun_uniform": lambda fan_in, _: 3.0 / fan_in,
    "he_uniform": lambda fan_in, _: 6.0 / fan_in,
    "glorot_uniform": lambda fan_in, fan_out: 6.0 / (fan_in + fan_out),
}
FROM_NORMAL_DRAWS = ("normal", *VARIANCES, "orthogonal")
FROM_UNIFORM_DRAWS = ("uniform", "truncated_normal", *SQUARED_LIMITS)
INITIALIZERS = CONSTANT + FROM_NORMAL_DRAWS + FROM_UNIFORM_DRAWS


def from_draws(name: str, draws: Matrix, **options: float) -> list[list[float]]:
    """Turn draws into initial weights, still in binary64.

    Parameters
    ----------
    name : str
        One of `INITIALIZERS`.
    draws : matrix of shape (I, O)
        Standard normal draws for `FROM_NORMAL_DRAWS`, uniform draws in [0, 1) for
        `FROM_UNIFORM_DRAWS`; only the shape counts for `CONSTANT`.
    **options
        value for constant; mean, std for normal and truncated_normal; low, high for uniform;
        gain for orthogonal.

    Returns
    -------
    matrix of shape (I, O)

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from_draws("he", [[1.0, -3.0], [0.5, 0.0]])
    [[1.0, -3.0], [0.5, 0.0]]
    >>> from_draws("uniform", [[0.25]], low=-1.0, high=1.0)
    [[-0.5]]
    """
    if name == "orthogonal":
        return orthogonal(draws, **options)
    value = _element(name, len(draws), len(draws[0]), **options)
    return [[value(draw) for draw in row] for row in draws]


def _element(name: str, fan_in: int, fan_out: int, **options: float) -> Callable[[float], float]:
    """Return the function that makes one weight of one draw."""
    if name in CONSTANT:
        constant = {"zeros": 0.0, "ones": 1.0}.get(name, options.get("value", 0.0))
        return lambda _: constant
    if name in VARIANCES:
        deviation = FLOAT64.sqrt(VARIANCES[name](fan_in, fan_out))
        return lambda g: g * deviation
    if name in SQUARED_LIMITS:
        limit = FLOAT64.sqrt(SQUARED_LIMITS[name](fan_in, fan_out))
        return lambda u: -limit + (limit - -limit) * u
    if name == "normal":
        mean, std = options.get("mean", 0.0), options.get("std", 0.05)
        return lambda g: (std * g) + mean
    if name == "uniform":
        low, high = options.get("low", -0.05), options.get("high", 0.05)
        return lambda u: low + (high - low) * u
    if name == "truncated_normal":
        mean, std = options.get("mean", 0.0), options.get("std", 0.05)
        return lambda u: std * quantile(FLOAT64.fma(u, _WITHIN_TWO, _LEFT_OF_MINUS_TWO)) + mean
    message = f"[initializers] unknown initializer {name!r}; known: {', '.join(INITIALIZERS)}"
    raise ValueError(message)


def orthogonal(draws: Matrix, gain: float = 1.0) -> list[list[float]]:
    """Orthonormal columns, or rows where there are fewer of them, times a gain.

    Modified Gram-Schmidt twice over: the second pass removes what the rounding errors of the
    first left (L. Giraud, J. Langou, M. Rozloznik, "The loss of orthogonality in the Gram-Schmidt
    orthogonalization process", Computers and Mathematics with Applications 50, 2005).

    Parameters
    ----------
    draws : matrix of shape (I, O)
        Standard normal draws.

    Returns
    -------
    matrix of shape (I, O)

    Examples
    --------
    >>> orthogonal([[3.0], [4.0]], gain=10.0)
    [[6.0], [8.0]]
    """
    wide = len(draws) < len(draws[0])
    vectors = [list(row) for row in draws] if wide else columns(draws)
    for _ in range(2):
        _gram_schmidt(vectors)
    result = vectors if wide else columns(vectors)
    return [[element * gain for element in row] for row in result]


def _gram_schmidt(vectors: list[list[float]]) -> None:
    """Make the columns of M, given as C vectors of R numbers, orthonormal in place."""
    for j, column in enumerate(vectors):
        norm = FLOAT64.sqrt(FLOAT64.feature_sum(0.0, column, column))
        unit = vectors[j] = [FLOAT64.divide(element, norm) for element in column]
        for c in range(j + 1, len(vectors)):
            d = FLOAT64.feature_sum(0.0, unit, vectors[c])
            vectors[c] = [
                FLOAT64.fma(-d, u, element) for u, element in zip(unit, vectors[c], strict=True)
            ]


def initial_weights(
    arith: Arithmetic,
    name: str,
    shape: tuple[int, int],
    seed: int,
    layer: int = 0,
    *,
    stream: Stream | None = None,
    **options: float,
) -> list[list[float]]:
    """Initial weights of a layer from an integer seed, in the format of the network.

    Parameters
    ----------
    name : str
        One of `INITIALIZERS`.
    shape : (I, O)
        Inputs and outputs of the layer.
    seed : int
        From 0 to 2**64 - 1.
    layer : int
        The position of the layer in its network.
    stream : Stream, optional
        Where to draw from in place of the weights' own stream.
    **options
        As in `from_draws`.

    Returns
    -------
    matrix of shape (I, O)

    Examples
    --------
    >>> initial_weights(FLOAT64, "ones", (2, 3), seed=0)
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    rows, width = shape
    stream = stream or weight_stream(seed, layer)
    if name in FROM_NORMAL_DRAWS:
        draws = stream.normals(rows * width)
    elif name in FROM_UNIFORM_DRAWS:
        draws = stream.uniforms(rows * width)
    else:
        draws = [0.0] * (rows * width)
    matrix = [draws[low : low + width] for low in range(0, rows * width, width)]
    return [[arith.T(w) for w in row] for row in from_draws(name, matrix, **options)]
