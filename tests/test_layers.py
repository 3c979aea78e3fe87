"""Dense layers: the function, the specification, the live views in a network."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest

import wbcore as wb


def exact(x, W, b):
    """The chain of fused multiply-adds, in exact rational arithmetic rounded after each step."""
    rows = []
    for row in x:
        z = [float(value) for value in b]
        for o in range(len(b)):
            for k, value in enumerate(row):
                z[o] = float(Fraction(z[o]) + Fraction(float(value)) * Fraction(float(W[k, o])))
        rows.append(z)
    return np.array(rows)


# The function


def test_single_neuron_of_the_lessons():
    z = wb.dense([0.5, 0.3], weights=[[0.8], [0.6]], biases=[0.2])
    assert z.tolist() == [0.78]
    assert wb.sigmoid(z).tolist() == [0.6856801139382539]


def test_dense_is_a_chain_of_fused_multiply_adds():
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((4, 9)), rng.standard_normal((9, 5)), rng.standard_normal(5)
    assert wb.dense(x, W, b).tobytes() == exact(x, W, b).tobytes()
    assert wb.dense(x[1], W, b).tobytes() == exact(x[1:2], W, b).tobytes()


def test_dense_is_a_neuron_too():
    z = wb.dense([0.5, 0.3], [0.8, 0.6], 0.2)
    assert type(z) is np.float64
    assert z == wb.dense([0.5, 0.3], [[0.8], [0.6]], [0.2])[0] == pytest.approx(0.78)
    x = np.random.default_rng(0).standard_normal((9, 8)).astype(np.float32)
    w, b = x[0], np.float32(0.5)
    found = wb.dense(x, w, b)
    assert (found.shape, found.dtype) == ((9,), np.float32)
    assert found.tobytes() == wb.dense(x, w[:, None], [b]).astype(np.float32).tobytes()
    assert type(wb.dense(x[0], w, b)) is np.float32
    assert wb.dense([1], [2], np.array(3)) == 5
    assert wb.dense(np.empty((0, 8)), w, 0).shape == (0,)


def test_dense_dtypes():
    x, W, b = np.ones((2, 3), "f4"), np.ones((3, 4), "f4"), np.ones(4, "f4")
    assert wb.dense(x, W, b).dtype == np.float32
    assert wb.dense(x, W.astype("f8"), b).dtype == np.float64
    assert wb.dense(x.astype(np.int8), W, b).dtype == np.float64


def test_dense_takes_any_layout_and_no_rows():
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((6, 8)), rng.standard_normal((8, 10)), rng.standard_normal(20)
    strided = wb.dense(x[::-2, ::4], W[::4, 1::2], b[::4])
    assert (
        strided.tobytes()
        == wb.dense(x[::-2, ::4].copy(), W[::4, 1::2].copy(), b[::4].copy()).tobytes()
    )
    assert wb.dense(np.empty((0, 8)), W, b[:10]).shape == (0, 10)


# The specification


def test_defaults():
    dense = wb.Dense(3, 4)
    assert dense == wb.Dense(3, 4, "identity", "xavier", "zeros")
    assert wb.Dense(3, 4, "relu").initializer == "he"
    assert wb.Dense(3, 4, "softmax").initializer == "xavier"


def test_is_frozen_and_hashable():
    dense = wb.Dense(3, 4)
    with pytest.raises(dataclasses.FrozenInstanceError):
        dense.inputs = 5
    assert len({dense, wb.Dense(3, 4), wb.Dense(4, 3)}) == 2


@pytest.mark.parametrize("kind", [int, np.int8, np.uint64, np.int64])
def test_widths_of_any_integer_type_become_int(kind):
    dense = wb.Dense(kind(3), kind(4))
    assert type(dense.inputs) is type(dense.outputs) is int
    assert dense == wb.Dense(3, 4)


# In a network


@pytest.fixture
def net():
    return wb.Network([wb.Dense(3, 4, "tanh"), wb.Dense(4, 2)], seed=1)


def test_attributes(net):
    layer = net[0]
    assert (layer.index, layer.inputs, layer.outputs, layer.activation) == (0, 3, 4, "tanh")
    assert repr(net[1]) == "<Layer 1: 4 to 2, identity>"


def test_views_are_live_both_ways(net):
    flat = net.parameters
    assert np.shares_memory(net[0].weights, flat)
    flat[:] = np.arange(flat.size)
    assert net[0].weights.tolist() == np.arange(12).reshape(3, 4).tolist()
    assert net[0].biases.tolist() == [12, 13, 14, 15]
    assert net[1].weights.tolist() == np.arange(16, 24).reshape(4, 2).tolist()
    assert net[1].biases.tolist() == [24, 25]
    net[1].biases[1] = -1
    assert flat[-1] == -1
    before = net.predict(np.ones((1, 3)))
    net[1].biases += 1
    assert (net.predict(np.ones((1, 3))) == before + 1).all()


def test_views_keep_the_network_alive():
    weights = wb.Network([wb.Dense(100, 100, initializer="ones")])[0].weights
    for seed in range(20):  # something to take the memory, were it free
        wb.Network([wb.Dense(100, 100)], seed=seed)
    assert (weights == 1).all()


def test_parameters_are_aligned(net):
    assert net.parameters.ctypes.data % 64 == 0


def test_assignment_copies(net):
    W = np.full((3, 4), 2.0)
    view = net[0].weights
    net[0].weights = W
    W[:] = 7
    assert (view == 2).all()
    net[0].biases = [1, 2, 3, 4]
    assert net.parameters[12:16].tolist() == [1, 2, 3, 4]
    net[0].weights += 1
    assert (net.parameters[:12] == 3).all()
    assert net[0].weights.ctypes.data == view.ctypes.data


def test_what_is_done_to_a_view_is_not_done_to_the_layer(net):
    for name, shape in (("weights", (3, 4)), ("biases", (4,))):
        view = getattr(net[0], name)
        view.shape = (2, view.size // 2)
        view.flags.writeable = False
        assert getattr(net[0], name).shape == shape
        setattr(net[0], name, np.ones(shape))
    assert net.summary()
    assert net[0].weights.base is not None


@pytest.mark.parametrize(
    ("name", "value"), [("activation", "tanh"), ("inputs", 3), ("outputs", 5), ("index", 1)]
)
def test_the_structure_of_a_layer_cannot_be_assigned(net, name, value):
    before = repr(net[0])
    message = (
        rf"\[layer 0\] expected weights, biases, trainable or dropout to be assigned, got {name}: "
        rf"a network"
    )
    with pytest.raises(AttributeError, match=message):
        setattr(net[0], name, value)
    with pytest.raises(AttributeError, match=rf"expected attributes to stay, got del {name}"):
        delattr(net[0], name)
    with pytest.raises(AttributeError, match="got wieghts"):
        net[0].wieghts = 1
    assert repr(net[0]) == before


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones((4, 3)), r"\[layer 0\] expected weights of shape \(3, 4\), got shape \(4, 3\)"),
        (1.0, r"\[layer 0\] expected weights of shape \(3, 4\), got shape \(\)"),
        (
            np.full((3, 4), math.nan),
            r"\[layer 0\] expected weights to be finite, got nan at weights\[0, 0\]",
        ),
        (np.full((3, 4), 1e300), r"\[layer 0\] expected weights to be finite in float32, got"),
    ],
)
def test_assignment_that_does_not_fit_changes_nothing(net, value, message):
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=message):
        net[0].weights = value
    assert (net.parameters == before).all()
