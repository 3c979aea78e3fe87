"""The operations of one floating-point format, and the two kinds of sum (sections 1 and 2).

In an expression ``T`` is the rounding of the format, as in the page: ``T(a + b)`` is the sum of
two numbers of the format, rounded to it.  Python computes ``a + b`` in binary64; for float32 the
second rounding is harmless, because binary64 has more than twice the bits of binary32 and two
more (S. A. Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30, 1995).  This
holds for ``+ - * /`` and the square root, one rounding each; not for the fused multiply-add.
"""

import math
from collections.abc import Callable
from typing import Literal

from .arrays import Vector
from .fma import fma_float32, fma_float64, round_float32

DType = Literal["float32", "float64"]

Rounding = Callable[[float], float]
FusedMultiplyAdd = Callable[[float, float, float], float]

_FORMATS: dict[str, tuple[Rounding, FusedMultiplyAdd]] = {
    "float32": (round_float32, fma_float32),
    "float64": (float, fma_float64),
}

FEATURE_LEAF = 256
ROW_LEAF = 128


class Arithmetic:
    """The arithmetic of binary32 or binary64, handed to everything that computes.

    Parameters
    ----------
    dtype : {"float32", "float64"}

    Attributes
    ----------
    dtype : str
    T : function of a float
        Rounds the result of one operation to the format.
    fma : function of three floats
        ``a * b + c`` with one rounding to the format.

    Raises
    ------
    ValueError
        For any other name.

    Examples
    --------
    >>> single = Arithmetic("float32")
    >>> single.T(0.1 + 0.2)
    0.30000001192092896
    >>> Arithmetic("float64").T(0.1 + 0.2)
    0.30000000000000004
    """

    __slots__ = ("T", "dtype", "fma")

    dtype: DType
    T: Rounding
    fma: FusedMultiplyAdd

    def __init__(self, dtype: DType) -> None:
        if dtype not in _FORMATS:
            message = f"[Arithmetic] dtype must be 'float32' or 'float64', not {dtype!r}"
            raise ValueError(message)
        self.dtype = dtype
        self.T, self.fma = _FORMATS[dtype]

    def __repr__(self) -> str:
        return f"Arithmetic({self.dtype!r})"

    def divide(self, a: float, b: float) -> float:
        """``a / b``, where a divisor of zero gives an infinity or NaN.

        Examples
        --------
        >>> FLOAT64.divide(1.0, -0.0), FLOAT64.divide(1.0, 4.0)
        (-inf, 0.25)
        """
        if b == 0.0:
            infinity = math.copysign(math.inf, a) * math.copysign(1.0, b)
            return math.nan if a == 0.0 or math.isnan(a) else infinity
        return self.T(a / b)

    def sqrt(self, a: float) -> float:
        """Square root; NaN for a negative number.

        Examples
        --------
        >>> FLOAT64.sqrt(2.0), FLOAT64.sqrt(-1.0)
        (1.4142135623730951, nan)
        """
        return math.nan if a < 0.0 else self.T(math.sqrt(a))

    def feature_sum(self, start: float, a: Vector, b: Vector) -> float:
        """Sum of products over inputs, outputs or classes: leaves of 256 from first to last.

        Parameters
        ----------
        start : float
            Where the first chain starts: the bias of a forward pass, else zero.
        a, b : vectors of length n

        Examples
        --------
        >>> round(FLOAT64.feature_sum(0.2, [0.5, 0.3], [0.8, 0.6]), 12)
        0.78
        """
        total = self._chain(start, a[:FEATURE_LEAF], b[:FEATURE_LEAF])
        for low in range(FEATURE_LEAF, len(a), FEATURE_LEAF):
            leaf = slice(low, low + FEATURE_LEAF)
            total = self.T(total + self._chain(0.0, a[leaf], b[leaf]))
        return total

    def feature_total(self, a: Vector) -> float:
        """Plain sum over inputs, outputs or classes, cut as in `feature_sum`.

        Parameters
        ----------
        a : vector of length n

        Examples
        --------
        >>> FLOAT64.feature_total([1.0, 2.0, 3.0])
        6.0
        """
        total = self._plain_chain(a[:FEATURE_LEAF])
        for low in range(FEATURE_LEAF, len(a), FEATURE_LEAF):
            total = self.T(total + self._plain_chain(a[low : low + FEATURE_LEAF]))
        return total

    def row_sum(self, a: Vector, b: Vector) -> float:
        """Sum of products over the rows of a batch: leaves of 128, added as a binary tree.

        Parameters
        ----------
        a, b : vectors of length B

        Examples
        --------
        >>> FLOAT64.row_sum([1.0, 2.0], [10.0, 100.0])
        210.0
        """
        leaves = [slice(low, low + ROW_LEAF) for low in range(0, len(a), ROW_LEAF)]
        return self._tree([self._chain(0.0, a[leaf], b[leaf]) for leaf in leaves])

    def row_total(self, a: Vector) -> float:
        """Plain sum over the rows of a batch, cut and added as in `row_sum`.

        Parameters
        ----------
        a : vector of length B

        Examples
        --------
        >>> FLOAT64.row_total([0.5] * 300)
        150.0
        """
        leaves = range(0, len(a), ROW_LEAF)
        return self._tree([self._plain_chain(a[low : low + ROW_LEAF]) for low in leaves])

    def _chain(self, start: float, a: Vector, b: Vector) -> float:
        fma = self.fma
        s = start
        for x, y in zip(a, b, strict=True):
            s = fma(x, y, s)
        return s

    def _plain_chain(self, a: Vector) -> float:
        T = self.T
        s = 0.0
        for x in a:
            s = T(s + x)
        return s

    def _tree(self, leaves: Vector) -> float:
        if len(leaves) <= 1:
            return leaves[0] if leaves else 0.0
        half = 1 << ((len(leaves) - 1).bit_length() - 1)  # the largest power of two below
        return self.T(self._tree(leaves[:half]) + self._tree(leaves[half:]))


FLOAT32 = Arithmetic("float32")
FLOAT64 = Arithmetic("float64")
