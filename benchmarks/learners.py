"""Whom the estimators' benchmark compares, on which data, and what must agree."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import numpy as np

OURS, THEIRS = "wbcore MLP", "scikit-learn"
FASHION_EPOCHS = 10
TOLERANCE = 1e-12
FOLDS = 5
GRID = {
    "hidden_layer_sizes": [(32,), (64,), (100,)],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [1e-3, 3e-3],
}
N_CANDIDATES = 24
# Two seeds may give the same score, and another rounding may tell one row otherwise.
LEAST_SPREAD = 0.01


@dataclass(frozen=True)
class Contestant:
    """A library's classes, and what they call the most epochs."""

    module: str
    family: str
    epochs: str = "max_iter"


CONTESTANTS = {
    OURS: Contestant("wbcore.sklearn", "MLP"),
    "wbcore Tabular": Contestant("wbcore.sklearn", "Tabular", "epochs"),
    THEIRS: Contestant("sklearn.neural_network", "MLP"),
}


@dataclass(frozen=True)
class Problem:
    """Data that all are given.

    load : callable or None
        `load(datasets)` gives X and y; None of Fashion-MNIST, which is in files.
    at_least : float or None
        How many times longer than wbcore's MLP scikit-learn's is to take.
    epochs : int or None
        Where the defaults would take minutes.
    """

    classifies: bool
    load: Callable | None
    at_least: float | None = None
    epochs: int | None = None

    def split(self, folder, seed):
        """X, y, X_test, y_test."""
        if self.load is None:
            return images(folder)
        from sklearn import datasets
        from sklearn.model_selection import train_test_split

        X, y = self.load(datasets)
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=0.25, random_state=seed, stratify=y if self.classifies else None
        )
        deviation = X.std(axis=0)
        shift, scale = X.mean(axis=0), np.where(deviation == 0, 1, deviation)
        return (X - shift) / scale, y, (X_test - shift) / scale, y_test


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
    "wine": Problem(True, partial(there, "wine"), 10),
    "iris": Problem(True, partial(there, "iris"), 10),
    "diabetes": Problem(False, partial(there, "diabetes"), 10),
    "make_moons": Problem(True, partial(drawn, "moons", 1000, 0.3), 10),
    "make_friedman1": Problem(False, partial(drawn, "friedman1", 20_000, 1.0)),
    "Fashion-MNIST": Problem(True, None, 2.5, FASHION_EPOCHS),
}
SHORT = ("wine", "diabetes")


def chosen(folder, *, short):
    """The names of the problems whose data are there."""
    return [
        name
        for name, problem in PROBLEMS.items()
        if (name in SHORT or not short) and (problem.load is not None or folder is not None)
    ]


def made(who, problem, seed):
    """An estimator, as its constructor makes it but for the seed."""
    contestant = CONTESTANTS[who]
    options = {"random_state": seed}
    if problem.epochs is not None:
        options[contestant.epochs] = problem.epochs
    kind = "Classifier" if problem.classifies else "Regressor"
    return getattr(import_module(contestant.module), contestant.family + kind)(**options)


def fitted(model, X, y):
    """Fit it; that it stops where it was told to is no news."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def epochs_of(model):
    if hasattr(model, "n_iter_"):
        return int(model.n_iter_)
    return len(model.history_)


def grid_search(who, n_candidates):
    """A GridSearchCV over digits, and its X and y."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV, ParameterGrid

    X, y = load_digits(return_X_y=True)
    candidates = [
        {name: [value] for name, value in candidate.items()}
        for candidate in list(ParameterGrid(GRID))[:n_candidates]
    ]
    return GridSearchCV(made(who, PROBLEMS["digits"], 0), candidates, cv=FOLDS), X / 16, y


def require_same_predictions(names, problem, X, y, X_test):
    """Hold our MLP to what scikit-learn's predicts with the same weights, in float64."""
    if not {OURS, THEIRS} <= set(names):
        return
    X, y, X_test = X[:2000].astype(np.float64), y[:2000], X_test[:2000].astype(np.float64)
    ours, theirs = (
        fitted(made(who, problem, seed).set_params(max_iter=3), X, y)
        for seed, who in enumerate((OURS, THEIRS))
    )
    for to, source in zip(
        [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
    ):
        to[...] = source
    method = "predict_proba" if problem.classifies else "predict"
    got, expected = (getattr(model, method)(X_test) for model in (ours, theirs))
    difference = np.abs(got - expected).max() / np.abs(expected).max()
    if not difference <= TOLERANCE:
        raise AssertionError(f"with {THEIRS}'s weights {OURS} is off by {difference:.1e}")


def require_same_scores(name, scores):
    """Refuse means over seeds that differ by more than the seeds do."""
    if not {OURS, THEIRS} <= scores.keys():
        return
    ours, theirs = scores[OURS], scores[THEIRS]
    allowed = max(ours.std(), theirs.std(), LEAST_SPREAD)
    if abs(ours.mean() - theirs.mean()) > allowed:
        raise AssertionError(
            f"{name}: {OURS} has a score of {ours.mean():.4f}, {THEIRS} of {theirs.mean():.4f}; "
            f"the spread is {allowed:.4f}"
        )


def require_same_grids(scores, ours, spreads):
    """Refuse a candidate whose scores differ by more than those of the folds do."""
    difference = np.abs(np.subtract(scores, ours))
    excess = difference - np.maximum(spreads, LEAST_SPREAD)
    worst = int(excess.argmax())
    if excess[worst] > 0:
        raise AssertionError(
            f"GridSearchCV: candidate {worst} has a score of {ours[worst]:.4f} with {OURS} and "
            f"of {scores[worst]:.4f} with {THEIRS}"
        )
