"""Estimators of tables in scikit-learn's tools: raw columns go in, whatever is around."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn_use import bits, frames, numbers, table

from wbcore.sklearn import TabularClassifier, TabularRegressor

pd = pytest.importorskip("pandas")

# what scikit-learn, pandas and polars of different years say about each other
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

COLUMNS, Y = table()
FRAME = pd.DataFrame(COLUMNS)
FOLDS = StratifiedKFold(2)


def classifier(**parameters):
    options = {"hidden_layer_sizes": (8,), "epochs": 6, "random_state": 0, **parameters}
    return TabularClassifier(**options)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search(n_jobs):
    """Each fold by hand; on threads the same bits."""
    search = GridSearchCV(classifier(), {"l2": [0.0, 0.1]}, cv=FOLDS)
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        found = bits(search.fit(FRAME, Y).cv_results_)
    for f, (train, test) in enumerate(FOLDS.split(FRAME, Y)):
        models = [classifier(l2=l2).fit(FRAME.iloc[train], Y[train]) for l2 in (0.0, 0.1)]
        scores = [np.mean(model.predict(FRAME.iloc[test]) == Y[test]) for model in models]
        assert found[f"split{f}_test_score"] == np.asarray(scores).tobytes()


def test_a_search_in_processes():
    model = classifier(epochs=2)
    with joblib.parallel_config("loky", n_jobs=2):
        found = cross_val_predict(model, FRAME, Y, cv=FOLDS, method="predict_proba")
    for train, test in FOLDS.split(FRAME, Y):
        expected = clone(model).fit(FRAME.iloc[train], Y[train]).predict_proba(FRAME.iloc[test])
        assert found[test].tobytes() == expected.tobytes()


def test_importance_of_raw_columns():
    model = classifier(epochs=60).fit(FRAME, Y)
    found = permutation_importance(model, FRAME, Y, n_repeats=2, random_state=0).importances
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max + 1)
    draw, rows = np.random.RandomState(seed), np.arange(len(Y))
    draw.shuffle(rows)
    shuffled = FRAME.assign(kind=COLUMNS["kind"][rows])
    loss = model.score(FRAME, Y) - model.score(shuffled, Y)
    assert found[1, 0] == pytest.approx(loss, abs=1e-12)
    assert found[:2].min() > 0.1 > found[2].max()  # the third column says nothing


def test_votes():
    parts = [(f"net{seed}", classifier(random_state=seed)) for seed in range(2)]
    voting = VotingClassifier(parts, voting="soft").fit(FRAME, Y)
    codes = (Y == "yes").astype(int)
    mean = np.mean([p.fit(FRAME, codes).predict_proba(FRAME) for _, p in parts], axis=0)
    np.testing.assert_allclose(voting.predict_proba(FRAME), mean, rtol=1e-12)


def test_frames_of_polars():
    module = frames("polars")
    model = classifier().fit(FRAME, Y)
    other = classifier().fit(module.DataFrame(COLUMNS), Y)
    assert list(other.feature_names_in_) == list(FRAME)
    expected = model.predict_proba(FRAME).tobytes()
    assert other.predict_proba(module.DataFrame(COLUMNS)).tobytes() == expected


@pytest.mark.parametrize("how", ["pickle", "joblib", "map", "skops"])
def test_what_is_stored_predicts_the_same(how, tmp_path):
    model = classifier().fit(FRAME, Y)
    path = tmp_path / "model"
    if how == "pickle":
        loaded = pickle.loads(pickle.dumps(model))
    elif how == "skops":
        io = pytest.importorskip("skops.io")
        data = io.dumps(model)
        names = io.get_untrusted_types(data=data)
        assert all(name.startswith(("wbcore.", "numpy.")) for name in names), names
        loaded = io.loads(data, trusted=names)
    else:
        joblib.dump(model, path)
        loaded = joblib.load(path, mmap_mode="r" if how == "map" else None)
    assert loaded.get_params() == model.get_params()
    assert loaded.predict_proba(FRAME).tobytes() == model.predict_proba(FRAME).tobytes()
    assert loaded.history_.loss == model.history_.loss
    assert clone(loaded).fit(FRAME, Y).predict(FRAME).tolist() == model.predict(FRAME).tolist()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_monitor_scores_what_shorter_fits_give(early_stopping):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    options = {"early_stopping": early_stopping, "schedule": None, "optimizer": "adam"}
    model = classifier(epochs=4, **options).set_callbacks(monitor).fit(FRAME, Y)
    rows = monitor.get_logs().data
    found = [row["neg_log_loss"] for row in rows if row["task_name"] == "epoch"]
    codes = (Y == "yes").astype(int)
    assert len(found) == model.n_iter_ == 4
    said = model.predict_proba(FRAME)[np.arange(len(Y)), codes]
    assert found[-1] == pytest.approx(np.log(said).mean(), rel=1e-6)
    assert found[-1] == rows[0]["neg_log_loss"]
    assert len(set(found)) == 4


def test_a_regressor_among_tools():
    X, y = numbers()
    model = TabularRegressor(hidden_layer_sizes=(8,), epochs=60, random_state=0)
    found = cross_val_predict(model, X, y, cv=3)
    assert 1 - np.mean((found - y) ** 2) / y.var() > 0.8
    first = np.arange(len(X)) < 40
    by_hand = clone(model).fit(X[~first], y[~first]).predict(X[first])
    assert found[first].tobytes() == by_hand.tobytes()
