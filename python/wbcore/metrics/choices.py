"""The metrics that there are, each a small object."""

from __future__ import annotations

from dataclasses import dataclass

from wbcore import _named

__all__ = [
    "F1",
    "MAE",
    "MSE",
    "R2",
    "RMSE",
    "ROCAUC",
    "Accuracy",
    "AveragePrecision",
    "BalancedAccuracy",
    "LogLoss",
    "Metric",
    "Precision",
    "Recall",
    "TopK",
]


class Metric(_named.Choice, kind="metric"):
    """What all metrics have in common: `str(metric)` is its text, and names its series.

    Examples
    --------
    >>> import wbcore as wb
    >>> isinstance(wb.metrics.TopK(3), wb.metrics.Metric), str(wb.metrics.TopK(3))
    (True, 'top_k(3)')
    """


@dataclass(frozen=True)
class Accuracy(Metric, row="accuracy"):
    """Share of the decisions that are right.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.Accuracy())
    'accuracy'
    """


@dataclass(frozen=True)
class MAE(Metric, row="mae"):
    """Mean absolute error, over rows and outputs.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.MAE())
    'mae'
    """


@dataclass(frozen=True)
class MSE(Metric, row="mse"):
    """Mean squared error, over rows and outputs.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.MSE())
    'mse'
    """


@dataclass(frozen=True)
class R2(Metric, row="r2"):
    """Share of the targets' variance that is explained, the mean over outputs.

    An output whose target is constant counts 1 when it is met, else 0.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.R2())
    'r2'
    """


@dataclass(frozen=True)
class RMSE(Metric, row="rmse"):
    """Root of the mean squared error of an output, the mean over outputs.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> net.evaluate([[1], [3]], [1, 1], loss="mae", metrics=["rmse"])["rmse"] == 2**0.5
    True
    """


@dataclass(frozen=True)
class BalancedAccuracy(Metric, row="balanced_accuracy"):
    """Mean recall of the classes that have targets: chance gives 1 / classes whatever their sizes.

    Where each output is a decision, of its two answers, and then the mean over outputs.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.BalancedAccuracy())
    'balanced_accuracy'
    """


@dataclass(frozen=True)
class TopK(Metric, row="top_k"):
    """Share of the rows whose label is among the k largest outputs, the first of equals first.

    Parameters
    ----------
    k : int, default 5
        At least 1.

    Raises
    ------
    TypeError, ValueError
        When k is no whole number of at least 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.TopK(3))
    'top_k(3)'
    """

    k: float = 5


@dataclass(frozen=True)
class Precision(Metric, row="precision"):
    """Share of what was taken for a label that has it.

    Parameters
    ----------
    label : int, default -1
        The class, or output, that alone is judged. -1: of a single output the targets of 1; of
        more outputs, or of classes, the mean over all of them (macro), without classes that are
        neither in the targets nor in the outputs.

    Raises
    ------
    TypeError, ValueError
        When label is no whole number of at least -1.

    Notes
    -----
    What is divided by nothing is 0: precision without a row that was taken for the label, recall
    without one that has it.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.Precision()), str(wb.metrics.Precision(label=1))
    ('precision', 'precision(1)')
    """

    label: float = -1


@dataclass(frozen=True)
class Recall(Metric, row="recall"):
    """Share of what has a label that was taken for it; parameters and rules are `Precision`'s.

    Parameters
    ----------
    label : int, default -1
        As for `Precision`.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.Recall(label=0))
    'recall(0)'
    """

    label: float = -1


@dataclass(frozen=True)
class F1(Metric, row="f1"):
    """Harmonic mean of `Precision` and `Recall`, whose parameters and rules it has.

    Parameters
    ----------
    label : int, default -1
        As for `Precision`; -1 takes the mean of the labels' values.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.F1())
    'f1'
    """

    label: float = -1


@dataclass(frozen=True)
class LogLoss(Metric, row="log_loss"):
    """The entropy that goes with the targets, plain and in float64, whatever the loss.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
    >>> found = net.evaluate([[1], [2]], [0, 1], loss="focal", metrics=["log_loss"])
    >>> round(found["log_loss"], 4)
    0.6931
    """


@dataclass(frozen=True)
class ROCAUC(Metric, row="roc_auc"):
    """Area under the ROC curve: the chance that a target of 1 scores above one of 0.

    Ties count half. Scores are the outputs, for classes the probabilities.

    Parameters
    ----------
    label : int, default -1
        The class, or output, that is told from all others. -1: of a single output the targets of
        1; else the mean over all labels that have an area.

    Notes
    -----
    NaN where there is none: all targets are alike.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> loss = "binary_cross_entropy"
    >>> net.evaluate([[1], [2], [2], [3]], [0, 0, 1, 1], loss=loss, metrics=["roc_auc"])["roc_auc"]
    0.875
    """

    label: float = -1


@dataclass(frozen=True)
class AveragePrecision(Metric, row="average_precision"):
    """Mean of the precisions at each threshold, weighted by the recall that it adds.

    Parameters
    ----------
    label : int, default -1
        As for `ROCAUC`.

    Notes
    -----
    NaN where no target is 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> str(wb.metrics.AveragePrecision())
    'average_precision'
    """

    label: float = -1
