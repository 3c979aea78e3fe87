"""Targets that do not go with their rows: all of them, or all of one output."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.inspect.findings.chance import of_columns, of_predictions, products
from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.outcome import overfit
from wbcore.inspect.findings.yardstick import standardized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.inspect.findings.task import Task
    from wbcore.inspect.findings.yardstick import Yardstick

__all__ = ["AFTER", "CODES", "of_halves", "told_apart"]

_SURE, _HARDLY, _NOTHING = 3.0, 2.0, 0.5  # standard deviations of shuffled targets
_FEW_ROWS = 200  # in fewer a weak relation may not show
_FEWEST_OTHERS = 30  # rows that are not of the most frequent class
_LEARNED = 0.3  # a skill with which validation rows acquit
_BY_HEART, _MORE = 0.5, 0.1  # a skill that the inputs do not account for, and more than theirs
_LISTED = 20

LABELS = Code(
    "WB-LABELS",
    "warning",
    "diagnose",
    "targets that go with the inputs hardly better than shuffled ones",
    "predictions of rows by a network that has not seen them (the recipe for tables, each half "
    "from the other) go with the targets by less than 3 standard deviations of what shuffled "
    "targets give, and so do the columns, and their squares and products, by the sum of their "
    "squared covariances; at least 50 rows, 30 of them not of the most frequent class. From 2 on a "
    "note, unless this network is better on its rows than that one, by a tenth of what the best "
    "constant makes wrong and 3 standard errors, and validation rows do not speak for it (or are "
    "those of a WB-OVERFIT), or there are none, and 200 rows. An error below 0.5, if of 200 rows "
    "or more this network has learned half of what the best constant makes wrong, predicts "
    "validation rows, where there are some, by less than 2, and columns that explain 2.5 % of the "
    "targets would give more than 3. Of several outputs also single ones by less than 2, of 200 "
    "rows or more, where such columns would give more and validation rows do not give 3",
    "the targets are shuffled or very noisy, or the inputs say little of them: most of what a "
    "network learns is its rows by heart",
    "look at how X and y were put together: sorted or shuffled apart, joined by a wrong key; look "
    "for inputs that the targets depend on; where little is to be had, more rows, fewer units and "
    "weight_decay",
)
CODES = (LABELS,)


def labels(state: State) -> Iterator[Finding]:
    """Against what shuffled targets would give."""
    found = state.yardstick
    if found is None or state.task is None:
        return
    wanted = told_apart(state.task, state.y)
    of = state.validation_score
    if of is not None and of.skill > _LEARNED and state.score.skill > _LEARNED:
        return
    if not wanted.any():
        return
    x = standardized(state.x)
    of_lines = of_columns(x, wanted)
    of_curves = of_columns(products(x), wanted).deviations
    deviations = max(of_halves(found, wanted), of_lines.deviations, of_curves)
    if deviations >= _SURE:
        return
    few = len(state.x) < _FEW_ROWS
    nothing = not few and deviations < _NOTHING and of_lines.of_weak > _SURE
    hardly = deviations >= _HARDLY
    knows = nothing and state.score.skill >= _BY_HEART
    if hardly and not (few and state.validation is None):
        knows = _knows_more(state)
    by_heart = knows and (not _is_acquitted(state) or (hardly and any(overfit(state))))
    what = "targets" if state.task.kind == "numbers" else "labels"
    better = "hardly better" if hardly else "no better"
    yield LABELS.found(
        f"predictions of unseen rows are {better} than for shuffled {what} ({deviations:.1f} "
        f"standard deviations; {_SURE:g} are needed), in {state.data.text}"
        + (", which may be too few to tell" if few else "")
        + (_knowing(state) if by_heart else ""),
        severity="error" if nothing and by_heart else "note" if hardly and not by_heart else None,
        asks=True,
        numbers={"deviations": deviations, "rows": len(state.x), "skill": state.score.skill},
    )


def labels_of_outputs(state: State) -> Iterator[Finding]:
    """Of several outputs those that go with the inputs no better than shuffled, though others do.

    Of many outputs the least of their deviations is far below the others by chance alone: what is
    asked for is less than of all together, and that a weak relation would have been seen.
    """
    found, task = state.yardstick, state.task
    if found is None or task is None or task.classes or task.outputs < 2:
        return
    if len(state.x) < _FEW_ROWS or any(labels(state)):
        return
    wanted = np.where(_vary(task, state.y), told_apart(task, state.y), 0.0)
    given = found.shares if found.values is None else found.values
    assert given is not None
    x = standardized(state.x)
    curved = products(x)
    unseen = {}
    for k in np.flatnonzero(wanted.any(axis=0)):
        of_lines = of_columns(x, wanted[:, [k]])
        deviations = max(
            of_predictions(given[:, [k]], wanted[:, [k]]) / math.sqrt(2),
            of_lines.deviations,
            of_columns(curved, wanted[:, [k]]).deviations,
        )
        if deviations < _HARDLY < of_lines.of_weak and not _is_predicted(state, int(k)):
            unseen[int(k)] = deviations
    if not unseen:
        return
    listed = ", ".join(f"{k} ({deviations:.1f})" for k, deviations in list(unseen.items())[:5])
    many = len(unseen) > 1
    yield LABELS.found(
        f"{len(unseen)} of {task.outputs} outputs have targets for which unseen rows are predicted "
        f"no better than for shuffled ones, though others are (standard deviations; {_HARDLY:g} "
        f"are needed): output{'s' * many} {listed}{', ...' * (len(unseen) > 5)}, in "
        f"{state.data.text}",
        numbers={
            "outputs": list(unseen)[:_LISTED],
            "how_many": len(unseen),
            "deviations": min(unseen.values()),
            "rows": len(state.x),
        },
    )


def _vary(task: Task, y: NDArray[Any]) -> NDArray[np.bool_]:
    """Which targets are another number than their most frequent one in enough rows."""
    values = task.values(y)
    most = [np.unique(column, return_counts=True)[1].max() for column in values.T]
    return np.asarray(len(y) - np.array(most) >= _FEWEST_OTHERS)


def _is_predicted(state: State, output: int) -> bool:
    """Whether validation rows acquit an output."""
    rows = state.validation
    if rows is None or state.task is None:
        return False
    given = np.asarray(state.net.predict(rows.x)[:, [output]], np.float64)
    return of_predictions(given, told_apart(state.task, rows.y_of_rows)[:, [output]]) >= _SURE


def told_apart(task: Task, y: NDArray[Any]) -> NDArray[np.float64]:
    """Targets (R, K) of mean 0, of one scale where they are not of one kind; 0 if too rare."""
    if task.kind == "numbers":
        return standardized(task.values(y), np.inf)
    labels = task.labels(y).reshape(len(y), -1)
    if task.kind == "classes":
        labels = (labels == np.arange(task.classes)).astype(np.int64)
        rare = len(y) - labels.sum(axis=0).max() < _FEWEST_OTHERS
    else:
        rare = np.minimum(labels.sum(axis=0), len(y) - labels.sum(axis=0)) < _FEWEST_OTHERS
    centered = labels - labels.mean(axis=0)
    return np.asarray(np.where(rare, 0.0, centered), np.float64)


def of_halves(found: Yardstick, wanted: NDArray[np.float64]) -> float:
    """Of the predictions of each half from the other.

    Both halves say nearly the same: what the first teaches of the second is how far they go
    together, and so is the reverse. Their sum varies by the root of 2 more than it seems to.
    """
    given = found.shares if found.values is None else standardized(found.values, np.inf)
    assert given is not None
    return of_predictions(given, wanted) / math.sqrt(2)


def _knows_more(state: State) -> bool:
    """Whether the network is better on its rows than the yardstick on rows that it has not seen."""
    of = state.yardstick_score
    if of is None or state.score.skill - max(of.skill, 0.0) <= _MORE:
        return False
    more = of.errors - state.score.errors
    return float(more.mean()) > _SURE * float(more.std()) / math.sqrt(len(more))


def _is_acquitted(state: State) -> bool:
    """Whether validation rows say that not all was learned by heart."""
    rows = state.validation
    if rows is None or state.task is None:
        return False
    wanted = told_apart(state.task, rows.y_of_rows)
    return of_predictions(np.asarray(state.net.predict(rows.x), np.float64), wanted) >= _HARDLY


def _knowing(state: State) -> str:
    """The words for a network that has learned rows by heart."""
    some = "them" if state.score.skill >= _BY_HEART else "some"
    said = f"; this network has {state.score.mean:.1%} wrong of them, so it knows {some} by heart"
    of = state.validation_score
    return said if of is None else f"{said}, and {of.mean:.1%} of the validation rows"


AFTER = (labels, labels_of_outputs)
