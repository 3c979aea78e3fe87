"""What the estimators have beyond scikit-learn's: parameters, targets, missing values."""

import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning

import wbcore as wb
from wbcore.sklearn import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = (X_iris - X_iris.mean(axis=0)) / X_iris.std(axis=0)
X_numbers, y_numbers = make_regression(90, 6, n_targets=2, noise=3.0, random_state=1)
y_numbers = y_numbers / y_numbers.std()


def fitted(**settings):
    return MLPClassifier(**{"random_state": 0, "max_iter": 20} | settings).fit(X_iris, y_iris)


def test_layers():
    model = fitted(
        hidden_layer_sizes=(8, 6, 4), activation=("tanh", "leaky_relu(0.2)", "logistic"),
        dropout=(0.1, 0, 0.25), max_iter=2,
    )  # fmt: skip
    assert model.network_.widths == (4, 8, 6, 4, 3)
    assert model.network_.activation_names == ("tanh", "leaky_relu(0.2)", "sigmoid", "softmax")
    assert [layer.dropout for layer in model.network_] == [0.1, 0, 0.25, 0]
    assert model.n_layers_ == 5
    assert fitted(hidden_layer_sizes=()).network_.widths == (4, 3)


def test_dropout_is_drawn_by_the_seed():
    one, other, third = (fitted(dropout=0.3, random_state=seed) for seed in (0, 0, 1))
    assert one.network_ == other.network_ != third.network_
    assert fitted(dropout=0.0).network_ != one.network_


def test_initial_parameters():
    model = fitted(initializer="he_uniform", learning_rate_init=1e-12, max_iter=1)
    assert abs(model.intercepts_[0]).max() < 1e-9
    assert abs(model.coefs_[0]).max() <= np.sqrt(6 / 4) + 1e-9
    assert abs(model.coefs_[0]).max() > 1.0
    model = fitted(bias_init=0.25, learning_rate_init=1e-12, max_iter=1)
    np.testing.assert_allclose(model.intercepts_[0], 0.25)
    assert abs(model.coefs_[0]).max() <= np.sqrt(6 / 104)
    prior = MLPClassifier(bias_init="prior", learning_rate_init=1e-12, max_iter=1)
    prior.fit(X_iris[40:120], y_iris[40:120])
    np.testing.assert_allclose(prior.predict_proba(X_iris)[0], np.array([10, 50, 20]) / 80)


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        ({"schedule": "cosine"}, False),
        ({"schedule": "one_cycle after warmup(3)"}, False),
        ({"schedule": "polynomial(0.01, 40)"}, False),
        ({"optimizer": "adam(cosine(0.01, 40))"}, False),
        ({"schedule": "polynomial(0.01, 41)"}, True),
        ({"schedule": wb.schedules.Cosine(0.01, 20, restarts=True)}, True),
        ({"schedule": "constant"}, True),
        ({"schedule": lambda step: 0.1 / step}, True),
        ({}, True),
    ],
)
def test_a_schedule_that_went_to_its_end_is_not_called_unconverged(options, warns):
    options |= {"max_iter": 20, "batch_size": 75}  # two steps an epoch
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fitted(**options)
    assert [warning.category for warning in said] == [ConvergenceWarning] * warns


def test_messages_name_the_parameter():
    with pytest.raises(
        ValueError, match=r"\[fit\] expected schedule to be one of constant.*'cosin'"
    ):
        fitted(schedule="cosin")
    with pytest.raises(ValueError, match=r"\[fit\] expected schedule to be one of .*'cosin\(1\)'"):
        fitted(schedule="cosin(1)")
    lacking = np.where(np.arange(4) == 1, np.nan, X_iris)
    for kind in (MLPClassifier, MLPRegressor):
        own = rf"(?s)^Input X contains NaN.*\nOr give {kind.__name__}\(missing='mean\+indicator'\)"
        with pytest.raises(ValueError, match=own):
            kind().fit(lacking, y_iris)
        model = kind(max_iter=2).fit(X_iris, y_iris)
        with pytest.raises(ValueError, match=own):
            model.predict(lacking)
    with pytest.raises(ValueError, match=r"^Input X contains infinity[^\n]*$"):
        MLPClassifier().fit(np.where(np.arange(4) == 1, np.inf, X_iris), y_iris)


def test_optimizers_and_schedules():
    model = fitted(optimizer=wb.AdamW(0.01), schedule="cosine(0.02, 20)")
    assert model.history_.learning_rate[0] == pytest.approx(0.02, rel=0.01)
    assert model.history_.learning_rate[-1] < 1e-3
    optimizer = wb.SGD(0.1)
    plain = fitted(optimizer=optimizer, schedule=lambda step: 0.1)
    assert plain.network_ == fitted(optimizer="sgd(0.1)").network_
    assert optimizer.learning_rate == 0.1  # as it was given
    assert optimizer.l2 == 0
    assert fitted(solver="sgd", schedule=wb.schedules.InverseScaling(0.1)).n_iter_ == 20


def test_an_optimizer_has_the_penalty_of_alpha():
    """Theirs is that of the solver: the same steps."""
    settings = {"alpha": 3.0, "batch_size": 40, "momentum": 0}
    own = fitted(optimizer=wb.SGD(0.05), **settings)
    solver = fitted(solver="sgd", learning_rate_init=0.05, **settings)
    assert own.network_ == solver.network_
    assert own.loss_curve_ == solver.loss_curve_
    assert fitted(optimizer=wb.SGD(0.05, l2=0.1), **settings).network_ != own.network_


def test_the_size_of_parameters():
    first = abs(fitted().coefs_[0]).sum()
    assert abs(fitted(l1=3.0).coefs_[0]).sum() < first
    assert (
        fitted(clip_norm=1e-9, solver="sgd").loss_curve_[-1] > fitted(solver="sgd").loss_curve_[-1]
    )


def test_what_a_clipped_norm_is_of():
    """Of the gradient as scikit-learn has it, whatever the loss is called here."""
    settings = {"solver": "sgd", "momentum": 0, "learning_rate_init": 1.0, "alpha": 0}
    settings |= {"max_iter": 1, "random_state": 0, "batch_size": 90}
    start = MLPRegressor(**settings | {"learning_rate_init": 1e-300}).fit(X_numbers, y_numbers)
    moved = MLPRegressor(clip_norm=0.01, **settings).fit(X_numbers, y_numbers)
    step = moved.network_.parameters - start.network_.parameters
    assert np.linalg.norm(step) == pytest.approx(0.01, rel=1e-9)


def test_class_weights():
    y = np.where(y_iris == 2, "rare", "common")
    keep = np.r_[0:105]
    plain, balanced, named = (
        MLPClassifier(5, random_state=0, max_iter=60, class_weight=weight).fit(
            X_iris[keep], y[keep]
        )
        for weight in (None, "balanced", {"rare": 10.5, "common": 0.525})
    )
    assert (plain.predict(X_iris) == "rare").sum() < (balanced.predict(X_iris) == "rare").sum()
    np.testing.assert_allclose(balanced.loss_curve_, named.loss_curve_, rtol=1e-12)
    weights = np.where(y[keep] == "rare", 10.5, 0.525)
    by_rows = MLPClassifier(5, random_state=0, max_iter=60).fit(X_iris[keep], y[keep], weights)
    assert by_rows.network_ == named.network_


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_class_weights_of_other_classes(kind):
    """scikit-learn's rule: a label too many, where a class has no weight, is a mistake."""
    y = np.array(["no", "yes"])[(y_iris == 1).astype(int)]
    for given in ({"yse": 50.0}, {"yse": 50.0, "no": 1.0}):
        with pytest.raises(
            ValueError, match=r"^The classes, \[.*'yes'\], are not in class_weight$"
        ):
            kind(2, class_weight=given).fit(X_iris, y)
    decisions = [{5: 1.0, 3: 2.0}, None]
    with pytest.raises(ValueError, match=r"^The classes, \[\d.*\], are not in class_weight$"):
        kind(2, class_weight=decisions).fit(X_iris, Y_decisions)
    length = {"max_iter" if kind is MLPClassifier else "epochs": 20}
    one, other = (
        kind(2, class_weight=given, random_state=0, **length).fit(X_iris, y).predict_proba(X_iris)
        for given in ({"yes": 5.0}, {"yes": 5.0, "no": 1.0, "perhaps": 3.0})
    )
    np.testing.assert_array_equal(one, other)


def test_class_weights_of_classes_that_a_batch_lacks():
    model = MLPClassifier(2, class_weight={2: 5.0})
    model.partial_fit(X_iris[:50], y_iris[:50], classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"^The classes, \[0, 1, 2\], are not in class_weight$"):
        MLPClassifier(2, class_weight={7: 5.0}).partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    many = np.array([[0, 0], [1, 0]] * 20)  # nobody has the second
    MLPClassifier(2, class_weight=[{1: 2.0}, {1: 2.0}], max_iter=2).fit(X_iris[:40], many)


def test_weights_multiply():
    weights = np.arange(150) % 4 + 0.5
    both = MLPClassifier(3, class_weight={0: 2.0}, max_iter=3, random_state=0)
    rows = MLPClassifier(3, max_iter=3, random_state=0)
    both.fit(X_iris, y_iris, weights)
    rows.fit(X_iris, y_iris, weights * np.where(y_iris == 0, 2, 1))
    assert both.network_ == rows.network_


def test_validation_data_metrics_and_callbacks():
    seen = []

    class Watch:
        def after_epoch(self, run):
            seen.append((run.epoch, run.history.val_loss[-1]))
            return run.epoch == 6

    model = MLPClassifier(
        random_state=0, validation_data=(X_iris[::3], y_iris[::3]), early_stopping=True,
        metrics=["accuracy", {"rows": lambda outputs, y: float(len(y))}], callbacks=[Watch()],
    )  # fmt: skip
    model.fit(X_iris[1::3], y_iris[1::3])
    history = model.history_
    assert model.n_iter_ == len(seen) == len(history) == 7
    assert [loss for _, loss in seen] == history.val_loss
    assert history.val_rows == [50.0] * 7
    np.testing.assert_allclose(model.validation_scores_, history.val_accuracy)
    assert model.score(X_iris[::3], y_iris[::3]) == model.best_validation_score_
    assert history.status == "stopped"


def test_the_loss_of_validation_data_has_the_class_weights_of_training():
    settings = {"validation_data": (X_iris[:70], y_iris[:70]), "max_iter": 2, "random_state": 0}
    one = MLPClassifier(class_weight="balanced", **settings).fit(X_iris[20:], y_iris[20:])
    table = {c: 130 / (3 * n) for c, n in zip((0, 1, 2), (30, 50, 50), strict=True)}
    other = MLPClassifier(class_weight=table, **settings).fit(X_iris[20:], y_iris[20:])
    np.testing.assert_allclose(one.history_.val_loss, other.history_.val_loss, rtol=1e-12)


LOSSES = {
    "cross_entropy(0.1)": "softmax", "focal": "logistic", "binary_cross_entropy": "logistic",
    "squared_hinge": "identity", "hinge": "identity", "mse": "softmax", "kl_divergence": "softmax",
}  # fmt: skip


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_classes(loss, classes):
    rows = slice(0, 50 * classes)
    model = MLPClassifier(loss=loss, max_iter=60, random_state=0, learning_rate_init=0.02)
    model.fit(X_iris[rows], y_iris[rows])
    assert model.score(X_iris[rows], y_iris[rows]) > 0.9
    expected = "logistic" if loss == "mse" and classes == 2 else LOSSES[loss]
    assert model.out_activation_ == expected
    assert hasattr(model, "predict_proba") == ("hinge" not in loss)
    if "hinge" not in loss:
        proba = model.predict_proba(X_iris[rows])
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert np.array_equal(model.classes_[proba.argmax(axis=1)], model.predict(X_iris[rows]))


@pytest.mark.parametrize("loss", ["huber(0.5)", "mae", wb.losses.LogCosh(), "squared_error"])
def test_losses_of_numbers(loss):
    model = MLPRegressor(loss, max_iter=200, random_state=0, learning_rate_init=0.02)
    assert model.fit(X_numbers, y_numbers).score(X_numbers, y_numbers) > 0.9
    if loss != "squared_error":
        penalty = model.history_.penalty[-1]
        assert model.loss_ == pytest.approx(model.history_.loss[-1] + penalty, 1e-12)


def test_a_loss_of_ones_own():
    def squares(outputs, targets):
        d = outputs - targets
        return (d**2).mean(), 2 * d / d.size

    own = MLPRegressor(squares, max_iter=5, random_state=0).fit(X_numbers, y_numbers)
    ours = MLPRegressor("mse", max_iter=5, random_state=0).fit(X_numbers, y_numbers)
    np.testing.assert_allclose(own.loss_curve_, ours.loss_curve_, rtol=1e-12)


# Several decisions a row


Y_decisions = np.stack([y_iris, (X_iris[:, 0] > 0) * 2 + 3], axis=1)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_several_decisions(solver):
    model = MLPClassifier(20, solver=solver, random_state=0, max_iter=150, learning_rate_init=0.02)
    model.fit(X_iris, Y_decisions)
    assert [c.tolist() for c in model.classes_] == [[0, 1, 2], [3, 5]]
    assert model.network_.widths[-1] == 5
    assert model.n_outputs_ == 2
    predicted = model.predict(X_iris)
    assert (predicted == Y_decisions).mean(axis=0).min() > 0.95
    assert model.score(X_iris, Y_decisions) == (predicted == Y_decisions).all(axis=1).mean()
    first, second = model.predict_proba(X_iris)
    assert first.shape == (150, 3)
    assert np.array_equal(np.array([3, 5])[second.argmax(axis=1)], predicted[:, 1])
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(model.predict_log_proba(X_iris)[0], np.log(first))
    assert pickle.loads(pickle.dumps(model)).network_ == model.network_


def test_one_decision_of_several_trains_as_alone():
    """The softmax of one decision beside another of one class alone is that of one."""
    Y = np.stack([y_iris, np.zeros(150)], axis=1)
    Y[0, 1] = 1
    weights = np.r_[0.0, np.arange(149) % 3 + 1.0]  # the row of the other class counts nothing
    settings = {"max_iter": 8, "batch_size": 50, "shuffle": False, "initializer": "zeros"}
    several = MLPClassifier((), **settings).fit(X_iris, Y, weights)
    alone = MLPClassifier((), **settings).fit(X_iris, y_iris, weights)
    np.testing.assert_allclose(several.coefs_[0][:, :3], alone.coefs_[0], rtol=1e-9, atol=1e-12)


def test_partial_fits_of_several_decisions():
    model = MLPClassifier(10, random_state=0)
    model.partial_fit(X_iris[:5], Y_decisions[:5], classes=[[0, 1, 2], [3, 5]])
    model.partial_fit(X_iris[100:], Y_decisions[100:])
    assert [len(c) for c in model.classes_] == [3, 2]
    with pytest.raises(ValueError, match=r"not in `self.classes_\[1\]`: \[4"):
        model.partial_fit(X_iris[:2], [[0, 4], [1, 3]])


def test_strings_of_several_decisions():
    Y = np.stack([np.array(["x", "yy", "z"])[y_iris], np.where(X_iris[:, 0] > 0, "p", "q")], axis=1)
    model = MLPClassifier(20, solver="lbfgs", random_state=0).fit(X_iris, Y)
    assert (model.predict(X_iris) == Y).mean() > 0.95


# Missing values


def with_gaps():
    X = X_iris.copy()
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.1] = np.nan
    X[:, 3] = X_iris[:, 3]
    return X


@pytest.mark.parametrize("is_sparse", [False, True])
def test_missing_values(is_sparse):
    X = with_gaps()
    given = sparse.csr_matrix(X) if is_sparse else X
    settings = {"random_state": 0, "max_iter": 20}
    with pytest.raises(ValueError, match="contains NaN"):
        MLPClassifier(**settings).fit(given, y_iris)
    gaps = np.isnan(X)
    filled = np.where(gaps, np.nanmean(X, axis=0), X)
    model = MLPClassifier(missing="mean", **settings).fit(given, y_iris)
    plain = MLPClassifier(**settings).fit(filled, y_iris)
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(given), plain.predict_proba(filled), rtol=1e-7)
    with pytest.raises(ValueError, match="contains infinity"):
        model.predict(np.where(gaps, np.inf, X))

    flagged = MLPClassifier(missing="mean+indicator", **settings).fit(given, y_iris)
    assert flagged.n_features_in_ == 4
    assert flagged.network_.widths[0] == 7
    both = np.hstack([filled, gaps[:, :3]])
    plain = MLPClassifier(**settings).fit(both, y_iris)
    np.testing.assert_allclose(flagged.predict_proba(given), plain.predict_proba(both), rtol=1e-7)
    again = pickle.loads(pickle.dumps(flagged))
    assert np.array_equal(again.predict_proba(given), flagged.predict_proba(given))


def test_means_are_those_of_the_first_fit_by_its_weights():
    X = np.array([[1.0], [3.0], [np.nan], [np.nan]])
    model = MLPRegressor(missing="mean", max_iter=1).fit(X, [1, 2, 3, 4], [3, 1, 1, 1])
    assert model.predict([[np.nan]]) == model.predict([[1.5]])
    model.partial_fit([[7.0]], [1])
    assert model.predict([[np.nan]]) == model.predict([[1.5]])
    empty = clone(model).fit(np.full((4, 1), np.nan), [1, 2, 3, 4])
    assert empty.predict([[np.nan]]) == empty.predict([[0.0]])


# Weights of rows


@pytest.mark.parametrize("settings", [{"early_stopping": True}, {"dropout": 0.2}])
def test_a_weight_of_two_is_a_row_twice(settings):
    """Also where rows are drawn: what is held out, and what dropout leaves out."""
    weights = np.random.RandomState(0).randint(0, 4, size=60)
    X, y = X_iris[45:105], y_iris[45:105] > 0
    settings = {"random_state": 0, "max_iter": 15, "validation_fraction": 0.3} | settings
    order = np.random.RandomState(1).permutation(60)
    weighed = MLPClassifier(**settings).fit(X[order], y[order], weights[order])
    repeated = MLPClassifier(**settings).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert weighed.network_ == repeated.network_
    assert weighed.validation_scores_ == repeated.validation_scores_


def test_threads_and_types():
    one, two = (fitted(n_threads=n, hidden_layer_sizes=(64, 64)) for n in (1, 2))
    assert one.network_ == two.network_
    model = fitted(dtype="float32")
    assert model.network_.dtype == np.float32
    assert model.predict_proba(X_iris).dtype == np.float64


def test_progress(capsys):
    fitted(progress=True, max_iter=2)
    assert "epoch" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_parameters_that_are_arrays_or_classes_are_refused(kind):
    objects = np.array([None, len], object)
    arrays = [objects, np.zeros((2, 3, 4)), sparse.csr_array(np.eye(3)), np.zeros(3, [("a", int)])]
    cases = [
        ("loss", [*arrays, np.array("mse"), wb.losses.MSE], "loss"),
        ("bias_init", [*arrays, int, wb.Network], "Dense"),
        ("initializer", [*arrays, int, wb.losses.MSE], "Dense"),
        ("metrics", [np.array(3), *arrays, [[1], [1, 2]]], "[a-z_]+"),
        ("callbacks", [np.array(3), objects, [1], {"a": 1}, wb.Network.mlp([1, 1])], "fit"),
        ("clip_norm", [10**400], "fit"),
        ("l1", [10**400], "fit"),
    ]
    for name, values, operation in cases:
        for value in values:
            with pytest.raises((TypeError, ValueError), match=rf"^\[({operation})\] .*expected "):
                kind(hidden_layer_sizes=2, max_iter=1, **{name: value}).fit(X_iris, y_iris)


def test_validation_data_that_are_no_such_rows_are_named():
    X, y = X_iris, y_iris
    for given in (
        (1, 2),
        (None, y),
        (X, None),
        (X[:, :2], y),
        (X, y[:7]),
        ("a", "b"),
        ([[1]], [0]),
    ):
        for kind in (MLPClassifier, MLPRegressor):
            with pytest.raises(
                (TypeError, ValueError), match=r"^\[fit\] expected validation_data to"
            ):
                kind(hidden_layer_sizes=2, max_iter=1, validation_data=given).fit(X, y)


def test_class_weights_of_one_decision_are_no_list():
    with pytest.raises(
        TypeError, match=r"^\[fit\] expected class_weight to be a dict or 'balanced'"
    ):
        MLPClassifier(2, max_iter=1, class_weight=[{0: 1.0}]).fit(X_iris, y_iris)


@pytest.mark.parametrize("weight", ["x", None, [1], object(), 1j, 10**400, np.ones(2)])
def test_class_weights_that_are_no_numbers_are_named(weight):
    text = r"^\[fit\] expected the weight of class 1 in class_weight to be a number, got "
    for given, y in (({1: weight}, y_iris), ([None, {1: weight}], Y_decisions)):
        for kind in (MLPClassifier, TabularClassifier):
            with pytest.raises((TypeError, ValueError), match=text):
                kind(2, class_weight=given).fit(X_iris, y)
    for each in (1, "x", [{1: 2.0}]):
        with pytest.raises(
            TypeError, match=r"^\[fit\] expected each of class_weight to be a dict, "
        ):
            MLPClassifier(2, class_weight=["balanced", each]).fit(X_iris, Y_decisions)


def test_classes_that_are_no_list_are_refused():
    for classes in (np.array(3), wb.Network, 5, "ab", len):
        with pytest.raises(
            TypeError, match=r"^\[partial_fit\] expected classes to be a list of lab"
        ):
            MLPClassifier(2).partial_fit(X_iris, y_iris, classes=classes)


@pytest.mark.parametrize(
    "name",
    ["alpha", "epsilon", "tol", "learning_rate_init", "n_iter_no_change", "max_iter", "l1"],
)
def test_whole_numbers_that_no_float_can_be_are_refused(name):
    with pytest.raises(ValueError, match=rf"\[fit\] expected {name} to be below 2\*\*63, got 1000"):
        MLPRegressor(**{name: 10**400}).fit(np.eye(3), np.arange(3))


def test_widths_beyond_any_memory_are_refused():
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be < 2\*\*63, got \[1000"):
        MLPRegressor(hidden_layer_sizes=[10**400]).fit(np.eye(3), np.arange(3))


@pytest.mark.parametrize("kind", [MLPRegressor, TabularRegressor])
def test_sparse_targets_of_numbers_are_refused(kind):
    y = sparse.csr_matrix(np.ones((4, 2)))
    with pytest.raises(TypeError, match=r"expected y as an array.* csr_matrix; pass y.toarray\(\)"):
        kind().fit(np.eye(4), y)


def test_weights_that_are_too_large_together_are_named_together():
    model = MLPClassifier(class_weight="balanced")
    with pytest.raises(ValueError, match=r"sample_weight times class_weight up to 1e\+18, got 2e"):
        model.fit(np.eye(4), [0, 1, 1, 1], sample_weight=np.full(4, 1e18))


def test_a_row_that_counts_nothing_adds_no_column():
    X = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, 0.0], [0.5, 1.5]])
    y, weights = [0, 1, 0, 1], [1.0, 0.0, 1.0, 1.0]
    settings = {"missing": "mean+indicator", "max_iter": 2, "random_state": 0}
    kept = [0, 2, 3]
    model = MLPClassifier(**settings).fit(X, y, sample_weight=weights)
    without = MLPClassifier(**settings).fit(X[kept], np.array(y)[kept])
    assert model.network_.widths == without.network_.widths == (2, 100, 1)


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
@pytest.mark.parametrize("labels", [(1, "a"), ("b", 3, "a")])
def test_labels_of_texts_and_numbers(kind, labels):
    which = y_iris % len(labels)
    y = np.array(labels, object)[which]
    model = kind(random_state=0).fit(X_iris, y)
    assert model.classes_.tolist() == sorted(labels, key=lambda one: (isinstance(one, str), one))
    places = np.array([model.classes_.tolist().index(label) for label in labels])
    plain = kind(random_state=0).fit(X_iris, places[which])
    np.testing.assert_array_equal(model.predict_proba(X_iris), plain.predict_proba(X_iris))
    np.testing.assert_array_equal(model.predict(X_iris), model.classes_[plain.predict(X_iris)])
    assert model.score(X_iris, y) == plain.score(X_iris, places[which]) > 0.6
    again = pickle.loads(pickle.dumps(model))
    assert again.score(X_iris, y) == model.score(X_iris, y)
    for weight in ("balanced", {labels[0]: 3.0}):
        numbers = weight if weight == "balanced" else {places[0]: 3.0}
        one = kind(class_weight=weight, validation_data=(X_iris, y), random_state=0).fit(X_iris, y)
        other = kind(class_weight=numbers, random_state=0).fit(X_iris, places[which])
        np.testing.assert_array_equal(one.predict_proba(X_iris), other.predict_proba(X_iris))
    with pytest.raises(
        ValueError, match=r"others: `y` has classes not|expected the classes of the"
    ):
        kind(validation_data=(X_iris, np.where(which == 0, "c", y))).fit(X_iris, y)
    for gap in (None, np.nan):
        with pytest.raises(ValueError, match="contains NaN"):
            kind().fit(X_iris, np.where(which == 1, gap, y))
    with pytest.raises(
        ValueError, match=r"expected y to be texts, whole numbers or both, got 1\.5$"
    ):
        kind().fit(X_iris, np.array(["a", 1.5], object)[which % 2])


def test_partial_fits_to_labels_of_texts_and_numbers():
    y = np.array([3, "b", "a"], object)[y_iris]
    model, plain = MLPClassifier(3, random_state=0), MLPClassifier(3, random_state=0)
    model.partial_fit(X_iris[:50], y[:50], classes=["a", 3, "b"])
    plain.partial_fit(X_iris[:50], y_iris[:50] * 0, classes=[0, 1, 2])
    for rows in (slice(None), slice(50, 60)):  # these are all texts
        model.partial_fit(X_iris[rows], y[rows], classes=np.array(["b", "a", 3], object))
        plain.partial_fit(X_iris[rows], np.array([0, 2, 1])[y_iris][rows])
    np.testing.assert_array_equal(model.predict_proba(X_iris), plain.predict_proba(X_iris))
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit, was"):
        model.partial_fit(X_iris, y, classes=["a", 3])
    with pytest.raises(ValueError, match=r"has classes not in `self\.classes_`"):
        model.partial_fit(X_iris, np.where(y == "a", 4, y))
    warm = MLPClassifier(3, warm_start=True, max_iter=2).fit(X_iris, y).fit(X_iris, y)
    with pytest.raises(ValueError, match="can only be used where `y` has the same classes"):
        warm.fit(X_iris[:50], y[:50])


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_decisions_of_texts_and_of_numbers(kind, tmp_path):
    texts, numbers = np.array(["x", "y", "z"])[y_iris], (X_iris[:, 0] > 0) * 2 + 3
    mixed = np.array([1, "a"], object)[(X_iris[:, 1] > 0).astype(int)]
    y = np.stack([texts.astype(object), numbers, mixed], axis=1)
    options = {"random_state": 0, "class_weight": [{"x": 2.0}, None, "balanced"]}
    model = kind(validation_data=(X_iris, y), **options).fit(X_iris, y)
    assert [each.tolist() for each in model.classes_] == [["x", "y", "z"], [3, 5], [1, "a"]]
    assert model.score(X_iris, y) > 0.85
    assert [type(label) for label in model.predict(X_iris)[0]] == [str, int, type(mixed[0])]
    options["class_weight"] = [{0: 2.0}, None, "balanced"]
    coded = np.stack([y_iris, numbers, mixed == "a"], axis=1)
    plain = kind(**options).fit(X_iris, coded)
    for one, other in zip(model.predict_proba(X_iris), plain.predict_proba(X_iris), strict=True):
        np.testing.assert_array_equal(one, other)
    if kind is TabularClassifier:
        model.save(tmp_path / "m")
        np.testing.assert_array_equal(
            kind.load(tmp_path / "m").predict(X_iris), model.predict(X_iris)
        )
    with pytest.raises(ValueError, match=r"classes not in .*4|expected the classes of the fit.*4"):
        kind(validation_data=(X_iris, np.where(y == 5, 4, y))).fit(X_iris, y)
    y[7, 1] = 1.5
    with pytest.raises(
        ValueError, match=r"expected y to be texts, whole numbers or both, got 1\.5$"
    ):
        kind().fit(X_iris, y)


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_metrics_of_several_decisions(kind):
    def cost(outputs, targets):
        return float(outputs.shape[1] * targets.shape[1])

    length = {"max_iter" if kind is MLPClassifier else "epochs": 2}
    for given in (["accuracy"], "roc_auc", ["penalty", wb.metrics.TopK(2)]):
        with pytest.raises(ValueError, match=r"expected metrics to be 'penalty', or functions of "):
            kind(metrics=given, **length).fit(X_iris, Y_decisions)
    model = kind(metrics=["penalty", cost], **length).fit(X_iris, Y_decisions)
    assert model.history_.cost == [10.0, 10.0]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_several_decisions_begin_at_the_prior(early_stopping):
    model = MLPClassifier(
        bias_init="prior", max_iter=1, learning_rate_init=1e-9, early_stopping=early_stopping
    )
    found = model.fit(X_iris, Y_decisions).predict_proba(X_iris)
    for column, shares in zip(Y_decisions.T, found, strict=True):
        counts = np.unique(column, return_counts=True)[1]
        np.testing.assert_allclose(shares - counts / 150, 0, atol=0.04 if early_stopping else 1e-6)


@pytest.mark.parametrize("y", [y_iris, (y_iris == 1).astype(int), Y_decisions])
@pytest.mark.parametrize("weights", [None, np.arange(150) % 4 + 0.5])
def test_lbfgs_begins_at_the_prior(y, weights):
    options = {"bias_init": "prior", "random_state": 0, "max_iter": 1}
    lbfgs = MLPClassifier(solver="lbfgs", max_fun=1, **options).fit(X_iris, y, weights)
    adam = MLPClassifier(learning_rate_init=1e-9, **options).fit(X_iris, y, weights)
    np.testing.assert_allclose(lbfgs.intercepts_[-1], adam.intercepts_[-1], atol=1e-6)


def test_lbfgs_of_numbers_begins_at_the_mean():
    options = {"bias_init": "prior", "solver": "lbfgs", "max_fun": 1}
    model = MLPRegressor(**options).fit(X_iris, y_iris + 5.0)
    np.testing.assert_allclose(model.intercepts_[-1], 6.0)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_prior_beside_a_loss_of_ones_own_is_refused(kind):
    def squares(outputs, targets):
        return float(np.mean((outputs - targets) ** 2)), 2 * (outputs - targets) / outputs.size

    with pytest.raises(
        ValueError, match=r"^\[fit\] expected bias_init to be None, a number or an "
    ):
        kind(loss=squares, bias_init="prior").fit(X_iris, y_iris == 1)


@pytest.mark.parametrize("kind", [MLPRegressor, TabularRegressor])
def test_several_quantiles_want_a_column_each(kind):
    y, loss = X_iris[:, 0], wb.losses.Quantile(0.1, 0.5, 0.9)
    text = (
        r"^\[loss\] expected one quantile, since .* y has 1, got 'quantile\(0\.1, 0\.5, 0\.9\)'; "
    )
    with pytest.raises(ValueError, match=text):
        kind(loss=loss).fit(X_iris, y)
    found = kind(loss=loss, random_state=0).fit(X_iris[:, 1:], np.repeat(np.c_[y], 3, axis=1))
    below = (np.c_[y] < found.predict(X_iris[:, 1:])).mean(axis=0)
    np.testing.assert_allclose(below, [0.1, 0.5, 0.9], atol=0.1)


ESTIMATORS = (MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda it: it.__name__)
def test_a_subclass_has_parameters_of_its_own(estimator):
    """Fewer, more, or any: as of scikit-learn's estimators."""
    epochs = "max_iter" if estimator in (MLPClassifier, MLPRegressor) else "epochs"
    sizes = "hidden_layer_sizes"

    class Fewer(estimator):
        def __init__(self, random_state=None):
            super().__init__(random_state=random_state, **{sizes: (8,), epochs: 3})

    class More(estimator):
        def __init__(self, units=8, random_state=None):
            super().__init__(random_state=random_state, **{sizes: (units,), epochs: 3})
            self.units = units

    class Any(estimator):
        def __init__(self, **parameters):
            super().__init__(**parameters)

    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(int)
    plain = estimator(random_state=0, **{sizes: (8,), epochs: 3}).fit(X, y)
    for made in (Fewer(0), More(8, 0), Any(random_state=0, **{sizes: (8,), epochs: 3})):
        assert made.fit(X, y).network_ == plain.network_
    assert More(4).get_params() == {"units": 4, "random_state": None}
    assert clone(More(4, 0)).fit(X, y).network_.widths[:2] == (3, 4)
    found = wb.search(More(random_state=0), {"units": [2, 5]}, X, y, cv=2)
    assert found.best_estimator_.units in (2, 5, 8)
    assert len(found.table["score"]) == 3


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_biases_that_are_an_array(solver):
    """Of all layers, which are equally wide here."""
    X, Y = X_iris[:, :2], X_iris[:, 2:]
    settings = {"hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0, "solver": solver}
    given = MLPRegressor(bias_init=np.array([0.5, 0.5]), **settings).fit(X, Y)
    number = MLPRegressor(bias_init=0.5, **settings).fit(X, Y)
    assert given.network_ == number.network_
