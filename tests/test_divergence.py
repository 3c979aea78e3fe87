"""Where a training diverged: its first value that is not finite, by step, phase, unit and row."""

import pickle

import numpy as np
import pytest

import wbcore as wb
from wbcore import inspect

X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.random.default_rng(1).normal(size=40)
HUGE = float(np.finfo(np.float32).max)


def diverged(net, X=X, y=Y, **options):
    options = {
        "loss": "mse", "epochs": 5, "batch_size": 8, "track": "epoch", "shuffle": False
    } | options  # fmt: skip
    with pytest.raises(wb.DivergenceError) as caught:
        net.fit(X, y, **options)
    error = caught.value
    given = {"sample_weight": options.get("sample_weight")}
    if not callable(options["loss"]):
        assert inspect.find_divergence(error.history, X, y, **given) == error.first
    return error


def network(*widths, hidden="tanh", last="identity", **options):
    net = wb.Network.mlp(widths, hidden, output_activation=last, seed=0, **options)
    net.parameters[:] = np.abs(net.parameters)
    return net


def test_a_sum_in_the_forward_pass():
    X = np.ones((40, 3))
    X[29] = [2, 3, 4]
    net = network(3, 2, 1)
    net[0].weights[:, 1] = HUGE / 4  # three of them are finite, four or more are not
    net[1].weights[:] = 0
    # from there: tanh(inf) is 1, and nothing would be noticed; so the row's target says it
    y = np.zeros(40)
    y[29] = 1e30
    error = diverged(net, X, y, optimizer=wb.SGD(1e-9))
    first = error.first
    assert (first.phase, first.layer, first.name) == ("forward", 0, "Z")
    assert (first.unit, first.row, first.value) == ((1,), 29, np.inf)
    assert (first.step, first.epoch, first.batch) == (4, 0, 3)
    assert "first non-finite value: Z[1] of layer 0 for row 29 of X, inf, in the forward" in str(
        error
    )
    assert "batch 4 of epoch 1" in str(error)


def test_an_output_in_the_forward_pass():
    net = network(3, 2, last="exp")
    y = np.ones((40, 2))
    inputs = np.ones((40, 3))
    inputs[13] = 1e3
    first = diverged(net, inputs, y).first
    assert (first.phase, first.name, first.row, first.step) == ("forward", "A", 13, 2)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_a_row(weighted):
    y = Y.copy()
    y[21] = 1e25
    weights = np.full(40, 0.5) if weighted else None
    first = diverged(network(3, 2, 1), y=y, sample_weight=weights).first
    assert (first.phase, first.name, first.row, first.step) == ("loss", "loss", 21, 3)
    assert first.layer is None
    assert first.unit == ()


def test_the_sum_of_losses():
    y = np.full(40, 1.6e19)  # whose square is finite, and a sum of two of these is not
    first = diverged(network(3, 2, 1), y=y).first
    assert (first.phase, first.name, first.row) == ("loss", "sum of losses", None)


def test_a_gradient_by_outputs_of_a_layer():
    net = network(3, 2, 2, 1)
    net[2].weights[:] = HUGE
    net[2].biases[:] = 0
    net[1].weights[:] = 0
    net[1].biases[:] = 0  # outputs of 0, of which HUGE makes nothing
    first = diverged(net, y=np.full(40, -30.0)).first
    assert (first.phase, first.layer, first.name, first.row) == ("backward", 1, "dA", 0)


def test_a_gradient_of_a_weight():
    net = network(3, 1)
    net[0].weights[:] = 0
    rows = np.zeros((40, 3))
    rows[17, 2] = 1e30
    first = diverged(net, rows, np.full(40, -1e10)).first
    assert (first.phase, first.layer, first.name, first.unit) == ("gradient", 0, "dW", (2, 0))
    assert (first.step, first.row) == (3, None)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_parameter_of_an_earlier_batch_than_that_which_shows_it(shuffle):
    net = network(3, 1)
    first = diverged(net, optimizer=wb.SGD(3e38), y=Y * 100, shuffle=shuffle).first
    assert (first.phase, first.layer, first.step) == ("update", 0, 1)
    assert first.name in ("W", "b")


def test_an_array_of_the_optimizer():
    net = network(1, 1)
    net.parameters[:] = 0
    # gradients of 3e38, of which a velocity cannot have 1.9
    error = diverged(
        net, np.full((4, 1), 3e38), np.full(4, -1e38), loss="mae", batch_size=1,
        optimizer=wb.SGD(1e-42, momentum=0.9),
    )  # fmt: skip
    assert (error.first.phase, error.first.name) == ("update", "velocity of W")
    assert (error.first.step, error.first.unit) == (2, (0, 0))


def test_epochs_later_with_dropout_held_out_rows_and_a_shuffle():
    rng = np.random.default_rng(3)
    rows, y = rng.normal(size=(90, 3)), rng.normal(size=90)
    y[33] = 1e9
    error = diverged(
        network(3, 8, 1, hidden="relu", dropout=0.5), rows, y, epochs=300,
        validation_fraction=0.1, shuffle=True, seed=4, optimizer=wb.SGD(0.5),
    )  # fmt: skip
    first = error.first
    assert (first.epoch, first.batch) <= (error.epoch, error.batch)
    # the batch has the row that is named
    training, _ = wb.random.held_out_rows(90, 0.1, seed=4)
    order = training[wb.random.permutation(len(training), seed=4, epoch=first.epoch)]
    batch = order[8 * first.batch : 8 * first.batch + 8]
    assert first.row is None or first.row in batch


def test_what_dropout_leaves_decides():
    net = network(1, 8, 1, hidden="identity", dropout=0.5)
    net[0].weights[:] = 1
    net[1].weights[:] = HUGE / 13  # twice as much of 6 of them is finite, of 7 not
    error = diverged(
        net, np.ones((40, 1)), np.zeros(40), loss="mae", seed=9, optimizer=wb.SGD(1e-45),
        batch_size=1,
    )  # fmt: skip
    left = [wb.random.dropout_mask(1, 8, 0.5, step=step, seed=9).sum() for step in range(1, 201)]
    step = 1 + int(np.argmax(np.array(left) > 6))
    assert left[step] < 7 < step  # which the next step's would not tell
    first = error.first
    assert (first.phase, first.layer, first.name) == ("forward", 1, "Z")
    assert (first.step, first.row) == (step, (step - 1) % 40)


def test_the_steps_before_can_be_made_again():
    y = Y.copy()
    y[21] = 1e30
    error = diverged(network(3, 2, 1), y=y)
    assert (error.epoch, error.batch) == (0, 2)
    last = error.history.replay(X, y)
    assert last == error.history.replay(X, y, epoch=0, batch=1)
    with pytest.raises(ValueError, match=r"\[replay\] expected batch to be an integer from 0 to 1"):
        error.history.replay(X, y, epoch=0, batch=2)


def test_other_losses_and_layers():
    labels = np.arange(40) % 3
    net = network(3, 5, 3, last="softmax")
    net[0].trainable = False
    rows = X.copy()
    rows[7] = 3e38
    net[0].weights[:] *= 9
    error = diverged(net, rows, labels, loss="cross_entropy", optimizer=wb.SGD(1e38))
    first = error.first
    assert (first.phase, first.name) == ("loss", "loss")
    before = error.history.replay(rows, labels, epoch=0, batch=first.batch - 1)
    losses = [
        before.evaluate(rows[r : r + 1], labels[r : r + 1], loss="cross_entropy")["loss"]
        for r in range(8 * first.batch, 8 * first.batch + 8)
    ]
    assert 8 * first.batch + int(np.argmin(np.isfinite(losses))) == first.row
    assert before[0].weights.tobytes() == net[0].weights.tobytes()


def test_a_loss_of_ones_own():
    def loss(outputs, targets):
        d = outputs[:, 0] - targets
        return (np.inf if targets.max() > 9 else float((d**2).mean())), d / len(d)

    y = Y.copy()
    y[20] = 10
    error = diverged(network(3, 2, 1), y=y, loss=loss)
    assert (error.first.phase, error.first.step) == ("loss", 3)
    again = inspect.find_divergence(error.history, X, y, functions={"loss": loss})
    assert again == error.first


def test_an_error_goes_through_a_pickle_and_keeps_it():
    y = Y.copy()
    y[3] = 1e30
    error = diverged(network(3, 1), y=y)
    twin = pickle.loads(pickle.dumps(error))
    assert twin.first == error.first
    assert str(twin) == str(error)
    assert error.history.replay(X, y, epoch=-1) == network(3, 1)


def test_what_is_not_looked_for():
    y = Y.copy()
    y[3] = 1e30
    with pytest.raises(wb.DivergenceError) as caught:
        network(3, 1).fit(X, y, loss="mse")
    assert caught.value.first is None  # without track nothing was kept
    with pytest.raises(wb.DivergenceError) as caught:
        network(3, 1).fit([(X, y)], loss="mse", track="epoch")
    assert caught.value.first is None
    history = network(3, 1).fit(X, Y, loss="mse", track="epoch")
    with pytest.raises(ValueError, match=r"\[find_divergence\] expected a training that diverged"):
        inspect.find_divergence(history, X, Y)
    with pytest.raises(TypeError, match=r"\[find_divergence\] expected X and y as arrays"):
        inspect.find_divergence(history, [(X, Y)], None)
