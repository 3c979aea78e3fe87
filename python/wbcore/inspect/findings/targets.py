"""Targets of which there is only one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State

__all__ = ["CHECKS", "CODES"]

_FEWEST_ROWS = 5  # as of columns
_LISTED = 20
_FEW = 0.1  # of several targets: what is left of the others is nearly all

TARGET_CONSTANT = Code(
    "WB-TARGET-CONSTANT",
    "error",
    "both",
    "the same target in all rows: one class, or one number",
    "the least and the greatest target are equal as the network's numbers, of all rows, at least "
    "5; a warning where only some outputs have such targets, a note where these are a tenth of "
    "them at most, or are the same columns of the inputs, as of an autoencoder",
    "there is nothing to be learned of the inputs: the best answer is that constant",
    "look at how y was made: a column by mistake, rows sorted by y and then cut, a filter that "
    "left one class over",
)
CODES = (TARGET_CONSTANT,)


def _constant(state: State) -> NDArray[np.int64]:
    """Columns of the targets that have one value, of all rows that were given."""
    if state.task is None or state.data.n < _FEWEST_ROWS:
        return np.empty(0, np.int64)
    y = state.data.y.reshape(state.data.n, -1)
    least, greatest = np.asarray(y.min(axis=0)), np.asarray(y.max(axis=0))
    if state.task.kind == "numbers":  # numbers apart may be one in float32
        least, greatest = (np.asarray(ends, state.net.dtype) for ends in (least, greatest))
    return np.flatnonzero(least == greatest)


def constant_targets(state: State) -> Iterator[Finding]:
    """Of classes in columns the constant ones are those without a row, which is WB-CLASSES."""
    columns = _constant(state)
    count = state.data.y.size // state.data.n
    some = len(columns) < count
    if not len(columns) or state.task is None or (some and state.task.kind == "classes"):
        return
    value = f"{float(state.data.y.reshape(-1, count)[0, columns[0]]):.6g}"
    if some:
        have = "has" if len(columns) == 1 else "have"
        evidence = f"{len(columns)} of {count} targets {have} one value in all "
        evidence += f"{state.data.n:,} rows: {value} in target {columns[0]}"
    elif state.task.kind == "classes":
        label = int(state.task.labels(state.data.y[:1])[0])
        evidence = f"all {state.data.n:,} rows are of class {label}"
    else:
        evidence = f"all {state.data.n:,} rows have the target {value}"
        evidence += f", and so on in {count} outputs" * (count > 1)
    yield TARGET_CONSTANT.found(
        evidence,
        severity=_severity(state, columns, count) if some else None,
        numbers={"targets": [int(k) for k in columns[:_LISTED]], "how_many": len(columns)},
    )


def _severity(state: State, columns: NDArray[np.int64], count: int) -> str:
    """Of some of so many targets: a few do no harm, nor do those that are constant as inputs."""
    if len(columns) <= _FEW * count:
        return "note"
    are_inputs = count == state.x.shape[1] and bool(
        (state.x[:, columns] == state.data.y[0, columns]).all()
    )
    return "note" if are_inputs else "warning"


CHECKS = (constant_targets,)
