"""Rows that training and validation have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore._view import View, is_sparse
from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.data import Data
    from wbcore.inspect.findings.state import State

__all__ = ["CHECKS", "CODES"]

_FEWEST = 3  # a row or two may be equal by chance: one pair of iris's 150 rows is
_SHARE = 0.01
_KEYS = 6  # columns by which rows of large data are told apart before they are compared whole
_MOST_NUMBERS = 2_000_000  # that are read whole, in tens of milliseconds
_AT_ONCE = 4096  # rows: no copy of all
_COMPARED = 16  # rows that agree in the columns that are read

LEAK = Code(
    "WB-LEAK",
    "error",
    "both",
    "validation rows that are training rows",
    "at least 3 validation rows, and 1 %, that stand among the training rows to the bit, and more "
    "than twice the share of training rows that have an equal among themselves",
    "what was learned by heart looks like what was understood: the validation score is too good, "
    "and early stopping comes too late",
    "drop from validation the rows that are in training, and look at how the two were made: "
    "np.unique(rows, axis=0) before they are parted, no drawing with replacement",
    needs="validation",
)
CODES = (LEAK,)


def leak(state: State) -> Iterator[Finding]:
    """Of all training rows and the sample of validation rows, to the bit."""
    validation = state.validation
    if validation is None:
        return
    rows = _Rows(state.data, state.x)
    found = rows.among(validation.x)
    shared = [int(row) for row, is_there in zip(validation.rows, found, strict=True) if is_there]
    n = len(validation.rows)
    if len(shared) < max(_FEWEST, _SHARE * n):
        return
    twins = float(np.mean(rows.among(state.x, itself=True)))
    if len(shared) / n <= 2 * twins + 3 * math.sqrt(twins * (1 - twins) / n):
        return
    yield LEAK.found(
        f"{len(shared):,} of {n:,} validation rows are training rows ({len(shared) / n:.1%}), the "
        f"first is validation row {shared[0]}; of the training rows {twins:.1%} have an equal "
        "among themselves",
        numbers={
            "shared": len(shared),
            "validation_rows": n,
            "share": len(shared) / n,
            "twins": twins,
            "rows": shared[:20],
        },
    )


class _Rows:
    """The training rows, found by what they hold.

    Small data by all columns; of large ones those are read that tell most rows apart, and rows are
    compared whole where these agree.
    """

    def __init__(self, data: Data, sample: NDArray[np.float64]) -> None:
        self._data = data
        small = data.n * data.X.shape[1] <= _MOST_NUMBERS
        in_place = not is_sparse(data.X) and not isinstance(data.X, View)
        distinct = [len(np.unique(column)) for column in sample[:200].T]
        best = np.argsort(distinct, kind="stable")[::-1]
        self._columns = np.sort(best if small else best[:_KEYS])
        rows = np.arange(data.n) if small or in_place else data.rows
        self._places: dict[int, list[int]] = {}
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            if in_place and not small:
                keys = _keys(np.asarray(data.X[some[0] : some[-1] + 1, self._columns], np.float64))
            else:
                keys = _keys(data.part(some)[:, self._columns])
            for row, key in zip(some, keys, strict=True):
                self._places.setdefault(key, []).append(int(row))

    def among(self, x: NDArray[np.float64], *, itself: bool = False) -> list[bool]:
        """Whether each row of x is one of them; `itself`: whether another one is it, too."""
        keys = _keys(x[:, self._columns])
        return [
            self._is_there(values, self._places.get(key, []), 2 if itself else 1)
            for values, key in zip(x, keys, strict=True)
        ]

    def _is_there(self, values: NDArray[np.float64], places: list[int], times: int) -> bool:
        if len(places) < times:
            return False
        equal = (self._data.part(np.array(places[:_COMPARED])) == values).all(axis=1)
        return int(equal.sum()) >= times


def _keys(x: NDArray[np.float64]) -> list[int]:
    return [hash(row.tobytes()) for row in np.ascontiguousarray(x + 0.0)]  # -0 is 0


CHECKS = (leak,)
