"""As parts of ensembles, each beside what its parts give by hand."""

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn_use import classes, classifier, numbers, regressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LABELS = ("left", "right", "top")


def test_soft_votes_are_means():
    X, y = classes(labels=LABELS)
    parts = [(f"net{seed}", classifier(random_state=seed)) for seed in range(3)]
    voting = VotingClassifier(parts, voting="soft").fit(X, y)
    # its parts see the labels' numbers
    codes = np.searchsorted(LABELS, y)
    mean = np.mean([part.fit(X, codes).predict_proba(X) for _, part in parts], axis=0)
    np.testing.assert_allclose(voting.predict_proba(X), mean, rtol=1e-15)
    assert voting.predict(X).tolist() == [LABELS[i] for i in mean.argmax(axis=1)]


def test_hard_votes():
    X, y = classes()
    parts = [(f"net{seed}", classifier(random_state=seed, max_iter=3)) for seed in range(3)]
    voting = VotingClassifier(parts).fit(X, y)
    votes = np.sum([part.fit(X, y).predict(X) == "right" for _, part in parts], axis=0)
    assert set(votes) >= {1, 2}
    assert voting.predict(X).tolist() == ["right" if v >= 2 else "left" for v in votes]


def test_votes_of_numbers():
    X, y = numbers()
    parts = [(f"net{seed}", regressor(random_state=seed)) for seed in range(2)]
    voting = VotingRegressor(parts, weights=[1, 3]).fit(X, y)
    first, second = [part.fit(X, y).predict(X) for _, part in parts]
    np.testing.assert_allclose(voting.predict(X), (first + 3 * second) / 4, rtol=1e-12)


def test_stacks():
    """The last one sees what the parts say about rows that they have not seen."""
    X, y = classes()
    folds = StratifiedKFold(3)
    parts = [(f"net{seed}", classifier(random_state=seed)) for seed in range(2)]
    stack = StackingClassifier(parts, LogisticRegression(solver="newton-cg"), cv=folds).fit(X, y)
    codes = (y == "right").astype(int)
    seen = [
        cross_val_predict(part, X, codes, cv=folds, method="predict_proba")[:, 1]
        for _, part in parts
    ]
    last = LogisticRegression(solver="newton-cg").fit(np.column_stack(seen), codes)
    given = [part.fit(X, codes).predict_proba(X)[:, 1] for _, part in parts]
    expected = last.predict_proba(np.column_stack(given))
    np.testing.assert_allclose(stack.predict_proba(X), expected, rtol=1e-12)


def test_a_net_stacks_others():
    X, y = numbers()
    stack = StackingRegressor([("line", LinearRegression())], regressor(), cv=3).fit(X, y)
    seen = cross_val_predict(LinearRegression(), X, y, cv=3)[:, None]
    line = LinearRegression().fit(X, y).predict(X)[:, None]
    np.testing.assert_allclose(stack.predict(X), regressor().fit(seen, y).predict(line), rtol=1e-12)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_bags(n_jobs):
    X, y = numbers()
    net = regressor(max_iter=5)
    bag = BaggingRegressor(net, 4, max_samples=0.7, max_features=3, random_state=1)
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        bag.fit(X, y)
    parts = zip(bag.estimators_, bag.estimators_samples_, bag.estimators_features_, strict=True)
    total = 0
    for part, rows, columns in parts:
        copy = regressor(max_iter=5, random_state=part.random_state)
        if bag_gives_weights(part):
            weights = np.bincount(rows, minlength=len(X)).astype(float)
            copy.fit(X[:, columns], y, sample_weight=weights)
        else:
            copy.fit(X[rows][:, columns], y[rows])
        total = total + copy.predict(X[:, columns])
    np.testing.assert_allclose(bag.predict(X), total / 4, rtol=1e-9)


def bag_gives_weights(part):
    """In 1.6 rows that are drawn are weighed where an estimator takes weights."""
    import sklearn
    from sklearn.utils.validation import has_fit_parameter

    return sklearn.__version__.startswith("1.6.") and has_fit_parameter(part, "sample_weight")


def test_bags_are_scored_by_rows_left_out():
    X, y = classes()
    bag = BaggingClassifier(classifier(), 14, oob_score=True, random_state=0).fit(X, y)
    left_out = np.zeros((len(X), 2))
    for part, rows in zip(bag.estimators_, bag.estimators_samples_, strict=True):
        others = np.setdiff1d(np.arange(len(X)), rows)
        left_out[others] += part.predict_proba(X[others])
    assert left_out.sum(axis=1).min() > 0
    assert bag.oob_score_ == np.mean((left_out[:, 1] > left_out[:, 0]) == (y == "right"))
    assert bag.oob_score_ > 0.8


def test_boosting_weighs_rows():
    """SAMME in its own words: weights of what was wrong grow, votes are logarithms of odds."""
    X, y = classes(labels=LABELS)
    boosted = AdaBoostClassifier(classifier(max_iter=3), n_estimators=3, random_state=0).fit(X, y)
    weights = np.full(len(X), 1 / len(X))
    votes = np.zeros((len(X), 3))
    for part in boosted.estimators_:
        again = classifier(max_iter=3, random_state=part.random_state)
        said = again.fit(X, y, sample_weight=weights).predict(X)
        error = np.average(said != y, weights=weights)
        power = np.log((1 - error) / error) + np.log(2)
        weights = weights * np.exp(power * (said != y))
        weights /= weights.sum()
        votes += power * (said[:, None] == LABELS)
    assert len(boosted.estimators_) == 3
    assert boosted.predict(X).tolist() == [LABELS[i] for i in votes.argmax(axis=1)]
    np.testing.assert_allclose(boosted.estimator_weights_[-1], power, rtol=1e-9)


def test_boosted_numbers():
    X, y = numbers()
    boosted = AdaBoostRegressor(regressor(max_iter=40), n_estimators=4, random_state=0).fit(X, y)
    assert boosted.score(X, y) > 0.9
    said = np.array([part.predict(X) for part in boosted.estimators_])
    # the weighted median of what the parts say lies within it
    assert (said.min(axis=0) <= boosted.predict(X)).all()
    assert (boosted.predict(X) <= said.max(axis=0)).all()


@pytest.mark.parametrize("ensemble", [False, True])
def test_calibrated(ensemble):
    """Platt's sigmoid of what the model says about rows that it has not seen."""
    X, y = classes(rows=200)
    folds = StratifiedKFold(2)
    model = CalibratedClassifierCV(classifier(), cv=folds, ensemble=ensemble).fit(X, y)
    found = model.predict_proba(X)
    by_hand = np.zeros(len(X))
    for one in model.calibrated_classifiers_:
        # two classes: the calibrator sees the probability of the second
        said = one.estimator.predict_proba(X)[:, 1]
        calibrator = one.calibrators[0]
        by_hand += 1 / (1 + np.exp(calibrator.a_ * said + calibrator.b_))
    by_hand /= len(model.calibrated_classifiers_)
    np.testing.assert_allclose(found[:, 1], by_hand, rtol=1e-12)
    splits = list(folds.split(X, y))
    codes = (y == "right").astype(int)
    rows = [train for train, _ in splits] if ensemble else [np.arange(len(X))]
    for one, train in zip(model.calibrated_classifiers_, rows, strict=True):
        expected = classifier().fit(X[train], y[train]).predict_proba(X)
        assert one.estimator.predict_proba(X).tobytes() == expected.tobytes()
    assert np.mean((found[:, 1] - codes) ** 2) < 0.1


def test_one_against_the_rest():
    X, y = classes(labels=LABELS)
    model = OneVsRestClassifier(classifier()).fit(X, y)
    columns = [classifier().fit(X, (y == k).astype(int)).predict_proba(X)[:, 1] for k in LABELS]
    expected = np.column_stack(columns)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)


def test_chains_and_columns():
    X, first = classes()
    _, second = numbers()
    Y = np.column_stack([first == "right", second > 0]).astype(int)
    chain = ClassifierChain(classifier()).fit(X, Y)
    by_hand = classifier().fit(np.column_stack([X, Y[:, 0]]), Y[:, 1])
    seen = classifier().fit(X, Y[:, 0]).predict(X)
    expected = by_hand.predict(np.column_stack([X, seen]))
    assert chain.predict(X)[:, 1].tolist() == expected.tolist()
    numbers_of = np.column_stack([second, -second])
    model = MultiOutputRegressor(regressor()).fit(X, numbers_of)
    assert model.predict(X)[:, 1].tobytes() == regressor().fit(X, -second).predict(X).tobytes()
