"""What l1, l2 and weight_decay add to the loss: of its sum or its mean, and the series of a fit."""

import numpy as np
import pytest
import sources
from support import DTYPES, assert_same_layers, in_reference, optimizer, pairs, problem

import wbcore as wb
from wbcore import reference

X, Y = problem(5, "mse", 11, 3, 2)
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 3.0, 0.0, 0.25, 1.0, 1.5, 0.0, 0.0])
ROWS = {
    "plain": None,
    "weights": WEIGHTS,
    "a batch of nothing": np.repeat([0.0, 2.0, 1.0], [4, 4, 3]),
}

CASES = pairs(
    {
        "rule": [
            *(
                "sgd(0.05)",
                "sgd(0.05, 0.9, 1, 0.01)",
                "adam(0.01)",
                "adam(0.01, 0.9, 0.99, 0.01, 0.1)",
            ),
            *("adamw(0.01)", "lion(0.001, 0.9, 0.99, 0.1)", "rprop(0.01)"),
        ],
        "l1": [0.0, 0.02],
        "l2": [0.0, 0.3],
        "decay_biases": [False, True],
        "penalty_of_sum": [False, True],
        "clip_norm": [None, 0.5],
        "dtype": DTYPES,
        "biases": [True, False],
        "trained": [(True, True), (False, True)],
        "width": [5, 300],
        "rows": list(ROWS),
        "threads": [1, 3],
    }
)
OPTIONS = ("l1", "l2", "decay_biases", "penalty_of_sum", "clip_norm")


def network(dtype="float64", width=4, **options):
    return wb.Network.mlp([3, width, 2], activation="tanh", seed=1, dtype=dtype, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(map(str, case.values())))
def test_a_fit_is_that_of_the_reference(case):
    """Batches of 4, 4 and 3 rows; sums over rows of more than a leaf."""
    first, second = case["trained"]
    layers = [
        wb.Dense(3, case["width"], "tanh", bias=case["biases"], trainable=first),
        wb.Dense(case["width"], 2, bias=case["biases"], trainable=second),
    ]
    net = wb.Network(layers, seed=3, dtype=case["dtype"])
    other, weights = in_reference(net), ROWS[case["rows"]]
    ours, expected = optimizer(case["rule"], **{name: case[name] for name in OPTIONS})
    arguments = {"loss": "mse", "epochs": 2, "batch_size": 4, "shuffle": False}
    history = net.fit(
        *(X, Y),
        optimizer=ours,
        sample_weight=weights,
        metrics=["penalty"],
        n_threads=case["threads"],
        **arguments,
    )
    series = {"penalty": []}
    losses = reference.fit(
        *(other, X.tolist(), Y.tolist()),
        optimizer=expected,
        sample_weight=None if weights is None else weights.tolist(),
        metrics=series,
        **arguments,
    )
    assert [loss.hex() for loss in history.loss] == [loss.hex() for loss in losses]
    assert [value.hex() for value in history.penalty] == [v.hex() for v in series["penalty"]]
    assert_same_layers(net, other.layers, str(case))


def test_loss_and_penalty_are_what_a_step_lowers():
    """The step of SGD with a rate of 1 is their gradient: by differences."""
    weights = WEIGHTS[:5]
    for of_sum in (False, True):
        for decay_biases in (False, True):
            by = wb.SGD(1.0, l1=0.1, l2=0.3, penalty_of_sum=of_sum, decay_biases=decay_biases)
            start = network()
            start.parameters[:] += 0.01

            def lowered(parameters, by=by, start=start):
                net = start.copy()
                net.parameters[:] = parameters
                history = net.fit(
                    *(X[:5], Y[:5]),
                    loss="mse",
                    optimizer=by.__copy__(),
                    sample_weight=weights,
                    metrics=["penalty"],
                )
                return history.loss[0] + history.penalty[0], parameters - net.parameters

            w = start.parameters.copy()
            _, moved = lowered(w)
            for k in range(len(w)):
                near = np.where(np.arange(len(w)) == k, 1e-6, 0)
                slope = (lowered(w + near)[0] - lowered(w - near)[0]) / 2e-6
                assert slope == pytest.approx(moved[k], abs=1e-8)


def test_the_mean_of_an_epoch_is_by_weights():
    """Of parameters that stay: the rate is next to nothing."""
    net = network()
    w = net.parameters.copy()
    sizes = np.abs(np.concatenate([w[:12], w[16:24]]))
    options = {"l1": 0.5, "l2": 0.25, "weight_decay": 0.125}
    size, squares = sizes.sum(), (sizes**2).sum()
    for of_sum in (False, True):
        by = wb.SGD(1e-30, penalty_of_sum=of_sum, **options)
        history = net.copy().fit(
            *(X, Y),
            loss="mse",
            optimizer=by,
            batch_size=4,
            sample_weight=WEIGHTS,
            metrics=["penalty", "mae"],
        )
        own = 0.5 * size + 0.125 * squares
        if of_sum:  # three batches, each with rows that count
            own *= 3 / WEIGHTS.sum()
        assert history.penalty == [pytest.approx(own + 0.0625 * squares, rel=1e-14)]


def loop(net, by, epochs, weights, gradients):
    for _ in range(epochs):
        for start in range(0, 11, 4):
            rows = slice(start, start + 4)
            by.step(net, gradients(net, rows, None if weights is None else weights[rows]))


def by_loss(net, rows, weights):
    if weights is not None and not weights.any():  # which a loss refuses, and a fit does not
        gradients = by_loss(net, rows, None)
        gradients.flat[:], gradients.weight = 0.0, 0.0
        return gradients
    return net.loss_and_gradients(X[rows], Y[rows], loss="mse", sample_weight=weights)[1]


def by_hand(net, rows, _):
    outputs = net.forward(X[rows])
    return net.backward(2 / outputs.size * (outputs - Y[rows]))


@pytest.mark.parametrize("weights", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_own_loop_and_partial_fit_are_fit(dtype, weights):
    def made():
        return wb.Adam(0.01, l1=0.01, l2=0.3, penalty_of_sum=True)

    nets = [network(dtype) for _ in range(4)]
    nets[0].fit(
        *(X, Y),
        loss="mse",
        optimizer=made(),
        epochs=2,
        batch_size=4,
        shuffle=False,
        sample_weight=weights,
    )
    loop(nets[1], made(), 2, weights, by_loss)
    by = made()
    for _ in range(2):
        for start in range(0, 11, 4):
            rows = slice(start, start + 4)
            given = None if weights is None else weights[rows]
            if given is not None and not given.any():  # which partial_fit refuses
                by.step(nets[2], by_loss(nets[2], rows, given))
                continue
            nets[2].partial_fit(X[rows], Y[rows], loss="mse", optimizer=by, sample_weight=given)
    for net in nets[1:3]:
        assert net.parameters.tobytes() == nets[0].parameters.tobytes()
    if weights is None:
        loop(nets[3], made(), 2, None, by_hand)
        np.testing.assert_allclose(nets[3].parameters, nets[0].parameters, rtol=1e-4, atol=1e-6)


def test_gradients_say_what_their_rows_count():
    net = network()
    assert by_loss(net, slice(0, 7), None).weight == 7.0
    assert by_loss(net, slice(0, 7), WEIGHTS[:7]).weight == WEIGHTS[:7].sum()
    gradients = by_hand(net, slice(0, 3), None)
    assert gradients.weight == 3.0
    before, by = net.parameters.copy(), wb.SGD(1.0, l2=0.5, penalty_of_sum=True)
    gradients.weight = None
    with pytest.raises(ValueError, match=r"^\[step\] expected gradients that say what their rows "):
        by.step(net, gradients)
    for wrong, error in ((-1.0, ValueError), (float("nan"), ValueError), ("3", TypeError)):
        gradients.weight = wrong
        with pytest.raises(
            error, match=r"^\[step\] expected the gradients' weight to be a finite "
        ):
            by.step(net, gradients)
    assert net.parameters.tobytes() == before.tobytes()
    assert by.state(net).steps == 0
    gradients.flat[:], gradients.weight = 0.0, 5.0
    by.step(net, gradients)
    np.testing.assert_allclose(net[0].weights.ravel(), before[:12] * (1 - 0.5 / 5), rtol=1e-15)
    by.penalty_of_sum, gradients.weight = False, None  # which nobody asks for then
    by.step(net, gradients)


def test_a_batch_that_counts_nothing_has_no_penalty():
    net = network()
    before = net.parameters.copy()
    gradients = by_loss(net, slice(0, 2), np.zeros(2))
    wb.SGD(1.0, l1=0.5, l2=0.5, penalty_of_sum=True).step(net, gradients)
    assert net.parameters.tobytes() == before.tobytes()


def test_the_series_beside_others():
    net = network()
    history = net.fit(
        *(X, Y),
        loss="mse",
        optimizer=wb.SGD(0.01, l2=0.1),
        epochs=3,
        validation_data=(X, Y),
        metrics=["mae", "penalty", {"mine": lambda outputs, targets: 1.0}],
        callbacks=[wb.callbacks.EarlyStopping("penalty")],
    )
    assert history.names == ("loss", "penalty", "mae", "val_loss", "val_mae", "val_mine")
    assert len(history.penalty) == 3
    plateau = wb.schedules.Plateau(0.01, "penalty", factor=0.5, patience=1, min_delta=10.0)
    history = net.fit(X, Y, loss="mse", optimizer=wb.SGD(plateau), epochs=4, metrics=["penalty"])
    assert history.penalty == [0.0] * 4  # nothing decays
    assert history.learning_rate == [0.01, 0.01, 0.005, 0.0025]
    assert "penalty" not in net.fit(X, Y, loss="mse", optimizer=wb.SGD(l2=0.1)).names


def test_what_is_refused():
    net = network()
    with pytest.raises(
        ValueError, match=r"^\[evaluate\] expected metrics to be one of .*'penalty'"
    ):
        net.evaluate(X, Y, loss="mse", metrics=["penalty"])
    with pytest.raises(ValueError, match=r"^\[fit\] expected each of metrics once, got .*penalty"):
        net.fit(X, Y, loss="mse", metrics=["penalty", "penalty"])
    with pytest.raises(ValueError, match=r"to have a name of its own, got 'penalty'"):
        net.fit(X, Y, loss="mse", metrics={"penalty": lambda outputs, targets: 1.0})
    with pytest.raises(
        ValueError, match=r"^\[fit\] expected the plateau to watch one of .*'penalty'"
    ):
        net.fit(X, Y, loss="mse", optimizer=wb.SGD(wb.schedules.Plateau(0.1, "penalty")))


class Once(wb.callbacks.Callback):
    """Stops a fit after some batches."""

    seconds_between_batches = 0.0

    def __init__(self, batches):
        self.left = batches

    def after_batch(self, run):
        self.left -= 1
        return self.left == 0


@pytest.mark.parametrize("batches", [1, 2, 4])
def test_an_epoch_that_was_begun_goes_on(batches):
    arguments = {"loss": "mse", "batch_size": 4, "seed": 3, "metrics": ["penalty", "mae"]}

    def made():
        return wb.Adam(0.01, l1=0.1, l2=0.3, penalty_of_sum=True)

    whole, parts = network(), network()
    expected = whole.fit(X, Y, optimizer=made(), epochs=2, **arguments)
    by = made()
    first = parts.fit(X, Y, optimizer=by, epochs=2, callbacks=[Once(batches)], **arguments)
    rest = parts.fit(X, Y, optimizer=by, epochs=2 - len(first), **arguments)
    assert whole == parts
    for name in expected.names:
        parted = [*first.to_dict().get(name, []), *getattr(rest, name)]
        assert parted == getattr(expected, name), name
    # another series makes it another epoch
    parts, by = network(), made()
    parts.fit(X, Y, optimizer=by, callbacks=[Once(1)], **arguments)
    parts.fit(X, Y, optimizer=by, **(arguments | {"metrics": ["mae"]}))
    assert by.state(parts).steps == 1 + 3


def test_blocks_are_arrays():
    blocks = [(X[i : i + 3], Y[i : i + 3], WEIGHTS[i : i + 3]) for i in range(0, 11, 3)]
    nets, histories = [network(), network()], []
    arguments = {"loss": "mse", "batch_size": 4, "shuffle": False, "metrics": ["penalty"]}
    for net, data in zip(nets, ((X, Y), (sources.Again(blocks),)), strict=True):
        more = {} if len(data) == 1 else {"sample_weight": WEIGHTS}
        by = wb.SGD(0.1, l1=0.1, l2=0.3, penalty_of_sum=True)
        histories.append(net.fit(*data, optimizer=by, epochs=2, **arguments, **more))
    assert nets[0] == nets[1]
    assert histories[0] == histories[1]


def test_settings_that_change_within_an_epoch():
    """What has counted counts as it was; the sums are taken of what the next batch needs."""

    class Changing(wb.callbacks.Callback):
        seconds_between_batches = 0.0

        def after_batch(self, run):
            run.optimizer.l1, run.optimizer.penalty_of_sum = 0.2, run.batch == 1

    net, own = network(), network()
    history = net.fit(
        *(X, Y),
        loss="mse",
        optimizer=wb.SGD(0.1, l2=0.3),
        batch_size=4,
        shuffle=False,
        metrics=["penalty"],
        callbacks=[Changing()],
        n_threads=2,
    )
    by, total = wb.SGD(0.1, l2=0.3), 0.0
    for batch, rows in enumerate((slice(0, 4), slice(4, 8), slice(8, 11))):
        w = np.concatenate([layer.weights.ravel() for layer in own])
        count = 1 if batch == 1 else len(X[rows])
        total += count * (by.l1 * np.abs(w).sum() + 0.15 * (w**2).sum())
        by.step(own, by_loss(own, rows, None))
        by.l1, by.penalty_of_sum = 0.2, batch == 0
    assert net == own
    assert history.penalty == [pytest.approx(total / 11, rel=1e-14)]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weights"])
def test_lbfgs(weights):
    pytest.importorskip("scipy")
    count = 11.0 if weights is None else WEIGHTS.sum()
    arguments = {"loss": "mse", "epochs": 5, "batch_size": 11, "metrics": ["penalty", "mae"]}
    nets, histories = [network(), network()], []
    for net, of_sum in zip(nets, (False, True), strict=True):
        by = wb.LBFGS(l2=0.5 * count if of_sum else 0.5, penalty_of_sum=of_sum)
        histories.append(net.fit(X, Y, optimizer=by, sample_weight=weights, **arguments))
    assert nets[0] == nets[1]
    assert histories[0] == histories[1]
    w = np.concatenate([layer.weights.ravel() for layer in nets[0]])
    assert histories[0].names == ("loss", "penalty", "mae")
    assert histories[0].penalty[-1] == pytest.approx(0.25 * (w**2).sum(), rel=1e-12)
