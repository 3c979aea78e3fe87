"""Weights together with what else a training has: positions, steps, held-out rows, priors."""

import pickle

import numpy as np
import pytest

import wbcore as wb

N = 150
CLASSES = {0: 2.0, 2: 0.5}
RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(N, 4))
Y = RANDOM.choice(3, N, p=[0.6, 0.3, 0.1])
W = RANDOM.uniform(0, 2, N)
W[::9] = 0
OPTIONS = {"loss": "cross_entropy", "batch_size": 20, "metrics": ["accuracy", "log_loss"]}


def network(**options):
    return wb.Network.mlp([4, 6, 3], "tanh", seed=2, **options)


class StopAt:
    def __init__(self, step):
        self.step = step

    def after_batch(self, run):
        return run.step == self.step


@pytest.mark.parametrize("step", [1, 8, 12])
@pytest.mark.parametrize("pickled", [False, True])
def test_a_fit_goes_on_in_the_middle_of_an_epoch(step, pickled):
    weights = {"sample_weight": W, "class_weight": CLASSES}
    net, whole = network(), network()
    expected = whole.fit(X, Y, epochs=2, **weights, **OPTIONS)
    net.fit(X, Y, epochs=2, callbacks=[StopAt(step)], **weights, **OPTIONS)
    done = len(net.history)
    position = net.optimizer.state(net).position
    order = wb.random.permutation(N, seed=0, epoch=done)[: 20 * position.batch]
    rows = (W * np.array([2.0, 1.0, 0.5])[Y])[order].astype("f4")
    assert position.weight_sum == pytest.approx(rows.sum(), rel=1e-6)
    if pickled:
        net, optimizer = pickle.loads(pickle.dumps((net, net.optimizer)))
        assert optimizer.state(net).position == position
    rest = net.fit(X, Y, epochs=2 - done, **weights, **OPTIONS)
    assert net == whole
    for name in expected.names:
        assert getattr(rest, name) == getattr(expected, name)[done:]


def test_weights_make_an_epoch_another_one():
    net = network()
    net.fit(X, Y, callbacks=[StopAt(3)], **OPTIONS)
    assert net.optimizer.state(net).batch == 3
    ours = net.copy()
    ours.fit(X, Y, sample_weight=W, optimizer=wb.SGD(), first_epoch=0, **OPTIONS)
    history = net.fit(X, Y, sample_weight=W, **OPTIONS)  # begins the epoch anew
    assert (len(history), net) == (1, ours)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_of_ones_own_are_those_of_a_fit(dtype):
    net, same = network(dtype=dtype), network(dtype=dtype)
    history = net.fit(
        X, Y, sample_weight=W, class_weight=CLASSES, shuffle=False, optimizer="adam", **OPTIONS
    )
    total = 0.0
    for first in range(0, N, 20):
        of = slice(first, first + 20)
        loss = same.partial_fit(
            X[of], Y[of], loss="cross_entropy", optimizer="adam", sample_weight=W[of],
            class_weight=CLASSES,
        )  # fmt: skip
        total += loss * (W * np.array([2.0, 1.0, 0.5])[Y])[of].sum()
    assert net == same
    assert history.loss[0] == pytest.approx(total / (W * np.array([2.0, 1.0, 0.5])[Y]).sum())


def test_a_batch_is_not_enough_to_balance():
    net = network()
    with pytest.raises(
        ValueError, match=r"^\[partial_fit\] expected class_weight to be a dict.*'bal"
    ):
        net.partial_fit(X, Y, loss="cross_entropy", class_weight="balanced")
    assert net == network()


def cost(outputs, targets, sample_weight=None):
    right = outputs.argmax(1) == targets
    return float(np.average(right, weights=sample_weight))


@pytest.mark.parametrize("given", [np.asarray, wb.Scaled, np.ndarray.tolist])
def test_rows_that_are_held_out_have_their_own_weights(given):
    net = network()
    inputs = given(X) if given is not wb.Scaled else wb.Scaled(X, 1.0)
    history = net.fit(
        inputs, Y, sample_weight=W, class_weight="balanced", validation_fraction=0.3, epochs=2,
        loss="cross_entropy", metrics=["accuracy", "roc_auc", {"cost": cost}],
    )  # fmt: skip
    assert history.names == (
        "loss", "accuracy", "val_loss", "val_accuracy", "val_roc_auc", "val_cost",
    )  # fmt: skip
    _, held = wb.random.held_out_rows(N, 0.3, seed=0, classes=Y)
    counts = np.array([W[label == Y].sum() for label in range(3)])  # of all rows
    weights = (counts.sum() / (3 * counts))[Y] * W
    expected = net.evaluate(
        X[held], Y[held], sample_weight=weights[held], loss="cross_entropy",
        metrics=["accuracy", "roc_auc", {"cost": cost}],
    )  # fmt: skip
    for name, value in expected.items():
        assert getattr(history, "val_" + name)[-1] == pytest.approx(value, rel=1e-12)


def test_biases_of_priors_go_by_the_weights():
    net, same = network(), network()
    weights = np.array([2.0, 1.0, 0.5])[Y] * W
    net.start_at_prior(Y, loss="cross_entropy", sample_weight=W, class_weight=CLASSES)
    same.start_at_prior(Y, loss="cross_entropy", sample_weight=weights)
    assert net == same
    net.start_at_prior(Y, loss="cross_entropy", class_weight="balanced")
    np.testing.assert_allclose(net[1].biases, np.log([1 / 3] * 3), rtol=1e-6)
    net, same = network(), network()
    same.start_at_prior(Y, loss="cross_entropy", sample_weight=weights)
    same.fit(X, Y, sample_weight=weights, **OPTIONS)
    net.fit(X, Y, sample_weight=W, class_weight=CLASSES, bias_init="prior", **OPTIONS)
    assert net == same


def test_lbfgs():
    pytest.importorskip("scipy")
    counts = RANDOM.integers(0, 3, N)
    again = np.repeat(np.arange(N), counts)
    options = {"loss": "cross_entropy", "optimizer": wb.LBFGS(), "epochs": 8, "batch_size": 1000}
    options["metrics"] = ["log_loss", "roc_auc", {"cost": cost}]
    ours, theirs = network(dtype="float64"), network(dtype="float64")
    a = ours.fit(X, Y, sample_weight=counts, validation_data=(X, Y, counts), **options)
    b = theirs.fit(X[again], Y[again], validation_data=(X[again], Y[again]), **options)
    np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=1e-6, atol=1e-8)
    assert a.names == b.names
    assert "roc_auc" not in a.names
    assert len(a.val_cost) == len(a)
    for name in a.names:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-6)
    assert a.val_log_loss == pytest.approx(a.val_loss)


def test_what_a_callback_sees_is_weighted():
    net, seen = network(dtype="float64"), []

    class Watch:
        def after_batch(self, run):
            seen.append((run.batch, run.loss, run.batch_loss))

    history = net.fit(X, Y, sample_weight=W, shuffle=False, callbacks=[Watch()], **OPTIONS)
    weights = np.array([W[first : first + 20].sum() for first in range(0, N, 20)])
    means = [loss for _, _, loss in seen]
    assert seen[-1][1] == pytest.approx(history.loss[0])
    assert history.loss[0] == pytest.approx((means * weights).sum() / weights.sum())


def test_series_that_are_watched():
    """A callback and a plateau find metrics of one's own, with the value of the epoch."""
    net, seen = network(), []

    class Watch:
        def after_epoch(self, run):
            seen.append((run.series, run.history.val_cost[-1]))

    plateau = wb.schedules.Plateau(0.01, monitor="val_cost", patience=1)
    stopping = wb.callbacks.EarlyStopping("val_roc_auc", patience=50)
    history = net.fit(
        X, Y, epochs=3, loss="cross_entropy", metrics=["roc_auc", "f1", {"cost": cost}],
        optimizer=wb.SGD(plateau), validation_fraction=0.2, callbacks=[stopping, Watch()],
    )  # fmt: skip
    assert [value for _, value in seen] == history.val_cost
    assert net.optimizer.state(net).observations["best"] == min(history.val_cost)
    assert {*seen[0][0], "learning_rate"} == set(history.names)
    assert stopping.monitor.best == max(history.val_roc_auc)
    assert wb.callbacks.EarlyStopping("val_rmse").monitor.sign == -1
    with pytest.raises(ValueError, match="expected monitor to be one of loss, f1, val_loss"):
        net.fit(
            X, Y, loss="cross_entropy", metrics=["roc_auc", "f1"], validation_fraction=0.2,
            optimizer="sgd",
            callbacks=[wb.callbacks.EarlyStopping("roc_auc")],
        )  # fmt: skip
