"""What becomes of a column, by what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments
from wbcore._suggestions import suggested
from wbcore.tables import sparse_rows
from wbcore.tables.category_column import CategoryColumn
from wbcore.tables.date_column import DateColumn
from wbcore.tables.gaps import MISSING, gaps_in, require_none
from wbcore.tables.moments import Moments, moments
from wbcore.tables.number_column import NumberColumn
from wbcore.tables.values import are_dates, are_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.tables.column import ColumnEncoding
    from wbcore.tables.table import Column, Table

__all__ = ["chosen_columns", "fitted_array", "fitted_column", "fitted_sparse", "listed"]

_SHOWN = 5  # names in a message


def fitted_column(
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


def fitted_array(
    table: Table, weights: NDArray[np.float64] | None, operation: str, missing: str
) -> list[NumberColumn]:
    """The encodings of an array of numbers, all columns at once."""
    array = table.array
    assert array is not None, "the caller has looked"
    gaps = gaps_in(array, table.names, operation) if array.dtype.kind == "f" else None
    if gaps is not None and missing == "error":
        require_none(gaps, table.names, operation)
    found = moments(array, weights)
    some = found.missing if gaps is None else found.missing & ~gaps.all(axis=0)
    return _number_columns(table, found, some, missing)


def fitted_sparse(
    table: Table, weights: NDArray[np.float64] | None, operation: str, missing: str
) -> list[NumberColumn]:
    """The same of a sparse matrix."""
    rows = table.sparse
    gaps = sparse_rows.gaps_of(rows, table.names, operation)
    if gaps is not None and missing == "error":
        sparse_rows.require_none(rows, gaps, table.names, operation)
    found = moments(rows, weights)
    some = found.missing
    if gaps is not None:
        some = some & ~sparse_rows.all_missing(rows, gaps)
    return _number_columns(table, found, some, missing)


def _number_columns(
    table: Table, found: Moments, some: NDArray[np.bool_], missing: str
) -> list[NumberColumn]:
    return [
        NumberColumn(name, float(mean), indicator=bool(lacking) and missing == MISSING[0])
        for name, mean, lacking in zip(table.names, found.mean, some, strict=True)
    ]


def chosen_columns(categories: str | Sequence[str | int], table: Table, operation: str) -> set[int]:
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
                f"{listed(table.names)}{suggested([str(given)], table.names)}"
            )
    if found and table.sparse is not None:
        raise ValueError(
            f"[{operation}] expected categories='auto' with a sparse X, whose columns are numbers, "
            f"got {_arguments.shown(categories)}"
        )
    return found


def listed(names: Sequence[str]) -> str:
    """Some names, for a message."""
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{'column' if len(names) == 1 else 'columns'} {shown}{more}"
