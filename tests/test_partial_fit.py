"""partial_fit: one step on the rows given; an epoch of them is an epoch of fit."""

import copy
import pickle

import numpy as np
import pytest
from small_network import LABELS, TARGETS, X, network

import wbcore as wb
from wbcore import _core

ROWS = {row.name: row for row in _core.rows("optimizer")}


def texts():
    """Of every rule the defaults, and forms with momentum and weight decay."""
    for name, row in ROWS.items():
        yield name
        if name == "sgd":
            yield "sgd(0.1, 0.9)"
            yield "sgd(0.1, 0.9, 1, 0.01)"
        elif any(number.name == "weight_decay" for number in row.numbers):
            numbers = [n.standard if n.name != "weight_decay" else 0.01 for n in row.numbers]
            yield _core.choice_text("optimizer", name, numbers)


def batches(size, seed=None, epoch=0):
    order = np.arange(len(X)) if seed is None else wb.random.permutation(len(X), seed, epoch)
    return [order[first : first + size] for first in range(0, len(X), size)]


BETWEEN = {
    "nothing": lambda pair: pair,
    "pickle": lambda pair: pickle.loads(pickle.dumps(pair)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", list(texts()))
def test_batches_are_an_epoch_of_fit(text, dtype, between):
    fitted, net = network(dtype), network(dtype)
    loss_of_fit = fitted.fit(
        X, LABELS, loss="cross_entropy", optimizer=text, epochs=2, batch_size=16, seed=5
    ).loss
    optimizer = wb.optimizers.check("test", text)
    for epoch in range(2):
        total = 0.0
        for rows in batches(16, 5, epoch):
            loss = net.partial_fit(X[rows], LABELS[rows], loss="cross_entropy", optimizer=optimizer)
            total += loss * len(rows)
            net, optimizer = BETWEEN[between]((net, optimizer))
        assert total / len(X) == pytest.approx(loss_of_fit[epoch], rel=1e-6)
    assert net.parameters.tobytes() == fitted.parameters.tobytes()
    ours, theirs = optimizer.state(net), fitted.optimizer.state(fitted)
    assert ours.steps == theirs.steps == 8
    for name, array in theirs.arrays.items():
        assert ours.arrays[name].tobytes() == array.tobytes()


def test_without_an_optimizer_it_goes_on_with_the_last_one():
    fitted, net = network(), network()
    fitted.fit(X, TARGETS, loss="mse", optimizer="adam(0.01)", batch_size=16, shuffle=False)
    for rows in batches(16):
        given = {} if net.optimizer else {"optimizer": "adam(0.01)"}
        net.partial_fit(X[rows], TARGETS[rows], loss="mse", **given)
    assert net == fitted
    by_text = network()
    for rows in batches(16):
        by_text.partial_fit(X[rows], TARGETS[rows], loss="mse", optimizer="adam(0.01)")
    assert by_text == fitted


def absolute(outputs, targets, sample_weight=None):
    weights = np.ones((len(outputs), 1)) if sample_weight is None else sample_weight[:, None]
    differences = outputs - targets
    return (weights * np.abs(differences)).sum() / weights.sum(), (
        weights * np.sign(differences) / weights.sum()
    )


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 12)])
def test_a_loss_of_ones_own(weights):
    X = np.random.default_rng(0).standard_normal((12, 3))
    y = X[:, :1] - X[:, 1:2]
    one, other = (wb.Network.mlp([3, 5, 1], seed=0) for _ in range(2))
    for rows in (slice(0, 5), slice(5, 10), slice(10, 12)):
        of_rows = None if weights is None else weights[rows]
        loss = one.partial_fit(
            X[rows], y[rows], loss=absolute, optimizer="adam", sample_weight=of_rows
        )
        assert type(loss) is float
    other.fit(
        X, y, loss=absolute, optimizer="adam", batch_size=5, shuffle=False, sample_weight=weights
    )
    assert one == other


def test_a_loss_of_ones_own_that_raises_changes_nothing():
    def fails(outputs, targets):
        raise KeyError("no loss")

    net = wb.Network.mlp([3, 5, 1], seed=0)
    before = net.copy()
    with pytest.raises(KeyError, match="no loss"):
        net.partial_fit(np.ones((4, 3)), np.ones((4, 1)), loss=fails)
    assert net == before
    assert net.optimizer is None


def test_many_rows_and_threads():
    rng = np.random.default_rng(0)
    rows, y = rng.standard_normal((700, 200)), rng.integers(0, 10, 700)
    fitted, net = (wb.Network.mlp([200, 300, 10], seed=0) for _ in range(2))
    options = {"loss": "cross_entropy", "optimizer": "adam"}
    fitted.fit(rows, y, **options, batch_size=700, shuffle=False, epochs=3, n_threads=1)
    losses = [net.partial_fit(rows, y, **options) for _ in range(3)]
    assert net == fitted
    assert losses == fitted.history.loss


def test_layers_that_are_not_trainable_stay():
    layers = [wb.Dense(6, 5, "tanh", trainable=False), wb.Dense(5, 3, bias=False)]
    net = wb.Network(layers, seed=0)
    before = net[0].weights.copy()
    net.partial_fit(X, LABELS, loss="cross_entropy")
    assert (net[0].weights == before).all()
    frozen = wb.Network([wb.Dense(6, 3, trainable=False)])
    with pytest.raises(ValueError, match=r"\[partial_fit\] expected a layer that is trainable"):
        frozen.partial_fit(X, LABELS, loss="cross_entropy")


def with_nan():
    bad = X.copy()
    bad[3, 4] = np.nan
    return bad


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[:, :3], LABELS), ValueError, r"X has 3 columns but the first layer takes 6"),
        ((X, LABELS[:9]), ValueError, r"\[partial_fit\] expected y with 50 rows"),
        ((X, LABELS + 2), ValueError, r"\[partial_fit\] expected class labels y in \[0, 3\)"),
        ((with_nan(), LABELS), ValueError, r"\[partial_fit\] .*nan at X\[3, 4\]"),
        ((X[:0], LABELS[:0]), ValueError, r"\[partial_fit\]"),
    ],
)
def test_refused_rows_change_nothing(arguments, error, message):
    net = network()
    net.partial_fit(X, LABELS, loss="cross_entropy", optimizer="adam")
    before, optimizer = net.copy(), net.optimizer
    with pytest.raises(error, match=message):
        net.partial_fit(*arguments, loss="cross_entropy", optimizer=wb.SGD())
    assert net == before
    assert net.optimizer is optimizer
    assert optimizer.state(net).steps == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"loss": "mze"}, ValueError, r"\[partial_fit\] expected loss to be one of"),
        ({"loss": 3}, TypeError, r"\[partial_fit\] expected loss"),
        ({"optimizer": "adm"}, ValueError, r"\[partial_fit\] expected optimizer to be one of sgd"),
        ({"optimizer": 0.1}, TypeError, r"\[partial_fit\] expected optimizer to be an optimizer"),
    ],
)
def test_refused_options(options, error, message):
    with pytest.raises(error, match=message):
        network().partial_fit(X, LABELS, **{"loss": "cross_entropy"} | options)


@pytest.mark.parametrize(("scale", "rate"), [(1e30, 0.01), (1.0, 1e38)])
def test_divergence_changes_nothing(scale, rate):
    net, optimizer = network("float32"), wb.SGD(rate, momentum=0.9)
    net.partial_fit(X, TARGETS * 1e-6, loss="mse", optimizer=wb.SGD(1e-3))
    before = net.parameters.tobytes()

    def steps():
        for _ in range(9):
            net.partial_fit(X, TARGETS * scale, loss="mse", optimizer=optimizer)

    with pytest.raises(wb.DivergenceError, match=r"\[partial_fit\] expected a finite loss"):
        steps()
    state = optimizer.state(net)
    assert state.steps < 9
    assert np.isfinite(net.parameters).all()
    assert np.isfinite(state.arrays["velocity"]).all()
    if state.steps == 0:
        assert net.parameters.tobytes() == before
