"""Frozen networks: the bits of `predict`, nothing shared with the network, clear errors."""

import threading

import numpy as np
import pytest

import wbcore as wb

SHAPES = [[4, 16, 3], [1, 1], [17, 33, 1], [64, 64, 10], [300, 20, 16, 5]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("output", ["identity", "softmax", "sigmoid"])
def test_the_bits_of_predict(widths, output, dtype):
    net = wb.Network.mlp(widths, "gelu", output_activation=output, seed=1, dtype=dtype)
    p = net.freeze()
    X = np.random.default_rng(0).standard_normal((300, widths[0])).astype(dtype)
    expected = net.predict(X)
    assert (p.inputs, p.outputs, p.dtype) == (widths[0], widths[-1], np.dtype(dtype))
    # around the tiles, the rows worth packing and the blocks
    for rows in (1, 2, 3, 4, 5, 6, 7, 12, 13, 47, 48, 49, 127, 128, 129, 300):
        assert p(X[:rows]).tobytes() == expected[:rows].tobytes()
        assert net.predict(X[:rows]).tobytes() == expected[:rows].tobytes()
    for array in (np.asfortranarray(X), X[::-1][::-1], X.astype("f8"), X.tolist()):
        assert p(array).tobytes() == expected.tobytes()
    assert p(X, n_threads=3).tobytes() == expected.tobytes()


def test_out_is_written_and_returned():
    net = wb.Network.mlp([4, 16, 3], seed=0)
    p = net.freeze()
    x, out = np.ones((2, 4), np.float32), np.zeros((2, 3), np.float32)
    assert p(x, out=out) is out
    assert p(x, out) is out
    assert (out == net.predict(x)).all()


def test_it_does_not_follow_the_network():
    net = wb.Network.mlp([4, 16, 3], seed=0)
    x = np.ones((1, 4), np.float32)
    p, before = net.freeze(), net.predict(x)
    net.parameters[:] = 0
    assert (p(x) == before).all()
    assert not net.predict(x).any()
    del net
    assert (p(x) == before).all()


def test_many_threads_call_one_predictor():
    net = wb.Network.mlp([20, 50, 3], seed=0)
    p = net.freeze()
    X = np.random.default_rng(0).standard_normal((8, 40, 20)).astype(np.float32)
    wrong = []

    def work(x, expected):
        wrong.extend(1 for _ in range(300) if p(x).tobytes() != expected)

    threads = [threading.Thread(target=work, args=(x, net.predict(x).tobytes())) for x in X]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda p, _: p(), TypeError, r"\[predict\] expected one array x .*, got 0 arguments"),
        (lambda p, x: p(x, x, x), TypeError, r"got 3 arguments"),
        (lambda p, x: p(x, y=1), TypeError, r"expected x, out and n_threads, got 'y'"),
        (lambda p, x: p(x[0]), ValueError, r"expected X of shape \(B, 4\), got shape \(4,\)"),
        (lambda p, x: p(x[:, :3]), ValueError, r"X has 3 columns but the first layer takes 4"),
        (lambda p, x: p(x[:0]), ValueError, r"expected X with at least one row"),
        (
            lambda p, x: p(x * np.nan),
            ValueError,
            r"expected finite values in X, got nan at X\[0, 0\]",
        ),
        (lambda p, x: p(x + 0j), TypeError, r"expected X as an array of real numbers"),
        (lambda p, x: p(x, out=[1]), TypeError, r"expected out as an array, got list"),
        (lambda p, x: p(x, out=np.zeros((1, 3))), ValueError, r"float32 array of shape \(1, 3\)"),
        (lambda p, x: p(x, n_threads=-1), (TypeError, ValueError), r"n_threads"),
        (lambda p, _: type(p)(), TypeError, r"cannot create"),
    ],
)
def test_errors(call, error, text):
    p = wb.Network.mlp([4, 16, 3], seed=0).freeze()
    with pytest.raises(error, match=text):
        call(p, np.ones((1, 4), np.float32))


def test_repr():
    p = wb.Network.mlp([4, 16, 3], seed=0).freeze()
    assert repr(p) == "<Predictor 4 -> 3, float32, 131 parameters>"
