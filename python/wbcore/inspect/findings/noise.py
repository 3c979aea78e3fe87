"""Labels that do not go with their rows: all of them, or a share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.inspect.findings.yardstick import Yardstick

__all__ = ["AFTER", "CODES"]

_SURE = 3.0
_FEW_ROWS = 200  # in fewer a weak relation may not show
_FEWEST_OTHERS = 30  # rows that are not of the most frequent class
_LEARNED = 0.3  # a skill with which validation rows acquit
_CONTRADICTED, _STRUCTURE = 0.1, 0.3
_LISTED = 20

LABELS = Code(
    "WB-LABELS",
    "error",
    "diagnose",
    "targets that have nothing to do with the inputs, as if they were shuffled",
    "predictions of rows by a network that has not seen them (the recipe for tables, each half "
    "from the other) go with the targets by less than 3 standard deviations of what shuffled "
    "targets give; at least 50 rows, 30 of them not of the most frequent class. A warning of fewer "
    "than 200 rows, in which a weak relation may not show",
    "nothing can be learned but by heart",
    "look at how X and y were put together: sorted or shuffled apart, joined by a wrong key; or "
    "the inputs do not hold what the targets depend on",
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
    if found is None or state.task is None or state.task.kind == "many":
        return
    if found.values is not None:
        deviations = _of_numbers(found.values, state.task.values(state.y))
    else:
        wanted = state.task.labels(state.y)
        if len(wanted) - np.bincount(wanted).max() < _FEWEST_OTHERS:
            return
        deviations = _of_classes(found, wanted, state.task.classes)
    of = state.validation_score
    if deviations is None or deviations >= _SURE:
        return
    if of is not None and of.skill > _LEARNED and state.score.skill > _LEARNED:
        return
    few = len(state.x) < _FEW_ROWS
    what = "targets" if state.task.kind == "numbers" else "labels"
    yield LABELS.found(
        f"predictions of unseen rows are no better than for shuffled {what} ({deviations:.1f} "
        f"standard deviations; {_SURE:g} are needed), in {state.data.text}"
        + (", which may be too few to tell" if few else ""),
        severity="warning" if few else None,
        numbers={"deviations": deviations, "rows": len(state.x)},
    )


def _of_numbers(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> float | None:
    """Pearson's r of the best output, in standard deviations of an r by chance."""
    n, found = len(given), []
    for ours, theirs in zip(given.T, wanted.T, strict=True):
        if ours.std() > 0 and theirs.std() > 0:
            found.append(float(np.corrcoef(ours, theirs)[0, 1]) * math.sqrt(n - 1))
    return max(found, default=None)


def _of_classes(found: Yardstick, wanted: NDArray[np.int64], classes: int) -> float:
    """The sum of the probabilities of the labels, against that of permuted labels (Hoeffding)."""
    assert found.shares is not None
    shares = found.shares
    if classes == 2 and shares.shape[1] == 1:
        shares = np.hstack([1 - shares, shares])
    n = len(wanted)
    count = np.bincount(wanted, minlength=classes)
    weights = count / n
    centered = shares - shares.mean(axis=0) - (shares @ weights)[:, None]
    centered += float(shares.mean(axis=0) @ weights)
    excess = float(shares[np.arange(n), wanted].sum() - count @ shares.mean(axis=0))
    variance = float(count @ (centered**2).sum(axis=0)) / (n - 1)
    return excess / math.sqrt(variance) if variance > 0 else 0.0


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
        numbers={"share": share, "rows": [int(row) for row in rows]},
    )


AFTER = (labels, noisy_labels)
