"""The C functions of the extension module, called through ctypes."""

import ctypes
import gc
import re
import threading

import numpy as np
import pytest

import wbcore as wb

library = ctypes.CDLL(wb.get_library())
library.wbcore_version.restype = ctypes.c_char_p
library.wbcore_last_error.restype = ctypes.c_char_p
library.wbcore_predict.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_void_p,
]
library.wbcore_predict_strided.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_size_t,
]
library.wbcore_predictor_create.argtypes = [
    ctypes.c_int,
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_size_t),
    ctypes.POINTER(ctypes.c_char_p),
    ctypes.c_void_p,
    ctypes.c_size_t,
]
library.wbcore_predictor_create.restype = ctypes.c_void_p
library.wbcore_predictor_create_from_layers.argtypes = [
    ctypes.c_int,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
]
library.wbcore_predictor_create_from_layers.restype = ctypes.c_void_p
library.wbcore_predictor_destroy.argtypes = [ctypes.c_void_p]
for query in ("inputs", "outputs", "dtype"):
    getattr(library, f"wbcore_predictor_{query}").argtypes = [ctypes.c_void_p]


def predict(address, x, outputs):
    y = np.empty((len(x), outputs), x.dtype)
    status = library.wbcore_predict(address, x.ctypes.data, len(x), y.ctypes.data)
    assert status == 0, library.wbcore_last_error()
    return y


def random_rows(rows, columns, dtype):
    return np.random.default_rng(0).standard_normal((rows, columns)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("widths", [[4, 16, 3], [1, 1], [64, 64, 10], [300, 20, 16, 5]])
def test_the_bits_of_predict(widths, dtype):
    net = wb.Network.mlp(widths, "gelu", output_activation="softmax", seed=1, dtype=dtype)
    p = net.freeze()
    X = random_rows(300, widths[0], dtype)
    expected = net.predict(X)
    assert library.wbcore_predictor_inputs(p.address) == widths[0]
    assert library.wbcore_predictor_outputs(p.address) == widths[-1]
    assert library.wbcore_predictor_dtype(p.address) == 8 * np.dtype(dtype).itemsize
    for rows in (1, 3, 47, 48, 128, 129, 300):
        y = predict(p.address, X[:rows], widths[-1])
        assert y.tobytes() == expected[:rows].tobytes()


@pytest.mark.parametrize("n_threads", [0, 1, 2])
def test_rows_that_lie_apart(n_threads):
    net = wb.Network.mlp([5, 20, 3], seed=0)
    X, Y = random_rows(300, 8, "float32"), np.zeros((300, 4), np.float32)
    p = net.freeze()
    status = library.wbcore_predict_strided(
        p.address, X.ctypes.data, 8, 300, Y.ctypes.data, 4, n_threads
    )
    assert status == 0
    assert (Y[:, :3] == net.predict(X[:, :5])).all()
    assert not Y[:, 3].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_predictor_made_of_a_networks_parameters(dtype):
    net = wb.Network.mlp([7, 12, 5, 2], "tanh", seed=3, dtype=dtype)
    widths = (ctypes.c_size_t * 4)(*net.widths)
    activations = (ctypes.c_char_p * 3)(*(name.encode() for name in net.activation_names))
    address = library.wbcore_predictor_create(
        8 * net.dtype.itemsize,
        3,
        widths,
        activations,
        net.parameters.ctypes.data,
        net.n_parameters,
    )
    assert address, library.wbcore_last_error()
    X = random_rows(50, 7, dtype)
    expected = net.predict(X)
    net.parameters[:] = 0  # it has a copy
    assert predict(address, X, 2).tobytes() == expected.tobytes()
    library.wbcore_predictor_destroy(address)


class LayerOfC(ctypes.Structure):
    """wbcore_layer"""

    _fields_ = (
        ("inputs", ctypes.c_size_t),
        ("outputs", ctypes.c_size_t),
        ("activation", ctypes.c_char_p),
        ("bias", ctypes.c_int),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_predictor_made_of_layers(dtype):
    """With numbers of activations, and without biases; by the older function with the former."""
    layers = [wb.Dense(7, 12, "leaky_relu(0.2)", bias=False), wb.Dense(12, 2, "elu(0.5)")]
    net = wb.Network(layers, seed=3, dtype=dtype)
    of_c = (LayerOfC * 2)(
        *(LayerOfC(x.inputs, x.outputs, x.activation.encode(), x.bias) for x in net)
    )
    bits = 8 * net.dtype.itemsize
    address = library.wbcore_predictor_create_from_layers(
        bits, 2, of_c, net.parameters.ctypes.data, net.n_parameters
    )
    assert address, library.wbcore_last_error()
    X = random_rows(50, 7, dtype)
    assert predict(address, X, 2).tobytes() == net.predict(X).tobytes()
    library.wbcore_predictor_destroy(address)

    widths = (ctypes.c_size_t * 2)(12, 2)
    activations = (ctypes.c_char_p * 1)(b"elu(0.5)")
    last = net.parameters[7 * 12 :].copy()
    address = library.wbcore_predictor_create(
        bits, 1, widths, activations, last.ctypes.data, last.size
    )
    assert address, library.wbcore_last_error()
    hidden = wb.leaky_relu(X @ np.zeros((7, 12), dtype), slope=0.2)
    assert np.isfinite(predict(address, hidden.astype(dtype), 2)).all()
    library.wbcore_predictor_destroy(address)


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (b"elu(0)", "expected alpha of elu to be a finite number above 0, got '0'"),
        (b"elu(1, 2)", r"expected activation 0 to be elu\(alpha\), got 'elu\(1, 2\)'"),
        (b"swish", "expected activation 0 to be one of identity, .*, got 'swish'"),
    ],
)
def test_layers_of_c_are_refused(activation, message):
    one = (LayerOfC * 1)(LayerOfC(2, 1, activation, 0))
    numbers = np.zeros(2, np.float32)
    made = library.wbcore_predictor_create_from_layers(32, 1, one, numbers.ctypes.data, 2)
    assert made is None
    expected = rf"\[wbcore_predictor_create_from_layers\] {message}"
    assert re.match(expected, library.wbcore_last_error().decode())


def test_parameters_are_counted_before_there_is_memory_for_them():
    """10^10 weights are 40 GB, and would be said to be too many of them."""
    widths = (ctypes.c_size_t * 3)(100_000, 100_000, 1)
    activations = (ctypes.c_char_p * 2)(b"relu", b"identity")
    few = np.zeros(9, np.float32)
    made = library.wbcore_predictor_create(32, 2, widths, activations, few.ctypes.data, few.size)
    assert made is None
    assert library.wbcore_last_error() == (
        b"[wbcore_predictor_create] expected 10000200001 parameters for these widths, got 9"
    )


@pytest.mark.parametrize("stride", [1 << 62, (1 << 64) - 1, 1 << 61])
@pytest.mark.parametrize("first", ["x", "y"])
def test_strides_that_no_memory_has(first, stride):
    p = wb.Network.mlp([4, 3]).freeze()
    room = np.zeros((2, 64), np.float32)
    x, y = room if first == "x" else room[::-1]
    for x_stride, y_stride in ((stride, 3), (4, stride)):
        status = library.wbcore_predict_strided(
            p.address, x.ctypes.data, x_stride, 2, y.ctypes.data, y_stride, 1
        )
        assert status == 1
        expected = r"\[wbcore_predict_strided\] expected [xy] that fits into memory, got 2 rows of "
        assert re.match(expected, library.wbcore_last_error().decode())


def test_errors_are_those_of_the_calling_thread():
    p = wb.Network.mlp([4, 3]).freeze()
    x = np.ones((1, 4), np.float32)
    assert library.wbcore_predict(p.address, x.ctypes.data, 1, None) == 1
    expected = b"[wbcore_predict] expected an array y, got NULL"
    assert library.wbcore_last_error() == expected
    seen = []
    thread = threading.Thread(target=lambda: seen.append(library.wbcore_last_error()))
    thread.start()
    thread.join()
    assert seen == [b""]
    assert library.wbcore_last_error() == expected


def test_addresses():
    net = wb.Network.mlp([4, 3], seed=0)
    p, q = net.freeze(), net.freeze()
    assert p.address == p.address != q.address
    x = np.ones((1, 4), np.float32)
    expected = net.predict(x)
    del net, q
    gc.collect()
    assert (predict(p.address, x, 3) == expected).all()
    with pytest.raises(AttributeError):
        p.address = 0


def test_only_a_frozen_network_has_an_address():
    with pytest.raises(AttributeError, match=r"\[address\] expected a predictor that Network"):
        _ = wb.Network.mlp([4, 3])._predict.address


def test_version():
    assert library.wbcore_version().decode() == wb.__version__
