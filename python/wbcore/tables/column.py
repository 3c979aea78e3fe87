"""What the encodings of all kinds of columns have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.tables.table import Column

__all__ = ["ColumnEncoding", "first_row", "missing_rows", "weighted"]


class ColumnEncoding:
    """What becomes of one column of a table.

    Attributes
    ----------
    name : str
        Of the column.
    kind : str
        "number", "category" or "date".
    """

    kind: ClassVar[str]
    name: str

    def names(self) -> list[str]:
        """Of the encoded columns, of which there may be none."""
        raise NotImplementedError

    def write(self, column: Column, out: NDArray[np.float64], operation: str) -> None:
        """Write the encoded columns of rows into out, (B, len(names()))."""
        raise NotImplementedError

    def describe(self) -> str:
        """What the column became, in a line."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can express it."""
        raise NotImplementedError


def missing_rows(column: Column) -> NDArray[np.bool_]:
    """Which rows lack a value, (B,)."""
    if column.codes is not None:
        return np.asarray(column.codes < 0)
    if column.dates is not None:
        return np.asarray(np.isnat(column.dates))
    assert column.numbers is not None, "one of the three is there"
    if column.numbers.dtype.kind != "f":
        return np.zeros(len(column.numbers), np.bool_)
    return np.asarray(np.isnan(column.numbers))


def first_row(column: Column, level: str) -> int:
    """The first row, counted from 0, with the level whose `repr` is given."""
    assert column.codes is not None, "the caller has looked"
    places = (code >= 0 and repr(column.levels[code]) == level for code in column.codes)
    return list(places).index(True)


def weighted(codes: NDArray[Any], n: int, weights: NDArray[np.float64] | None) -> list[float]:
    """How many rows have each of n codes, by their weights; those below 0 are left out."""
    there = codes >= 0
    rows = None if weights is None else weights[there]
    counts: list[float] = np.bincount(codes[there], rows, minlength=n).tolist()
    return counts
