"""Metrics: what one wants to know of a network beside its loss.

A metric is a small object, such as `TopK(3)`; its text, "top_k(3)", is taken wherever a metric is,
and names its series in the history. Any function of outputs and targets is a metric, too. All of
them weigh rows as the loss does (docs/arithmetic.md, section 10).

Which goes with which loss: `MAE`, `MSE`, `RMSE` and `R2` with any but those of classes and hinges,
and with functions; the others with losses whose targets are decisions, `LogLoss` not with hinges,
which have no probabilities, and `TopK` with those of classes alone. A decision is the largest
output of a row where there are classes or labels, and else, for each output, whether the
probability is above one half, or for hinges the output above 0.

`ROCAUC` and `AveragePrecision` look at all predictions at once, and a running epoch has none: `fit`
takes them of the validation data, or without any, in one more pass over all rows of the training
data after each epoch. The same holds for functions of one's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._lazy import lazy as _lazy
from wbcore.metrics.checking import NAMES
from wbcore.metrics.checking import Choices as Choices  # these are for the package, not its users
from wbcore.metrics.checking import Chosen as Chosen
from wbcore.metrics.checking import Function as Function
from wbcore.metrics.checking import check as check
from wbcore.metrics.checking import of_predictions as of_predictions

if TYPE_CHECKING:
    from wbcore.metrics.choices import (
        F1,
        MAE,
        MSE,
        R2,
        RMSE,
        ROCAUC,
        Accuracy,
        AveragePrecision,
        BalancedAccuracy,
        LogLoss,
        Metric,
        Precision,
        Recall,
        TopK,
    )

__all__ = [
    "F1",
    "MAE",
    "MSE",
    "NAMES",
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

if not TYPE_CHECKING:  # classes take milliseconds to make: texts do without
    __getattr__, __dir__ = _lazy(
        __name__,
        {
            "F1": "wbcore.metrics.choices",
            "MAE": "wbcore.metrics.choices",
            "MSE": "wbcore.metrics.choices",
            "R2": "wbcore.metrics.choices",
            "RMSE": "wbcore.metrics.choices",
            "ROCAUC": "wbcore.metrics.choices",
            "Accuracy": "wbcore.metrics.choices",
            "AveragePrecision": "wbcore.metrics.choices",
            "BalancedAccuracy": "wbcore.metrics.choices",
            "LogLoss": "wbcore.metrics.choices",
            "Metric": "wbcore.metrics.choices",
            "Precision": "wbcore.metrics.choices",
            "Recall": "wbcore.metrics.choices",
            "TopK": "wbcore.metrics.choices",
        },
    )
