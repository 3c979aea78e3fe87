"""Columns of numbers: they stay as they are, and what is missing becomes the mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._arguments import row_of_table
from wbcore.tables.column import ColumnEncoding, first_row, missing_rows
from wbcore.tables.moments import moments
from wbcore.tables.values import BOOLS, as_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.tables.table import Column

__all__ = ["NumberColumn", "numbers_in"]


class NumberColumn(ColumnEncoding):
    """A column of numbers, bools, durations, times of day, or texts of numbers.

    Parameters
    ----------
    name : str
    fill : float
        What stands for a missing value: the mean of the others.
    indicator : bool
        Whether a column of its own says, by 1 and 0, where a value is missing.
    unit : str
        Of what was no number: `values.BOOLS`, `DAYS` or `SECONDS`.
    """

    kind = "number"

    def __init__(self, name: str, fill: float, *, indicator: bool = False, unit: str = "") -> None:
        self.name = name
        self.fill = fill
        self.indicator = indicator
        self.unit = unit

    @classmethod
    def fit(
        cls, column: Column, weights: NDArray[np.float64] | None, operation: str, *, indicator: bool
    ) -> NumberColumn:
        """Look at the column; `indicator` is whether gaps are to be told."""
        values = numbers_in(column, operation)
        found = moments(values[:, None], weights)
        return cls(
            column.name,
            float(found.mean[0]),
            indicator=indicator and bool(found.missing[0]) and not np.isnan(values).all(),
            unit=BOOLS if _are_bools(column) else column.unit,
        )

    def names(self) -> list[str]:
        """The column, and where it is missing."""
        return [self.name, f"{self.name} missing"] if self.indicator else [self.name]

    def write(self, column: Column, out: NDArray[np.float64], operation: str) -> None:
        """Numbers, with the mean in their gaps."""
        values = numbers_in(column, operation, self.unit)
        gaps = np.isnan(values)
        out[:, 0] = values
        out[gaps, 0] = self.fill
        if self.indicator:
            out[:, 1] = gaps

    def describe(self) -> str:
        """What the column became."""
        unit = f" ({self.unit})" if self.unit else ""
        told = f", and '{self.name} missing' is 1" if self.indicator else ""
        return f"'{self.name}': a number{unit}; where it is missing the mean, {self.fill:.6g}{told}"

    def to_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "fill": self.fill,
            "indicator": self.indicator,
            "unit": self.unit,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> NumberColumn:
        """What `to_dict` gave."""
        return cls(
            str(state["name"]),
            float(state["fill"]),
            indicator=bool(state["indicator"]),
            unit=str(state["unit"]),
        )


def _are_bools(column: Column) -> bool:
    if column.numbers is not None:
        return column.numbers.dtype.kind == "b"
    levels = column.levels
    return bool(levels) and all(isinstance(level, (bool, np.bool_)) for level in levels)


def numbers_in(column: Column, operation: str, unit: str = "") -> NDArray[np.float64]:
    """The numbers of a column, (B,), NaN where they are missing; texts are read, by the unit.

    Raises
    ------
    ValueError
        When a value is no number, or infinite; it tells the row.
    """
    if column.dates is not None:
        raise ValueError(
            f"[{operation}] expected numbers in column {column.name!r}, as in training, got dates"
        )
    if column.codes is not None:
        values = _of_levels(column, operation, unit)
    else:
        assert column.numbers is not None, "one of the three is there"
        values = np.asarray(column.numbers, np.float64)
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise ValueError(
            f"[{operation}] expected finite numbers in column {column.name!r}, "
            f"got {values[row]} in {row_of_table(row)}"
        )
    return values


def _of_levels(column: Column, operation: str, unit: str) -> NDArray[np.float64]:
    assert column.codes is not None, "the caller has looked"
    try:
        levels = as_numbers(column.levels, unit)
    except ValueError as error:
        raise ValueError(
            f"[{operation}] expected numbers in column {column.name!r}, as in training, "
            f"got {error} in {row_of_table(first_row(column, str(error)))}"
        ) from None
    return np.append(levels, np.nan)[np.where(missing_rows(column), len(levels), column.codes)]
