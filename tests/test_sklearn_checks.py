"""scikit-learn's own checks of estimators, for defaults and for what goes beyond them."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from wbcore.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Got `batch_size` less"
)


CONFIGURATIONS = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(solver="sgd", learning_rate_init=0.1, max_iter=60),
    MLPRegressor(solver="sgd", learning_rate="adaptive", max_iter=60),
    MLPClassifier(solver="lbfgs", alpha=1.0),
    MLPRegressor(solver="lbfgs"),
    MLPRegressor(dtype="float32", max_iter=60),
    MLPClassifier(class_weight="balanced", max_iter=60),
    MLPClassifier(dropout=0.1, learning_rate_init=0.01, max_iter=60),
    MLPClassifier(
        early_stopping=True, validation_fraction=0.2, learning_rate_init=0.01, max_iter=60
    ),
    MLPRegressor(
        early_stopping=True, validation_fraction=0.2, learning_rate_init=0.01, max_iter=60
    ),
    MLPClassifier((20, 10), ("tanh", "logistic"), learning_rate_init=0.02, max_iter=60),
    MLPClassifier(missing="mean", max_iter=60),
    MLPRegressor(missing="mean+indicator", max_iter=60),
    MLPClassifier(optimizer="adamw(0.005)", schedule="cosine(0.005, 200)", max_iter=60),
    MLPRegressor(optimizer="rmsprop(0.005)", max_iter=60),
    MLPClassifier(l1=0.01, clip_norm=1.0, loss="hinge", max_iter=60),
    MLPRegressor(l1=0.01, clip_norm=1.0, loss="huber", max_iter=60),
]


# The mark of scikit-learn 1.6 has a generator, which new versions of pytest refuse.
MARK = parametrize_with_checks(CONFIGURATIONS)


@pytest.mark.parametrize(MARK.args[0], list(MARK.args[1]), **MARK.kwargs)
def test_checks(estimator, check):
    check(estimator)
