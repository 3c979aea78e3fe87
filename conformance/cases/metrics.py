"""Rows that count more or less than once, and every metric."""

from collections.abc import Iterator
from itertools import product

from conformance.lines import word_of
from wbcore.reference import LOSSES, METRICS, SGD
from wbcore.reference.losses import Huber, Loss
from wbcore.reference.metrics import Metric

from .examples import choices
from .formats import DTYPES, Asked, hexadecimal

_WEIGHTED = Huber(0.7, output_weights=(0.5, 0.0, 1.7))
_ERRORS = ("mae", "mse", "r2", "rmse")
_OF_LABELS = ("balanced_accuracy", "precision", "recall", "f1", "roc_auc", "average_precision")


def metrics() -> Iterator[Asked]:
    """Each metric with each kind of targets that it goes with, of rows with and without weights."""
    cases = [("mse", 3), ("binary_cross_entropy", 1), ("binary_cross_entropy", 3)]
    cases += [("cross_entropy", 3), ("cross_entropy", 300)]
    cases += [("hinge", 1), ("hinge", 3), ("poisson", 3), ("gamma_deviance", 3)]
    for number, (dtype, (name, width)) in enumerate(product(DTYPES, cases)):
        loss = LOSSES[name]()
        words = [word_of(m) for m in choices(METRICS) if _goes_with(m, loss, width)]
        for rows in (2, 129, 385) if width < 300 else (5,):
            sizes = hexadecimal(40 + number + rows, rows, width)
            yield ("evaluate", dtype, name, *sizes, *words)
            yield ("weighted", dtype, name, *sizes, *words)
        if loss.targets in ("probabilities", "classes", "signs"):
            yield ("tied", dtype, name, *hexadecimal(60 + number, 150, width), *words)


def _goes_with(metric: Metric, loss: Loss, width: int) -> bool:
    if loss.targets in ("numbers", "counts", "positives"):
        return metric.name in _ERRORS
    if loss.targets == "classes":
        return metric.name not in _ERRORS
    if loss.targets == "signs" and metric.name in (*_ERRORS, "log_loss"):
        return False
    return metric.name != "top_k" and (width > 1 or metric.name in _OF_LABELS)


def weighted() -> Iterator[Asked]:
    """Each loss of weighted rows, of some leaves and of less than one."""
    names = [*LOSSES, word_of(_WEIGHTED)]
    for number, (dtype, name) in enumerate(product(DTYPES, names)):
        for rows in (1, 5, 300):
            yield ("weighted", dtype, name, *hexadecimal(number + rows, rows, 3))


def with_weights() -> Iterator[Asked]:
    """Trainings on weighted rows; in batches of one, some have no weight at all."""
    for dtype, loss in product(DTYPES, [*(row() for row in LOSSES.values()), _WEIGHTED]):
        last = "identity" if loss.undoes else "tanh"
        words = [f"dtype:{dtype}", f"loss:{word_of(loss)}", f"last:{last}", "widths:2,3,3"]
        if "exp" in loss.undoes:  # which would run away
            words.append(f"optimizer:{word_of(SGD(1e-5))}")
        yield ("train", *words, "weights:1", "batch:3")
    for dtype, optimizer in product(DTYPES, ("adam", "sgd:3fa999999999999a,3feccccccccccccd")):
        fields = (f"dtype:{dtype}", f"optimizer:{optimizer}", "weights:1")
        yield ("train", *fields, "rows:8", "batch:1", "metrics:mse,r2")
        yield ("train", *fields, "rows:181", "batch:181", "epochs:1", "metrics:mae")
