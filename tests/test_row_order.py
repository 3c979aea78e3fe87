"""Orders of one's own: `fit(shuffle=function)`, which says the rows of each epoch."""

import functools
import pickle
import threading
import tracemalloc

import numpy as np
import pytest
from small_network import DTYPES, LABELS, TARGETS, X, network, settings
from sources import blocks
from support import assert_same_layers, in_reference

import wbcore as wb
from wbcore import reference
from wbcore.callbacks import Callback

PERMUTED = functools.partial(wb.random.permutation, 50, 7)


def drawn(epoch, rows=37):
    """Some of the 50 rows, some of them again and again: an order, and so its epoch, of its own."""
    return np.random.default_rng(epoch).integers(0, 50, rows)


# ---- which rows


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("weighed", [False, True])
def test_it_is_the_references(dtype, n_threads, weighed):
    net = network(dtype, dropout=0.25)
    other, metrics = in_reference(net), {"accuracy": [], "roc_auc": []}
    weights = np.random.default_rng(5).integers(0, 4, 50) / 2 if weighed else None
    history = net.fit(
        X,
        LABELS,
        **settings(optimizer="adam(0.01)", metrics=list(metrics), seed=7),
        shuffle=drawn,
        sample_weight=weights,
        n_threads=n_threads,
    )
    losses = reference.fit(
        other,
        X.tolist(),
        LABELS.tolist(),
        **settings(optimizer=reference.OPTIMIZERS.choice("adam(0.01)"), metrics=metrics, seed=7),
        shuffle=lambda epoch: drawn(epoch).tolist(),
        sample_weight=None if weights is None else weights.tolist(),
    )
    assert_same_layers(net, other.layers)
    assert history.loss == losses
    assert history.accuracy == metrics["accuracy"]
    assert history.roc_auc == metrics["roc_auc"]


def test_many_rows_on_many_threads():
    """More than a leaf and a team of threads, of rows that come twice or not at all."""
    rng = np.random.default_rng(0)
    many, y = rng.standard_normal((900, 30)).astype(np.float32), rng.standard_normal((900, 3))
    nets = [wb.Network.mlp([30, 80, 3], seed=0) for _ in range(3)]
    orders = [rng.integers(0, 900, 1200) for _ in range(2)]
    options = {"loss": "mse", "batch_size": 512, "metrics": ["r2"]}
    found = [
        net.fit(many, y, **options, shuffle=orders.__getitem__, epochs=2, n_threads=n)
        for net, n in zip(nets, [1, 2], strict=False)
    ]
    for rows in orders:
        nets[2].fit(many[rows], y[rows], **options, shuffle=False)
    assert nets[0] == nets[1] == nets[2]
    assert found[0] == found[1]


def test_many_times_as_many_rows_as_there_are():
    """Also for the look at the outcome, at more rows than X has."""
    net = network()
    net.fit(X[:4], LABELS[:4], **settings(epochs=150), shuffle=lambda e: drawn(e, 900) % 4)
    assert net.evaluate(X[:4], LABELS[:4], loss="cross_entropy")["loss"] < 0.1


def test_the_documented_permutation_is_the_shuffle():
    nets = network(), network()
    found = nets[0].fit(X, LABELS, **settings(seed=7), shuffle=PERMUTED)
    expected = nets[1].fit(X, LABELS, **settings(seed=7))
    assert nets[0] == nets[1]
    assert found == expected


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        lambda rows: rows.astype("i1"),
        lambda rows: rows.astype(">i8"),
        lambda rows: rows.astype("u2"),
        lambda rows: rows.astype("u8"),
        lambda rows: np.repeat(rows, 3)[::3],
        lambda rows: rows[::-1].copy()[::-1],
        lambda rows: np.ma.masked_array(rows).data,
    ],
)
def test_integers_of_any_kind(form):
    nets = network(), network()
    nets[0].fit(X, LABELS, **settings(), shuffle=drawn)
    nets[1].fit(X, LABELS, **settings(), shuffle=lambda epoch: form(drawn(epoch)))
    assert nets[0] == nets[1]


@pytest.mark.parametrize("layout", [np.asfortranarray, list, lambda a: wb.Scaled(a, 0.5)])
def test_of_any_x(layout):
    nets = network(), network()
    given = layout(X)
    factor = 0.5 if isinstance(given, wb.Scaled) else 1.0
    nets[0].fit(given, TARGETS, loss="mse", epochs=3, shuffle=drawn)
    for epoch in range(3):
        rows = drawn(epoch)
        nets[1].fit(X[rows] * factor, TARGETS[rows], loss="mse", shuffle=False)
    assert nets[0] == nets[1]


def test_a_source_is_read_into_memory_as_for_a_shuffle():
    nets = network(), network()
    nets[0].fit(X, LABELS, **settings(), shuffle=drawn)
    nets[1].fit(blocks(X, LABELS, 8), **settings(), shuffle=drawn)
    assert nets[0] == nets[1]


def test_rows_that_are_left_out_are_not_read():
    bad, kept = X.copy(), np.arange(40)
    bad[40:] = np.nan
    nets = network(), network()
    options = settings(validation_data=(X[40:], LABELS[40:]), metrics=["accuracy", "roc_auc"])
    found = nets[0].fit(bad, LABELS, **options, shuffle=lambda _: kept)
    expected = nets[1].fit(X[kept], LABELS[kept], **options, shuffle=False)
    assert nets[0] == nets[1]
    assert found == expected
    with pytest.raises(ValueError, match=r"\[fit\] expected finite values in X, got nan at X\[40"):
        nets[0].fit(bad, LABELS, **settings(), shuffle=lambda _: [1, 40])
    assert nets[0] == nets[1]


def test_a_weight_is_so_many_repetitions():
    weights = np.random.default_rng(1).integers(0, 4, 50)
    nets = [network() for _ in range(2)]
    nets[0].fit(X, LABELS, **settings(sample_weight=weights, batch_size=50, shuffle=False))
    repeated = np.repeat(np.arange(50), weights)
    nets[1].fit(X, LABELS, **settings(batch_size=len(repeated)), shuffle=lambda _: repeated)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


def test_x_is_not_copied():
    big, y = np.zeros((20_000, 200), np.float32), np.zeros(20_000)
    rows = np.arange(0, 20_000, 2)
    net = wb.Network.mlp([200, 2, 1], seed=0)
    tracemalloc.start()
    net.fit(big, y, loss="mse", shuffle=lambda _: rows, batch_size=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < big.nbytes / 8


# ---- when it is asked


class Seen(Callback):
    def __init__(self, asked):
        self.asked, self.log = asked, []

    def before_fit(self, run):
        self.log.append(("before", list(self.asked), run.rows, run.batches))

    def after_epoch(self, run):
        self.log.append((run.epoch, list(self.asked), run.batch, run.step))


def test_once_before_each_epoch_on_the_calling_thread():
    asked, threads = [], set()

    def order(epoch):
        asked.append(epoch)
        threads.add(threading.get_ident())
        return drawn(epoch)

    net, seen = network(), Seen(asked)
    net.fit(X, LABELS, **settings(callbacks=[seen]), shuffle=order)
    assert seen.log == [("before", [0], 37, 3)] + [
        (e, list(range(e + 1)), 3, 3 * e + 3) for e in range(3)
    ]
    assert threads == {threading.get_ident()}
    net.fit(X, LABELS, **settings(callback=lambda epoch, _: epoch == 4), shuffle=order)
    assert asked == [0, 1, 2, 3, 4]
    net.fit(X, LABELS, **settings(epochs=1, first_epoch=20), shuffle=order)
    assert asked[5:] == [20]


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_fits_are_one(dtype):
    nets = network(dtype), network(dtype)
    options = settings(optimizer="adam(cosine(0.01, 20))", metrics=["accuracy"], shuffle=drawn)
    whole = nets[0].fit(X, LABELS, **options | {"epochs": 10})
    parts = [nets[1].fit(X, LABELS, **options | {"epochs": 5}) for _ in range(2)]
    assert nets[0] == nets[1]
    for name in ("loss", "accuracy", "learning_rate"):
        assert getattr(parts[0], name) + getattr(parts[1], name) == getattr(whole, name)


def test_steps_and_schedules_count_by_the_orders_length():
    net = network()
    rates = []
    schedule = lambda step: rates.append(step) or 0.01 / step  # noqa: E731
    history = net.fit(X, LABELS, **settings(optimizer=wb.SGD(schedule)), shuffle=drawn)
    assert net.optimizer.state(net).steps == 9  # of 37 rows in batches of 16
    assert history.learning_rate == [0.01 / 3, 0.01 / 6, 0.01 / 9]
    more = net.fit(X, LABELS, **settings(optimizer="sgd"), shuffle=lambda e: drawn(e, 200))
    assert net.optimizer.state(net).steps == 3 * 13
    assert len(more) == 3


def stopped_after(step):
    class Stop:
        def after_batch(self, run):
            return run.step == step

    return [Stop()]


def test_the_rest_of_an_epoch_is_taken_where_its_rows_are_the_same():
    once, twice = network(), network()
    options = settings(optimizer="adam(0.01)", shuffle=drawn)
    once.fit(X, LABELS, **options)
    twice.fit(X, LABELS, **options, callbacks=stopped_after(5))
    state = twice.optimizer.state(twice)
    assert (state.epoch, state.batch) == (1, 2)
    twice, optimizer = pickle.loads(pickle.dumps((twice, twice.optimizer)))
    twice.fit(X, LABELS, **options | {"epochs": 2, "optimizer": optimizer})
    assert once == twice
    assert optimizer.state(twice).steps == 9


def test_an_epoch_of_other_rows_begins_anew():
    nets = network(), network()
    options = settings(optimizer="adam(0.01)", shuffle=drawn)
    for net, where in zip(nets, [None, 1], strict=True):
        net.fit(X, LABELS, **options, callbacks=stopped_after(5))
        other = options | {"shuffle": lambda e: drawn(e)[::-1], "epochs": 2}
        net.fit(X, LABELS, **other, first_epoch=where)
        assert net.optimizer.state(net).steps == 5 + 6
    assert nets[0] == nets[1]


# ---- what is judged by


def test_metrics_of_all_predictions_are_of_the_rows_of_the_epoch():
    seen = []

    def own(outputs, targets, sample_weight):
        seen.append((outputs, targets, sample_weight))
        return 1.0

    net, weights = network(), np.linspace(1, 2, 50)
    options = settings(metrics=["roc_auc", own], sample_weight=weights, epochs=2)
    history = net.fit(X, LABELS, **options, shuffle=drawn)
    rows = drawn(1)
    expected = net.evaluate(
        X[rows],
        LABELS[rows],
        loss="cross_entropy",
        metrics=["roc_auc"],
        sample_weight=weights[rows],
    )
    assert history.roc_auc[1] == expected["roc_auc"]
    assert history.own == [1.0, 1.0]
    outputs, targets, own_weights = seen[1]
    np.testing.assert_array_equal(outputs, net.predict(X[rows]))
    np.testing.assert_array_equal(targets, LABELS[rows])
    np.testing.assert_array_equal(own_weights, weights[rows])
    net.fit(X, LABELS, **options, shuffle=drawn, validation_data=(X[:9], LABELS[:9], weights[:9]))
    np.testing.assert_array_equal(seen[-1][1], LABELS[:9])


def test_a_function_as_loss_sees_the_rows_of_the_batch():
    batches = []

    def loss(outputs, targets):
        batches.append(targets[:, 0].copy())
        d = outputs - targets
        return (d**2).mean(), 2 * d / d.size

    network().fit(X, TARGETS, loss=loss, batch_size=16, shuffle=drawn, epochs=2)
    found = np.concatenate(batches)
    np.testing.assert_array_equal(found, TARGETS[np.concatenate([drawn(0), drawn(1)]), 0])


# ---- when it fails


def failing_in(epoch, error):
    def order(e):
        if e == epoch:
            raise error
        return drawn(e)

    return order


LATER = {
    "raises": (failing_in(2, ZeroDivisionError("none")), ZeroDivisionError, "none"),
    "shorter": (lambda e: drawn(e, 37 - (e == 2)), ValueError, "give 37 rows, *got 36"),
    "outside": (lambda e: drawn(e) + 50 * (e == 2), ValueError, "from 0 to 49, got "),
    "floats": (lambda e: drawn(e) if e < 2 else drawn(e) / 1, TypeError, "got dtype float64"),
    "nothing": (lambda e: drawn(e) if e < 2 else None, TypeError, "got None"),
    "empty": (lambda e: drawn(e) if e < 2 else [], ValueError, "at least one row, got none"),
    "Ctrl-C": (failing_in(2, KeyboardInterrupt()), KeyboardInterrupt, ""),
}


@pytest.mark.parametrize("name", LATER)
def test_what_goes_wrong_in_a_later_epoch_leaves_the_one_before(name):
    order, error, text = LATER[name]
    nets = network(), network()
    options = settings(optimizer="adam(0.01)", epochs=4)
    with pytest.raises(error) as caught:
        nets[0].fit(X, LABELS, **options, shuffle=order)
    assert text.partition("*")[0] in str(caught.value)
    assert text.partition("*")[2] in str(caught.value)
    whole = nets[1].fit(X, LABELS, **options | {"epochs": 2}, shuffle=drawn)
    assert nets[0] == nets[1]
    state, history = nets[0].optimizer.state(nets[0]), nets[0].history
    assert (state.steps, state.epoch, state.batch) == (6, 2, 0)
    assert history.loss == whole.loss
    assert history.status == ("interrupted" if error is KeyboardInterrupt else "failed")
    for net in nets:
        net.fit(X, LABELS, **options, shuffle=drawn)
    assert nets[0] == nets[1]


@pytest.mark.parametrize("error", [ZeroDivisionError("none"), KeyboardInterrupt()])
def test_what_goes_wrong_in_the_first_leaves_no_trace(error):
    net = network()
    net.fit(X, LABELS, **settings(optimizer="adam(0.01)"), shuffle=drawn)
    before, optimizer, history = net.parameters.tobytes(), net.optimizer, net.history
    seen = Seen([])
    with pytest.raises(type(error)):
        net.fit(
            X,
            LABELS,
            **settings(optimizer="sgd", callbacks=[seen], first_epoch=5),
            shuffle=failing_in(5, error),
        )
    assert net.parameters.tobytes() == before
    assert optimizer.state(net).epoch == 3
    if not isinstance(error, KeyboardInterrupt):
        assert (net.optimizer, net.history) == (optimizer, history)
    assert seen.log == []


def test_what_becomes_of_the_array_meanwhile_does_not_count():
    rows = np.empty(37, np.int64)

    def order(epoch):
        rows[:] = drawn(epoch)
        return rows

    class Scrambles:
        def after_batch(self, _):
            rows[:] = 10**9

    nets = network(), network()
    nets[0].fit(X, LABELS, **settings(), shuffle=order, callbacks=[Scrambles()])
    nets[1].fit(X, LABELS, **settings(), shuffle=drawn)
    assert nets[0] == nets[1]


def test_it_may_look_at_the_network_and_not_train_it():
    net, predictions = network(), []

    def order(epoch):
        predictions.append(net.predict(X[:1]).tolist())
        with pytest.raises(
            RuntimeError, match=r"\[fit\] expected a network that is not being trained"
        ):
            net.fit(X, LABELS, loss="cross_entropy")
        return drawn(epoch)

    net.fit(X, LABELS, **settings(), shuffle=order)
    assert len({str(prediction) for prediction in predictions}) == 3


# ---- checkpoints


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    path, nets = tmp_path / "run.ckpt", (network(), network())
    orders = [drawn(epoch) for epoch in range(4)]  # of a run of 4 epochs there are no more

    def order(epoch):
        return orders[epoch]

    options = settings(optimizer="adam(0.01)", epochs=4)
    whole = nets[0].fit(X, LABELS, **options, shuffle=order)
    given = options | {"checkpoint": path, "resume": True, "checkpoint_every": "1 batches"}

    class Killed:
        def after_batch(self, run):
            if run.step == 5 and not run.resumed:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        nets[1].fit(X, LABELS, **given, shuffle=order, callbacks=[Killed()])
    with pytest.raises(ValueError, match=r"expected shuffle of the run in .*order.*, got 'drawn'"):
        network().fit(X, LABELS, **given, shuffle=drawn, callbacks=[Killed()])
    for _ in range(2):  # the second has nothing left to do
        net = network()
        history = net.fit(X, LABELS, **given, shuffle=order, callbacks=[Killed()])
        assert net == nets[0]
        assert history.loss == whole.loss


def test_a_checkpoint_within_an_epoch_of_other_rows_is_refused(tmp_path):
    path, net = tmp_path / "run.ckpt", network()
    rows = {"reversed": False}

    def order(epoch):
        return drawn(epoch)[:: -1 if rows["reversed"] else 1]

    given = settings(checkpoint=path, resume=True, callbacks=stopped_after(5), shuffle=order)

    class Ends:
        def after_batch(self, run):
            if run.step == 5:
                run.stop(resumable=True)

    given["callbacks"] = [Ends()]
    net.fit(X, LABELS, **given)
    rows["reversed"] = True
    before = net.parameters.tobytes()
    with pytest.raises(ValueError, match="an epoch"):
        net.fit(X, LABELS, **given)
    assert net.parameters.tobytes() == before
