"""A `Scaled` X gives the bits of the array that NumPy would make of it, without making it."""

import copy
import pickle

import numpy as np
import pytest

import wbcore as wb

SHAPE = (70, 21)
LABELS = np.random.default_rng(1).integers(0, 3, SHAPE[0])
DTYPES = ["?", "i1", "i4", "i8", "u1", "u2", "u8", "f2", "f4", "f8", "longdouble", ">i2", ">f4"]


def given(dtype, columns=SHAPE[1]):
    values = np.random.default_rng(0).integers(0, 100, (SHAPE[0], columns))
    return (values > 50 if dtype == "?" else values).astype(dtype)


def bits(X, dtype="float32", **options):
    """Everything that a network computes from X."""
    net = wb.Network.mlp([X.shape[1], 5, 3], "tanh", seed=1, dtype=dtype)
    value, grads = net.loss_and_gradients(X, LABELS, "cross_entropy")
    forward = net.forward(X)
    options = {"epochs": 2, "batch_size": 16, "optimizer": wb.SGD(0.1)} | options
    loss = "cross_entropy"
    history = net.fit(X, LABELS, loss=loss, validation_data=(X, LABELS), **options)
    evaluated = net.evaluate(X, LABELS, loss=loss)
    frozen = net.freeze()(X, out=np.empty((len(X), 3), dtype))
    arrays = [net.predict(X), frozen, forward, grads.flat, net.parameters]
    return [value, history.loss, history.val_loss, str(evaluated), *(a.tobytes() for a in arrays)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DTYPES)
def test_bits_are_those_of_the_product(name, dtype):
    X = wb.Scaled(given(name), 1 / 255)
    product = given(name).astype(dtype) * np.dtype(dtype).type(1 / 255)
    assert np.asarray(X, dtype).tobytes() == product.tobytes()
    assert bits(X, dtype) == bits(product, dtype)
    assert bits(X, dtype) != bits(given(name).astype(dtype), dtype)


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 64, 65, 130])
@pytest.mark.parametrize("name", ["u1", "f4", "f8"])
def test_widths_and_shuffling(name, columns):
    X = given(name, columns)
    product = X.astype("f4") * np.float32(-0.3)
    assert bits(wb.Scaled(X, -0.3), shuffle=True) == bits(product, shuffle=True)
    assert bits(wb.Scaled(X, -0.3), n_threads=2) == bits(product)


@pytest.mark.parametrize("name", ["u1", "f4", "f8", "i4"])
def test_layouts(name):
    X = given(name)
    expected = bits(X.astype("f4") * np.float32(0.7))
    wide = np.zeros((140, 42), name)
    wide[::2, ::-2] = X
    for layout in (
        np.asfortranarray(X),
        wide[::2, ::-2],
        np.ascontiguousarray(X[::-1])[::-1],
        X.tolist(),
    ):
        assert bits(wb.Scaled(layout, 0.7)) == expected


def test_factor_one_changes_nothing():
    X = given("f4") / np.float32(7)
    X[0, :3] = -0.0, 1e-45, -3e38
    assert bits(wb.Scaled(X, 1), optimizer=wb.SGD(1e-9)) == bits(X, optimizer=wb.SGD(1e-9))


@pytest.mark.parametrize(("dtype", "large"), [("float32", 1e38), ("float64", 1e308)])
def test_what_becomes_infinite_is_refused(dtype, large):
    X = np.ones(SHAPE, dtype)
    X[3, 2] = large
    net = wb.Network.mlp([SHAPE[1], 3], seed=0, dtype=dtype)
    message = rf"got 1e\+\d+, which times 10 is infinite in {dtype}, at X\[3, 2\]$"
    for call in (net.predict, net.forward, lambda X: net.fit(X, LABELS, loss="cross_entropy")):
        with pytest.raises(ValueError, match=message):
            call(wb.Scaled(X, 10))
    out = np.full((SHAPE[0], 3), 7, dtype)
    with pytest.raises(ValueError, match=message):
        net.predict(wb.Scaled(X, 10), out=out)
    assert (out == 7).all()
    assert np.isfinite(net.predict(wb.Scaled(X, 1e-3))).all()


def test_what_is_infinite_before_it_is_scaled_is_refused():
    net = wb.Network.mlp([1, 1], seed=0)
    with pytest.raises(
        ValueError, match=r"got 1e\+300, which is infinite in float32, at X\[0, 0\]$"
    ):
        net.predict(wb.Scaled([[1e300]], 1e-300))


def test_the_largest_factor_of_the_largest_integer_is_finite():
    X = wb.Scaled(np.full((2, 1), 2**64 - 1, np.uint64), 1e18)
    net = wb.Network.mlp([1, 1], initializer=wb.initializers.zeros)
    assert net.predict(X).tolist() == [[0], [0]]


def test_an_array_that_is_not_finite_is_refused_as_given():
    X = np.ones(SHAPE, "f8")
    X[1, 1] = np.nan
    with pytest.raises(ValueError, match=r"got nan at X\[1, 1\]"):
        wb.Network.mlp([SHAPE[1], 3]).predict(wb.Scaled(X, 2))


@pytest.mark.parametrize("factor", [np.nan, np.inf, -np.inf, 1.1e18, -1e19])
def test_factors_out_of_range(factor):
    with pytest.raises(
        ValueError, match=r"^\[Scaled\] expected factor to be a finite number from -1e18 to 1e18"
    ):
        wb.Scaled(np.ones((2, 2)), factor)


@pytest.mark.parametrize("factor", [None, "2", True, np.ones(2), 1j])
def test_factors_that_are_not_numbers(factor):
    with pytest.raises(TypeError, match=r"^\[Scaled\] expected factor to be a finite number"):
        wb.Scaled(np.ones((2, 2)), factor)


@pytest.mark.parametrize(
    ("array", "error", "got"),
    [
        (wb.Scaled(np.ones((1, 2)), 2), TypeError, "a Scaled one"),
        (np.ma.masked_array([[1, 2]], [[1, 0]]), TypeError, "a masked array; fill or drop"),
        (None, TypeError, "None"),
        (np.array([[1, None]]), TypeError, "dtype object; pass"),
        ([["a", "b"]], TypeError, "dtype <U1"),
        (np.ones((1, 2), complex), TypeError, "dtype complex128"),
        ([[1, 2], [3]], ValueError, r"\[\[1, 2\], \[3\]\]"),
    ],
)
def test_arrays_that_are_refused(array, error, got):
    message = rf"^\[Scaled\] expected array to be an array of real numbers, got {got}"
    with pytest.raises(error, match=message):
        wb.Scaled(array, 2)


def test_shapes_that_are_refused():
    net = wb.Network.mlp([2, 1], seed=0)
    with pytest.raises(ValueError, match=r"X has 3 columns but the first layer takes 2"):
        net.predict(wb.Scaled(np.ones((1, 3)), 2))
    with pytest.raises(ValueError, match=r"for one row pass X\[None, :\]"):
        net.predict(wb.Scaled(np.ones(2), 2))


def test_as_an_array():
    images = given("u1")
    X = wb.Scaled(images, 0.5)
    assert (X.shape, X.ndim, len(X), X.dtype) == (SHAPE, 2, SHAPE[0], np.float32)
    assert X.array is images  # not a copy
    assert repr(X) == "Scaled(uint8 array of shape (70, 21), factor=0.5)"
    assert np.array_equal(np.asarray(X), images * np.float32(0.5))
    assert np.asarray(X).dtype == np.float32
    assert np.asarray(wb.Scaled(given("i8"), 0.5)).dtype == np.float64
    assert np.array_equal(np.asarray(X, np.int32), (images * 0.5).astype(np.int32))
    assert np.array_equal(np.asarray(X[3:5]), np.asarray(X)[3:5])
    assert X[3:5].factor == 0.5
    with pytest.raises(ValueError, match="copy to be None or True"):
        X.__array__(copy=False)


def test_it_cannot_be_changed_but_copied():
    X = wb.Scaled(given("u1"), 0.5)
    with pytest.raises(AttributeError):
        X.factor = 2
    for other in (copy.copy(X), copy.deepcopy(X), pickle.loads(pickle.dumps(X))):
        assert bits(other) == bits(X)


@pytest.mark.parametrize("loss", wb.losses.NAMES)
def test_as_targets_it_is_refused(loss):
    net = wb.Network.mlp([SHAPE[1], 1], seed=0)
    X, y = given("f4"), wb.Scaled(np.zeros((SHAPE[0], 1), np.uint8), 0.5)
    before = net.parameters.tobytes()
    for operation, call in {
        "fit": lambda: net.fit(X, y, loss=loss),
        "fit, validation_data": lambda: net.fit(
            X, np.zeros((SHAPE[0], 1)) + 1, loss=loss, validation_data=(X, y)
        ),
        "evaluate": lambda: net.evaluate(X, y, loss=loss),
        "loss_and_gradients": lambda: net.loss_and_gradients(X, y, loss=loss),
        "profile": lambda: wb.inspect.profile(net, X, y, loss=loss),
        "loss_and_gradient": lambda: wb.losses.loss_and_gradient(loss, np.ones((SHAPE[0], 1)), y),
    }.items():
        message = rf"^\[{operation}\] expected y as an array, got a Scaled, which is for X; pass np"
        with pytest.raises(TypeError, match=message):
            call()
    assert net.parameters.tobytes() == before
