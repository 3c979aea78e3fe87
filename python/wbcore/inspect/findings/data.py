"""The rows that are looked at: all that were given, or a seeded sample of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._view import Foreign, View, in_rows, is_sparse, n_rows
from wbcore.data._source import is_source
from wbcore.inspect.findings.names import Columns
from wbcore.random import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_ROWS", "Data"]

#: Shares of a per cent are seen in as many, and an analysis takes milliseconds.
MOST_ROWS = 2000


class Data:
    """X and y as they were given, and a sample of their rows as arrays.

    Attributes
    ----------
    X : ndarray, View or sparse matrix of shape (N, I)
        Never copied whole.
    y : ndarray of shape (N,) or (N, O)
    rows : ndarray of shape (R,)
        Numbers of the rows in the sample, ascending.
    columns : Columns
        What those of X are called.
    """

    X: Foreign
    y: NDArray[Any]
    rows: NDArray[np.int64]

    def __init__(
        self,
        operation: str,
        name: str,
        X: Foreign,
        y: Foreign,
        *,
        inputs: int,
        seed: int,
        columns: Columns | None = None,
    ) -> None:
        if y is None or (type(X) is not np.ndarray and is_source(X)):
            raise TypeError(
                f"[{operation}] expected {name} as arrays X and y, got a source or no y; pass X "
                f"and y of one of its blocks"
            )
        if is_sparse(X):
            X = in_rows(operation, name, X)
        elif not isinstance(X, View):
            X = _arguments.real_array(operation, name, X)
        if len(X.shape) != 2 or X.shape[1] != inputs or not n_rows(X):
            raise ValueError(
                f"[{operation}] expected {name} of shape (B, {inputs}), with at least one row, got "
                f"shape {tuple(X.shape)}"
            )
        y = _arguments.real_array(operation, f"y of {name}" if name != "X" else "y", y)
        if y.ndim not in (1, 2) or len(y) != n_rows(X):
            raise ValueError(
                f"[{operation}] expected y of shape ({n_rows(X)},) or ({n_rows(X)}, O), as {name} "
                f"has so many rows, got shape {y.shape}"
            )
        self.X, self.y, self.columns = X, y, columns or Columns()
        self.n = n_rows(X)
        self.rows = np.sort(permutation(self.n, seed)[:MOST_ROWS])

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """The sample, (R, I)."""
        return self.part(self.rows)

    @cached_property
    def y_of_rows(self) -> NDArray[Any]:
        """The targets of the sample."""
        return self.y[self.rows]

    def part(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Some rows as an array, (R, I)."""
        some = self.X if len(rows) == self.n else self.X[rows]
        dense = some.toarray() if is_sparse(some) else np.asarray(some)
        return np.asarray(dense, np.float64)

    @property
    def text(self) -> str:
        """How many rows of how many: "2,000 of 60,000 rows"."""
        if len(self.rows) == self.n:
            return f"all {self.n:,} rows" if self.n > 1 else "the one row"
        return f"{len(self.rows):,} of {self.n:,} rows"
