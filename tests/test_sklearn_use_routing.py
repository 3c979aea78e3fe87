"""Metadata that go through scikit-learn's tools to the estimator that asks for them."""

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn_use import classes, classifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = classes()
WEIGHTS = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
FOLDS = StratifiedKFold(2)


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def score(model, rows, weights=None):
    return np.average(model.predict(X[rows]) == Y[rows], weights=weights)


@pytest.mark.parametrize("scored", [False, True])
def test_weights_go_to_fits_and_scores_that_ask(scored):
    model = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=scored)
    found = cross_validate(model, X, Y, cv=FOLDS, params={"sample_weight": WEIGHTS})
    expected = []
    for train, test in FOLDS.split(X, Y):
        by_hand = classifier().fit(X[train], Y[train], sample_weight=WEIGHTS[train])
        expected.append(score(by_hand, test, WEIGHTS[test] if scored else None))
    np.testing.assert_allclose(found["test_score"], expected, rtol=1e-12)


def test_weights_go_through_a_search_and_a_pipeline():
    model = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    steps = StandardScaler().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(steps, model)
    if hasattr(pipeline, "set_score_request"):  # those of 1.6 have to ask themselves, too
        pipeline.set_score_request(sample_weight=True)
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 3.0]}, cv=FOLDS)
    search.fit(X, Y, sample_weight=WEIGHTS)
    scaled = StandardScaler().fit_transform(X)
    alpha = search.best_params_["mlpclassifier__alpha"]
    by_hand = classifier(alpha=alpha).fit(scaled, Y, sample_weight=WEIGHTS)
    found = search.best_estimator_.predict_proba(X)
    assert found.tobytes() == by_hand.predict_proba(scaled).tobytes()
    other = classifier(alpha=alpha).fit(scaled, Y)
    assert found.tobytes() != other.predict_proba(scaled).tobytes()


def test_weights_that_nobody_asked_for_are_refused():
    search = GridSearchCV(classifier(), {"alpha": [1e-4]}, cv=FOLDS)
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        search.fit(X, Y, sample_weight=WEIGHTS)
    model = classifier().set_fit_request(sample_weight=False).set_score_request(sample_weight=False)
    with pytest.raises(TypeError, match="not routed to any object"):
        cross_validate(model, X, Y, cv=FOLDS, params={"sample_weight": WEIGHTS})


def test_what_can_be_asked_for():
    routed = get_routing_for_object(classifier())
    assert "sample_weight" in routed.fit.requests
    assert "sample_weight" in routed.partial_fit.requests
    assert "classes" in routed.partial_fit.requests
    assert "sample_weight" in routed.score.requests
    assert routed.predict.requests == {}


def test_validation_data_go_with_a_model():
    """They are a parameter, so that clones have them; each fold stops by the same rows."""
    if "validation_data" not in classifier().get_params():
        pytest.skip("scikit-learn's own have none")
    held_out = classes(rows=40, seed=5)
    options = {"validation_data": held_out, "early_stopping": True, "max_iter": 30}
    found = cross_validate(classifier(**options), X, Y, cv=FOLDS, return_estimator=True)
    for model, (train, _) in zip(found["estimator"], FOLDS.split(X, Y), strict=True):
        by_hand = classifier(**options).fit(X[train], Y[train])
        assert model.validation_scores_ == by_hand.validation_scores_
        assert model.best_validation_score_ == model.score(*held_out) > 0.8
        assert model.predict_proba(X).tobytes() == by_hand.predict_proba(X).tobytes()
