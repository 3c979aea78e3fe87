"""`wb.search` of many short fits on two workers, beside the same fits without a search."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import joblib
import numpy as np
import report
import timing
from sklearn.base import BaseEstimator, RegressorMixin

import wbcore as wb

WORKERS = 2
FOLDS = 5
SECONDS = 0.05  # of a fit, alone
CAPTION = """
Fits of 50 ms, each of a candidate on one of 5 folds, on two workers: `wb.search` with neither
halving nor a last fit, beside the same fits and scores in two loops, one a worker, of the same
kind of worker in the same rounds; the last column is the median over rounds of the ratio of the
two, of which at most 1.15 is aimed at. Workers are there before either begins.
"""
HEADINGS = [
    "workers",
    "fits",
    "one fit alone, ms",
    "loops, best s",
    "search, best s",
    "loops, median s",
    "search, median s",
    "search / loops, median",
]
rng = np.random.default_rng(0)
X = rng.standard_normal((500, 20))
Y = X @ rng.standard_normal(20)


class Fit(RegressorMixin, BaseEstimator):
    """A network trained for so many epochs on one thread; the number tells candidates apart."""

    def __init__(self, epochs=1, number=0):
        self.epochs = epochs
        self.number = number

    def fit(self, X, y):
        self.network_ = wb.Network.mlp([X.shape[1], 32, 1], seed=0)
        self.network_.fit(X, y, loss="mse", optimizer="adam", epochs=self.epochs, n_threads=1)
        return self

    def predict(self, X):
        return self.network_.predict(X)[:, 0]


def loop(epochs, fits):
    """What a worker has to do, without a search."""
    training, test = np.arange(100, 500), np.arange(100)
    for _ in range(fits):
        Fit(epochs).fit(X[training], Y[training]).score(X[test], Y[test])


def epochs_of(seconds):
    """How many epochs take so long."""
    loop(1, 1)
    epochs = 8
    while True:
        began = time.perf_counter()
        loop(epochs, 1)
        took = time.perf_counter() - began
        if took >= seconds / 2:
            return max(1, round(epochs * seconds / took))
        epochs *= 2


def row_of(workers, epochs, candidates, rounds):
    fits = candidates * FOLDS

    def loops():
        if workers == "threads":
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(loop, [epochs] * WORKERS, [fits // WORKERS] * WORKERS))
        else:
            calls = [joblib.delayed(loop)(epochs, fits // WORKERS)] * WORKERS
            joblib.Parallel(WORKERS, batch_size=1)(calls)

    def search():
        space = {"number": list(range(1, candidates))}
        options = {"n_candidates": candidates, "cv": FOLDS, "halving": None, "refit": False}
        backend = {"threads": "threading", "processes": "loky"}[workers]
        with joblib.parallel_config(backend, n_jobs=WORKERS):
            found = wb.search(Fit(epochs), space, X, Y, **options)
        assert len(found) == candidates

    began = time.perf_counter()
    loop(epochs, 4)
    alone = (time.perf_counter() - began) / 4
    times = timing.alternating({"loops": loops, "search": search}, rounds)
    return [
        workers,
        str(fits),
        f"{1000 * alone:.1f}",
        *(f"{min(times[name]):.2f}" for name in times),
        *(f"{median(times[name]):.2f}" for name in times),
        f"{timing.ratio(times, 'search', 'loops'):.3f}",
    ]


def section(options):
    epochs = epochs_of(SECONDS)
    candidates = 8 if options["short"] else 40
    rounds = min(options["rounds"], 5)  # each of some seconds
    rows = (row_of(workers, epochs, candidates, rounds) for workers in ("threads", "processes"))
    return report.section("A search of short fits", CAPTION, HEADINGS, rows)
