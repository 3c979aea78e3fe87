"""Estimators and data of the tests of real use, and what several of these tests compare.

The tests say what scikit-learn's tools do with any estimator. `ESTIMATORS=sklearn` runs them with
scikit-learn's own classes, which have to pass where they offer the thing.
"""

import os
import time

import numpy as np
import pytest
import sklearn

if os.environ.get("ESTIMATORS", "wbcore") == "sklearn":
    from sklearn.neural_network import MLPClassifier, MLPRegressor
else:
    from wbcore.sklearn import MLPClassifier, MLPRegressor

__all__ = [
    "LateClassifier",
    "bits",
    "classes",
    "classifier",
    "frames",
    "numbers",
    "regressor",
    "table",
]


class LateClassifier(MLPClassifier):
    """Takes the longer, the less alpha is, so that what was begun first is done last."""

    def fit(self, X, y, *others):
        time.sleep(0.02 if self.alpha < 1e-3 else 0)
        return super().fit(X, y, *others)


def classifier(kind=MLPClassifier, **parameters):
    """A small one, of few epochs."""
    defaults = {"hidden_layer_sizes": (8,), "max_iter": 15, "random_state": 0}
    return kind(**{**defaults, "learning_rate_init": 0.02, **parameters})


def regressor(**parameters):
    """A small one, of few epochs."""
    defaults = {"hidden_layer_sizes": (8,), "max_iter": 25, "random_state": 0}
    return MLPRegressor(**{**defaults, "learning_rate_init": 0.02, **parameters})


def classes(rows=120, labels=("left", "right"), seed=0):
    """Columns of which two tell the classes apart, and their labels."""
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((rows, 4))
    angle = np.arctan2(X[:, 1], X[:, 0] + 0.5)
    edges = np.linspace(-np.pi, np.pi, len(labels) + 1)[1:-1]
    return X, np.asarray(labels)[np.searchsorted(edges, angle)]


def numbers(rows=120, seed=0):
    """Columns of which the first says most about y, the second little, the others nothing."""
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((rows, 4))
    return X, 2 * X[:, 0] + 0.3 * X[:, 1] + 0.05 * draw.standard_normal(rows)


def table(rows=120, seed=0):
    """Raw columns by name, of which `kind` is a category, and labels by both kinds of columns."""
    draw = np.random.default_rng(seed)
    kind = np.asarray(["red", "green", "blue"])[draw.integers(0, 3, rows)]
    size, weight = draw.normal(50, 10, rows), draw.normal(0.1, 0.02, rows)
    y = np.where((size > 50) ^ (kind == "red"), "yes", "no")
    return {"size": size, "kind": kind, "weight": weight}, y


def frames(library):
    """The library, where it is there and scikit-learn understands its frames."""
    module = pytest.importorskip(library)
    version = tuple(map(int, sklearn.__version__.split(".")[:2]))
    is_known = version >= (1, 9) or hasattr(module.DataFrame, "__dataframe__")
    if library == "polars" and not is_known:
        pytest.skip("older scikit-learn needs the interchange protocol, which polars 2 lacks")
    return module


def bits(results):
    """What cross-validation has found, to the bit, but for its times."""
    kept = {}
    for name, values in results.items():
        if "_time" not in name and name not in ("params", "estimator", "indices"):
            data = np.ma.getdata(values)
            kept[name] = list(data) if data.dtype == object else data.tobytes()
    return kept
