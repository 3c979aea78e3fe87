"""A `Standardized` X: the bits of what NumPy makes of it, statistics that no block shows in."""

import copy
import pickle

import numpy as np
import pytest
from sources import Counted, blocks, mapped

import wbcore as wb
from wbcore import reference

DTYPES = ["?", "i1", "i8", "u1", "f2", "f4", "f8", "longdouble", ">i2", ">f4"]
LABELS = np.random.default_rng(1).integers(0, 3, 300)


def given(dtype="f8", columns=21, rows=300):
    values = np.random.default_rng(0).normal(60, 20, (rows, columns)).clip(0, 120)
    return (values > 60 if dtype == "?" else values).astype(dtype)


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


def formula(X, mean, scale, dtype):
    """As the page of the arithmetic has it."""
    return ((X.astype("f8") - mean) * (1 / scale)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DTYPES)
def test_bits_are_those_of_the_array(name, dtype):
    X = given(name)
    standardized = wb.Standardized(X)
    expected = formula(X, standardized.mean, standardized.scale, dtype)
    assert np.asarray(standardized, dtype).tobytes() == expected.tobytes()
    assert bits(standardized, dtype) == bits(expected, dtype)
    assert bits(standardized, dtype, n_threads=2, shuffle=False) == bits(
        expected, dtype, shuffle=False
    )


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 64, 130])
def test_widths_and_layouts(columns):
    X = given("f4", columns)
    expected = bits(np.asarray(wb.Standardized(X), "f4"))
    wide = np.zeros((600, 2 * columns), "f4")
    wide[::2, ::-2] = X
    for layout in (X, np.asfortranarray(X), wide[::2, ::-2]):
        assert bits(wb.Standardized(layout)) == expected


def test_mean_and_spread_are_those_of_numpy():
    X = given() * np.logspace(-6, 6, 21) + np.linspace(-1e3, 1e3, 21)
    found = wb.Standardized(X)
    assert np.allclose(found.mean, X.mean(0), rtol=1e-14)
    assert np.allclose(found.scale, X.std(0), rtol=1e-12)
    Z = np.asarray(found)
    assert np.abs(Z.mean(0)).max() < 1e-9
    assert np.abs(Z.std(0) - 1).max() < 1e-9


def test_a_mean_far_from_zero_costs_no_digits():
    rng = np.random.default_rng(3)
    small = rng.normal(size=(1000, 1))
    found = wb.Standardized(np.round(small, 6) + 2.0**40)
    assert found.scale[0] == pytest.approx(small.std(), rel=1e-4)
    assert found.mean[0] - 2.0**40 == pytest.approx(small.mean(), abs=1e-3)


@pytest.mark.parametrize("rows", [1, 2, 127, 128, 129, 300, 513, 1000])
def test_statistics_are_those_of_the_reference(rows):
    X = given(columns=3, rows=rows)
    found = wb.Standardized(X)
    mean, scale = reference.mean_and_scale(X.tolist())
    assert found.mean.tolist() == mean
    assert found.scale.tolist() == scale


@pytest.mark.parametrize("size", [1, 7, 127, 128, 129, 300])
@pytest.mark.parametrize("columns", [1, 21])
def test_sizes_of_blocks_do_not_show(size, columns):
    X = given("f4", columns)
    expected = wb.Standardized(X)
    found = wb.Standardized(Counted(blocks(X, LABELS, size)))
    assert found.mean.tobytes() == expected.mean.tobytes()
    assert found.scale.tobytes() == expected.scale.tobytes()
    assert found.shape == expected.shape
    net = wb.Network.mlp([columns, 3], seed=0)
    assert net.predict(found).tobytes() == net.predict(expected).tobytes()


def test_a_source_is_trained_on_as_the_array_is(tmp_path):
    X = given("f4")
    source = wb.Standardized(wb.data.Blocks(mapped(tmp_path, X), LABELS, rows=70))
    net, other = (wb.Network.mlp([21, 5, 3], seed=1) for _ in range(2))
    for shuffle in ("blocks", False, True):
        options = {"loss": "cross_entropy", "shuffle": shuffle, "epochs": 2}
        net.fit(source, validation_data=source, **options)
        X_, y = wb.Standardized(X), LABELS
        if shuffle == "blocks":
            X_, y = wb.data.Blocks(X_, LABELS, rows=70), None
        other.fit(X_, y, validation_data=(wb.Standardized(X), LABELS), **options)
        assert net.parameters.tobytes() == other.parameters.tobytes()
        assert net.history.val_loss == other.history.val_loss


def test_constant_columns_become_zero_and_are_told():
    X = given(columns=4)
    X[:, 1] = 0.1  # whose mean in binary64 is not 0.1 by every sum
    X[:, 3] = -1e300
    found = wb.Standardized(X)
    assert found.constant.tolist() == [1, 3]
    assert found.scale[[1, 3]].tolist() == [1, 1]
    assert found.mean[[1, 3]].tolist() == [0.1, -1e300]
    assert (np.asarray(found)[:, [1, 3]] == 0).all()
    assert "2 constant" in repr(found)
    assert wb.Standardized(X[:1]).constant.tolist() == [0, 1, 2, 3]


def test_new_rows_take_the_mean_and_scale_of_the_others():
    X = given()
    train = wb.Standardized(X[:200])
    new = wb.Standardized(X[200:], mean=train.mean, scale=train.scale)
    assert new.constant.tolist() == []
    assert (np.asarray(new) == formula(X[200:], train.mean, train.scale, "f8")).all()
    assert (np.asarray(train[50:60]) == np.asarray(train)[50:60]).all()
    assert (np.asarray(train[[3, 5]]) == np.asarray(train)[[3, 5]]).all()
    assert len(train) == 200
    assert train.ndim == 2


def test_it_is_not_changed_and_it_travels():
    X = wb.Standardized(given())
    for other in (pickle.loads(pickle.dumps(X)), copy.copy(X), copy.deepcopy(X)):
        assert np.asarray(other).tobytes() == np.asarray(X).tobytes()
        assert bits(other) == bits(X)
    with pytest.raises(AttributeError, match="expected no change"):
        X.mean = 0
    with pytest.raises(ValueError, match="read-only"):
        X.mean[0] = 0


def test_no_array_is_made_of_a_large_one():
    import tracemalloc

    X = np.zeros((200_000, 50), "u1")
    X[::2] = 7
    tracemalloc.start()
    wb.Standardized(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6  # as float64 it would be 80e6


INF = np.array([[1.0, np.inf]])


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: wb.Standardized([1, 2]), ValueError, "X of shape (B, I), with at least one row"),
        (lambda: wb.Standardized(np.zeros((0, 3))), ValueError, "at least one row, got shape (0, "),
        (lambda: wb.Standardized([["a"]]), TypeError, "expected X to be an array of real numbers"),
        (lambda: wb.Standardized(wb.Scaled([[1]], 2)), TypeError, "got a Scaled one"),
        (lambda: wb.Scaled(wb.Standardized([[1]]), 2), TypeError, "got a Standardized one"),
        (lambda: wb.Standardized(INF), ValueError, "finite values in X, got inf at X[0, 1]"),
        (lambda: wb.Standardized([[-1e200], [1e200]]), ValueError, "squares are finite in float64"),
        (lambda: wb.Standardized([[1]], mean=[0]), TypeError, "or none, got mean alone"),
        (lambda: wb.Standardized([[1]], mean=[0], scale=[0]), ValueError, "got 0 at scale[0]"),
        (lambda: wb.Standardized([[1]], mean=[0], scale=[-1]), ValueError, "got -1 at scale[0]"),
        (lambda: wb.Standardized([[1]], mean=[0], scale=[1, 2]), ValueError, "shapes (1,) and (2,"),
        (lambda: wb.Standardized([[1]], mean=[0, 0], scale=[1, 2]), ValueError, "shape (1,), as X"),
    ],
)
def test_refused(make, error, text):
    with pytest.raises(error) as caught:
        make()
    assert text in str(caught.value)


def test_what_a_network_refuses():
    net = wb.Network.mlp([1, 1], seed=0)
    tiny = wb.Standardized([[1.0], [2.0]], mean=[0], scale=[1e-100])
    with pytest.raises(ValueError, match=r"got 1, which standardized is infinite in float32, at X"):
        net.predict(tiny)
    with pytest.raises(ValueError, match=r"which standardized is infinite in float32, at X\[0, 0"):
        net.fit(wb.Standardized([[1], [2]], mean=[0], scale=[1e-100]), [0, 0], loss="mse")
    with pytest.raises(TypeError, match=r"got a Standardized, which is for X; pass np\.asarray"):
        net.fit([[1], [2]], tiny, loss="mse")
    X = np.array([[1.0], [2.0]])
    changed = wb.Standardized(X)
    X[1] = np.nan
    with pytest.raises(ValueError, match=r"expected finite values in X, got nan at X\[1, 0\]"):
        net.predict(changed)
