"""What whole fits learn: data as all libraries are given them, the network, the training."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Problem:
    """Rows, a ReLU network for them, and how Adam trains it.

    load : callable
        `load(folder)` gives X, y, X_test, y_test. Bytes count by `scale`, which every library
        applies for itself; other numbers are in float32, of mean 0 and deviation 1 in training.
    widths : tuple of int
        One output is a number, or, where `binary`, the log-odds of a decision; more are classes.
    at_least : tuple of two floats
        How many times longer than wbcore scikit-learn and PyTorch are to take.
    """

    name: str
    load: Callable
    widths: tuple[int, ...]
    epochs: int
    batch: int = 32
    binary: bool = False
    scale: float | None = None
    learning_rate: float = 1e-3
    at_least: tuple[float, float] = (10, 10)

    @property
    def classifies(self):
        return self.binary or self.widths[-1] > 1

    @property
    def layers(self):
        return list(pairwise(self.widths))

    def score(self, outputs, y):
        """Accuracy of probabilities, log-odds or decisions; R2 of numbers."""
        if not self.classifies:
            return float(1 - np.sum((outputs - y) ** 2) / np.sum((y - y.mean()) ** 2))
        return float(np.mean(outputs == y))


def images(folder):
    from wbcore.io.idx import read_idx_folder

    # Copied, since PyTorch warns of arrays that it may not write to.
    X, y, X_test, y_test = (part.copy() for part in read_idx_folder(folder))
    return X.reshape(len(X), -1), y, X_test.reshape(len(X_test), -1), y_test


def table(name, folder):
    from sklearn import datasets

    if name == "make_friedman1":
        X, y = datasets.make_friedman1(20_000, noise=1.0, random_state=0)
    else:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return split(X, y)


def split(X, y):
    """Three quarters of the rows and the others, scaled by what the first ones are."""
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[: len(X) * 3 // 4], order[len(X) * 3 // 4 :]
    if y.dtype.kind == "f":
        y = standardized(y, y[train])
    X = standardized(X, X[train])
    return X[train], y[train], X[test], y[test]


def standardized(values, by):
    deviation = by.std(axis=0)
    return ((values - by.mean(axis=0)) / np.where(deviation == 0, 1, deviation)).astype(np.float32)


PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem(
            "Fashion-MNIST",
            images,
            (784, 128, 10),
            epochs=10,
            batch=128,
            scale=1 / 255,
            at_least=(2.5, 2.1),
        ),
        Problem("digits", partial(table, "digits"), (64, 64, 10), epochs=50),
        Problem("breast_cancer", partial(table, "breast_cancer"), (30, 32, 1), 50, binary=True),
        Problem("wine", partial(table, "wine"), (13, 32, 3), epochs=100),
        Problem("diabetes", partial(table, "diabetes"), (10, 32, 1), epochs=100),
        Problem("make_friedman1", partial(table, "make_friedman1"), (10, 64, 64, 1), epochs=20),
    )
}
