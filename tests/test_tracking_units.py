"""Counts of what units do: exact, of every row of every batch."""

import numpy as np
import pytest

import wbcore as wb
from wbcore._saturation import saturated

X = np.random.default_rng(0).standard_normal((203, 5))
Y = np.random.default_rng(1).standard_normal((203, 2))
ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid", "softsign", "elu(0.03)", "elu(2)",
               "softplus", "gelu", "silu", "exp"]  # fmt: skip


def network(activation, dtype="float32", hidden=17, **settings):
    net = wb.Network.mlp([5, hidden, 2], activation=activation, seed=0, dtype=dtype, **settings)
    net[0].weights[...] *= 3
    net[0].weights[:, 1:2] = 0  # a unit that is always the same
    net[0].biases[2:3] = -20
    return net


def outputs(net):
    """z and a of the first layer, a as the core computes it."""
    layer = net[0]
    first = wb.Network([wb.Dense(5, net.widths[1], activation=layer.activation)], dtype=net.dtype)
    first[0].weights[...], first[0].biases[...] = layer.weights, layer.biases
    linear = wb.Network([wb.Dense(5, net.widths[1])], dtype=net.dtype)
    linear[0].weights[...], linear[0].biases[...] = layer.weights, layer.biases
    return linear.predict(X), first.predict(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_counts_are_numpys(activation, dtype):
    net = network(activation, dtype)
    z, a = outputs(net)
    history = net.fit(X, Y, loss="mse", batch_size=len(X), track=1, n_threads=2)
    units = history.parameters[1][0].units
    assert units.rows == len(X)
    assert units.active.tolist() == (a != 0).sum(0).tolist()
    flat = saturated(activation, z, a)
    if flat is None:
        assert units.saturated is None
    else:
        assert units.saturated.tolist() == flat.sum(0).tolist()
        assert flat.any()


def test_linear_and_softmax_units_are_not_counted():
    net = wb.Network.mlp([5, 4, 3], activation="identity", seed=0)
    history = net.fit(X, np.arange(203) % 3, loss="cross_entropy", track="epoch")
    for layer in history.parameters.final:
        assert (layer.units.rows, layer.units.active, layer.units.saturated) == (203, None, None)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("hidden", [1, 15, 16, 17, 33])
def test_windows_have_every_row_of_every_batch(hidden, threads):
    """At such a rate nothing changes: all batches are of the same network."""
    settings = {"loss": "mse", "optimizer": wb.SGD(1e-30), "batch_size": 16, "n_threads": threads}
    net = network("relu", hidden=hidden)
    active = (outputs(net)[1] != 0).sum(0)
    records = net.fit(X, Y, epochs=2, track="epoch", **settings).parameters
    assert [record[0].units.rows for record in records] == [0, 203, 203]
    assert records[0][0].units.active is None
    for record in records[1:]:
        assert record[0].units.active.tolist() == active.tolist()
    # 13 batches an epoch, the last of 11 rows: windows of 5 batches, and one of what is left
    records = net.fit(X, Y, epochs=2, track=5, **settings).parameters
    assert [record[0].units.rows for record in records[1:]] == [80, 80, 75, 80, 80, 11]
    assert (sum(record[0].units.active for record in records[1:]) == 2 * active).all()


def test_counts_are_before_dropout():
    settings = {"loss": "mse", "optimizer": wb.SGD(1e-30), "batch_size": 16, "track": "epoch"}
    counts = [
        network("relu", dropout=rate).fit(X, Y, **settings).parameters[1][0].units.active
        for rate in (0, 0.5)
    ]
    assert counts[0].tolist() == counts[1].tolist()


def test_dead_units_are_found():
    net = network("relu")
    net[0].biases[:4] = -1000
    units = net.fit(X, Y, loss="mse", track="epoch").parameters.final[0].units
    assert units.active[:4].tolist() == [0] * 4
    assert units.active[4:].all()
