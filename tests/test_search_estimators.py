"""wbcore.search over the estimators of wbcore.sklearn: survivors have the bits of whole fits."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import wbcore as wb
from wbcore.searching.fits import configured
from wbcore.searching.space import seeded
from wbcore.sklearn import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

rng = np.random.default_rng(1)
X = rng.standard_normal((90, 4))
Y = X @ [1.0, -1.0, 0.5, 0.0] + 0.1 * rng.standard_normal(90)
LABELS = np.where(Y > 0.3, "high", np.where(Y < -0.3, "low", "middle"))
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(
    kind=np.where(X[:, 0] > 0, "left", "right"), day=pd.date_range("2026-01-01", periods=90)
)
FRAME.loc[3, "a"] = np.nan

MLP = {"hidden_layer_sizes": (8,), "max_iter": 40, "learning_rate_init": 0.01}
ALPHA = {"alpha": "log_uniform(1e-6, 10)"}
CASES = {
    "adam": (MLPClassifier(**MLP), ALPHA, X, LABELS),
    "early stopping": (
        MLPClassifier(early_stopping=True, n_iter_no_change=4, **MLP),
        ALPHA,
        X,
        LABELS,
    ),
    "adaptive": (
        MLPRegressor(solver="sgd", learning_rate="adaptive", **MLP),
        {"learning_rate_init": "log_uniform(1e-4, 0.1)", "hidden_layer_sizes": [(4,), (8, 4)]},
        X,
        Y,
    ),
    "lbfgs": (MLPRegressor(solver="lbfgs", **MLP), ALPHA, X, Y),
    "dropout": (MLPRegressor(dropout=0.1, dtype="float32", **MLP), ALPHA, X, Y),
    "pipeline": (
        make_pipeline(StandardScaler(), MLPRegressor(**MLP)),
        {"mlpregressor__alpha": "log_uniform(1e-6, 10)"},
        X,
        Y,
    ),
    "table": (
        TabularClassifier(hidden_layer_sizes=(8,), epochs=40),
        {"l2": "log_uniform(1e-6, 1)", "learning_rate": "log_uniform(1e-4, 0.1)"},
        FRAME,
        LABELS,
    ),
    "table, numbers": (
        TabularRegressor(hidden_layer_sizes=(8,), epochs=40, early_stopping=True, patience=5),
        {"l2": "log_uniform(1e-6, 1)", "learning_rate": "log_uniform(1e-4, 0.1)"},
        FRAME,
        Y,
    ),
    "stranger": (
        TransformedTargetRegressor(MLPRegressor(**MLP)),
        {"regressor__alpha": [0.1, 1.0]},
        X,
        Y,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_survivors_are_whole_fits(name):
    estimator, space, features, targets = CASES[name]
    with warnings.catch_warnings(), ThreadPoolExecutor(2) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = wb.search(
            estimator, space, features, targets, n_candidates=6, cv=3, halving=2, executor=pool
        )
        last = found.table["rung"].max()
        assert last == (1 if name == "stranger" else 3)
        rows = np.flatnonzero(found.table["rung"] == last)
        for row in rows[:2]:
            parameters = {key: found.table[f"param_{key}"][row] for key in space}
            own = configured(seeded(estimator, 0), parameters)
            whole = cross_val_score(own, features, targets, cv=3)
            assert [found.table[f"fold_{fold}"][row] for fold in range(3)] == whole.tolist()
        best = configured(seeded(estimator, 0), found.best_params_).fit(features, targets)
    np.testing.assert_array_equal(found.best_estimator_.predict(features), best.predict(features))


def test_rows_of_weight_0_are_no_rows():
    """Of a table, whose number of epochs follows from that of its rows."""
    weight = np.ones(90)
    weight[:40] = 0
    space = {"learning_rate": "log_uniform(1e-4, 0.1)"}
    model = TabularRegressor(hidden_layer_sizes=(4,), batch_size=4, random_state=0)
    folds = [(np.arange(60), np.arange(60, 90))]
    found = wb.search(
        model, space, X, Y, n_candidates=4, cv=folds, sample_weight=weight, refit=False
    )
    own = configured(model, found.best_params_)
    own.fit(X[:60], Y[:60], sample_weight=weight[:60])
    assert found.table["epochs"][0] == own.n_iter_
    assert found.best_score_ == own.score(X[60:], Y[60:])


def test_the_best_table_model_can_be_saved(tmp_path):
    found = wb.search(TabularRegressor(hidden_layer_sizes=(4,), epochs=5), None, FRAME, Y, cv=2)
    found.best_estimator_.save(tmp_path / "model.safetensors")
    loaded = TabularRegressor.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(FRAME), found.best_estimator_.predict(FRAME))


class _Flipped(MLPClassifier):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, 1 - y, sample_weight)


class _Lowered(MLPRegressor):
    def _fit(self, X, y, *arguments, **options):
        return super()._fit(X, y - 100, *arguments, **options)


class _FlippedTable(TabularClassifier):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, 1 - y, sample_weight)


class _LoweredTable(TabularRegressor):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y - 100, sample_weight)


class _Renamed(MLPClassifier):
    """With nothing of a fit of its own."""

    def predict(self, X):
        return super().predict(X)


OWN_FITS = [_Flipped(**MLP), _FlippedTable(epochs=5), _Lowered(**MLP), _LoweredTable(epochs=5)]


@pytest.mark.parametrize("estimator", OWN_FITS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_that_is_overridden_is_called(estimator, in_pipeline):
    targets = (Y > 0).astype(int) if hasattr(estimator, "predict_proba") else Y
    one = make_pipeline(StandardScaler(), estimator) if in_pipeline else estimator
    found = wb.search(one, None, X, targets, cv=3)
    whole = cross_val_score(seeded(one, 0), X, targets, cv=3)
    assert [found.table[f"fold_{fold}"][0] for fold in range(3)] == whole.tolist()
    assert found.best_score_ < 0.3
    assert not found.table["epochs"].any()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_subclass_with_our_fit_trains_by_epochs():
    found = wb.search(_Renamed(**MLP), None, X, LABELS, cv=2, refit=False)
    assert found.table["epochs"].tolist() == [40]
