"""Biases of the start: numbers, arrays, "prior"; and biases for another base rate."""

import copy
import math
import pickle

import numpy as np
import pytest

import wbcore as wb
from wbcore import reference

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = np.repeat([0, 1, 2], [40, 15, 5])
RARE = (np.arange(60) % 20 == 0) * 1.0
NUMBERS = RNG.normal(7, 2, 60)
WEIGHTS = RNG.uniform(0, 3, 60)
WEIGHTS[[0, 1, 20, 45]] = 0


def mlp(outputs=1, last="identity", dtype="float64"):
    return wb.Network.mlp([3, 8, outputs], output_activation=last, seed=2, dtype=dtype)


def entropy(shares):
    shares = np.asarray(shares, float)
    return -(shares * np.log(shares)).sum()


# ---- numbers and arrays


def test_a_number_is_that_of_all_biases():
    dense = wb.Dense(3, 4, bias_initializer=0.5)
    assert dense.bias_initializer == "constant(0.5)"
    assert dense == wb.Dense(3, 4, bias_initializer=np.float32(0.5))
    net = wb.Network([dense, wb.Dense(4, 2, bias_initializer=-1)])
    assert net[0].biases.tolist() == [0.5] * 4
    assert net[1].biases.tolist() == [-1.0] * 2


@pytest.mark.parametrize("make", [list, tuple, np.array, lambda x: np.array(x, np.float32)])
def test_an_array_is_one_number_each(make):
    dense = wb.Dense(3, 3, bias_initializer=make([0.5, -1.0, 2.0]))
    assert dense.bias_initializer == (0.5, -1.0, 2.0)
    assert dense == wb.Dense(3, 3, bias_initializer=(0.5, -1.0, 2.0))
    assert hash(dense) == hash(copy.copy(dense))
    assert pickle.loads(pickle.dumps(dense)) == dense
    assert eval(repr(dense), {"Dense": wb.Dense}) == dense
    assert wb.Network([dense])[0].biases.tolist() == [0.5, -1.0, 2.0]


REFUSED_BIASES = [
    ([1.0, 2.0], ValueError, r"expected bias_initializer of shape \(3,\), got shape \(2,\)"),
    ([[1.0, 2.0, 3.0]], ValueError, r"of shape \(3,\), got shape \(1, 3\)"),
    ([1.0, np.nan, 0.0], ValueError, r"expected bias_initializer to be finite, got nan"),
    (["a", "b", "c"], TypeError, "expected bias_initializer to be an array of real numbers"),
    (np.nan, ValueError, "expected bias_initializer to be a finite number, got nan"),
    (True, TypeError, r"a number, an array, a function or one of zeros, .*, prior, got True"),
    (None, TypeError, r"a number, an array, a function or one of zeros, .*, got None"),
    ("prio", ValueError, r"a number, an array, a function or one of zeros, .*, prior, got 'prio'"),
]


@pytest.mark.parametrize(("value", "error", "message"), REFUSED_BIASES)
def test_biases_that_are_refused(value, error, message):
    with pytest.raises(error, match=rf"\[Dense\] .*{message}"):
        wb.Dense(2, 3, bias_initializer=value)


def test_numbers_that_a_network_cannot_have():
    with pytest.raises(ValueError, match=r"\[bias_initializer of layer 0\] expected biases"):
        wb.Network([wb.Dense(2, 1, bias_initializer=[1e300])])
    with pytest.raises(ValueError, match="finite"):
        wb.Network([wb.Dense(2, 1, bias_initializer=1e300)])


# ---- the first loss

CASES = [
    ("cross_entropy", "identity", 3, LABELS),
    ("cross_entropy", "softmax", 3, LABELS),
    ("cross_entropy", "identity", 3, np.eye(3)[LABELS] * 0.9 + 0.1 / 3),
    ("binary_cross_entropy", "identity", 1, RARE),
    ("binary_cross_entropy", "sigmoid", 1, RARE),
    ("binary_cross_entropy", "sigmoid", 3, np.eye(3)[LABELS]),
    ("focal", "sigmoid", 1, RARE),
    ("mse", "identity", 1, NUMBERS),
    ("mse", "identity", 2, np.stack([NUMBERS, RARE], axis=1)),
    ("huber", "softplus", 1, NUMBERS),
    ("mse", "sigmoid", 1, RARE),
    ("mse", "tanh", 1, RARE - 0.5),
    ("mse", "softsign", 1, RARE - 0.5),
    ("mse", "relu", 1, NUMBERS),
    ("mse", "leaky_relu(0.2)", 1, -NUMBERS),
    ("mse", "elu(2)", 1, RARE - 1),
    ("mse[1, 3]", "identity", 2, np.stack([NUMBERS, RARE], axis=1)),
    ("kl_divergence", "softmax", 3, np.eye(3)[LABELS] * 0.9 + 0.1 / 3),
    ("poisson", "exp", 1, NUMBERS),
    ("poisson", "identity", 1, NUMBERS),
    ("gamma_deviance", "identity", 1, NUMBERS),
]


UNDONE = {
    "cross_entropy": wb.softmax,
    "binary_cross_entropy": wb.sigmoid,
    "poisson": np.exp,
    "gamma_deviance": np.exp,
}


# Losses with quantiles of the targets, and the levels that belong to the outputs in turn.
PAIR = np.stack([NUMBERS, RARE], axis=1)
QUANTILES = [
    ("mae", "identity", NUMBERS, [0.5]),
    ("mae", "softplus", NUMBERS, [0.5]),
    ("mae", "identity", PAIR, [0.5, 0.5]),
    ("quantile", "identity", NUMBERS, [0.5]),
    ("quantile(0.9)", "identity", NUMBERS, [0.9]),
    ("quantile(0.1, 0.5, 0.9)", "identity", NUMBERS, [0.1, 0.5, 0.9]),
    ("quantile(0.1, 0.95)", "leaky_relu", PAIR, [0.1, 0.95, 0.1, 0.95]),
    ("quantile(0.3, 0.6)[1, 2]", "identity", PAIR[:, :1] * [1, 2], [0.3, 0.6, 0.3, 0.6]),
    ("quantile(0.3, 0.6)", "tanh", np.stack([RARE, -RARE], axis=1) / 2, [0.3, 0.6]),
]
SMOOTHED = [
    ("cross_entropy(0.1)", "identity", 3, LABELS),
    ("cross_entropy(0.1)", "softmax", 3, LABELS),
    ("cross_entropy(0.3)", "identity", 4, LABELS),  # one of the classes has no rows
    ("cross_entropy(0.2)", "identity", 3, np.eye(3)[LABELS] * 0.9 + 0.1 / 3),
]


def shares_of(outputs, y, weights):
    rows = np.eye(outputs)[y] if np.asarray(y).dtype.kind == "i" else y.reshape(len(y), -1)
    return np.average(rows, axis=0, weights=weights)


def first_loss(loss, shares, y, weights):
    """By formula: the entropy of the prior, or the spread about the mean."""
    if loss == "cross_entropy":
        return entropy(shares)
    if loss == "binary_cross_entropy":
        return np.mean([entropy([p, 1 - p]) for p in shares])
    if loss == "mse":
        return np.average((y.reshape(len(y), -1) - shares) ** 2, axis=0, weights=weights).mean()
    return None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("loss", "last", "outputs", "y"), CASES)
def test_the_first_outputs_are_the_shares_and_the_first_loss_their_entropy(
    loss, last, outputs, y, dtype
):
    net = mlp(outputs, last, dtype)
    hidden = net[0].weights.copy()
    net.start_at_prior(y, loss=loss)
    tolerance = 2e-6 if dtype == "float32" else 1e-13
    given = net.predict(X).astype(float)
    if last == "identity":
        given = UNDONE.get(loss, np.asarray)(given)
    shares = shares_of(outputs, y, None)
    np.testing.assert_allclose(given, np.tile(shares, (60, 1)), rtol=10 * tolerance)
    expected = first_loss(loss, shares, y, None)
    if expected is not None:
        assert net.evaluate(X, y, loss=loss)["loss"] == pytest.approx(expected, rel=tolerance)
    assert np.array_equal(net[0].weights, hidden)
    assert not net[1].weights.any()


@pytest.mark.parametrize(("loss", "last", "outputs", "y"), CASES)
def test_weights_count_as_repetitions(loss, last, outputs, y):
    times = np.arange(1, 61) % 4
    weighted, repeated = mlp(outputs, last), mlp(outputs, last)
    weighted.start_at_prior(y, loss=loss, sample_weight=times)
    repeated.start_at_prior(np.repeat(y, times, axis=0), loss=loss)
    np.testing.assert_allclose(weighted[1].biases, repeated[1].biases, rtol=1e-13)
    net = mlp(outputs, last)
    net.start_at_prior(y, loss=loss, sample_weight=7 * WEIGHTS)
    shares = shares_of(outputs, y, WEIGHTS)
    given = net.predict(X[:1])[0]
    if last == "identity":
        given = UNDONE.get(loss, np.asarray)(given)
    np.testing.assert_allclose(given, shares, rtol=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("loss", "last", "outputs", "y"), CASES)
def test_the_reference_has_the_same_bits(loss, last, outputs, y, weights):
    net = mlp(outputs, last)
    net.start_at_prior(y, loss=loss, sample_weight=weights)
    targets = y.tolist() if y.ndim == 2 or loss == "cross_entropy" else y[:, None].tolist()
    told = None if weights is None else weights.tolist()
    expected = reference.prior_biases(loss, last, targets, outputs, told)
    assert [b.hex() for b in net[1].biases.tolist()] == [b.hex() for b in expected]


def test_the_order_of_rows_does_not_show():
    order = RNG.permutation(60)
    for loss, last, outputs, y in CASES:
        ours, theirs = mlp(outputs, last), mlp(outputs, last)
        ours.start_at_prior(y, loss=loss, sample_weight=WEIGHTS)
        theirs.start_at_prior(y[order], loss=loss, sample_weight=WEIGHTS[order])
        assert ours[1].biases.tobytes() == theirs[1].biases.tobytes()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("loss", "last", "y", "levels"), QUANTILES)
def test_losses_of_quantiles_begin_at_the_quantiles(loss, last, y, levels, weights):
    """By their definition: as much of the weight as the level says lies at or below, not before."""
    net = mlp(len(levels), last)
    if "[" in loss:
        loss = loss.replace("[1, 2]", "[1, 2, 3, 4]")
    net.start_at_prior(y, loss=loss, sample_weight=weights)
    targets, v = y.reshape(60, -1), np.ones(60) if weights is None else weights
    for k, (given, level) in enumerate(zip(net.predict(X[:1])[0], levels, strict=True)):
        column = targets[:, k * targets.shape[1] // len(levels)]
        at = column[v > 0][np.abs(column[v > 0] - given).argmin()]
        assert given == pytest.approx(at, rel=1e-13, abs=1e-13)
        assert v[column <= at].sum() >= level * v.sum() * (1 - 1e-13)
        assert v[column < at].sum() < level * v.sum()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("loss", "last", "y", "levels"), QUANTILES)
def test_no_constant_has_a_smaller_first_loss_of_quantiles(loss, last, y, levels, weights):
    loss = loss.partition("[")[0]
    net = mlp(len(levels), last)
    net.start_at_prior(y, loss=loss, sample_weight=weights)
    first = net.evaluate(X, y, loss=loss, sample_weight=weights)["loss"]
    for k in range(len(levels)):
        for step in (-0.5, -0.01, -1e-6, 1e-6, 0.01, 0.5):
            other = net.copy()
            other[1].biases[k] += step
            assert other.evaluate(X, y, loss=loss, sample_weight=weights)["loss"] >= first - 1e-14


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("loss", "last", "outputs", "y"), SMOOTHED)
def test_smoothed_classes_begin_at_the_smoothed_shares(loss, last, outputs, y, weights):
    net = mlp(outputs, last)
    net.start_at_prior(y, loss=loss, sample_weight=weights)
    smoothing = float(loss[14:-1])
    shares = (1 - smoothing) * shares_of(outputs, y, weights) + smoothing / outputs
    first = net.evaluate(X, y, loss=loss, sample_weight=weights)["loss"]
    assert first == pytest.approx(entropy(shares), rel=1e-13)
    np.testing.assert_allclose(wb.softmax(net[1].biases), shares, rtol=1e-13)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("loss", "last", "outputs", "y"),
    [*SMOOTHED, *((loss, last, len(levels), y) for loss, last, y, levels in QUANTILES)],
)
def test_quantiles_and_smoothed_shares_have_the_bits_of_the_reference(
    loss, last, outputs, y, weights
):
    loss = loss.partition("[")[0]
    for dtype in (np.int64, np.float64)[y.dtype.kind == "f" :]:
        ours, backwards = mlp(outputs, last), mlp(outputs, last)
        ours.start_at_prior(y.astype(dtype), loss=loss, sample_weight=weights)
        order = RNG.permutation(60)
        turned = None if weights is None else weights[order]
        backwards.start_at_prior(y[order], loss=loss, sample_weight=turned)
        targets = y.tolist() if y.dtype.kind == "i" else y.reshape(60, -1).tolist()
        told = None if weights is None else weights.tolist()
        expected = reference.prior_biases(loss, last, targets, outputs, told)
        assert [b.hex() for b in ours[1].biases.tolist()] == [b.hex() for b in expected]
        assert ours[1].biases.tobytes() == backwards[1].biases.tobytes()


def test_quantiles_by_weights_are_those_of_repetitions():
    times = np.arange(60) % 4
    for loss, last, y, levels in QUANTILES:
        weighted, repeated = mlp(len(levels), last), mlp(len(levels), last)
        plain = loss.partition("[")[0]
        weighted.start_at_prior(y, loss=plain, sample_weight=times)
        repeated.start_at_prior(np.repeat(y, times, axis=0), loss=plain)
        assert weighted[1].biases.tobytes() == repeated[1].biases.tobytes()


def test_a_quantile_of_zeros_has_no_sign():
    for y in ([-0.0, 0.0, 1.0], [0.0, -0.0, 1.0]):
        for weights in (None, [1, 1, 1]):
            net = mlp()
            net.start_at_prior(y, loss="quantile(0.1)", sample_weight=weights)
            assert net[1].biases[0].hex() == "0x0.0p+0"


def test_what_never_occurs_counts_as_half_a_row():
    net = mlp(4)
    net.start_at_prior(LABELS, loss="cross_entropy")
    shares = wb.softmax(net[1].biases)
    np.testing.assert_allclose(shares, np.array([40, 15, 5, 0.5]) / 60.5, rtol=1e-13)
    for all_of_them, odds in ((np.zeros(8), 0.5 / 8), (np.ones(8), 8 / 0.5)):
        net = mlp()
        net.start_at_prior(all_of_them, loss="binary_cross_entropy")
        assert math.exp(net[1].biases[0]) == pytest.approx(odds, rel=1e-13)
    # of mean weight, and rows of weight 0 are none
    net.start_at_prior([1, 1, 0], loss="binary_cross_entropy", sample_weight=[3, 5, 0])
    assert math.exp(net[1].biases[0]) == pytest.approx(8 / 2, rel=1e-13)


# ---- fits


@pytest.mark.parametrize("weights", [None, "marked"])
def test_a_fit_begins_there(weights):
    """Whether the fit is told or the layer was; the loss of the first step is the entropy."""
    if weights is None:
        net = mlp(3, dtype="float32")
        history = net.fit(X, LABELS, loss="cross_entropy", batch_size=60, bias_init="prior")
    else:
        layers = [wb.Dense(3, 8, "relu"), wb.Dense(8, 3, bias_initializer="prior")]
        net = wb.Network(layers, seed=2)
        assert not net.parameters[-27:].any()
        history = net.fit(X, LABELS, loss="cross_entropy", batch_size=60)
    assert history.loss[0] == pytest.approx(entropy(np.array([40, 15, 5]) / 60), rel=1e-6)


def test_a_fit_told_so_is_one_after_start_at_prior():
    told, by_hand, marked = (mlp() for _ in range(3))
    marked = wb.Network(
        [wb.Dense(3, 8, "relu"), wb.Dense(8, 1, bias_initializer="prior")],
        seed=2,
        dtype="float64",
    )
    fit = {"loss": "binary_cross_entropy", "batch_size": 16, "epochs": 3}
    told.fit(X, RARE, bias_init="prior", **fit)
    by_hand.start_at_prior(RARE, loss="binary_cross_entropy")
    by_hand.fit(X, RARE, **fit)
    marked.fit(X, RARE, **fit)
    assert told == by_hand == marked


def test_the_first_fit_alone_begins_there():
    layers = [wb.Dense(3, 8, "relu"), wb.Dense(8, 1, bias_initializer="prior")]
    net = wb.Network(layers, seed=2, dtype="float64")
    waiting = [net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    fit = {"loss": "binary_cross_entropy", "batch_size": 16}
    optimizer = wb.SGD(0.1)
    net.fit(X, RARE, optimizer=optimizer, epochs=2, **fit)
    net.fit(X, 1 - RARE, optimizer=optimizer, first_epoch=2, **fit)
    by_hand = wb.Network.mlp([3, 8, 1], seed=2, dtype="float64")
    by_hand.start_at_prior(RARE, loss="binary_cross_entropy")
    other = wb.SGD(0.1)
    by_hand.fit(X, RARE, optimizer=other, epochs=2, **fit)
    by_hand.fit(X, 1 - RARE, optimizer=other, first_epoch=2, **fit)
    assert net == by_hand
    for copied in waiting:  # copies of one that has not been trained have not either
        copied.fit(X, RARE, optimizer=wb.SGD(0.1), epochs=2, **fit)
        copied.fit(X, 1 - RARE, first_epoch=2, **fit, optimizer=wb.SGD(0.1))
        assert copied == by_hand


def test_a_fit_that_is_refused_changes_nothing():
    net = mlp()
    before = net.parameters.tobytes()
    bad = X.copy()
    bad[50, 1] = np.nan
    fit = {"loss": "binary_cross_entropy", "bias_init": "prior"}
    with pytest.raises(ValueError, match=r"X\[50, 1\]"):
        net.fit(bad, RARE, **fit)
    with pytest.raises(ValueError, match="y in"):
        net.fit(X, 2 + RARE, **fit)
    with pytest.raises(ValueError, match="rows"):
        net.fit(X[:-1], RARE, **fit)
    with pytest.raises(wb.DivergenceError):
        net.fit(X * 1e200, RARE * 1.0, loss="mse", bias_init="prior", epochs=30, optimizer="sgd(1)")
    assert net.parameters.tobytes() == before


def test_trained_weights_of_the_last_layer_are_given_up():
    net = mlp()
    net.fit(X, RARE, loss="binary_cross_entropy", epochs=5)
    history = net.fit(X, RARE, loss="binary_cross_entropy", bias_init="prior", batch_size=60)
    assert history.loss[0] == pytest.approx(entropy([0.05, 0.95]), rel=1e-12)


def distance(outputs, targets):
    return abs(outputs[:, 0] - targets).sum(), np.zeros_like(outputs)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mlp().start_at_prior(RARE, loss=distance),
        lambda: mlp().fit(X, RARE, loss=distance, bias_init="prior"),
        lambda: wb.Network([wb.Dense(3, 1, bias_initializer="prior")]).fit(X, RARE, loss=distance),
    ],
)
def test_a_function_in_place_of_a_loss_has_no_prior(call):
    with pytest.raises(TypeError, match="expected a loss with a name for biases that begin at the"):
        call()


def test_a_fit_with_a_function_goes_on_from_a_prior_that_was_set():
    net = wb.Network([wb.Dense(3, 1, bias_initializer="prior")], dtype="float64")
    net.start_at_prior(NUMBERS, loss="mse")
    net.fit(X, NUMBERS, loss=distance, epochs=1)
    assert net[0].biases[0] == math.fsum(NUMBERS) / 60


REFUSED = [
    (lambda: wb.Dense(2, 1, bias_initializer="prior", bias=False), r"\[Dense\] .* in a layer with"),
    (
        lambda: wb.Network([wb.Dense(2, 2, bias_initializer="prior"), wb.Dense(2, 1)]),
        r"\[Network\] expected bias_initializer 'prior' in the last layer only, got it in layer 0",
    ),
    (
        lambda: wb.Network([wb.Dense(3, 1, bias=False)]).start_at_prior(RARE, loss="mse"),
        r"\[start_at_prior\] expected a last layer with biases, got one without",
    ),
    (
        lambda: wb.Network([wb.Dense(3, 1, bias=False)]).fit(
            X, RARE, loss="mse", bias_init="prior"
        ),
        r"\[fit\] expected a last layer with biases, got one without",
    ),
    (lambda: mlp(1, "gelu").start_at_prior(NUMBERS, loss="mse"), "with an inverse .*, got gelu"),
    (
        lambda: mlp(1, "sigmoid").start_at_prior(NUMBERS, loss="mse"),
        r"mean of y to be between 0 and 1, which the last activation sigmoid gives, got",
    ),
    (lambda: mlp(1, "relu").start_at_prior(-NUMBERS, loss="mse"), "between 0 and inf"),
    (
        lambda: mlp(1, "relu").start_at_prior(-NUMBERS, loss="mae"),
        "expected the quantile of y to be between 0 and inf",
    ),
    (lambda: mlp(1, "tanh").start_at_prior(NUMBERS, loss="mse"), "between -1 and 1"),
    (
        lambda: mlp(3).start_at_prior(LABELS + 1, loss="cross_entropy"),
        r"class labels y in \[0, 3\)",
    ),
    (lambda: mlp(3).start_at_prior(RARE, loss="mse"), r"\[start_at_prior\] expected y of shape"),
    (lambda: mlp().start_at_prior([], loss="mse"), "at least one row"),
    (lambda: mlp().start_at_prior(RARE, loss="l2"), "expected loss to be one of"),
    (lambda: mlp(1, "tanh").start_at_prior(RARE, loss="focal"), "identity or sigmoid"),
    (
        lambda: mlp().start_at_prior(RARE, loss="mse", sample_weight=np.ones(3)),
        r"sample_weight of shape \(60,\), as y has rows, got shape \(3,\)",
    ),
    (
        lambda: mlp().start_at_prior(RARE, loss="mse", sample_weight=np.zeros(60)),
        "of at least 0, and not all 0",
    ),
    (
        lambda: mlp().start_at_prior(RARE, loss="mse", sample_weight=WEIGHTS - 1),
        "of at least 0, and not all 0",
    ),
    (
        lambda: mlp(dtype="float32").start_at_prior(RARE * 1e300, loss="mse"),
        "finite in float32",
    ),
    (
        lambda: mlp().fit(X, RARE, loss="mse", bias_init="zeros"),
        r"\[fit\] expected bias_init to be None or prior, got 'zeros'",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- another base rate


def trained(outputs, last, loss, y):
    net = mlp(outputs, last)
    net.fit(X, y, loss=loss, optimizer=wb.Adam(0.02), epochs=20)
    net.metadata["a"] = 1
    return net


@pytest.mark.parametrize("last", ["identity", "softmax"])
def test_classes_of_other_shares(last):
    """Posteriors recomputed by Bayes' rule: times new / old, made to sum to 1."""
    net = trained(3, last, "cross_entropy", LABELS)
    old, new = np.array([40, 15, 5]) / 60, np.array([0.2, 0.3, 0.5])
    shifted = net.with_priors(old, new)
    before, after = net.predict(X), shifted.predict(X)
    if last == "identity":
        before, after = wb.softmax(before), wb.softmax(after)
    expected = before * new / old
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(after, expected, rtol=1e-12)
    assert shifted.metadata == {"a": 1}
    changed = net.parameters != shifted.parameters
    assert changed[-3:].all()
    assert not changed[:-3].any()
    back = shifted.with_priors(new, old)
    np.testing.assert_allclose(back[1].biases, net[1].biases, rtol=1e-12)


@pytest.mark.parametrize("last", ["identity", "sigmoid"])
def test_a_probability_of_another_rate(last):
    net = trained(1, last, "binary_cross_entropy", RARE)
    shifted = net.with_priors(0.05, 0.4)
    before, after = net.predict(X), shifted.predict(X)
    if last == "identity":
        before, after = wb.sigmoid(before), wb.sigmoid(after)
    yes, no = before * 0.4 / 0.05, (1 - before) * 0.6 / 0.95
    np.testing.assert_allclose(after, yes / (yes + no), rtol=1e-12)


def test_outputs_that_are_probabilities_each():
    y = np.eye(3)[LABELS]
    old, new = np.array([0.6, 0.25, 0.1]), np.array([0.1, 0.5, 0.9])
    net = trained(3, "sigmoid", "binary_cross_entropy", y)
    before, after = net.predict(X), net.with_priors(old, new).predict(X)
    yes, no = before * new / old, (1 - before) * (1 - new) / (1 - old)
    np.testing.assert_allclose(after, yes / (yes + no), rtol=1e-12)
    logits = trained(3, "identity", "binary_cross_entropy", y)
    alone = logits.with_priors(old, new, independent=True)
    assert alone[1].biases.tobytes() == (
        net.with_priors(old, new)[1].biases - net[1].biases + logits[1].biases
    ).tobytes() or np.allclose(
        alone[1].biases - logits[1].biases, net.with_priors(old, new)[1].biases - net[1].biases
    )
    same = net.with_priors(0.5, 0.25)
    assert np.allclose(same[1].biases - net[1].biases, -math.log(3))


def test_it_is_what_training_on_other_shares_starts_with():
    """From one prior to another is where start_at_prior would have begun."""
    one, other = mlp(3), mlp(3)
    one.start_at_prior(LABELS, loss="cross_entropy")
    other.start_at_prior(np.repeat([0, 1, 2], 20), loss="cross_entropy")
    shifted = one.with_priors(np.array([40, 15, 5]) / 60, np.full(3, 1 / 3))
    np.testing.assert_allclose(shifted[1].biases, other[1].biases, rtol=1e-13)


REFUSED_PRIORS = [
    (
        lambda: mlp(1, "tanh").with_priors(0.5, 0.1),
        "identity, sigmoid and softmax|sigmoid or softmax",
    ),
    (lambda: mlp(1).with_priors(0, 0.1), "expected old above 0 and below 1, got 0 to 0"),
    (lambda: mlp(1).with_priors(0.5, 1), "expected new above 0 and below 1, got 1 to 1"),
    (lambda: mlp(1).with_priors(0.5, np.nan), "expected new to be finite"),
    (lambda: mlp(3).with_priors([0.5, 0.3, 0.3], [0.5, 0.2, 0.3]), "old of 3 classes to sum to 1"),
    (lambda: mlp(3).with_priors(0.5, 0.2), r"expected old to be an array of shape \(3,\)"),
    (
        lambda: mlp(3, "sigmoid").with_priors([0.5, 0.5], 0.2),
        r"old to be a number, or an array of shape \(3,\), got shape \(2,\)",
    ),
    (
        lambda: mlp(3, "sigmoid").with_priors(0.5, 0.2, independent=False),
        "expected independent to be True with 3 outputs of sigmoid, got False",
    ),
    (
        lambda: mlp(3, "softmax").with_priors([0.2, 0.3, 0.5], [0.3, 0.3, 0.4], independent=True),
        "expected independent to be False",
    ),
    (
        lambda: wb.Network([wb.Dense(3, 1, bias=False)]).with_priors(0.5, 0.2),
        r"\[with_priors\] expected a last layer with biases",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED_PRIORS)
def test_priors_that_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
