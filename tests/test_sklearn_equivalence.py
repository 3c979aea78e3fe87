"""The same numbers as scikit-learn: curves, parameters, scores and ends, solver by solver."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import neural_network
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression

import wbcore.sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = (X_iris - X_iris.mean(axis=0)) / X_iris.std(axis=0)
X_many, y_many = make_multilabel_classification(60, n_classes=4, random_state=0)
X_numbers, y_numbers = make_regression(90, 6, n_targets=3, noise=3.0, random_state=1)
y_numbers = y_numbers / y_numbers.std()
counts = np.random.RandomState(0).poisson(np.exp(X_numbers[:, 0] / 2))

DATA = {
    "binary": ("MLPClassifier", X_iris, np.where(y_iris == 1, "b", "a")),
    "multiclass": ("MLPClassifier", X_iris, y_iris),
    "multilabel": ("MLPClassifier", X_many, y_many),
    "number": ("MLPRegressor", X_numbers, y_numbers[:, 0]),
    "numbers": ("MLPRegressor", X_numbers, y_numbers),
    "counts": ("MLPRegressor", X_numbers, counts),
}
SGD = {"solver": "sgd", "learning_rate_init": 0.02}
SETTINGS = {
    "adam": {},
    "adam, small batches": {"batch_size": 32, "alpha": 0.3, "learning_rate_init": 0.01},
    "adam, its numbers": {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
    "sgd": SGD,
    "sgd, small batches": SGD | {"batch_size": 32, "alpha": 0.3},
    "sgd, momentum": SGD | {"nesterovs_momentum": False, "momentum": 0.5},
    "sgd, no momentum": SGD | {"momentum": 0},
    "sgd, invscaling": SGD | {"learning_rate": "invscaling", "power_t": 0.25, "batch_size": 40},
    "sgd, adaptive": SGD | {"learning_rate": "adaptive", "tol": 0.02, "n_iter_no_change": 2},
    "in order": {"shuffle": False, "batch_size": 25},
    "layers": {"hidden_layer_sizes": (7, 5), "activation": "tanh", "learning_rate_init": 0.01},
    "logistic": {"hidden_layer_sizes": 9, "activation": "logistic", "learning_rate_init": 0.01},
    "no hidden layer": {"hidden_layer_sizes": (), "activation": "logistic"},
    "identity": {"hidden_layer_sizes": (4,), "activation": "identity"},
    "stopping": {"early_stopping": True, "validation_fraction": 0.2, "learning_rate_init": 0.01},
    "tolerance": {"tol": 0.05, "n_iter_no_change": 3},
}


def both(kind, **settings):
    name, X, y = DATA[kind]
    if kind == "counts":
        settings["loss"] = "poisson"
    settings = {"random_state": 3, "max_iter": 50} | settings
    return [
        getattr(module, name)(**settings).fit(X, y) for module in (neural_network, wbcore.sklearn)
    ], X


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("name", SETTINGS)
def test_curves_and_parameters(kind, name):
    (theirs, ours), X = both(kind, **SETTINGS[name])
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9, atol=1e-12)
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-8)
    assert ours._no_improvement_count == theirs._no_improvement_count
    if theirs.validation_scores_ is None:
        assert ours.validation_scores_ is ours.best_validation_score_ is None
        np.testing.assert_allclose(ours.best_loss_, theirs.best_loss_, rtol=1e-9)
    else:
        assert ours.best_loss_ is None
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-9)
        assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_, 1e-9)
    np.testing.assert_allclose(ours.predict(X) == theirs.predict(X), True) if (
        theirs.predict(X).dtype.kind != "f"
    ) else np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("kind", ["multiclass", "number"])
def test_lbfgs_lowers_the_loss_alike(kind, activation):
    """It has no curve: the losses of fits that end after so many iterations are one."""
    for max_iter in (1, 5, 20, 50):
        settings = {"hidden_layer_sizes": 15, "activation": activation, "alpha": 0.01, "tol": 1e-12}
        (theirs, ours), _ = both(kind, solver="lbfgs", max_iter=max_iter, **settings)
        assert ours.n_iter_ == theirs.n_iter_ == max_iter
        # Line searches magnify how sums were rounded, here up to 3e-10.
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=0, abs=1e-9)
