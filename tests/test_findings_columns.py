"""Columns of the inputs that `check` and `diagnose` name, and those of one value."""

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import check, diagnose

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


def images(n=200, size=20):
    """Pixels from 0 to 1; the first five are background in all of them."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 17, size=(n, size)) / 16
    X[0], X[1], X[:, :5] = 0, 1, 0
    return X


def constant(found):
    return [(f.severity, f.numbers["columns"]) for f in found.with_code("WB-CONSTANT")]


@pytest.mark.parametrize(
    ("shift", "scale"), [(0.0, 1.0), (0.5, 0.5), (0.1307, 0.3081), (1.0, -1.0)]
)
def test_a_background_is_a_note_whatever_the_images_were_scaled_by(shift, scale):
    X = ((images() - shift) / scale).astype(np.float32)
    net = wb.Network.mlp([20, 8, 2], seed=0)
    assert constant(check(net, X, X[:, 9] > X[:, 10])) == [("note", [0, 1, 2, 3, 4])]


def test_one_value_in_a_table_is_a_warning():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 6))
    X[:, 1], X[:, 4] = 3.0, 0.0
    net = wb.Network.mlp([6, 8, 2], seed=0)
    found = check(net, X, X[:, 0] > 0)
    assert constant(found) == [("warning", [1]), ("note", [4])]
    assert "column 1 has one value in all 100 rows: 3 in column 1" in str(found)
    assert "column 4 has one value in all 100 rows: 0" in str(found)
    X[0, 0] = X[:, 0].max()
    X[:, 1] = X[0, 0]  # the greatest of one column of four
    assert constant(check(net, X, X[:, 2] > 0))[0] == ("warning", [1])


def test_a_column_without_weight_does_no_harm_after_a_training():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    X[:, 1] = 3.0
    net = wb.Network.mlp([3, 8, 2], seed=0)
    net[0].weights[1] = 0
    assert constant(check(net, X, X[:, 0] > 0)) == [("warning", [1])]
    assert constant(diagnose(net, None, X, X[:, 0] > 0, loss="cross_entropy")) == []
    net[0].weights[1, 2] = 1e-6
    found = diagnose(net, None, X, X[:, 0] > 0, loss="cross_entropy")
    assert constant(found) == [("warning", [1])]
