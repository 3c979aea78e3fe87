"""Columns of the inputs, and numbers as targets: their scale, and whether they vary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding, counted
from wbcore.inspect.findings.names import Columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State

__all__ = ["CHECKS", "CODES", "inputs_are_scaled", "makes_up_for_scale", "target_scale"]

# Those of the warning that `fit` gives (cpp/include/wbcore/diagnosis.hpp): what is between them is
# met by initial weights of order 1 over the square root of the inputs.
FAR, FAR_BELOW = 30.0, 1e-3
_LARGE, _UNHEARD = 10.0, 0.03
_LISTED, _NAMED = 20, 5
_FEWEST_ROWS = 5  # of fewer a column of small whole numbers may be constant by chance
_BACKGROUND = 0.25  # of the columns that vary end where a constant one is

SCALE = Code(
    "WB-SCALE",
    "warning",
    "both",
    "inputs far from unit scale",
    "a column with |mean| or standard deviation above 30, or all columns with both below 0.001; "
    "after a training only if the first layer does not make up for it, as one that scaling was "
    "folded into does: its sums have a root mean square above 10, or vary by less than 0.03",
    "initial weights suit inputs of about unit size: larger ones saturate units, kill them or let "
    "the loss diverge, smaller ones are not heard",
    "wb.Standardized(X), or (X - X.mean(axis=0)) / X.std(axis=0) with the numbers of the training "
    "rows for all rows",
)
TARGET_SCALE = Code(
    "WB-TARGET-SCALE",
    "warning",
    "both",
    "targets of a regression far from unit scale",
    "|mean| or standard deviation above 30, or both below 0.001; after a training only if less was "
    "learned than there is (see WB-UNDERFIT)",
    "first losses and gradients are as large as the targets squared: training is slow or diverges",
    "train on (y - y.mean()) / y.std(), and net.fold_outputs(y.mean(), y.std()) afterwards",
)
CONSTANT = Code(
    "WB-CONSTANT",
    "warning",
    "both",
    "a column with one value in all rows",
    "the least and the greatest value are equal in the rows looked at, at least 5; a note when the "
    "value is 0, or the least or the greatest one of a quarter of the columns that vary, and of "
    "two, as the background of images. After a training not if the first layer's weights of it are "
    "all 0",
    "it tells nothing: its weights are a second bias, with the learning rate of the value's "
    "square, and other values later do harm. A column of 0 or of a background is merely useless",
    "leave the column out, or center it",
)
CODES = (SCALE, TARGET_SCALE, CONSTANT)


def scale(state: State) -> Iterator[Finding]:
    """Of inputs."""
    mean, spread = state.x.mean(axis=0), state.x.std(axis=0)
    found = _far(mean, spread, state.data.columns)
    if found is not None:
        columns, evidence, numbers = found
        if state.history is not None:
            size, varies = _sums(state)
            if _are_sound(size, varies, spread):
                return
            evidence += f"; the sums of the first layer have a root mean square of {size:.3g}"
            numbers |= {"sums": size, "sums_vary": varies}
        yield SCALE.found(
            f"{len(columns)} of {counted(len(mean), 'column')} far from unit scale, in "
            f"{state.data.text}: {evidence}",
            numbers=numbers,
        )


def inputs_are_scaled(state: State) -> bool:
    """Whether nothing is found by `scale`."""
    return not any(scale(state))


def makes_up_for_scale(state: State) -> bool:
    """Whether the first layer brings columns far from unit scale back to it: scaling is in it."""
    spread = state.x.std(axis=0)
    is_far = _far(state.x.mean(axis=0), spread, state.data.columns) is not None
    return is_far and _are_sound(*_sums(state), spread)


def _are_sound(size: float, varies: float, spread: NDArray[np.float64]) -> bool:
    """Of the first layer's sums; they are large and sound only where all columns are small."""
    return varies >= _UNHEARD and (size <= _LARGE or bool(spread.max() < FAR_BELOW))


def _sums(state: State) -> tuple[float, float]:
    """Root mean square of what the first layer applies its activation to, and its spread."""
    first = state.net[0]
    sums = state.x @ np.asarray(first.weights, np.float64)
    if first.biases is not None:
        sums += np.asarray(first.biases, np.float64)
    return float(np.sqrt(np.mean(sums**2))), float(np.sqrt(np.mean(sums.var(axis=0))))


def target_scale(state: State) -> Iterator[Finding]:
    """Of numbers as targets; not of counts and amounts, of which a loss takes the logarithm."""
    if state.task is None or state.task.kind != "numbers" or _is_logarithmic(state):
        return
    values = state.task.values(state.y)
    found = _far(values.mean(axis=0), values.std(axis=0), Columns())
    if found is not None and not (state.history is not None and state.has_learned):
        yield TARGET_SCALE.found(f"targets in {state.data.text}: {found[1]}", numbers=found[2])


def _is_logarithmic(state: State) -> bool:
    return state.loss.partition("(")[0] in ("poisson", "gamma_deviance")


def _far(
    mean: NDArray[np.float64], spread: NDArray[np.float64], called: Columns
) -> tuple[list[int], str, dict[str, object]] | None:
    """Columns that are far from unit scale, the farthest first."""
    size = np.maximum(np.abs(mean), spread)
    columns = np.flatnonzero(size > FAR)
    if not len(columns):
        if size.max() >= FAR_BELOW or not spread.any():
            return None
        columns = np.arange(len(size))
    columns = columns[np.argsort(-size[columns], kind="stable")]
    first = int(columns[0])
    numbers = {
        "columns": [int(column) for column in columns[:_LISTED]],
        "how_many": len(columns),
        "mean": float(mean[first]),
        "spread": float(spread[first]),
    }
    evidence = "; ".join(
        f"column {called.name(k)} has mean {mean[k]:.3g}, standard deviation {spread[k]:.3g}"
        for k in columns[:_NAMED]
    )
    if len(columns) > _NAMED:
        evidence += "; ..."
    return list(map(int, columns)), evidence, numbers


def constant(state: State) -> Iterator[Finding]:
    """One finding for columns of any number, and one for those of 0 or of a background."""
    if len(state.x) < _FEWEST_ROWS:
        return
    low, high = state.x.min(axis=0), state.x.max(axis=0)
    same = low == high
    harmless = (low == 0) | _is_background(low, low[~same], high[~same])
    if state.history is not None:  # as `wbcore train` leaves those that tell nothing
        same &= np.asarray(state.net[0].weights).any(axis=1)
    for severity, of_severity in (("warning", same & ~harmless), ("note", same & harmless)):
        columns = np.flatnonzero(of_severity)
        if not len(columns):
            continue
        first = int(columns[0])
        values = f"{low[first]:.6g}"
        if (low[columns] != low[first]).any():
            values += f" in column {state.data.columns.name(first)}"
        have = "has" if len(columns) == 1 else "have"
        listed = state.data.columns.listed(columns.tolist(), _LISTED)
        yield CONSTANT.found(
            f"{listed} {have} one value in {state.data.text}: {values}",
            severity=severity,
            numbers={
                "columns": [int(column) for column in columns[:_LISTED]],
                "how_many": len(columns),
                "value": float(low[first]),
            },
        )


def _is_background(
    values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether each value is the least, or the greatest, of enough of the columns that vary."""
    least = max(_BACKGROUND * len(low), 2)
    there = [
        np.searchsorted(ends, values, "right") - np.searchsorted(ends, values, "left")
        for ends in (np.sort(low), np.sort(high))
    ]
    return np.asarray(np.maximum(*there) >= least, np.bool_)


CHECKS = (scale, target_scale, constant)
