"""Fits of tables in parts: a fit is what its parts come to, to the bit, wherever it is stopped."""

import pickle

import numpy as np
import pytest

from wbcore.sklearn import TabularClassifier, TabularRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
CLASSES = (X[:, 0] + RNG.normal(size=90) > 0).astype(int)
VALUES = X[:, 0] * 40 + RNG.normal(size=90)
DECISIONS = np.stack([CLASSES, RNG.integers(0, 3, 90)], axis=1)

CASES = {
    "classes": (TabularClassifier, CLASSES, {}),
    "values": (TabularRegressor, VALUES, {}),
    "decisions": (TabularClassifier, DECISIONS, {}),
    "dropout": (TabularClassifier, CLASSES, {"dropout": 0.2}),
    "early stopping": (TabularClassifier, CLASSES, {"early_stopping": True, "patience": 20}),
    "a plateau": (TabularClassifier, CLASSES, {"schedule": "plateau(0.01, 0.5, 1)"}),
    "stopped early": (TabularRegressor, VALUES, {"early_stopping": True, "patience": 1}),
    "an object": (TabularClassifier, CLASSES, {"optimizer": "sgd(0.1, 0.9)", "metrics": ["auc"]}),
}


def made(name):
    kind, y, options = CASES[name]
    options = {"hidden_layer_sizes": (8,), "epochs": 12, "random_state": 3} | options
    if "metrics" in options:
        options["metrics"] = ["accuracy"]
    return kind(**options), y


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stops", [(1, 2, 12), (5, 30), (4, 4, 8, 100)])
def test_parts_are_the_whole(name, stops):
    model, y = made(name)
    whole = made(name)[0].fit(X, y, sample_weight=1 + np.arange(90) % 3)
    for stop in stops:
        assert model._train_until(X, y, stop, sample_weight=1 + np.arange(90) % 3) is model
        assert model._trained_epochs == model.n_iter_ == min(stop, whole.n_iter_)
        assert model.history_.loss == whole.history_.loss[: model.n_iter_]
        model = pickle.loads(pickle.dumps(model))
    assert model.network_ == whole.network_
    assert model.history_ == whole.history_
    assert model.history_.best_epoch == whole.history_.best_epoch
    assert model._is_over
    assert whole._is_over
    before = model.network_.copy()
    assert model._train_until(X, y, 10**6).network_ == before


def test_a_part_is_as_a_fit_that_ended_there():
    model, y = made("classes")
    part = model._train_until(X, y, 5)
    again = made("classes")[0]._train_until(X, y, 2)._train_until(X, y, 5)
    assert not part._is_over
    assert part.network_ == again.network_
    assert part.network_ != made("classes")[0].fit(X, y).network_
    assert part.predict(X).shape == y.shape
    assert part._total_epochs(90) == 12


def test_a_fit_begins_anew():
    model, y = made("classes")
    part = model._train_until(X, y, 5)
    assert part.fit(X, y).network_ == made("classes")[0].fit(X, y).network_


def test_what_is_over_keeps_no_state():
    model, y = made("values")
    part, whole = len(pickle.dumps(model._train_until(X, y, 5))), len(pickle.dumps(model.fit(X, y)))
    assert whole < part


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_parameters_that_are_arrays_or_of_any_size(kind):
    X, y = np.arange(12.0)[:, None], np.arange(12) % 2
    quick = {"hidden_layer_sizes": (2,), "epochs": 1}
    generator = (one for one in [1])
    for name, value, operation in (
        ("loss", np.array([None, len], object), "loss"),
        ("loss", np.zeros((2, 2)), "loss"),
        ("optimizer", generator, "optimizer"),
        ("callbacks", np.array(3), "fit"),
        ("validation_data", (1, 2), "fit"),
        ("validation_data", (X, y[:7]), "fit"),
        ("learning_rate", 10**60, "[A-Za-z]+"),
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^\[{operation}\] .*expected "):
            kind(**quick, **{name: value}).fit(X, y)
    for name in ("patience", "batch_size"):
        kind(**quick, **{name: 10**30}).fit(X, y)
