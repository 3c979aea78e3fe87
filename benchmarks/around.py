"""What stands around the steps of a fit costs: wbcore beside itself."""

import contextlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import report
import timing
import workloads

import wbcore as wb

CAPTION = """
wbcore alone, each in turn with what it is compared with; the ratio is the median over the rounds,
each of which times both, and times are medians. Early stopping holds out 10 % of the rows and is
compared with a training on the others, and an evaluation of as many rows after each epoch. Of
CSVLogger and Progress an epoch is about 0.1 s long; Progress writes its line into memory, as to a
terminal. A step by `partial_fit`, a call from Python, is compared with one of many in an epoch of
`fit`.
"""
HEADINGS = ["net, batch", "", "ms", "compared with", "ms", "ratio", "at most"]
EPOCHS = 3


@dataclass(frozen=True)
class Comparison:
    """Two callables, of which each call is divided into so many parts."""

    workload: workloads.Workload
    name: str
    run: Any
    other_name: str
    other: Any
    at_most: float | None = None
    parts: tuple[int, int] = (1, 1)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def training(workload, X, y, n_threads, **arguments):
    """What trains a network of its own for some epochs."""
    net = wb.Network.mlp(workload.widths, "relu", seed=0)

    def fit(**further):
        net.fit(
            X,
            y,
            loss="cross_entropy",
            optimizer=wb.SGD(workloads.LEARNING_RATE),
            epochs=EPOCHS,
            batch_size=workload.batch,
            n_threads=n_threads,
            **arguments,
            **further,
        )

    return net, fit


def early_stopping(workload, X, y, n_threads):
    held = len(X) // 10
    _, fit = training(workload, X, y, n_threads, validation_fraction=0.1)
    net, fit_others = training(workload, X[held:], y[held:], n_threads)

    def stopping():
        fit(callbacks=[wb.callbacks.EarlyStopping(patience=10)])

    def by_hand():
        fit_others()
        for _ in range(EPOCHS):
            net.evaluate(X[:held], y[:held], loss="cross_entropy", n_threads=n_threads)

    return Comparison(
        workload, "EarlyStopping, 10 % held out", stopping, "90 %, and evaluations", by_hand, 1.02
    )


def logged(workload, X, y, n_threads, folder):
    _, plain = training(workload, X, y, n_threads)
    _, fit = training(workload, X, y, n_threads)

    def to_file():
        fit(callbacks=[wb.callbacks.CSVLogger(folder / "log.csv")])

    def shown():
        with contextlib.redirect_stderr(Terminal()):
            fit(callbacks=[wb.callbacks.Progress()])

    for name, run in (("CSVLogger", to_file), ("Progress", shown)):
        yield Comparison(workload, name, run, "no callback", plain, 1.01)


def single_steps(n_threads):
    workload, calls = workloads.TRAINING[0], 100
    rng = np.random.default_rng(0)
    X = rng.standard_normal((calls * workload.batch, workload.widths[0]), np.float32)
    y = rng.integers(0, workload.widths[-1], len(X))
    _, fit = training(workload, X, y, n_threads, shuffle=False)
    net = wb.Network.mlp(workload.widths, "relu", seed=0)
    optimizer, batch = wb.SGD(workloads.LEARNING_RATE), slice(0, workload.batch)
    rows = X[batch].copy(), y[batch].copy()

    def one_by_one():
        for _ in range(calls):
            net.partial_fit(*rows, loss="cross_entropy", optimizer=optimizer)

    return Comparison(
        workload, "partial_fit", one_by_one, "a step of fit", fit, parts=(calls, calls * EPOCHS)
    )


def comparisons(options, folder):
    n_threads, workload = options["threads"], workloads.TRAINING[4]
    rng = np.random.default_rng(0)
    steps = 40 if options["short"] else 200  # 0.1 s
    X = rng.standard_normal((steps * workload.batch, workload.widths[0]), np.float32)
    y = rng.integers(0, workload.widths[-1], len(X))
    yield early_stopping(workload, X, y, n_threads)
    yield from logged(workload, X, y, n_threads, folder)
    yield single_steps(n_threads)


def row_of(comparison, rounds):
    runs = {"this": comparison.run, "other": comparison.other}
    times = timing.alternating(runs, rounds)
    times = {
        which: [seconds / parts for seconds in times[which]]
        for which, parts in zip(runs, comparison.parts, strict=True)
    }
    return [
        str(comparison.workload),
        comparison.name,
        f"{median(times['this']) * 1e3:.4g}",
        comparison.other_name,
        f"{median(times['other']) * 1e3:.4g}",
        f"{timing.ratio(times, 'this', 'other'):.3f}",
        "" if comparison.at_most is None else f"{comparison.at_most:.2f}",
    ]


def section(options):
    with tempfile.TemporaryDirectory() as folder:
        rows = (row_of(each, options["rounds"]) for each in comparisons(options, Path(folder)))
        return report.section("Around the steps", CAPTION, HEADINGS, rows, texts=4)
