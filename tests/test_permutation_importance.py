"""Permutation importance: the numbers of its definition, and when it refuses to rank."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse, stats
from sklearn import inspection

import wbcore as wb
from wbcore.inspect import PermutationImportance, permutation, permutation_importance, scoring


@pytest.fixture(scope="module")
def trained():
    """A network of two classes that depend on x1, and on the product of x2 and x3."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 5))
    y = (X[:, 1] + X[:, 2] * X[:, 3] > 0).astype(int)
    net = wb.Network.mlp([5, 16, 2], seed=0)
    net.fit(X[:600], y[:600], loss="cross_entropy", optimizer="adam(0.02)", epochs=12)
    return net, X[600:], y[600:], (X[:600], y[:600])


def test_the_numbers_of_the_definition(trained):
    net, X, y, _ = trained
    found = permutation_importance(net, X, y, n_repeats=3, seed=7)
    accuracy = (net.predict(X).argmax(axis=1) == y).mean()
    assert found.score == accuracy
    for feature in range(5):
        for r in range(3):
            permuted = X.copy()
            permuted[:, feature] = X[wb.random.permutation(len(X), 7, r), feature]
            there = (net.predict(permuted).argmax(axis=1) == y).mean()
            assert found.importances[feature, r] == accuracy - there
    assert (found.importances_mean == found.importances.mean(axis=1)).all()
    assert (found.importances_std == found.importances.std(axis=1)).all()
    more = permutation_importance(net, X, y, n_repeats=4, seed=7)
    assert (more.importances[:, :3] == found.importances).all()
    other = permutation_importance(net, X, y, n_repeats=3, seed=8)
    assert (other.importances != found.importances).any()


def test_scikit_learn_finds_the_same(trained):
    net, X, y, _ = trained

    def score(_, X, y):
        return (net.predict(X).argmax(axis=1) == y).mean()

    class Estimator:
        def fit(self):
            """Scikit-learn asks for it."""

    theirs = inspection.permutation_importance(
        Estimator(), X, y, scoring=score, n_repeats=20, random_state=0
    )
    ours = permutation_importance(net, X, y, n_repeats=20)
    # means of 20 draws each, so that five standard errors of both are far
    off = 5 * np.hypot(ours.importances_std, theirs.importances_std) / np.sqrt(20)
    assert (np.abs(ours.importances_mean - theirs.importances_mean) <= off + 1e-12).all()
    assert {"importances", "importances_mean", "importances_std"} <= vars(ours).keys()


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"])
def test_every_metric_of_ours(trained, metric):
    net, X, y, _ = trained
    found = permutation_importance(net, X, y, metric=metric, n_repeats=2)
    assert found.score == net.evaluate(X, y, loss="cross_entropy", metrics=[metric])[metric]
    assert found.metric == metric
    assert found.importances_mean.argmax() in (1, 2, 3)  # also of those that fall
    assert found.importances_mean.max() > 0.05


@pytest.mark.parametrize(
    ("metric", "name"),
    [(None, "r2"), ("rmse", "rmse"), (wb.metrics.MAE(), "mae"), ("loss", "loss")],
)
def test_numbers(metric, name):
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = wb.Network.mlp([3, 4, 2], "tanh", output_activation="tanh", seed=0)
    y = net.predict(X)
    found = permutation_importance(net, X, y, metric=metric, loss="huber(0.5)", n_repeats=2)
    assert found.metric == name
    assert found.score == (1 if name == "r2" else 0)
    assert (found.importances > 0).all()


def test_a_feature_of_no_weight_has_none():
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = wb.Network.mlp([3, 4, 1], seed=0)
    net[0].weights[1] = 0
    found = permutation_importance(net, X, net.predict(X), loss="mse")
    assert found.importances[1].tolist() == [0.0] * 10
    assert found.interval[1].tolist() == [0.0, 0.0]
    assert found.ranking[-1] == "x1"


def test_functions_are_metrics(trained):
    net, X, y, _ = trained

    def right(outputs, y):
        return (outputs.argmax(axis=1) == y).mean()

    of_network = permutation_importance(net, X, y, metric=right, n_repeats=2)
    assert of_network.metric == "right"
    of_function = permutation_importance(net.freeze(), X, y, metric=right, n_repeats=2)
    assert (of_function.importances == of_network.importances).all()
    ours = permutation_importance(net, X, y, metric="accuracy", n_repeats=2)
    assert (of_network.importances == ours.importances).all()

    falls = permutation_importance(
        net, X, y, metric=lambda a, y: 1 - right(a, y), n_repeats=2, greater_is_better=False
    )
    assert falls.importances == pytest.approx(of_network.importances, abs=1e-12)
    assert falls.ranking == of_network.ranking


def test_columns_of_a_group_move_together(trained):
    net, X, y, _ = trained
    found = permutation_importance(net, X, y, groups={"a": [0, "x2"], "b": [4]}, n_repeats=1)
    order = wb.random.permutation(len(X), 0, 0)
    permuted = X.copy()
    permuted[:, [0, 2]] = X[order][:, [0, 2]]
    right = [(net.predict(rows).argmax(axis=1) == y).mean() for rows in (X, permuted)]
    assert found.feature_names == ("a", "b")
    assert found.importances[0, 0] == right[0] - right[1]
    numbered = permutation_importance(net, X, y, groups=np.array([0, 1, 0, 1, 1]), n_repeats=1)
    assert numbered.feature_names == ("x0+x2", "x1+x3+x4")
    assert numbered.importances[0, 0] == found.importances[0, 0]


def test_bits_depend_on_the_arguments_alone(trained, monkeypatch):
    """Neither on threads and blocks, nor on the form that X comes in; and nothing changes."""
    net, X, y, _ = trained
    X = np.where(np.abs(X) < 0.5, 0, X)
    before, rows = net.copy(), X.copy()
    found = permutation_importance(net, X, y, metric="log_loss", n_repeats=2)
    with wb.num_threads(1):
        again = permutation_importance(net, X, y, metric="log_loss", n_repeats=2)
    assert (again.importances == found.importances).all()
    assert (again.interval == found.interval).all()
    assert again.p_value == found.p_value
    monkeypatch.setattr(scoring, "_AT_ONCE", 5 * 7)
    of_sparse = sparse.csr_matrix(X)
    for form in (X, of_sparse, X[:, ::-1][:, ::-1], wb.Scaled(X * 4, 0.25)):
        other = permutation_importance(net, form, y, metric="log_loss", n_repeats=2)
        assert (other.importances == found.importances).all()
    assert net == before
    assert (rows == X).all()


def test_a_view_is_permuted_before_it_is_standardized(trained):
    net, X, y, _ = trained
    view = wb.Standardized(X)
    found = permutation_importance(net, view, y, metric="log_loss", n_repeats=2)
    other = permutation_importance(net, np.asarray(view), y, metric="log_loss", n_repeats=2)
    assert found.importances == pytest.approx(other.importances, abs=1e-6)


@pytest.mark.uninstrumented
def test_x_is_never_copied_whole():
    X = np.random.default_rng(0).normal(size=(4000, 1500)).astype(np.float32)  # 24 MB
    net = wb.Network.mlp([1500, 4, 1], seed=0)
    y = net.predict(X)
    tracemalloc.start()
    permutation_importance(net, X, y, loss="mse", groups=[[0], list(range(1, 1500))], n_repeats=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 12e6


def test_the_interval_is_that_of_the_rows():
    """Of pairs of a row and another's value; that of 4000 rows is known by both parts of it."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 1))
    net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    y = X[:, 0] + rng.normal(size=4000)
    found = permutation_importance(net, X, y, metric="mse", loss="mse", n_repeats=10)
    # (x' - y)^2 - (x - y)^2, its mean over x' for each row, and over rows for each x'
    x, error = X[:, 0], y - X[:, 0]
    of_rows = (1 + y**2) - error**2
    of_values = x**2 + 2 - 1
    error = np.std(of_rows + of_values) / np.sqrt(4000)
    half = np.diff(found.interval[0])[0] / 2
    # the root of chi-squared of 9 degrees over 9 lies in this range but once in a thousand times
    low, high = np.sqrt(stats.chi2.ppf([0.0005, 0.9995], 9) / 9)
    assert low < half / (stats.t.ppf(0.975, 9) * error) < high
    assert found.interval.mean() == pytest.approx(found.importances_mean[0])
    assert found.interval[0, 0] < 2 < found.interval[0, 1]  # E (x' - x)^2


def test_the_interval_holds_what_all_rows_there_are_would_give():
    """A squared error grows by 2 b^2 for a coefficient b of normal columns: in 95 % of samples."""
    coefficients = np.array([1.0, 0.5, 0.1])
    held = np.zeros(3)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(200, 3))
        y = X @ coefficients + 0.5 * rng.normal(size=200)
        found = permutation_importance(lambda rows: rows @ coefficients, X, y, metric=squares,
                                       greater_is_better=False, seed=seed)  # fmt: skip
        low, high = found.interval.T
        held += (low <= 2 * coefficients**2) & (2 * coefficients**2 <= high)
    assert (held >= 184).all()
    assert held.mean() <= 198


def squares(outputs, targets):
    return np.mean((outputs - targets) ** 2)


def test_the_constant_is_students_t():
    assert stats.t.ppf(0.975, permutation._PARTS - 1) == pytest.approx(permutation._T, rel=1e-9)


def test_no_ranking_where_chance_does_as_well(trained):
    net, X, y, _ = trained
    shuffled = y[wb.random.permutation(len(y), 3)]
    found = permutation_importance(net, X, shuffled)
    assert not found.better_than_chance
    assert found.p_value > 0.01
    assert found.chance == pytest.approx(0.5, abs=0.03)
    with pytest.raises(
        ValueError, match=r"^\[ranking\] expected a score that shuffled targets giv"
    ):
        _ = found.ranking
    assert found.table()["feature"] == ["x0", "x1", "x2", "x3", "x4"]
    assert "Not ranked: expected a score" in str(found)

    sure = permutation_importance(net, X, y)
    assert (sure.better_than_chance, sure.p_value) == (True, 1 / 200)
    assert sure.ranking[0] in ("x1", "x2", "x3")
    assert set(sure.ranking[-2:]) == {"x0", "x4"}
    assert sure.table()["feature"] == list(sure.ranking)
    assert "Not ranked" not in str(sure)


def test_the_larger_class_alone_is_no_better_than_chance():
    """95 % right, and nothing learned; likewise what is not a number."""
    X = np.random.default_rng(0).normal(size=(100, 2))
    net = wb.Network.mlp([2, 4, 2], seed=0)
    net[1].biases[...] = [100.0, 0.0]
    y = (np.arange(100) < 5).astype(int)
    found = permutation_importance(net, X, y, loss="cross_entropy")
    assert (found.score, found.p_value) == (0.95, 1.0)
    undefined = permutation_importance(net, X, 0 * y, loss="cross_entropy", metric="roc_auc")
    assert np.isnan(undefined.score)
    assert not undefined.better_than_chance


def test_the_score_of_the_training_is_shown_beside(trained):
    net, X, y, train = trained
    found = permutation_importance(net, X, y, train=train, n_repeats=1)
    expected = net.evaluate(*train, loss="cross_entropy", metrics=["accuracy"])["accuracy"]
    assert found.train_score == expected
    assert f"of the training's {expected:.4g}" in str(found)
    without = permutation_importance(net, X, y, n_repeats=1)
    assert np.isnan(without.train_score)
    assert "training" not in str(without)


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_weights_count_in_every_score(trained, metric):
    net, X, y, (X_train, y_train) = trained
    weights = np.random.default_rng(3).uniform(size=len(X))
    given = {"metric": metric, "n_repeats": 2, "seed": 5}
    plain = permutation_importance(net, X, y, **given)
    ones = permutation_importance(net, X, y, sample_weight=np.ones(len(X)), **given)
    assert (ones.importances == plain.importances).all()
    assert (ones.chance, ones.p_value) == (plain.chance, plain.p_value)
    found = permutation_importance(net, X, y, sample_weight=weights, **given)

    def score(X):
        named = {"metrics": [] if metric == "loss" else [metric]}
        return net.evaluate(X, y, loss="cross_entropy", sample_weight=weights, **named)[metric]

    assert found.score == score(X)
    permuted = X.copy()
    permuted[:, 1] = X[wb.random.permutation(len(X), 5, 0), 1]
    sign = -1 if metric == "loss" else 1
    assert found.importances[1, 0] == sign * (score(X) - score(permuted))
    # rows that count nothing are as good as none: others in their place change no score
    weights[100:] = 0
    garbage = X.copy()
    garbage[100:] = 1e3
    few, same = (
        permutation_importance(net, rows, y, sample_weight=weights, **given).score
        for rows in (X, garbage)
    )
    assert few == same
    train = X_train, y_train, np.arange(600.0)
    shown = permutation_importance(net, X, y, train=train, **given).train_score
    assert shown != permutation_importance(net, X, y, train=train[:2], **given).train_score


def test_functions_are_given_the_weights(trained):
    net, X, y, _ = trained
    weights = np.arange(len(X), dtype=float)

    def share_right(outputs, targets, sample_weight):
        return np.average(outputs.argmax(axis=1) == targets, weights=sample_weight)

    for model in (net, net.predict, net.freeze()):
        found = permutation_importance(
            model, X, y, metric=share_right, sample_weight=weights, n_repeats=1
        )
        assert found.score == pytest.approx(share_right(net.predict(X), y, weights))
        assert found.better_than_chance
    train = X, y, weights
    with pytest.raises(ValueError, match="expected metric to take sample_weight"):
        permutation_importance(net.predict, X, y, metric=lambda a, t: 0.0, train=train)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"net": 3}, TypeError, r"expected a Network, or a function such as model.predict_proba"),
        ({"net": np.sum}, TypeError, r"expected metric to be a function \(outputs, targets\)"),
        ({"metric": "auc"}, ValueError, r"expected metrics to be one of accuracy, mae"),
        ({"metric": wb.metrics.TopK}, TypeError, r"pass TopK\(\)"),
        ({"X": np.ones(5)}, ValueError, r"expected X of shape \(B, I\), at least one row, got sha"),
        ({"X": [(np.ones((2, 5)), np.ones(2))]}, TypeError, r"expected X as an array, got a sourc"),
        ({"y": [1, 0]}, ValueError, r"expected y with 300 rows, as X has, got shape \(2,\)"),
        ({"X": np.ones((9, 5)), "y": np.arange(9) % 2}, ValueError, r"at least 10 rows, .* got 9"),
        ({"n_repeats": 0}, ValueError, r"expected n_repeats to be an integer from 1 to"),
        ({"seed": -1}, ValueError, r"expected seed to be an integer from 0"),
        (
            {"train": 3},
            TypeError,
            r"expected train to be a pair \(X, y\), or a triple .*, got 3",
        ),
        ({"sample_weight": np.ones(3)}, ValueError, r"sample_weight to be 300 numbers of at least"),
        (
            {"sample_weight": np.arange(300) < 9},
            ValueError,
            r"at least 10 rows with a sample_weight above 0, without which .*, got 9",
        ),
        ({"sample_weight": np.zeros(300)}, ValueError, r"not all of them 0, got an array"),
        ({"sample_weight": -np.ones(300)}, ValueError, r"sample_weight to be 300 numbers"),
        ({"sample_weight": np.full(300, np.nan)}, ValueError, r"sample_weight to be finite"),
        (
            {"sample_weight": np.ones(300), "metric": lambda a, t: 0.0},
            ValueError,
            r"expected metric to take sample_weight, which is given, got <function",
        ),
        ({"greater_is_better": 1}, TypeError, r"expected greater_is_better to be True or False"),
        ({"groups": [[0], [0]]}, ValueError, r"with no column twice, got column 0 twice"),
        (
            {"groups": [["redus"]], "feature_names": ["radius", "b", "c", "d", "e"]},
            ValueError,
            r"got a column 'redus'; the closest to 'redus' is 'radius'$",
        ),
        ({"feature_names": "abcde"}, ValueError, r"expected feature_names to be 5 distinct names"),
    ],
)
def test_what_is_refused(trained, change, error, message):
    net, X, y, _ = trained
    arguments = {"net": net, "X": X, "y": y, **change}
    with pytest.raises(error, match=r"^\[permutation_importance\] .*" + message):
        permutation_importance(arguments.pop("net"), **arguments)


@pytest.mark.parametrize(
    ("last", "loss", "metric"),
    [
        ((2, "identity"), "cross_entropy", "accuracy"),
        ((3, "softmax"), "cross_entropy", "top_k(2)"),
        ((1, "sigmoid"), "binary_cross_entropy", "roc_auc"),
        ((1, "tanh"), "hinge", "f1"),
        ((1, "identity"), "mse", "r2"),
    ],
)
def test_a_metric_by_name_needs_no_loss(last, loss, metric):
    net = wb.Network([wb.Dense(2, *last)], seed=0)
    rows = np.random.default_rng(0).normal(size=(40, 2))
    y = np.arange(40) % 2
    found = permutation_importance(net, rows, y, metric=metric, n_repeats=2)
    given = permutation_importance(net, rows, y, metric=metric, n_repeats=2, loss=loss)
    assert found.score == given.score
    assert np.array_equal(found.importances, given.importances)
    with pytest.raises(ValueError, match="expected loss to be what the network was trained with"):
        permutation_importance(net, rows, y, metric="loss")


def test_of_many_features_the_largest_are_printed():
    net = wb.Network([wb.Dense(30, 1)], seed=0)
    rows = np.random.default_rng(0).normal(size=(60, 30))
    found = permutation_importance(net, rows, net.predict(rows), loss="mse", n_repeats=2)
    lines = str(found).splitlines()
    assert [line.split()[0] for line in lines[3:23]] == list(found.ranking[:20])
    assert lines[23] == "10 more, in table()"
    assert len(found.table()) == 30
    few = permutation_importance(net, rows, net.predict(rows), loss="mse", groups=[range(20)])
    assert "more, in table()" not in str(few)


def test_a_rounding_is_printed_as_0():
    found = PermutationImportance(
        importances=np.zeros((2, 1)),
        importances_mean=np.array([0.25, -6.939e-18]),
        importances_std=np.zeros(2),
        interval=np.array([[0.125, 0.375], [-1e-17, 1e-9]]),
        feature_names=("a", "b"),
        score=0.5,
        train_score=float("nan"),
        chance=0.25,
        p_value=0.005,
        metric="accuracy",
        rows=40,
    )
    assert found.table().rows[1] == ("b", 0.0, 0.0, 0.0, 1e-9)
    assert "b        0.00000  0.00000  0.00000  1.000e-09" in str(found)


def test_a_network_that_knows_no_loss_asks_for_it(trained):
    _, X, y, _ = trained
    with pytest.raises(ValueError, match=r"pass loss='cross_entropy', or another"):
        permutation_importance(wb.Network.mlp([5, 2]), X, y)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_metric_that_is_not_finite_ranks_nothing(trained, value):
    net, X, y, _ = trained
    found = permutation_importance(net, X, y, metric=lambda outputs, targets: value, n_repeats=1)
    assert not found.better_than_chance
    assert np.isnan(found.importances).all()
    assert "Not ranked" in str(found)


def test_no_ranking_where_a_constant_does_as_well(trained):
    """Too sure of itself: better than for shuffled targets, and worse than the shares."""
    net, X, y, _ = trained
    sure = net.copy()
    sure[len(sure) - 1].weights[...] *= 40
    sure[len(sure) - 1].biases[...] *= 40
    found = permutation_importance(sure, X, y, metric="log_loss", loss="cross_entropy")
    share = y.mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert found.constant == pytest.approx(entropy, rel=1e-6)
    assert found.better_than_chance
    assert found.score > found.constant
    assert not found.better_than_constant
    with pytest.raises(
        ValueError, match=r"^\[ranking\] expected a score better than that of the b"
    ):
        _ = found.ranking
    assert found.table()["feature"] == ["x0", "x1", "x2", "x3", "x4"]
    assert "Not ranked: expected a score better than" in str(found)
    well = permutation_importance(net, X, y, metric="log_loss")
    assert well.better_than_constant
    assert f"of the best constant {entropy:.4g}" in str(well)
    assert set(well.ranking[-2:]) == {"x0", "x4"}


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("r2", lambda y, w: 0.0),
        ("mse", lambda y, w: np.cov(y, aweights=w, ddof=0)),
        ("rmse", lambda y, w: np.sqrt(np.cov(y, aweights=w, ddof=0))),
        ("mae", lambda y, w: np.average(np.abs(y - np.median(np.repeat(y, w))), weights=w)),
        ("loss", lambda y, w: np.cov(y, aweights=w, ddof=0)),
    ],
)
def test_the_best_constant_of_numbers(metric, value):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(51, 2)), rng.gamma(1.0, size=51)
    weights = rng.integers(1, 3, size=51)
    net = wb.Network.mlp([2, 1], seed=0)
    found = permutation_importance(
        net, X, y, metric=metric, loss="mse", n_repeats=1, sample_weight=weights
    )
    assert found.constant == pytest.approx(value(y, weights), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("last", "loss", "metric", "value"),
    [
        ((3, "identity"), "cross_entropy(0.1)", "accuracy", 0.5),
        ((1, "sigmoid"), "binary_cross_entropy", "accuracy", 0.75),
        ((1, "identity"), "binary_cross_entropy", "log_loss", 0.5623351446188083),
        ((3, "identity"), "cross_entropy", "f1", np.nan),  # not known
        ((1, "tanh"), "hinge", "accuracy", np.nan),
    ],
)
def test_the_best_constant_of_classes(last, loss, metric, value):
    net = wb.Network([wb.Dense(2, *last, bias=False)], seed=0)
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.arange(40) % 4
    y = np.minimum(y, 2) if last[0] == 3 else (y > 0).astype(int)
    found = permutation_importance(net, X, y, metric=metric, loss=loss, n_repeats=1)
    assert found.constant == pytest.approx(value, rel=1e-6, nan_ok=True)
    assert found.better_than_constant == (not found.score <= value if metric == "accuracy" else
                                          not found.score >= value)  # fmt: skip


@pytest.mark.parametrize(
    ("outputs", "loss"), [(50, "cross_entropy"), (1, "binary_cross_entropy"), (2, "kl_divergence")]
)
@pytest.mark.parametrize("metric", ["log_loss", "loss"])
def test_what_does_not_come_among_the_targets_has_no_share(outputs, loss, metric):
    net = wb.Network([wb.Dense(2, outputs, initializer="zeros")])
    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.repeat([0, 1], [9, 3])
    expected = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    if loss == "kl_divergence":
        y, expected = np.eye(2)[np.zeros(12, int)], 0.0
    elif outputs == 1:
        y, expected = np.ones(12, int), 0.0
    found = permutation_importance(net, X, y, metric=metric, loss=loss, n_repeats=1)
    assert found.constant == pytest.approx(expected, abs=1e-7)
    assert not found.better_than_constant


def test_of_a_function_no_constant_is_known(trained):
    net, X, y, _ = trained

    def right(outputs, targets):
        return (outputs.argmax(axis=1) == targets).mean()

    for model in (net, net.predict):
        found = permutation_importance(model, X, y, metric=right, n_repeats=1)
        assert np.isnan(found.constant)
        assert found.better_than_constant
        assert "best constant" not in str(found)


def test_intervals_that_all_contain_0_are_said_to_hide_each_other():
    """Ten columns that say the same: permuting one changes next to nothing."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 1))
    y = (x[:, 0] > 0).astype(int)
    net = wb.Network([wb.Dense(10, 2)], seed=0)
    net[0].weights[...] = [[-1, 1]] * 10
    found = permutation_importance(net, np.repeat(np.sign(x), 10, axis=1), y, loss="cross_entropy")
    assert found.score == 1.0
    assert "Every interval contains 0, though" in str(found)
    together = permutation_importance(
        net, np.repeat(np.sign(x), 10, axis=1), y, loss="cross_entropy", groups=[range(10)]
    )
    assert "Every interval" not in str(together)
