"""The estimators for tables: what they learn, take, refuse and tell."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError

import wbcore as wb
from wbcore import recipe
from wbcore.sklearn import MLPClassifier, TabularClassifier, TabularRegressor
from wbcore.tables import Table
from wbcore.tables.moments import moments

NAN = float("nan")


def table(n=120, seed=0):
    """Of numbers, some missing, categories and dates, by which `y` goes."""
    rng = np.random.default_rng(seed)
    size, colour = rng.normal(20, 5, n), rng.choice(["red", "blue", "green"], n)
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 365, n), unit="D")
    y = size + 5 * (colour == "red") + day.month.to_numpy()
    size[::7] = NAN
    frame = pd.DataFrame({"size": size, "colour": colour, "day": day.strftime("%Y-%m-%d")})
    return frame, y


def quick(kind=TabularClassifier, **options):
    return kind(**{"hidden_layer_sizes": (8,), "epochs": 20, "random_state": 0, **options})


@pytest.fixture(scope="module")
def fitted():
    """A classifier of three classes."""
    frame, y = table()
    return quick().fit(frame, np.digitize(y, [22, 30])), frame


@pytest.fixture(scope="module")
def regressor():
    frame, y = table()
    return quick(TabularRegressor).fit(frame, y), frame


def test_columns_of_any_kind_are_learned_from():
    X, y = table(400)
    new, y_new = table(100, seed=1)
    assert TabularRegressor(random_state=0, epochs=60).fit(X, y).score(new, y_new) > 0.75
    labels, expected = (np.where(values > 28, "yes", "no") for values in (y, y_new))
    model = TabularClassifier(random_state=0, epochs=60).fit(X, labels)
    assert model.score(new, expected) > 0.8
    assert set(model.predict(new)) == {"yes", "no"}


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_the_defaults_are_those_of_the_recipe(kind):
    chosen, model = recipe.TABLE, kind()
    assert model.hidden_layer_sizes == chosen.hidden
    assert model.activation == chosen.activation
    assert model.batch_size == chosen.batch_size
    assert model.bias_init == chosen.bias_init
    assert model._total_epochs(7000) == chosen.epochs(7000)
    assert quick(kind, epochs=None)._total_epochs(10) == chosen.most_epochs
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    model = quick(kind, epochs=1).fit(X, y)
    fresh = clone(model).set_params(epochs=2)._train_until(X, y, 1)
    optimizer = fresh._course.optimizer
    assert optimizer.l2 == chosen.l2(fresh._task, 60)
    assert optimizer.learning_rate == wb.schedules.Cosine(chosen.learning_rate, 4)
    assert str(optimizer).startswith(chosen.optimizer)
    sizes = [(chosen.stopping_rows - 1, False), (chosen.stopping_rows, True)]
    assert [(n, fresh._stops_early(n)) for n, _ in sizes] == sizes


def test_it_is_a_network_trained_by_hand():
    rng = np.random.default_rng(0)
    X, y = rng.normal(3, 2, (70, 4)), rng.integers(0, 3, 70)
    model = quick().fit(X, y)
    seed = int(np.random.RandomState(0).randint(np.iinfo(np.int32).max))
    layers = [wb.Dense(4, 8, "relu"), wb.Dense(8, 3, "softmax")]
    net = wb.Network(layers, seed=seed)
    found = moments(X)
    net.fit(
        wb.Standardized(X, mean=found.mean, scale=found.scale),
        y,
        loss="cross_entropy",
        optimizer=wb.Adam(wb.schedules.Cosine(0.01, 60), l2=3 / 70),
        epochs=20,
        seed=seed,
        bias_init="prior",
    )
    assert model.network_ == net.fold_inputs(found.mean, found.scale)
    assert model.history_ == net.history


def test_scaling_is_in_the_network(regressor):
    model, frame = regressor
    outputs = model.network_.predict(model.encoder_.apply(frame))
    assert np.array_equal(outputs[:, 0].astype(np.float64), model.predict(frame))
    assert abs(outputs.mean() - table()[1].mean()) < 2


def test_a_first_epoch_begins_at_the_prior():
    X, y = np.random.default_rng(0).normal(size=(200, 3)), np.arange(200) % 10 == 0
    entropy = -(0.1 * np.log(0.1) + 0.9 * np.log(0.9))
    model = quick(learning_rate=1e-12, epochs=1).fit(X, y)
    assert model.loss_ == pytest.approx(entropy, rel=1e-5)
    zeros = clone(model).set_params(bias_init="zeros").fit(X, y)
    assert zeros.loss_ > entropy + 0.1
    several = np.stack([np.arange(200) % 10 == 0, np.arange(200) % 3], axis=1)
    thirds = np.log(3)
    model = clone(model).fit(X, several)
    assert model.loss_ == pytest.approx(entropy + thirds, rel=1e-3)
    once = quick(learning_rate=1e-12, epochs=1).fit(X, several, 1 - (several[:, 1] == 2))
    assert once.predict_proba(X)[1].mean(axis=0)[2] < 0.01
    values = clone(quick(TabularRegressor, learning_rate=1e-12, epochs=1)).fit(X, 7 + X[:, 0])
    assert values.loss_ == pytest.approx(1, rel=1e-5)


def test_columns_are_found_by_name(fitted):
    model, frame = fitted
    expected = model.predict_proba(frame)
    assert np.array_equal(model.predict_proba(frame[["day", "size", "colour"]]), expected)
    assert np.array_equal(model.predict_proba(pl.from_pandas(frame)), expected)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Tabular"):
        assert np.array_equal(model.predict_proba(frame.to_numpy(object)), expected)
    assert model.feature_names_in_.tolist() == ["size", "colour", "day"]
    assert model.n_features_in_ == 3


def test_columns_that_are_lacking_or_too_many(fitted):
    model, frame = fitted
    with pytest.raises(ValueError, match="seen at fit time, yet now missing:\n- colour\n"):
        model.predict(frame.drop(columns="colour"))
    with pytest.raises(ValueError, match="unseen at fit time:\n- a\n- more\n"):
        model.predict(frame.assign(more=1, a=2))
    with pytest.raises(ValueError, match="X has 2 features, but TabularClassifier is expecting 3"):
        model.predict(frame.to_numpy(object)[:, :2])
    assert not hasattr(quick().fit([[1, 2], [3, 4]], [0, 1]), "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but TabularClassifier was fitted w"):
        quick().fit(np.eye(4), [0, 1, 0, 1]).predict(pd.DataFrame(np.eye(4), columns=list("abcd")))


def test_what_is_new_in_a_prediction(fitted, regressor):
    model, frame = fitted
    row = frame[1:2].reset_index(drop=True)
    assert model.predict_proba(row.assign(colour="mauve")).sum() == pytest.approx(1)
    assert np.isfinite(model.predict_proba(row.assign(colour=None, day=None, size=NAN))).all()
    assert np.isfinite(regressor[0].predict(row.assign(colour="mauve", day=""))).all()
    with pytest.raises(ValueError, match=r"\[predict\] expected numbers in column 'size'"):
        model.predict(row.assign(size="large"))


def test_missing_where_none_was_missing_is_the_mean():
    X = np.random.default_rng(0).normal(5, 2, (50, 3))
    model = quick(TabularRegressor).fit(X, X.sum(axis=1))
    gaps = X.copy()
    gaps[:, 1] = NAN
    filled = X.copy()
    filled[:, 1] = model.encoder_.columns[1].fill
    assert np.array_equal(model.predict(gaps), model.predict(filled))
    assert model.encoder_.columns[1].fill == pytest.approx(X[:, 1].mean())
    strict = quick(TabularRegressor, missing="error").fit(X, X.sum(axis=1))
    with pytest.raises(ValueError, match=r"\[predict\] expected no missing values"):
        strict.predict(gaps)
    for one in (model, strict):
        with pytest.raises(ValueError, match=r"\[predict\] expected finite numbers.*'x2'.*inf"):
            one.predict(np.array([[1, 2, np.inf]]))


def test_columns_of_which_nothing_can_be_learned():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=40), "one": 1e6, "none": np.full(40, NAN)})
    model = quick(TabularRegressor).fit(frame, frame["x"])
    other = frame.assign(one=-5.0, none=3.0)
    assert np.array_equal(model.predict(other), model.predict(frame))
    assert np.all(model.network_[0].weights[1:] == 0)
    named = frame.assign(id=[f"u{k}" for k in range(40)])
    with pytest.warns(UserWarning, match=r"\[fit\] column 'id' has another text in each"):
        again = quick(TabularRegressor).fit(named, frame["x"])
    assert again.network_ == model.network_


def test_a_column_that_was_left_out_is_not_asked_for():
    frame, y = table()
    names = [f"K{row}" for row in range(len(frame))]
    with pytest.warns(UserWarning, match="column 'id' has another text in each of its rows"):
        model = quick(TabularRegressor).fit(frame.assign(id=names), y)
    assert model.n_features_in_ == 4
    assert model.encoder_.inputs == ("size", "colour", "day", "id")
    assert model.encoder_.required == ("size", "colour", "day")
    expected = model.predict(frame.assign(id=names))
    assert np.array_equal(model.predict(frame), expected)
    assert np.array_equal(model.predict(frame.assign(id=1)), expected)  # nor is it looked at
    with pytest.raises(ValueError, match="expecting 4 features as input"):
        model.predict(frame.to_numpy(object))


@pytest.mark.parametrize(
    ("y", "row"),
    [
        (np.array(["a", "b", None] * 4, object), 3),
        (pd.Series(["a", "b", NAN] * 4), 3),
        (pd.Series(["a", None] * 6), 2),
        (pd.Series(["a", None] * 6, dtype="string"), 2),
        (pd.Series([1, None] * 6, dtype="Int64"), 2),
        (np.array([0.0, 1.0, 1.0, NAN] * 3), 4),
        (np.array([["a", "b"], ["b", None]] * 6, object), 2),
    ],
)
def test_labels_that_are_missing_are_named(y, row):
    with pytest.raises(ValueError, match=rf"^Input y contains NaN or None: .* in row {row} \("):
        quick().fit(table(12)[0], y)


def test_the_closest_name_of_a_column_is_said(fitted):
    model, frame = fitted
    with pytest.raises(ValueError, match=r"\nOf these the closest to 'color' is 'colour'\.\n$"):
        model.predict(frame.rename(columns={"colour": "color"}))
    with pytest.raises(ValueError, match=r"; the closest to 'color' is 'colour'$"):
        quick(TabularRegressor, categories=["color"]).fit(*table())


def test_categories_may_be_said():
    X = np.array([[k % 4, k] for k in range(80)], float)
    y = np.array([3, -3, 2, -2])[X[:, 0].astype(int)]
    model = quick(TabularRegressor, categories=[0], epochs=100).fit(X, y)
    assert model.encoder_.names == ("x0=0", "x0=1", "x0=2", "x0=3", "x1")
    assert model.score(X, y) > 0.99


def test_raw_values_that_want_float64():
    stamps = 1.7e9 + np.random.default_rng(0).uniform(0, 1000, (80, 1))
    y = np.sin(stamps[:, 0] / 200)
    model = quick(TabularRegressor, epochs=100).fit(stamps, y)
    assert model.network_.dtype == np.float64
    moved = quick(TabularRegressor, epochs=100).fit(stamps - 1.7e9, y)
    assert moved.network_.dtype == np.float32
    assert np.allclose(model.predict(stamps), moved.predict(stamps - 1.7e9), atol=1e-3)
    assert quick(TabularRegressor).fit(stamps * 1e35, y).score(stamps * 1e35, y) < 1


def test_predictions_have_the_dtype_of_the_data():
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    for dtype in (np.float32, np.float64):
        for one in ("float32", "float64"):
            assert quick(dtype=one).fit(X.astype(dtype), y).predict_proba(X).dtype == dtype
    assert quick(TabularRegressor).fit(X, y).predict(X).dtype == np.float64


LABELS = {
    "two": np.array([0, 5]),
    "texts": np.array(["b", "a", "c"]),
    "objects": np.array(["yes", "no"], object),
    "bools": np.array([False, True]),
    "negative": np.array([-1, 1]),
    "mixed": np.array([3, "b", 1, "a"], object),
    "numbers as objects": np.array([3, 1], object),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(name):
    labels = LABELS[name]
    which = np.arange(60) % len(labels)
    X = np.eye(len(labels))[which] + np.random.default_rng(0).normal(0, 0.1, (60, len(labels)))
    model = quick(epochs=40).fit(X, labels[which])
    assert np.array_equal(model.predict(X), labels[which])
    assert model.predict(X).dtype == model.classes_.dtype
    assert labels.dtype in (object, model.classes_.dtype)
    assert model.classes_.tolist() == sorted(
        labels.tolist(), key=lambda one: (type(one) is str, one)
    )
    assert model.score(X, labels[which]) == 1
    first = {labels[0]: 1e6, labels[1]: 1.0}
    assert np.all(quick(class_weight=first).fit(X, labels[which]).predict(X[1:]) == labels[0])
    assert model.predict_proba(X).shape == (60, len(labels))
    assert np.allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


def test_several_at_once_and_several_decisions():
    X = np.random.default_rng(0).normal(size=(80, 3))
    many = (X[:, :2] > 0).astype(int)
    model = quick(epochs=60).fit(X, many)
    assert model.predict_proba(X).shape == (80, 2)
    assert model.score(X, many) > 0.9
    decisions = np.stack([np.digitize(X[:, 0], [-0.5, 0.5]) + 3, many[:, 1]], axis=1)
    model = quick(epochs=60).fit(X, decisions)
    assert [one.tolist() for one in model.classes_] == [[3, 4, 5], [0, 1]]
    assert [one.shape for one in model.predict_proba(X)] == [(80, 3), (80, 2)]
    assert model.score(X, decisions) > 0.75
    values = np.stack([X[:, 0] * 1000, X[:, 1] - 7], axis=1)
    model = quick(TabularRegressor, epochs=60).fit(X, values)
    assert model.predict(X).shape == (80, 2)
    assert model.score(X, values) > 0.9
    with pytest.warns(DataConversionWarning):
        assert quick(TabularRegressor).fit(X, values[:, :1]).predict(X).shape == (80,)


def test_weights_are_repetitions_and_absences():
    frame, y = table(30)
    weights = np.arange(30) % 3
    rows = np.repeat(np.arange(30), weights)
    y = np.digitize(y, [26])
    weighted = quick(batch_size=100).fit(frame, y, weights)
    repeated = quick(batch_size=100).fit(frame.iloc[rows], y[rows])
    assert np.allclose(weighted.predict_proba(frame), repeated.predict_proba(frame), rtol=1e-6)
    assert np.array_equal(weighted.classes_, [0, 1])
    gap = np.where(np.arange(30) == 0, NAN, np.arange(30.0))[:, None]  # in a row of weight 0
    assert quick().fit(gap, y, weights).encoder_.names == ("x0",)
    assert quick().fit(gap, y).encoder_.names == ("x0", "x0 missing")
    with pytest.raises(ValueError, match="at least one non-zero"):
        quick().fit(frame, y, np.zeros(30))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        quick().fit(frame, y, -weights)


def test_class_weights():
    X, y = np.random.default_rng(0).normal(size=(200, 2)), np.arange(200) % 10 == 0
    plain, heavy, balanced = (
        quick(class_weight=w).fit(X, y).predict_proba(X)[:, 1].mean()
        for w in (None, {True: 9.0}, "balanced")
    )
    assert plain == pytest.approx(0.1, abs=0.03)
    assert heavy == pytest.approx(0.5, abs=0.1)
    assert balanced == pytest.approx(heavy, abs=0.02)


def test_early_stopping_keeps_the_best_epoch():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.normal(size=60)
    model = quick(TabularRegressor, early_stopping=True, patience=5, l2=0.0, epochs=200)
    model.fit(X, y)
    losses = model.history_.val_loss
    assert len(losses) < 200
    assert model.history_.best_epoch == int(np.argmin(losses)) == len(losses) - 6
    assert "val_loss had not got better for 5 epochs" in model.history_.reason
    until_best = clone(model)._train_until(X, y, model.history_.best_epoch + 1)
    assert until_best.network_ == model.network_
    with pytest.raises(ValueError, match="n_samples = 1"):
        clone(model).fit(X[:1], y[:1])


@pytest.mark.parametrize("watched", ["", " of val_r2", " of loss"])
@pytest.mark.parametrize("as_optimizer", [False, True])
def test_a_plateau_has_rows_of_its_own(watched, as_optimizer):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), rng.normal(size=60)
    text = f"plateau(0.02, 0.5, 1){watched}"
    options = {"optimizer": f"adam({text})"} if as_optimizer else {"schedule": text}
    model = quick(TabularRegressor, metrics=["r2"], **options)
    history = model.fit(X, y).history_
    assert ("val_loss" in history.names) == (watched != " of loss")
    assert history.best_epoch is None
    counts = np.arange(60) % 3 + 1
    twice = clone(model).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    heavy = clone(model).fit(X, y, sample_weight=counts)
    if watched != " of loss":  # a copy of a row that is held out is not trained on
        np.testing.assert_allclose(twice.predict(X), heavy.predict(X), rtol=1e-4, atol=1e-4)
        with pytest.raises(ValueError, match="held out for the schedule, got n_samples = 1"):
            clone(model).fit(X[:1], y[:1])
    own = clone(model).set_params(validation_data=(X[:9], y[:9])).fit(X, y)
    assert "val_loss" in own.history_.names


def test_losses_of_other_targets():
    X = np.random.default_rng(0).normal(size=(200, 2))
    counts = np.random.default_rng(1).poisson(np.exp(1 + X[:, 0]))
    model = quick(TabularRegressor, loss="poisson", epochs=40).fit(X, counts)
    assert model.network_.activation_names[-1] == "exp"
    assert model.predict(X).min() > 0
    upper = quick(TabularRegressor, loss="quantile(0.9)", epochs=40).fit(X, 5 + X[:, 0])
    assert (upper.predict(X) > 5 + X[:, 0]).mean() > 0.7
    hinge = quick(loss="hinge", epochs=40).fit(X, X[:, 0] > 0)
    assert hinge.score(X, X[:, 0] > 0) > 0.9
    assert not hasattr(hinge, "predict_proba")
    with pytest.raises(ValueError, match="expected a loss of"):
        quick(loss="poisson").fit(X, X[:, 0] > 0)


OPTIMIZERS = {
    "text": ({"optimizer": "sgd(0.1)"}, wb.SGD(wb.schedules.Cosine(0.1, 2))),
    "rate": ({"learning_rate": 0.5}, wb.Adam(wb.schedules.Cosine(0.5, 2), l2=3 / 8)),
    "l2": ({"l2": 0.25}, wb.Adam(wb.schedules.Cosine(0.01, 2), l2=0.25)),
    "constant": (
        {"schedule": "constant"},
        wb.Adam(wb.schedules.Constant(0.01), l2=3 / 8),
    ),
    "another name": (
        {"schedule": "polynomial"},
        wb.Adam(wb.schedules.Polynomial(0.01, steps=2), l2=3 / 8),
    ),
    "schedule": (
        {"schedule": wb.schedules.Step(0.1, 3)},
        wb.Adam(wb.schedules.Step(0.1, 3), l2=3 / 8),
    ),
    "its text": ({"schedule": "step(0.1, 3)"}, wb.Adam(wb.schedules.Step(0.1, 3), l2=3 / 8)),
    "both": (
        {"optimizer": "sgd(step(0.1, 3))"},
        wb.SGD(wb.schedules.Step(0.1, 3)),
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    options, expected = OPTIMIZERS[name]
    X, y = np.eye(8), np.arange(8) % 2
    model = quick(epochs=2, **options)._train_until(X, y, 1)
    found = model._course.optimizer
    assert type(found) is type(expected)
    assert found.learning_rate == expected.learning_rate
    assert found.l2 == expected.l2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "lbfgs"}, "expected optimizer to be one that takes batches"),
        ({"schedule": "wave"}, "expected schedule to be one of constant"),
        ({"optimizer": "sgd(step(0.1, 3))", "schedule": "cosine"}, "expected no schedule beside"),
        ({"epochs": 0}, "The 'epochs' parameter of TabularClassifier must be"),
        ({"missing": "drop"}, "The 'missing' parameter of TabularClassifier must be"),
        ({"early_stopping": "often"}, "The 'early_stopping' parameter"),
        ({"activation": "bump"}, "activation"),
        ({"categories": ["colour"]}, "expected categories to be 'auto'"),
    ],
)
def test_arguments_that_are_none(options, message):
    with pytest.raises(ValueError, match=message):
        quick(**options).fit(np.eye(4), [0, 1, 0, 1])


def test_an_optimizer_of_the_caller_is_not_changed():
    optimizer = wb.Adam(0.01)
    model = quick(optimizer=optimizer)
    one, two = (model.fit(np.eye(6), np.arange(6) % 2).network_ for _ in range(2))
    assert optimizer.learning_rate == 0.01
    assert one == two


def test_callbacks_metrics_and_threads():
    X, y = np.random.default_rng(0).normal(size=(100, 2)), np.arange(100) % 2
    seen = []

    class Watch(wb.callbacks.Callback):
        def after_epoch(self, run):
            seen.append(run.epoch)
            return run.epoch == 3

    model = quick(callbacks=[Watch()], metrics=["accuracy"], n_threads=2).fit(X, y)
    assert seen == [0, 1, 2, 3]
    assert model.n_iter_ == 4
    assert len(model.history_.accuracy) == 4
    single = quick(callbacks=[Watch()], metrics=["accuracy"], n_threads=1).fit(X, y)
    assert single.network_ == model.network_


def test_clones_and_pickles(fitted):
    model, frame = fitted
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(frame), model.predict_proba(frame))
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        clone(model).predict(frame)


def test_a_fit_forgets_the_one_before(fitted):
    frame, _ = table()
    model = quick().fit(frame, np.arange(len(frame)) % 2)
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3
    assert model.fit(X, y).network_ == quick().fit(X, y).network_
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 2


def test_plain_arrays_go_to_the_network_without_a_table(monkeypatch):
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3
    model = quick().fit(X, y)
    expected = model.predict_proba(X.tolist())

    def refused(*_):
        raise AssertionError("a table was made")

    monkeypatch.setattr("wbcore.sklearn.tabular.read", refused)
    assert np.array_equal(model.predict_proba(X), expected)
    assert model.predict(X[:1].astype(np.float32)).shape == (1,)
    with pytest.raises(AssertionError, match="a table was made"):
        model.predict(np.array([[1.0, NAN]]))


def test_many_rows_of_a_table_are_encoded_some_at_a_time(fitted, monkeypatch):
    model, frame = fitted
    expected = model.predict_proba(frame)
    monkeypatch.setattr("wbcore.sklearn.tabular._AT_ONCE", 50)
    assert [len(part) for part in model._encoded(Table(frame, "predict"))] == [50, 50, 20]
    for one in (frame, pl.from_pandas(frame)):
        assert np.array_equal(model.predict_proba(one), expected)


def test_a_plain_table_is_not_copied():
    X = np.asfortranarray(np.random.default_rng(0).normal(size=(50, 3)))
    seen = []

    class Watch:
        def before_fit(self, run):
            seen.append(run)

    model = quick(callbacks=[Watch()], epochs=1, batch_size=10).fit(X, np.arange(50) % 2)
    assert len(seen) == 1
    assert model.encoder_.apply(X) is X


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_no_y(kind):
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        quick(kind).fit(np.eye(3), None)


def test_no_warnings_of_an_ordinary_fit():
    frame, y = table()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick(TabularRegressor).fit(frame, y).predict(frame)


def split(change=lambda y: y, kind=TabularClassifier, rows=slice(80, None), **options):
    """Fitted to 80 rows, with 40 others to validate."""
    frame, y = table()
    targets = y if kind is TabularRegressor else np.digitize(y, [22, 30])
    validation = frame.iloc[rows], change(targets[rows])
    return quick(kind, validation_data=validation, **options).fit(frame[:80], targets[:80])


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_validation_data_of_ones_own(kind):
    frame, y = table()
    targets = y if kind is TabularRegressor else np.digitize(y, [22, 30])
    model = split(kind=kind, dtype="float64")
    plain = quick(kind, dtype="float64").fit(frame[:80], targets[:80])
    assert model.network_ == plain.network_
    assert len(model.history_.val_loss) == 20
    if kind is TabularRegressor:
        errors = (model.predict(frame[80:]) - y[80:]) / y[:80].std()
        expected = (errors**2).mean()
    else:
        shares = model.predict_proba(frame[80:])
        expected = -np.log(shares[np.arange(40), targets[80:]]).mean()
    assert model.history_.val_loss[-1] == pytest.approx(expected, rel=1e-9)


def test_early_stopping_goes_by_validation_data():
    model = split(early_stopping=True, patience=1, epochs=100, learning_rate=0.3)
    series = model.history_.val_loss
    assert len(series) < 100
    assert model.history_.best_epoch == np.argmin(series)
    frame, y = table()
    shares = model.predict_proba(frame[80:])[np.arange(40), np.digitize(y, [22, 30])[80:]]
    assert min(series) == pytest.approx(-np.log(shares).mean(), rel=1e-4)


def test_validation_data_are_weighted_as_the_training_is():
    frame, y = table()
    labels = np.digitize(y, [22, 30])
    twice = np.r_[80:120, 80:90]
    options = {"class_weight": "balanced", "dtype": "float64", "epochs": 2}
    repeated = split(rows=twice, **options)
    validation = frame[80:], labels[80:], 1 + (np.arange(40) < 10)
    model = quick(validation_data=validation, **options).fit(frame[:80], labels[:80])
    assert repeated.history_.val_loss == pytest.approx(model.history_.val_loss, rel=1e-12)
    zeros = frame[80:], labels[80:], (np.arange(40) < 10).astype(float)
    model = quick(validation_data=zeros, **options).fit(frame[:80], labels[:80])
    first = split(rows=slice(80, 90), **options)
    assert first.history_.val_loss == model.history_.val_loss


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda y: y + 1, r"\[fit\] expected the classes of the fit, \[0 1 2\], got 3"),
        (lambda y: y.astype(str), r"expected the classes of the fit, \[0 1 2\], got .2."),
        (lambda y: np.stack([y, y], 1), "expected 1 targets a row, as those of the fit, got 2"),
        (lambda y: y[1:], "inconsistent numbers of samples: .40, 39."),
    ],
)
def test_validation_data_that_are_refused(change, text):
    with pytest.raises(ValueError, match=text):
        split(change)
    if "classes" not in text:
        with pytest.raises(ValueError, match=text):
            split(change, TabularRegressor)


def test_validation_data_of_other_shapes_that_are_refused():
    frame, y = table()
    with pytest.raises(TypeError, match=r"expected validation_data to be a pair .* got 3$"):
        quick(TabularRegressor, validation_data=3).fit(frame, y)
    with pytest.raises(ValueError, match="yet now missing:\n- day"):
        quick(TabularRegressor, validation_data=(frame[["size", "colour"]], y)).fit(frame, y)
    one = np.array(["a", 1] * 60, object)  # mixed labels
    with pytest.raises(ValueError, match=r"expected the classes of the fit, .*, got 'b'"):
        quick(validation_data=(frame, np.array(["b", "a"] * 60, object))).fit(frame, one)
    several, few = np.stack([y > 28, y > 30], 1).astype(int), (y > 28).astype(int)
    with pytest.raises(ValueError, match="expected 2 targets a row, as those of the fit, got 1"):
        quick(validation_data=(frame, few)).fit(frame, several)
    with pytest.raises(ValueError, match="expected an indicator matrix of 0 and 1"):
        quick(validation_data=(frame, several + several[:, :1])).fit(frame, several)
    decisions = np.stack([y > 28, np.digitize(y, [22, 30])], 1).astype(int)
    with pytest.raises(ValueError, match=r"expected the classes of the fit, \[0 1\], got 2"):
        quick(validation_data=(frame, decisions[:, ::-1])).fit(frame, decisions)


def test_validation_data_are_in_no_file(tmp_path):
    X, y = [[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]
    model = quick(validation_data=(X, y)).fit(X, y)
    model.save(tmp_path / "a.safetensors")
    assert TabularClassifier.load(tmp_path / "a.safetensors").validation_data is None


def test_metrics_may_be_one_name():
    frame, y = table()
    assert len(quick(TabularRegressor, metrics="mae").fit(frame, y).history_.mae) == 20


def test_masked_numbers_are_missing():
    X = np.ma.masked_array([[9.0], [1.0], [3.0], [2.0]], [[True], [False], [False], [False]])
    model = quick().fit(X, [0, 1, 0, 1])
    assert model.encoder_.names == ("x0", "x0 missing")
    assert np.array_equal(model.predict_proba(X), model.predict_proba(X.filled(NAN)))


def test_a_sparse_indicator_matrix():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, :2] > 0).astype(int)
    weights = 1 + np.arange(40) % 2
    model = quick().fit(X, sparse.csr_matrix(y), weights)
    dense = quick().fit(X, y, weights)
    assert model.network_ == dense.network_
    assert np.array_equal(model.predict(X).toarray(), dense.predict(X))


def test_targets_and_weights_that_are_too_large():
    X = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.raises(ValueError, match=r"^\[fit\] expected targets whose squares are finite"):
        quick(TabularRegressor).fit(X, X[:, 0] * 1e300)
    with pytest.raises(ValueError, match=r"^\[fit\] expected sample_weight of numbers from 0 to"):
        quick().fit(X, np.arange(40) % 2, np.full(40, 1e300))


def test_sizes_of_layers_are_integers():
    X = [[1.0], [2.0]]
    for kind in (TabularClassifier, MLPClassifier):
        with pytest.raises(TypeError, match=r"hidden_layer_sizes must be integers, got \[3.5\]"):
            kind((3.5,)).fit(X, [0, 1])
    assert quick(hidden_layer_sizes=(np.int64(3),)).fit(X, [0, 1]).network_.widths[1] == 3
    with pytest.raises(
        ValueError, match=r"^\[fit\] expected dtype to be 'float32' or 'float64', got"
    ):
        MLPClassifier(dtype=int).fit(X, [0, 1])
