"""wbcore.search after an error or Ctrl-C: nothing of it runs or writes any more."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import ClassVar

import joblib
import pytest
from epoch_estimator import X, Y
from sklearn.base import BaseEstimator

import wbcore as wb
from wbcore.sklearn import TabularRegressor

FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


class _Slow(BaseEstimator):
    """Fits that take half a second, but for some, which raise, or press Ctrl-C once."""

    pressed = False
    running: ClassVar = []  # in this process

    def __init__(self, number=0, error=MemoryError):
        self.number = number
        self.error = error

    def fit(self, X, y):
        self.running.append(self)
        try:
            return self._fit()
        finally:
            self.running.remove(self)

    def _fit(self):
        time.sleep(0.1 if self.number == 9 else 0.5)
        if self.number != 9:
            return self
        if self.error is not None:
            raise self.error("as it was told")
        if not _Slow.pressed:
            _Slow.pressed = True
            os.kill(os.getpid(), signal.SIGINT)
        return self

    def score(self, X, y):
        return 0.0


def numbers():
    """Candidates in this order, after one that is slow; all would take a minute."""
    return ({"number": number} for number in (9, *range(100, 220)))


def processes():
    return ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("fork"))


def threads():
    return ThreadPoolExecutor(3)


@contextlib.contextmanager
def pool(kind):
    """The options of a search for it; what the caller made is closed by the caller."""
    if kind in ("threading", "loky", "multiprocessing"):
        with joblib.parallel_config(kind):
            yield {"n_jobs": 3}
    elif kind.startswith("made"):
        yield {"executor": threads if "threads" in kind else processes}
    else:
        with (threads if "threads" in kind else processes)() as executor:
            yield {"executor": executor}


def content(folder):
    return sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))


def leaves_nothing(folder, own=frozenset()):
    """Whether no thread but those of the caller's executor is there, and no file changes."""
    assert not _Slow.running
    before = content(folder)
    assert len([path for path, _ in before if path.suffix == ".result"]) < 200
    ends = time.monotonic() + 60
    while any(
        "worker" in t.name or "ThreadPool" in t.name for t in set(threading.enumerate()) - own
    ):
        assert time.monotonic() < ends  # one that had nothing to do may wait for a processor
        time.sleep(0.01)
    time.sleep(0.7)  # longer than a fit
    assert content(folder) == before


@FORKS
@pytest.mark.uninstrumented
@pytest.mark.parametrize(
    "kind",
    [
        "threading",
        "loky",
        "multiprocessing",
        "made threads",
        "made processes",
        "given threads",
        "given processes",
    ],
)
def test_after_an_error_nothing_runs(tmp_path, kind):
    with pool(kind) as options:
        with pytest.raises(MemoryError, match="as it was told"):
            wb.search(_Slow(), numbers(), X, Y, cv=3, folder=tmp_path, **options)
        own = options["executor"]._threads if kind == "given threads" else set()
        leaves_nothing(tmp_path, own)


@pytest.mark.parametrize("kind", ["threading", "made threads", "given threads"])
def test_after_an_interrupt_nothing_runs(tmp_path, kind):
    _Slow.pressed = False
    with pool(kind) as options:
        with pytest.raises(wb.searching.SearchInterrupted):
            wb.search(
                _Slow(error=None),
                numbers(),
                X,
                Y,
                cv=3,
                folder=tmp_path,
                **options,
            )
        own = options["executor"]._threads if kind == "given threads" else set()
        leaves_nothing(tmp_path, own)


def _scored(estimator, X, y):
    if estimator.epochs == 1:
        raise MemoryError("as it was told")
    return 0.0


@pytest.mark.parametrize("kind", ["threading", "given threads"])
@pytest.mark.parametrize("callbacks", [None, (), [wb.callbacks.TimeLimit(1e6)]])
def test_trainings_of_tables_end_with_their_batch(tmp_path, kind, callbacks):
    model = TabularRegressor(
        hidden_layer_sizes=(4,), epochs=10**7, early_stopping=False, callbacks=callbacks
    )
    with pool(kind) as options:
        began = time.monotonic()
        with pytest.raises(MemoryError, match="as it was told"):
            wb.search(
                model, {"epochs": [1]}, X, Y, cv=2, scoring=_scored, folder=tmp_path, **options
            )
        assert time.monotonic() - began < 60
        assert not list(tmp_path.rglob("*.result"))


def test_estimators_keep_their_callbacks_and_their_bits(monkeypatch):
    seen = []

    class Seen(wb.callbacks.Callback):
        def after_epoch(self, run):
            seen.append(run.epoch)

    monkeypatch.setattr("wbcore.searching.fits._LONG", 1)
    model = TabularRegressor(
        hidden_layer_sizes=(4,), epochs=6, callbacks=[Seen()], random_state=0, n_threads=2
    )
    alone = wb.search(model, {"l2": [0.0, 0.1]}, X, Y, cv=2, refit=False)
    assert len(seen) == 6 * 6
    with joblib.parallel_config("threading"):
        found = wb.search(model, {"l2": [0.0, 0.1]}, X, Y, cv=2, refit=False, n_jobs=2)
    assert len(seen) == 2 * 6 * 6
    assert found.table["score"].tolist() == alone.table["score"].tolist()


def test_a_progress_that_cannot_be_written_ends_nothing(monkeypatch):
    full = full_stderr(monkeypatch)
    with joblib.parallel_config("threading"):
        found = wb.search(
            TabularRegressor(epochs=2), {"l2": [0.0, 0.1]}, X, Y, n_jobs=2, progress=True
        )
    assert len(found) == 3
    assert full.tries == 1


def test_nor_does_that_of_a_training(monkeypatch):
    full = full_stderr(monkeypatch)
    model = TabularRegressor(epochs=3, progress=True).fit(X, Y)
    assert model.n_iter_ == 3
    assert full.tries == 1
    wb.Network.mlp([3, 1], seed=0).fit(X, Y, loss="mse", epochs=3, progress=True)
    assert full.tries == 2


@pytest.mark.parametrize("on_terminal", [False, True])
def test_nor_does_one_on_a_terminal(monkeypatch, on_terminal):
    full = full_stderr(monkeypatch, on_terminal=on_terminal)
    wb.search(TabularRegressor(epochs=2), None, X, Y, cv=2, progress=True)
    wb.Network.mlp([3, 1], seed=0).fit(X, Y, loss="mse", epochs=3, progress=True)
    assert full.tries == 2


class _Full:
    tries = 0
    on_terminal = False

    def isatty(self):
        return self.on_terminal

    def fileno(self):
        raise OSError("none")

    def write(self, text):
        return len(text)

    def flush(self):
        self.tries += 1
        raise OSError(28, "No space left on device")


def full_stderr(monkeypatch, *, on_terminal=False):
    full = _Full()
    full.on_terminal = on_terminal
    monkeypatch.setattr("sys.stderr", full)
    return full
