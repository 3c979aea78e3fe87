"""Values that are missing or infinite: where they are, and how they are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._arguments import row_of_table
from wbcore.tables.column import missing_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.tables.table import Column

__all__ = [
    "MISSING",
    "check_gaps",
    "gaps_in",
    "infinite_refusal",
    "missing_refusal",
    "require_none",
]

MISSING = ("mean+indicator", "mean", "error")
"""What is done about missing values: what is the default comes first."""


def gaps_in(array: NDArray[Any], names: Sequence[str], operation: str) -> NDArray[np.bool_] | None:
    """Where values are missing, or None where none is; infinity is refused."""
    rows = max(1, 2**20 // max(1, array.shape[1]))  # of a block: no mask of all where nothing is
    if all(np.isfinite(array[i : i + rows]).all() for i in range(0, len(array), rows)):
        return None
    infinite = np.isinf(array)
    if infinite.any():
        row, column = map(int, np.unravel_index(np.argmax(infinite), array.shape))
        raise infinite_refusal(operation, names[column], array[row, column], row)
    return np.asarray(np.isnan(array))


def infinite_refusal(operation: str, name: str, value: object, row: int) -> ValueError:
    """Of a value that is infinite, in the row of this number."""
    return ValueError(
        f"[{operation}] expected finite numbers in column {name!r}, "
        f"got {value!s} in {row_of_table(row)}: Input X contains infinity"
    )


def check_gaps(column: Column, missing: str, operation: str) -> None:
    """Refuse a column that lacks a value, if missing values are errors."""
    if missing == "error":
        gaps = missing_rows(column)
        if gaps.any():
            raise missing_refusal(operation, column.name, int(np.argmax(gaps)))


def missing_refusal(operation: str, name: str, row: int) -> ValueError:
    """Of a value that is missing, in the row of this number."""
    return ValueError(
        f"[{operation}] expected no missing values, since missing='error', got one in column "
        f"{name!r} in {row_of_table(row)}: Input X contains NaN"
    )


def require_none(gaps: NDArray[np.bool_], names: Sequence[str], operation: str) -> None:
    """Refuse the first column in which something is missing, of gaps (B, I)."""
    column = int(np.argmax(gaps.any(axis=0)))
    raise missing_refusal(operation, names[column], int(np.argmax(gaps[:, column])))
