"""Gradients: forward, backward, and a loss by central differences."""

import numpy as np
import pytest
from small_network import DTYPES, LABELS, TARGETS, X, network, rng

import wbcore as wb
from wbcore._structure import LayerStructure


@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_has_the_bits_of_predict(dtype):
    net = network(dtype)
    assert net.forward(X).tobytes() == net.predict(X).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_of_the_loss_gradient_is_loss_and_gradients(dtype):
    net = network(dtype)
    loss, expected = net.loss_and_gradients(X, TARGETS, loss="mse")
    value, dY = wb.losses.loss_and_gradient("mse", net.forward(X), TARGETS)
    grads = net.backward(dY)
    assert value == loss
    assert grads.flat.tobytes() == expected.flat.tobytes()
    assert expected.inputs is None


LOSSES = [
    ("mse", TARGETS, "identity"),
    ("mae", TARGETS, "tanh"),
    ("huber(0.5)", TARGETS, "identity"),
    ("binary_cross_entropy", (TARGETS > 0), "sigmoid"),
    ("binary_cross_entropy", (TARGETS > 0), "identity"),
    ("cross_entropy", LABELS, "softmax"),
    ("cross_entropy", LABELS, "identity"),
]


@pytest.mark.parametrize(("loss", "y", "output_activation"), LOSSES)
def test_gradients_by_central_differences(loss, y, output_activation):
    net = network(output_activation=output_activation)
    value, grads = net.loss_and_gradients(X, y, loss=loss)
    assert value == net.evaluate(X, y, loss=loss)["loss"]
    h, slopes = 1e-6, []
    for index in range(net.n_parameters):
        kept, values = net.parameters[index], []
        for step in (h, -h):
            net.parameters[index] = kept + step
            values.append(net.evaluate(X, y, loss=loss)["loss"])
        net.parameters[index] = kept
        slopes.append((values[0] - values[1]) / (2 * h))
    np.testing.assert_allclose(grads.flat, slopes, atol=1e-8)


def test_gradient_by_inputs():
    net = network()
    dY = rng.standard_normal((50, 3))
    net.forward(X)
    grads = net.backward(dY)
    assert grads.inputs.shape == X.shape
    h = 1e-6
    for column in range(6):
        step = np.zeros(6)
        step[column] = h
        slopes = ((net.predict(X + step) - net.predict(X - step)) * dY).sum(axis=1) / (2 * h)
        np.testing.assert_allclose(grads.inputs[:, column], slopes, atol=1e-8)


def test_gradients_are_views_of_one_array():
    net = network()
    _, grads = net.loss_and_gradients(X, LABELS, "cross_entropy")
    assert len(grads) == len(net)
    assert repr(grads) == "<Gradients of 6-9-8-3, float64>"
    for layer, (dW, db) in zip(net, grads, strict=True):
        assert dW.shape == layer.weights.shape
        assert db.shape == layer.biases.shape
    assert (
        np.concatenate([a.ravel() for pair in grads for a in pair]).tobytes()
        == grads.flat.tobytes()
    )
    assert np.shares_memory(grads[2].weights, grads.flat)
    assert grads[-1].biases.ctypes.data == grads[2].biases.ctypes.data
    assert [layer.biases.shape for layer in grads[1:]] == [(8,), (3,)]
    with pytest.raises(IndexError):
        _ = grads[3]


def test_gradients_of_the_entropies_do_not_depend_on_where_the_activation_is():
    for loss, y, last in [
        ("cross_entropy", LABELS, "softmax"),
        ("binary_cross_entropy", TARGETS > 0, "sigmoid"),
    ]:
        logits, shares = network(), network(output_activation=last)
        found = [net.loss_and_gradients(X, y, loss=loss) for net in (logits, shares)]
        assert found[0][0] == found[1][0]
        assert found[0][1].flat.tobytes() == found[1][1].flat.tobytes()


def test_a_layer_without_biases_has_no_gradient_of_them():
    sizes, bias = [(2, 3), (3, 1), (1, 2)], [False, True, False]
    shapes = [LayerStructure(*s, "tanh", bias=b) for s, b in zip(sizes, bias, strict=True)]
    grads = wb.Gradients(np.arange(12.0), shapes)
    assert grads[0].weights.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert grads[1].weights.tolist() == [[6], [7], [8]]
    assert grads[1].biases.tolist() == [9]
    assert grads[2].weights.tolist() == [[10, 11]]
    assert grads[0].biases is grads[2].biases is None
    assert repr(grads) == "<Gradients of 2-3-1-2, float64>"
