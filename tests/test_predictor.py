"""Frozen networks: the bits of `predict`, nothing shared with the network, clear errors."""

import copy
import ctypes
import io
import multiprocessing
import pickle
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


# ---- copies and pickles


def predictor(dtype="float32"):
    layers = [
        wb.Dense(20, 33, "leaky_relu(0.2)"),
        wb.Dense(33, 17, "tanh", bias=False),
        wb.Dense(17, 3, "softmax"),
    ]
    net = wb.Network(layers, seed=2, dtype=dtype)
    net.parameters[-3:] = [0.5, -1, 0.25]
    return net.freeze()


INPUTS = np.random.default_rng(1).standard_normal((60, 20))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "copied",
    [
        *(
            lambda p, protocol=protocol: pickle.loads(pickle.dumps(p, protocol))
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
        ),
        copy.copy,
        copy.deepcopy,
        lambda p: pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(p)))),
    ],
)
def test_copies_and_pickles_have_the_same_bits(copied, dtype):
    p = predictor(dtype)
    found = copied(p)
    assert type(found) is wb.Predictor
    assert repr(found) == repr(p)
    for rows in (1, 47, 60):
        assert found(INPUTS[:rows]).tobytes() == p(INPUTS[:rows]).tobytes()
    expected = p(INPUTS).tobytes()
    del p
    assert found(INPUTS).tobytes() == expected


def test_a_copy_is_a_handle_for_c():
    library = ctypes.CDLL(wb.get_library())
    library.wbcore_predict.argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
    ]  # fmt: skip
    p = pickle.loads(pickle.dumps(predictor()))
    X = INPUTS.astype(np.float32)
    y = np.empty((60, 3), np.float32)
    assert library.wbcore_predict(p.address, X.ctypes.data, len(X), y.ctypes.data) == 0
    assert y.tobytes() == predictor()(X).tobytes()


def test_protocol_5_hands_the_parameters_over_out_of_band():
    p, buffers = predictor(), []
    data = pickle.dumps(p, 5, buffer_callback=buffers.append)
    size = (20 * 33 + 33 + 33 * 17 + 17 * 3 + 3) * 4
    assert [buffer.raw().nbytes for buffer in buffers] == [size]
    assert len(data) < 500
    read_only = [bytes(buffer.raw()) for buffer in buffers]
    assert pickle.loads(data, buffers=read_only)(INPUTS).tobytes() == p(INPUTS).tobytes()


def test_unpickles_from_a_read_only_map(tmp_path):
    """What joblib does with mmap_mode="r": arrays in files of their own, mapped when loaded."""
    path = tmp_path / "parameters.npy"

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, np.ndarray):
                return None
            np.save(path, value)
            return "mapped"

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, _):
            mapped = np.load(path, mmap_mode="r")
            assert not mapped.flags.writeable
            return mapped

    p, file = predictor("float64"), io.BytesIO()
    Pickler(file).dump(p)
    assert path.exists()
    found = Unpickler(io.BytesIO(file.getvalue())).load()
    assert found(INPUTS).tobytes() == p(INPUTS).tobytes()


def test_joblib_maps_it(tmp_path):
    joblib = pytest.importorskip("joblib")
    p, path = predictor(), tmp_path / "predictor.joblib"
    joblib.dump(p, path)
    assert joblib.load(path, mmap_mode="r")(INPUTS).tobytes() == p(INPUTS).tobytes()


def test_other_processes_get_it():
    p = predictor()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(p, (INPUTS,)).tobytes() == p(INPUTS).tobytes()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (lambda layers, w: (layers, w[1:]), r"expected 1308 parameters, got 1307"),
        (lambda layers, w: (layers[1:], w), r"expected 615 parameters, got 1308"),
        (lambda layers, w: (layers[::2], w), r"layer 1: expected 33 inputs"),
        (lambda _, w: ([], w), r"expected at least one layer"),
    ],
)
def test_pickles_of_nonsense_are_refused(changed, text):
    make, (layers, parameters) = predictor().__reduce__()
    with pytest.raises(ValueError, match=text):
        make(*changed(layers, parameters))
