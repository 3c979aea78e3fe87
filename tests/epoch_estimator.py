"""A small estimator that trains by epochs, as `wbcore.search` wants them, and data for it."""

import contextlib
import os
import signal
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

import wbcore as wb

rng = np.random.default_rng(7)
X = rng.standard_normal((60, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.standard_normal(60)


class EpochRegressor(RegressorMixin, BaseEstimator):
    """A network of one hidden layer.

    `log` is a folder in which each training leaves a file, named by what it was; `killed` a file
    whose remover, the first to find it, kills its own process; `seconds` what each training takes
    at least; `patience` an epoch after which it is over.
    """

    def __init__(
        self,
        *,
        rate=0.01,
        units=4,
        epochs=40,
        random_state=None,
        n_threads=None,
        log=None,
        killed=None,
        seconds=0,
        patience=None,
        fails=False,
    ):
        self.rate = rate
        self.units = units
        self.epochs = epochs
        self.random_state = random_state
        self.n_threads = n_threads
        self.log = log
        self.killed = killed
        self.seconds = seconds
        self.patience = patience
        self.fails = fails

    def fit(self, X, y, sample_weight=None):
        for name in ("network_", "optimizer_"):
            vars(self).pop(name, None)
        return self._train_until(X, y, self._total_epochs(len(X)), sample_weight)

    def _total_epochs(self, n_rows):
        return self.epochs

    @property
    def _trained_epochs(self):
        return len(self.losses_)

    @property
    def _is_over(self):
        return self._trained_epochs >= min(self.epochs, self.patience or self.epochs)

    def _train_until(self, X, y, epochs, sample_weight=None):
        if self.fails:
            raise FloatingPointError("as it was told")
        if not hasattr(self, "network_"):
            self.network_ = wb.Network.mlp([X.shape[1], self.units, 1], seed=self.random_state)
            self.optimizer_ = wb.Adam(self.rate)
            self.losses_ = []
        began = self._trained_epochs
        left = min(epochs, self.patience or epochs) - began
        if left > 0:
            history = self.network_.fit(
                X,
                y,
                loss="mse",
                optimizer=self.optimizer_,
                epochs=left,
                sample_weight=sample_weight,
                n_threads=self.n_threads,
                seed=self.random_state,
            )
            self.losses_ += history.loss
        self.threads_ = wb.get_num_threads()
        time.sleep(self.seconds)
        if self.killed:
            with contextlib.suppress(FileNotFoundError):  # of two at once one is killed
                Path(self.killed).unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        if self.log:
            name = f"{self.rate!r} {self.units} {float(np.sum(y))!r} {began} {epochs}"
            with Path(self.log, name).open("a") as file:
                file.write(f"{os.getpid()} {self.threads_}\n")
        return self

    def predict(self, X):
        return self.network_.predict(X)[:, 0]


def trainings(log):
    """(what, process, threads) of each training."""
    return [
        (path.name, *map(int, line.split()))
        for path in sorted(Path(log).iterdir())
        for line in path.read_text().splitlines()
    ]


def same(one, other):
    """Whether two results are the same to the bit, but for their seconds."""
    names = list(one.table)
    assert names == list(other.table)
    for name in names:
        if name != "seconds":
            np.testing.assert_array_equal(one.table[name], other.table[name], err_msg=name)
    assert one.best_params_ == other.best_params_
    if hasattr(one, "best_estimator_"):
        np.testing.assert_array_equal(
            one.best_estimator_.predict(X), other.best_estimator_.predict(X)
        )
    return True
