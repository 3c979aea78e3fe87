"""Areas under curves of a threshold, in binary64: of all predictions at once (section 10)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from .arithmetic import Arithmetic
from .arrays import Matrix, Vector, columns
from .losses import Loss
from .metrics import METRICS, Metric
from .softmax import softmax


@dataclass(frozen=True)
class Areas:
    """Under the curves of one label against all others; NaN where there is no curve."""

    roc_auc: float
    average_precision: float


def areas(scores: Vector, positives: Sequence[bool], weights: Vector) -> Areas:
    """Areas of a threshold that falls from the largest score to the least.

    Rows of equal scores are one step; their weights are added in the order of the rows.

    Parameters
    ----------
    scores : vector of length N
    positives : sequence of bool
    weights : vector of length N
        Rows of weight 0 are none.

    Examples
    --------
    >>> areas([1.0, 2.0, 2.0, 3.0], [False, False, True, True], [1.0] * 4).roc_auc
    0.875
    """
    if any(math.isnan(score) for score in scores):
        return Areas(math.nan, math.nan)
    rows = [r for r in range(len(scores)) if weights[r] != 0.0]
    rows.sort(key=lambda r: -scores[r])  # equal ones stay in their order
    hits = alarms = pairs = precisions = 0.0
    for _, group in groupby(rows, key=lambda r: scores[r]):
        more_hits = more_alarms = 0.0
        for r in group:
            if positives[r]:
                more_hits = more_hits + weights[r]
            else:
                more_alarms = more_alarms + weights[r]
        pairs = pairs + more_alarms * (2.0 * hits + more_hits)
        hits, alarms = hits + more_hits, alarms + more_alarms
        precisions = precisions + more_hits * (hits / (hits + alarms))
    return Areas(
        pairs / (2.0 * hits * alarms) if hits > 0.0 and alarms > 0.0 else math.nan,
        precisions / hits if hits > 0.0 else math.nan,
    )


@dataclass(frozen=True)
class _OfLabel(Metric):
    """Of one label, or, with -1, the mean of those that have an area."""

    ranks = True
    label: float = -1.0


@METRICS.add
class ROCAUC(_OfLabel):
    """Area under the ROC curve."""

    name = "roc_auc"


@METRICS.add
class AveragePrecision(_OfLabel):
    """Area under the steps of the precision-recall curve."""

    name = "average_precision"


def value(
    metric: Metric,
    arith: Arithmetic,
    loss: Loss,
    activation: str,
    *,
    Y: Matrix,
    targets: Matrix,
    weights: Vector,
    labels: bool,
) -> float:
    """Value of a metric that ranks.

    Parameters
    ----------
    metric : Metric
    arith : Arithmetic
    loss : Loss
    activation : str
        Of the last layer: after identity, the scores of classes are softmax's.
    Y, targets : matrices of shape (N, O)
    weights : vector of length N
    labels : bool
        Whether a row is one decision: of classes, or by labels, for a loss that takes both.
    """
    label = int(metric.numbers[0]) if metric.numbers else -1
    if loss.targets == "classes" and activation == "identity":
        Y = [softmax(arith, y) for y in Y]
    if labels:
        wanted = [max(range(len(t)), key=lambda k: t[k]) for t in targets]
        positives = [[own == k for own in wanted] for k in range(len(Y[0]))]
    else:
        positives = [[t_k > 0.5 for t_k in t] for t in columns(targets)]
    scores = columns(Y)
    if len(scores) == 1 and label == 0 and not labels:
        found = [areas([-s for s in scores[0]], [not p for p in positives[0]], weights)]
    elif label >= 0:
        k = 0 if len(scores) == 1 else label
        found = [areas(scores[k], positives[k], weights)]
    else:
        found = [areas(s, p, weights) for s, p in zip(scores, positives, strict=True)]
    values = [getattr(of_label, metric.name) for of_label in found]
    total, defined = 0.0, [v for v in values if not math.isnan(v)]
    for v in defined:
        total = total + v
    return total / float(len(defined)) if defined else math.nan
