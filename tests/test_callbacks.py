"""Who is asked while a training goes on: when, with what, and what an answer or an error does."""

import contextlib
import copy
import gc
import os
import pickle
import signal
import threading
import time
import types
import weakref

import numpy as np
import pytest
from small_network import LABELS, X, network, settings

import wbcore as wb
from wbcore.callbacks import HOOKS, Callback

OPTIMIZER = "adam(0.01)"


def fit(net, *callbacks, **options):
    given = settings(**{"optimizer": OPTIMIZER} | options)
    return net.fit(X, LABELS, **given, callbacks=list(callbacks))


def after(epochs, **options):
    net = network()
    fit(net, epochs=epochs, **options)
    return net


class Recorder:
    """Notes each call; does something in one of them."""

    def __init__(self, hook=None, number=1, act=None):
        self.calls, self.left = [], number
        self.hook, self.act = hook, act

    def _called(self, hook, run):
        self.calls.append((hook, run.epoch, run.batch, run.step, len(run.history), run.status))
        if hook == self.hook:
            self.left -= 1
            if self.left == 0:
                return self.act(run)
        return None

    def before_fit(self, run):
        return self._called("before_fit", run)

    def after_batch(self, run):
        return self._called("after_batch", run)

    def after_epoch(self, run):
        return self._called("after_epoch", run)

    def after_fit(self, run):
        return self._called("after_fit", run)


def test_order_and_numbers():
    recorder = Recorder()
    net = network()
    fit(net, recorder, epochs=2)
    fit(net, recorder, epochs=1)
    epoch = [
        [("after_batch", e, b, 4 * e + b, e % 2, "running") for b in range(1, 5)] for e in (0, 1)
    ]
    assert recorder.calls[:12] == [
        ("before_fit", 0, 0, 0, 0, "running"),
        *epoch[0],
        ("after_epoch", 0, 4, 4, 1, "running"),
        *epoch[1],
        ("after_epoch", 1, 4, 8, 2, "running"),
        ("after_fit", 1, 4, 8, 2, "completed"),
    ]
    assert recorder.calls[12:] == [
        ("before_fit", 2, 0, 8, 0, "running"),
        *[("after_batch", 2, b, 8 + b, 0, "running") for b in range(1, 5)],
        ("after_epoch", 2, 4, 12, 1, "running"),
        ("after_fit", 2, 4, 12, 1, "completed"),
    ]


def test_what_a_run_has():
    net = network()
    seen = []

    class Look:
        def before_fit(self, run):
            assert run.network is net
            assert run.optimizer is net.optimizer
            assert run.history.first_epoch == run.first_epoch == 0
            assert (run.epochs, run.batch_size, run.batches, run.rows) == (2, 16, 3, 40)
            assert run.series == ("loss", "accuracy", "val_loss", "val_accuracy")
            assert repr(run).startswith("<Run of <Network 6-9-8-3, ")

        def after_batch(self, run):
            seen.append((run.batch_loss, run.loss))

        def after_epoch(self, run):
            assert run.loss == run.history.loss[-1]
            assert run.reason == ""

        def after_fit(self, run):
            assert run.reason == "all 2 epochs were done"

    history = fit(net, Look(), epochs=2, validation_fraction=0.2, metrics=["accuracy"])
    assert history.reason == "all 2 epochs were done"
    for epoch in (0, 1):
        (first, so_far), _, (last, whole) = seen[3 * epoch : 3 * epoch + 3]
        assert first == so_far
        assert whole == pytest.approx(history.loss[epoch], rel=1e-12)
        assert last != whole


def test_watching_changes_no_bit():
    plain = after(3, metrics=["accuracy"])
    watched = network()
    fit(watched, Recorder(), metrics=["accuracy"])
    assert watched == plain
    assert watched.history == plain.history
    for n_threads in (2, 3):
        other = network()
        fit(other, Recorder("after_batch", 2, lambda run: run.sync()), n_threads=n_threads)
        assert other == plain


def test_after_batch_is_not_asked_where_nobody_has_it(monkeypatch):
    given = []
    core_fit = wb._core.fit

    def spy(*args, **options):
        given.append((options["after_batch"], options["after_epoch"]))
        return core_fit(*args, **options)

    monkeypatch.setattr(wb._core, "fit", spy)

    class OnlyEpochs(Callback):
        def after_epoch(self, run):
            pass

    class Ends(Callback):
        def after_fit(self, run):
            pass

    fit(network(), Ends())
    fit(network(), OnlyEpochs())
    fit(network(), wb.callbacks.EarlyStopping("loss"), wb.callbacks.CSVLogger(os.devnull))
    assert [[hook is None for hook in pair] for pair in given] == [[1, 1], [1, 0], [1, 0]]


def test_duck_typed_and_order():
    order = []

    class First:
        def after_epoch(self, run):
            order.append("first")

    class Second:
        def after_epoch(self, run):
            order.append("second")

    fit(network(), Second(), First(), epochs=1, callback=lambda *_: order.append("function"))
    assert order == ["second", "first", "function"]


def test_functions_as_attributes():
    seen = []
    namespace = types.SimpleNamespace(
        before_fit=lambda run: seen.append("before"),
        after_batch=lambda run: seen.append(run.batch) or run.batch == 3,
        after_fit=lambda run: seen.append("after"),
    )
    history = fit(network(), namespace)
    assert seen == ["before", 1, 2, 3, "after"]
    assert history.reason == "SimpleNamespace.after_batch returned True after batch 3 of epoch 1"


@pytest.mark.parametrize("how", ["True", "np.True_", "stop", "reason"])
@pytest.mark.parametrize("hook", HOOKS)
def test_stop_at_each_hook(hook, how):
    def act(run):
        if how in ("stop", "reason"):
            run.stop(*["enough"] * (how == "reason"))
            return None
        return True if how == "True" else np.True_

    number = 2 if hook in ("after_batch", "after_epoch") else 1
    net, recorder, other = network(), Recorder(hook, number, act), Recorder()
    history = fit(net, recorder, other)
    assert net.history is history
    assert recorder.calls[-1] == other.calls[-1]
    assert recorder.calls[-1][0] == "after_fit"
    assert [c[0] for c in recorder.calls] == [c[0] for c in other.calls]
    expected = {"before_fit": 0, "after_batch": 0, "after_epoch": 2, "after_fit": 3}[hook]
    assert len(history) == expected
    if hook == "after_fit":
        assert history.status == "completed"
        return
    assert history.status == "stopped"
    where = {
        "before_fit": "",
        "after_batch": " after batch 2 of epoch 1",
        "after_epoch": " after epoch 2",
    }[hook]
    assert history.reason == {
        "stop": "a callback asked for it",
        "reason": "enough",
    }.get(how, f"Recorder.{hook} returned True{where}")
    if hook == "before_fit":
        assert net == network()
    elif hook == "after_epoch":
        assert net == after(2)
    else:
        state = net.optimizer.state(net)
        assert (state.steps, state.epoch, state.batch) == (2, 0, 2)


@pytest.mark.parametrize("answer", [None, False, 1, "yes", [0], np.False_])
def test_only_true_stops(answer):
    for hook in HOOKS:
        history = fit(network(), Recorder(hook, 1, lambda _: answer))
        assert (len(history), history.status) == (3, "completed")


class MyError(Exception):
    pass


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize("hook", HOOKS)
def test_an_error_at_each_hook_leaves_the_last_epoch(hook, sync, n_threads):
    """And the exception itself comes out; those that had begun are told."""
    error = MyError("mine", 3)
    # in the second epoch, where there are several
    number = {"before_fit": 1, "after_batch": 6, "after_epoch": 2, "after_fit": 1}[hook]

    def act(run):
        if sync:
            run.sync()
        raise error

    net, before, after_it = network(), Recorder(), Recorder()
    if sync and hook == "after_batch":
        before = Recorder("after_batch", 5, lambda run: run.sync())
    raising = Recorder(hook, number, act)
    with pytest.raises(MyError) as caught:
        fit(net, before, raising, after_it, n_threads=n_threads)
    assert caught.value is error
    assert error.args == ("mine", 3)
    assert error.__context__ is None
    assert before.calls[-1][0] == "after_fit"
    begun = hook != "before_fit"
    assert (raising.calls[-1][0] == "after_fit") == begun
    assert bool(after_it.calls) == begun
    epochs = {"before_fit": 0, "after_batch": 1, "after_epoch": 2, "after_fit": 3}[hook]
    assert (len(net.history), net.history.status) == (epochs, "failed")
    assert net.history.reason == f"MyError in Recorder.{hook}: ('mine', 3)"
    assert net == (after(epochs) if epochs else network())
    state = net.optimizer.state(net)
    assert (state.steps, state.epoch, state.batch) == (4 * epochs, epochs, 0)
    # goes on as if nothing had been
    fit(net, epochs=4 - epochs)
    assert net == after(4)


@pytest.mark.parametrize("hook", HOOKS)
def test_ctrl_c_in_each_hook(hook):
    number = {"before_fit": 1, "after_batch": 6, "after_epoch": 2, "after_fit": 1}[hook]

    def act(run):
        signal.raise_signal(signal.SIGINT)

    net, other = network(), Recorder()
    with pytest.raises(KeyboardInterrupt):
        fit(net, other, Recorder(hook, number, act))
    assert net.history.interrupted
    assert net.history.reason == f"Ctrl-C came in Recorder.{hook}"
    assert other.calls[-1][0] == "after_fit"
    steps = {"before_fit": 0, "after_batch": 6, "after_epoch": 8, "after_fit": 12}[hook]
    state = net.optimizer.state(net)
    assert state.steps == steps
    assert (state.epoch, state.batch) == (steps // 4, steps % 4)
    fit(net, epochs=4 - steps // 4)
    assert net == after(4)


def test_the_first_error_comes_out():
    one, two = MyError("one"), MyError("two")

    def raise_(error):
        def act(run):
            raise error

        return act

    late = Recorder("after_fit", 1, raise_(two))
    last = Recorder()
    with pytest.raises(MyError) as caught:
        fit(network(), late, Recorder("after_epoch", 1, raise_(one)), last)
    assert caught.value is one
    assert last.calls[-1][0] == "after_fit"


@pytest.mark.parametrize("n_threads", [1, 3])
def test_sync_shows_what_the_steps_so_far_made(n_threads):
    net, seen = network(), {}

    def act(run):
        state = run.optimizer.state(run.network)
        before = run.network.copy()
        assert (state.steps, state.epoch, state.batch) == (4, 1, 0)
        run.sync()
        assert (state.steps, state.epoch, state.batch) == (6, 1, 2)
        seen.update(before=before, then=run.network.copy(), m=state.arrays["m"].copy())
        run.network.parameters[:] = 7  # does not count

    fit(net, Recorder("after_batch", 6, act), n_threads=n_threads)
    assert net == after(3)
    assert seen["before"] == after(1)
    stopped = network()
    fit(stopped, Recorder("after_batch", 6, lambda _: True))
    assert seen["then"] == stopped
    assert (seen["m"] == stopped.optimizer.state(stopped).arrays["m"]).all()


def test_sync_elsewhere_does_nothing():
    kept = []

    class Keeper:
        def before_fit(self, run):
            run.sync()
            kept.append(run)

        def after_epoch(self, run):
            run.network.parameters[:] *= 0.5
            run.sync()

    net, same = network(), network()
    fit(net, Keeper())
    fit(same, callback=lambda *_: np.multiply(same.parameters, 0.5, out=same.parameters))
    assert net == same
    kept[0].sync()
    assert net == same


@pytest.mark.parametrize("n_threads", [1, 2])
def test_divergence_after_a_sync_puts_everything_back(n_threads):
    rows = X.astype(np.float32)
    net, same = network("float32"), network("float32")
    options = settings(loss="mse", optimizer="sgd(30, 0.9)", epochs=50, n_threads=n_threads)
    targets = np.random.default_rng(0).standard_normal((50, 3))

    class Sync:
        def after_batch(self, run):
            run.sync()

    with pytest.raises(wb.DivergenceError) as caught:
        net.fit(rows, targets, **options, callbacks=[Sync()])
    assert caught.value.epoch > 0
    same.fit(rows, targets, **options | {"epochs": caught.value.epoch})
    assert net.parameters.tobytes() == same.parameters.tobytes()
    ours, theirs = net.optimizer.state(net), same.optimizer.state(same)
    assert ours.arrays["velocity"].tobytes() == theirs.arrays["velocity"].tobytes()
    assert (ours.steps, ours.position) == (theirs.steps, theirs.position)


def test_what_before_fit_and_after_fit_write_counts():
    net, same = network(), network()
    same.parameters[:] *= 0.5
    fit(same)

    class Halves:
        def before_fit(self, run):
            run.network.parameters[:] *= 0.5

        def after_fit(self, run):
            assert run.network == same
            run.network.parameters[:] = 1

    fit(net, Halves())
    assert (net.parameters == 1).all()


def test_the_first_statistics_are_those_after_before_fit():
    class Zeros:
        def before_fit(self, run):
            run.network.parameters[:] = 0

    history = fit(network(), Zeros(), track="epoch")
    assert history.parameters.initial[0].weights.max == 0


def test_callbacks_may_use_the_network(tmp_path):
    path = tmp_path / "net.safetensors"
    found = []

    class Uses:
        def after_batch(self, run):
            net = run.network
            net.predict(X)
            net.evaluate(X, LABELS, loss="cross_entropy")
            net.loss_and_gradients(X, LABELS, "cross_entropy")
            net.save(path)
            found.append((net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))))
            pair = pickle.loads(pickle.dumps((net, run.optimizer)))
            assert pair[0].optimizer is pair[1]
            net.freeze()(X)
            with pytest.raises(RuntimeError, match=r"\[fit\] expected a network that is not being"):
                net.fit(X, LABELS, **settings())
            with pytest.raises(RuntimeError, match=r"\[partial_fit\] expected a network that is n"):
                net.partial_fit(X, LABELS, loss="cross_entropy")

        after_epoch = after_batch

    net = network()
    fit(net, Uses(), epochs=2, n_threads=2)
    assert net == after(2)
    assert wb.load(path) == net
    assert all(one == other for three in found for one in three for other in three)
    assert found[0][0] == network()
    assert found[-1][0] == net


def test_a_callback_of_one_fit_may_train_another_network():
    other = network()

    class Trains:
        def after_batch(self, run):
            other.partial_fit(X, LABELS, loss="cross_entropy", optimizer=run.optimizer)
            fit(network(), Recorder(), epochs=1)

    net = network()
    fit(net, Trains())
    assert net == after(3)
    assert net.optimizer.state(other).steps == 12


def test_stop_from_another_thread():
    going, over = threading.Event(), []

    class Lets:
        def after_batch(self, run):
            over[:] = [run]
            going.set()

    net = network()
    thread = threading.Thread(target=lambda: fit(net, Lets(), epochs=10**9))
    thread.start()
    assert going.wait(60)
    over[0].stop("the other thread said so")
    thread.join(60)
    assert not thread.is_alive()
    assert (net.history.status, net.history.reason) == ("stopped", "the other thread said so")


def test_states_can_be_read_in_another_thread_meanwhile():
    """Steps, position and arrays of a state are of one moment in a pickle of the pair."""
    net, optimizer = network(), wb.SGD(1e-3, momentum=0.5)
    expected = {0: network().parameters.tobytes()}
    velocities = {0: np.zeros(net.n_parameters).tobytes()}
    going, over = threading.Event(), []

    class Notes:
        def after_epoch(self, run):
            state = optimizer.state(net)
            velocities[state.epoch] = state.arrays["velocity"].tobytes()
            going.set()
            return bool(over)

    options = settings(optimizer=optimizer, epochs=10**9)
    thread = threading.Thread(target=lambda: net.fit(X, LABELS, **options, callbacks=[Notes()]))
    thread.start()
    found = []
    try:
        assert going.wait(60)
        for _ in range(50):
            twin, its = pickle.loads(pickle.dumps((net, optimizer)))
            state = its.state(twin)
            velocity = state.arrays["velocity"].tobytes()
            found.append((state.epoch, state.batch, state.steps, velocity))
    finally:
        over.append(True)
        thread.join()
    assert expected
    for epoch, batch, steps, velocity in found:
        done = epoch + (batch == 4)  # written back, and not yet counted
        assert batch in (0, 4)
        assert steps == 4 * done
        assert velocities.get(done, velocity) == velocity


def test_seconds_between_batches():
    class Seldom:
        seconds_between_batches = 3600.0

        def __init__(self):
            self.calls = 0

        def after_batch(self, run):
            self.calls += 1

    class Never(Seldom):
        seconds_between_batches = float("inf")

    class Now(Seldom):
        seconds_between_batches = 0.0

    callbacks = [Seldom(), Never(), Now()]
    fit(network(), *callbacks)
    assert [callback.calls for callback in callbacks] == [0, 0, 12]
    seldom = Seldom()
    fit(network(), seldom)
    assert seldom.calls == 0

    class NowAndThen(Seldom):
        seconds_between_batches = 0.02

        def after_batch(self, run):
            super().after_batch(run)
            return self.calls == 4

    began = time.perf_counter()
    history = fit(network(), NowAndThen(), wb.callbacks.TimeLimit(60), epochs=10**9)
    assert time.perf_counter() - began > 4 * 0.02
    assert "NowAndThen.after_batch returned True" in history.reason


REFUSED = [
    ("wb.callbacks.TimeLimit(3)", TypeError, "to be a list of callbacks, got <wbcore.callbacks.ti"),
    (
        "[wb.callbacks.TimeLimit]",
        TypeError,
        r"objects, got the class TimeLimit; pass TimeLimit\(\)",
    ),
    ("[print]", TypeError, "some of the methods before_fit, .*; a function goes as callback="),
    (
        "[3]",
        TypeError,
        "some of the methods before_fit, after_batch, after_epoch, after_fit, got 3",
    ),
    ("None", TypeError, "to be a list of callbacks, got None"),
    ("[c, c]", ValueError, "each of callbacks once, got one twice"),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED)
def test_refused_callbacks(text, error, message):
    callbacks = eval(text, {"wb": wb, "c": Recorder()})
    net = network()
    with pytest.raises(error, match=message):
        net.fit(X, LABELS, **settings(callbacks=callbacks))
    assert net.history is None


def test_refused_data_ask_nobody():
    recorder = Recorder()
    with pytest.raises(ValueError, match="50 rows"):
        network().fit(X, LABELS[:9], **settings(callbacks=[recorder]))
    assert recorder.calls == []


def test_an_error_keeps_nothing_alive():
    """Not by its traceback, in which the fit's own frame would have it."""
    net = network()
    reference = weakref.ref(net)
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(MyError):
            fit(net, Recorder("after_epoch", 1, raising))
        assert net.history.status == "failed"
        del net
        assert reference() is None
    finally:
        gc.enable()


def raising(run):
    raise MyError


def test_no_reference_is_left():
    """Neither run nor callbacks outlive their fit through the core's objects."""

    class Keeper(Recorder):
        pass

    net, keeper = network(), Keeper()
    fit(net, keeper)
    reference = weakref.ref(keeper)
    network_core = weakref.ref(net._core)
    del keeper, net
    gc.collect()
    assert reference() is None
    assert network_core() is None
