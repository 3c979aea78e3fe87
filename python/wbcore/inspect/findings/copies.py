"""Training rows, found by what they hold: to the bit of the network's numbers, or nearly.

Small data are known by all columns; of large ones those are read that tell most rows apart, and
rows are compared whole where these agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from wbcore._view import View, is_sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.data import Data

__all__ = ["Copies"]

_KEYS = 6  # columns by which rows of large data are told apart before they are compared whole
_MOST_NUMBERS = 2_000_000  # that are read whole, in tens of milliseconds
_AT_ONCE = 4096  # rows: no copy of all
_COMPARED = 16  # rows that agree in the columns that are read
_LOOKED_AT = 200  # rows of the sample, by which columns are chosen
# Of a column's spread. Noise that a float32 hides, and that of numbers written with seven digits,
# are below; and of two measurements one pair of rows in ten thousand million comes so near. Of a
# single one a pair in a hundred thousand would.
_NEAR, _NEAR_OF_ONE = 2e-5, 5e-7
_STEP = 10.0  # times that: few copies of a number are parted by a bound between two steps
_MEASURED = 0.5  # of the rows looked at have a number of their own


class Copies:
    """The training rows, and whether others are among them.

    Parameters
    ----------
    data : Data
    dtype : dtype
        Of the network: numbers that are one in it are equal.
    """

    def __init__(self, data: Data, dtype: np.dtype[np.floating]) -> None:
        self._data, self._dtype = data, dtype
        sample = self._as_seen(data.x)
        self._small = data.n * data.X.shape[1] <= _MOST_NUMBERS
        self._in_place = not is_sparse(data.X) and not isinstance(data.X, View)
        distinct = np.array([len(np.unique(column)) for column in sample[:_LOOKED_AT].T])
        best = np.argsort(distinct, kind="stable")[::-1]
        self._columns = np.sort(best if self._small else best[:_KEYS])
        spread = _spread(sample)
        # Categories and rounded numbers are either equal or far apart; few rows have few of either.
        measured = _least_gap(sample) <= 2 * _NEAR * spread
        measured |= distinct > _MEASURED * min(len(sample), _LOOKED_AT)
        #: Whether rows are equal by being copies alone: no other row has the same two measurements.
        self.measured = bool(measured.sum() > 1)
        of_one = measured & (measured.sum() == 1)
        self._near = np.where(of_one, _NEAR_OF_ONE, _NEAR) * spread
        # One number for each row, which of near rows is near; columns that do not vary say nothing.
        weights = np.random.default_rng(0).uniform(0.5, 1.0, len(self._columns))
        spread = spread[self._columns]
        self._weights = np.divide(weights, spread, out=np.zeros_like(weights), where=spread > 0)
        self._window = float(self._near[self._columns] @ self._weights)

    def equal(self, x: NDArray[np.float64], *, itself: bool = False) -> list[bool]:
        """Whether each row of x is one of them; `itself`: whether another one is it, too."""
        seen = self._as_seen(x)
        keys = _keys(seen[:, self._columns])
        found = []
        for row, key in zip(seen, keys, strict=True):
            places = self._places.get(key, [])[:_COMPARED]
            found.append(self._are_there(row, places, 1 + itself, 0.0))
        return found

    def near(self, x: NDArray[np.float64], *, itself: bool = False) -> list[bool]:
        """The same of rows that differ by next to nothing in each column."""
        seen = self._as_seen(x)
        rows, projected = self._projected
        at = seen[:, self._columns] @ self._weights
        first = np.searchsorted(projected, at - self._window)
        end = np.searchsorted(projected, at + self._window, side="right")
        middle = np.searchsorted(projected, at)
        first = np.maximum(first, middle - _COMPARED)
        end = np.minimum(end, middle + _COMPARED)
        return [
            self._are_there(row, rows[low:high].tolist(), 1 + itself, self._near)
            for row, low, high in zip(seen, first, end, strict=True)
        ]

    def first_equal(self, x: NDArray[np.float64]) -> list[int | None]:
        """The first training row that is equal to each row of x to the bit."""
        seen = self._as_seen(x)
        found: list[int | None] = []
        for row, key in zip(seen, _keys(seen[:, self._columns]), strict=True):
            places = self._places.get(key, [])[:_COMPARED]
            found.append(next((at for at in places if self._are_there(row, [at], 1, 0.0)), None))
        return found

    def different(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Those rows of x that are not next to nothing apart, each once, (D, I), in whole steps."""
        steps = np.zeros(x.shape)
        np.divide(self._as_seen(x), _STEP * self._near, where=self._near > 0, out=steps)
        whole = np.round(steps)
        return whole[list({key: row for row, key in enumerate(_keys(whole))}.values())]

    def _are_there(
        self,
        row: NDArray[np.float64],
        places: list[int],
        times: int,
        near: NDArray[np.float64] | float,
    ) -> bool:
        if len(places) < times:
            return False
        some = self._as_seen(self._data.part(np.array(places)))
        return int((np.abs(some - row) <= near).all(axis=1).sum()) >= times

    @cached_property
    def _places(self) -> dict[int, list[int]]:
        """The rows of each key."""
        places: dict[int, list[int]] = {}
        for rows, values in self._parts():
            for row, key in zip(rows, _keys(values), strict=True):
                places.setdefault(key, []).append(int(row))
        return places

    @cached_property
    def _projected(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The rows by one number each, ascending, and these numbers."""
        with np.errstate(over="ignore", invalid="ignore"):  # rows that are not finite are near none
            parts = [(rows, values @ self._weights) for rows, values in self._parts()]
        rows = np.concatenate([rows for rows, _ in parts])
        projected = np.concatenate([numbers for _, numbers in parts])
        order = np.argsort(projected, kind="stable")
        return rows[order], projected[order]

    def _parts(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Rows at a time, and the columns by which they are known."""
        data = self._data
        rows = np.arange(data.n) if self._small or self._in_place else data.rows
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            if self._in_place and not self._small:
                yield some, self._as_seen(data.X[some[0] : some[-1] + 1, self._columns])
            else:
                yield some, self._as_seen(data.part(some)[:, self._columns])

    def _as_seen(self, x: NDArray[np.generic]) -> NDArray[np.float64]:
        """As the numbers that the network computes with."""
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite in it
            return np.asarray(np.asarray(x, self._dtype), np.float64)


def _spread(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each column: that of its middle half where that is less, as outliers widen the other."""
    deviation = x.std(axis=0)
    low, high = np.percentile(x, [25, 75], axis=0)
    middle = (high - low) / 1.35  # of a normal distribution that is its deviation
    spread: NDArray[np.float64] = np.where(middle > 0, np.minimum(deviation, middle), deviation)
    return spread


def _least_gap(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each column, between two different numbers; infinite if it has but one."""
    gaps = np.diff(np.sort(x, axis=0), axis=0)
    least: NDArray[np.float64] = np.min(gaps, axis=0, initial=np.inf, where=gaps > 0)
    return least


def _keys(x: NDArray[np.float64]) -> list[int]:
    return [hash(row.tobytes()) for row in np.ascontiguousarray(x + 0.0)]  # -0 is 0
