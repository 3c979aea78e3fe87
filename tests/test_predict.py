"""Prediction: the formula, bits that depend on nothing else, buffers."""

import numpy as np
import pytest
from small_network import DTYPES, X, network

import wbcore as wb


def naive(net, x):
    functions = {"identity": lambda z: z, "tanh": np.tanh, "softmax": wb.softmax}
    for layer in net:
        x = functions[layer.activation](x @ layer.weights + layer.biases)
    return x


@pytest.mark.parametrize("output_activation", ["identity", "softmax"])
def test_predict_is_the_formula(output_activation):
    net = network(output_activation=output_activation)
    np.testing.assert_allclose(net.predict(X), naive(net, X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_predict_is_layers_of_dense_and_activation(dtype):
    net, a = network(dtype), X.astype(dtype)
    for layer in net:
        a = getattr(wb, layer.activation)(wb.dense(a, layer.weights, layer.biases))
    assert net.predict(X).tobytes() == a.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_do_not_depend_on_each_other(dtype):
    net = network(dtype)
    whole = net.predict(X)
    assert whole.dtype == dtype
    for i in range(0, 50, 7):
        assert net.predict(X[i : i + 1]).tobytes() == whole[i : i + 1].tobytes()
    assert net.predict(X[::-1])[::-1].tobytes() == whole.tobytes()


def test_predict_changes_nothing():
    net = network()
    before, x = net.parameters.tobytes(), X.copy()
    net.predict(x)
    assert net.parameters.tobytes() == before
    assert (x == X).all()


@pytest.mark.parametrize("n_threads", [1, 2, 5, np.int8(3)])
def test_threads_do_not_show(n_threads):
    net, big = wb.Network.mlp([40, 64, 5]), np.random.default_rng(0).random((1000, 40))
    expected = net.predict(big, n_threads=1).tobytes()
    assert net.predict(big, n_threads=n_threads).tobytes() == expected
    assert net.predict(big).tobytes() == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_predict_into_a_buffer(dtype):
    net = network(dtype)
    buffer = np.full((50, 3), np.nan, dtype)
    assert net.predict(X, out=buffer) is buffer
    assert buffer.tobytes() == net.predict(X).tobytes()
    assert net.predict(X, buffer, 1) is buffer
    # part of a larger array
    large = np.zeros((60, 3), dtype)
    net.predict(X, out=large[5:55])
    assert large[5:55].tobytes() == buffer.tobytes()
    assert not large[:5].any()
    assert not large[55:].any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", [None, 1, 3])
@pytest.mark.parametrize("rows", [1, 47, 48, 50])
def test_activations_are_the_outputs_of_every_layer(rows, n_threads, dtype):
    net = network(dtype, output_activation="softmax")
    found = net.activations(X[:rows], n_threads=n_threads)
    assert [a.shape for a in found] == [(rows, layer.outputs) for layer in net]
    assert found[-1].tobytes() == net.predict(X[:rows]).tobytes()
    x = X[:rows].astype(dtype)
    for layer, a in zip(net, found, strict=True):
        assert a.dtype == dtype
        x = getattr(wb, layer.activation)(wb.dense(x, layer.weights, layer.biases))
        assert a.tobytes() == x.tobytes()


def test_activations_of_many_rows_and_of_any_array():
    net = network()
    many = np.tile(X, (9, 1))
    expected = [np.tile(a, (9, 1)) for a in net.activations(X)]
    for array in (many, many[::-1][::-1], np.asfortranarray(many), many.tolist()):
        for n_threads in (1, 2):
            found = net.activations(array, n_threads=n_threads)
            assert [a.tobytes() for a in found] == [a.tobytes() for a in expected]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (X[0], r"\[activations\] expected X of shape \(B, .*None, :\]"),
        (X[:, :1], r"\[activations\] X has 1 columns"),
        (X * np.nan, r"\[activations\] expected finite values in X, got nan at X\[0, 0\]"),
    ],
)
def test_activations_refuse_what_predict_refuses(x, text):
    with pytest.raises(ValueError, match=text):
        network().activations(x)


def test_activations_of_a_source_are_refused_in_words():
    net = wb.Network.mlp([2, 3, 1], seed=0)
    rows = np.ones((4, 2))
    for source in ([(rows, np.ones(4))], wb.data.Blocks(rows, rows=2)):
        with pytest.raises(TypeError, match="expected X as an array, got a source; pass"):
            net.activations(source)
