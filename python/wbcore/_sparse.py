"""Sparse matrices as X: SciPy's, without importing it, in rows that the core reads in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wbcore import _core

if TYPE_CHECKING:
    from wbcore._view import Foreign

__all__ = ["csr"]


def csr(operation: str, name: str, value: Foreign) -> Foreign:
    """A sparse matrix in rows (CSR), each of whose columns ascend: itself if it is that already.

    Else a copy, in its size: of another format, by its own `tocsr`; where columns do not ascend or
    come twice, in order, and numbers of the same place added up in their order and dtype, as
    `toarray` does it.

    Raises
    ------
    TypeError, ValueError
        When its parts are of wrong types or sizes, or name rows or columns that there are not.
    """
    _check_parts(operation, name, value)
    rows = value.tocsr()
    if len(rows.shape) != 2 or _core.rows_ascend(operation, name, rows):
        return rows
    return _in_order(rows)


def _check_parts(operation: str, name: str, value: Foreign) -> None:
    """Refuse a matrix whose parts `tocsr` would follow out of memory, or whose rows begin late."""
    if value.format in ("csc", "bsr"):
        try:
            value.check_format(full_check=True)
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(
                f"[{operation}] expected {name} to be a sparse matrix whose parts belong together, "
                f"got one in {value.format.upper()} of which scipy says: {error}"
            ) from None
    elif value.format == "csr":
        # SciPy drops the numbers before the first row in some operations, and counts them in others
        if len(value.indptr) and value.indptr[0] != 0:
            raise ValueError(
                f"[{operation}] expected {name}.indptr to ascend from 0 to {len(value.data)}, as "
                f"many as there are {name}.indices, got {value.indptr[0]} at {name}.indptr[0]"
            )
    elif value.format == "coo":
        places_of_each = (value.row, value.col) if len(value.shape) == 2 else value.coords
        for places, size in zip(places_of_each, value.shape, strict=True):
            if len(places) != len(value.data) or (
                len(places) and not 0 <= places.min() <= places.max() < size
            ):
                raise ValueError(
                    f"[{operation}] expected {name} to be a sparse matrix whose parts belong "
                    "together, got one in COO whose numbers lie outside of it, or have no place"
                )


def _in_order(rows: Foreign) -> Foreign:
    """With the columns of each row ascending, each once."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    last = rows.indptr[-1]
    columns, numbers = rows.indices[:last], rows.data[:last]
    order = np.lexsort((columns, row))  # stable: numbers of a place stay in their order
    row, columns, numbers = row[order], columns[order], numbers[order]
    begins = np.ones(len(row), np.bool_)
    begins[1:] = (row[1:] != row[:-1]) | (columns[1:] != columns[:-1])
    sums = np.zeros(int(np.count_nonzero(begins)), numbers.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # infinite sums are refused as they are read
        np.add.at(sums, np.cumsum(begins) - 1, numbers)
    starts = np.zeros(rows.shape[0] + 1, rows.indptr.dtype)
    starts[1:] = np.cumsum(np.bincount(row[begins], minlength=rows.shape[0]))
    return type(rows)((sums, columns[begins], starts), shape=rows.shape)
