"""What becomes of the columns of a table: found by looking at one, applied to it and to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.tables.category_column import CategoryColumn
from wbcore.tables.column import ColumnEncoding, missing_rows
from wbcore.tables.date_column import DateColumn
from wbcore.tables.moments import moments
from wbcore.tables.number_column import NumberColumn
from wbcore.tables.table import Column, Table
from wbcore.tables.values import are_dates, are_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["MISSING", "Encoding"]

MISSING = ("mean+indicator", "mean", "error")
"""What is done about missing values: what is the default comes first."""

_KINDS: dict[str, type[Any]] = {
    "number": NumberColumn,
    "category": CategoryColumn,
    "date": DateColumn,
}
_SHOWN = 5  # names in a message


class Encoding:
    """How a table's columns become a network's inputs.

    - Numbers stay numbers, also integers of few values; bools are 0 and 1, durations days. Texts of
      numbers are read, unless one begins with 0, as postal codes do.
    - Texts, and what pandas and polars declare to be categories, become a column of 0 and 1 for
      each category. Those that come once, or beyond `max_categories`, share one. What is unknown
      later is 0 in all of them. A column with another text in every row is left out, with a
      warning.
    - Dates, also texts as ISO 8601 writes them, become days since 1970-01-01; and the month, the
      day of the week and the hour, each if it differs between rows. With a zone they are in UTC.
    - What is missing (None, NaN, NA, NaT, an empty text) becomes the mean of the column; a column
      of its own tells where, if some are missing in the table that is looked at. Missing categories
      are 0 in the columns of all categories. A column of nothing else is a constant.

    Attributes
    ----------
    columns : tuple of objects
        One a column of the table: `name`, `kind` ("number", "category", "date"), `names()`.
    is_named : bool
        Whether the columns had names, by which those of another table are found.
    is_plain : bool
        Whether all columns are numbers none of which was missing, so that arrays of numbers go
        through as they are.
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
        self._is_numeric = len(numbers) == len(self.columns)
        # Arrays of numbers go without a look at single columns.
        self._fills = np.array([column.fill for column in numbers], np.float64)
        self._indicators = np.array([column.indicator for column in numbers], np.bool_)
        self.is_plain = self._is_numeric and not self._indicators.any()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the table's columns, in the order in which they were looked at."""
        return tuple(column.name for column in self.columns)

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
        chosen = _chosen(categories, table, operation)
        if table.n_rows == 0 or not table.names:
            raise ValueError(
                f"[{operation}] expected a table with rows and columns, "
                f"got shape ({table.n_rows}, {len(table.names)})"
            )
        if table.array is not None and not chosen:
            columns = _of_array(table, weights, operation, missing)
            return cls(columns, is_named=table.is_named, missing=missing)
        fitted: list[ColumnEncoding] = []
        warnings = []
        for index in range(len(table.names)):
            column = table.column(index)
            _check_gaps(column, missing, operation)
            found = _fitted(
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
                f"[{operation}] expected a column to learn from, got {_listed(table.names)} with "
                "another text in every row"
            )
        return encoding

    # Numbers of a table

    def apply(
        self,
        X: Any,  # noqa: ANN401
        *,
        operation: str = "apply",
    ) -> NDArray[Any]:
        """The numbers of a table's rows.

        Parameters
        ----------
        X : table-like of shape (B, C)
            As for `Table`. Where both tables have names its columns may stand in any order, and
            others beside them; else there must be as many, in the same order.
        operation : str
            For messages.

        Returns
        -------
        ndarray of shape (B, I)
            Finite; its columns are `names`. An array of numbers that needs no change is returned
            as it is; everything else in float64, or float32 of an array of float32.

        Raises
        ------
        TypeError, ValueError
            When columns are lacking or hold something else than those that were looked at.
        """
        table = X if isinstance(X, Table) else Table(X, operation)
        places = self._places(table, operation)
        if table.array is not None and self._is_numeric:
            in_order = places == list(range(len(table.names)))
            return self._of_array(table.array if in_order else table.array[:, places], operation)
        out = np.zeros((table.n_rows, len(self.names)))
        start = 0
        for column, place in zip(self.columns, places, strict=True):
            given = table.column(place)
            _check_gaps(given, self.missing, operation)
            end = start + len(column.names())
            column.write(given, out[:, start:end], operation)
            start = end
        return out

    def _of_array(self, array: NDArray[Any], operation: str) -> NDArray[Any]:
        if array.dtype.kind != "f":
            if self.is_plain and array.dtype.kind != "b":
                return array
            gaps = None
        else:
            gaps = _gaps(array, self.inputs, operation)
            if gaps is None and self.is_plain:
                return array
            if gaps is not None and self.missing == "error":
                column = int(np.argmax(gaps.any(axis=0)))
                raise _not_missing(operation, self.inputs[column], gaps[:, column])
        dtype = np.float32 if array.dtype in (np.float32, np.float16) else np.float64
        places = np.arange(len(self._indicators)) + np.cumsum(self._indicators) - self._indicators
        out = np.zeros((len(array), len(self.names)), dtype)
        out[:, places] = array if gaps is None else np.where(gaps, self._fills, array)
        if gaps is not None:
            out[:, places[self._indicators] + 1] = gaps[:, self._indicators]
        return out

    def _places(self, table: Table, operation: str) -> list[int]:
        """Which column of the table is which of those that were looked at."""
        if not (self.is_named and table.is_named):
            if len(table.names) != len(self.columns):
                raise ValueError(
                    f"[{operation}] expected {len(self.columns)} columns, got {len(table.names)}"
                )
            return list(range(len(self.columns)))
        known = {name: index for index, name in enumerate(table.names)}
        lacking = [name for name in self.inputs if name not in known]
        if lacking:
            raise ValueError(
                f"[{operation}] expected {_listed(lacking)} beside those that are there, "
                f"got {_listed(table.names)}"
            )
        return [known[name] for name in self.inputs]

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


def _fitted(
    column: Column,
    weights: NDArray[np.float64] | None,
    operation: str,
    *,
    indicator: bool,
    most: int,
    category: bool,
) -> ColumnEncoding:
    """The encoding of a column, by what it holds."""
    if category or column.declared:
        return CategoryColumn.fit(column, weights, indicator=indicator, most=most)
    if column.dates is not None:
        return DateColumn.fit(column, weights, operation, indicator=indicator)
    if column.numbers is not None or are_numbers(column.levels):
        return NumberColumn.fit(column, weights, operation, indicator=indicator)
    if are_dates(column.levels):
        return DateColumn.fit(column, weights, operation, indicator=indicator)
    return CategoryColumn.fit(column, weights, indicator=indicator, most=most)


def _of_array(
    table: Table, weights: NDArray[np.float64] | None, operation: str, missing: str
) -> list[NumberColumn]:
    """The encodings of an array of numbers, all columns at once."""
    array = table.array
    assert array is not None, "the caller has looked"
    gaps = _gaps(array, table.names, operation) if array.dtype.kind == "f" else None
    if gaps is not None and missing == "error":
        column = int(np.argmax(gaps.any(axis=0)))
        raise _not_missing(operation, table.names[column], gaps[:, column])
    found = moments(array, weights)
    some = found.missing if gaps is None else found.missing & ~gaps.all(axis=0)
    return [
        NumberColumn(name, float(mean), indicator=bool(lacking) and missing == MISSING[0])
        for name, mean, lacking in zip(table.names, found.mean, some, strict=True)
    ]


def _gaps(array: NDArray[Any], names: Sequence[str], operation: str) -> NDArray[np.bool_] | None:
    """Where values are missing, or None where none is; infinity is refused."""
    finite = np.isfinite(array)
    if finite.all():
        return None
    infinite = np.isinf(array)
    if infinite.any():
        row, column = map(int, np.unravel_index(np.argmax(infinite), array.shape))
        raise ValueError(
            f"[{operation}] expected finite numbers in column {names[column]!r}, "
            f"got {array[row, column]!s} in row {row + 1}: Input X contains infinity"
        )
    return np.asarray(~finite)


def _check_gaps(column: Column, missing: str, operation: str) -> None:
    if missing == "error":
        gaps = missing_rows(column)
        if gaps.any():
            raise _not_missing(operation, column.name, gaps)


def _not_missing(operation: str, name: str, gaps: NDArray[np.bool_]) -> ValueError:
    return ValueError(
        f"[{operation}] expected no missing values, since missing='error', got one in column "
        f"{name!r} in row {int(np.argmax(gaps)) + 1}: Input X contains NaN"
    )


def _chosen(categories: str | Sequence[str | int], table: Table, operation: str) -> set[int]:
    """The numbers of the columns that are said to be categories."""
    if isinstance(categories, str) and categories == "auto":
        return set()
    wanted = "expected categories to be 'auto' or a list of names or numbers of columns"
    if isinstance(categories, (str, bytes)) or not isinstance(categories, Sequence):
        raise TypeError(f"[{operation}] {wanted}, got {_arguments.shown(categories)}")
    found = set()
    for given in categories:
        if isinstance(given, str) and given in table.names:
            found.add(table.names.index(given))
        elif isinstance(given, (int, np.integer)) and 0 <= given < len(table.names):
            found.add(int(given))
        else:
            raise ValueError(
                f"[{operation}] {wanted}, got {_arguments.shown(given)} among them; there are "
                f"{_listed(table.names)}"
            )
    return found


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


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{'column' if len(names) == 1 else 'columns'} {shown}{more}"
