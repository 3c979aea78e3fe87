"""Labels of which a share does not go with their rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.unseen import of_lines, of_neighbours
from wbcore.inspect.findings.yardstick import standardized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State

__all__ = ["AFTER", "CODES", "are_alike"]

_CONTRADICTED, _STRUCTURE = 0.1, 0.2
_SURE = 3.0  # standard errors
# The skill of all rows by that of those that are predicted with confidence: of normal clouds that
# overlap 0.6 to 0.75, of tables with a fifth or more of wrong labels 0.76 to 1.1.
_SPREAD = 0.78
_OTHERS, _AS_WIDE = 0.25, 2.0  # by which shares of classes, and how often deviations, may differ
_LISTED = 20

NOISY_LABELS = Code(
    "WB-NOISY-LABELS",
    "note",
    "diagnose",
    "labels that contradict what the other rows say",
    "in the half of the rows that is predicted with most confidence, from rows that do not hold "
    "them (by the recipe for tables, the nearest rows or a linear function, whichever has fewest "
    "wrong), 10 % have another label, by 2 standard errors, though there is something to be "
    "learned: 20 % of what the best constant makes wrong, by 3 standard errors, and 78 % of what "
    "is learned of that half; or validation rows are predicted better than training rows by 5 % "
    "of them, a tenth of what the best constant makes wrong, and 3 standard errors, where both "
    "have about the same shares of classes",
    "a network large enough learns wrong labels by heart",
    "look at these rows; label_smoothing, weight_decay, EarlyStopping; no more units",
)
CODES = (NOISY_LABELS,)


def are_alike(state: State) -> bool:
    """Whether targets of both sets are as often of each kind: those of sorted rows are not."""
    assert state.task is not None
    assert state.validation is not None
    given = state.y, state.validation.y_of_rows
    if state.task.kind == "numbers":
        ours, theirs = (state.task.values(y) for y in given)
        ratio = theirs.std(axis=0) / np.maximum(ours.std(axis=0), 1e-300)
        near = np.abs(theirs.mean(axis=0) - ours.mean(axis=0)) < ours.std(axis=0)
        return bool((near & (ratio > 1 / _AS_WIDE) & (ratio < _AS_WIDE)).all())
    labels = [state.task.labels(y) for y in given]
    if state.task.classes:
        labels = [(of[:, None] == np.arange(state.task.classes)).astype(np.int64) for of in labels]
    shares = [of.mean(axis=0) for of in labels]
    return float(np.abs(shares[0] - shares[1]).max()) < _OTHERS


def noisy_labels(state: State) -> Iterator[Finding]:
    """Of classes."""
    found, of = state.yardstick, state.yardstick_score
    if found is None or of is None or state.task is None or not state.task.classes:
        return
    if not of.base:  # one class
        return
    wanted, shares = state.task.labels(state.y), _best_known(state)
    wrong = shares.argmax(axis=1) != wanted
    sure = np.argsort(-shares.max(axis=1), kind="stable")[: len(shares) // 2]
    share = float(wrong[sure].mean())
    if not _is_noise(float(wrong.mean()), share, of.base, len(wanted)):
        yield from _easier_validation(state)
        return
    rows = state.data.rows[sure[wrong[sure]]][:_LISTED]
    yield NOISY_LABELS.found(
        f"{share:.0%} of the {len(sure)} rows that are predicted with most confidence have "
        f"another label; the first are {', '.join(map(str, rows[:5]))}",
        asks=True,
        numbers={"share": share, "rows": [int(row) for row in rows]},
    )


def _best_known(state: State) -> NDArray[np.float64]:
    """Shares of classes (R, K) of rows that were not seen, by what tells most of them.

    Where the yardstick has fewer wrong than there are wrong labels to be found it is that.
    """
    found, of, task = state.yardstick, state.yardstick_score, state.task
    assert found is not None
    assert found.shares is not None
    assert of is not None
    assert task is not None
    shares = found.shares
    if task.kind == "binary":
        shares = np.hstack([1 - shares, shares])
    if of.mean <= _CONTRADICTED:
        return shares
    x, wanted = standardized(state.x), task.labels(state.y)
    known = [shares, *(say(x, wanted, task.classes) for say in (of_neighbours, of_lines))]
    return min(known, key=lambda shares: int((shares.argmax(axis=1) != wanted).sum()))


def _is_noise(error: float, of_sure: float, base: float, n: int) -> bool:
    """Whether labels are wrong, and not only hard to tell.

    Where classes overlap errors are few among the rows that are predicted with confidence; wrong
    labels are spread over all alike.
    """
    rows = n // 2
    if of_sure - 2 * math.sqrt(of_sure * (1 - of_sure) / rows) <= _CONTRADICTED:
        return False
    skill, skill_of_sure = 1 - error / base, 1 - of_sure / base
    is_there = base - error > _SURE * math.sqrt(base * (1 - base) / n)
    return is_there and skill >= _STRUCTURE and skill >= _SPREAD * skill_of_sure


def _easier_validation(state: State) -> Iterator[Finding]:
    """Rows that nobody trained on are not predicted better than those that were, if of one kind."""
    of, train = state.validation_score, state.score
    if of is None or not are_alike(state):
        return
    gap = train.mean - of.mean
    error = math.hypot(
        *(float(score.errors.std()) / math.sqrt(len(score.errors)) for score in (train, of))
    )
    if gap <= max(_CONTRADICTED / 2, train.base / 10) or gap <= _SURE * error:
        return
    yield NOISY_LABELS.found(
        f"{train.mean:.1%} of the rows wrong in training ({state.data.text}), {of.mean:.1%} in "
        "validation: labels of the training are wrong, or its rows are harder ones",
        asks=True,
        numbers={"error": train.mean, "validation_error": of.mean, "standard_error": error},
    )


AFTER = (noisy_labels,)
