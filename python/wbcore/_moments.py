"""Mean and spread of columns, of rows in blocks of any size (docs/arithmetic.md, section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Numbers = NDArray[np.float64]

__all__ = ["Moments", "leaves_at_once"]

LEAF = 128
#: Numbers of whole leaves that are worked on at a time: temporary arrays of some megabytes.
_MOST = 2**20


def leaves_at_once(columns: int) -> int:
    """Rows of whole leaves that are worked on at a time."""
    return max(1, _MOST // (LEAF * max(1, columns))) * LEAF


class _Part(NamedTuple):
    """Of n rows: the mean of their distances to the first row of all, and the squares around it."""

    n: int
    mean: _Numbers
    squares: _Numbers

    def __add__(self, later: _Part) -> _Part:  # type: ignore[override]
        n = self.n + later.n
        d = later.mean - self.mean
        mean = self.mean + d * (later.n / n)
        squares = (self.squares + later.squares) + (d * d) * (self.n * later.n / n)
        return _Part(n, mean, squares)


class Moments:
    """Adds rows, leaf by leaf; leaves go over the borders of blocks, so that these do not show.

    Sums go over the rows one by one (never by NumPy's own sums, whose order is not promised), for
    all columns and several leaves at a time.

    Parameters
    ----------
    operation : str
        For messages.
    """

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._first: _Numbers | None = None
        self._left: NDArray[Any] | None = None
        self._stack: list[_Part] = []
        self._leaves = 0
        self._rows = 0

    def add(self, rows: NDArray[Any]) -> None:
        """The next rows, (B, I)."""
        if self._first is None:
            self._first = rows[0].astype(np.float64)
        self._require_finite(rows)
        self._rows += len(rows)
        if self._left is not None and len(self._left):
            n = LEAF - len(self._left)
            self._left = np.concatenate([self._left, rows[:n]])
            rows = rows[n:]
            if len(self._left) < LEAF:
                return
            self._add_leaves(self._left)
        whole = len(rows) // LEAF * LEAF
        at_once = leaves_at_once(rows.shape[1])
        for start in range(0, whole, at_once):
            self._add_leaves(rows[start : min(start + at_once, whole)])
        self._left = rows[whole:].copy()

    def _require_finite(self, rows: NDArray[Any]) -> None:
        if rows.dtype.kind != "f":
            return
        at_once = max(1, _MOST // max(1, rows.shape[1]))
        for start in range(0, len(rows), at_once):
            part = rows[start : start + at_once]
            finite = np.isfinite(part)
            if finite.all():
                continue
            row, col = map(int, np.unravel_index(np.argmin(finite), finite.shape))
            raise ValueError(
                f"[{self._operation}] expected finite values in X, "
                f"got {part[row, col]!s} at X[{self._rows + start + row}, {col}]"
            )

    def _add_leaves(self, rows: NDArray[Any]) -> None:
        """Rows of whole leaves; or all of a last one."""
        assert self._first is not None, "add has kept it"
        size, first = min(LEAF, len(rows)), self._first
        count = len(rows) // size

        def row_of_each(i: int) -> _Numbers:
            numbers: _Numbers = rows[i::size].astype(np.float64) - first
            return numbers

        with np.errstate(over="ignore", invalid="ignore"):  # told at the end
            mean = np.zeros((count, rows.shape[1]))
            for i in range(size):
                mean += row_of_each(i)
            mean /= size
            squares = np.zeros_like(mean)
            for i in range(size):
                d = row_of_each(i) - mean
                squares += d * d
            for leaf in range(count):
                part = _Part(size, mean[leaf], squares[leaf])
                bits = self._leaves
                while bits & 1:
                    part, bits = self._stack.pop() + part, bits >> 1
                self._stack.append(part)
                self._leaves += 1

    def _total(self) -> tuple[_Numbers, _Part]:
        if self._first is None:
            raise ValueError(f"[{self._operation}] expected X with at least one row, got none")
        if self._left is not None and len(self._left):
            self._add_leaves(self._left)
            self._left = None
        with np.errstate(over="ignore", invalid="ignore"):
            while len(self._stack) > 1:
                later = self._stack.pop()
                self._stack[-1] = self._stack[-1] + later
        return self._first, self._stack[0]

    def mean(self) -> _Numbers:
        """Of each column, (I,)."""
        first, part = self._total()
        return first + part.mean

    def scale(self) -> tuple[_Numbers, NDArray[np.int64]]:
        """Standard deviations, 1 where they would be 0, and the columns where that is so."""
        _, part = self._total()
        if not np.isfinite(part.squares).all():
            column = int(np.argmin(np.isfinite(part.squares)))
            raise ValueError(
                f"[{self._operation}] expected numbers whose squares are finite in float64, "
                f"got larger ones in column {column}; scale them first"
            )
        with np.errstate(divide="ignore", over="ignore"):
            spread = np.sqrt(part.squares / part.n)
            constant = ~np.isfinite(1 / spread)
        return np.where(constant, 1.0, spread), np.flatnonzero(constant)
