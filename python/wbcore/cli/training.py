"""A training from data to a network that takes raw values, with what the test says about it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wbcore as wb
from wbcore.callbacks import EarlyStopping
from wbcore.cli import losses
from wbcore.cli.data import Dataset, rows_digest
from wbcore.cli.fitting import Curves, Fitted, fit
from wbcore.cli.interrupts import Interrupts
from wbcore.cli.optimizer import explained
from wbcore.cli.scaling import Scaling, checked_scaling, fold
from wbcore.cli.settings import VALIDATION_FRACTION, TrainSettings
from wbcore.cli.words import class_weights
from wbcore.random import held_out_rows
from wbcore.schedules import count_steps

__all__ = [
    "Trained",
    "confusion_counts",
    "describe",
    "optimizer_of",
    "score_of",
    "train",
    "watched",
]


@dataclass(frozen=True)
class Trained:
    """The result of a training."""

    net: "wb.Network"
    """Takes raw values; its metadata say where it comes from."""
    unit_weights: NDArray[Any]
    """(I, O): the first layer before folding, where every feature has standard deviation 1."""
    settings: TrainSettings
    fitted: Fitted
    seconds: float
    fold_difference: float
    constant: tuple[str, ...]
    """The features with one value in all training rows."""
    test: dict[str, float]
    """Accuracy, or R2 and the mean absolute error, of ``net`` on the test rows.

    Of a quantile instead its loss and the share of the targets below the predictions; nothing
    where there are no such rows.
    """
    confusion: NDArray[np.int64] | None
    """(O, O): test rows by class (row) and predicted class (column)."""

    @property
    def curves(self) -> Curves:
        """Of the loss and the score, of training and other (val_) rows; one value an epoch."""
        return self.fitted.history.to_dict()


def train(
    data: Dataset,
    settings: TrainSettings,
    callbacks: Sequence[object] = (),
    interrupts: Interrupts | None = None,
    checkpoints: dict[str, Any] | None = None,
) -> Trained:
    """Train a network on the data and test it on the rows for the test.

    These rows decide nothing: early stopping, and a schedule that watches, have a tenth of the rows
    to train on for validation. Ctrl-C ends the training early; what was learned so far is
    the result. Within ``interrupts`` a second one waits. ``checkpoints`` are what ``Network.fit``
    takes about them.
    """
    scaling = _scaling(data)
    centre, spread = _target_scaling(data, settings)
    X, X_test = scaling.apply(data.X), scaling.apply(data.X_test)
    y, y_test = (
        part if data.classes else (part - centre) / spread for part in (data.y, data.y_test)
    )
    net = _network(data, settings)
    optimizer = optimizer_of(data, settings)
    patience = settings.early_stopping
    stopping = [] if patience is None else [EarlyStopping(patience=patience)]
    arguments: dict[str, Any] = {
        "X": X,
        "y": y,
        "loss": settings.loss,
        "optimizer": optimizer,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "class_weight": class_weights(settings.weights, data.classes, data.target),
        "bias_init": "prior" if settings.bias_init == "prior" else None,
        "metrics": [score] if (score := score_of(data, settings)) != "loss" else [],
        "callbacks": [*stopping, *callbacks],
        **(checkpoints or {}),
    }
    if settings.holds_out:
        arguments["validation_fraction"] = VALIDATION_FRACTION
    elif len(X_test):
        arguments["validation_data"] = (X_test, y_test)
    began = time.perf_counter()
    fitted = fit(net, arguments, interrupts)
    seconds = time.perf_counter() - began

    unit_weights = net[0].weights.copy()
    folded, difference = fold(net, data.X, X, scaling, (centre, spread), names=data.features)
    constant = tuple(name for name, c in zip(data.features, scaling.constant, strict=True) if c)
    test, confusion = _test(folded, data, str(settings.loss))
    made = settings.to_dict(optimizer)
    folded.metadata.update(_metadata(data, made, fitted, test, constant))
    return Trained(
        folded, unit_weights, settings, fitted, seconds, difference, constant, test, confusion
    )


def describe(data: Dataset, settings: TrainSettings) -> Iterator[str]:
    """Return what is trained, and how, in a few lines."""
    widths = (len(data.features), *settings.hidden, data.n_outputs)
    dropout = f", dropout {settings.dropout:g}" if settings.dropout else ""
    yield f"network: {' - '.join(map(str, widths))}, {settings.activation}{dropout}"
    yield f"training: {settings.describe(optimizer_of(data, settings))}"


def optimizer_of(data: Dataset, settings: TrainSettings) -> wb.Optimizer:
    """Return a new optimizer, whose schedule may last as long as the training."""
    return settings.made_optimizer(_steps(data, settings))


def score_of(data: Dataset, settings: TrainSettings) -> str:
    """Return the series that says how good a network is: of a quantile no metric but its loss."""
    return data.score if losses.quantile_of(str(settings.loss)) is None else "loss"


def watched(data: Dataset, settings: TrainSettings) -> str:
    """Return what rows the score of an epoch is of: "validation", "test" if these decide nothing.

    "training" where there are no others.
    """
    if settings.holds_out:
        return "validation"
    return "test" if len(data.X_test) else "training"


def _scaling(data: Dataset) -> Scaling:
    if data.image_shape is None:
        return checked_scaling(data.features, data.X, data.X_test)
    return Scaling.of(data.X, common=True)  # pixels, small and whole


def _target_scaling(data: Dataset, settings: TrainSettings) -> tuple[float, float]:
    """What is subtracted from the target, and what it is then divided by."""
    if data.classes is not None:
        return 0.0, 1.0
    checked_scaling([data.target], data.y[:, None], data.y_test[:, None])
    if losses.includes_exp(str(settings.loss)):
        return 0.0, 1.0
    return float(data.y.mean()), float(data.y.std()) or 1.0


def _network(data: Dataset, settings: TrainSettings) -> "wb.Network":
    return wb.Network.mlp(
        [len(data.features), *settings.hidden, data.n_outputs],
        activation=settings.activation,
        output_activation="exp" if losses.includes_exp(str(settings.loss)) else "identity",
        dropout=settings.dropout,
        seed=settings.seed,
    )


def _steps(data: Dataset, settings: TrainSettings) -> int:
    """Return how many steps a training takes that nothing ends before its time."""
    n_rows = len(data.X)
    if settings.holds_out:
        with explained("--early-stopping"):
            classes = None if data.classes is None else data.y
            kept, _ = held_out_rows(n_rows, VALIDATION_FRACTION, settings.seed, classes)
        n_rows = len(kept)
    return count_steps(n_rows, batch_size=settings.batch_size, epochs=settings.epochs)


def confusion_counts(
    y: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Return how often class i (row) was predicted as class j (column), (O, O)."""
    return np.bincount(y * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, -1)


def _test(
    net: "wb.Network", data: Dataset, loss: str
) -> tuple[dict[str, float], NDArray[np.int64] | None]:
    if not len(data.X_test):
        return {}, None
    if losses.quantile_of(loss) is not None:
        pinball = float(net.evaluate(data.X_test, data.y_test, loss=loss)["loss"])
        below = data.y_test < net.predict(data.X_test)[:, 0]
        return {"pinball_loss": pinball, "share_below": float(below.mean())}, None
    if data.classes is None:
        scores = net.evaluate(data.X_test, data.y_test, loss="mse", metrics=["r2", "mae"])
        return {name: float(scores[name]) for name in ("r2", "mae")}, None
    predicted = net.predict(data.X_test).argmax(axis=1)
    counts = confusion_counts(data.y_test, predicted, len(data.classes))
    return {"accuracy": float(np.trace(counts) / counts.sum())}, counts


def _metadata(
    data: Dataset,
    settings: dict[str, Any],
    fitted: Fitted,
    test: dict[str, float],
    constant: tuple[str, ...],
) -> dict[str, Any]:
    """Return what travels in the model file: what data and options decide, no date, no path."""
    history = fitted.history
    return {
        "task": data.task,
        "target": data.target,
        "classes": None if data.classes is None else list(data.classes),
        "features": list(data.features),
        "encoding": None if data.encoding is None else data.encoding.to_dict(),
        "constant_features": list(constant),
        "image_shape": None if data.image_shape is None else list(data.image_shape),
        "training": {
            "data": data.name,
            "rows": len(data.X),
            **({"digest": rows_digest(data.X, data.y)} if data.source == "table" else {}),
            "epochs_run": len(history),
            "kept_epoch": fitted.kept_epoch,
            "ended": history.reason,
            "final_loss": history.loss[fitted.kept_epoch - 1],
            **settings,
        },
        "test": {
            "rows": len(data.X_test),
            **({"data": data.test_name} if data.test_name else {}),
            **test,
        },
    }
