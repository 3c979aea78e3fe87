"""What is given as a table, as columns of one form: pandas, polars, arrays and lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore._view import is_sparse
from wbcore.tables import frames
from wbcore.tables.sparse_rows import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Column", "Table", "unmasked"]


class Column(NamedTuple):
    """The values of a column: numbers, moments of time, or levels and which row has which.

    One of `numbers`, `dates` and `codes` is there.
    """

    name: str
    numbers: NDArray[Any] | None = None
    """(B,), of a real dtype; NaN is missing."""
    dates: NDArray[np.datetime64] | None = None
    """(B,), in UTC where a zone was stated; NaT is missing."""
    codes: NDArray[Any] | None = None
    """(B,), integers: which of `levels`; below 0 is missing."""
    levels: Sequence[Any] = ()
    """The different values, of any type that can be hashed."""
    declared: bool = False
    """Whether its own type says that it holds categories."""
    unit: str = ""
    """Of numbers that were something else, such as durations in days."""


class Table:
    """Rows with columns, which may have names.

    Parameters
    ----------
    X : table-like
        A pandas or polars data frame, anything with `to_pandas` or `__dataframe__`; an array of
        two dimensions, of numbers or of objects; a sparse matrix of SciPy's; a list of rows; or a
        `Table`.
    operation : str
        For messages.

    Attributes
    ----------
    names : tuple of str
        Of the columns; "x0", "x1", ... where they have none.
    is_named : bool
        Whether the names were given.
    n_rows : int
    array : ndarray of shape (B, I) or None
        All values, where they are numbers of one array that need not be copied for that.
    sparse : CSR matrix of shape (B, I) or None
        All values of a sparse matrix, whose columns are numbers.

    Raises
    ------
    TypeError, ValueError
        When X is no table, or a column's values are neither numbers, texts, dates, durations nor
        times of day.

    Examples
    --------
    >>> from wbcore.tables import Table
    >>> table = Table([["red", 1.5], ["blue", None]], "fit")
    >>> table.names, table.n_rows, table.column(0).levels
    (('x0', 'x1'), 2, ['red', 'blue'])
    """

    names: tuple[str, ...]
    is_named: bool
    n_rows: int
    array: NDArray[Any] | None
    sparse: Any

    def __init__(self, X: Any, operation: str) -> None:  # noqa: ANN401, tables of any library
        self._operation = operation
        self._source: Any = X
        self.array = self.sparse = None
        if is_sparse(X):
            self._take_sparse(rows_of(X, operation))
            return
        frame = frames.frame_of(X)
        if frame is None:
            self._take_array(X, operation)
            return
        self._source = frame
        names = [str(name) for name in frame.columns]
        self.is_named = all(isinstance(name, str) for name in frame.columns)
        self.names = tuple(names) if self.is_named else _numbered(len(names))
        if self.is_named and len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                f"[{operation}] expected each column once, got two of the name {twice!r}"
            )
        self.n_rows = len(frame)
        self.array = frames.numbers_of(frame)

    def _take_array(self, X: Any, operation: str) -> None:  # noqa: ANN401
        array = X if isinstance(X, np.ndarray) else _array(X)
        if isinstance(array, np.ma.MaskedArray):
            array = unmasked(array)
        if array.ndim != 2:
            raise ValueError(
                f"[{operation}] expected a table of two dimensions, got shape {array.shape}. "
                "Reshape your data with array.reshape(-1, 1) if it is one column, or "
                "array.reshape(1, -1) if it is one row"
            )
        if array.dtype.kind == "c":
            raise ValueError(f"[{operation}] Complex data not supported, got {array.dtype}")
        self._source = array
        self.is_named = False
        self.n_rows, columns = array.shape
        self.names = _numbered(columns)
        self.array = array if array.dtype.kind in "biuf" else None

    def _take_sparse(self, rows: Any) -> None:  # noqa: ANN401
        self._source = self.sparse = rows
        self.is_named = False
        self.n_rows, columns = rows.shape
        self.names = _numbered(columns)

    def rows(self, rows: NDArray[np.int64] | slice) -> Table:
        """A table of some of the rows, by their numbers; a slice copies no array."""
        source = self._source
        if isinstance(source, np.ndarray) or not hasattr(source, "iloc"):
            return Table(source[rows], self._operation)
        return Table(source.iloc[rows], self._operation)

    def column(self, index: int) -> Column:
        """The column of this number.

        Raises
        ------
        TypeError, ValueError
            When it holds something else than numbers, texts, dates, durations, times of day and
            what is missing.
        """
        name = self.names[index]
        if self.array is not None:
            return Column(name, numbers=self.array[:, index])
        if self.sparse is not None:
            return Column(name, numbers=self.sparse[:, [index]].toarray()[:, 0])
        try:
            if isinstance(self._source, np.ndarray):
                parts = frames.of_array(self._source[:, index])
            else:
                parts = frames.of_series(self._source, index)
        except TypeError as error:
            raise TypeError(f"[{self._operation}] column {name!r}: {error}") from None
        except ValueError as error:
            raise ValueError(f"[{self._operation}] column {name!r}: {error}") from None
        return Column(name, **parts)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"x{index}" for index in range(count))


def unmasked(array: Any) -> NDArray[Any]:  # noqa: ANN401, a masked array, whose types are wrong
    """The array with what is masked missing."""
    values = np.asarray(array)
    if not np.ma.is_masked(array):
        return values
    kind = values.dtype.kind
    if kind in "biu":
        values = values.astype(np.float64)
    else:
        values = values.copy() if kind in "fmM" else values.astype(object)
    lacks: Any = "NaT" if kind in "mM" else np.nan if kind in "biuf" else None
    values[np.ma.getmaskarray(array)] = lacks
    return values


def _array(X: Any) -> NDArray[Any]:  # noqa: ANN401
    """An array of a list of rows; not one in which numbers beside texts became texts."""
    array = np.asarray(X)
    return np.array(X, dtype=object) if array.dtype.kind in "US" else array
