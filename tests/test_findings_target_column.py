"""A column that is the target is found, and one that merely tells it is not."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets

import wbcore as wb
from wbcore.inspect import check, diagnose

CODE = "WB-TARGET-COLUMN"


def found(X, y, outputs=1, loss="mse", **options):
    net = wb.Network.mlp([X.shape[1], 8, outputs], seed=0, **options)
    return check(net, X, y, loss=loss).with_code(CODE)


def of_classes(X, y):
    return found(X, y, int(y.max()) + 1, "cross_entropy")


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(200, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("line", [(1, 0), (-3.7, 1e3), (1e-6, 0), (1e8, 5)])
def test_numbers_in_another_unit(X, line, dtype):
    y = X @ [1, 2, 0, 0] + np.random.default_rng(1).normal(size=200)
    X[:, 2] = line[0] * y + line[1]
    (finding,) = found(X.astype(dtype), y.astype(dtype), dtype=dtype)
    assert finding.severity == "warning"
    assert finding.numbers == {"columns": [2], "how_many": 1}
    assert finding.evidence.startswith("column 2 is the target, times a number and plus another, i")
    assert found(sparse.csr_array(X), y)
    assert not found(X[:, 2:3], y)  # the one column that there is
    assert not found(X[:19], y[:19])


def test_rounded_numbers_are_a_note(X):
    y = X @ [1, 2, 3, 4]
    X[:, 1] = np.round(y, 2)
    (finding,) = found(X, y)
    assert finding.severity == "note"
    assert finding.advice
    assert "but for 0.001 of its" in finding.evidence
    X[:, 1] = np.round(y, 1)
    assert not found(X, y)


@pytest.mark.parametrize("names", [(0, 1), (3, -7)])
def test_two_classes_by_other_names(X, names):
    y = (X[:, 0] > 0).astype(int)
    assert not of_classes(X, y)  # a bound tells them, too
    X[:, [1, 3]] = np.array(names)[y][:, None]
    (finding,) = of_classes(X, y)
    assert finding.numbers["columns"] == [1, 3]
    assert finding.severity == "warning"
    net = wb.Network.mlp([4, 8, 1], seed=0)
    history = net.fit(X, y, loss="binary_cross_entropy", epochs=2)
    assert CODE in diagnose(net, history, X, y)
    X[17, [1, 3]] = X[18, [1, 3]] + X[19, [1, 3]] + 1
    assert not of_classes(X, y)


@pytest.mark.parametrize("classes", [3, 5])
def test_classes_as_a_number_or_as_columns_of_one_each(classes):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(200, 2)), rng.permutation(200) % classes
    of_each = (y[:, None] == np.arange(classes)).astype(float)
    (finding,) = of_classes(np.hstack([X, rng.permutation(classes)[y][:, None]]), y)
    assert finding.numbers["columns"] == [2]
    for some in (of_each, of_each[:, 1:], 1 - of_each):
        (finding,) = of_classes(np.hstack([X, some]), y)
        assert finding.numbers["how_many"] == some.shape[1]
        assert "one value for one class and another for all others" in finding.evidence
    assert not of_classes(np.hstack([X, of_each[:, 2:]]), y)  # mammals alone have milk
    two_bits = np.column_stack([y % 2, y // 2])
    assert not of_classes(np.hstack([X, two_bits]), y) or classes == 3


def test_few_rows_may_agree_by_chance():
    y = (np.arange(200) == 7).astype(int)
    X = np.random.default_rng(0).normal(size=(200, 50))
    X[:, 3] = y
    assert not of_classes(X, y)
    y[:5] = X[:5, 3] = 1
    assert of_classes(X, y)


def test_what_tells_the_target_is_none(X):
    rng = np.random.default_rng(3)
    y = rng.normal(size=200)
    X[:, 0] = y + 0.01 * rng.normal(size=200)
    X[:, 1] = np.exp(y)
    X[:, 2], X[:, 3] = rng.normal(size=200), np.ones(200)
    assert not found(X, y)
    y[5], X[5, 2] = 1e9, 2e9  # the same row is far from all others
    assert not found(X, y)
    assert not found(X, X, 4)  # an autoencoder
    assert not found(X, np.full(200, 3.0))
    walk = np.cumsum(rng.normal(size=201))
    assert not found(np.column_stack([walk[:-1], X[:, 3]]), walk[1:])


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_real_data_have_none(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    assert not (found(X, y) if name == "diabetes" else of_classes(X, y))
