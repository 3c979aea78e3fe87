"""Initial weights (section 9), computed in binary64 and then rounded to the format.

"xavier" and "he" are the names of wbcore's lessons for N(0, 1 / fan_in) and N(0, 2 / fan_in).
Elsewhere the first is called LeCun normal, and Glorot's own distribution is `glorot_normal` here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from .arithmetic import FLOAT64, Arithmetic
from .arrays import Matrix
from .named import Choice, Table
from .normal import quantile
from .orthogonal import orthogonal
from .random import Stream, weight_stream

# Phi(-2), and Phi(2) - Phi(-2)
_LEFT_OF_MINUS_TWO = float.fromhex("0x1.74bcf82c9d860p-6")
_WITHIN_TWO = float.fromhex("0x1.e8b4307d3627ap-1")


class Initializer(Choice):
    """An initializer with its numbers."""

    draws: ClassVar[Literal["normals", "uniforms"] | None] = None
    """What the weights are made of: standard normal draws, uniform draws in [0, 1), or nothing."""

    def weights(self, draws: Matrix) -> list[list[float]]:
        """Return a matrix of the shape of its draws."""
        value = self.of_draw(len(draws), len(draws[0]))
        return [[value(draw) for draw in row] for row in draws]

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        """Return the function that makes one weight of one draw."""
        raise NotImplementedError


INITIALIZERS: Table[Initializer] = Table("initializers", "initializer")


def from_draws(initializer: str | Initializer, draws: Matrix) -> list[list[float]]:
    """Turn draws into initial weights, still in binary64.

    Parameters
    ----------
    initializer : str or Initializer
        One of `INITIALIZERS`, with its numbers where they are not the defaults.
    draws : matrix of shape (I, O)
        Of the kind that the initializer's ``draws`` says; only the shape counts where it is None.

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
    >>> from_draws("uniform(-1, 1)", [[0.25]])
    [[-0.5]]
    """
    return INITIALIZERS.choice(initializer).weights(draws)


@INITIALIZERS.add
class Zeros(Initializer):
    """Zeros."""

    name = "zeros"

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        return lambda _: 0.0


@INITIALIZERS.add
class Ones(Initializer):
    """Ones."""

    name = "ones"

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        return lambda _: 1.0


@INITIALIZERS.add
@dataclass(frozen=True)
class Constant(Initializer):
    """One number everywhere."""

    name = "constant"
    value: float = 0.0

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        return lambda _: self.value


@INITIALIZERS.add
@dataclass(frozen=True)
class Normal(Initializer):
    """N(mean, std^2)."""

    name = "normal"
    draws = "normals"
    mean: float = 0.0
    std: float = 0.05

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        return lambda g: (self.std * g) + self.mean


class _Variance(Initializer):
    """N(0, v)."""

    draws = "normals"

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        deviation = FLOAT64.sqrt(self.variance(fan_in, fan_out))
        return lambda g: g * deviation

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return v."""
        raise NotImplementedError


@INITIALIZERS.add
class LecunNormal(_Variance):
    """N(0, 1 / fan_in)."""

    name = "lecun_normal"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


@INITIALIZERS.add
class Xavier(LecunNormal):
    """The same, by the name of the lessons."""

    name = "xavier"


@INITIALIZERS.add
class He(_Variance):
    """N(0, 2 / fan_in)."""

    name = "he"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / fan_in


@INITIALIZERS.add
class GlorotNormal(_Variance):
    """N(0, 2 / (fan_in + fan_out))."""

    name = "glorot_normal"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / (fan_in + fan_out)


@INITIALIZERS.add
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal columns, or rows where there are fewer of them, times a gain."""

    name = "orthogonal"
    draws = "normals"
    gain: float = 1.0

    def weights(self, draws: Matrix) -> list[list[float]]:
        return orthogonal(draws, self.gain)


@INITIALIZERS.add
@dataclass(frozen=True)
class Uniform(Initializer):
    """Evenly from low to high."""

    name = "uniform"
    draws = "uniforms"
    low: float = -0.05
    high: float = 0.05

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        low, high = self.low, self.high
        return lambda u: low + (high - low) * u


@INITIALIZERS.add
@dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """N(mean, std^2), cut at two deviations."""

    name = "truncated_normal"
    draws = "uniforms"
    mean: float = 0.0
    std: float = 0.05

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        mean, std = self.mean, self.std
        return lambda u: std * quantile(FLOAT64.fma(u, _WITHIN_TWO, _LEFT_OF_MINUS_TWO)) + mean


class _Limit(Initializer):
    """Evenly from -b to b."""

    draws = "uniforms"

    def of_draw(self, fan_in: int, fan_out: int) -> Callable[[float], float]:
        limit = FLOAT64.sqrt(self.squared_limit(fan_in, fan_out))
        return lambda u: -limit + (limit - -limit) * u

    def squared_limit(self, fan_in: int, fan_out: int) -> float:
        """Return b^2."""
        raise NotImplementedError


@INITIALIZERS.add
class LecunUniform(_Limit):
    """The variance of `LecunNormal`."""

    name = "lecun_uniform"

    def squared_limit(self, fan_in: int, fan_out: int) -> float:
        return 3.0 / fan_in


@INITIALIZERS.add
class HeUniform(_Limit):
    """The variance of `He`."""

    name = "he_uniform"

    def squared_limit(self, fan_in: int, fan_out: int) -> float:
        return 6.0 / fan_in


@INITIALIZERS.add
class GlorotUniform(_Limit):
    """The variance of `GlorotNormal`."""

    name = "glorot_uniform"

    def squared_limit(self, fan_in: int, fan_out: int) -> float:
        return 6.0 / (fan_in + fan_out)


def initial_weights(
    arith: Arithmetic,
    initializer: str | Initializer,
    shape: tuple[int, int],
    seed: int,
    layer: int = 0,
    *,
    stream: Stream | None = None,
) -> list[list[float]]:
    """Initial weights of a layer from an integer seed, in the format of the network.

    Parameters
    ----------
    initializer : str or Initializer
        As in `from_draws`.
    shape : (I, O)
        Inputs and outputs of the layer.
    seed : int
        From 0 to 2**64 - 1.
    layer : int
        The position of the layer in its network.
    stream : Stream, optional
        Where to draw from in place of the weights' own stream.

    Returns
    -------
    matrix of shape (I, O)

    Examples
    --------
    >>> initial_weights(FLOAT64, "ones", (2, 3), seed=0)
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    chosen = INITIALIZERS.choice(initializer)
    rows, width = shape
    stream = stream or weight_stream(seed, layer)
    draws = getattr(stream, chosen.draws)(rows * width) if chosen.draws else [0.0] * (rows * width)
    matrix = [draws[low : low + width] for low in range(0, rows * width, width)]
    return [[arith.T(w) for w in row] for row in chosen.weights(matrix)]
