"""Training: what fit learns, repeats, evaluates and puts back; metrics."""

import pickle

import numpy as np
import pytest
from small_network import LABELS, TARGETS, X, network, settings, trained

import wbcore as wb


def test_metrics_of_classes():
    net = network()
    values = net.evaluate(X, LABELS, loss="cross_entropy", metrics=["accuracy"])
    assert values["accuracy"] == (net.predict(X).argmax(axis=1) == LABELS).mean()
    one_hot = np.eye(3)[LABELS]
    assert net.evaluate(X, one_hot, loss="cross_entropy", metrics=["accuracy"]) == values


@pytest.mark.parametrize(("last", "threshold"), [("identity", 0), ("sigmoid", 0.5)])
def test_accuracy_of_two_classes(last, threshold):
    net, y = wb.Network.mlp([6, 4, 1], output_activation=last), LABELS > 0
    values = net.evaluate(X, y, loss="binary_cross_entropy", metrics=["accuracy"])
    assert values["accuracy"] == ((net.predict(X)[:, 0] > threshold) == y).mean()


def test_metrics_of_regression():
    net = network()
    d = net.predict(X) - TARGETS
    values = net.evaluate(X, TARGETS, loss="huber(0.5)", metrics=["mse", "mae", "r2"])
    assert list(values) == ["loss", "mse", "mae", "r2"]
    assert values["mse"] == pytest.approx((d**2).mean())
    assert values["mae"] == pytest.approx(np.abs(d).mean())
    spread = ((TARGETS - TARGETS.mean(axis=0)) ** 2).sum(axis=0)
    r2_by_column = 1 - (d**2).sum(axis=0) / spread
    assert values["r2"] == pytest.approx(r2_by_column.mean())
    assert values["loss"] == pytest.approx(wb.losses.Huber(0.5)(net.predict(X), TARGETS))


def test_training_learns():
    net = wb.Network.mlp([6, 32, 3], seed=0)
    y = X[:, :3].argmax(axis=1)
    options = {"loss": "cross_entropy", "metrics": ["accuracy"], "batch_size": 10}
    history = net.fit(X, y, optimizer=wb.SGD(0.1, momentum=0.9), epochs=60, **options)
    assert history.accuracy[-1] == 1
    assert history.loss[-1] < history.loss[0] / 20


def test_training_can_be_repeated_to_the_bit():
    expected = trained().parameters.tobytes()
    assert trained().parameters.tobytes() == expected
    for n_threads in (1, 2, 3):
        assert trained(n_threads=n_threads).parameters.tobytes() == expected
    assert trained(seed=1).parameters.tobytes() != expected
    assert trained(shuffle=False).parameters.tobytes() != expected


def test_shuffle_is_the_documented_permutation():
    shuffled, by_hand = network(), network()
    shuffled.fit(X, LABELS, **settings(seed=9))
    for epoch in range(3):
        order = wb.random.permutation(50, seed=9, epoch=epoch)
        by_hand.fit(X[order], LABELS[order], **settings(epochs=1, shuffle=False))
    assert shuffled == by_hand


def test_batch_larger_than_the_data_is_one_batch():
    a, b = network(), network()
    a.fit(X, LABELS, **settings(batch_size=50))
    b.fit(X, LABELS, **settings(batch_size=2**31 - 1))
    assert a == b


def test_validation_and_metrics_change_nothing_in_the_network():
    options = {"validation_data": [X[:9], LABELS[:9]], "metrics": ("accuracy",), "track": "epoch"}
    assert trained(**options).parameters.tobytes() == trained().parameters.tobytes()


def test_default_optimizer():
    a, b = network(), network()
    a.fit(X, LABELS, **settings())
    b.fit(X, LABELS, **settings(optimizer=wb.SGD(learning_rate=0.01)))
    assert a == b


def test_callback_may_look_at_the_network():
    states, net = [], network()

    def callback(_, history):
        assert len(history) == len(states) + 1
        states.append(net.copy())
        net.predict(X)
        net.loss_and_gradients(X, LABELS, "cross_entropy")

    net.fit(X, LABELS, **settings(callback=callback))
    for epochs, state in enumerate(states, start=1):
        expected = network()
        expected.fit(X, LABELS, **settings(epochs=epochs))
        assert state == expected


def test_callback_may_change_the_parameters():
    changed, expected = network(), network()

    def clip(_, __):
        np.clip(changed.parameters, -0.1, 0.1, out=changed.parameters)

    changed.fit(X, LABELS, **settings(epochs=2, shuffle=False, callback=clip))
    for _ in range(2):
        expected.fit(X, LABELS, **settings(epochs=1, shuffle=False))
        np.clip(expected.parameters, -0.1, 0.1, out=expected.parameters)
    assert changed == expected


def test_divergence_puts_parameters_and_velocity_back():
    net, optimizer = network("float32"), wb.SGD(30.0, momentum=0.9)
    with pytest.raises(wb.DivergenceError) as caught:
        net.fit(X, TARGETS, **settings(loss="mse", optimizer=optimizer, epochs=100))
    error = caught.value
    assert error.epoch > 0, "the case is meant to diverge later than in the first epoch"
    assert error.history is net.history
    assert len(error.history) == error.epoch
    assert net.history.status == "diverged"
    assert str(error).startswith(
        f"[fit] expected a finite loss, got NaN or infinity in epoch {error.epoch + 1} of 100, "
        f"batch {error.batch + 1}; the parameters are those after epoch {error.epoch}."
    )
    same, same_optimizer = network("float32"), wb.SGD(30.0, momentum=0.9)
    same.fit(X, TARGETS, **settings(loss="mse", optimizer=same_optimizer, epochs=error.epoch))
    assert net.parameters.tobytes() == same.parameters.tobytes()
    assert np.isfinite(net.parameters).all()
    velocities = [
        o.state(n).arrays["velocity"] for n, o in ((net, optimizer), (same, same_optimizer))
    ]
    assert velocities[0].tobytes() == velocities[1].tobytes()


def test_divergence_in_the_first_epoch():
    net = network("float32")
    before = net.parameters.tobytes()
    with pytest.raises(
        wb.DivergenceError, match=r"epoch 1 of 3.*the parameters are the initial ones"
    ):
        net.fit(X, TARGETS * 1e30, **settings(loss="mse"))
    assert net.parameters.tobytes() == before
    assert len(net.history) == 0


def test_divergence_error_can_be_pickled():
    error = pickle.loads(
        pickle.dumps(wb.DivergenceError("text", 3, 4, wb.History({"loss": [1.0]})))
    )
    assert (str(error), error.epoch, error.batch, error.history.loss) == ("text", 3, 4, [1.0])
    assert isinstance(error, ArithmeticError)
