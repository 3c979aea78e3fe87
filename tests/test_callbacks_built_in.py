"""The callbacks that come with wbcore: stopping, files, logs, limits."""

import copy
import csv
import errno
import itertools
import math
import os
import pickle
import pydoc
import time
import types
from pathlib import Path

import numpy as np
import pytest
from small_network import LABELS, X, network, settings

import wbcore as wb
from wbcore.callbacks import (
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    Progress,
    TensorBoard,
    TimeLimit,
    time_limit,
)


def fit(net, *callbacks, **options):
    given = settings(**{"optimizer": "adam(0.01)"} | options)
    return net.fit(X, LABELS, **given, callbacks=list(callbacks))


class Series:
    """Puts a value of its own in the place of each epoch's val_loss, before others see it."""

    def __init__(self, values, name="val_loss"):
        self.values, self.name = list(values), name

    def after_epoch(self, run):
        getattr(run.history, self.name)[-1] = self.values[run.epoch - run.first_epoch]


def after(epochs):
    net = network()
    fit(net, epochs=epochs, validation_fraction=0.2)
    return net


def stopped(values, name="val_loss", **options):
    net = network()
    stopping = EarlyStopping(name, **options)
    metrics = ["accuracy"]
    history = fit(
        net, Series(values, name), stopping, epochs=len(values), validation_fraction=0.2,
        metrics=metrics,
    )  # fmt: skip
    return net, stopping, history


nan = math.nan


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best"),
    [
        ([5, 4, 3, 3, 3, 3, 1], {"patience": 3}, 6, 2),
        ([5, 4, 3, 3, 3, 2, 1], {"patience": 3}, 7, 6),
        ([5, 4, 3, 3, 3, 2, 1], {"patience": 2}, 5, 2),
        ([5, 5, 5, 5], {"patience": 1}, 2, 0),
        ([5, 4.5, 4, 3.5, 3], {"patience": 2, "min_delta": 0.9}, 5, 4),
        ([5, 4, 3, 2], {"patience": 2, "min_delta": 1}, 4, 2),
        ([5, 4, 5, 5, 5, 5, 5], {"patience": 2, "min_epochs": 6}, 6, 1),
        ([nan, nan, nan, nan], {"patience": 3}, 3, None),
        ([nan, 3, nan, nan, nan], {"patience": 3}, 5, 1),
        ([1, 2, 3, 3, 3], {"patience": 2, "mode": "max"}, 5, 2),
        ([5, 4, math.inf, 3], {"patience": 2}, 4, 3),
    ],
)
def test_early_stopping(values, options, epochs, best):
    net, stopping, history = stopped(values, **options)
    assert len(history) == epochs
    assert history.best_epoch == best
    without = epochs if best is None else epochs - 1 - best
    assert history.status == ("stopped" if without >= options["patience"] else "completed")
    assert stopping.best == (None if best is None else values[best])
    assert net == after(epochs if best is None else best + 1)
    assert net.optimizer.state(net).epoch == epochs
    if history.status == "stopped":
        assert history.reason == f"val_loss had not got better for {without} epochs"


def test_without_restoring():
    net, _, history = stopped([3, 4, 5, 6], patience=2, restore_best=False)
    assert (history.best_epoch, len(history)) == (0, 3)
    assert net == after(3)


def test_best_parameters_when_all_epochs_were_done_or_another_stopped():
    net, _, history = stopped([3, 4, 5, 6], patience=50)
    assert history.status == "completed"
    assert net == after(1)

    class Stop:
        def after_epoch(self, run):
            return run.epoch == 2

    net = network()
    fit(net, Series([3, 4, 5, 6]), EarlyStopping(), Stop(), epochs=4, validation_fraction=0.2)
    assert net == after(1)


def test_an_error_or_ctrl_c_restores_nothing():
    for error in (LookupError, KeyboardInterrupt):

        class Raise:
            def __init__(self, error):
                self.error = error

            def after_epoch(self, run):
                if run.epoch == 2:
                    raise self.error

        net = network()
        with pytest.raises(error):
            fit(net, Series([3, 4, 5, 6]), EarlyStopping(), Raise(error), epochs=4,
                validation_fraction=0.2)  # fmt: skip
        assert net == after(3)


def test_modes_go_by_the_name():
    _, _, history = stopped([0.1, 0.5, 0.4, 0.4, 0.3], name="val_accuracy", patience=3)
    assert (history.best_epoch, len(history)) == (1, 5)
    for name in ("loss", "val_loss", "mae", "val_mse", "log_loss"):
        assert EarlyStopping(name).monitor.sign == -1
    for name in ("accuracy", "val_r2", "f1", "val_average_precision", "top_5_accuracy"):
        assert EarlyStopping(name).monitor.sign == 1
    for metric in wb.metrics.NAMES:
        assert EarlyStopping(f"val_{metric}").monitor.sign
    with pytest.raises(ValueError, match=r"mode to be 'min' or 'max' for the series 'val_mine'"):
        EarlyStopping("val_mine")
    assert EarlyStopping("val_mine", mode="max").monitor.sign == 1


def test_a_second_fit_begins_anew():
    net, stopping = network(), EarlyStopping(patience=2)
    options = {"epochs": 4, "validation_fraction": 0.2}
    assert len(fit(net, Series([1, 2, 3, 4]), stopping, **options)) == 3
    history = fit(net, Series([9, 10, 11, 12]), stopping, **options)
    assert (len(history), history.best_epoch, stopping.best) == (3, 3, 9)


def test_series_that_a_fit_has_not():
    net = network()
    with pytest.raises(
        ValueError,
        match=r"\[EarlyStopping\] expected monitor to be one of loss, got 'val_loss'; it takes val",
    ):
        fit(net, EarlyStopping())
    with pytest.raises(ValueError, match=r"one of loss, val_loss, got 'val_accuracy'$"):
        fit(net, EarlyStopping("val_accuracy"), validation_fraction=0.2)
    with pytest.raises(ValueError, match=r"\[Checkpoint\] expected monitor to be one of loss, got"):
        fit(net, Checkpoint("x", "val_loss", best_only=True))
    assert net == network()


REFUSED = [
    ("EarlyStopping(3)", TypeError, r"\[EarlyStopping\] expected monitor to be the name"),
    ("EarlyStopping(patience=0)", ValueError, r"\[EarlyStopping\] expected patience to be an int"),
    ("EarlyStopping(min_delta=-1)", ValueError, r"\[EarlyStopping\] expected min_delta to be a f"),
    ("EarlyStopping(mode='up')", ValueError, r"\[EarlyStopping\] expected mode to be one of auto"),
    ("EarlyStopping(restore_best=1)", TypeError, r"\[EarlyStopping\] expected restore_best to be"),
    ("EarlyStopping(min_epochs=-1)", ValueError, r"\[EarlyStopping\] expected min_epochs to be a"),
    ("Checkpoint(3)", TypeError, r"\[Checkpoint\] expected path to be a str or path-like, got 3"),
    ("Checkpoint('x', best_only=True)", ValueError, r"\[Checkpoint\] expected a monitor with bes"),
    ("Checkpoint('x', every=0)", ValueError, r"\[Checkpoint\] expected every to be an integer"),
    ("Checkpoint('x{')", ValueError, r"\[Checkpoint\] expected path to have fields such as {epoc"),
    ("CSVLogger(None)", TypeError, r"\[CSVLogger\] expected path to be a str or path-like, got N"),
    ("CSVLogger('x', append=1)", TypeError, r"\[CSVLogger\] expected append to be True or False"),
    ("TensorBoard(3)", TypeError, r"\[TensorBoard\] expected writer to have a method add_scalar"),
    ("TensorBoard(Writer(), 3)", TypeError, r"\[TensorBoard\] expected prefix to be a str, got 3"),
    ("TensorBoard(Writer(), every=0)", ValueError, r"\[TensorBoard\] expected every to be an int"),
    ("TimeLimit(0)", ValueError, r"\[TimeLimit\] expected seconds to be a finite number above 0"),
    ("TimeLimit('1')", TypeError, r"\[TimeLimit\] expected seconds to be a finite number above 0"),
    ("TimeLimit(float('inf'))", ValueError, r"\[TimeLimit\] expected seconds to be a finite num"),
    ("Progress('bar')", ValueError, r"\[Progress\] expected bar to be None, a class like tqdm.tq"),
    ("Progress(3)", TypeError, r"\[Progress\] expected bar to be None, a class like tqdm.tqdm"),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED)
def test_refused_arguments(text, error, message):
    with pytest.raises(error, match=message):
        eval(text, globals())


# Checkpoint


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_checkpoints(tmp_path):
    kept = {}

    class Keep:
        def after_epoch(self, run):
            kept[run.epoch + 1] = run.network.copy()

    path = tmp_path / "net-{epoch:03d}-{val_loss:.6f}.safetensors"
    checkpoint = Checkpoint(path, every=2)
    net = network()
    history = fit(net, checkpoint, Keep(), epochs=5, validation_fraction=0.2)
    names = {f"net-{e:03d}-{history.val_loss[e - 1]:.6f}.safetensors": e for e in (2, 4)}
    assert names_in(tmp_path) == sorted(names)
    for name, epoch in names.items():
        assert wb.load(tmp_path / name) == kept[epoch]
    assert Path(checkpoint.last_path).name == max(names)
    fit(net, checkpoint, epochs=2, validation_fraction=0.2)
    assert any(name.startswith("net-007-") for name in names_in(tmp_path))


def test_the_best_alone(tmp_path):
    path = tmp_path / "best.safetensors"
    net = network()
    checkpoint = Checkpoint(path, "val_loss", best_only=True)
    history = fit(net, Series([5, 3, 4, 2, 6]), checkpoint, epochs=5, validation_fraction=0.2)
    assert wb.load(path) == after(4)
    assert history.best_epoch == 3
    assert net == after(5)


def test_a_checkpoint_that_cannot_be_written_ends_the_fit(tmp_path):
    net = network()
    with pytest.raises(OSError, match=r"\[save\]") as caught:
        fit(net, Checkpoint(tmp_path / "none" / "net.safetensors"))
    assert caught.value.errno == errno.ENOENT
    assert len(net.history) == 1
    assert net.history.reason.startswith("FileNotFoundError in Checkpoint.after_epoch: ")
    assert net == after_plain(1)


def after_plain(epochs):
    net = network()
    fit(net, epochs=epochs)
    return net


@pytest.mark.parametrize(
    "path", ["net-{epok}", "net-{0}", "net-{}", "net-{val_loss}", "{epoch.real}"]
)
def test_fields_that_a_fit_has_not(path):
    with pytest.raises(ValueError, match=r"\[Checkpoint\] expected fields of path to be among epo"):
        fit(network(), Checkpoint(path))


# CSVLogger


def rows_of(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_csv(tmp_path):
    path = tmp_path / "log.csv"
    seen = []

    class Reads:
        def after_epoch(self, run):
            seen.append(len(rows_of(path)))

    history = fit(
        network(), CSVLogger(path), Reads(), validation_fraction=0.2, metrics=["accuracy"]
    )
    assert seen == [2, 3, 4]  # each line is there when its epoch has ended
    header, *rows = rows_of(path)
    assert header == ["epoch", *history.names, "seconds"]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for column, name in enumerate([*history.names, "seconds"], start=1):
        assert [float(row[column]) for row in rows] == getattr(history, name)


def test_csv_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    net, logger = network(), CSVLogger(path, append=True)
    fit(net, logger)
    fit(net, logger, epochs=2)
    assert [row[0] for row in rows_of(path)] == ["epoch", "1", "2", "3", "4", "5"]
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"\[CSVLogger\] expected .* to begin with the columns epo"
    ):
        fit(net, logger, metrics=["accuracy"])
    assert path.read_bytes() == before
    fit(net, CSVLogger(path), epochs=1)
    assert [row[0] for row in rows_of(path)] == ["epoch", "6"]


def test_csv_of_numbers_that_are_not_finite(tmp_path):
    path = tmp_path / "log.csv"
    fit(network(), Series([nan, math.inf, -math.inf]), CSVLogger(path), validation_fraction=0.2)
    assert [row[2] for row in rows_of(path)[1:]] == ["nan", "inf", "-inf"]


def test_full_disk():
    net = network()
    with pytest.raises(OSError, match=r"\[CSVLogger\] expected to write the file, got: No space"):
        fit(net, CSVLogger("/dev/full"))
    assert net == network()  # the header


def test_closed_pipe():
    reader, writer = os.pipe()

    class Closes:
        def after_epoch(self, run):
            if run.epoch == 1:
                os.close(reader)

    net = network()
    with pytest.raises(BrokenPipeError, match=r"\[CSVLogger\] expected to write the file, got: Br"):
        fit(net, Closes(), CSVLogger(f"/dev/fd/{writer}"))
    os.close(writer)
    assert (len(net.history), net.history.status) == (2, "failed")
    assert net == after_plain(2)


def test_a_log_that_cannot_be_opened(tmp_path):
    for append in (False, True):
        net = network()
        with pytest.raises(IsADirectoryError, match=r"\[CSVLogger\] expected to write the file"):
            fit(net, CSVLogger(tmp_path, append=append))
        assert net == network()


# TensorBoard


class Writer:
    def __init__(self):
        self.scalars, self.flushed = [], 0

    def add_scalar(self, tag, scalar_value, global_step):
        self.scalars.append((tag, scalar_value, global_step))

    def flush(self):
        self.flushed += 1


def test_tensorboard():
    writer, net = Writer(), network()
    history = fit(net, TensorBoard(writer, "run/"), validation_fraction=0.2)
    assert writer.scalars == [
        (f"run/{name}", getattr(history, name)[epoch], epoch + 1)
        for epoch in range(3)
        for name in ("loss", "val_loss")
    ]
    assert writer.flushed == 1
    writer = Writer()
    later = fit(net, TensorBoard(writer, every=3), epochs=2, batch_size=10)
    steps = [step for tag, _, step in writer.scalars if tag == "batch_loss"]
    assert steps == [12, 15, 18]  # 9 steps were done before
    assert [s for tag, _, s in writer.scalars if tag == "loss"] == [4, 5]
    assert later.first_epoch == 3


# TimeLimit


def test_time_limit():
    net = network()
    began = time.monotonic()
    history = fit(net, TimeLimit(0.2), epochs=10**9)
    assert time.monotonic() - began >= 0.2
    assert (history.status, history.reason) == ("stopped", "the time limit of 0.2 s had passed")
    state = net.optimizer.state(net)
    assert state.steps == 4 * state.epoch + state.batch
    whole = network()
    fit(whole, epochs=len(history) + 2)
    fit(net, epochs=2)
    assert net == whole


def test_a_time_limit_ends_a_training_when_it_first_sees_that_it_is_over(monkeypatch):
    looks = itertools.count()
    clock = types.SimpleNamespace(monotonic=lambda: next(looks) / 100)
    monkeypatch.setattr(time_limit, "time", clock)
    history = fit(network(), TimeLimit(0.2), epochs=10**9)
    assert history.reason == "the time limit of 0.2 s had passed"
    assert next(looks) == 21


# States


VALUES = [9, 8, 8.5, 8.4, 8.6, 8.1, 8.2, 8.3, 7]


class Given:
    """Sets a callback's state when it has begun."""

    def __init__(self, callback, state):
        self.callback, self.given = callback, state

    def before_fit(self, run):
        self.callback.set_state(self.given)


@pytest.mark.parametrize("stop", [1, 2, 4])
@pytest.mark.parametrize("options", [{}, {"min_epochs": 8}])
def test_early_stopping_goes_on_elsewhere(options, stop):
    """As if the fit had not been stopped: where it ends, and with which parameters."""
    whole, made, history = stopped(VALUES, patience=5, **options)
    net, first = network(), EarlyStopping(patience=5, **options)
    settings_ = {"validation_fraction": 0.2, "metrics": ["accuracy"]}
    kept = {}

    class Stops:
        def after_epoch(self, run):
            kept.update(state=first.state(), parameters=run.network.parameters.copy())
            return run.epoch + 1 == stop

    fit(net, Series(VALUES), first, Stops(), epochs=9, **settings_)
    net.parameters[:] = kept["parameters"]
    second = EarlyStopping(patience=5, **options)
    rest = fit(
        net,
        Series(VALUES[stop:]),
        second,
        Given(second, kept["state"]),
        epochs=9 - stop,
        **settings_,
    )
    assert stop + len(rest) == len(history)
    assert rest.status == history.status
    assert second.best == made.best
    assert net == whole


def test_states_of_the_others(tmp_path):
    limit = TimeLimit(1000)
    fit(network(), limit)
    state = limit.state()
    assert 900 < state["seconds_left"] < 1000
    other = TimeLimit(5)
    history = fit(network(), other, Given(other, {"seconds_left": -1.0}), epochs=10**9)
    assert history.reason == "the time limit of 5 s had passed"
    keeps = Checkpoint(tmp_path / "best.safetensors", "loss", best_only=True)
    fit(network(), keeps, epochs=1)
    assert keeps.state() == {"best": keeps.monitor.best, "best_epoch": 0}
    before = (tmp_path / "best.safetensors").read_bytes()
    fit(network(), keeps, Given(keeps, {"best": 0.0, "best_epoch": 0}))
    assert (tmp_path / "best.safetensors").read_bytes() == before
    for callback in (Checkpoint(tmp_path / "x"), CSVLogger("x"), Progress(), TensorBoard(Writer())):
        assert callback.state() == {}
        callback.set_state({})


@pytest.mark.parametrize(
    ("callback", "state"),
    [
        (EarlyStopping(), {}),
        (EarlyStopping(), {"best": 1.0, "best_epoch": 0, "first_epoch": 0, "parameters": [1.0]}),
        (TimeLimit(1), {"best": 1}),
        (Checkpoint("x"), {"best": 1.0, "best_epoch": 0}),
        (CSVLogger("x"), {"a": 1}),
    ],
)
def test_states_that_are_refused(callback, state):
    with pytest.raises(ValueError, match=rf"\[{type(callback).__name__}\] expected a state "):
        callback.set_state(state)


# Copies


MADE = {
    "EarlyStopping": lambda path: EarlyStopping(patience=7, min_delta=0.5),
    "Checkpoint": lambda path: Checkpoint(path / "{epoch}.safetensors", "loss", best_only=True),
    "CSVLogger": lambda path: CSVLogger(path / "log.csv", append=True),
    "TensorBoard": lambda path: TensorBoard(Writer(), every=2),
    "TimeLimit": lambda path: TimeLimit(9),
    "Progress": lambda path: Progress(),
}


@pytest.mark.parametrize("when", ["before", "within", "after"])
@pytest.mark.parametrize("name", MADE)
def test_pickles(name, when, tmp_path, capsys):
    callback = MADE[name](tmp_path)
    copies = []

    class Copies:
        def after_epoch(self, run):
            copies.extend([pickle.loads(pickle.dumps(callback)), copy.deepcopy(callback)])

    options = {"epochs": 2, "validation_fraction": 0.2}
    if when == "before":
        Copies().after_epoch(None)
    else:
        fit(network(), callback, *[Copies()] * (when == "within"), **options)
        if when == "after":
            Copies().after_epoch(None)
    for other in copies:
        fit(network(), other, **options)
        assert type(other) is type(callback)
    assert len(copies) >= 2
    if name == "EarlyStopping":
        assert copies[0].patience == 7
        assert len(pickle.dumps(callback)) < 1000  # no parameters


def test_early_stopping_allocates_nothing_in_an_epoch():
    import tracemalloc

    net = wb.Network.mlp([6, 2000, 3], seed=0)
    peaks = []

    class Measures:
        def after_epoch(self, run):
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()

    tracemalloc.start()
    net.fit(X, LABELS, loss="cross_entropy", epochs=6, validation_fraction=0.2,
            callbacks=[EarlyStopping(), Measures()])  # fmt: skip
    tracemalloc.stop()
    assert max(peaks[1:]) - min(peaks[1:]) < net.parameters.nbytes / 4
    assert np.isfinite(net.parameters).all()


def test_pydoc_does_not_take_it_for_a_named_tuple():
    assert "_check_path" not in pydoc.render_doc(wb.callbacks.Checkpoint)
