"""Fits that stop and go on: the same bits as without stops, wherever they lie."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import NotFittedError

from wbcore.sklearn import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_numbers, y_numbers = make_regression(60, 4, noise=2.0, random_state=0)
y_numbers = y_numbers / y_numbers.std()

ESTIMATORS = {
    "adam": MLPClassifier(random_state=0, max_iter=12),
    "small batches": MLPClassifier(random_state=0, max_iter=12, batch_size=16, dropout=0.2),
    "adaptive": MLPClassifier(
        random_state=0, max_iter=40, solver="sgd", learning_rate="adaptive", tol=0.1,
        n_iter_no_change=2, learning_rate_init=0.01,
    ),
    "invscaling": MLPRegressor(
        random_state=0, max_iter=12, solver="sgd", learning_rate="invscaling", batch_size=20
    ),
    "stopping": MLPRegressor(
        random_state=0, max_iter=60, early_stopping=True, n_iter_no_change=3, batch_size=20,
        learning_rate_init=0.05, validation_fraction=0.3,
    ),
    "lbfgs": MLPRegressor(random_state=0, max_iter=15, solver="lbfgs"),
    "schedule": MLPClassifier(random_state=0, max_iter=12, schedule="cosine(0.01, 12)"),
    "prior": MLPClassifier(random_state=0, max_iter=12, bias_init="prior", batch_size=50),
    "not seeded": MLPRegressor(max_iter=12, batch_size=20),
}  # fmt: skip
SAME = ("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "validation_scores_",
        "best_validation_score_", "_no_improvement_count", "history_")  # fmt: skip


def data_of(estimator):
    return (X_iris, y_iris) if isinstance(estimator, MLPClassifier) else (X_numbers, y_numbers)


def fresh(name, state=None):
    estimator = pickle.loads(pickle.dumps(ESTIMATORS[name]))
    if estimator.random_state is None:
        estimator.random_state = np.random.RandomState(5)
    return estimator


def assert_same(one, other):
    assert one.network_ == other.network_
    for name in SAME:
        assert getattr(one, name, None) == getattr(other, name, None), name


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("pickled", [False, True])
def test_stops_leave_no_trace(name, pickled):
    X, y = data_of(ESTIMATORS[name])
    whole = fresh(name).fit(X, y)
    parts = fresh(name)
    total = parts._total_epochs(len(X))
    assert not parts._is_over
    for epochs in (1, 4, 5, total):
        assert parts._train_until(X, y, epochs) is parts
        assert parts._trained_epochs == parts.n_iter_ <= epochs
        if pickled:
            parts = pickle.loads(pickle.dumps(parts))
    assert parts._is_over
    assert whole._is_over
    assert_same(parts, whole)
    before = parts.network_.parameters.copy()
    parts._train_until(X, y, total)  # is over
    assert np.array_equal(before, parts.network_.parameters)


@pytest.mark.parametrize("name", ["adam", "adaptive", "stopping", "lbfgs"])
def test_attributes_are_those_of_a_fit_that_ended_there(name):
    X, y = data_of(ESTIMATORS[name])
    short = fresh(name).set_params(max_iter=5).fit(X, y)
    stopped = fresh(name)
    stopped._train_until(X, y, 2)
    stopped._train_until(X, y, 5)
    assert_same(stopped, short)


def test_no_warning_before_the_last_epoch(recwarn):
    estimator = fresh("adam")
    estimator._train_until(X_iris, y_iris, 5)
    assert not recwarn
    with pytest.warns(match=r"Maximum iterations \(12\) reached"):
        estimator._train_until(X_iris, y_iris, 12)


def test_weights_of_rows_are_those_of_each_call():
    weights = np.arange(len(X_iris)) % 3 + 0.5
    whole = fresh("small batches").fit(X_iris, y_iris, weights)
    parts = fresh("small batches")
    for epochs in (3, 12):
        parts._train_until(X_iris, y_iris, epochs, sample_weight=weights)
    assert_same(parts, whole)


def test_a_fit_begins_anew():
    estimator = fresh("adam")
    estimator._train_until(X_iris, y_iris, 3)
    assert_same(estimator.fit(X_iris, y_iris), fresh("adam").fit(X_iris, y_iris))


class Ends:
    """A callback that raises before the first epoch."""

    def __init__(self, error):
        self.error = error

    def before_fit(self, run):
        raise self.error


WHOLE = [
    MLPClassifier((4,), max_iter=3, tol=0, random_state=0),
    MLPClassifier((4,), solver="lbfgs", max_iter=3, random_state=0),
    MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0),
    TabularClassifier((4,), epochs=3, random_state=0),
    TabularRegressor((4,), epochs=3, random_state=0),
]


@pytest.mark.parametrize("model", WHOLE, ids=lambda model: type(model).__name__)
def test_a_fit_that_raises_leaves_the_estimator_as_it_was(model):
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(40, 3)), np.arange(40) % 3
    other = draw.normal(size=(30, 5)), np.arange(30) % 2
    model = clone(model)
    with pytest.raises(ValueError, match="Negative values"):
        model.fit(X, y, -np.ones(40))
    assert not [name for name in vars(model) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        model.predict(X)
    before = model.fit(X, y).predict(X)
    known = set(vars(model))
    with pytest.raises(ValueError, match="Negative values"):
        model.fit(*other, -np.ones(30))
    if getattr(model, "solver", "") != "lbfgs":
        for error in (KeyboardInterrupt(), OSError("full")):
            with pytest.raises(type(error)):
                model.set_params(callbacks=[Ends(error)]).fit(*other)
    assert set(vars(model)) == known
    assert model.n_features_in_ == 3
    assert np.array_equal(model.predict(X), before)


def test_a_first_partial_fit_that_raises_sets_no_classes():
    model = MLPClassifier((4,), random_state=0)
    with pytest.raises(ValueError, match="inconsistent"):
        model.partial_fit([[1.0], [2.0]], [0], classes=[0, 1])
    assert not hasattr(model, "classes_")


def test_warm_starts_by_other_rules():
    options = {"max_iter": 3, "tol": 0, "warm_start": True, "random_state": 0}
    model = MLPClassifier((4,), solver="lbfgs", **options).fit(X_iris, y_iris)
    assert len(model.set_params(solver="adam").fit(X_iris, y_iris).loss_curve_) == 3
    model.set_params(early_stopping=True).fit(X_iris, y_iris)
    assert len(model.validation_scores_) == len(model.loss_curve_) == 3
    assert model.best_loss_ is None
    model.set_params(early_stopping=False).fit(X_iris, y_iris)
    assert model.validation_scores_ is None
    assert model.best_loss_ == min(model.loss_curve_)
    assert len(model.fit(X_iris, y_iris).loss_curve_) == 6


def test_partial_fits_of_other_decisions():
    X, y = X_iris[:10], np.stack([np.arange(10) % 2, np.arange(10) % 3], axis=1)
    model = MLPClassifier((4,), random_state=0).partial_fit(X, y, classes=[[0, 1], [0, 1, 2]])
    for other in (y[:, 0], np.hstack([y, y])):
        with pytest.raises(ValueError, match=r"expected y of 2 decisions a row, got shape \(10"):
            model.partial_fit(X, other)
    with pytest.raises(ValueError, match="expected y of 1 decisions a row"):
        MLPClassifier().partial_fit(X, y[:, 0], classes=[[0, 1]])
    with pytest.raises(ValueError, match=r"^\[partial_fit\] expected classes that there will be"):
        MLPClassifier().partial_fit(X, y[:, 0], classes=[])


class Predicts:
    """A callback that asks the estimator which it is a callback of."""

    def after_epoch(self, run):
        self.model.predict(X_iris)


def test_a_table_estimator_is_not_fitted_before_its_first_fit_is_over():
    asks = Predicts()
    asks.model = TabularClassifier((4,), epochs=2, callbacks=[asks])
    with pytest.raises(NotFittedError):
        asks.model.fit(X_iris, y_iris)
