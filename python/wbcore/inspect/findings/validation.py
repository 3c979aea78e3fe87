"""Validation rows that are not of the training's kind: of another scale, or with other labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.chance import of_predictions
from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding, counted
from wbcore.inspect.findings.names import Columns
from wbcore.inspect.findings.noise import of_halves, told_apart
from wbcore.inspect.findings.wrong_labels import are_alike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State

__all__ = ["AFTER", "CHECKS", "CODES"]

_FEWEST, _ENOUGH = 10, 500  # rows of either; of so many quartiles are known to a tenth of a spread
# Rows that are sorted and then cut lie 2 to 3 deviations apart in the columns they are sorted by, 5
# where these have long tails: where few columns, or columns of one thing, are all that is given,
# it takes twice as much. Three random walks are apart by 5 once in twelve times.
_FAR, _FAR_OF_FEW, _FEW = 5.0, 10.0, 3
_ONE_THING = 1.5  # columns, in effect
_SOME = 0.25  # of the columns
_APART = 3.0  # of most columns: rows sorted by one thing differ in few of many columns by as much
_NARROW = 0.1  # the last tenth of sorted rows spans as little
# Columns that each came in a unit of its own and were scaled on one side alone: next to none is as
# it was, and what they are wider by is of no common size. Of 2,000 sets of 4 to 20 random walks
# that were cut, one is so.
_UNLIKE, _WIDER = 1.0, 2.0  # of a column: deviations away, and times as wide or narrow
_NEARLY_ALL, _NO_COMMON_SIZE, _FEWEST_UNITS = 0.9, 30.0, 4
_LISTED, _NAMED = 20, 3
_LEARNED = 0.3  # a skill on rows that were not seen
_SURE, _HARDLY = 5.0, 3.0  # standard deviations of shuffled targets

_SCALED = (
    "take for both the same scaler, with the numbers of the training rows: "
    "(X_val - X.mean(axis=0)) / X.std(axis=0)"
)
_JOINED = (
    "look at how X and y of the validation were put together: sorted or shuffled apart, joined by "
    "a wrong key, classes numbered in another order"
)
VALIDATION = Code(
    "WB-VALIDATION",
    "warning",
    "both",
    "validation rows that are not of the training's kind: of another scale, or with other targets",
    "by median and middle half of each column, where that has no width by mean and deviation, of "
    "at least 10 rows of either, but for columns of two values that both have: a fourth of the "
    "columns, and two, lie more than 5 deviations of the training away or vary more than 5 times "
    "as much, or most lie more than 3 away, or vary more than 3 times as much or by less than a "
    "tenth, or of 4 or more nine tenths lie 1 away or vary twice or half as much, one of them 30 "
    "times as much by its training as another; where there are no more than three, or "
    "all say nearly the same, all of them by 10; targets of a regression by 10, too. After a "
    "training also targets that go with the predictions by less than 3 standard deviations of "
    "what shuffled ones give, and a third of what is to be expected by what the recipe for tables "
    "tells of rows that it has not seen, if that is more than 5 and both sets have about the same "
    "shares of classes, or mean and deviation",
    "what is measured there says nothing of what was learned, and early stopping stops anywhere",
    f"{_SCALED}; of targets that do not go with their rows {_JOINED}",
    needs="validation",
)
CODES = (VALIDATION,)


def other_scale(state: State) -> Iterator[Finding]:
    """Of the columns, else of the targets of a regression."""
    rows = state.validation
    if rows is None or min(len(state.x), len(rows.x)) < _FEWEST:
        return
    columns = _elsewhere(state.x, rows.x)
    if len(columns):
        yield _found("column", state.x, rows.x, columns, state.data.columns)
    elif state.task is not None and state.task.kind == "numbers":
        wanted = state.task.values(state.y), state.task.values(rows.y_of_rows)
        varies, shift, ratio = _compared(*wanted)
        targets = varies[np.maximum(shift, ratio) > _FAR_OF_FEW]
        if len(targets):
            yield _found("target", *wanted, targets, Columns())


def _elsewhere(x: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.int64]:
    """The columns that lie elsewhere in the other rows, if they are enough; else none."""
    varies, shift, ratio = _compared(x, other)
    n, wider = len(varies), np.maximum(shift, ratio)
    apart = (wider > _APART) | (ratio < _NARROW)
    unlike = (shift > _UNLIKE) | (ratio > _WIDER) | (ratio < 1 / _WIDER)
    have_own_units = _have_own_units(ratio, unlike)
    if apart.sum() < _SOME * n and not have_own_units:
        return varies[:0]
    if n <= _FEW or _directions(x[:, varies]) < _ONE_THING:
        return varies if (wider > _FAR_OF_FEW).all() else varies[:0]
    far = wider > _FAR
    if far.sum() >= max(_SOME * n, 2):
        return varies[far]
    if apart.sum() > n / 2:
        return varies[apart]
    return varies[unlike] if have_own_units else varies[:0]


def _have_own_units(ratio: NDArray[np.float64], unlike: NDArray[np.bool_]) -> bool:
    """Whether nearly all columns are elsewhere, some wider and some narrower by any factor."""
    if len(ratio) < _FEWEST_UNITS or unlike.mean() < _NEARLY_ALL:
        return False
    least, most = float(ratio.min()), float(ratio.max())
    return least < 1 / _WIDER and most > _WIDER and most > _NO_COMMON_SIZE * least


def _directions(x: NDArray[np.float64]) -> float:
    """How many columns there are in effect: 1 where all say the same, as powers of time do."""
    correlations = np.corrcoef(x, rowvar=False)
    return float(x.shape[1] ** 2 / np.sum(correlations**2))


def _compared(
    x: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The columns that vary in x, how many of its deviations they are shifted by, and their ratio.

    By quartiles, which a few outliers do not move; where the middle half has no width, as of rare
    events, by mean and deviation. Of two values that the other rows have, too, as of categories,
    the scale is the same, however often each is there.
    """
    x, other = (rows[:: math.ceil(len(rows) / _ENOUGH)] for rows in (x, other))
    (low, middle, high), (low_of_other, middle_of_other, high_of_other) = (
        np.percentile(rows, [25, 50, 75], axis=0) for rows in (x, other)
    )
    has_width = (high > low) & (high_of_other > low_of_other)
    of_normal = 1.35  # deviations that the middle half of a normal distribution spans
    spread = np.where(has_width, (high - low) / of_normal, x.std(axis=0))
    of_other = np.where(has_width, (high_of_other - low_of_other) / of_normal, other.std(axis=0))
    shift = np.where(has_width, middle_of_other - middle, other.mean(axis=0) - x.mean(axis=0))
    of_two = ((other == x.min(axis=0)) | (other == x.max(axis=0))).all(axis=0)
    shift, of_other = np.where(of_two, 0.0, shift), np.where(of_two, spread, of_other)
    varies = np.flatnonzero(spread > 1e-12 * np.abs(x).max(axis=0))
    return varies, np.abs(shift[varies]) / spread[varies], of_other[varies] / spread[varies]


def _found(
    noun: str,
    x: NDArray[np.float64],
    other: NDArray[np.float64],
    columns: NDArray[np.int64],
    called: Columns,
) -> Finding:
    spreads = x.std(axis=0), other.std(axis=0)
    means = np.stack([x.mean(axis=0), other.mean(axis=0)])
    means[np.abs(means) < 1e-6 * spreads[0]] = 0  # of what was standardized
    evidence = "; ".join(
        f"{noun} {called.name(k)} has mean {means[0][k]:.3g}, standard deviation "
        f"{spreads[0][k]:.3g} in training, {means[1][k]:.3g} and {spreads[1][k]:.3g} in validation"
        for k in columns[:_NAMED]
    )
    lie = "lies" if len(columns) == 1 else "lie"
    return VALIDATION.found(
        f"{len(columns)} of {counted(x.shape[1], noun)} {lie} elsewhere in validation: {evidence}"
        + "; ..." * (len(columns) > _NAMED),
        advice=_SCALED,
        numbers={
            f"{noun}s": [int(k) for k in columns[:_LISTED]],
            "how_many": len(columns),
            "mean": float(means[0][columns[0]]),
            "spread": float(spreads[0][columns[0]]),
            "validation_mean": float(means[1][columns[0]]),
            "validation_spread": float(spreads[1][columns[0]]),
        },
    )


def other_targets(state: State) -> Iterator[Finding]:
    """Where training rows that were not seen can be predicted, and these not at all."""
    rows, of = state.validation, state.yardstick_score
    if rows is None or of is None or min(of.skill, state.score.skill) < _LEARNED:
        return
    if any(other_scale(state)):
        return
    assert state.task is not None
    assert state.yardstick is not None
    wanted, wanted_there = told_apart(state.task, state.y), told_apart(state.task, rows.y_of_rows)
    if not wanted_there.any() or not are_alike(state):
        return
    share = math.sqrt(len(rows.x) / len(state.x))
    expected = share * of_halves(state.yardstick, wanted)
    found = of_predictions(np.asarray(state.net.predict(rows.x), np.float64), wanted_there)
    if expected <= _SURE or found >= min(_HARDLY, expected / 3):
        return
    assert state.validation_score is not None
    yield VALIDATION.found(
        f"targets in validation go with the predictions by {found:.1f} standard deviations of what "
        f"shuffled ones give, where {expected:.1f} are to be expected: {rows.text} have "
        f"{state.validation_score.mean:.1%} wrong, {state.data.text} of the training "
        f"{state.score.mean:.1%}",
        advice=_JOINED,
        numbers={"deviations": found, "expected": expected},
    )


CHECKS = (other_scale,)
AFTER = (other_targets,)
