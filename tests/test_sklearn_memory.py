"""What estimators need beside a large table: no copy of it, and no look at each row by itself."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from wbcore.sklearn import MLPClassifier, TabularClassifier
from wbcore.sklearn.distinct import _kinds_at_least, distinct
from wbcore.sklearn.inputs import Filling

NAN = float("nan")


def with_copies(share, dtype=np.float64, rows=200):
    """Rows of which a share are copies of others."""
    draw = np.random.default_rng(0)
    X = (draw.normal(0, 9, (rows, 4)) * (draw.random((rows, 4)) < 0.7)).astype(dtype)
    X[:, 0] = 1 + np.arange(rows) % 120
    X[:, 1] = np.arange(rows) // 120
    count = round(share * rows)
    X[rows - count :] = X[:count]
    y = np.arange(rows) % 3
    y[rows - count :] = y[:count]
    return X, y


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8])
@pytest.mark.parametrize("share", [0.0, 0.24, 0.25, 0.26, 0.5])
def test_kinds_of_rows_are_counted_in_either_form(share, dtype):
    X, y = with_copies(share, dtype)
    kinds = 200 - round(share * 200)
    for given in (X, sparse.csr_matrix(X)):
        assert _kinds_at_least(given, y) == kinds
        found = distinct(given, y, None)
        assert (found is None) == (share < 0.25)
        if found is not None:
            assert len(found[0]) == kinds
            assert found[1].sum() == 200


def test_targets_zeros_and_places_tell_rows_apart():
    X = np.array([[0.0, 1.0], [1.0, 0.0], [-0.0, 1.0], [0.0, 1.0]])
    for given in (X, sparse.csr_matrix(X)):
        assert _kinds_at_least(given, np.zeros(4)) == 2
        assert _kinds_at_least(given, np.array([0, 0, 0, 1])) == 3
        assert _kinds_at_least(given, np.array([[0.0, 1], [0, 1], [0, 1], [0, 2]])) == 3


def test_means_do_not_depend_on_the_size_of_blocks(monkeypatch):
    draw = np.random.default_rng(0)
    X, weights = draw.normal(1e6, 1, (500, 3)), draw.random(500)
    X[draw.random(X.shape) < 0.1] = NAN
    X[:, 2] = X[0, 1]
    for given in (X, sparse.csr_matrix(X)):
        whole = Filling(given, weights, indicates=True)
        monkeypatch.setattr("wbcore.sklearn.inputs._AT_ONCE", 7)
        blocks = Filling(given, weights, indicates=True)
        monkeypatch.undo()
        assert np.array_equal(whole.means, blocks.means)
        assert blocks.flagged.tolist() == whole.flagged.tolist() == [0, 1]
    expected = np.average(X[~np.isnan(X[:, 0]), 0], weights=weights[~np.isnan(X[:, 0])])
    assert whole.means[0] == pytest.approx(expected, rel=1e-14)


def test_gaps_are_filled_block_by_block(monkeypatch):
    X, y = with_copies(0)
    X[::3, 2] = NAN
    model = TabularClassifier((4,), epochs=2, random_state=0).fit(X, y)
    whole = model.predict_proba(X)
    monkeypatch.setattr("wbcore.tables.encoding._AT_ONCE", 7)
    monkeypatch.setattr("wbcore.sklearn.tabular._AT_ONCE", 32)
    assert np.array_equal(model.predict_proba(X), whole)
    assert np.array_equal(model.predict_proba(sparse.csr_matrix(X)), whole)


TABLES = {
    "table": (TabularClassifier((8,), epochs=1, batch_size=1000), 0.6),
    "batches": (MLPClassifier((8,), max_iter=1, batch_size=1000), 0.6),
    "rows held out": (MLPClassifier((8,), max_iter=1, batch_size=1000, early_stopping=True), 0.9),
    "all rows": (MLPClassifier((8,), solver="lbfgs", max_iter=1), 0.6),
    "gaps": (TabularClassifier((8,), epochs=1, batch_size=1000), 2.0),
}


@pytest.mark.uninstrumented
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", TABLES)
def test_a_large_table_is_not_copied(name):
    model, most = TABLES[name]
    X = np.random.default_rng(0).random((60_000, 40))  # 19 MB
    y = X[:, 0] > 0.5
    if name == "gaps":  # numbers with means in their place, and a column that tells, are a copy
        X[::7, 3] = NAN
    model.fit(X[:1500], y[:1500])  # imports
    tracemalloc.start()
    try:
        model.fit(X, y)
        fitted = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        model.predict(X)
        predicted = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fitted < most * X.nbytes
    assert predicted < most * X.nbytes
