"""Sparse tables: what the estimators learn from them is what an array of the same numbers gives."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy import sparse

import wbcore as wb
from wbcore.sklearn import TabularClassifier, TabularRegressor
from wbcore.sklearn.distinct import distinct
from wbcore.tables import Encoding, Table
from wbcore.tables.moments import moments

NAN = float("nan")


def numbers(rows=90, columns=7, gaps=0.0, dtype=np.float64, seed=0):
    """A fifth of which is not 0, columns of it missing in places, one altogether."""
    rng = np.random.default_rng(seed)
    X = rng.normal(2, 9, (rows, columns)) * (rng.random((rows, columns)) < 0.2)
    if gaps:
        X[rng.random(X.shape) < gaps] = NAN
        X[:, 4] = NAN
        X[:3, 5] = NAN
    return X.astype(dtype)


def labels(X):
    return (np.nan_to_num(X.astype(float)).sum(axis=1) > 2).astype(int) + (np.arange(len(X)) % 2)


def quick(kind=TabularClassifier, **options):
    return kind((8,), **{"epochs": 4, "random_state": 0, "batch_size": 16, **options})


def matrices(X):
    """In every format, and rows whose columns do not ascend, or come twice."""
    kinds = ["csr_matrix", "csr_array", "csc_array", "coo_matrix", "lil_matrix", "dok_array"]
    yield from (getattr(sparse, kind)(X) for kind in [*kinds, "bsr_matrix"])
    falling = sparse.csr_matrix(X)
    for start, end in zip(falling.indptr, falling.indptr[1:], strict=False):
        falling.indices[start:end] = falling.indices[start:end][::-1].copy()
        falling.data[start:end] = falling.data[start:end][::-1].copy()
    falling.has_sorted_indices = False
    yield falling
    found = sparse.coo_matrix(X)
    halves = np.concatenate([found.data / 2] * 2)
    places = np.tile(found.row, 2), np.tile(found.col, 2)
    yield sparse.coo_matrix((halves, places), shape=X.shape)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_every_format_gives_what_an_array_gives(gaps):
    X = numbers(gaps=gaps)
    y = labels(X)
    dense = quick().fit(X, y)
    assert len(dense.encoder_.names) == (13 if gaps else 7)
    for given in matrices(X):
        model = quick().fit(given, y)
        assert model.network_ == dense.network_
        assert model.encoder_ == dense.encoder_
        assert np.array_equal(model.predict_proba(given), dense.predict_proba(X))
        assert np.array_equal(model.predict_proba(X), dense.predict_proba(given))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint8, np.int64, np.bool_])
def test_every_type_gives_what_an_array_gives(dtype):
    X = numbers(dtype=dtype)
    y = labels(X)
    dense, model = quick().fit(X, y), quick().fit(sparse.csr_matrix(X), y)
    assert model.network_ == dense.network_
    given = model.predict_proba(sparse.csr_matrix(X))
    assert given.dtype == dense.predict_proba(X).dtype
    assert np.array_equal(given, dense.predict_proba(X))


@pytest.mark.parametrize(
    "options",
    [
        {"early_stopping": True, "validation_fraction": 0.3},
        {"dropout": 0.2},
        {"missing": "mean"},
        {"dtype": "float64"},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
def test_every_way_of_fitting_gives_what_an_array_gives(options):
    X = numbers(gaps=0.1)
    X[40:] = X[:50]  # copies, which are put together
    y, weights = labels(X), np.arange(90) % 3
    dense = quick(**options).fit(X, y, weights)
    model = quick(**options).fit(sparse.csr_array(X), y, weights)
    assert model.network_ == dense.network_
    assert model.history_ == dense.history_


def test_numbers_are_learned_from_and_targets_scaled():
    X = numbers(400, 5)
    y = 3 * X[:, 0] - X[:, 1] + 100
    rows = sparse.csr_matrix(X)
    model = quick(TabularRegressor, epochs=60).fit(rows, y)
    assert model.score(rows, y) > 0.9
    assert model.network_ == quick(TabularRegressor, epochs=60).fit(X, y).network_


def test_parts_are_the_whole():
    X = numbers(gaps=0.1)
    y, rows = labels(X), sparse.csr_matrix(X)
    model = quick()._train_until(rows, y, 1)._train_until(rows, y, 3)
    model = pickle.loads(pickle.dumps(model))._train_until(rows, y, 4)
    assert model.network_ == quick().fit(rows, y).network_


def test_a_search_goes_over_them():
    X = numbers()
    y, options = labels(X), {"n_candidates": 2, "cv": 2, "seed": 0}
    space = {"dropout": [0.0, 0.2]}
    found = wb.search(quick(), space, sparse.csr_matrix(X), y, **options)
    assert found.best_score_ == wb.search(quick(), space, X, y, **options).best_score_


def test_files_keep_what_they_take(tmp_path):
    X = numbers(gaps=0.1)
    rows = sparse.csr_matrix(X)
    model = quick().fit(rows, labels(X))
    model.save(tmp_path / "a.safetensors")
    again = TabularClassifier.load(tmp_path / "a.safetensors")
    assert np.array_equal(again.predict_proba(rows), model.predict_proba(rows))


def test_zeros_count_in_moments():
    X = numbers(700, gaps=0.1)
    weights = np.arange(1.0, 701.0)
    of_sparse = moments(sparse.csr_array(X), weights)
    for dense, found in zip(moments(X, weights), of_sparse, strict=True):
        assert np.array_equal(dense, found)
    assert moments(sparse.csr_array([[0.0, 4.0], [0.0, 0.0]])).mean.tolist() == [0, 2]


def test_a_table_of_other_kinds_takes_the_numbers_of_a_sparse_one():
    table = np.array([["0", 1.5], ["3", 0.0]] * 3, object)
    encoding = Encoding.fit(table, categories=[0])
    given = encoding.apply(sparse.csr_matrix([[3.0, 0.0], [0.0, 1.5]]))
    assert given.tolist() == [[0, 1, 0], [1, 0, 1.5]]
    assert Table(sparse.csr_matrix([[3.0, 0.0]]), "fit").column(1).numbers.tolist() == [0]


def test_no_zero_is_another_zero():
    rows = sparse.csr_matrix(np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]]))
    signed = rows.copy()
    signed.data[1] *= -0.0
    y, weights = np.zeros(3), np.array([1.0, 2.0, 3.0])
    found, dense = (distinct(X, y, weights) for X in (signed, signed.toarray()))
    assert found[0].tolist() == dense[0].tolist()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X: X.astype(complex), "Complex data not supported"),
        (lambda X: X * np.inf, r"\[fit\] expected finite numbers in column 'x1', got -?inf in row"),
        (lambda X: X[:0], r"Found array with 0 sample\(s\) \(shape=.* required by TabularClass"),
        (lambda X: X[:, :0], r"Found array with 0 feature\(s\)"),
    ],
)
def test_what_is_refused(change, text):
    X = numbers()
    X[0, 0], X[0, 1] = 0, 5
    rows = change(sparse.csr_matrix(X))
    with pytest.raises(ValueError, match=text):
        quick().fit(rows, np.zeros(rows.shape[0]))


def test_missing_and_categories_that_are_refused():
    X = numbers()
    X[7, 3] = X[5, 3] = X[2, 6] = NAN
    rows = sparse.csr_matrix(X)
    with pytest.raises(
        ValueError, match=r"got one in column 'x3' in row 6 .*: Input X contains NaN"
    ):
        quick(missing="error").fit(rows, labels(X))
    model = quick(missing="error").fit(numbers(), labels(X))
    with pytest.raises(ValueError, match=r"^\[predict\] expected no missing .* 'x3' in row 6"):
        model.predict(rows)
    with pytest.raises(ValueError, match=r"expected categories='auto' with a sparse X"):
        quick(categories=[1]).fit(rows, labels(X))
    with pytest.raises(ValueError, match="X has 6 features, but TabularClassifier is expecting 7"):
        model.predict(rows[:, :6])


@pytest.mark.uninstrumented
def test_a_sparse_table_never_becomes_dense():
    rows = sparse.random(4000, 3000, 0.001, "csr", random_state=0)  # 96 MB as an array
    y = np.arange(4000) % 2
    tracemalloc.start()
    try:
        model = quick(epochs=1, batch_size=200).fit(rows, y)
        model.predict(rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30e6
