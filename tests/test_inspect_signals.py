"""The table of activations against NumPy, and its gradients against those of a fit."""

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import activations, passes, signals


def network(last="identity", dtype="float64", bias=True):
    layers = [
        wb.Dense(5, 6, "tanh", dropout=0.3, bias=bias),
        wb.Dense(6, 1, "elu", bias=bias),
        wb.Dense(1, 4, "relu", bias=bias),
        wb.Dense(4, 3, last, bias=bias),
    ]
    net = wb.Network(layers, seed=5, dtype=dtype)
    net.parameters[:] *= 2
    return net


@pytest.fixture
def data():
    rng = np.random.default_rng(2)
    return rng.normal(size=(50, 5)), rng.integers(0, 3, 50)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_signal_is_that_of_numpy(dtype, data):
    net = network(dtype=dtype)
    table = activations(net, data[0])
    assert table["layer"] == [0, 1, 2, 3]
    assert table["activation"] == list(net.activation_names)
    assert table["units"] == [6, 1, 4, 3]
    for row, values in zip(table, map(np.float64, net.activations(data[0])), strict=True):
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12, abs=1e-14)
        assert row["std"] == pytest.approx(values.std(), rel=1e-12)
        assert row["zeros"] == (values == 0).mean()
        assert row["nonfinite"] == 0
    assert 0 < table["zeros"][2] < 1
    # by the outputs: 1 - a^2 of tanh, a + 1 of elu below 0
    tanh, elu, *_ = net.activations(data[0])
    assert table["saturated"][:2] == [(1 - tanh**2 < 0.05).mean(), (elu < -0.95).mean()]
    assert table["saturated"][0] > 0
    assert table["saturated"][2:] == [None, None]
    assert "nonfinite" not in str(table)
    assert "gradient_std" not in table.columns


def function(outputs, targets):
    difference = outputs - targets
    return float((difference**2).mean()), 2 * difference / difference.size


CASES = [
    ("cross_entropy", "identity"),
    ("cross_entropy", "softmax"),
    ("cross_entropy(0.1)", "softmax"),
    ("mse", "identity"),
    ("mse", "tanh"),
    ("mse", "softmax"),
    ("binary_cross_entropy", "sigmoid"),
    ("poisson", "exp"),
    (function, "sigmoid"),
]


@pytest.mark.parametrize(("loss", "last"), CASES)
@pytest.mark.parametrize("rows", [50, 7])
def test_gradients_are_those_that_biases_get(loss, last, rows, data, monkeypatch):
    monkeypatch.setattr(passes, "_FEWEST", 1)
    monkeypatch.setattr(passes, "_MOST", rows)
    net, (X, y) = network(last), data
    if not str(loss).startswith("cross_entropy"):
        y = np.eye(3)[y]
    of_outputs = signals._of_outputs(net, y, loss)
    blocks = [
        list(signals._backwards(net, forward, of_outputs))[::-1]
        for forward in passes.forwards(net, X)
    ]
    dZ = [np.vstack(of_layer) for of_layer in zip(*blocks, strict=True)]
    _, gradients = net.loss_and_gradients(X, y, loss=loss)
    scale = max(np.abs(gradients.flat).max(), 1e-3)
    for layer, of_layer in zip(gradients, dZ, strict=True):
        assert of_layer.mean(axis=0) == pytest.approx(layer.biases, rel=1e-9, abs=1e-12 * scale)
    table = activations(net, X, y, loss)
    for found, of_layer in zip(table["gradient_std"], dZ, strict=True):
        assert found == pytest.approx(of_layer.std(), rel=1e-9)
        assert found > 0


def test_it_does_not_depend_on_blocks_nor_on_biases(data, monkeypatch):
    net = network(bias=False)
    whole = activations(net, *data, "cross_entropy")
    monkeypatch.setattr(passes, "_FEWEST", 1)
    monkeypatch.setattr(passes, "_MOST", 3)
    parts = activations(net, *data, "cross_entropy")
    for name in ("mean", "std", "gradient_std", "zeros"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-12)
    assert parts["saturated"] == whole["saturated"]


def test_numbers_that_are_not_finite_are_counted(data):
    net = network()
    net[3].weights[0, 1] = np.nan
    table = activations(net, *data, "cross_entropy")
    assert table["nonfinite"] == [0, 0, 0, 50]
    finite = net.activations(data[0])[3][:, [0, 2]]
    assert table["mean"][3] == pytest.approx(finite.mean(), rel=1e-12)
    assert table["std"][3] == pytest.approx(finite.std(), rel=1e-12)
    assert np.isnan(table["gradient_std"]).all()
    assert "nonfinite" in str(table)


def test_what_is_refused(data):
    X, y = data
    net = network()
    with pytest.raises(ValueError, match=r"\[activations\] expected y with 50 rows"):
        activations(net, X, y[1:], "cross_entropy")
    with pytest.raises(ValueError, match=r"\[activations\] .*labels"):
        activations(net, X, y + 9, "cross_entropy")
    with pytest.raises(ValueError, match=r"\[activations\] X has 2 columns but"):
        activations(net, X[:, :2])
