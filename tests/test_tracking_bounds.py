"""However long a fit is, its records are few, and the same ones; and it goes on with them."""

import contextlib
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import wbcore as wb
from wbcore import _core, _record_bytes


def data(rows, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, 4)), rng.standard_normal((rows, 3))


def fitted(rows, track, epochs=1, seed=0, **settings):
    X, y = data(rows)
    net = wb.Network.mlp([4, 16, 3], seed=1)
    given = {"loss": "mse", "batch_size": 4} | settings
    return net.fit(X, y, epochs=epochs, track=track, seed=seed, **given)


def numbers(history):
    return [record.number for record in history.parameters]


@pytest.mark.parametrize("batches", [509, 510, 511, 512, 513, 1021, 1022, 2500])
def test_every_second_record_is_dropped_when_there_are_too_many(batches):
    history = fitted(4 * batches, 1)
    stride = 1
    while batches // stride + 1 > 510:
        stride *= 2
    assert numbers(history) == sorted({*range(0, batches + 1, stride), batches})
    assert len(history.parameters) <= _core.MOST_RECORDS
    assert history.parameters.final.step == batches
    assert [record.step for record in history.parameters] == numbers(history)
    # what was dropped was still the record before
    last, record = history.parameters[-2:]
    if batches - last.step > 1:
        assert record[0].weights.change_since_last < record[0].weights.change


def test_the_kept_ones_are_the_same_however_python_looks_on():
    plain = fitted(4 * 100, 1, epochs=12)
    watched = fitted(4 * 100, 1, epochs=12, callback=lambda *_: None)
    assert plain._record["parameters"] == watched._record["parameters"]


def test_the_best_record_stays():
    class Best:
        """Epoch 3 was the best."""

        def after_epoch(self, run):
            if run.epoch == 3:
                run.history.best_epoch = 3

    history = fitted(4 * 97, 1, epochs=23, callbacks=[Best()])
    steps = [record.step for record in history.parameters]
    assert 4 * 97 in steps
    assert 4 * 97 % 8 == 4  # no multiple of the stride
    assert len([step for step in steps if step % 8]) == 2


@pytest.mark.parametrize(
    ("losses", "best"),
    [([np.nan, 2, 1, 1], 2), ([np.inf, 3.0, np.nan], 1), ([np.nan, np.inf], None), ([], None)],
)
def test_which_epoch_is_the_best(losses, best):
    assert wb.History({"loss": [1.0] * len(losses), "val_loss": losses})._best_for_records == best


def test_the_best_record_of_lbfgs_stays(monkeypatch):
    """As if there were so many iterations that every fifth stays."""
    monkeypatch.setattr(_record_bytes, "_core", SimpleNamespace(record_stride=lambda _: 5))
    rng = np.random.default_rng(0)
    X, V = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    net = wb.Network.mlp([3, 4, 1], "tanh", seed=0, dtype="float64")
    given = {"loss": "mse", "optimizer": "lbfgs", "track": "epoch", "epochs": 20}
    history = net.fit(X, X[:, 0], validation_data=(V, V[:, 1]), **given)
    best = history.parameters.best
    assert best.epoch == int(np.argmin(history.val_loss)) < len(history) - 1
    assert best.number % 5 != 0
    assert sum(record.number % 5 != 0 for record in history.parameters[:-1]) == 1


@pytest.mark.parametrize("optimizer", ["sgd(0.05)", "lbfgs"])
def test_without_a_callback_the_least_validation_loss_is_the_best(optimizer):
    """The validation's targets are others, so that it is none of the last."""
    rng = np.random.default_rng(0)
    X, V = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    net = wb.Network.mlp([3, 4, 1], "tanh", seed=0, dtype="float64")
    given = {"loss": "mse", "optimizer": optimizer, "track": "epoch", "epochs": 1500}
    if optimizer == "lbfgs":
        given["optimizer"] = wb.LBFGS(tolerance=0, loss_tolerance=0)
    history = net.fit(X, X[:, 0], validation_data=(V, V[:, 1]), **given)
    best = history.parameters.best
    assert history.best_epoch is None
    assert best.epoch == int(np.argmin(history.val_loss)) < len(history) - 1
    again = wb.Network.mlp([3, 4, 1], "tanh", seed=0, dtype="float64")
    again.fit(X, X[:, 0], **given | {"epochs": best.epoch + 1})
    assert best.digest == wb.inspect.digest(again)
    assert wb.History.from_json(history.to_json()).parameters.best == best


class Pauses(wb.callbacks.Callback):
    """Ctrl-C after so many steps."""

    def __init__(self, step):
        self.step = step

    def after_batch(self, run):
        if run.step == self.step:
            raise KeyboardInterrupt

    def state(self):
        return {}

    def set_state(self, state):
        pass


@pytest.mark.parametrize("track", ["epoch", 7])
def test_a_run_that_goes_on_has_the_records_of_one_that_never_stopped(track, tmp_path):
    def run(step):
        """Of 50 batches an epoch."""
        settings = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": "3 batches"}
        return fitted(200, track, epochs=4, callbacks=[Pauses(step)], resume=True, **settings)

    for step in (10, 40, 91, 149):
        with pytest.raises(KeyboardInterrupt):
            run(step)
    assert run(-1)._record["parameters"] == fitted(200, track, epochs=4)._record["parameters"]


def test_a_run_that_goes_on_keeps_the_best_of_before(tmp_path):
    """Validation is best in an epoch that no stride keeps, long before the end."""
    X, y = data(8)
    settings = {
        "epochs": 1500,
        "batch_size": 8,
        "optimizer": "sgd(0.05)",
        "validation_data": (X, y + np.linspace(0, 3, 8)[:, None]),
    }
    plain = fitted(8, "epoch", **settings)
    best = plain.parameters.best
    assert best.epoch == int(np.argmin(plain.val_loss))
    assert best.number % 4 != 0
    settings |= {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": "1 epoch"}
    for step in (700, -1):
        callbacks = [Pauses(step)]
        with pytest.raises(KeyboardInterrupt) if step > 0 else contextlib.nullcontext():
            history = fitted(8, "epoch", callbacks=callbacks, resume=True, **settings)
    assert history._record["parameters"] == plain._record["parameters"]


def test_a_fit_that_is_stopped_has_a_record_of_where():
    history = fitted(400, 30, epochs=2, callbacks=[Stopping(41)])
    assert [record.step for record in history.parameters] == [0, 30, 41]
    assert np.isnan(history.parameters.final[0].weights.update_norm)
    assert history.parameters.final[0].units.rows == 11 * 4


class Stopping:
    def __init__(self, step):
        self.step = step

    def after_batch(self, run):
        return run.step == self.step


class Resetting(wb.callbacks.Callback):
    """Sets the optimizer's count of steps after an epoch, as `fit` allows."""

    def __init__(self, steps, rate=0.01):
        self.steps, self.rate = steps, rate

    def after_epoch(self, run):
        if run.epoch == 2:
            run.optimizer.learning_rate = self.rate
            if self.steps is None:
                run.optimizer.reset()
            else:
                run.optimizer.state(run.network).steps = self.steps


@pytest.mark.parametrize("steps", [None, 2, 100])
@pytest.mark.parametrize("track", ["epoch", 3])
def test_records_count_the_steps_of_the_fit_whatever_the_optimizer_counts(steps, track):
    X, y = data(16)
    net = wb.Network.mlp([4, 16, 3], seed=1)
    optimizer = wb.SGD(0.01, momentum=0.9)
    settings = {"loss": "mse", "batch_size": 4, "epochs": 6, "optimizer": optimizer}
    history = net.fit(X, y, track=track, callbacks=[Resetting(steps)], **settings)
    every = 4 if track == "epoch" else track
    assert [record.step for record in history.parameters] == [*range(0, 25, every)]
    third = history.replay(X, y, epoch=2)  # before the callback
    assert history.parameters.of(third).step == 12


@pytest.mark.parametrize("steps", [None, 2, 100])
def test_a_divergence_is_found_in_its_own_epoch_whatever_the_optimizer_counts(steps):
    X, y = data(16)
    net = wb.Network.mlp([4, 16, 3], seed=1)
    settings = {"loss": "mse", "batch_size": 4, "epochs": 6, "track": "epoch"}
    with pytest.raises(wb.DivergenceError) as caught:
        net.fit(X, y, optimizer=wb.SGD(0.01), callbacks=[Resetting(steps, 1e25)], **settings)
    assert (caught.value.epoch, caught.value.first.epoch) == (3, 3)


@pytest.mark.parametrize("track", [0, -1, 1.5, True, "batch", [1]])
def test_other_cadences_are_refused(track):
    with pytest.raises((TypeError, ValueError), match=r"\[fit\] expected track to be"):
        fitted(40, track)


def test_batches_are_not_counted_with_lbfgs():
    with pytest.raises(ValueError, match=r"\[fit\] expected track=\"epoch\" or None with LBFGS"):
        fitted(40, 10, optimizer=wb.LBFGS(), batch_size=40)


def test_a_source_has_the_records_of_its_rows():
    X, y = data(400)
    blocks = wb.data.Blocks(X, y, rows=64) if hasattr(wb.data, "Blocks") else None
    nets = [wb.Network.mlp([4, 16, 3], seed=1) for _ in range(2)]
    settings = {"loss": "mse", "batch_size": 16, "epochs": 2, "shuffle": False, "track": 5}
    arrays = nets[0].fit(X, y, **settings)
    source = nets[1].fit(blocks, **settings)
    assert source._record["parameters"] == arrays._record["parameters"]


CODE = """
import json, numpy as np, wbcore as wb
net = wb.Network.mlp([4, 16, 3], seed=1)
rng = np.random.default_rng(0)
X, y = rng.standard_normal((100_000, 4), "f"), rng.standard_normal((100_000, 3), "f")
options = dict(loss="mse", batch_size=1, optimizer=wb.SGD(1e-5), shuffle=False)
net.fit(X[:5000], y[:5000], track=1, **options)
status = lambda: dict(line.split(":") for line in open("/proc/self/status"))
peak = lambda: 1024 * int(status()["VmHWM"].split()[0])  # ru_maxrss begins with the parent's
before = peak()
history = net.fit(X, y, track=1, **options)
records = history._record["parameters"]
size = sum(map(len, records))
print(json.dumps([peak() - before, len(records), size, history.parameters.final.step]))
"""


@pytest.mark.uninstrumented
def test_memory_of_a_long_fit_is_bounded():
    grown, records, size, last = json.loads(subprocess.check_output([sys.executable, "-c", CODE]))
    assert last == 100_000
    assert records <= 512
    assert size <= 4e6
    assert grown <= 8e6
