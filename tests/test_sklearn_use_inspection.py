"""What scikit-learn finds out about models, and its pictures of that, beside loops by hand."""

import numpy as np
import pytest
from sklearn.inspection import (
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PredictionErrorDisplay,
    RocCurveDisplay,
    roc_auc_score,
)
from sklearn.model_selection import (
    KFold,
    LearningCurveDisplay,
    StratifiedKFold,
    ValidationCurveDisplay,
    learning_curve,
    validation_curve,
)
from sklearn_use import classes, classifier, numbers, regressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FOLDS = KFold(3)


@pytest.fixture
def pyplot():
    """Pictures that nobody sees, closed at the end."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


@pytest.fixture(scope="module")
def of_numbers():
    X, y = numbers()
    return regressor(max_iter=80).fit(X, y), X, y


def r2(y, predicted):
    return 1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_permutation_importance(of_numbers, n_jobs):
    import joblib

    model, X, y = of_numbers
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        found = permutation_importance(model, X, y, n_repeats=3, random_state=0).importances
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max + 1)
    for column in range(4):
        draw = np.random.RandomState(seed)
        rows, shuffled = np.arange(len(X)), X.copy()
        for repeat in range(3):
            draw.shuffle(rows)
            shuffled[:, column] = shuffled[rows, column]
            loss = r2(y, model.predict(X)) - r2(y, model.predict(shuffled))
            assert found[column, repeat] == pytest.approx(loss, rel=1e-9, abs=1e-12)
    means = found.mean(axis=1)
    assert means[0] > 10 * means[1] > 20 * np.abs(means[2:]).max()


def test_learning_curve():
    X, y = numbers()
    sizes, train, test = learning_curve(regressor(), X, y, train_sizes=[20, 50, 80], cv=FOLDS)
    assert sizes.tolist() == [20, 50, 80]
    for f, (rows, others) in enumerate(FOLDS.split(X)):
        for s, size in enumerate(sizes):
            model = regressor().fit(X[rows[:size]], y[rows[:size]])
            expected = r2(y[rows[:size]], model.predict(X[rows[:size]]))
            assert train[s, f] == pytest.approx(expected, rel=1e-9)
            assert test[s, f] == pytest.approx(r2(y[others], model.predict(X[others])), rel=1e-9)
    assert test[2].mean() > test[0].mean()


def test_learning_curve_by_partial_fits():
    """Each size goes on from the one before it, with the rows that are new."""
    X, y = classes()
    sizes, _, test = learning_curve(
        classifier(),
        X,
        y,
        train_sizes=[20, 50, 80],
        cv=StratifiedKFold(3),
        exploit_incremental_learning=True,
    )
    for f, (rows, others) in enumerate(StratifiedKFold(3).split(X, y)):
        model = classifier()
        for s, (first, last) in enumerate(zip([0, *sizes], sizes, strict=False)):
            part = rows[first:last]
            model.partial_fit(X[part], y[part], classes=np.unique(y))
            assert test[s, f] == np.mean(model.predict(X[others]) == y[others])


def test_validation_curve():
    X, y = numbers()
    alphas = [1e-4, 10.0, 1000.0]
    options = {"param_name": "alpha", "param_range": alphas, "cv": FOLDS}
    train, test = validation_curve(regressor(), X, y, **options)
    for a, alpha in enumerate(alphas):
        for f, (rows, others) in enumerate(FOLDS.split(X)):
            model = regressor(alpha=alpha).fit(X[rows], y[rows])
            assert train[a, f] == pytest.approx(r2(y[rows], model.predict(X[rows])), rel=1e-9)
            assert test[a, f] == pytest.approx(r2(y[others], model.predict(X[others])), rel=1e-9)
    assert test[0].mean() > 0.5 > test[2].mean()


def test_partial_dependence(of_numbers):
    """The mean prediction where all rows have one value in a column."""
    model, X, _ = of_numbers
    found = partial_dependence(model, X, [0], grid_resolution=5, kind="both")
    for k, value in enumerate(found["grid_values"][0]):
        same = X.copy()
        same[:, 0] = value
        expected = model.predict(same)
        np.testing.assert_allclose(found["individual"][0, :, k], expected, rtol=1e-12)
        assert found["average"][0, k] == pytest.approx(expected.mean(), rel=1e-9)
    slope = np.polyfit(found["grid_values"][0], found["average"][0], 1)[0]
    assert slope == pytest.approx(2, abs=0.3)  # that of the first column


def test_partial_dependence_of_probabilities():
    X, y = classes(labels=("left", "right", "top"))
    model = classifier().fit(X, y)
    found = partial_dependence(model, X, [1], grid_resolution=4)
    for k, value in enumerate(found["grid_values"][0]):
        same = X.copy()
        same[:, 1] = value
        expected = model.predict_proba(same).mean(axis=0)
        np.testing.assert_allclose(found["average"][:, k], expected, rtol=1e-9)


def test_pictures_of_curves(pyplot):
    X, y = numbers(60)
    alphas = [1e-4, 10.0]
    options = {"param_name": "alpha", "param_range": alphas, "cv": FOLDS}
    picture = ValidationCurveDisplay.from_estimator(regressor(), X, y, score_type="both", **options)
    _, test = validation_curve(regressor(), X, y, **options)
    np.testing.assert_array_equal(picture.lines_[1].get_ydata(), test.mean(axis=1))
    options = {"train_sizes": [20, 40], "cv": FOLDS}
    picture = LearningCurveDisplay.from_estimator(regressor(), X, y, score_type="test", **options)
    *_, test = learning_curve(regressor(), X, y, **options)
    np.testing.assert_array_equal(picture.lines_[0].get_ydata(), test.mean(axis=1))
    picture.figure_.canvas.draw()


def test_pictures_of_models(pyplot, of_numbers):
    model, X, y = of_numbers
    picture = PartialDependenceDisplay.from_estimator(
        model, X, [0, (0, 1)], grid_resolution=4, kind="average"
    )
    found = partial_dependence(model, X, [0], grid_resolution=4)["average"][0]
    np.testing.assert_array_equal(picture.lines_[0, 0].get_ydata(), found)
    picture.figure_.canvas.draw()
    picture = PredictionErrorDisplay.from_estimator(model, X, y, subsample=None)
    offsets = np.ma.getdata(picture.scatter_.get_offsets())
    np.testing.assert_array_equal(offsets[:, 0], model.predict(X))
    X, y = classes()
    model = classifier(max_iter=4).fit(X, y)
    counts = ConfusionMatrixDisplay.from_estimator(model, X, y).confusion_matrix
    said = model.predict(X)
    expected = [[np.sum((y == a) & (said == b)) for b in model.classes_] for a in model.classes_]
    np.testing.assert_array_equal(counts, expected)
    area = RocCurveDisplay.from_estimator(model, X, y).roc_auc
    area = float(np.squeeze(area))
    assert area == pytest.approx(roc_auc_score(y, model.predict_proba(X)[:, 1]), rel=1e-12)
    # the share of pairs that are in order
    first, second = (model.predict_proba(X[y == k])[:, 1] for k in model.classes_)
    assert area == pytest.approx(np.mean(second[:, None] > first), abs=1e-12)
