"""Dropout: which outputs of a layer a step of a training leaves out (section 3.5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import Arithmetic
from .arrays import Vector
from .random import dropout_key, philox

_BITS = 16
_ALL = 2**_BITS
_UNITS = 16  # of a block, in four words of 64 bits


@dataclass(frozen=True)
class DropoutStep:
    """Of which step of which fit the masks are.

    Parameters
    ----------
    seed : int
        Of the fit.
    step : int
        Counted from 1, over all trainings of the optimizer's state.

    Examples
    --------
    >>> DropoutStep(seed=0, step=1).numbers(layer=0, row=2, units=3)
    [32083, 53552, 50370]
    """

    seed: int
    step: int

    def numbers(self, layer: int, row: int, units: int) -> list[int]:
        """Return the number of each unit of a layer, for a row of the batch."""
        words: list[int] = []
        for block in range(-(-units // _UNITS)):
            counter = block | row << 64 | self.step << 128
            words += philox(counter, dropout_key(self.seed, layer))
        return [words[j // 4] >> _BITS * (j % 4) & (_ALL - 1) for j in range(units)]


def left(arith: Arithmetic, dropout: float, numbers: Sequence[int], x: Vector) -> list[float]:
    """Return what dropout leaves of a row: of outputs, or of their gradient on its way back.

    Parameters
    ----------
    dropout : float
        The share that is left out, at least 0 and below 1.
    numbers : sequence of int
        Of the units, from `DropoutStep.numbers`.
    x : vector of length O

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> left(FLOAT64, 0.5, [32767, 32768, 65535], [1.0, 1.0, -3.0])
    [0.0, 2.0, -6.0]
    """
    T = arith.T
    threshold = min(_ALL - 1, math.floor(dropout * _ALL + 0.5))
    scale = T(1.0 / (1.0 - dropout))
    return [0.0 if n < threshold else T(scale * x_k) for n, x_k in zip(numbers, x, strict=True)]
