"""Who the estimators' benchmark compares, on which data, and what must agree before it is timed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module

import numpy as np

FASHION_EPOCHS = 10
TOLERANCE = 1e-12
FOLDS = 5
GRID = {
    "hidden_layer_sizes": [(32,), (64,), (100,)],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [1e-3, 3e-3],
}
N_CANDIDATES = 24


@dataclass(frozen=True)
class Contestant:
    """A library's classes; `needs` is the module that has to be there."""

    module: str
    classifier: str
    regressor: str
    epochs_name: str = "max_iter"


CONTESTANTS = {
    "wbcore MLP": Contestant("wbcore.sklearn", "MLPClassifier", "MLPRegressor"),
    "wbcore Tabular": Contestant(
        "wbcore.sklearn", "TabularClassifier", "TabularRegressor", "epochs"
    ),
    "scikit-learn": Contestant("sklearn.neural_network", "MLPClassifier", "MLPRegressor"),
}


@dataclass(frozen=True)
class Problem:
    """Data that all are given.

    load : callable
        `load(datasets)` gives X and y; None of Fashion-MNIST, which is in files.
    at_least : float or None
        How many times longer than wbcore's MLP scikit-learn's is to take.
    """

    classifies: bool
    load: Callable | None
    at_least: float | None = None
    epochs: int | None = None
    short: bool = field(default=False, kw_only=True)

    def split(self, folder, seed):
        """X, y, X_test, y_test."""
        if self.load is None:
            return images(folder)
        from sklearn import datasets
        from sklearn.model_selection import train_test_split

        X, y = self.load(datasets)
        stratify = y if self.classifies else None
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=0.25, random_state=seed, stratify=stratify
        )
        deviation = X.std(axis=0)
        X_test = (X_test - X.mean(axis=0)) / np.where(deviation == 0, 1, deviation)
        X = (X - X.mean(axis=0)) / np.where(deviation == 0, 1, deviation)
        return X, y, X_test, y_test


def images(folder):
    from wbcore.io.idx import read_idx_folder

    X, y, X_test, y_test = read_idx_folder(folder)
    X, X_test = (part.reshape(len(part), -1) / np.float32(255) for part in (X, X_test))
    return X, y, X_test, y_test


def there(name, datasets):
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def drawn(name, rows, noise, datasets):
    return getattr(datasets, f"make_{name}")(rows, noise=noise, random_state=0)


PROBLEMS = {
    "digits": Problem(True, partial(there, "digits"), 10),
    "breast_cancer": Problem(True, partial(there, "breast_cancer"), 10),
    "wine": Problem(True, partial(there, "wine"), 10, short=True),
    "iris": Problem(True, partial(there, "iris"), 10),
    "diabetes": Problem(False, partial(there, "diabetes"), 10, short=True),
    "make_moons": Problem(True, partial(drawn, "moons", 1000, 0.3), 10),
    "make_friedman1": Problem(False, partial(drawn, "friedman1", 20_000, 1.0)),
    "Fashion-MNIST": Problem(True, None, 2.5, FASHION_EPOCHS),
}


def chosen(folder, *, short):
    """The names of the problems that are there."""
    return [
        name
        for name, problem in PROBLEMS.items()
        if (problem.short or not short) and (problem.load is not None or folder is not None)
    ]


def made(who, problem, seed):
    """An estimator, as its constructor makes it but for the seed."""
    contestant = CONTESTANTS[who]
    name = contestant.classifier if problem.classifies else contestant.regressor
    options = {"random_state": seed}
    if problem.epochs is not None:
        options[contestant.epochs_name] = problem.epochs
    return getattr(import_module(contestant.module), name)(**options)


def epochs_of(model):
    return int(model.n_iter_)


def assert_same_predictions(names, problem, X, y, X_test):
    """Hold our MLP to what scikit-learn's predicts with the same weights, in float64."""
    if not {"wbcore MLP", "scikit-learn"} <= set(names):
        return
    ours, theirs = (made(who, problem, 1) for who in ("wbcore MLP", "scikit-learn"))
    few = slice(2000)
    for model in (ours, theirs):
        model.set_params(max_iter=3)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X[few].astype(np.float64), y[few])
    for to, source in zip(
        [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
    ):
        to[...] = source
    rows = X_test[few].astype(np.float64)
    method = "predict_proba" if problem.classifies else "predict"
    expected, got = (getattr(model, method)(rows) for model in (theirs, ours))
    # relative to the largest of the values
    difference = np.abs(got - expected).max() / np.abs(expected).max()
    if not difference <= TOLERANCE:
        raise AssertionError(f"with scikit-learn's weights wbcore predicts {difference:.3g} else")


def grid_search(who, n_candidates):
    """A GridSearchCV over digits, and its X and y."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV, ParameterGrid

    X, y = load_digits(return_X_y=True)
    estimator = made(who, PROBLEMS["digits"], 0)
    candidates = [
        {name: [value] for name, value in candidate.items()}
        for candidate in list(ParameterGrid(GRID))[:n_candidates]
    ]
    return GridSearchCV(estimator, candidates, cv=FOLDS), X / 16, y
