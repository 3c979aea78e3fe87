"""A training from data to a network that takes raw values, with what the test says about it."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wbcore as wb
from wbcore.cli.data import Dataset
from wbcore.cli.fitting import Curves, OnEpoch, fit
from wbcore.cli.interrupts import Interrupts
from wbcore.cli.scaling import Scaling, checked_scaling, fold
from wbcore.cli.settings import TrainSettings

__all__ = ["Trained", "confusion_counts", "train"]


@dataclass(frozen=True)
class Trained:
    """The result of a training."""

    net: "wb.Network"
    """Takes raw values; its metadata say where it comes from."""
    unit_weights: NDArray[Any]
    """(I, O): the first layer before folding, where every feature has standard deviation 1."""
    settings: TrainSettings
    curves: Curves
    """Of the loss and the score, on training and held-out (val_) rows; one value an epoch."""
    seconds: float
    fold_difference: float
    constant: tuple[str, ...]
    """The features with one value in all training rows."""
    test: dict[str, float]
    """Accuracy, or R2 and the mean absolute error, of ``net`` on the held-out rows."""
    confusion: NDArray[np.int64] | None
    """(O, O): held-out rows by class (row) and predicted class (column)."""
    interrupted: bool


def train(
    data: Dataset,
    settings: TrainSettings,
    on_epoch: OnEpoch | None = None,
    interrupts: Interrupts | None = None,
) -> Trained:
    """Train a network on the data and test it on the held-out rows.

    Ctrl-C ends the training early; what was learned so far is the result. Within ``interrupts`` a
    second one waits.
    """
    if data.image_shape is None:
        scaling = checked_scaling(data.features, data.X, data.X_test)
    else:  # pixels, small and whole
        scaling = Scaling.of(data.X, common=True)
    if data.classes is None:
        checked_scaling([data.target], data.y[:, None], data.y_test[:, None])
    X, X_test = scaling.apply(data.X), scaling.apply(data.X_test)
    centre, spread = (0.0, 1.0)
    if data.classes is None:
        centre, spread = float(data.y.mean()), float(data.y.std()) or 1.0
    y, y_test = (
        part if data.classes else (part - centre) / spread for part in (data.y, data.y_test)
    )

    widths = [X.shape[1], *settings.hidden, data.n_outputs]
    net = wb.Network.mlp(widths, activation=settings.activation, seed=settings.seed)
    began = time.perf_counter()
    arguments = {
        "X": X,
        "y": y,
        "loss": "cross_entropy" if data.classes else "mse",
        "validation_data": (X_test, y_test),
        "metrics": ["accuracy" if data.classes else "r2"],
    }
    curves, interrupted = fit(net, arguments, settings, on_epoch, interrupts)
    seconds = time.perf_counter() - began

    unit_weights = net[0].weights.copy()
    folded, difference = fold(net, data.X, X, scaling, (centre, spread), names=data.features)
    constant = tuple(name for name, c in zip(data.features, scaling.constant, strict=True) if c)
    test, confusion = _test(folded, data)
    folded.metadata.update(_metadata(data, settings, curves, test, constant))
    return Trained(
        folded,
        unit_weights,
        settings,
        curves,
        seconds,
        difference,
        constant,
        test,
        confusion,
        interrupted,
    )


def confusion_counts(
    y: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Return how often class i (row) was predicted as class j (column), (O, O)."""
    return np.bincount(y * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, -1)


def _test(net: "wb.Network", data: Dataset) -> tuple[dict[str, float], NDArray[np.int64] | None]:
    if data.classes is None:
        scores = net.evaluate(data.X_test, data.y_test, loss="mse", metrics=["r2", "mae"])
        return {name: float(scores[name]) for name in ("r2", "mae")}, None
    predicted = net.predict(data.X_test).argmax(axis=1)
    counts = confusion_counts(data.y_test, predicted, len(data.classes))
    return {"accuracy": float(np.trace(counts) / counts.sum())}, counts


def _metadata(
    data: Dataset,
    settings: TrainSettings,
    curves: Curves,
    test: dict[str, float],
    constant: tuple[str, ...],
) -> dict[str, Any]:
    """Return what travels in the model file: what data and options decide, no date, no path."""
    return {
        "task": data.task,
        "target": data.target,
        "classes": None if data.classes is None else list(data.classes),
        "features": list(data.features),
        "constant_features": list(constant),
        "image_shape": None if data.image_shape is None else list(data.image_shape),
        "training": {
            "data": data.name,
            "rows": len(data.X),
            "epochs_run": len(curves["loss"]),
            "final_loss": curves["loss"][-1],
            **settings.to_dict(),
        },
        "test": {"rows": len(data.X_test), **test},
    }
