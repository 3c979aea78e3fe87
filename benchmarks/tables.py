"""Tables of many kinds, by name and seed: those that come with scikit-learn, and drawn ones.

Of a drawn table each seed draws another one, so that a spread over seeds is also that of the data;
of the others another split. What is scaled is the business of who learns them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

TEST_SHARE = 0.25
# Enough that the error of a score is small beside what a training's chance does.
TEST_ROWS = 2000


@dataclass(frozen=True)
class Table:
    """Rows to train on and rows for the test.

    X, X_test : ndarrays of shapes (B, I) and (T, I), float64
    y, y_test : ndarrays of shapes (B,), class numbers, or (B,) or (B, O), values
    """

    name: str
    classifies: bool
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Kind:
    """How a table is made.

    draw : callable
        `draw(datasets, rows, seed)` gives X and y of so many rows; of a table that is there, all.
    rows : int or None
        To train on; None of a table that is there, of which a share is for the test.
    """

    classifies: bool
    draw: Callable
    rows: int | None = None

    def table(self, name, seed, rows=None):
        from sklearn import datasets
        from sklearn.model_selection import train_test_split

        n_train = rows or self.rows
        if n_train is None:
            X, y = self.draw(datasets)
            parts = train_test_split(
                X,
                y,
                test_size=TEST_SHARE,
                random_state=seed,
                stratify=y if self.classifies else None,
            )
            X, X_test, y, y_test = parts
        else:
            X, y = self.draw(datasets, n_train + TEST_ROWS, seed)
            X, X_test, y, y_test = X[:n_train], X[n_train:], y[:n_train], y[n_train:]
        return Table(name, self.classifies, X, y, X_test, y_test)


def there(name, datasets):
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def made(name, datasets, rows, seed, **options):
    X, y = getattr(datasets, f"make_{name}")(n_samples=rows, random_state=seed, **options)
    return X, y


def hastie(datasets, rows, seed):
    X, y = made("hastie_10_2", datasets, rows, seed)
    return X, (y > 0).astype(int)


def skewed(datasets, rows, seed):
    """Columns with long tails, as amounts of money have."""
    X, y = made("classification", datasets, rows, seed, n_features=12, n_informative=8)
    X[:, ::2] = np.exp(X[:, ::2])
    return X, y


def outliers(datasets, rows, seed):
    """A twentieth of the values is far away; in the test none is."""
    X, y = made("regression", datasets, rows, seed, n_features=20, noise=20.0)
    rng = np.random.default_rng(seed)
    n_train = rows - TEST_ROWS
    chosen = rng.choice(n_train, n_train // 20, replace=False)
    y[chosen] += 3 * y.std() * rng.standard_normal(len(chosen))
    return X, y


def spirals(datasets, rows, seed):
    """Two arms of one and a half turns each, one in the other."""
    rng = np.random.default_rng(seed)
    y, angle = rng.integers(0, 2, rows), 3 * np.pi * np.sqrt(rng.random(rows))
    X = np.c_[angle * np.cos(angle + np.pi * y), angle * np.sin(angle + np.pi * y)]
    return X + 0.3 * rng.standard_normal(X.shape), y


def board(datasets, rows, seed):
    """The colours of four times four squares."""
    X = np.random.default_rng(seed).random((rows, 2)) * 4
    return X, X.astype(int).sum(axis=1) % 2


def waves(datasets, rows, seed):
    """Without noise, and so steep that it takes long to learn."""
    X = np.random.default_rng(seed).uniform(-1, 1, (rows, 3))
    return X, np.sin(8 * X[:, 0]) + np.cos(6 * X[:, 1] * X[:, 2])


def classification(**options):
    return partial(made, "classification", **options)


KINDS = {
    "digits": Kind(True, partial(there, "digits")),
    "breast_cancer": Kind(True, partial(there, "breast_cancer")),
    "wine": Kind(True, partial(there, "wine")),
    "iris": Kind(True, partial(there, "iris")),
    "moons": Kind(True, partial(made, "moons", noise=0.3), 400),
    "circles": Kind(True, partial(made, "circles", noise=0.2, factor=0.5), 400),
    "hastie": Kind(True, hastie, 2000),
    "quantiles": Kind(True, partial(made, "gaussian_quantiles", n_features=10, n_classes=4), 1000),
    "rare": Kind(
        True,
        classification(n_features=40, n_informative=8, n_redundant=4, weights=[0.95]),
        2000,
    ),
    "wrong labels": Kind(True, classification(n_features=20, n_informative=8, flip_y=0.3), 1000),
    "clusters": Kind(
        True,
        classification(n_features=20, n_informative=10, n_classes=5, n_clusters_per_class=3),
        3000,
    ),
    "wide": Kind(True, classification(n_features=300, n_informative=15, n_redundant=30), 200),
    "skewed": Kind(True, skewed, 800),
    "spirals": Kind(True, spirals, 300),
    "board": Kind(True, board, 1000),
    "large": Kind(
        True, classification(n_features=30, n_informative=15, n_classes=4, flip_y=0.1), 20_000
    ),
    "diabetes": Kind(False, partial(there, "diabetes")),
    "linnerud": Kind(False, partial(there, "linnerud")),
    "friedman1": Kind(False, partial(made, "friedman1", noise=1.0), 1000),
    "friedman2": Kind(False, partial(made, "friedman2", noise=125.0), 500),
    "friedman3": Kind(False, partial(made, "friedman3", noise=0.1), 500),
    "waves": Kind(False, waves, 1000),
    "outliers": Kind(False, outliers, 1000),
    "sparse": Kind(False, partial(made, "sparse_uncorrelated"), 500),
    "linear, 3": Kind(
        False,
        partial(made, "regression", n_features=30, n_informative=10, n_targets=3, noise=50.0),
        300,
    ),
    "friedman1, large": Kind(False, partial(made, "friedman1", noise=1.0), 20_000),
}


def table(name, seed, rows=None):
    """The table of a seed, with another number of rows to train on if one is given."""
    return KINDS[name].table(name, seed, rows)
