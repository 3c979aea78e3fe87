"""What users of scikit-learn's multilayer perceptrons rely on."""

import pickle
import re
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import sparse
from sklearn import neural_network
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import PoissonRegressor

import wbcore as wb
from wbcore.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

THEIRS = {MLPClassifier: neural_network.MLPClassifier, MLPRegressor: neural_network.MLPRegressor}
BOTH = pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
X_iris, y_iris = load_iris(return_X_y=True)
X_iris = (X_iris - X_iris.mean(axis=0)) / X_iris.std(axis=0)
X_two, y_two = X_iris[:100], y_iris[:100]
X_numbers, y_numbers = make_regression(120, 8, noise=5.0, random_state=7)
y_numbers = (y_numbers - y_numbers.mean()) / y_numbers.std()
X_many, y_many = make_multilabel_classification(50, random_state=0)


# The path of a fit


def test_a_larger_alpha_gives_smaller_weights():
    sizes = [
        sum(
            abs(W).sum()
            for W in MLPClassifier(10, alpha=a, random_state=1).fit(X_two, y_two).coefs_
        )
        for a in (0, 1, 10)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_step_by_hand():
    """One step of sgd, from parameters that were set before there was a network."""
    model = MLPClassifier(
        2, "logistic", solver="sgd", learning_rate_init=0.1, alpha=0.1, max_iter=1, momentum=0
    )
    x, t = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    W1, b1 = np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0]]), np.array([0.1, 0.1])
    W2, b2 = np.array([[0.1], [0.2]]), np.array([1.0])
    model.coefs_, model.intercepts_ = [0, W2], [b1, 0]
    model.coefs_[0], model.intercepts_[1] = W1, b2
    model.n_iter_ = model.t_ = model._no_improvement_count = 0
    model.n_features_in_, model.best_loss_, model.loss_curve_ = 3, np.inf, []
    model.partial_fit(x, t, classes=[0, 1])

    h = 1 / (1 + np.exp(-(x @ W1 + b1)))
    p = 1 / (1 + np.exp(-(h @ W2 + b2)))
    d2 = p - t
    d1 = d2 @ W2.T * h * (1 - h)
    expected = [
        W1 - 0.1 * (x.T @ d1 + 0.1 * W1),
        W2 - 0.1 * (h.T @ d2 + 0.1 * W2),
        b1 - 0.1 * d1[0],
        b2 - 0.1 * d2[0],
    ]
    for found, wanted in zip([*model.coefs_, *model.intercepts_], expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    penalty = 0.05 * ((W1**2).sum() + (W2**2).sum())
    assert model.loss_ == pytest.approx(-np.log(1 - p[0, 0]) + penalty, 1e-12)


@BOTH
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_warm_starts_go_on_and_stop_at_max_iter(Estimator, solver):
    model = Estimator(
        hidden_layer_sizes=5,
        solver=solver,
        warm_start=True,
        max_iter=6,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(X_iris, y_iris)
    first = model.loss_
    assert model.n_iter_ == 6
    with pytest.warns(ConvergenceWarning):
        model.set_params(max_iter=9).fit(X_iris, y_iris)
    assert model.n_iter_ == 9
    assert model.loss_ < first
    if solver != "lbfgs":
        assert len(model.loss_curve_) == 15
        assert model.t_ == 15 * len(X_iris)


@pytest.mark.parametrize("mode", ["constant", "invscaling"])
def test_the_rate_after_a_warm_start(mode):
    model = MLPClassifier(
        4, solver="sgd", learning_rate=mode, max_iter=1, power_t=0.25, warm_start=True
    )
    X, y = X_two[45:55], y_two[45:55]
    rate = model.fit(X, y).fit(X, y)._optimizer.learning_rate
    assert rate == (0.001 if mode == "constant" else 0.001 / 21**0.25)


def test_a_warm_start_wants_the_same_classes():
    model = MLPClassifier(2, warm_start=True, max_iter=2).fit(X_iris, y_iris)
    model.fit(X_iris, y_iris[::-1])
    for y in (np.minimum(y_iris, 1), np.where(y_iris == 2, 3, y_iris), np.arange(150) % 4):
        message = (
            "warm_start can only be used where `y` has the same classes as in the previous call to "
            f"fit. Previously got [0 1 2], `y` has {np.unique(y)}"
        )
        with pytest.raises(ValueError, match=re.escape(message)):
            model.fit(X_iris, y)


def test_a_second_fit_forgets_the_first():
    model = MLPClassifier(3, random_state=0, max_iter=3)
    other = clone(model).fit(X_two, y_two)
    model.fit(X_iris, y_iris).fit(X_two, y_two)
    assert model.network_ == other.network_
    assert model.loss_curve_ == other.loss_curve_
    assert model.classes_.tolist() == [0, 1]


def test_rows_are_shuffled_by_the_seed():
    settings = {"hidden_layer_sizes": 1, "max_iter": 1, "batch_size": 1, "random_state": 0}
    one, other, plain = (
        MLPRegressor(shuffle=shuffle, **settings).fit(X_numbers, y_numbers)
        for shuffle in (True, True, False)
    )
    assert one.network_ == other.network_ != plain.network_


def test_ends():
    model = MLPClassifier(tol=0.5, max_iter=3000, solver="sgd").fit(X_two, y_two)
    assert model.n_iter_ < 100
    assert model._no_improvement_count == 11
    adaptive = clone(model).set_params(learning_rate="adaptive").fit(X_two, y_two)
    assert model.n_iter_ < adaptive.n_iter_ < 3000
    assert adaptive._optimizer.learning_rate < 1e-6


@pytest.mark.parametrize("patience", [2, 5, 40])
def test_patience(patience):
    model = MLPClassifier(tol=0.1, max_iter=900, solver="sgd", n_iter_no_change=patience)
    model.fit(X_two, y_two)
    assert model._no_improvement_count == patience + 1
    assert model.n_iter_ < 900


def test_patience_without_end():
    model = MLPClassifier(tol=1e9, max_iter=60, solver="sgd", n_iter_no_change=np.inf)
    model.fit(X_two, y_two)
    assert (model.n_iter_, model._no_improvement_count) == (60, 59)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
def test_what_is_printed(capsys, settings):
    model = MLPClassifier(
        2, solver="sgd", max_iter=2, verbose=True, random_state=0, **settings
    ).fit(X_two, y_two)
    lines = [f"Iteration {n + 1}, loss = {loss:.8f}" for n, loss in enumerate(model.loss_curve_)]
    if settings:
        scores = [f"Validation score: {score:f}" for score in model.validation_scores_]
        lines = [line for pair in zip(lines, scores, strict=True) for line in pair]
    assert capsys.readouterr().out.splitlines() == lines
    model.set_params(max_iter=999, tol=1e9, n_iter_no_change=1).fit(X_two, y_two)
    what = "Validation score" if settings else "Training loss"
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"{what} did not improve more than tol=1000000000.000000 for 1 consecutive epochs. "
        "Stopping."
    )
    model.set_params(learning_rate="adaptive", learning_rate_init=2e-6).fit(X_two, y_two)
    out = capsys.readouterr().out
    assert "epochs. Setting learning rate to 0.000000" in out
    assert out.endswith("epochs. Learning rate too small. Stopping.\n")


# Early stopping


@BOTH
def test_early_stopping_keeps_the_best(Estimator):
    model = Estimator(tol=0.01, max_iter=900, early_stopping=True, random_state=0)
    model.fit(X_two, y_two)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ < 900
    assert max(scores) == model.best_validation_score_
    assert max(scores) + 0.01 > scores[-1]
    assert model.best_loss_ is None
    plain = clone(model).set_params(early_stopping=False, max_iter=3).fit(X_two, y_two)
    assert plain.validation_scores_ is plain.best_validation_score_ is None
    again = clone(model).set_params(max_iter=scores.index(max(scores)) + 1).fit(X_two, y_two)
    assert again.network_ == model.network_


@BOTH
def test_early_stopping_after_a_warm_start(Estimator):
    model = Estimator(max_iter=4, random_state=0, warm_start=True, early_stopping=True)
    model.fit(X_iris, y_iris)
    model.set_params(max_iter=6).fit(X_iris, y_iris)
    assert len(model.validation_scores_) == 10


@BOTH
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_early_stopping_goes_on_from_warm_starts(Estimator, solver):
    """Also where no epoch is better than the best one of an earlier fit."""
    settings = {
        "hidden_layer_sizes": 5, "solver": solver, "early_stopping": True, "warm_start": True,
        "max_iter": 3, "random_state": 0, "learning_rate_init": 0.1, "n_iter_no_change": 50,
    }  # fmt: skip
    model, theirs = Estimator(**settings), THEIRS[Estimator](**settings)
    beaten = []
    for _ in range(5):
        for each in (model, theirs):
            each.fit(X_iris, y_iris)
        beaten.append(max(model.validation_scores_[-3:]) == model.best_validation_score_)
        np.testing.assert_allclose(model.coefs_[0], theirs.coefs_[0], rtol=1e-9)
        np.testing.assert_allclose(model.validation_scores_, theirs.validation_scores_)
        assert model._no_improvement_count == theirs._no_improvement_count
    assert solver == "sgd" or not all(beaten)


@BOTH
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_alpha_may_change_between_partial_fits(Estimator, solver):
    settings = {"hidden_layer_sizes": 4, "solver": solver, "random_state": 0}
    model, theirs = Estimator(**settings), THEIRS[Estimator](**settings)
    more = {"classes": [0, 1]} if Estimator is MLPClassifier else {}
    for alpha in (0.001, 100.0, 1.0):
        for each in (model, theirs):
            each.set_params(alpha=alpha)
            for _ in range(5):
                each.partial_fit(X_two, y_two, **more)
        assert model.loss_ == pytest.approx(theirs.loss_, rel=1e-9)


def test_an_optimizer_with_penalties_of_its_own_keeps_them():
    models = [
        MLPClassifier((4,), optimizer=wb.Adam(0.01, l2=0.5), random_state=0) for _ in range(2)
    ]
    for model, alpha in zip(models, [0.001, 100.0], strict=True):
        model.partial_fit(X_two, y_two, classes=[0, 1])
        model.set_params(alpha=alpha).partial_fit(X_two, y_two)
    assert models[0].network_ == models[1].network_


def test_held_out_rows_are_stratified():
    with pytest.raises(ValueError, match="The least populated class") as theirs:
        THEIRS[MLPClassifier](early_stopping=True).fit(X_two[47:51], y_two[47:51])
    with pytest.raises(ValueError, match=f"^{re.escape(str(theirs.value))}$"):
        MLPClassifier(early_stopping=True).fit(X_two[47:51], y_two[47:51])
    with pytest.raises(ValueError, match="The validation set is too small"):
        MLPRegressor(early_stopping=True).fit(X_two[:2], y_two[:2])


def test_early_stopping_with_labels_that_are_strings():
    labels = np.array(["one", "two", "three"], dtype=object)[y_iris]
    model = MLPClassifier(early_stopping=True, max_iter=20, random_state=4).fit(X_iris, labels)
    assert len(model.validation_scores_) == model.n_iter_
    assert np.isfinite(model.validation_scores_).all()


@BOTH
def test_equal_weights_are_none(Estimator):
    settings = {"early_stopping": True, "batch_size": 20, "max_iter": 5, "random_state": 0}
    weighed = Estimator(**settings).fit(X_iris, y_iris, np.ones(150))
    np.testing.assert_allclose(
        weighed.predict(X_iris), Estimator(**settings).fit(X_iris, y_iris).predict(X_iris)
    )


# Partial fits


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_partial_fits_are_epochs(momentum):
    settings = {
        "solver": "sgd", "random_state": 1, "learning_rate_init": 0.01, "momentum": momentum,
        "batch_size": len(X_numbers),
    }  # fmt: skip
    whole = MLPRegressor(max_iter=20, **settings).fit(X_numbers, y_numbers)
    parts = MLPRegressor(**settings)
    for _ in range(20):
        parts.partial_fit(X_numbers, y_numbers)
    np.testing.assert_allclose(parts.predict(X_numbers), whole.predict(X_numbers), rtol=1e-9)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-9)
    assert parts.n_iter_ == 1
    assert parts.t_ == whole.t_


def test_classes_of_partial_fits():
    model = MLPClassifier(random_state=0)
    model.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
    model.partial_fit([[4]], ["d"])
    assert model.predict_proba([[1]]).shape == (1, 4)
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit([[4]], ["d"], classes=["d"])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
        model.partial_fit([[4]], ["e"])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit([[4]], ["e"])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        MLPClassifier().partial_fit(X_two, y_two, classes=[2])


@BOTH
def test_when_there_is_no_partial_fit(Estimator):
    assert not hasattr(Estimator(solver="lbfgs"), "partial_fit")
    assert not hasattr(Estimator(optimizer="lbfgs"), "partial_fit")
    stopping = Estimator(early_stopping=True, max_iter=2).fit(X_iris, y_iris)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        stopping.partial_fit(X_iris, y_iris)
    assert not hasattr(MLPClassifier(class_weight="balanced"), "partial_fit")
    assert callable(Estimator.partial_fit)


def test_partial_fits_after_a_pickle():
    model = MLPRegressor(hidden_layer_sizes=42, random_state=42, learning_rate_init=0.01).fit(
        [[2]], [4]
    )
    model = pickle.loads(pickle.dumps(model))
    for _ in range(200):
        model.partial_fit([[2]], [1])
    np.testing.assert_allclose(model.predict([[2]]), 1, rtol=1e-3)


# lbfgs


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_lbfgs(activation):
    settings = {"solver": "lbfgs", "hidden_layer_sizes": 20, "activation": activation,
                "random_state": 1}  # fmt: skip
    model = MLPClassifier(max_iter=150, **settings).fit(X_iris, y_iris)
    assert model.score(X_iris, y_iris) > 0.95
    number = MLPRegressor(tol=1e-3, **settings).fit(X_numbers, y_numbers)
    assert number.score(X_numbers, y_numbers) > 0.95
    with pytest.warns(ConvergenceWarning):
        model.set_params(max_fun=7, max_iter=150).fit(X_iris, y_iris)
    assert model.n_iter_ <= 7


def test_lbfgs_refuses_what_it_has_no_use_for():
    for name, value in {"dropout": 0.5, "l1": 1.0, "clip_norm": 1.0, "metrics": ["mae"]}.items():
        with pytest.raises(ValueError, match=rf"\[{name}\] expected .* with the solver lbfgs"):
            MLPRegressor(solver="lbfgs", **{name: value}).fit(X_numbers, y_numbers)


# Targets


def test_multilabel():
    model = MLPClassifier(30, solver="lbfgs", random_state=0).fit(X_many, y_many)
    assert model.out_activation_ == "logistic"
    assert model.score(X_many, y_many) > 0.97
    proba = model.predict_proba(X_many)
    assert np.array_equal(proba > 0.5, y_many)
    assert np.abs(proba.sum(axis=1) - 1).max() > 0.1
    batches = MLPClassifier(
        50, "logistic", solver="sgd", learning_rate_init=0.2, alpha=1e-5, random_state=0
    )
    for _ in range(100):
        batches.partial_fit(X_many, y_many, classes=[0, 1, 2, 3, 4])
    assert batches.score(X_many, y_many) > 0.9
    MLPClassifier(early_stopping=True, max_iter=3).fit(X_many, y_many).predict(X_many)
    rows = MLPClassifier(max_iter=3, random_state=0).fit(X_many, sparse.csr_matrix(y_many))
    dense = MLPClassifier(max_iter=3, random_state=0).fit(X_many, y_many)
    assert sparse.issparse(rows.predict(X_many))
    assert np.array_equal(rows.predict(X_many).toarray(), dense.predict(X_many))


def test_numbers_of_several_outputs():
    X, y = make_regression(100, n_targets=5, random_state=11)
    model = MLPRegressor(hidden_layer_sizes=50, solver="lbfgs", tol=1e-2, random_state=1).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.predict(X).shape == (100, 5)


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities(classes):
    X, y = X_iris[: 50 * classes], y_iris[: 50 * classes]
    model = MLPClassifier(5, "logistic", random_state=1, max_iter=30).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba))
    assert np.array_equal(model.classes_[proba.argmax(axis=1)], model.predict(X))


def test_one_class():
    model = MLPClassifier(max_iter=2).fit(X_two, ["only"] * 100)
    assert set(model.predict(X_two)) == {"only"}
    assert model.predict_proba(X_two).shape == (100, 1)


def test_a_column_is_warned_of():
    for Estimator in (MLPClassifier, MLPRegressor):
        with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
            model = Estimator(max_iter=2).fit(X_two, y_two[:, None])
        assert model.predict(X_two).shape == (100,)


def test_poisson_is_a_linear_model_without_hidden_layers():
    X = np.linspace(0, 1, 100).reshape(-1, 1)
    y = np.random.default_rng(3).poisson(np.exp(X[:, 0] + 1))
    settings = {"hidden_layer_sizes": (), "alpha": 0, "solver": "lbfgs", "tol": 1e-7}
    model = MLPRegressor("poisson", random_state=4, **settings).fit(X, y)
    linear = PoissonRegressor(alpha=0, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(model.predict(X), linear.predict(X), rtol=1e-4)
    assert model.out_activation_ == "exp"
    squares = MLPRegressor(random_state=4, **settings).fit(X, y)
    assert not np.allclose(squares.predict(X), linear.predict(X), rtol=1e-4)


# Inputs


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_sparse_inputs(container, solver):
    X = np.where(X_iris > 0, X_iris, 0)
    model = MLPClassifier(solver=solver, random_state=1, max_iter=10)
    dense = clone(model).fit(X, y_iris)
    model.fit(container(X), y_iris)
    assert model.network_ == dense.network_
    assert np.array_equal(model.predict_proba(container(X)), dense.predict_proba(X))


@BOTH
def test_the_type_of_inputs_is_that_of_parameters(Estimator):
    for dtype in (np.float32, np.float64):
        model = Estimator(hidden_layer_sizes=(5, 3), max_iter=5, random_state=1).fit(
            X_iris.astype(dtype), y_iris
        )
        assert {a.dtype for a in model.coefs_ + model.intercepts_} == {np.dtype(dtype)}
        outputs = model.predict if Estimator is MLPRegressor else model.predict_proba
        assert outputs(X_iris.astype(dtype)).dtype == dtype
        assert outputs(X_iris).dtype == np.float64
    whole = Estimator(max_iter=2).fit((X_iris * 10).astype(np.int16), y_iris)
    assert whole.network_.dtype == np.float64


@BOTH
def test_names_of_features(Estimator):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X_iris, columns=list("abcd"))
    model = Estimator(early_stopping=True, validation_fraction=0.2, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(frame, y_iris).predict(frame)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X_iris)
    with pytest.raises(ValueError, match="The feature names should match"):
        model.predict(frame.rename(columns={"a": "e"}))


# What goes wrong


def test_parameters_that_are_not_finite():
    X = np.finfo(float).max * np.random.RandomState(0).uniform(size=(10, 2))
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor().fit(X, np.arange(10))


def test_a_loss_that_diverges_with_early_stopping():
    model = MLPRegressor(
        activation="identity", solver="sgd", learning_rate_init=1, max_iter=20, early_stopping=True,
        random_state=0,
    ).fit(X_iris * 3 + 5, y_iris)  # fmt: skip
    assert np.isnan(model.validation_scores_[-1])
    assert type(model.validation_scores_[-1]) is float
    assert model.n_iter_ == len(model.loss_curve_) == 20
    assert np.isfinite(model.network_.parameters).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "newton"}, "The 'solver' parameter of MLPClassifier must be a str among"),
        ({"alpha": -1}, "The 'alpha' parameter of MLPClassifier must be a float in the range"),
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be > 0, got \[3, 0\]."),
        ({"missing": "median"}, "The 'missing' parameter of MLPClassifier must be a str among"),
        ({"activation": "step"}, r"\[activation\] expected .*relu.* got 'step'"),
        ({"activation": ("relu",) * 3}, "expected one for each of 1 hidden layers, got 3"),
        ({"loss": "poisson"}, r"\[loss\] expected a loss of classes, got 'poisson'"),
        ({"optimizer": "newton"}, r"\[optimizer\] expected"),
    ],
)
def test_parameters_are_refused_in_fit(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MLPClassifier(**settings).fit(X_iris, y_iris)


def test_a_batch_that_is_too_large_is_warned_of():
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample size"):
        MLPClassifier(batch_size=151, max_iter=1).fit(X_iris, y_iris)


def test_ctrl_c_ends_a_fit_in_peace():
    class Press:
        def after_epoch(self, run):
            if run.epoch == 2:
                raise KeyboardInterrupt

    model = MLPClassifier(callbacks=[Press()], random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X_iris, y_iris)
    assert model.n_iter_ == 3
    assert model.history_.status == "interrupted"
    assert model.predict(X_iris).shape == (150,)


def malformed(change):
    rows = sparse.csr_matrix(np.eye(4) + 1)
    rows.indptr, rows.indices = rows.indptr.copy(), rows.indices.copy()
    change(rows)
    return rows


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda rows: rows.indptr.__setitem__(0, 1), r"\[\w+\] expected X.indptr to ascend from 0"),
        (lambda rows: rows.indptr.__setitem__(-1, 100), "expected X.indptr to ascend from 0 to 16"),
        (lambda rows: rows.indices.__setitem__(3, 100), r"expected X.indices in \[0, 4\)"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_sparse_matrices_whose_parts_do_not_belong_together(change, text, options):
    rows, y = malformed(change), [0, 1, 0, 1]
    for kind in (MLPClassifier, MLPRegressor):
        with pytest.raises(ValueError, match=text):
            kind(max_iter=2, **options).fit(rows, y)
    model = MLPClassifier(max_iter=2, random_state=0).fit(np.eye(4), y)
    with pytest.raises(ValueError, match=text):
        model.predict(rows)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_too_few_rows_for_early_stopping_where_some_are_copies(kind):
    X, y = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [3.0, 4.0]]), [0, 0, 1, 1]
    text = "at least 3 different rows, 2 of them to be held out for early stopping, got 2; copies"
    with pytest.raises(ValueError, match=text):
        kind(early_stopping=True).fit(X, y)
    more = np.vstack([X, [[5.0, 6.0]]])
    most = kind(early_stopping=True, validation_fraction=0.9, max_iter=2, random_state=0)
    assert len(most.fit(more, [0, 0, 1, 1, 1]).validation_scores_) == 2


@pytest.mark.parametrize(
    ("kind", "name"), [(MLPClassifier, "log_loss"), (MLPRegressor, "squared_error")]
)
def test_messages_list_scikit_learns_loss_too(kind, name):
    with pytest.raises(ValueError, match=rf"expected loss to be one of {name}, mse, .* got 'l3'"):
        kind(loss="l3").fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match=rf"expected loss to be one of {name}, mse, .* got 3"):
        kind(loss=3).fit([[0.0], [1.0]], [0, 1])


def test_validation_data_and_metrics_that_are_none():
    with pytest.raises(TypeError, match=r"validation_data to be a pair .X, y. .* got .1,."):
        MLPClassifier(validation_data=(1,)).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match=r"expected metrics to be a sequence .* got 3"):
        MLPClassifier(metrics=3).fit([[0.0], [1.0]], [0, 1])


def test_a_sparse_array_of_one_dimension():
    with pytest.raises(ValueError, match=r"^Expected 2D input, got input with shape \(3,\)"):
        MLPClassifier().fit(sparse.coo_array(np.array([1.0, 0.0, 2.0])), [0, 1, 0])
