"""A column of the inputs that is the target."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.yardstick import standardized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State

__all__ = ["CHECKS", "CODES"]

_FEWEST_ROWS = 20
_BY_CHANCE = math.log(1e-6)
# Of 1 - r2: what roundings leave, of float32 or of a file of six digits; and of one of three.
_EXACT, _NEARLY = 1e-10, 2e-6
_LISTED = 20

TARGET_COLUMN = Code(
    "WB-TARGET-COLUMN",
    "warning",
    "both",
    "a column of the inputs that is the target",
    "of several columns and one target, in at least 20 rows: a column that is a linear function of "
    "the numbers, but for 0.00001 of their deviation (a note from |r| of 0.999999 on), among the "
    "middle half of them, too. Of classes a column with one value for each, or columns that have "
    "one value for one class and another for all others, for all classes but one; where chance "
    "would do so less than once in a million times. A bound that parts classes is no finding",
    "the network learns to copy it, every score is too good, and where the target is not known yet "
    "that column is not either",
    "leave it out, unless it is known before the target is; look for others that were made of the "
    "target, or after it",
)
CODES = (TARGET_COLUMN,)


def target_column(state: State) -> Iterator[Finding]:
    """Of one target that varies, beside other columns."""
    task = state.task
    if task is None or state.x.shape[1] < 2 or len(state.x) < _FEWEST_ROWS:
        return
    if task.classes:
        yield from _of_classes(state, task.labels(state.y))
    elif task.kind == "numbers" and state.y.size == len(state.y):
        yield from _of_numbers(state, task.values(state.y))


def _of_numbers(state: State, y: NDArray[np.float64]) -> Iterator[Finding]:
    left = _unexplained(state.x, y)
    columns = np.flatnonzero(left < _NEARLY)
    low, high = np.quantile(y, (0.25, 0.75))
    middle = (y[:, 0] >= low) & (y[:, 0] <= high)
    left = left[columns]
    if len(columns) and y[middle].std() > 0:  # one row that is far from all others proves nothing
        left = np.maximum(left, _unexplained(state.x[np.ix_(middle, columns)], y[middle]))
        columns, left = columns[left < _NEARLY], left[left < _NEARLY]
    if not len(columns):
        return
    is_exact = bool(left.min() < _EXACT)
    but = "" if is_exact else f", but for {math.sqrt(left.min()):.1g} of its deviation"
    verb = "is" if len(columns) == 1 else "are each"
    said = f"{verb} the target, times a number and plus another{but}"
    yield _found(state, columns, said, severity=None if is_exact else "note")


def _unexplained(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of the variance of y (R, 1) that a line through each column leaves, (I,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        r = (standardized(x, np.inf) * standardized(y, np.inf)).mean(axis=0)
    return np.asarray(1 - r * r, np.float64)


def _of_classes(state: State, labels: NDArray[np.int64]) -> Iterator[Finding]:
    classes, first, counts = np.unique(labels, return_index=True, return_counts=True)
    if len(classes) < 2 or not _is_no_chance(counts, state.x.shape[1]):
        return
    # of each column the value of each class, where all rows of a class have one
    same = (state.x == state.x[first][np.searchsorted(classes, labels)]).all(axis=0)
    columns = np.flatnonzero(same)
    values = state.x[np.ix_(first, columns)]
    distinct = np.array([len(np.unique(column)) for column in values.T], np.int64)
    alone = columns[distinct == len(classes)]
    if len(alone):
        verb = "has" if len(alone) == 1 else "have each"
        yield _found(state, alone, f"{verb} a value of its own for each class")
        return
    two = values[:, distinct == 2]
    ones = two == two[:1]
    ones = np.where(ones.sum(axis=0) == 1, ones, ~ones)  # where one class is apart from the others
    tells = ones.sum(axis=0) == 1
    told = ones[:, tells].any(axis=1).sum()
    if told >= len(classes) - 1:
        said = "have each one value for one class and another for all others, for all but one class"
        yield _found(state, columns[distinct == 2][tells], said)


def _is_no_chance(counts: NDArray[np.int64], columns: int) -> bool:
    """Whether classes of so many rows are dealt out alike less than once in a million times."""
    ways = math.lgamma(int(counts.sum()) + 1) - sum(math.lgamma(int(n) + 1) for n in counts)
    return math.log(columns) + math.lgamma(len(counts) + 1) - ways < _BY_CHANCE


def _found(
    state: State, columns: NDArray[np.int64], said: str, *, severity: str | None = None
) -> Finding:
    return TARGET_COLUMN.found(
        f"{state.data.columns.listed(columns.tolist(), 5)} {said}, in {state.data.text}",
        severity=severity,
        asks=True,
        numbers={"columns": [int(k) for k in columns[:_LISTED]], "how_many": len(columns)},
    )


CHECKS = (target_column,)
