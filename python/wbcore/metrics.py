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

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from wbcore import _arguments, _named

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

NAMES: tuple[str, ...] = tuple(_named.rows("metric"))

#: A metric of one's own: `function(outputs, targets)` on NumPy arrays.
Function: TypeAlias = "Callable[..., float]"
Choices: TypeAlias = "Sequence[Metric | str | Function | Mapping[str, Function]]"


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


@dataclass(frozen=True)
class Chosen:
    """The metrics of a fit or an evaluation: texts for the core, and functions by their names."""

    texts: tuple[str, ...]
    functions: Mapping[str, Function]

    @property
    def ranks(self) -> tuple[str, ...]:
        """Those of the texts that look at all predictions at once."""
        rows = _named.rows("metric")
        return tuple(
            text for text in self.texts if rows[text.partition("(")[0]].properties["ranks"]
        )


def check(operation: str, metrics: object, *, reserved: Iterable[str] = ()) -> Chosen:
    """Known metrics, each once.

    Parameters
    ----------
    operation : str
    metrics : object
        A sequence of metrics, texts, functions, and dicts of functions by name.
    reserved : iterable of str
        Names that no function may have, beside those of metrics.

    Returns
    -------
    Chosen
    """
    texts: list[str] = []
    functions: list[tuple[str, Function]] = []
    for one in _listed(operation, metrics):
        if isinstance(one, Mapping):
            functions += one.items()
        elif callable(one) and not isinstance(one, type):
            functions.append((getattr(one, "__name__", ""), one))
        else:
            texts.append(_named.text("metric", operation, "metrics", one))
    for name, function in functions:
        _require_function(operation, name, function, ("loss", *NAMES, *reserved))
    names = [*texts, *(name for name, _ in functions)]
    if len(set(names)) < len(names):
        raise ValueError(f"[{operation}] expected each of metrics once, got {names}")
    return Chosen(tuple(texts), dict(functions))


def _listed(operation: str, metrics: object) -> tuple[object, ...]:
    if isinstance(metrics, Iterable) and not isinstance(metrics, (str, Mapping)):
        # arrays without dimensions only look like one, and a memoryview of two has no rows
        with contextlib.suppress(TypeError, NotImplementedError):
            return tuple(metrics)
    raise TypeError(
        f"[{operation}] expected metrics to be a sequence of names such as ['mae'], "
        f"got {_arguments.shown(metrics)}"
    )


def _require_function(
    operation: str, name: object, function: object, reserved: tuple[str, ...]
) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(
            f"[{operation}] expected a metric of one's own to have a name such as 'cost', "
            f"got {_arguments.shown(name)}; pass {{'cost': function}}"
        )
    if not callable(function):
        raise TypeError(
            f"[{operation}] expected the metric {name} to be callable as "
            f"function(outputs, targets), got {_arguments.shown(function)}"
        )
    if name in reserved or name.startswith("val_"):
        raise ValueError(
            f"[{operation}] expected a metric of one's own to have a name of its own, "
            f"got {name!r}, which stands for something else; pass {{'my_{name}': function}}"
        )


def of_predictions(
    operation: str,
    functions: Mapping[str, Function],
    outputs: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
) -> dict[str, float]:
    """What functions of one's own give.

    Parameters
    ----------
    operation : str
    functions : mapping of str to callable
    outputs : ndarray of shape (B, O)
    targets : ndarray
        Labels (B,), or of the shape of outputs.
    weights : ndarray of shape (B,), optional
        Given, by name, to functions that take `sample_weight`.
    """
    values = {}
    for name, function in functions.items():
        named = {}
        if _arguments.takes(function, "sample_weight"):
            named = {"sample_weight": weights}
        values[name] = _arguments.number(
            operation,
            f"what the metric {name} returns",
            _plain(function(outputs, targets, **named)),
            expected="a number",
            allowed=lambda _: True,
        )
    return values


def _plain(value: object) -> object:
    """A number for an array without dimensions."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
