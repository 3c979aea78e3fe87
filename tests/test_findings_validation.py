"""What is said of validation rows that are not of the training's kind, and of those that are."""

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import check, diagnose

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")

UNITS = np.array([0.2, 5, 40, 1, 300, 0.01, 8, 2])


def measured(seed=0, n=400):
    """Positive columns of many units, and classes that they tell apart."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8))
    return UNITS * (3 + x), (x[:, 0] + x[:, 1] > 0).astype(np.int64)


def scaled(X, of):
    return (X - of.mean(axis=0)) / of.std(axis=0)


def found_by_check(X, y, validation, loss=None):
    net = wb.Network.mlp([X.shape[1], 8, 2 if loss is None else 1], seed=0)
    return check(net, X, y, loss=loss, validation_data=validation).with_code("WB-VALIDATION")


def test_a_validation_that_is_not_scaled_is_found_by_both():
    X, y = measured()
    train, rest, y, y_val = X[:300], X[300:], y[:300], y[300:]
    (finding,) = found_by_check(scaled(train, train), y, (rest, y_val))
    assert finding.severity == "warning"
    assert "column 1 has mean 0, standard deviation 1 in training" in finding.evidence
    assert "scaler" in finding.advice
    assert found_by_check(train, y, (scaled(rest, train), y_val))
    assert not found_by_check(scaled(train, train), y, (scaled(rest, train), y_val))
    net = wb.Network.mlp([8, 8, 2], seed=0)
    history = net.fit(scaled(train, train), y, loss="cross_entropy", epochs=20)
    found = diagnose(net, history, scaled(train, train), y, validation_data=(rest, y_val))
    assert found.codes[0] == "WB-VALIDATION"
    assert all("WB-VALIDATION" in each.advice for each in found.with_code("WB-OVERFIT"))


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("by", range(4))
def test_rows_that_are_sorted_and_then_cut_are_of_one_kind(share, by):
    """By a column, by the target, by one thing that all columns are powers of, or by time."""
    rng = np.random.default_rng(by)
    X, y = measured(by)
    cut = int(len(X) * share)
    if by == 2:
        X = np.linspace(0, 1, len(X))[:, None] ** np.arange(1, 6)
    elif by == 3:
        X[:, :3] = np.cumsum(rng.normal(size=(len(X), 3)), axis=0)
    order = np.argsort(y if by == 1 else X[:, 0] if by < 3 else np.arange(len(X)), kind="stable")
    train, rest = order[:cut], order[cut:]
    X = scaled(X, X[train])
    assert not found_by_check(X[train], y[train], (X[rest], y[rest]))


def test_columns_of_units_that_have_nothing_in_common_are_found():
    """None is 5 deviations away, and one of eight varies 5 times as much."""
    X, y = measured()
    train, rest, y, y_val = scaled(X, X)[:300], scaled(X, X)[300:], y[:300], y[300:]
    units = np.array([0.2, 0.3, 0.15, 0.25, 0.35, 0.2, 0.3, 6.0])
    shift = np.array([2.0] * 7 + [0])
    (finding,) = found_by_check(train, y, (units * rest + shift, y_val))
    assert "8 of 8 columns lie elsewhere in validation" in finding.evidence
    narrower = units.clip(max=1)  # the last is as it was: less than nine tenths are not
    assert not found_by_check(train, y, (narrower * rest + shift, y_val))
    assert not found_by_check(train[:, :3], y, (units[-3:] * rest[:, :3], y_val))  # too few
    few = np.array([0.15, *[1] * 6, 6])  # most are as they were
    assert not found_by_check(train, y, (few * rest, y_val))


@pytest.mark.parametrize("columns", [4, 10])
def test_random_walks_that_are_cut_are_of_one_kind(columns):
    for seed in range(10):
        X = np.random.default_rng(seed).normal(size=(1000, columns)).cumsum(axis=0)
        y = np.arange(1000) % 2
        assert not found_by_check(X[:700], y[:700], (X[700:], y[700:])), seed


def test_rows_of_other_categories_are_of_one_kind():
    """Of twelve months the last three, and of five places one that the training hardly has."""
    rng = np.random.default_rng(0)
    month = np.sort(rng.integers(0, 12, 1200))
    place = np.where(month < 9, rng.choice(5, 1200, p=[0.3, 0.3, 0.3, 0.09, 0.01]), 4)
    X = np.c_[np.eye(12)[month], np.eye(5)[place], rng.normal(size=1200)]
    train, rest = month < 9, month >= 9
    y = (X[:, -1] > 0).astype(np.int64)
    assert not found_by_check(X[train], y[train], (X[rest], y[rest]))
    scaled_of_one = (X[train] - X[train].mean(axis=0)) / (X[train].std(axis=0) + 1e-9)
    assert found_by_check(scaled_of_one, y[train], (X[rest], y[rest]))


def test_targets_of_another_scale_are_found():
    X, _ = measured()
    X = scaled(X, X)
    y = X[:, 0] + X[:, 1]
    (finding,) = found_by_check(X[:300], y[:300], (X[300:], 100 + 50 * y[300:]), loss="mse")
    assert finding.numbers["targets"] == [0]
    order = np.argsort(y)
    X, y = X[order], y[order]
    assert not found_by_check(X[:300], y[:300], (X[300:], y[300:]), loss="mse")


@pytest.mark.parametrize("wrong", ["shuffled", "swapped", "right"])
def test_validation_labels_that_do_not_go_with_their_rows(wrong):
    X, y = measured(n=600)
    X = scaled(X, X)
    y_val = y[400:].copy()
    if wrong == "shuffled":
        y_val = np.random.default_rng(0).permutation(y_val)
    elif wrong == "swapped":
        y_val = 1 - y_val
    net = wb.Network.mlp([8, 8, 2], seed=0)
    history = net.fit(X[:400], y[:400], loss="cross_entropy", optimizer=wb.Adam(0.01), epochs=20)
    found = diagnose(net, history, X[:400], y[:400], validation_data=(X[400:], y_val))
    assert ("WB-VALIDATION" in found) == (wrong != "right")
    assert all("joined" in finding.advice for finding in found.with_code("WB-VALIDATION"))
