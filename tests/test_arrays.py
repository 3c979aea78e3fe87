"""Arrays of every dtype and layout give the same bits; large ones are never copied whole."""

import functools
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

import wbcore as wb

# Small whole numbers, which every dtype below holds exactly.
VALUES = np.random.default_rng(0).integers(0, 100, (40, 6))
LABELS = np.random.default_rng(1).integers(0, 3, 40)
TARGETS = np.random.default_rng(2).integers(0, 100, (40, 3))

SIGNED = ["i1", "i2", "i4", "i8"]
UNSIGNED = ["u1", "u2", "u4", "u8"]
FLOATING = ["f2", "f4", "f8", "longdouble"]
SWAPPED = [">i2", ">i4", ">i8", ">u2", ">u4", ">u8", ">f2", ">f4", ">f8"]
DTYPES = [*SIGNED, *UNSIGNED, *FLOATING, *SWAPPED]


def network(dtype="float32"):
    return wb.Network.mlp([6, 5, 3], "tanh", seed=1, dtype=dtype)


def bits(X, y=LABELS, loss="cross_entropy", dtype="float32"):
    """Everything that a network computes from X and y."""
    net = network(dtype)
    value, grads = net.loss_and_gradients(X, y, loss=loss)
    forward = net.forward(X)
    options = {"epochs": 2, "batch_size": 16, "optimizer": wb.SGD(1e-3, momentum=0.5)}
    history = net.fit(X, y, loss=loss, validation_data=(X, y), **options)
    results = [net.predict(X), forward, grads.flat, net.parameters]
    return [value, history.loss, history.val_loss, *(array.tobytes() for array in results)]


@pytest.fixture(scope="module")
def expected():
    return {dtype: bits(VALUES.astype(dtype), dtype=dtype) for dtype in ("float32", "float64")}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", DTYPES)
def test_dtypes_of_X(given, dtype, expected):
    assert bits(VALUES.astype(given), dtype=dtype) == expected[dtype]


def test_bool_X():
    flags = VALUES > 50
    assert bits(flags) == bits(flags.astype("f4"))


@pytest.mark.parametrize(
    "given", [*SIGNED, *UNSIGNED, *[name for name in SWAPPED if name[1] != "f"]]
)
def test_dtypes_of_labels(given, expected):
    assert bits(VALUES, LABELS.astype(given)) == expected["float32"]


@pytest.mark.parametrize("given", DTYPES)
def test_dtypes_of_targets(given):
    assert bits(VALUES, TARGETS.astype(given), "mse") == bits(VALUES, TARGETS.astype("f4"), "mse")


def test_bool_targets():
    y = TARGETS > 50
    assert bits(VALUES, y, "binary_cross_entropy") == bits(
        VALUES, y.astype("f4"), "binary_cross_entropy"
    )


@pytest.mark.parametrize("given", ["f2", "f8", "longdouble", ">f8"])
def test_fractions_are_rounded_to_nearest(given):
    X = np.random.default_rng(0).standard_normal((40, 6)).astype(given)
    X[0] = 6e-8  # subnormal in float16
    assert bits(X) == bits(X.astype("f4"))
    assert bits(X, dtype="float64") == bits(X.astype("f8"), dtype="float64")


@pytest.mark.parametrize("given", ["i8", "u8"])
def test_whole_numbers_beyond_the_mantissa_are_rounded_to_nearest(given):
    X = VALUES.astype(given)
    X[:, 0] = (1 << 24) + np.arange(40)
    X[:, 1] = (1 << 53) + np.arange(40)
    net = wb.Network([wb.Dense(6, 2)], dtype="float64")
    assert net.predict(X).tobytes() == net.predict(X.astype("f8")).tobytes()
    net = wb.Network([wb.Dense(6, 2)])
    assert net.predict(X).tobytes() == net.predict(X.astype("f4")).tobytes()


def layouts():
    X = VALUES.astype("f4")
    padded = np.full((90, 20), np.nan, "f4")
    padded[5:85:2, 3:15:2] = X
    packed = np.zeros(40, dtype=[("flag", "u1"), ("x", "f4", 6)])
    packed["x"] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    return {
        "C order": X.copy(),
        "F order": np.asfortranarray(X),
        "strided": padded[5:85:2, 3:15:2],
        "negative strides": X[::-1, ::-1].copy()[::-1, ::-1],
        "unaligned": packed["x"],
        "read-only": read_only,
        "list": X.tolist(),
        "tuple of rows": tuple(X),
        "subclass": X.view(np.recarray),
        "data frame": pd.DataFrame(X),
        "data frame of mixed dtypes": pd.DataFrame(
            {i: VALUES[:, i].astype(t) for i, t in enumerate(["u1", "f8", "i4", "f4", "i8", "f4"])}
        ),
        "array interface": Wrapped(X),
    }


class Wrapped:
    """An array of another library, as NumPy sees it."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array, dtype=dtype)


@pytest.mark.parametrize("layout", layouts())
def test_layouts_of_X(layout, expected):
    assert bits(layouts()[layout]) == expected["float32"]


def test_memory_map(tmp_path, expected):
    np.save(tmp_path / "X.npy", VALUES.astype("u1"))
    assert bits(np.load(tmp_path / "X.npy", mmap_mode="r")) == expected["float32"]


def test_zero_strides():
    row = VALUES[:1].astype("f8")
    assert bits(np.broadcast_to(row, (40, 6))) == bits(np.repeat(row, 40, axis=0))
    column = VALUES[:, :1].astype("f8")
    assert bits(np.broadcast_to(column, (40, 6))) == bits(np.repeat(column, 6, axis=1))


def test_layouts_of_y(expected):
    padded = np.full((80, 2), 99)
    padded[::-2, 1] = LABELS
    for y in (padded[::-2, 1], LABELS.tolist(), pd.Series(LABELS), LABELS[::-1].copy()[::-1]):
        assert bits(VALUES, y) == expected["float32"]
    targets = TARGETS.astype("f4")
    for y in (
        np.asfortranarray(targets),
        targets.tolist(),
        pd.DataFrame(targets),
        targets[::-1, ::-1].copy()[::-1, ::-1],
    ):
        assert bits(VALUES, y, "mse") == bits(VALUES, targets, "mse")


def test_one_output_takes_flat_targets():
    def train(y):
        net = wb.Network.mlp([6, 1], seed=0)
        net.fit(VALUES, y, loss="mse", optimizer=wb.SGD(1e-5))
        return net

    assert train(TARGETS[:, 0]) == train(TARGETS[:, :1])


def test_nothing_of_the_user_is_written_to():
    X, y = VALUES.astype("f4"), TARGETS.astype("f4")
    copies = X.copy(), y.copy()
    bits(X, y, "mse")
    assert (copies[0] == X).all()
    assert (y == copies[1]).all()


MEMORY = """
import resource, sys
import numpy as np, wbcore as wb

ROWS, COLUMNS = 40_000, 4096  # 156 MiB, of which few blocks exist
X = np.memmap(sys.argv[1], np.uint8, "w+", shape=(ROWS, COLUMNS))
X[::1000] = 1
X = np.memmap(sys.argv[1], np.uint8, "r", shape=(ROWS, COLUMNS))
y = np.zeros(ROWS, np.uint8)
net = wb.Network.mlp([COLUMNS, 4])
out = np.empty((ROWS, 4), np.float32)

def data_bytes():
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith("VmData")]
    return int(line.split()[1]) * 1024

# Writable memory of this process may grow by 48 MiB, less than a third of X: the stacks of
# threads, and the workspace of a fit, in which only the order of the rows grows with X.
resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + 48 * 2**20,) * 2)
try:
    X.copy()
except MemoryError:
    pass
else:
    raise SystemExit("the limit does not hold")
net.predict(X, out=out)
net.evaluate(X, y, loss="cross_entropy", metrics=["accuracy"])
net.loss_and_gradients(X, y, loss="cross_entropy")
net.fit(X, y, loss="cross_entropy", batch_size=256, validation_data=(X[:5000], y[:5000]))
"""


@pytest.mark.uninstrumented
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_array_is_never_copied_whole(tmp_path):
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "X")]
    environment = {**os.environ, "WBCORE_NUM_THREADS": "2"}  # whose stacks are a part of it
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


# What is refused


@pytest.mark.parametrize(
    "X",
    [
        VALUES.astype(complex),
        VALUES.astype(object),
        VALUES.astype(str),
        VALUES.astype("M8[s]"),
        np.zeros((40, 6), dtype=[("a", "f4")]),
        pd.DataFrame(VALUES).astype(object),
        None,
        "text",
    ],
    ids=lambda X: str(getattr(X, "dtype", type(X).__name__)),
)
def test_kinds_that_are_no_real_numbers(X):
    net = network()
    before = net.parameters.tobytes()
    for operation in (net.predict, net.forward):
        with pytest.raises(
            TypeError, match=rf"\[{operation.__name__}\] expected X .*real numbers, got"
        ):
            operation(X)
    with pytest.raises(TypeError, match=r"\[fit\] expected X .*real numbers, got"):
        net.fit(X, LABELS, loss="cross_entropy")
    assert net.parameters.tobytes() == before


FRAME = pd.DataFrame(VALUES).astype(float)
MISSING = FRAME.astype("Float64").mask(FRAME.iloc[3, 1] == FRAME)
TO_NUMPY = r"dtype object; pass X\.to_numpy\(float\)"

CURES = {
    "nullable": (FRAME.astype("Float64"), TO_NUMPY),
    "nullable integers": (FRAME.astype("Int64"), TO_NUMPY),
    "missing": (MISSING, TO_NUMPY),
    "mixed": (FRAME.astype({0: "Int64"}), TO_NUMPY),
    "of pyarrow": (FRAME.astype("double[pyarrow]"), TO_NUMPY),
    "objects": (VALUES.astype(object), r"dtype object; pass np\.asarray\(X, float\)"),
    "text": (VALUES.astype(str), r"dtype <U\d+ with '\d+' at X\[0, 0\]; turn text into numbers"),
    "a column of text": (
        FRAME.assign(kind="flat"),
        r"dtype object with 'flat' at X\[0, 6\]; turn text into numbers first",
    ),
    "iterator": (
        iter(VALUES),
        r"<.*iterator.*>, which gives its rows once; pass np\.array\(list\(\.\.\.\)\)",
    ),
}


def texts(call):
    with pytest.raises(TypeError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(("X", "cure"), CURES.values(), ids=CURES)
def test_the_message_names_the_cure(X, cure):
    net, y = network(), TARGETS
    expected = rf"\[{{}}\] expected {{}}, got {cure}[^,]*"
    for operation in (net.predict, net.forward, net.freeze()):
        name = getattr(operation, "__name__", "predict")
        text = texts(lambda operation=operation: operation(X))
        assert re.fullmatch(expected.format(name, "X as an array of real numbers"), text)
    operations = {name: getattr(net, name) for name in ("fit", "evaluate", "loss_and_gradients")}
    operations["profile"] = functools.partial(wb.inspect.profile, net)
    for name, operation in operations.items():
        text = texts(lambda operation=operation: operation(X, y, loss="mse"))
        assert re.fullmatch(expected.format(name, "X as an array of real numbers"), text)
        text = texts(lambda operation=operation: operation(VALUES, X, loss="mse"))
        of_y = expected.replace("X\\", "y\\").replace("(X", "(y")
        assert re.fullmatch(of_y.format(name, "y as an array of real numbers"), text)
    text = texts(lambda: wb.Scaled(X, 0.5))
    of_array = expected.replace("X\\", "array\\").replace("(X", "(array")
    assert re.fullmatch(of_array.format("Scaled", "array to be an array of real numbers"), text)


def test_cures(expected):
    X = FRAME.astype("Float64")
    assert bits(X.to_numpy(float)) == expected["float32"]
    assert bits(csr_matrix(VALUES).toarray()) == expected["float32"]
    names = np.array(["a", "b", "c"])[LABELS]
    assert bits(VALUES, np.unique(names, return_inverse=True)[1]) == expected["float32"]
    with pytest.raises(ValueError, match=r"got nan at X\[3, 1\]$"):
        network().predict(MISSING.to_numpy(float))


@pytest.mark.parametrize("kind", ["str", object, "category", "S"])
def test_names_of_classes(kind):
    names = np.array(["cat", "dog", "eel"])[LABELS]
    y = pd.Series(names, dtype="category") if kind == "category" else names.astype(kind)
    first = f"b'{names[0]}'" if kind == "S" else f"'{names[0]}'"
    net = network()
    for operation in (net.fit, net.evaluate, net.loss_and_gradients):
        text = texts(lambda operation=operation: operation(VALUES, y, loss="cross_entropy"))
        cure = f"with {first} at y[0]; for class labels pass np.unique(y, return_inv"
        assert (cure if kind != "category" else "categories; pass y.cat.codes") in text
    logits = TARGETS.astype(float)
    cure = "np.unique(y, return_inverse=True)[1]" if kind != "category" else "y.cat.codes"
    assert cure in texts(lambda: wb.losses.CrossEntropy()(logits, y))


def test_series_of_extension_types(expected):
    for dtype in ("Int64", "int64[pyarrow]", "Int8"):
        assert bits(VALUES, pd.Series(LABELS, dtype=dtype)) == expected["float32"]


def test_pyarrow_tables(expected):
    table = pa.table({str(i): VALUES[:, i] for i in range(6)})
    assert bits(table) == expected["float32"]
    assert bits(VALUES, pa.array(LABELS)) == expected["float32"]


def test_rows_of_different_lengths():
    with pytest.raises(ValueError, match=r"\[predict\] expected X .*real numbers, got"):
        network().predict([[1, 2], [3]])


def test_masked_arrays_are_refused_since_their_masks_would_be_ignored():
    X = np.ma.masked_greater(VALUES, 90)
    with pytest.raises(TypeError, match=r"\[predict\] expected X .*masked"):
        network().predict(X)
    with pytest.raises(TypeError, match=r"\[fit\] expected y .*masked"):
        network().fit(VALUES, np.ma.array(LABELS, mask=LABELS == 0), loss="cross_entropy")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble", ">f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(dtype, value):
    X = VALUES.astype(dtype)
    X[17, 4] = value
    out = np.full((len(X), 3), 7, "f4")
    for array in (X, np.asfortranarray(X), X[::-1]):
        for keywords in ({}, {"out": out}, {"n_threads": 2}):
            with pytest.raises(
                ValueError,
                match=r"\[predict\] expected finite values in X, got .* at X\[(17|22), 4\]$",
            ):
                network().predict(array, **keywords)
        with pytest.raises(
            ValueError, match=r"\[fit\] expected finite values in X, got .* at X\[(17|22), 4\]$"
        ):
            network().fit(array, LABELS, loss="cross_entropy")
    assert (out == 7).all()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_refused_fit_leaves_no_trace(dtype, shuffle, n_threads):
    """Inputs are looked at batch by batch, the last ones too before anything changes."""

    def trained(*, refused):
        net, optimizer = wb.Network.mlp([5, 40, 3], "relu", seed=0), wb.SGD(0.1, momentum=0.9)
        options = {"loss": "cross_entropy", "optimizer": optimizer, "batch_size": 8, "seed": 0}
        history = net.fit(X, labels, epochs=2, **options)
        parameters = net.parameters.copy()
        options |= {"shuffle": shuffle, "n_threads": n_threads}
        if refused:
            called = []
            with pytest.raises(ValueError, match=r"\[fit\] .*got nan at X\[199, 0\]$"):
                net.fit(bad, labels, track="epoch", callback=called.append, epochs=3, **options)
            assert not called
            assert net.history is history
            np.testing.assert_array_equal(net.parameters, parameters)
        net.fit(X, labels, **options)
        return net.parameters

    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((200, 5)).astype(dtype), rng.integers(0, 3, 200)
    bad = X.copy()
    bad[199, 0] = np.nan
    np.testing.assert_array_equal(trained(refused=True), trained(refused=False))


def test_inputs_that_become_nan_between_epochs():
    X = VALUES.astype("f4")
    net = network()
    kept = []

    def spoil(epoch, _history):
        kept.append(net.parameters.copy())
        if epoch == 1:
            X[3, 1] = np.nan

    with pytest.raises(ValueError, match=r"\[fit\] .*got nan at X\[3, 1\]$"):
        net.fit(X, LABELS, loss="cross_entropy", epochs=5, callback=spoil)
    assert len(kept) == 2
    assert len(net.history.loss) == 2
    np.testing.assert_array_equal(net.parameters, kept[1])


def test_too_large_for_float32():
    X = VALUES.astype("f8")
    X[3, 2] = 1e39
    with pytest.raises(
        ValueError, match=r"\[predict\] expected finite values in X, got 1e\+39.*float32"
    ):
        network().predict(X)
    assert np.isfinite(network("float64").predict(X)).all()
    X = X.astype("longdouble")
    X[3, 2] = np.finfo("longdouble").max
    with pytest.raises(ValueError, match=r"\[predict\] expected finite values in X"):
        network("float64").predict(X)
