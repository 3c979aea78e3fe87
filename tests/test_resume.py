"""A run that goes on from a checkpoint ends with the bits of one that never stopped."""

import copy
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sources
from resumed import Course, checkpoints_of, other, require_exact, small
from small_network import LABELS, TARGETS, X, network
from stress.harness import interrupt_after

import wbcore as wb
from wbcore.callbacks import Callback, Checkpoint, CSVLogger, EarlyStopping, TimeLimit

WEIGHTS = np.random.default_rng(2).integers(0, 3, len(X)).astype(float)
ONES = (LABELS == 1).astype(float)
RULES = [
    "sgd(0.1)",
    "sgd(0.1, 0.9, 1)",
    "adam(0.01)",
    "adamw(0.01)",
    "nadam(0.01)",
    "rmsprop(0.01, 0.9, 1e-8, 0.5, 1)",
    "adagrad(0.1, 0.01, 0.1)",
    "rprop(0.01)",
    "lion(0.001)",
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_optimizers(rule, dtype, tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": rule}, small(dtype=dtype, dropout=0.25))
    files = require_exact(course, tmp_path, monkeypatch)
    assert len(files) == 3 * 4  # after each batch, or the epoch that ends with it


def halved(step):
    """A rate that nobody can store."""
    return 0.1 / step


LIMITED = {"l1": 1e-3, "l2": 1e-3, "clip_norm": 0.5, "clip_value": 0.1, "max_norm": 1.0}
OF_SUM = {"l1": 1e-2, "l2": 1e-1, "penalty_of_sum": True, "epsilon_hat": True}
SCHEDULES = {
    "cosine": lambda: wb.Adam("cosine(0.01, 10)"),
    "one_cycle": lambda: wb.SGD(wb.schedules.OneCycle(0.1, 12), momentum=0.9),
    "warmup": lambda: wb.AdamW("step(0.01, 3, 0.5) after warmup(4)"),
    "plateau": lambda: wb.Adam(wb.schedules.Plateau(0.05, "loss", factor=0.5, patience=1)),
    "function": lambda: wb.SGD(halved),
    "function behind a rise": lambda: wb.SGD(wb.schedules.Warmup(halved, 5)),
    "limits": lambda: wb.Adam(0.01, weight_decay=0.1, decay_biases=True, **LIMITED),
    "penalties of the sum": lambda: wb.Adam("cosine(0.01, 10)", **OF_SUM),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_and_limits(name, tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": SCHEDULES[name](), "epochs": 5})
    require_exact(course, tmp_path, monkeypatch)


def lopsided(outputs, targets, sample_weight=None):
    d = outputs - targets
    w = np.ones(len(d)) if sample_weight is None else sample_weight
    w = w[:, None] / w.sum() / d.shape[1]
    return (w * d**2 * np.where(d < 0, 2, 1)).sum(), 2 * w * d * np.where(d < 0, 2, 1)


def cost(outputs, targets, sample_weight=None):
    return float(outputs.argmax(1)[targets == 1].sum())


def worst(outputs, targets):
    return float(np.abs(outputs - targets).max())


MEASURED = {
    "metrics": {"metrics": ["accuracy", "f1", "top_k(2)", "roc_auc"], "track": "epoch"},
    "validation data": {
        "validation_data": (X[:20], LABELS[:20], WEIGHTS[:20]),
        "metrics": ["log_loss", {"mine": cost}],
    },
    "validation fraction": {"validation_fraction": 0.3, "metrics": ["roc_auc", cost]},
    "weights": {"sample_weight": WEIGHTS, "class_weight": "balanced", "metrics": ["accuracy"]},
    "class weights": {"class_weight": {1: 5.0}, "validation_data": (X[:9], LABELS[:9])},
    "prior": {"bias_init": "prior", "track": "epoch"},
    "penalty": {
        "optimizer": wb.AdamW(0.01, l1=1e-2, l2=1e-1, penalty_of_sum=True),
        "sample_weight": WEIGHTS,
        "metrics": ["penalty", "accuracy"],
    },
}


@pytest.mark.parametrize("name", MEASURED)
def test_measures_and_weights(name, tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": "adam(0.01)"} | MEASURED[name])
    require_exact(course, tmp_path, monkeypatch)


def test_a_loss_of_ones_own(tmp_path, monkeypatch):
    options = {"loss": lopsided, "optimizer": "adam(0.01)", "sample_weight": WEIGHTS}
    course = Course(lambda: options | {"metrics": ["mae", worst]}, data=lambda: (X, TARGETS))
    require_exact(course, tmp_path, monkeypatch)


def layers():
    first = wb.Dense(6, 5, "relu", bias=False, dropout=0.5)
    frozen = wb.Dense(5, 4, "tanh", trainable=False)
    return wb.Network([first, frozen, wb.Dense(4, 3, bias_initializer="prior")], seed=4)


def test_layers(tmp_path, monkeypatch):
    options = {"optimizer": "adam(0.01)", "track": "epoch"}
    require_exact(Course(lambda: options, layers), tmp_path, monkeypatch)


BLOCKS = [(X[i : i + 7], LABELS[i : i + 7], WEIGHTS[i : i + 7] + 1) for i in range(0, 50, 7)]


FORMS = [
    (form, shuffle)
    for form in ("arrays", "blocks", "scaled", "standardized", "again")
    for shuffle in (True, False, "blocks")
    if (form, shuffle) != ("again", "blocks")  # it comes in one order
]


@pytest.mark.parametrize(("form", "shuffle"), FORMS)
def test_data(form, shuffle, tmp_path, monkeypatch):
    options = {"shuffle": shuffle, "shuffle_window": 2, "optimizer": "adam(0.01)"}
    of_arrays = {"sample_weight": WEIGHTS}
    forms = {
        "arrays": (lambda: (X, LABELS), of_arrays),
        "blocks": (lambda: (BLOCKS,), {"validation_data": BLOCKS[:3]}),
        "scaled": (lambda: (wb.Scaled(X, 0.3), LABELS), of_arrays),
        "standardized": (lambda: (wb.Standardized(X), LABELS), of_arrays),
        "again": (lambda: (sources.Again(BLOCKS),), {}),
    }
    data, more = forms[form]
    require_exact(Course(lambda: options | more, data=data), tmp_path, monkeypatch)


def test_the_same_rows_in_another_form(tmp_path, monkeypatch):
    rows, labels = sources.rows()
    options = {"optimizer": "adam(0.01)", "batch_size": 64, "epochs": 2}

    def course(data):
        net = lambda: wb.Network.mlp([sources.COLUMNS, 7, sources.CLASSES], "tanh", seed=3)  # noqa: E731
        return Course(lambda: options, net, lambda: data)

    for shuffle in (False, True):
        of_arrays = course((rows, labels))
        files, whole = checkpoints_of(of_arrays, tmp_path, monkeypatch, shuffle=shuffle)
        middle = files[len(files) // 3]
        folder = tmp_path / str(shuffle)
        folder.mkdir()
        for size, name in ((100, "parquet"), (70, "list"), (250, "map"), (90, "npz")):
            source = sources.every(folder, rows, labels, size)[name]()
            assert course((source,)).fit(resume=middle, shuffle=shuffle) == whole, name
        exact = rows.astype(float), labels.astype(np.uint8).tolist()
        assert course(exact).fit(resume=middle, shuffle=shuffle) == whole


class Slower(Callback):
    """Changes what it can of the optimizer, and remembers something."""

    def __init__(self):
        self.seen, self.last = 0, np.zeros(3, np.int16)

    def after_batch(self, run):
        self.seen += 1
        if self.seen == 3:
            run.optimizer.weight_decay = 0.01

    def after_epoch(self, run):
        run.optimizer.momentum = 0.5  # which needs another state
        self.last[run.epoch % 3] = run.step
        run.optimizer.learning_rate = "polynomial(0.05, 30)" if self.seen > 6 else 0.02
        run.network[0].biases[:] += 0.125

    def state(self):
        return {"seen": self.seen, "last": self.last.copy(), "inf": np.float64("inf"), "text": "é"}

    def set_state(self, state):
        assert (state["inf"], state["text"]) == (float("inf"), "é")
        self.seen, self.last = state["seen"], state["last"]
        assert self.last.dtype == np.int16


def test_what_callbacks_changed_and_remember(tmp_path, monkeypatch):
    made = []

    def arguments():
        made.append(Slower())
        return {"optimizer": wb.SGD(0.1), "callbacks": [made[-1]]}

    require_exact(Course(arguments), tmp_path, monkeypatch)
    ends = {(callback.seen, *callback.last.tolist()) for callback in made}
    assert ends == {(12, 4, 8, 12)}


@pytest.mark.parametrize("restore_best", [True, False])
def test_early_stopping(restore_best, tmp_path, monkeypatch):
    made = []

    def arguments():
        made.append(EarlyStopping("loss", 2, 0.01, restore_best=restore_best, min_epochs=4))
        return {"optimizer": "adam(0.2)", "epochs": 50, "callbacks": [made[-1]]}

    course = Course(arguments)
    files = require_exact(course, tmp_path, monkeypatch)
    assert 4 * 5 <= len(files) < 4 * 50
    assert len({(callback.best, callback.monitor.best_epoch) for callback in made}) == 1
    over = course.fit(other(network()), resume=files[-1], epochs=60)
    assert over["history"]["status"] == "stopped", "a run that a callback ended is over"


def test_files_of_callbacks(tmp_path, monkeypatch):
    log, nets = tmp_path / "log.csv", tmp_path / "nets"
    nets.mkdir()

    def arguments():
        keeps = Checkpoint(nets / "best.safetensors", "loss", best_only=True)
        return {"optimizer": "sgd(0.5)", "callbacks": [CSVLogger(log), keeps]}

    def lines():
        return [line.rpartition(",")[0] for line in log.read_text().splitlines()]

    course = Course(arguments)
    course.fit()
    whole = lines()
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    for file in files:
        course.fit(other(network()), resume=file)
        assert lines() == whole, "no line twice, none lost"
    log.unlink()
    course.fit(other(network()), resume=files[8])
    assert lines() == [whole[0], whole[-1]]


def test_a_second_fit_and_a_first_epoch(tmp_path, monkeypatch):
    def begun():
        net = network()
        net.fit(X, LABELS, loss="cross_entropy", optimizer="adam(0.01)", epochs=2)
        return net

    course = Course(lambda: {"optimizer": "adam(0.01)"}, begun)
    whole = course.fit()
    assert whole["history"]["first_epoch"] == 2
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    fresh = Course(course.arguments)
    for file in files[::2]:
        assert fresh.fit(other(network()), resume=file) == whole
    require_exact(
        Course(lambda: {"optimizer": "sgd(0.1)", "first_epoch": 9}), tmp_path, monkeypatch
    )


def test_threads_and_raised_epochs(tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": "adam(0.01)", "metrics": ["accuracy"]})
    files, whole = checkpoints_of(course, tmp_path, monkeypatch, n_threads=3)
    assert course.fit(resume=files[5], n_threads=2) == whole
    longer = course.fit(epochs=5)
    assert course.fit(resume=files[5], epochs=5) == longer
    assert course.fit(resume=files[-1], epochs=5) == longer, "a run that was over"
    assert course.fit(resume=files[5], epochs=2) == course.fit(epochs=2)


def test_best_parameters_are_not_what_more_epochs_go_on_from(tmp_path, monkeypatch):
    def arguments():
        return {"optimizer": "sgd(1.5, 0.9)", "callbacks": [EarlyStopping("loss", 50)]}

    course = Course(arguments)
    files, _ = checkpoints_of(course, tmp_path, monkeypatch, epochs=8)
    assert course.fit(other(network()), resume=files[-1], epochs=11) == course.fit(epochs=11)


def test_a_script_that_is_run_again(tmp_path):
    path = tmp_path / "run.ckpt"
    course = Course(lambda: {"optimizer": "adam(0.01)"})
    whole = course.fit()

    class DiesError(Exception):
        """In place of a kill."""

    def die(epoch, _):
        if epoch == 1:
            raise DiesError

    options = {"checkpoint": path, "checkpoint_every": "1 batch", "resume": True}
    for _ in range(2):  # the second time there is a file
        with pytest.raises(DiesError):
            course.fit(callback=die, **options)

    def live(*_):
        pass

    live.__qualname__ = die.__qualname__  # by which functions are known
    assert course.fit(other(network()), callback=live, **options) == whole
    before = path.read_bytes()
    assert course.fit(other(network()), callback=live, **options) == whole
    again = path.read_bytes()
    assert again == before, "the same content gives the same bytes"


def test_the_kinds_of_intervals(tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": "sgd(0.1)", "epochs": 6})
    every = ["1 epoch", "4 epochs", "3 batches", "24 batches", "25 batches", "1 min"]
    counts = [len(checkpoints_of(course, tmp_path, monkeypatch, one)[0]) for one in every]
    assert counts == [6, 2, 8, 1, 1, 1]


def test_by_the_clock(tmp_path, monkeypatch):
    calls = []

    class Watch:
        seconds_between_batches = 0.005

        def after_batch(self, run):
            calls.append(run.step)
            if (tmp_path / "2.ckpt").exists():
                run.stop("enough")

    def arguments():
        return {"optimizer": "sgd(0.1)", "epochs": 10**9, "callbacks": [TimeLimit(60), Watch()]}

    began = time.perf_counter()
    files, left = checkpoints_of(Course(arguments), tmp_path, monkeypatch, ".1s")
    seconds = time.perf_counter() - began
    assert left["history"]["reason"] == "enough"
    assert 4 <= len(files) <= 10 * seconds + 2, "and the last at the end"
    assert 2 <= len(calls) <= 200 * seconds + 1, "no more often than somebody wants"
    assert len(calls) < left["position"][0]


def test_batches_enter_python_when_it_is_time(tmp_path, monkeypatch):
    asked = []
    after_batch = wb.training.checkpoints.Checkpoints.after_batch

    def counted(self, run):
        asked.append(run.step)
        after_batch(self, run)

    monkeypatch.setattr(wb.training.checkpoints.Checkpoints, "after_batch", counted)
    options = {"epochs": 9, "checkpoint": tmp_path / "run", "checkpoint_every": "5 batches"}
    Course(dict).fit(**options)
    assert asked == list(range(5, 37, 5))
    often, seldom = Counts(), Counts()
    seldom.seconds_between_batches = 1000
    files, _ = checkpoints_of(
        Course(lambda: {"epochs": 9, "callbacks": [often, seldom]}),
        tmp_path,
        monkeypatch,
        "5 batches",
    )
    assert len(files) == 8
    assert (often.told, seldom.told) == ([36, 9], [0, 9])


@pytest.mark.parametrize(("seconds", "epochs"), [(1e-6, 20), (0.02, 300)])
def test_a_time_limit_ends_a_session_and_no_run(tmp_path, seconds, epochs):
    path = tmp_path / "run.ckpt"

    def arguments():
        options = {"optimizer": "adam(0.01)", "epochs": epochs}
        return options | {"callbacks": [TimeLimit(seconds)]}

    course = Course(arguments)
    whole = Course(lambda: arguments() | {"callbacks": [TimeLimit(1000)]}).fit()
    for times in range(2000):
        net = other(network()) if times else network()
        left = course.fit(net, checkpoint=path, resume=True)
        if left["history"]["status"] == "completed":
            break
        assert left["history"]["reason"] == f"the time limit of {seconds} s had passed"
    assert left == whole
    assert times or seconds > 1e-6  # the machine may be that fast


class Counts(Callback):
    """Knows how many batches and epochs it was told of."""

    def __init__(self, misses=False):
        self.told = [0, 0]
        if misses:  # some of them, as it is asked by the clock
            self.seconds_between_batches = 0.001

    def after_batch(self, run):
        self.told[0] += 1

    def after_epoch(self, run):
        self.told[1] += 1
        for _ in range(30):  # a place where signals come
            run.history.best_epoch = run.epoch

    def state(self):
        return {"batches": self.told[0], "epochs": self.told[1]}

    def set_state(self, state):
        self.told = [state["batches"], state["epochs"]]


@pytest.mark.filterwarnings("ignore:unclosed file")  # of one that a signal met as it was opened
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["alone", "each batch", "by the clock"])
def test_ctrl_c(kind, tmp_path):
    path = tmp_path / "run.ckpt"
    callbacks, epochs = [], 9000 if kind == "alone" else 2000

    def arguments():
        callbacks[:] = [] if kind == "alone" else [Counts(kind == "by the clock"), Counts(True)]
        options = {"epochs": epochs, "callbacks": list(callbacks), "validation_fraction": 0.3}
        return options | {"optimizer": "adam(0.01)", "metrics": ["accuracy"]}

    course = Course(arguments)
    began = time.perf_counter()
    whole = course.fit()
    seconds = time.perf_counter() - began
    interrupted = 0
    while interrupted < 2:  # the whole may have waited for a processor, and these not
        path.unlink(missing_ok=True)
        seconds, interrupted, left = 0.2 * seconds, 0, None
        while left is None:
            net = other(network()) if path.exists() else network()
            try:
                with interrupt_after(seconds * 1.1**interrupted):
                    left = course.fit(
                        net, checkpoint=path, checkpoint_every="50 epochs", resume=True
                    )
            except KeyboardInterrupt:
                left = None
                interrupted += 1
    assert left == whole
    assert [callback.told[1] for callback in callbacks] == [epochs] * len(callbacks)
    if kind == "each batch":
        assert callbacks[0].told[0] == 3 * epochs


PROGRAM = """
import sys
sys.path[:0] = {paths!r}
from resumed import Course, other
from small_network import network
import wbcore as wb

class Stop:
    def after_batch(self, run):
        if run.step == {step}:
            run.stop(resumable=True)

course = Course(lambda: {{"optimizer": "adam(cosine(0.01, 12))", "callbacks": [Stop()]}})
left = course.fit(other(network("float32")), checkpoint={path!r}, resume=True, n_threads={threads})
print(left["parameters"].hex(), left["history"]["series"])
"""


def test_every_instruction_set_goes_on_from_every_other(tmp_path):
    isas = wb._core.available_isas()

    def run(step, isa, threads, path):
        text = PROGRAM.format(
            paths=[str(Path(__file__).parent)], step=step, path=str(path), threads=threads
        )
        environment = {**os.environ, "WBCORE_ISA": isa}
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    whole = {run(-1, isa, 1, tmp_path / isa) for isa in isas}
    assert len(whole) == 1
    for step in (2, 4, 7, 9, 11):
        run(step, isas[step % len(isas)], step % 3 + 1, tmp_path / "run.ckpt")
    assert run(-1, isas[0], 2, tmp_path / "run.ckpt") in whole


def test_nothing_of_it_stays_with_what_is_trained(tmp_path):
    course = Course(lambda: {"optimizer": "adam(0.01)"})
    path = tmp_path / "run.ckpt"
    net = network()
    course.fit(net, checkpoint=path)
    plain = network()
    course.fit(plain)
    kept = net, net.optimizer
    for made in (copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert left_by_both(*made) == left_by_both(plain, plain.optimizer)
    assert len(pickle.dumps(net)) == len(pickle.dumps(plain))
    before = path.read_bytes()
    net.fit(X, LABELS, loss="cross_entropy", optimizer=net.optimizer)
    assert path.read_bytes() == before, "a later fit has a file only if it is given one"


def left_by_both(net, optimizer):
    state = optimizer.state(net)
    return net.parameters.tobytes(), state.arrays["m"].tobytes(), state.steps, state.position


def test_a_hook_sees_the_whole_run(tmp_path, monkeypatch):
    seen = []

    class Look:
        def before_fit(self, run):
            seen.append(("begins", run.resumed, run.first_epoch, run.epochs, len(run.history)))

        def after_epoch(self, run):
            seen.append((run.epoch, run.step, len(run.history)))

    course = Course(lambda: {"callbacks": [Look()]})
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    seen.clear()
    course.fit(resume=files[5])
    assert seen == [("begins", True, 0, 3, 1), (1, 8, 2), (2, 12, 3)]


class StopsAt(Callback):
    def __init__(self, step):
        self.step = step

    def after_batch(self, run):
        if run.step == self.step:
            run.stop("here", resumable=True)


@pytest.mark.parametrize("rate", ["cosine(0.1, 12)", halved, 0.1])
def test_stopped_between_the_last_batch_and_its_validation(rate, tmp_path):
    path = tmp_path / "run.ckpt"

    def course(step):
        arguments = {"optimizer": wb.SGD(rate), "validation_data": (X[:9], LABELS[:9])}
        return Course(lambda: arguments | {"callbacks": [StopsAt(step)]})

    plain = network()
    whole = course(-1).fit(plain)
    assert course(4).fit(checkpoint=path)["position"][1].batch == 4
    assert course(-1).fit(other(network()), resume=path) == whole
    net = network()
    course(4).fit(net)
    course(-1).fit(net, optimizer=None)  # as any fit goes on, without a checkpoint
    assert net.history.learning_rate == plain.history.learning_rate


def test_progress_of_a_run_that_goes_on(tmp_path, monkeypatch, capsys):
    course = Course(lambda: {"progress": True})
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    capsys.readouterr()
    course.fit(resume=files[2])
    course.fit(resume=files[3])
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("  ")[0] for line in lines] == [f"epoch {k}/3" for k in (1, 2, 3, 2, 3)]


def test_between_two_writes_a_fit_is_as_fast(tmp_path):
    # the clock is looked at by the core
    x, y = np.ones((2000, 6)), np.zeros(2000, int)
    net = small()()

    def seconds(**options):
        began = time.process_time()
        net.fit(x, y, loss="cross_entropy", epochs=40, batch_size=8, n_threads=1, **options)
        return time.process_time() - began

    options = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": "30s"}
    plain, watched = [], []
    ends = time.monotonic() + 60
    while len(plain) < 5 or min(watched) >= 1.2 * min(plain) + 0.05:
        assert time.monotonic() < ends, (min(watched), min(plain))
        plain.append(seconds())
        watched.append(seconds(**options))


def test_ctrl_c_while_a_run_that_is_over_is_looked_at_leaves_it_over(tmp_path):
    class Stops:
        presses = False

        def after_epoch(self, run):
            if run.epoch == 1:
                run.stop("enough")

        def state(self):
            if self.presses:
                raise KeyboardInterrupt
            return {"n": 1}

        def set_state(self, state):
            assert state == {"n": 1}

    path, net = tmp_path / "run.ckpt", wb.Network.mlp([2, 3, 1], seed=0)
    stops = Stops()
    options = {"loss": "mse", "epochs": 5, "callbacks": [stops], "checkpoint": path, "resume": True}
    X, y = [[1, 2], [3, 4]], [5, 6]
    net.fit(X, y, **options)
    over = path.read_bytes()
    stops.presses = True
    with pytest.raises(KeyboardInterrupt):
        wb.Network.mlp([2, 3, 1], seed=1).fit(X, y, **options)
    assert path.read_bytes() == over
    stops.presses = False
    again = wb.Network.mlp([2, 3, 1], seed=2)
    assert again.fit(X, y, **options).status == "stopped"
    assert again == net
