"""Searches and cross-validation: the same bits in turn, on threads, in processes and on Dask."""

import contextlib
import os
import warnings
from unittest import mock

import joblib
import numpy as np
import psutil
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - a class of the next line
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn_use import LateClassifier, bits, classes, classifier, numbers, regressor

pytestmark = [
    pytest.mark.uninstrumented,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

GRID = {"alpha": [1e-4, 1e-2, 1.0], "hidden_layer_sizes": [(3,), (12,)]}
X, Y = classes(labels=("left", "right", "top"))


@contextlib.contextmanager
def dask_cluster():
    """Two processes of one thread on this machine; all is as it was at the end."""
    distributed = pytest.importorskip("distributed")
    import dask

    # a busy machine is no reason to warn, or to give up
    settings = {"distributed.admin.tick.limit": "1 h", "distributed.comm.timeouts.connect": "2 m"}
    before = set(psutil.Process().children(recursive=True))
    own_environment = mock.patch.dict(os.environ)  # Dask sets limits of threads and of memory
    with warnings.catch_warnings(), dask.config.set(settings), own_environment:
        warnings.simplefilter("ignore")  # of its own and of the interpreter, about each other
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        )
        with cluster, distributed.Client(cluster):
            processes = set(psutil.Process().children(recursive=True)) - before
            trackers = {one for one in processes if "resource_tracker" in str(one.cmdline())}
            assert len(processes - trackers) == 2
            with joblib.parallel_config("dask"):
                yield
    _, alive = psutil.wait_procs(processes - trackers, timeout=60)
    assert not alive


def on(backend):
    """Where joblib runs what is within."""
    if backend == "serial":
        return contextlib.nullcontext()
    if backend == "dask":
        return dask_cluster()
    return joblib.parallel_config(backend, n_jobs=2)


def grid_search():
    estimator = classifier(LateClassifier, max_iter=8)
    return GridSearchCV(estimator, GRID, cv=StratifiedKFold(2), return_train_score=True)


def halving_search():
    return HalvingRandomSearchCV(
        classifier(LateClassifier),
        {"alpha": [1e-4, 1e-3, 1e-2, 1.0], "batch_size": [10, 30, 60]},
        resource="max_iter",
        n_candidates=6,
        min_resources=2,
        max_resources=18,
        factor=3,
        cv=StratifiedKFold(2),
        random_state=0,
    )


def found_by(search):
    """Everything that a search has found, to the bit."""
    search.fit(X, Y)
    best = search.best_estimator_.predict_proba(X).tobytes()
    return search.cv_results_["params"], bits(search.cv_results_), best, search.best_params_


@pytest.fixture(scope="module")
def found_in_turn():
    return found_by(grid_search()), found_by(halving_search())


@pytest.mark.parametrize("backend", ["threading", "loky", "dask"])
def test_a_search_finds_the_same_everywhere(backend, found_in_turn):
    with on(backend):
        assert (found_by(grid_search()), found_by(halving_search())) == found_in_turn


@pytest.mark.parametrize("workers", [1, 3, 5])
def test_a_search_finds_the_same_with_any_number_of_workers(workers, found_in_turn):
    with joblib.parallel_config("threading", n_jobs=workers):
        assert found_by(grid_search()) == found_in_turn[0]


def test_a_grid_search_is_its_fits(found_in_turn):
    """Each candidate and fold, fitted and scored by hand."""
    params, found, best, best_params = found_in_turn[0]
    folds = list(StratifiedKFold(2).split(X, Y))
    scores = np.empty((len(folds), len(params)))
    for c, candidate in enumerate(params):
        for f, (train, test) in enumerate(folds):
            model = classifier(max_iter=8, **candidate).fit(X[train], Y[train])
            scores[f, c] = np.mean(model.predict(X[test]) == Y[test])
    assert [found[f"split{f}_test_score"] for f in range(2)] == [row.tobytes() for row in scores]
    assert best_params == params[scores.mean(axis=0).argmax()]
    model = classifier(max_iter=8, **best_params).fit(X, Y)
    assert model.predict_proba(X).tobytes() == best
    assert scores.max() > scores.min()


def test_halving_goes_on_with_the_better_third(found_in_turn):
    params, found, _, best_params = found_in_turn[1]
    iteration = np.frombuffer(found["iter"], int)
    scores = np.frombuffer(found["mean_test_score"])
    assert np.bincount(iteration).tolist() == [6, 2]
    assert np.frombuffer(found["n_resources"], int).tolist() == [2] * 6 + [6] * 2
    first = sorted(zip(scores[:6], range(6), strict=True))
    survivors = [dict(params[i], max_iter=6) for _, i in first[-2:]]
    assert sorted(map(str, params[6:])) == sorted(map(str, survivors))
    assert best_params == params[6 + scores[6:].argmax()]


def test_cross_validate():
    """Several scores, of both parts, and the estimators."""
    folds = KFold(3, shuffle=True, random_state=1)
    X, y = numbers()
    result = cross_validate(
        regressor(),
        X,
        y,
        cv=folds,
        scoring=("r2", "neg_mean_absolute_error"),
        return_train_score=True,
        return_estimator=True,
    )
    for f, (train, test) in enumerate(folds.split(X)):
        by_hand = regressor().fit(X[train], y[train])
        for part, rows in (("train", train), ("test", test)):
            predicted = by_hand.predict(X[rows])
            assert result["estimator"][f].predict(X[rows]).tobytes() == predicted.tobytes()
            r2 = 1 - np.sum((y[rows] - predicted) ** 2) / np.sum((y[rows] - y[rows].mean()) ** 2)
            assert result[f"{part}_r2"][f] == pytest.approx(r2, rel=1e-12)
            absolute = -np.mean(np.abs(y[rows] - predicted))
            found = result[f"{part}_neg_mean_absolute_error"][f]
            assert found == pytest.approx(absolute, rel=1e-12)
    assert result["test_r2"].min() > 0.5


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_cross_val_predict(method):
    """Each row by the model that has not seen it."""
    folds = StratifiedKFold(3)
    found = cross_val_predict(classifier(), X, Y, cv=folds, method=method)
    for train, test in folds.split(X, Y):
        model = classifier().fit(X[train], Y[train])
        assert getattr(model, method)(X[test]).tobytes() == found[test].tobytes()


def test_cross_validate_on_two_threads_and_in_two_processes():
    models = [clone(classifier(LateClassifier, alpha=alpha)) for alpha in (1e-4, 1.0)]
    for model in models:
        expected = bits(cross_validate(model, X, Y, cv=4, scoring="neg_log_loss"))
        for backend in ("threading", "loky"):
            with joblib.parallel_config(backend, n_jobs=2):
                found = cross_validate(model, X, Y, cv=4, scoring="neg_log_loss")
            assert bits(found) == expected
