"""Dropout: masks of seed, layer, step, row and unit alone; in training and nowhere else."""

import copy
import pickle

import numpy as np
import pytest
from support import DTYPES, in_reference

import wbcore as wb
from wbcore import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(41, 4)), RNG.normal(size=(41, 2))


def network(dtype="float32", *, activation="tanh", dropout=(0.3, 0.5), **options):
    layers = [
        wb.Dense(4, 20, activation, dropout=dropout[0], **options),
        wb.Dense(20, 9, "relu", dropout=dropout[1]),
        wb.Dense(9, 2),
    ]
    return wb.Network(layers, seed=3, dtype=dtype)


def fit(net, optimizer=None, **options):
    arguments = {"loss": "mse", "batch_size": 8, "epochs": 3, "seed": 9} | options
    return net.fit(X, Y, optimizer=optimizer or wb.Adam(0.01), **arguments)


def mask_of(net, layer, *, step, seed=9):
    shape = len(X), net[layer].outputs
    return wb.random.dropout_mask(*shape, net[layer].dropout, layer=layer, step=step, seed=seed)


# ---- what the masks are


@pytest.mark.parametrize("dropout", [0.0, 0.1, 0.5, 0.9])
def test_the_share_of_a_mask(dropout):
    stays = wb.random.dropout_mask(1000, 333, dropout, seed=1)
    expected = np.sqrt(dropout * (1 - dropout) / stays.size)
    assert abs((~stays).mean() - dropout) <= 5 * expected + 2.0**-16
    if dropout > 0:
        for axis in (0, 1):  # no row and no unit is left out more than others
            means = (~stays).mean(axis=axis)
            spread = np.sqrt(dropout * (1 - dropout) / stays.shape[axis])
            assert abs(means.std() / spread - 1) < 0.2
            assert (abs(means - dropout) < 5.5 * spread).all()


def test_masks_of_other_keys_are_independent():
    first = wb.random.dropout_mask(500, 128, 0.5, layer=1, step=4, seed=2)
    for other in ({"layer": 2}, {"step": 5}, {"seed": 3}, {"layer": 0, "step": 2**40}):
        mask = wb.random.dropout_mask(500, 128, 0.5, **{"layer": 1, "step": 4, "seed": 2} | other)
        agree = (mask == first).mean()
        assert abs(agree - 0.5) < 5 * 0.5 / np.sqrt(mask.size)
    for shifted in (first[1:] == first[:-1], first[:, 1:] == first[:, :-1]):
        assert abs(shifted.mean() - 0.5) < 5 * 0.5 / np.sqrt(shifted.size)
    assert abs((first[:, 16:] == first[:, :-16]).mean() - 0.5) < 0.02


def test_a_row_or_a_unit_more_changes_nothing_in_the_others():
    mask = wb.random.dropout_mask(50, 70, 0.3, layer=2, step=7, seed=5)
    for rows, units in ((50, 1), (1, 70), (17, 33), (50, 16)):
        part = wb.random.dropout_mask(rows, units, 0.3, layer=2, step=7, seed=5)
        assert np.array_equal(part, mask[:rows, :units])
    assert wb.random.dropout_mask(0, 3, 0.5).shape == (0, 3)


def test_masks_are_those_of_the_reference():
    for layer, step, seed in ((0, 1, 0), (3, 2**33, 2**64 - 1)):
        mask = wb.random.dropout_mask(5, 37, 0.4, layer=layer, step=step, seed=seed)
        numbers = [reference.DropoutStep(seed, step).numbers(layer, row, 37) for row in range(5)]
        assert np.array_equal(mask, np.array(numbers) >= int(0.4 * 65536 + 0.5))


# ---- what becomes of outputs and gradients


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_forward_with_a_step(dtype):
    """In NumPy: each output 0 or 1 / (1 - dropout) times its value."""
    net = network(dtype)
    A = X
    for layer in net:
        A = A @ layer.weights.astype(float) + layer.biases
        A = (
            np.tanh(A)
            if layer.activation == "tanh"
            else np.maximum(A, 0)
            if layer.index == 1
            else A
        )
        if layer.dropout:
            A = A * mask_of(net, layer.index, step=4) / (1 - layer.dropout)
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(net.forward(X, step=4, seed=9), A, rtol=tolerance, atol=tolerance)
    assert net.forward(X).tobytes() == net.predict(X).tobytes()
    assert abs(net.forward(X, step=4, seed=9) - net.predict(X)).max() > 0.1


def test_outputs_keep_their_mean():
    """Over many steps: the mean of a linear layer behind dropout is what prediction gives."""
    layers = [wb.Dense(3, 40, dropout=0.4), wb.Dense(40, 1)]
    net = wb.Network(layers, seed=1, dtype="float64")
    x = np.ones((500, 3))
    outputs = np.stack([net.forward(x, step=step) for step in range(1, 41)])
    error = outputs.std() / np.sqrt(outputs.size)
    assert error < 0.02
    assert abs(outputs.mean() - net.predict(x)[0, 0]) < 4 * error


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "elu", "softplus", "softsign"])
def test_gradients_are_those_of_the_loss_with_the_same_mask(activation):
    net = network("float64", activation=activation)
    for layer in net:
        layer.biases = np.linspace(-0.5, 0.5, layer.outputs)
    arguments = {"loss": "mse", "step": 5, "seed": 2}
    _, grads = net.loss_and_gradients(X, Y, **arguments)
    numeric = np.empty_like(grads.flat)
    for i in range(len(numeric)):
        kept, sides = net.parameters[i], []
        for h in (1e-6, -1e-6):
            net.parameters[i] = kept + h
            sides.append(net.loss_and_gradients(X, Y, **arguments)[0])
        net.parameters[i] = kept
        numeric[i] = (sides[0] - sides[1]) / 2e-6
    np.testing.assert_allclose(grads.flat, numeric, rtol=1e-5, atol=1e-8)
    plain = net.loss_and_gradients(X, Y, "mse")[1]
    assert abs(plain.flat - grads.flat).max() > 1e-3


def test_forward_and_backward_go_by_one_mask():
    net = network("float64")
    out = net.forward(X, step=7, seed=1)
    loss, grads = net.loss_and_gradients(X, Y, "mse", step=7, seed=1)
    back = net.backward(2 * (out - Y) / Y.size)
    np.testing.assert_allclose(back.flat, grads.flat, rtol=1e-12, atol=1e-16)
    assert loss == pytest.approx(((out - Y) ** 2).mean(), rel=1e-12)
    net.forward(X, step=7, seed=1)
    net[0].dropout = 0.0  # a backward goes by its forward
    again = net.backward(2 * (out - Y) / Y.size)
    assert again.flat.tobytes() == back.flat.tobytes()


def test_an_output_of_zero_that_stays_has_its_derivative():
    """What was left out is known by its number, not by being 0."""
    net = wb.Network([wb.Dense(1, 40, "tanh", dropout=0.5), wb.Dense(40, 1)], dtype="float64")
    net[0].weights[:] = net[0].biases[:] = 0
    net[1].weights[:] = 1
    _, grads = net.loss_and_gradients([[1.0]], [2.0], "mse", step=3)
    stays = wb.random.dropout_mask(1, 40, 0.5, step=3)[0]
    assert grads[0].biases.tolist() == np.where(stays, -8.0, 0.0).tolist()


def test_many_rows_are_one_batch():
    """Rows are counted through all of them, also where they are taken in blocks."""
    x = np.random.default_rng(1).normal(size=(2500, 4))
    net = network("float64")
    _, grads = net.loss_and_gradients(x, np.zeros((2500, 2)), "mse", step=2)
    out = net.forward(x, step=2)
    back = net.backward(2 * out / out.size)
    np.testing.assert_allclose(grads.flat, back.flat, rtol=1e-10, atol=1e-14)


def mse_of_ones_own(outputs, targets):
    difference = outputs - targets
    return (difference**2).mean(), 2 * difference / difference.size


def test_a_function_in_place_of_a_loss_sees_the_same_masks():
    """Of many rows, which are taken in blocks, and forward twice."""
    x, y = np.random.default_rng(1).normal(size=(2500, 4)), np.ones((2500, 2))
    net = network("float64")
    loss, grads = net.loss_and_gradients(x, y, mse_of_ones_own, step=2, seed=4)
    expected, theirs = net.loss_and_gradients(x, y, "mse", step=2, seed=4)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(grads.flat, theirs.flat, rtol=1e-10, atol=1e-14)


# ---- trainings


@pytest.mark.parametrize("optimizer", ["sgd(0.05, 0.9)", "adam(0.01)"])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_fit_with_a_function_has_the_masks_of_each_step(optimizer, n_threads):
    named, own = network("float64"), network("float64")
    expected = fit(named, optimizer)
    history = fit(own, optimizer, loss=mse_of_ones_own, n_threads=n_threads)
    np.testing.assert_allclose(own.parameters, named.parameters, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ["sgd(0.05, 0.9)", "adam(0.01)"])
def test_an_own_loop_is_a_fit(dtype, optimizer):
    fitted, own = network(dtype), network(dtype)
    fit(fitted, optimizer)
    rule, other = wb.optimizers.check("test", optimizer), network(dtype)
    for epoch in range(3):
        order = wb.random.permutation(len(X), seed=9, epoch=epoch)
        for first in range(0, len(X), 8):
            rows = order[first : first + 8]
            step = rule.state(own).steps + 1
            _, grads = own.loss_and_gradients(X[rows], Y[rows], "mse", step=step, seed=9)
            rule.step(own, grads)
    assert own.parameters.tobytes() == fitted.parameters.tobytes()
    fit(other, optimizer, seed=10, shuffle=False)
    assert other != fitted


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_fits_are_one(dtype):
    """Steps are counted over all fits of an optimizer, and so are the masks."""
    whole, halves = network(dtype), network(dtype)
    fit(whole, wb.Adam(0.01), epochs=4)
    optimizer = wb.Adam(0.01)
    fit(halves, optimizer, epochs=2)
    fit(halves, optimizer, epochs=2, first_epoch=2)
    assert halves == whole


def test_another_seed_is_another_mask():
    nets = [network() for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        fit(net, seed=seed, shuffle=False, epochs=1)
    assert nets[0] == nets[1] != nets[2]


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_do_not_show(dtype):
    one = network(dtype)
    fit(one, n_threads=1, batch_size=41)
    for n_threads in (2, 3, 5, None):
        net = network(dtype)
        fit(net, n_threads=n_threads, batch_size=41)
        assert net == one


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_training_is_that_of_the_reference(dtype):
    net = network(dtype)
    other = in_reference(net)
    history = fit(net, wb.Adam(0.01), metrics=["mse"])
    metrics = {"mse": []}
    losses = reference.fit(
        other,
        X.tolist(),
        Y.tolist(),
        loss="mse",
        optimizer=reference.Adam(0.01),
        epochs=3,
        batch_size=8,
        seed=9,
        metrics=metrics,
    )
    assert list(history.loss) == losses
    assert history.mse == metrics["mse"]
    flat = [x for a in other.layers for row in (*a.weights, a.biases) for x in row]
    assert net.parameters.tolist() == flat


def test_prediction_evaluation_and_validation_leave_nothing_out():
    net, without = network(), network(dropout=(0.0, 0.0))
    assert net.predict(X).tobytes() == without.predict(X).tobytes()
    assert net.freeze()(X).tobytes() == without.predict(X).tobytes()
    scores = [n.evaluate(X, Y, loss="mse", metrics=["mae", "r2"]) for n in (net, without)]
    assert scores[0] == scores[1]
    plain = [n.loss_and_gradients(X, Y, "mse") for n in (net, without)]
    assert plain[0][0] == plain[1][0] == scores[0]["loss"]
    assert plain[0][1].flat.tobytes() == plain[1][1].flat.tobytes()
    history = fit(net, validation_data=(X, Y), epochs=1)
    assert history.val_loss == [net.evaluate(X, Y, loss="mse")["loss"]]


def test_no_dropout_is_dropout_of_zero():
    """Seeds of masks do not show where nothing is left out."""
    net, other = network(dropout=(0.0, 0.0)), network(dropout=(0.0, 0.0))
    assert net.loss_and_gradients(X, Y, "mse", step=3)[1].flat.tobytes() == (
        net.loss_and_gradients(X, Y, "mse")[1].flat.tobytes()
    )
    fit(net, shuffle=False, seed=1)
    fit(other, shuffle=False, seed=2)
    assert net == other


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_frozen_layer_leaves_out_too(frozen):
    net = network()
    net[frozen].trainable = False
    before = net[frozen].weights.copy()
    other = network(dropout=(0.0, 0.5) if frozen == 0 else (0.3, 0.0))
    other[frozen].trainable = False
    fit(net)
    fit(other)
    assert np.array_equal(net[frozen].weights, before)
    assert not np.array_equal(net.parameters, other.parameters)


# ---- where it is kept


def test_a_layer_says_it_and_can_be_told():
    net = network()
    assert [layer.dropout for layer in net] == [0.3, 0.5, 0.0]
    assert repr(net[0]) == "<Layer 0: 4 to 20, tanh, dropout 0.3>"
    assert repr(net[2]) == "<Layer 2: 9 to 2, identity>"
    net[0].dropout = 0.125
    assert net[0].dropout == 0.125
    assert net != network()
    same = network(dropout=(0.125, 0.5))
    assert net == same
    fit(net)
    fit(same)
    assert net == same


def test_copies_pickles_and_files_keep_it(tmp_path):
    net = network()
    net[1].dropout = 0.25
    net.save(tmp_path / "net")
    for other in (
        net.copy(),
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
        wb.load(tmp_path / "net"),
    ):
        assert [layer.dropout for layer in other] == [0.3, 0.25, 0.0]
        assert other == net
    fit(other)
    fit(net)
    assert other == net
    apart = pickle.loads(pickle.dumps(net[0]))
    assert apart.dropout == 0.3
    apart.dropout = 0.5
    assert (apart.dropout, net[0].dropout) == (0.5, 0.3)


def test_the_summary_has_a_column_only_where_something_is_left_out():
    assert "dropout" not in network(dropout=(0.0, 0.0)).summary()
    header, _, *rows = network().summary().splitlines()
    assert header.endswith("dropout")
    assert [row.split()[-1] for row in rows[:2]] == ["0.3", "0.5"]
    assert rows[2].split()[-1] != "0"


def test_mlp_has_it_in_all_layers_but_the_last():
    net = wb.Network.mlp([3, 5, 4, 1], dropout=0.2)
    assert [layer.dropout for layer in net] == [0.2, 0.2, 0.0]


def test_the_time_of_a_step_has_it():
    times = wb.inspect.profile(network(), X, Y, loss="mse", repeats=2)
    assert times.step_ms > 0


REFUSED = [
    (lambda: wb.Dense(2, 3, dropout=1.0), ValueError, "at least 0 and below 1, got 1.0"),
    (
        lambda: wb.Dense(2, 3, dropout=-0.1),
        ValueError,
        r"\[Dense\] expected dropout to be a number",
    ),
    (lambda: wb.Dense(2, 3, dropout=float("nan")), ValueError, "below 1, got nan"),
    (lambda: wb.Dense(2, 3, dropout=True), TypeError, "below 1, got True"),
    (lambda: wb.Dense(2, 3, dropout="0.5"), TypeError, "below 1, got '0.5'"),
    (lambda: wb.Network.mlp([2, 1], dropout=2), ValueError, r"\[mlp\] expected dropout"),
    (
        lambda: wb.Network([wb.Dense(2, 3, dropout=0.5)]),
        ValueError,
        r"\[Network\] expected dropout in layers before the last, .* got 0.5 in layer 0 of 1",
    ),
    (
        lambda: setattr(network()[2], "dropout", 0.5),
        ValueError,
        r"\[layer 2\] expected dropout to be assigned to a layer before the last",
    ),
    (lambda: setattr(network()[0], "dropout", 1), ValueError, r"\[layer 0\] expected dropout"),
    (lambda: network().forward(X, step=0), ValueError, "step to be None or an integer from 1"),
    (lambda: network().forward(X, step=1.0), TypeError, r"\[forward\] expected step to be None or"),
    (lambda: network().forward(X, step=1, seed=-1), ValueError, r"\[forward\] expected seed"),
    (
        lambda: network().loss_and_gradients(X, Y, "mse", step=True),
        TypeError,
        r"\[loss_and_gradients\] expected step",
    ),
    (lambda: wb.random.dropout_mask(-1, 1, 0.5), ValueError, "expected rows to be"),
    (lambda: wb.random.dropout_mask(1, 0, 0.5), ValueError, "expected units to be"),
    (lambda: wb.random.dropout_mask(1, 1, 1), ValueError, "expected dropout to be"),
    (lambda: wb.random.dropout_mask(1, 1, 0.5, step=0), ValueError, "expected step to be"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_it_cannot_be_told_during_a_fit():
    net = network()

    def callback(*_):
        net[0].dropout = 0.0

    with pytest.raises(RuntimeError, match=r"\[dropout\]"):
        fit(net, callback=callback)
    assert net[0].dropout == 0.3
