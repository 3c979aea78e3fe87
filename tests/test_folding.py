"""The scaling of inputs and targets in the first and the last layer, and how near it comes."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

import wbcore as wb

UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}
RNG = np.random.default_rng(0)
RAW = np.stack([RNG.normal(m, s, 80) for m, s in ((0, 1), (1013, 8), (-3e-7, 1e-7), (5e4, 3e4))]).T
MEAN, SCALE = RAW.mean(axis=0), RAW.std(axis=0)


def network(dtype="float64", last="identity", **options):
    layers = [
        wb.Dense(4, 7, "tanh", dropout=0.25, **options),
        wb.Dense(7, 5, "relu", trainable=False),
        wb.Dense(5, 3, last, bias_initializer=[0.5, -1, 2]),
    ]
    net = wb.Network(layers, seed=1, dtype=dtype)
    net.metadata["classes"] = ["a"]
    return net


def test_raw_inputs_give_what_scaled_ones_gave():
    net = network()
    before = net.parameters.tobytes()
    raw = net.fold_inputs(MEAN, SCALE)
    np.testing.assert_allclose(raw.predict(RAW), net.predict((RAW - MEAN) / SCALE), rtol=1e-11)
    assert net.parameters.tobytes() == before
    assert raw.metadata == {"classes": ["a"]}
    assert raw.metadata is not net.metadata
    assert (raw.activation_names, raw.dtype) == (net.activation_names, net.dtype)
    assert [(layer.dropout, layer.trainable) for layer in raw] == [
        (layer.dropout, layer.trainable) for layer in net
    ]
    assert raw.parameters[35:].tobytes() == net.parameters[35:].tobytes()


def test_outputs_are_raw():
    net = network()
    mean, scale = np.array([150.0, 0.0, -3.0]), np.array([77.0, 1e-3, 2.0])
    raw = net.fold_outputs(mean, scale)
    np.testing.assert_allclose(raw.predict(RAW), net.predict(RAW) * scale + mean, rtol=1e-13)
    assert raw.parameters[:-18].tobytes() == net.parameters[:-18].tobytes()
    both = net.fold_inputs(MEAN, SCALE).fold_outputs(mean, scale)
    expected = net.predict((RAW - MEAN) / SCALE) * scale + mean
    np.testing.assert_allclose(both.predict(RAW), expected, rtol=1e-11)
    one = net.fold_outputs(2.0, -4.0)
    np.testing.assert_allclose(one.predict(RAW), net.predict(RAW) * -4 + 2, rtol=1e-13)


def test_a_training_on_scaled_data_gives_a_model_of_raw_data(tmp_path):
    """As it is saved, and read again."""
    y = RAW @ [3.0, 0.5, 2e6, 1e-4] + 100
    X, t = (RAW - MEAN) / SCALE, (y - y.mean()) / y.std()
    net = wb.Network.mlp([4, 16, 1], "tanh", seed=0)
    net.fit(X, t, loss="mse", optimizer=wb.Adam(0.01), epochs=60)
    raw = net.fold_inputs(MEAN, SCALE, dtype="float64").fold_outputs(y.mean(), y.std())
    raw.save(tmp_path / "raw")
    scores = wb.load(tmp_path / "raw").evaluate(RAW, y, loss="mse", metrics=["r2"])
    assert scores["r2"] == pytest.approx(net.evaluate(X, t, loss="mse", metrics=["r2"])["r2"])
    assert scores["r2"] > 0.9


def test_parameters_are_rounded_once():
    net = network("float32")
    raw = net.fold_inputs(MEAN, SCALE)
    W = net[0].weights.astype(float) / SCALE[:, None]
    assert np.array_equal(raw[0].weights, W.astype(np.float32))
    stored = raw[0].weights.astype(float)
    assert np.array_equal(
        raw[0].biases, wb.dense(-MEAN, stored, net[0].biases.astype(float)).astype(np.float32)
    )
    out = net.fold_outputs(150.0, 1 / 3)
    last = net[2]
    assert np.array_equal(out[2].weights, (last.weights.astype(float) * (1 / 3)).astype(np.float32))
    assert np.array_equal(
        out[2].biases, (last.biases.astype(float) * (1 / 3) + 150.0).astype(np.float32)
    )


@given(
    seed=st.integers(0, 2**32),
    inputs=st.integers(1, 40),
    far=st.sampled_from([0.0, 1.0, 30.0, 1e3, 1e6]),
    size=st.sampled_from([1e-6, 1.0, 1e5]),
    dtype=st.sampled_from(["float32", "float64"]),
)
@settings(max_examples=examples(100), deadline=None)
def test_the_worst_difference_of_sums_is_below_the_bound(seed, inputs, far, size, dtype):
    """That of the docstring, against sums in exact enough numbers."""
    rng = np.random.default_rng(seed)
    net = wb.Network([wb.Dense(inputs, 6)], seed=seed, dtype=dtype)
    net[0].biases = rng.normal(size=6)
    scale = size * rng.uniform(0.5, 2, inputs) * rng.choice([-1, 1], inputs)
    mean = scale * far * rng.normal(size=inputs)
    kind = np.float32 if dtype == "float32" else np.float64
    X = (mean + scale * rng.normal(size=(20, inputs))).astype(kind)
    raw = net.fold_inputs(mean, scale)
    exact = np.longdouble
    W, b = net[0].weights.astype(exact), net[0].biases.astype(exact)
    x, m, s = X.astype(exact), mean.astype(exact), scale.astype(exact)
    expected = ((x - m) / s) @ W + b
    size_of_terms = abs(b) + (abs(x) + abs(m)) @ abs(W / s[:, None])
    bound = (inputs + 3) * UNIT[dtype] * size_of_terms
    difference = abs(raw.predict(X).astype(exact) - expected)
    assert (difference <= bound).all()
    shift, spread = rng.normal(size=6) * far, rng.uniform(0.1, 10, 6) * size
    Y = net.predict(X).astype(exact) * spread + shift
    terms = abs(shift) + spread * (abs(b) + abs(x) @ abs(W))
    bound = (2 * inputs + 4) * UNIT[dtype] * terms
    assert (abs(net.fold_outputs(shift, spread).predict(X) - Y) <= bound).all()


@pytest.mark.parametrize("fold", ["fold_inputs", "fold_outputs"])
def test_a_layer_without_biases_gets_them_when_it_needs_them(fold):
    net = wb.Network([wb.Dense(4, 4, bias=False, dropout=0.5), wb.Dense(4, 4, bias=False)], seed=1)
    net.note = "mine"
    at = 0 if fold == "fold_inputs" else 1
    with_biases = getattr(net, fold)(MEAN, SCALE)
    assert [layer.bias for layer in with_biases] == [at == 0, at == 1]
    assert with_biases.note == "mine"
    assert with_biases[0].dropout == 0.5
    none = getattr(net, fold)(0, SCALE)
    assert not any(layer.bias for layer in none)
    assert copy.copy(with_biases) == with_biases
    X = RAW.astype(np.float32)
    if at == 0:
        expected = net.predict((RAW - MEAN) / SCALE)
        np.testing.assert_allclose(with_biases.predict(X), expected, atol=2e-3)
    else:
        expected = net.predict(X).astype(float) * SCALE + MEAN
        np.testing.assert_allclose(with_biases.predict(X), expected, rtol=1e-4)


@pytest.mark.parametrize("last", ["relu", "leaky_relu(0.2)"])
def test_scales_go_through_what_is_linear_on_both_sides(last):
    net = network(last=last)
    raw = net.fold_outputs(0.0, [2.0, 3.0, 5.0])
    np.testing.assert_allclose(raw.predict(RAW), net.predict(RAW) * [2, 3, 5], rtol=1e-13)


def test_another_dtype():
    net = network("float32")
    wide = net.fold_inputs(MEAN, SCALE, dtype="float64")
    assert wide.dtype == np.float64
    narrow = network("float64").fold_outputs(0, 1, dtype="float32")
    assert narrow.dtype == np.float32
    assert np.array_equal(narrow.parameters, network("float64").parameters.astype(np.float32))
    stamps = RNG.uniform(1.7e9, 1.7e9 + 1000, (50, 4))
    mean, scale = stamps.mean(axis=0), stamps.std(axis=0)
    expected = net.predict((stamps - mean) / scale)
    coarse = abs(net.fold_inputs(mean, scale).predict(stamps) - expected).max()
    fine = abs(net.fold_inputs(mean, scale, dtype="float64").predict(stamps) - expected).max()
    assert fine < 1e-5 < coarse


REFUSED = [
    (
        lambda: network().fold_inputs(MEAN, [1, 0, 1, 1]),
        r"scale other than 0, got 0 at scale\[1\]; ",
    ),
    (lambda: network().fold_inputs(MEAN, 0), "scale other than 0, got 0"),
    (lambda: network().fold_inputs(MEAN, [1, np.nan, 1, 1]), r"scale to be finite, got nan"),
    (lambda: network().fold_inputs([np.inf, 0, 0, 0], SCALE), r"mean to be finite, got inf"),
    (
        lambda: network().fold_inputs(MEAN[:3], SCALE),
        r"mean to be a number or an array of shape \(4,\)",
    ),
    (lambda: network().fold_inputs(MEAN, [[1.0]]), r"scale to be a number or an array of shape"),
    (lambda: network().fold_inputs(MEAN, SCALE, dtype="float16"), "dtype to be 'float32' or"),
    (
        lambda: network("float32").fold_inputs(0, 1e-60),
        r"every weight to be finite in float32, got one that is not; pass dtype='float64'",
    ),
    (
        lambda: network("float32").fold_inputs(1e60, 1),
        r"every bias to be finite in float32, got one that is not; pass dtype='float64'",
    ),
    (lambda: network().fold_outputs(0, 1e308 * 10), "scale to be finite"),
    (lambda: network().fold_outputs(0, 1e-400), "scale other than 0"),
    (lambda: network("float32").fold_outputs(1e200, 1), "every bias to be finite in float32"),
    (lambda: network("float32").fold_outputs(0, 1e200), "every weight to be finite in float32"),
    (
        lambda: network(last="tanh").fold_outputs(0, 2),
        r"\[fold_outputs\] expected a last activation identity, relu or leaky_relu, got tanh",
    ),
    (
        lambda: network(last="relu").fold_outputs(1, 2),
        "expected mean 0 and scale above 0 with .* relu",
    ),
    (lambda: network(last="relu").fold_outputs(0, -2), "expected mean 0 and scale above 0 with"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
