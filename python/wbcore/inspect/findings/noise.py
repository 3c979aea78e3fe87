"""Labels that do not go with their rows: all of them, or a share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.inspect.findings.chance import of_columns, of_predictions, products
from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding
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
_CONTRADICTED, _STRUCTURE = 0.1, 0.3
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
    "constant makes wrong and 3 standard errors, and validation rows do not speak for it, or there "
    "are none, and 200 rows. An error below 0.5, if of 200 rows or more this network has learned "
    "half of what the best constant makes wrong, predicts validation rows, where there are some, "
    "by less than 2, and columns that explain 2.5 % of the targets would give more than 3",
    "the targets are shuffled or very noisy, or the inputs say little of them: most of what a "
    "network learns is its rows by heart",
    "look at how X and y were put together: sorted or shuffled apart, joined by a wrong key; look "
    "for inputs that the targets depend on; where little is to be had, more rows, fewer units and "
    "weight_decay",
)
NOISY_LABELS = Code(
    "WB-NOISY-LABELS",
    "note",
    "diagnose",
    "labels that contradict what the other rows say",
    "in the half of the rows that is predicted with most confidence, from rows that do not hold "
    "them, 10 % have another label, though there is something to be learned (30 % better than the "
    "best constant)",
    "a network large enough learns wrong labels by heart",
    "look at these rows; label_smoothing, weight_decay, EarlyStopping; no more units",
)
CODES = (LABELS, NOISY_LABELS)


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
    by_heart = _by_heart(state) if knows else None
    what = "targets" if state.task.kind == "numbers" else "labels"
    better = "hardly better" if hardly else "no better"
    yield LABELS.found(
        f"predictions of unseen rows are {better} than for shuffled {what} ({deviations:.1f} "
        f"standard deviations; {_SURE:g} are needed), in {state.data.text}"
        + (", which may be too few to tell" if few else "")
        + (by_heart or ""),
        severity="error" if nothing and by_heart else "note" if hardly and not by_heart else None,
        asks=True,
        numbers={"deviations": deviations, "rows": len(state.x), "skill": state.score.skill},
    )


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


def _by_heart(state: State) -> str | None:
    """The words for a network that has learned rows by heart; None where validation acquits it."""
    assert state.task is not None
    some = "them" if state.score.skill >= _BY_HEART else "some"
    said = f"; this network has {state.score.mean:.1%} wrong of them, so it knows {some} by heart"
    rows = state.validation
    if rows is None:
        return said
    wanted = told_apart(state.task, rows.y_of_rows)
    if of_predictions(np.asarray(state.net.predict(rows.x), np.float64), wanted) >= _HARDLY:
        return None
    assert state.validation_score is not None
    return f"{said}, and {state.validation_score.mean:.1%} of the validation rows"


def noisy_labels(state: State) -> Iterator[Finding]:
    """Of classes."""
    found, of = state.yardstick, state.yardstick_score
    if found is None or of is None or state.task is None or not state.task.classes:
        return
    if of.skill < _STRUCTURE:
        return
    assert found.shares is not None
    assert found.labels is not None
    shares = found.shares
    confidence = np.abs(shares - 0.5).max(axis=1) if shares.shape[1] == 1 else shares.max(axis=1)
    sure = np.argsort(-confidence, kind="stable")[: len(shares) // 2]
    wrong = found.labels[sure] != state.task.labels(state.y)[sure]
    share = float(wrong.mean())
    if share - 2 * math.sqrt(share * (1 - share) / len(wrong)) <= _CONTRADICTED:
        return
    rows = state.data.rows[sure[wrong]][:_LISTED]
    yield NOISY_LABELS.found(
        f"{share:.0%} of the {len(sure)} rows that are predicted with most confidence have another "
        f"label; the first are {', '.join(map(str, rows[:5]))}",
        asks=True,
        numbers={"share": share, "rows": [int(row) for row in rows]},
    )


AFTER = (labels, noisy_labels)
