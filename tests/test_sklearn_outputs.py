"""Predictions, parameters that users set, and copies of estimators."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import neural_network
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import NotFittedError

from wbcore.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_numbers, y_numbers = make_regression(50, 6, n_targets=2, random_state=1)
BOTH = pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])


@pytest.fixture(scope="module")
def model():
    return MLPClassifier((8, 5), random_state=0, max_iter=30).fit(X_iris, y_iris)


# Parameters


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_weights_copied_in_give_the_same_predictions(kind, activation):
    X, y = (X_iris, y_iris) if kind == "MLPClassifier" else (X_numbers, y_numbers)
    settings = {"hidden_layer_sizes": (9, 4), "activation": activation, "max_iter": 20}
    theirs = getattr(neural_network, kind)(random_state=1, **settings).fit(X, y)
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[kind](
        random_state=2, **settings
    ).fit(X, y)
    ours.coefs_, ours.intercepts_ = theirs.coefs_, theirs.intercepts_
    name = "predict_proba" if kind == "MLPClassifier" else "predict"
    np.testing.assert_allclose(getattr(ours, name)(X), getattr(theirs, name)(X), rtol=1e-12)


def test_parameters_are_live(model):
    model = copy.deepcopy(model)
    before = model.predict_proba(X_iris)
    assert isinstance(model.coefs_, list)
    assert [W.shape for W in model.coefs_] == [(4, 8), (8, 5), (5, 3)]
    assert [b.shape for b in model.intercepts_] == [(8,), (5,), (3,)]
    model.network_[0].weights[:] = 0
    assert not model.coefs_[0].any()
    model.coefs_[0][:] = 1
    assert (model.network_[0].weights == 1).all()
    model.coefs_[0] = np.full((4, 8), 2)
    assert (model.network_[0].weights == 2).all()
    model.coefs_[1:] = [np.ones((8, 5)), np.ones((5, 3))]
    model.intercepts_ = [np.zeros(8), np.zeros(5), np.arange(3)]
    assert (model.network_[2].biases == [0, 1, 2]).all()
    model.coefs_ = [W + 1 for W in model.coefs_]
    assert (model.network_[0].weights == 3).all()
    assert not np.allclose(model.predict_proba(X_iris), before)


def test_parameters_of_another_shape_are_refused(model):
    before = model.network_.copy()
    with pytest.raises(ValueError, match=r"\[coefs_\] expected arrays of the shapes"):
        model.coefs_ = [np.zeros((4, 8)), np.zeros((8, 5)), np.zeros((5, 4))]
    with pytest.raises(ValueError, match=r"\[intercepts_\[1\]\] expected arrays of the shapes"):
        model.intercepts_[1] = np.zeros(4)
    assert model.network_ == before


def test_copies_of_parameters_are_lists(model):
    for copied in (pickle.loads(pickle.dumps(model.coefs_)), copy.deepcopy(model.coefs_)):
        assert type(copied) is list
        copied[0][:] = 0
        copied[0] = np.zeros(1)
    assert model.coefs_[0].any()


def test_parameters_without_a_fit(model):
    bare = MLPRegressor(hidden_layer_sizes=(8, 5))
    assert not hasattr(bare, "coefs_")
    bare.coefs_, bare.intercepts_ = list(model.coefs_), list(model.intercepts_)
    bare.out_activation_, bare._targets = "softmax", model._targets
    assert np.array_equal(bare._outputs(X_iris), model.predict_proba(X_iris))
    assert bare.fit(X_numbers, y_numbers).network_.widths == (6, 8, 5, 2)


# Predictions


def test_a_prediction_leaves_no_trace(model):
    before = dict(vars(model))
    model.predict(X_iris)
    model.predict(X_iris.tolist())
    assert vars(model) == before


def test_what_is_refused(model):
    for wrong, message in (
        (X_iris[:, :3], "X has 3 features, but MLPClassifier is expecting 4 features as input"),
        (X_iris[0], "Reshape your data"),
        (X_iris[:0], "Found array with 0 sample"),
        (np.full((1, 4), np.nan), "Input X contains NaN"),
        (np.full((1, 4), np.inf), "Input X contains infinity"),
        (X_iris + 1j, "Complex data not supported"),
        ([["a"] * 4], "could not convert string to float"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(wrong)
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(X_iris)


def test_arrays_of_all_kinds_give_the_same(model):
    expected = model.predict_proba(X_iris)
    for X in (X_iris.tolist(), np.asfortranarray(X_iris), X_iris.astype(object), X_iris[::-1][::-1],
              np.repeat(X_iris, 2, axis=1)[:, ::2]):  # fmt: skip
        assert np.array_equal(model.predict_proba(X), expected)
    for row in range(0, 150, 29):
        assert np.array_equal(model.predict_proba(X_iris[row : row + 1]), expected[row : row + 1])
    single = model.predict_proba(X_iris.astype(np.float32))
    np.testing.assert_allclose(single, expected, rtol=1e-5)


def test_threads_may_predict_at_once(model):
    expected = model.predict_proba(X_iris)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: model.predict_proba(X_iris), range(40)))
    assert all(np.array_equal(one, expected) for one in found)


# Copies


@BOTH
def test_copies(Estimator, tmp_path):
    model = Estimator(hidden_layer_sizes=5, random_state=0, max_iter=4, batch_size=50).fit(
        X_iris, y_iris
    )
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), mapped):
        assert np.array_equal(copied.predict(X_iris), model.predict(X_iris))
        assert copied.network_ == model.network_
        copied.partial_fit(X_iris, y_iris)  # with the optimizer's state
        twin = pickle.loads(pickle.dumps(model)).partial_fit(X_iris, y_iris)
        assert copied.network_ == twin.network_ != model.network_
    assert not hasattr(clone(model), "network_")


def test_parameters_are_stored_as_they_are():
    settings = {"hidden_layer_sizes": [object()], "alpha": "junk", "callbacks": object()}
    model = MLPClassifier(**settings)
    assert all(getattr(model, name) is value for name, value in settings.items())
    ours = MLPRegressor().get_params()
    theirs = neural_network.MLPRegressor().get_params()
    assert {name: ours[name] for name in theirs if name in ours} == {
        name: value for name, value in theirs.items() if name in ours
    }


@pytest.mark.uninstrumented
def test_imports():
    program = """
import sys, wbcore as wb
assert "sklearn" not in sys.modules and "scipy" not in sys.modules
assert wb.sklearn.MLPClassifier.__name__ == "MLPClassifier"
assert "sklearn.neural_network" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.uninstrumented
def test_without_scikit_learn():
    program = """
import sys
sys.modules["sklearn"] = None
import wbcore as wb
try:
    wb.sklearn
except ImportError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout.startswith("[wbcore.sklearn] expected scikit-learn, which could not be")
    assert run.stdout.strip().endswith("pip install 'wbcore-nn[sklearn]'")
