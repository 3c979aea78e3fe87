"""In pipelines and behind transformers of columns; frames of pandas and polars."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn_use import classes, classifier, frames, numbers, regressor, table

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # what scikit-learn, pandas and polars of different years say about each other
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def standardized(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_a_pipeline_is_its_steps():
    X, y = classes()
    X = 50 + 10 * X
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, y)
    by_hand = classifier().fit(StandardScaler().fit_transform(X), y)
    expected = by_hand.predict_proba(StandardScaler().fit_transform(X))
    assert pipeline.predict_proba(X).tobytes() == expected.tobytes()
    assert pipeline.score(X, y) == np.mean(pipeline.predict(X) == y) > 0.9
    assert list(pipeline.classes_) == ["left", "right"]
    assert pipeline.n_features_in_ == 4


def test_parameters_of_a_step():
    X, y = classes()
    pipeline = make_pipeline(StandardScaler(), classifier())
    pipeline.set_params(mlpclassifier__hidden_layer_sizes=(3, 2), mlpclassifier__alpha=0.5)
    copy = clone(pipeline)
    assert copy.get_params()["mlpclassifier__alpha"] == 0.5
    assert [w.shape for w in copy.fit(X, y)[-1].coefs_] == [(4, 3), (3, 2), (2, 1)]
    assert not hasattr(pipeline[-1], "coefs_")


@pytest.mark.parametrize("sparse", [False, True])
def test_columns_with_categories(sparse):
    """Beside columns made by hand."""
    pd = pytest.importorskip("pandas")
    columns, y = table()
    frame = pd.DataFrame(columns)
    encode = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["size", "weight"]),
            ("kinds", OneHotEncoder(sparse_output=sparse, handle_unknown="ignore"), ["kind"]),
        ],
        sparse_threshold=1.0,
    )
    model = make_pipeline(encode, classifier(max_iter=60)).fit(frame, y)
    kinds = columns["kind"][:, None] == ["blue", "green", "red"]
    X = np.column_stack(
        [standardized(columns["size"]), standardized(columns["weight"]), kinds.astype(float)]
    )
    by_hand = classifier(max_iter=60).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(frame), by_hand.predict_proba(X), atol=1e-9)
    assert model.score(frame, y) > 0.9
    unknown = frame.assign(kind="white")
    X[:, 2:] = 0
    np.testing.assert_allclose(model.predict_proba(unknown), by_hand.predict_proba(X), atol=1e-9)


def test_a_scaled_target():
    X, y = numbers()
    model = TransformedTargetRegressor(regressor(max_iter=60), transformer=StandardScaler())
    model.fit(X, 1000 + 200 * y)
    by_hand = regressor(max_iter=60).fit(X, standardized(y))
    # rounding of the target's scaling, through 60 epochs
    expected = 1000 + 200 * (y.mean() + y.std() * by_hand.predict(X))
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-6)
    assert model.score(X, 1000 + 200 * y) > 0.95


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library):
    """Names are kept, numbers are those of arrays, and a frame of other names is refused."""
    module = frames(library)
    X, y = classes()
    names = ["a", "b", "c", "d"]
    frame = module.DataFrame({name: X[:, i] for i, name in enumerate(names)})
    model = classifier().fit(frame, y)
    assert list(model.feature_names_in_) == names
    expected = classifier().fit(X, y).predict_proba(X)
    assert model.predict_proba(frame).tobytes() == expected.tobytes()
    with pytest.warns(UserWarning, match="X does not have valid feature names, but MLP"):
        assert model.predict_proba(X).tobytes() == expected.tobytes()
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[names[::-1]])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_targets_of_frames(library):
    module = frames(library)
    X, y = numbers()
    expected = regressor().fit(X, y).predict(X)
    assert regressor().fit(X, module.Series(y)).predict(X).tobytes() == expected.tobytes()
    X, y = classes()
    expected = classifier().fit(X, y).predict_proba(X)
    column = module.Series(list(y))
    assert classifier().fit(X, column).predict_proba(X).tobytes() == expected.tobytes()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    """What steps hand on is a frame; the last one sees its names."""
    module = frames(library)
    columns, y = table()
    encode = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["size", "weight"]),
            ("kinds", OneHotEncoder(sparse_output=False), ["kind"]),
        ],
        verbose_feature_names_out=False,
    )
    frame = module.DataFrame(columns)
    plain = make_pipeline(clone(encode), classifier()).fit(frame, y).predict_proba(frame)
    model = make_pipeline(encode, classifier()).set_output(transform=library).fit(frame, y)
    expected = ["size", "weight", "kind_blue", "kind_green", "kind_red"]
    assert list(model[-1].feature_names_in_) == expected
    assert model.predict_proba(frame).tobytes() == plain.tobytes()


def test_scores_of_a_pipeline():
    """Scaling belongs to the fold, which only a pipeline does: by hand the same."""
    X, y = classes()
    X = 50 + 10 * X
    found = cross_val_score(make_pipeline(StandardScaler(), classifier()), X, y, cv=3)
    from sklearn.model_selection import StratifiedKFold

    expected = []
    for train, test in StratifiedKFold(3).split(X, y):
        mean, deviation = X[train].mean(axis=0), X[train].std(axis=0)
        model = classifier().fit((X[train] - mean) / deviation, y[train])
        expected.append(np.mean(model.predict((X[test] - mean) / deviation) == y[test]))
    assert found.tolist() == expected
