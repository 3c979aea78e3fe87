"""Columns of dates: days since an epoch, and what else of the calendar differs between rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._arguments import row_of_table
from wbcore.tables.column import ColumnEncoding, first_row, missing_rows
from wbcore.tables.moments import moments
from wbcore.tables.values import EPOCH, as_dates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.tables.table import Column

__all__ = ["DateColumn"]

_MEANINGS = {
    "days": f"days since {EPOCH}, with the time of day as a fraction",
    "month": "1 for January to 12",
    "weekday": "0 for Monday to 6 for Sunday",
    "hour": "0 to below 24, with minutes as a fraction",
}
_DAY, _HOUR = np.timedelta64(1, "D"), np.timedelta64(1, "h")
_THURSDAY = 3  # the day of the week of 1970-01-01, Monday being 0


class DateColumn(ColumnEncoding):
    """A column of dates or moments of time, in UTC where a zone is stated.

    Parameters
    ----------
    name : str
    fills : mapping of str to float
        The parts that are encoded, "days" and some of "month", "weekday" and "hour", in this order,
        with the mean of each, which stands for a missing date.
    indicator : bool
        Whether a column, the last, says where a date is missing.
    """

    kind = "date"

    def __init__(self, name: str, fills: Mapping[str, float], *, indicator: bool = False) -> None:
        self.name = name
        self.fills = dict(fills)
        self.indicator = indicator

    @classmethod
    def fit(
        cls, column: Column, weights: NDArray[np.float64] | None, operation: str, *, indicator: bool
    ) -> DateColumn:
        """Look at the column; of the calendar's parts those are kept that differ between rows."""
        values = _parts(_dates(column, operation), tuple(_MEANINGS))
        found = moments(values, weights)
        fills = {
            part: float(mean)
            for part, mean, constant in zip(_MEANINGS, found.mean, found.constant, strict=True)
            if part == "days" or not constant
        }
        return cls(column.name, fills, indicator=indicator and bool(found.missing[0]))

    def names(self) -> list[str]:
        """A part each, then what is missing."""
        parts = [*self.fills, "missing"] if self.indicator else list(self.fills)
        return [f"{self.name} {part}" for part in parts]

    def write(self, column: Column, out: NDArray[np.float64], operation: str) -> None:
        """The parts, with their means where the date is missing."""
        values = _parts(_dates(column, operation), tuple(self.fills))
        gaps = np.isnan(values[:, 0])
        values[gaps] = list(self.fills.values())
        out[:, : len(self.fills)] = values
        if self.indicator:
            out[:, -1] = gaps

    def describe(self) -> str:
        """What the column became, and what its numbers mean."""
        meanings = [f"'{self.name} {part}' {_MEANINGS[part]}" for part in self.fills]
        told = f", and '{self.name} missing' is 1" if self.indicator else ""
        means = ", ".join(f"{fill:.6g}" for fill in self.fills.values())
        return (
            f"'{self.name}': a date, as {'; '.join(meanings)}; "
            f"where it is missing the mean, {means}{told}"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "fills": dict(self.fills),
            "indicator": self.indicator,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> DateColumn:
        """What `to_dict` gave."""
        given = state["fills"]
        if "days" not in given or not set(given) <= set(_MEANINGS):
            raise ValueError("parts of a date that are unknown")
        fills = {part: float(given[part]) for part in _MEANINGS if part in given}
        return cls(str(state["name"]), fills, indicator=bool(state["indicator"]))


def _dates(column: Column, operation: str) -> NDArray[np.datetime64]:
    """The dates of a column, (B,), NaT where they are missing; texts are read."""
    if column.dates is not None:
        return column.dates.astype("datetime64[us]")
    if column.codes is None:
        assert column.numbers is not None, "one of the three is there"
        if not missing_rows(column).all():
            raise ValueError(
                f"[{operation}] expected dates in column {column.name!r}, as in training, "
                "got numbers"
            )
        return np.full(len(column.numbers), np.datetime64("NaT"), "datetime64[us]")
    try:
        levels = as_dates(column.levels)
    except ValueError as error:
        raise ValueError(
            f"[{operation}] expected dates in column {column.name!r}, as in training, "
            f"got {error} in {row_of_table(first_row(column, str(error)))}"
        ) from None
    return np.append(levels, np.datetime64("NaT"))[
        np.where(missing_rows(column), len(levels), column.codes)
    ]


def _parts(dates: NDArray[np.datetime64], parts: Sequence[str]) -> NDArray[np.float64]:
    """The numbers of dates, (B, parts), NaN where they are missing."""
    there = ~np.isnat(dates)
    known = dates[there]
    days = known.astype("datetime64[D]")
    since = (days - np.datetime64(EPOCH)) // _DAY
    values = np.full((len(dates), len(parts)), np.nan)
    for index, part in enumerate(parts):
        if part == "days":
            values[there, index] = (known - np.datetime64(EPOCH)) / _DAY
        elif part == "month":
            values[there, index] = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
        elif part == "weekday":
            values[there, index] = (since + _THURSDAY) % 7
        else:
            values[there, index] = (known - days) / _HOUR
    return values
