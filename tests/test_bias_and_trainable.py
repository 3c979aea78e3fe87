"""Layers without biases, which are shown as None and never as zeros, and layers that stay."""

import copy
import math
import pickle
import time

import numpy as np
import pytest

import wbcore as wb
from wbcore.cli.description import json_text
from wbcore.history import History
from wbcore.inspect import bias_changes, parameter_table, weight_bias_correlation, weight_changes
from wbcore.layers import Layer, structure

W, B = (1.0, 1.5, 0.5, 0.0, 2.0), (3.0, 3.5, 0.25, 2.0, 4.0)
LATER = (2.0, 2.5, 0.5, 1.0, 3.0)


def bare():
    return Layer(0, "relu", np.ones((2, 3), np.float32), None)


def network(dtype="float32", **options):
    """Its first layer has no biases, its second one may be frozen."""
    layers = [
        wb.Dense(2, 3, "leaky_relu(0.2)", bias=False),
        wb.Dense(3, 2, "tanh", **options),
        wb.Dense(2, 2),
    ]
    return wb.Network(layers, seed=4, dtype=dtype)


def test_a_layer_without_biases():
    for layer in (bare(), network()[0]):
        assert layer.biases is None
        assert not layer.bias
        assert (layer.inputs, layer.outputs, layer.weights.shape) == (2, 3, (2, 3))
        for value in (np.zeros(3), None):
            with pytest.raises(
                AttributeError, match=r"\[layer 0\] expected weights to be assigned"
            ):
                layer.biases = value
        assert pickle.loads(pickle.dumps(layer)).biases is None
    assert structure([bare()]) == ((2, 3, "relu", False, True, 0.0),)


def test_parameters_without_biases_have_no_place_for_them():
    net = network()
    assert net.n_parameters == 2 * 3 + (3 * 2 + 2) + (2 * 2 + 2)
    net.parameters[:] = np.arange(net.n_parameters)
    assert net[0].weights.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert net[1].weights[0, 0] == 6
    assert net[1].biases.tolist() == [12, 13]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_biases_is_biases_of_zero_that_stay(dtype):
    bare_net = network(dtype)
    layers = [wb.Dense(2, 3, "leaky_relu(0.2)"), wb.Dense(3, 2, "tanh"), wb.Dense(2, 2)]
    zeros = wb.Network(layers, seed=4, dtype=dtype)
    X, Y = np.random.default_rng(0).normal(size=(2, 70, 2))
    assert bare_net.predict(X).tobytes() == zeros.predict(X).tobytes()
    assert bare_net.freeze()(X[:3]).tobytes() == zeros.predict(X[:3]).tobytes()
    loss, grads = bare_net.loss_and_gradients(X, Y, loss="mse")
    same_loss, same = zeros.loss_and_gradients(X, Y, loss="mse")
    assert loss == same_loss
    assert grads[0].biases is None
    for layer, (ours, theirs) in enumerate(zip(grads, same, strict=True)):
        assert ours.weights.tobytes() == theirs.weights.tobytes()
        assert layer == 0 or ours.biases.tobytes() == theirs.biases.tobytes()


def test_tables_have_no_row_of_what_is_not_there():
    net = network()
    table = parameter_table(net)
    assert list(zip(table["layer"], table["of"], strict=True)) == [
        (0, "weights"),
        (1, "weights"),
        (1, "biases"),
        (2, "weights"),
        (2, "biases"),
    ]
    correlation = weight_bias_correlation(net)
    assert correlation["units"] == [3, 2, 2]
    assert math.isnan(correlation["correlation"][0])
    assert '"shape": [' in json_text(net)


def test_the_summary_says_none():
    net = network()
    net[0].weights[:] = 1
    lines = net.summary().splitlines()
    assert lines[2].split() == [
        *("0", "leaky_relu(0.2)", "(2,", "3)", "none", "6", "1.00000", "0.00000")
    ]
    assert lines[3].split()[2:7] == ["(3,", "2)", "(2,)", "8", lines[3].split()[6]]


OPTIMIZERS = [
    wb.SGD(0.1),
    wb.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1, decay_biases=True),
    wb.Adam(0.01, weight_decay=0.1, decay_biases=True),
]


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_frozen_layers_keep_their_bits(optimizer, frozen):
    net, X = network(), np.random.default_rng(0).normal(size=(70, 2))
    for layer in frozen:
        net[layer].trainable = False
    before = [(layer.weights.copy(), layer.bias and layer.biases.copy()) for layer in net]
    optimizer = copy.copy(optimizer)
    net.fit(X, X, loss="mse", optimizer=optimizer, epochs=2)
    _, grads = net.loss_and_gradients(X, X, loss="mse")
    optimizer.step(net, grads)
    for index, (layer, (W0, b0)) in enumerate(zip(net, before, strict=True)):
        assert (layer.weights.tobytes() == W0.tobytes()) == (index in frozen)
        if layer.bias:
            assert (layer.biases.tobytes() == b0.tobytes()) == (index in frozen)
        if index in frozen:
            assert not grads[index].weights.any()


def test_a_layer_that_is_thawed_trains():
    net, X = network(trainable=False), np.random.default_rng(0).normal(size=(70, 2))
    assert [layer.trainable for layer in net] == [True, False, True]
    before = net[1].weights.copy()
    net.fit(X, X, loss="mse")
    assert (net[1].weights == before).all()
    net[1].trainable = True
    net.fit(X, X, loss="mse")
    assert (net[1].weights != before).all()


def test_a_network_without_trainable_layers_is_not_trained():
    net, X = network(), np.ones((4, 2))
    for layer in net:
        layer.trainable = False
    with pytest.raises(ValueError, match=r"\[fit\] expected a layer that is trainable, got none"):
        net.fit(X, X, loss="mse")
    assert not net.loss_and_gradients(X, X, loss="mse")[1].flat.any()
    net.forward(X)
    assert net.backward(X).inputs.any()  # the way to the inputs goes through all layers


def test_structure_goes_into_copies_and_files(tmp_path):
    net = network(trainable=False)
    net.save(tmp_path / "model.safetensors")
    for other in (
        net.copy(),
        pickle.loads(pickle.dumps(net)),
        wb.load(tmp_path / "model.safetensors"),
    ):
        assert other == net
        assert other[0].biases is None
        assert [layer.trainable for layer in other] == [True, False, True]
        other[1].trainable = True
        assert other != net


def test_trainable_is_not_assigned_while_somebody_trains():
    net, X = network(), np.ones((4, 2))

    def callback(_epoch, _history):
        net[0].trainable = False

    with pytest.raises(RuntimeError, match=r"\[trainable\] expected a network that is not being"):
        net.fit(X, X, loss="mse", callback=callback)
    assert net[0].trainable
    with pytest.raises(TypeError, match=r"\[layer 0\] expected trainable to be True or False"):
        net[0].trainable = 1


def test_frozen_layers_cost_less():
    """Backward stops at the first trainable layer: of three thirds of the work one is left."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(512, 256)).astype("f4"), rng.normal(size=(512, 8)).astype("f4")
    whole, frozen = (wb.Network.mlp([256, 512, 512, 8], seed=0) for _ in range(2))
    frozen[0].trainable = frozen[1].trainable = False

    def seconds(net):
        start = time.process_time()
        net.fit(X, Y, loss="mse", optimizer=wb.SGD(1e-6), epochs=5, batch_size=128, n_threads=1)
        return time.process_time() - start

    # The least of each: what else the machine does makes times longer, and never shorter.
    pairs = [(seconds(frozen), seconds(whole)) for _ in range(7)]
    assert min(a for a, _ in pairs) < 0.75 * min(b for _, b in pairs)


def test_the_history_of_parameters():
    history = History({"loss": [1.0], "parameters": [[(W, None), (W, B)], [(LATER, None), (W, W)]]})
    states = history.parameters
    assert states.initial[0].biases is states.final[0].biases is states.change[0].biases is None
    assert states.change[0].weights.mean == 1.0
    assert states.change[1].biases.mean == -2.0
    columns = states.to_dict()
    assert [math.isnan(value) for value in columns["biases_max"]] == [True, False, True, False]
    assert str(states).splitlines()[3].split() == ["0", "1.00000", "2.00000", "1.00000"]
    assert weight_changes(history)["layer"] == [0, 1]
    assert bias_changes(history)["layer"] == [1]
    assert bias_changes(history, layer=1)["change"] == [-2.0]
    with pytest.raises(ValueError, match=r"\[bias_changes\] expected layer to be one with biases"):
        bias_changes(history, layer=0)
