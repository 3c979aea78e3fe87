"""Models that are cloned, copied, pickled, dumped with maps of memory, and stored by skops."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn_use import classes, classifier, numbers, regressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = classes(labels=("left", "right", "top"))
PARAMETERS = {"hidden_layer_sizes": (6, 5), "activation": "tanh", "alpha": 0.01, "max_iter": 9}


@pytest.fixture(scope="module")
def fitted():
    return classifier(**PARAMETERS).fit(X, Y)


def assert_same(one, other):
    """Parameters, curves and predictions, to the bit."""
    assert one.get_params() == other.get_params()
    assert one.n_iter_ == other.n_iter_
    assert one.loss_curve_ == other.loss_curve_
    assert one.classes_.tolist() == other.classes_.tolist()
    for name in ("coefs_", "intercepts_"):
        arrays, others = getattr(one, name), getattr(other, name)
        assert [array.tobytes() for array in arrays] == [array.tobytes() for array in others]
    assert one.predict_proba(X).tobytes() == other.predict_proba(X).tobytes()
    assert one.predict(X).tolist() == other.predict(X).tolist()


def test_a_clone_has_the_parameters_and_nothing_else(fitted):
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    assert [name for name in vars(copied) if name.endswith("_")] == []
    with pytest.raises(NotFittedError):
        copied.predict(X)
    assert_same(copied.fit(X, Y), fitted)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(fitted, protocol):
    assert_same(pickle.loads(pickle.dumps(fitted, protocol)), fitted)


def test_a_pickle_that_is_not_fitted():
    loaded = pickle.loads(pickle.dumps(classifier(**PARAMETERS)))
    assert loaded.get_params() == classifier(**PARAMETERS).get_params()


@pytest.mark.parametrize("copies", [copy.copy, copy.deepcopy])
def test_copies(fitted, copies):
    assert_same(copies(fitted), fitted)


def test_a_deep_copy_is_trained_alone(fitted):
    before = fitted.predict_proba(X).tobytes()
    copied = copy.deepcopy(fitted).partial_fit(X, Y)
    assert copied.predict_proba(X).tobytes() != before
    assert fitted.predict_proba(X).tobytes() == before


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_what_is_loaded_goes_on_as_what_was_stored(solver):
    """The optimizer's state and the draws go with it."""
    model = classifier(solver=solver).partial_fit(X, Y, classes=np.unique(Y))
    loaded = pickle.loads(pickle.dumps(model))
    for _ in range(3):
        model.partial_fit(X, Y)
        loaded.partial_fit(X, Y)
    assert_same(loaded, model)


def test_a_warm_start_goes_on_from_a_pickle():
    model = classifier(warm_start=True, max_iter=4).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    assert_same(loaded.fit(X, Y), model.fit(X, Y))


@pytest.mark.parametrize("mmap_mode", [None, "r", "r+", "c"])
def test_joblib(fitted, tmp_path, mmap_mode):
    path = tmp_path / "model.joblib"
    joblib.dump(fitted, path)
    assert_same(joblib.load(path, mmap_mode=mmap_mode), fitted)


def test_a_model_in_a_map_can_be_trained_again(fitted, tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(fitted, path)
    stored = path.read_bytes()
    loaded = joblib.load(path, mmap_mode="r")
    assert_same(loaded.fit(X, Y), fitted)
    assert path.read_bytes() == stored


def test_compressed(fitted, tmp_path):
    path = tmp_path / "model.joblib.gz"
    joblib.dump(fitted, path, compress=3)
    assert_same(joblib.load(path), fitted)


def test_data_in_a_map(tmp_path):
    """As joblib's processes are given large arrays: nobody may write there."""
    joblib.dump((X, Y), tmp_path / "data")
    mapped, y = joblib.load(tmp_path / "data", mmap_mode="r")
    assert not mapped.flags.writeable
    assert_same(classifier(**PARAMETERS).fit(mapped, y), classifier(**PARAMETERS).fit(X, Y))


def test_a_pipeline_in_a_file(tmp_path):
    A, b = numbers()
    model = make_pipeline(StandardScaler(), regressor()).fit(A, b)
    joblib.dump(model, tmp_path / "model")
    loaded = joblib.load(tmp_path / "model", mmap_mode="r")
    assert loaded.predict(A).tobytes() == model.predict(A).tobytes()


def test_skops(fitted):
    """Names the types that it does not know, and loads when they are trusted."""
    io = pytest.importorskip("skops.io")
    data = io.dumps(fitted)
    unknown = io.get_untrusted_types(data=data)
    loaded = io.loads(data, trusted=unknown)
    assert_same(loaded, fitted)
    assert all(name.startswith(("wbcore.", "sklearn.")) for name in unknown), unknown
