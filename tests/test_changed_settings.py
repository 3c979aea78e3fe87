"""What a callback changes of the optimizer counts from the next batch, as in an own loop."""

from functools import partial

import numpy as np
import pytest

import wbcore as wb

ROWS, BATCH, EPOCHS = 22, 4, 6


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 3))
    return X, np.sin(X).sum(axis=1)


def network(dtype):
    return wb.Network.mlp([3, 5, 1], activation="tanh", seed=1, dtype=dtype)


def looped(net, optimizer, problem, change):
    """As `fit` does it, by hand."""
    X, y = problem
    for epoch in range(EPOCHS):
        order = wb.random.permutation(ROWS, seed=0, epoch=epoch)
        for first in range(0, ROWS, BATCH):
            rows = order[first : first + BATCH]
            _, grads = net.loss_and_gradients(X[rows], y[rows], loss="mse")
            optimizer.step(net, grads)
        change(optimizer, net, epoch)


def rate(optimizer, _, epoch):
    optimizer.learning_rate = 0.1 / (epoch + 2)


def several(optimizer, _, epoch):
    if epoch == 2:
        optimizer.learning_rate, optimizer.weight_decay = 0.03, 0.1
    if epoch == 3:
        optimizer.decay_biases = True


def schedule(optimizer, _, epoch):
    rates = [wb.schedules.Cosine(0.1, 40), lambda step: 0.5 / (step + 1), 0.05, "step(0.1, 9)"]
    if epoch < len(rates):
        optimizer.learning_rate = rates[epoch]


def reset(optimizer, _, epoch):
    if epoch % 2:
        optimizer.reset()


def state(optimizer, net, epoch):
    of_net = optimizer.state(net)
    of_net.steps = 5 * epoch
    for array in of_net.arrays.values():
        array[:] = 0.125 * epoch


def on_and_off(optimizer, _, epoch):
    """Velocities that were not there, then not needed, then again as they were left."""
    if isinstance(optimizer, wb.SGD) and not optimizer.nesterov:
        optimizer.momentum = (0.9, 0.9, 0.0, 0.0, 0.5, 0.0)[epoch]


def limits(optimizer, _, epoch):
    """Gradients that have to be stored, and then not."""
    optimizer.clip_norm = (None, 0.5, 0.1, None, None, 0.2)[epoch]
    optimizer.max_norm = (None, None, 1.0, 0.5, None, None)[epoch]
    optimizer.l1, optimizer.clip_value = 0.001 * epoch, 1 / (epoch + 1)
    optimizer.penalty_of_sum = epoch % 2 == 1


def centered(optimizer, _, epoch):
    """States that come in between others."""
    if isinstance(optimizer, wb.RMSprop):
        optimizer.centered = epoch % 2 == 0
        optimizer.momentum = 0.5 * (epoch in (1, 2, 4))


CHANGES = [rate, several, schedule, reset, state, on_and_off, limits, centered]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize(
    "make",
    [lambda: wb.SGD(0.1), lambda: wb.SGD(0.1, 0.9, nesterov=True)]
    + [partial(wb.optimizers.check, "fit", f"{name}(0.1)") for name in wb.optimizers.NAMES[1:]],
    ids=["sgd", "nesterov", *wb.optimizers.NAMES[1:]],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_fit_is_an_own_loop(change, make, dtype, n_threads, problem):
    by_fit, by_loop, optimizer, other = network(dtype), network(dtype), make(), make()
    by_fit.fit(
        *problem,
        loss="mse",
        optimizer=optimizer,
        epochs=EPOCHS,
        batch_size=BATCH,
        n_threads=n_threads,
        callback=lambda epoch, _: change(optimizer, by_fit, epoch),
    )
    looped(by_loop, other, problem, change)
    np.testing.assert_array_equal(by_fit.parameters, by_loop.parameters)
    states = optimizer.state(by_fit), other.state(by_loop)
    assert states[0].steps == states[1].steps
    for name, array in states[1].arrays.items():
        np.testing.assert_array_equal(states[0].arrays[name], array)


def test_the_history_says_it(problem):
    optimizer, net = wb.SGD(0.1), network("float32")
    history = net.fit(
        *problem,
        loss="mse",
        optimizer=optimizer,
        epochs=3,
        callback=lambda epoch, _: rate(optimizer, net, epoch),
    )
    assert history.learning_rate == [0.1, 0.05, 0.1 / 3]


def test_what_the_dtype_has_not_ends_the_fit(problem):
    optimizer, net = wb.SGD(0.1), network("float32")

    def callback(epoch, _):
        if epoch == 1:
            optimizer.learning_rate = 1e-60

    with pytest.raises(ValueError, match=r"^\[fit\] .* in float32, got 1e-60"):
        net.fit(*problem, loss="mse", optimizer=optimizer, epochs=4, callback=callback)
    assert (len(net.history), net.history.status) == (2, "failed")
    other = network("float32")
    other.fit(*problem, loss="mse", optimizer=wb.SGD(0.1), epochs=2)
    assert other == net


def test_settings_that_do_not_go_together_end_the_fit(problem):
    optimizer, net = wb.SGD(0.1, 0.9, nesterov=True), network("float32")

    def callback(*_):
        optimizer.momentum = 0.0

    with pytest.raises(ValueError, match="momentum above 0 with nesterov"):
        net.fit(*problem, loss="mse", optimizer=optimizer, epochs=4, callback=callback)
    assert len(net.history) == 1


def test_a_callback_that_stops_changes_nothing_of_this_fit(problem):
    optimizer, net = wb.SGD(0.1), network("float32")

    def callback(*_):
        optimizer.momentum = 0.9
        return True

    net.fit(*problem, loss="mse", optimizer=optimizer, epochs=4, callback=callback)
    assert net.history.status == "stopped"
    assert not hasattr(net.history, "velocity")
    assert list(optimizer.state(net).arrays) == ["velocity"]
