"""What becomes of the columns of a table: found by looking at one, applied to it and to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._suggestions import suggested
from wbcore.tables import sparse_rows
from wbcore.tables.category_column import CategoryColumn
from wbcore.tables.column import ColumnEncoding
from wbcore.tables.date_column import DateColumn
from wbcore.tables.fitting import (
    chosen_columns,
    fitted_array,
    fitted_column,
    fitted_sparse,
    listed,
)
from wbcore.tables.gaps import MISSING, check_gaps, gaps_in, require_none
from wbcore.tables.number_column import NumberColumn
from wbcore.tables.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Encoding"]

_AT_ONCE = 2**18  # numbers that are worked on together

_KINDS: dict[str, type[Any]] = {
    "number": NumberColumn,
    "category": CategoryColumn,
    "date": DateColumn,
}


class Encoding:
    """How a table's columns become a network's inputs.

    - Numbers stay numbers, also integers of few values; bools are 0 and 1, durations days, times of
      day seconds. Texts of numbers are read, unless one begins with 0, as postal codes do.
    - Texts, and what pandas and polars declare to be categories, become a column of 0 and 1 for
      each category. Those that come once, or beyond `max_categories`, share one. What is unknown
      later is 0 in all of them. A column with another text in every row is left out, with a
      warning.
    - Dates, also texts as ISO 8601 writes them, become days since 1970-01-01; and the month, the
      day of the week and the hour, each if it differs between rows. With a zone they are in UTC. A
      `pandas.Period` is the moment with which it begins.
    - Nothing else is taken, such as lists or intervals: make texts of them, or declare categories.
    - What is missing (None, NaN, NA, NaT, an empty text) becomes the mean of the column; a column
      of its own tells where, if some are missing in the table that is looked at. Missing categories
      are 0 in the columns of all categories. A column of nothing else is a constant.
    - Columns of a sparse matrix are numbers, of which those that are not stored are 0. It stays
      sparse.

    Attributes
    ----------
    columns : tuple of objects
        One a column of the table: `name`, `kind` ("number", "category", "date"), `names()`.
    is_named : bool
        Whether the columns had names, by which those of another table are found.
    is_plain : bool
        Whether all columns are numbers none of which was missing, so that arrays of numbers go
        through as they are.
    is_numeric : bool
        Whether all columns are numbers.
    missing : {"mean+indicator", "mean", "error"}
    warnings : tuple of str
        What somebody should know about the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from wbcore.tables import Encoding
    >>> frame = pd.DataFrame({
    ...     "size": [1.5, None, 3.5, 2.5],
    ...     "colour": ["red", "blue", "red", "blue"],
    ...     "day": ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"],
    ... })
    >>> encoding = Encoding.fit(frame)
    >>> encoding.names
    ('size', 'size missing', 'colour=blue', 'colour=red', 'day days', 'day weekday')
    >>> encoding.apply(frame)[1].tolist()
    [2.5, 1.0, 1.0, 0.0, 20459.0, 1.0]
    >>> print(encoding.describe()[0])
    'size': a number; where it is missing the mean, 2.5, and 'size missing' is 1
    >>> Encoding.from_dict(encoding.to_dict()).names == encoding.names
    True
    """

    def __init__(
        self,
        columns: Sequence[ColumnEncoding],
        *,
        is_named: bool = True,
        missing: str = MISSING[0],
        warnings: Sequence[str] = (),
    ) -> None:
        self.columns = tuple(columns)
        self.is_named = is_named
        self.missing = missing
        self.warnings = tuple(warnings)
        parts = [name for column in self.columns for name in column.names()]
        self.names: tuple[str, ...] = tuple(_unique(parts))
        numbers = [column for column in self.columns if isinstance(column, NumberColumn)]
        self.is_numeric = len(numbers) == len(self.columns)
        # Arrays of numbers go without a look at single columns.
        self._fills = np.array([column.fill for column in numbers], np.float64)
        self._indicators = np.array([column.indicator for column in numbers], np.bool_)
        self.is_plain = self.is_numeric and not self._indicators.any()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the table's columns, in the order in which they were looked at."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Those of `inputs` that a table must have: all but those that were left out."""
        return tuple(column.name for column in self.columns if column.names())

    @property
    def categories(self) -> tuple[str, ...]:
        """Those of `inputs` that are categories."""
        return tuple(column.name for column in self.columns if column.kind == "category")

    # Looking at a table

    @classmethod
    def fit(
        cls,
        X: Any,  # noqa: ANN401, tables of any library
        *,
        categories: str | Sequence[str | int] = "auto",
        max_categories: int = 50,
        missing: str = MISSING[0],
        sample_weight: ArrayLike | None = None,
        operation: str = "fit",
    ) -> Encoding:
        """Look at a table, and decide what becomes of its columns.

        Parameters
        ----------
        X : table-like of shape (B, C)
            As for `Table`, without the target.
        categories : "auto" or sequence of str or int
            Names, or numbers, of columns that are categories though they look like numbers or
            dates.
        max_categories : int, default 50
            The most columns of 0 and 1 that a column becomes, that of rare ones among them.
        missing : {"mean+indicator", "mean", "error"}
            What becomes of missing values: the mean with a column that tells, without, or refused.
        sample_weight : array-like of shape (B,), optional
            Above 0: by how many rows a row counts in means, and in what is rare.
        operation : str
            For messages.

        Returns
        -------
        Encoding

        Raises
        ------
        TypeError, ValueError
            When X is no table, a value is neither number, text nor date, or infinite, or no column
            would be left.
        """
        table = X if isinstance(X, Table) else Table(X, operation)
        _arguments.choice(operation, "missing", missing, list(MISSING))
        most = _arguments.integer(operation, "max_categories", max_categories, low=2)
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        chosen = chosen_columns(categories, table, operation)
        if table.n_rows == 0 or not table.names:
            raise ValueError(
                f"[{operation}] expected a table with rows and columns, "
                f"got shape ({table.n_rows}, {len(table.names)})"
            )
        if table.sparse is not None:
            columns = fitted_sparse(table, weights, operation, missing)
            return cls(columns, is_named=False, missing=missing)
        if table.array is not None and not chosen:
            columns = fitted_array(table, weights, operation, missing)
            return cls(columns, is_named=table.is_named, missing=missing)
        fitted: list[ColumnEncoding] = []
        warnings = []
        for index in range(len(table.names)):
            column = table.column(index)
            check_gaps(column, missing, operation)
            found = fitted_column(
                column,
                weights,
                operation,
                indicator=missing == MISSING[0],
                most=most,
                category=index in chosen,
            )
            if isinstance(found, CategoryColumn) and found.is_identifier:
                warnings.append(
                    f"column {column.name!r} has another text in each of its rows, as an "
                    "identifier, which tells nothing of other rows: it is left out"
                )
            fitted.append(found)
        encoding = cls(fitted, is_named=table.is_named, missing=missing, warnings=warnings)
        if not encoding.names:
            raise ValueError(
                f"[{operation}] expected a column to learn from, got {listed(table.names)} with "
                "another text in every row"
            )
        return encoding

    # Numbers of a table

    def apply(
        self,
        X: Any,  # noqa: ANN401
        *,
        operation: str = "apply",
    ) -> Any:  # noqa: ANN401, an array, or a matrix without types
        """The numbers of a table's rows.

        Parameters
        ----------
        X : table-like of shape (B, C)
            As for `Table`. Where both tables have names its columns may stand in any order, others
            beside them, and those that were left out may be lacking; else there must be as many,
            in the same order.
        operation : str
            For messages.

        Returns
        -------
        ndarray of shape (B, I), or CSR matrix
            Finite; its columns are `names`. An array of numbers that needs no change is returned
            as it is; everything else in float64, or float32 of an array of float32. A matrix of a
            sparse matrix, if all columns are numbers.

        Raises
        ------
        TypeError, ValueError
            When columns are lacking or hold something else than those that were looked at.
        """
        table = X if isinstance(X, Table) else Table(X, operation)
        places = self._places(table, operation)
        if table.sparse is not None:
            if self.is_numeric:
                return self._of_sparse(table.sparse, operation)
            table = Table(table.sparse.toarray(), operation)
        if table.array is not None and self.is_numeric:
            in_order = places == list(range(len(table.names)))
            return self._of_array(table.array if in_order else table.array[:, places], operation)
        out = np.zeros((table.n_rows, len(self.names)))
        start = 0
        for column, place in zip(self.columns, places, strict=True):
            width = len(column.names())
            if not width:
                continue
            given = table.column(place)
            check_gaps(given, self.missing, operation)
            end = start + width
            column.write(given, out[:, start:end], operation)
            start = end
        return out

    def _of_array(self, array: NDArray[Any], operation: str) -> NDArray[Any]:
        if array.dtype.kind != "f":
            if self.is_plain and array.dtype.kind != "b":
                return array
            gaps = None
        else:
            gaps = gaps_in(array, self.inputs, operation)
            if gaps is None and self.is_plain:
                return array
            if gaps is not None and self.missing == "error":
                require_none(gaps, self.inputs, operation)
        dtype = np.float32 if array.dtype in (np.float32, np.float16) else np.float64
        places = np.arange(len(self._indicators)) + np.cumsum(self._indicators) - self._indicators
        out = np.zeros((len(array), len(self.names)), dtype)
        if gaps is None:
            out[:, places] = array
            return out
        step = max(1, _AT_ONCE // max(1, len(places)))
        for start in range(0, len(array), step):
            rows = slice(start, start + step)
            out[rows, places] = np.where(gaps[rows], self._fills, array[rows])
            out[rows, places[self._indicators] + 1] = gaps[rows, self._indicators]
        return out

    def _of_sparse(self, rows: Any, operation: str) -> Any:  # noqa: ANN401
        gaps = sparse_rows.gaps_of(rows, self.inputs, operation)
        if gaps is None and self.is_plain and rows.dtype.kind != "b":
            return rows
        if gaps is not None and self.missing == "error":
            sparse_rows.require_none(rows, gaps, self.inputs, operation)
        return sparse_rows.encoded(rows, gaps, self._fills, self._indicators)

    def _places(self, table: Table, operation: str) -> list[int]:
        """Which column of the table is which of those that were looked at; -1: not needed."""
        if not (self.is_named and table.is_named):
            if len(table.names) != len(self.columns):
                raise ValueError(
                    f"[{operation}] expected {len(self.columns)} columns, got {len(table.names)}"
                )
            return list(range(len(self.columns)))
        known = {name: index for index, name in enumerate(table.names)}
        lacking = [name for name in self.required if name not in known]
        if lacking:
            raise ValueError(
                f"[{operation}] expected {listed(lacking)} beside those that are there, "
                f"got {listed(table.names)}{suggested(lacking, known)}"
            )
        return [known.get(name, -1) for name in self.inputs]

    # In words and in JSON

    def describe(self) -> list[str]:
        """A line a column, in what it became and what its numbers mean; then the warnings."""
        return [column.describe() for column in self.columns] + list(self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can express it; `from_dict` reads it."""
        return {
            "version": 1,
            "is_named": self.is_named,
            "missing": self.missing,
            "columns": [column.to_dict() for column in self.columns],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], *, operation: str = "load") -> Encoding:
        """What `to_dict` gave, of this or an older release.

        Raises
        ------
        ValueError
            When it is none, or of a newer release. Nothing of it is trusted.
        """
        try:
            if state["version"] != 1:
                raise ValueError(f"version {state['version']!r} of a newer wbcore")
            missing = str(state["missing"])
            if missing not in MISSING:
                raise ValueError(f"{missing!r} for missing values")
            columns = [_KINDS[given["kind"]].from_dict(given) for given in state["columns"]]
            encoding = cls(columns, is_named=bool(state["is_named"]), missing=missing)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"[{operation}] expected the encoding of a table as wbcore writes it, "
                f"got one with {type(error).__name__}: {error}"
            ) from None
        return encoding

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Encoding):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Encoding: {len(self.columns)} columns, {len(self.names)} inputs>"


def _unique(names: Sequence[str]) -> list[str]:
    """The names, each once: another column may be called as what one became."""
    found: dict[str, None] = {}
    for given in names:
        number, name = 1, given
        while name in found:
            number += 1
            name = f"{given} ({number})"
        found[name] = None
    return list(found)
