"""Where the draws for initial weights come from: wbcore's own streams, or a NumPy generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from wbcore import _arguments, _core

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class Generator(Protocol):
    """What is used of numpy.random.Generator and RandomState, to be drawn from in turn."""

    def standard_normal(self, size: tuple[int, int], /) -> NDArray[np.float64]: ...
    def random(self, size: tuple[int, int], /) -> NDArray[np.float64]: ...


Seed: TypeAlias = int | Generator


def check_seed(operation: str, seed: object) -> Seed:
    """The seed as an int, or the NumPy generator that it is."""
    if seed is None or hasattr(seed, "__index__"):
        return _arguments.seed(operation, seed)
    # np.random comes last: NumPy loads it on first use, and an integer does not need it.
    if isinstance(seed, (np.random.Generator, np.random.RandomState)):
        return seed
    raise TypeError(
        f"[{operation}] expected seed to be an integer, a numpy.random.Generator or a "
        f"numpy.random.RandomState, got {_arguments.shown(seed)}"
    )


class Matrix(NamedTuple):
    """A matrix to be filled by an initializer, in float64 and rounded to dtype at the end."""

    operation: str
    fan_in: int
    fan_out: int
    seed: Seed
    layer: int
    dtype: np.dtype[Any]

    @classmethod
    def checked(
        cls,
        operation: str,
        shape: tuple[object, object],
        seed: object,
        layer: object,
        dtype: DTypeLike,
    ) -> Matrix:
        """From the arguments that all initializers have in common."""
        matrix = cls(
            operation,
            _arguments.integer(operation, "fan_in", shape[0]),
            _arguments.integer(operation, "fan_out", shape[1]),
            check_seed(operation, seed),
            _arguments.integer(operation, "layer", layer, low=0, high=2**63 - 1),
            _arguments.dtype(operation, dtype),
        )
        # NumPy says of a size that no address can count that it is a wrong value
        needed = matrix.fan_in * matrix.fan_out * np.dtype(np.float64).itemsize
        if needed > np.iinfo(np.intp).max:
            raise MemoryError(f"[{operation}] expected {needed} bytes of memory, got less")
        return matrix

    def normal_draws(self) -> NDArray[np.float64]:
        """Draws from N(0, 1)."""
        shape = (self.fan_in, self.fan_out)
        if isinstance(self.seed, int):
            count = self.fan_in * self.fan_out
            return _core.standard_normal(self.seed, self.layer, count).reshape(shape)
        return np.asarray(self.seed.standard_normal(shape))

    def uniform_draws(self) -> NDArray[np.float64]:
        """Draws from the uniform distribution over [0, 1)."""
        shape = (self.fan_in, self.fan_out)
        if isinstance(self.seed, int):
            return _core.uniform(self.seed, self.layer, self.fan_in * self.fan_out).reshape(shape)
        return np.asarray(self.seed.random(shape))

    def rounded(self, values: NDArray[Any]) -> NDArray[Any]:
        """The finished values in the dtype."""
        return _arguments.rounded(self.operation, "its result", values, self.dtype)

    def full(self, value: float) -> NDArray[Any]:
        """One value everywhere."""
        return self.rounded(np.full((self.fan_in, self.fan_out), value))

    def normal(self, variance: float) -> NDArray[Any]:
        """N(0, variance)."""
        return self.rounded(self.normal_draws() * np.sqrt(variance))

    def uniform(self, low: float, high: float) -> NDArray[Any]:
        """Uniform over [low, high)."""
        return self.rounded(low + (high - low) * self.uniform_draws())

    def scaled(self, draws: NDArray[np.float64], mean: float, std: float) -> NDArray[Any]:
        """Standardised draws with another mean and spread."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.rounded(std * draws + mean)
