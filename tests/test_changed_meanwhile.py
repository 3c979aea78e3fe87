"""Arrays that somebody changes after they were checked: refused where they are read."""

import contextlib
import threading
import time

import numpy as np
import pytest

import wbcore as wb

N = 400
rng = np.random.default_rng(0)
X = rng.standard_normal((N, 6)).astype(np.float32)
LABELS = np.arange(N) % 3
SHARES = np.eye(3)[LABELS]


def network(dtype="float32", output_activation="identity"):
    return wb.Network.mlp([6, 8, 3], seed=0, dtype=dtype, output_activation=output_activation)


def change_after(epochs, array, value, kept):
    """A callback that spoils an array after some epochs and keeps the parameters of each."""

    def callback(epoch, _history):
        kept.append(callback.net.parameters.copy())
        if epoch + 1 == epochs:
            array[7] = value

    return callback


@pytest.mark.parametrize("value", [3, 100_000, -1, 2**62, -(2**63)])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_labels_changed_by_a_callback_are_refused(value, shuffle, n_threads):
    net, y, kept = network(), LABELS.copy(), []
    callback = change_after(2, y, value, kept)
    callback.net = net
    options = {"shuffle": shuffle, "n_threads": n_threads, "batch_size": 50}
    with pytest.raises(
        ValueError, match=rf"\[fit\] expected class labels y .*{value:g}".replace("+", r"\+")
    ):
        net.fit(X, y, loss="cross_entropy", epochs=5, callback=callback, **options)
    assert len(kept) == len(net.history) == 2
    assert net.parameters.tobytes() == kept[-1].tobytes()


@pytest.mark.parametrize(("loss", "y"), [("cross_entropy", SHARES), ("mse", SHARES)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_targets_changed_by_a_callback_are_refused(loss, y, dtype, shuffle, value):
    net, kept = network(dtype), []
    y = y.astype(dtype)  # read in place where rows are in order
    callback = change_after(2, y, value, kept)
    callback.net = net
    with pytest.raises(ValueError, match=r"\[fit\] expected (finite values in|class targets) y"):
        net.fit(X, y, loss=loss, epochs=5, callback=callback, shuffle=shuffle, batch_size=50)
    assert net.parameters.tobytes() == kept[-1].tobytes()


@pytest.mark.parametrize(
    ("loss", "value"),
    [("cross_entropy", -0.5), ("cross_entropy", 2.0), ("binary_cross_entropy", 1.5)],
)
def test_targets_that_the_loss_cannot_take_are_refused_after_a_callback(loss, value):
    net, y, kept = network(), SHARES.copy(), []
    callback = change_after(2, y, value, kept)
    callback.net = net
    with pytest.raises(ValueError, match=r"\[fit\] expected (class )?targets y"):
        net.fit(X, y, loss=loss, epochs=5, callback=callback)
    assert len(net.history) == 2
    assert net.parameters.tobytes() == kept[-1].tobytes()


@pytest.mark.parametrize(("which", "value"), [(0, np.nan), (1, 70_000)])
def test_validation_data_changed_by_a_callback_are_refused(which, value):
    net, kept, validation = network(), [], (X.copy(), LABELS.copy())
    callback = change_after(2, validation[which], value, kept)
    callback.net = net
    with pytest.raises(ValueError, match=r"\[fit, validation_data\] expected .* (X|y)"):
        net.fit(
            X,
            LABELS,
            loss="cross_entropy",
            epochs=5,
            callback=callback,
            validation_data=validation,
            optimizer=wb.SGD(0.1),
        )
    assert len(net.history) == 2
    assert np.isfinite(net.parameters).all()
    # targets are looked at after a callback, inputs when they are read: after one more epoch
    assert (net.parameters.tobytes() == kept[-1].tobytes()) == (which == 1)


class Flicker:
    """Another thread that makes some labels absurd and good again, without pause."""

    def __init__(self, array, value):
        self.array, self.good, self.value = array, array.copy(), value
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.is_set():
            self.array[:] = self.value
            self.array[:] = self.good

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


CALLS = {
    "fit": lambda net, X, y: net.fit(X, y, loss="cross_entropy", epochs=2, seed=1),
    "evaluate": lambda net, X, y: net.evaluate(X, y, loss="cross_entropy", metrics=["accuracy"]),
    "loss_and_gradients": lambda net, X, y: net.loss_and_gradients(X, y, loss="cross_entropy"),
    "profile": lambda net, X, y: wb.inspect.profile(net, X, y, loss="cross_entropy", repeats=2),
    "losses.cross_entropy": lambda _net, X, y: wb.losses.CrossEntropy()(X[:, :3], y),
    "validation_data": lambda net, X, y: net.fit(
        X[:10], LABELS[:10], loss="cross_entropy", validation_data=(X, y)
    ),
}


def is_refused(name, net, inputs, labels, message):
    """Whether the call found something wrong, which it then names."""
    try:
        CALLS[name](net, inputs, labels)
    except ValueError as error:
        if message not in str(error):
            raise
        return True
    return False


@pytest.mark.parametrize("value", [2**40, -5])
@pytest.mark.parametrize("name", CALLS)
def test_labels_changed_by_another_thread(name, value):
    net = network()
    big = np.tile(X, (20, 1)), np.tile(LABELS, 20)
    calls, refused, ends = 0, 0, time.monotonic() + 60
    with Flicker(big[1], value):
        while calls < 20 or (refused < 3 and time.monotonic() < ends):
            calls += 1
            refused += is_refused(name, net, *big, "expected class labels y")
    assert refused >= 3  # else the test has not tried what it is for
    assert np.isfinite(net.parameters).all()


def test_inputs_changed_by_another_thread():
    net = network()
    inputs = np.tile(X, (20, 1))
    labels = np.tile(LABELS, 20)
    with Flicker(inputs, np.nan):
        for _ in range(20):
            for name in ("fit", "evaluate", "loss_and_gradients"):
                is_refused(name, net, inputs, labels, "expected finite values in X")
    assert np.isfinite(net.parameters).all()


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
@pytest.mark.parametrize("name", ["fit", "evaluate", "loss_and_gradients", "validation_data"])
def test_weights_changed_by_another_thread(name, value):
    net, weights = network(), np.ones(20 * N)
    big = np.tile(X, (20, 1)), np.tile(LABELS, 20)
    options = {"loss": "cross_entropy"}

    def call():
        if name == "validation_data":
            return net.fit(X[:10], LABELS[:10], validation_data=(*big, weights), **options)
        return getattr(net, name)(*big, sample_weight=weights, **options)

    calls, refused, ends = 0, 0, time.monotonic() + 60
    with Flicker(weights, value):
        while calls < 20 or (refused < 3 and time.monotonic() < ends):
            calls += 1
            try:
                call()
            except ValueError as error:
                assert "expected sample_weight of numbers from 0 to 1e18, got" in str(error)  # noqa: PT017
                refused += 1
    assert refused >= 3  # else the test has not tried what it is for
    assert np.isfinite(net.parameters).all()


@pytest.mark.parametrize("name", ["X", "y", "weights", "base of X"])
def test_an_array_in_use_cannot_be_moved(name):
    """Not even by who says that he knows what he does."""
    whole = np.tile(X, (500, 1))
    arrays = {"X": whole.copy(), "y": np.tile(LABELS, 500), "base of X": whole}
    arrays["weights"] = np.ones(len(whole))
    inputs = whole[:] if name == "base of X" else arrays["X"]

    def callback(*_):
        arrays[name].resize((1,), refcheck=False)

    net = network()
    with pytest.raises(ValueError, match="resize"):
        net.fit(
            inputs,
            arrays["y"],
            loss="cross_entropy",
            epochs=3,
            sample_weight=arrays["weights"],
            callback=callback,
        )
    assert len(arrays[name]) == 500 * N


@pytest.mark.parametrize("weighted", [False, True])
def test_labels_that_become_too_large_while_they_are_counted(weighted):
    y, stop = np.arange(2000) % 3, threading.Event()

    def write():
        while not stop.is_set():
            y[1999] = 2**40
            y[1999] = 0

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            net = wb.Network.mlp([2, 3])
            with contextlib.suppress(ValueError):
                if weighted:
                    net.evaluate(
                        np.zeros((2000, 2)), y, loss="cross_entropy", class_weight="balanced"
                    )
                else:
                    net.start_at_prior(y, loss="cross_entropy")
    except MemoryError:
        pytest.fail("a place for each label up to 2**40")
    finally:
        stop.set()
        writer.join()
