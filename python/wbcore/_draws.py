"""Where the draws for initial weights come from: wbcore's own streams, or a NumPy generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from wbcore import _arguments

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
