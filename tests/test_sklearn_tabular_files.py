"""Estimators for tables as model files, of which wbcore and its command line read networks."""

import json

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, succeed

import wbcore as wb
from wbcore.sklearn import TabularClassifier, TabularRegressor

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": np.where(np.arange(80) % 9, RNG.normal(size=80), np.nan),
        "colour": RNG.choice(["red", "blue"], 80),
        "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(80), unit="D"),
    }
)
KIND = np.arange(80) % 3
TARGETS = {
    "numbers": KIND,
    "texts": np.array(["a", "b", "ü"])[KIND],
    "objects": np.array(["a", "b", "c"], object)[KIND],
    "mixed": np.array(["a", 7, "c"], object)[KIND],
    "bools": KIND > 0,
    "one": np.zeros(80, int),
    "many": np.eye(3, dtype=int)[KIND],
    "decisions": np.stack([KIND, KIND % 2], axis=1),
}
QUICK = {"hidden_layer_sizes": (8,), "epochs": 5, "random_state": 0}


@pytest.fixture
def saved(tmp_path):
    """The estimator of the file of one."""

    def run(model):
        model.save(tmp_path / "m.safetensors")
        return type(model).load(tmp_path / "m.safetensors")

    return run


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")
def test_classifiers(name, saved):
    model = TabularClassifier(**QUICK).fit(FRAME, TARGETS[name])
    again = saved(model)
    assert np.array_equal(again.predict(FRAME), model.predict(FRAME))
    assert again.predict(FRAME).dtype == model.predict(FRAME).dtype
    for one, other in zip(again.predict_proba(FRAME), model.predict_proba(FRAME), strict=True):
        assert np.array_equal(one, other)
    assert again.network_ == model.network_
    assert again.score(FRAME, TARGETS[name]) == model.score(FRAME, TARGETS[name])


@pytest.mark.parametrize("y", [KIND * 40.0, np.eye(3)[KIND]])
def test_regressors(y, saved):
    model = TabularRegressor(**QUICK, activation=wb.ELU(0.5)).fit(FRAME, y)
    again = saved(model)
    assert np.array_equal(again.predict(FRAME), model.predict(FRAME))
    assert again.get_params() == model.get_params() | {"activation": "elu(0.5)"}
    assert again.fit(FRAME, y).network_ == model.network_
    assert again.history_ == model.history_


def test_all_attributes(saved):
    model = TabularClassifier(**QUICK, early_stopping=True).fit(FRAME, TARGETS["texts"])
    again = saved(model)
    assert again.encoder_ == model.encoder_
    assert again.feature_names_in_.tolist() == ["size", "colour", "day"]
    assert again.n_features_in_ == 3
    assert again.n_iter_ == model.n_iter_
    assert again.loss_ == model.loss_
    assert again.history_.val_loss == model.history_.val_loss
    assert again.history_.best_epoch == model.history_.best_epoch
    assert again.history_.reason == model.history_.reason
    assert vars(again).keys() == vars(model).keys()


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in "ab":
        TabularClassifier(**QUICK).fit(FRAME, KIND).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_network_is_a_model_of_its_own(tmp_path):
    model = TabularClassifier(**QUICK).fit(FRAME, TARGETS["texts"])
    model.save(tmp_path / "m")
    net = wb.load(tmp_path / "m")
    assert net == model.network_
    assert net.metadata["features"] == list(model.encoder_.names)
    assert net.metadata["classes"] == ["a", "b", "ü"]
    assert net.metadata["encoding"] == json.loads(json.dumps(model.encoder_.to_dict()))
    shares = net.predict(model.encoder_.apply(FRAME)).astype(float)  # whose sums are float32's
    np.testing.assert_allclose(model.predict_proba(FRAME), shares, rtol=1e-6)
    np.testing.assert_allclose(model.predict_proba(FRAME).sum(axis=1), 1, rtol=0, atol=1e-15)


def test_the_command_line_reads_it(tmp_path):
    X = pd.DataFrame(RNG.normal(size=(20, 2)), columns=["a", "b"])
    X.to_csv(tmp_path / "x.csv", index=False)
    for model, y in (
        (TabularClassifier(**QUICK), TARGETS["texts"][:20]),
        (TabularRegressor(**QUICK), (X["a"] * 7).rename("price")),
    ):
        model.fit(X, y).save(tmp_path / "m")
        assert model.network_.metadata["target"] == getattr(y, "name", "target")
        out = tmp_path / "out.csv"
        succeed("predict", tmp_path / "m", tmp_path / "x.csv", "-o", out)
        found = pd.read_csv(out)["prediction"]
        if model._task == "classification":
            assert found.tolist() == model.predict(X).tolist()
        else:
            assert np.allclose(found, model.predict(X), rtol=1e-6)


def test_files_that_are_of_something_else(tmp_path):
    path = tmp_path / "m"
    wb.Network.mlp([2, 3, 1]).save(path)
    with pytest.raises(wb.ModelFileError, match=r"\[load\] expected a model that Tabular.* wrote"):
        TabularClassifier.load(path)
    model = TabularRegressor(**QUICK).fit(FRAME, KIND)
    model.save(path)
    with pytest.raises(wb.ModelFileError, match="of TabularClassifier, got one of TabularRegr"):
        TabularClassifier.load(path)
    state = model.network_.metadata
    for change in (
        {"encoding": {}},
        {"estimator": state["estimator"] | {"version": 2}},
        {"estimator": state["estimator"] | {"targets": {}}},
        {"estimator": state["estimator"] | {"dtype": "object8"}},
    ):
        model.network_.metadata = state | change
        model.save(path)
        with pytest.raises(wb.ModelFileError, match=r"\[load\] expected a model"):
            TabularRegressor.load(path)


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["2026-01-01", "2026-01-02"], "M8[D]"),
        np.array([3600, 7200], "m8[s]"),
        np.array([1, 2], np.longdouble),
        np.array([1, 2], np.float16),
    ],
    ids=lambda classes: str(classes.dtype),
)
def test_labels_of_any_type_are_kept(classes, tmp_path):
    X = np.arange(8.0)[:, None]
    model = TabularClassifier((4,), epochs=2, random_state=0).fit(X, classes[np.arange(8) % 2])
    model.save(tmp_path / "a.safetensors")
    again = TabularClassifier.load(tmp_path / "a.safetensors")
    assert again.classes_.dtype == classes.dtype
    assert np.array_equal(again.predict(X), model.predict(X))


def test_labels_of_several_types(tmp_path):
    X, path = np.arange(8.0)[:, None], tmp_path / "m"
    for mixed in ([np.int64(1), "a"], [True, "a"], [2, "1"]):
        model = TabularClassifier((4,), epochs=2, random_state=0).fit(X, np.array(mixed * 4, "O"))
        model.save(path)
        again = TabularClassifier.load(path)
        assert again.classes_.tolist() == model.classes_.tolist()
        assert np.array_equal(again.predict(X), model.predict(X))
        assert wb.tables.TableModel.load(path).classes == tuple(map(str, model.classes_))
    for alike in ([1, "1"], [True, "True"]):
        model = TabularClassifier((4,), epochs=2).fit(X, np.array(alike * 4, object))
        expected = rf"\[save\] expected labels that differ as texts, .* {alike[0]} and '{alike[1]}'"
        with pytest.raises(ValueError, match=expected):
            model.save(tmp_path / "n")
        assert not (tmp_path / "n").exists()


@pytest.mark.parametrize(
    ("labels", "weights"),
    [
        ([0, 1, 2], {0: 0.5, 1: 2, 2: 1.0}),
        (["a", "1", "c"], {"a": 0.5, "1": np.float64(2)}),
        ([False, True, True], {True: 3}),
        ([0, 1, 2], {np.int64(1): 2.0}),
    ],
)
def test_class_weights_are_kept(labels, weights, saved):
    y = np.array(labels)[KIND]
    model = TabularClassifier(**QUICK, class_weight=weights).fit(FRAME, y)
    again = saved(model)
    assert again.class_weight == weights
    assert again.fit(FRAME, y).network_ == model.network_


def test_class_weights_of_several_decisions_are_kept(saved):
    weights = [{"cold": 2.0, "hot": 1.0}, {"dry": 1, "wet": 0.5}]
    model = TabularClassifier(**QUICK, class_weight=weights).fit(FRAME, WEATHER)
    assert saved(model).class_weight == weights


WEATHER = pd.DataFrame(
    {"heat": np.array(["cold", "hot"])[KIND % 2], "rain": np.array(["dry", "wet", "wet"])[KIND]}
)


def predicted_columns(model, tmp_path):
    """What `wbcore predict` and `TableModel` make of the file of a model."""
    FRAME.to_csv(tmp_path / "x.csv", index=False)
    model.save(tmp_path / "m")
    succeed("predict", tmp_path / "m", tmp_path / "x.csv", "-o", tmp_path / "out.csv")
    return pd.read_csv(tmp_path / "out.csv"), wb.tables.TableModel.load(tmp_path / "m")


def test_several_decisions_have_their_names(tmp_path):
    model = TabularClassifier(**QUICK).fit(FRAME, WEATHER)
    found, table = predicted_columns(model, tmp_path)
    assert list(found) == [
        "prediction_heat", "prediction_rain", "probability_heat=cold", "probability_heat=hot",
        "probability_rain=dry", "probability_rain=wet",
    ]  # fmt: skip
    assert np.array_equal(found.iloc[:, :2], model.predict(FRAME))
    assert np.allclose(found.iloc[:, 2:], np.hstack(model.predict_proba(FRAME)), rtol=1e-6)
    assert (table.classes, table.targets) == ((("cold", "hot"), ("dry", "wet")), ("heat", "rain"))
    assert np.array_equal(table.predict(FRAME), model.predict(FRAME))
    for one, other in zip(table.predict_proba(FRAME), model.predict_proba(FRAME), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert repr(table) == "<TableModel: 3 columns, 2 decisions>"
    nameless = TabularClassifier(**QUICK).fit(FRAME, WEATHER.to_numpy())
    assert list(predicted_columns(nameless, tmp_path)[0])[1:3] == [
        "prediction_target_1", "probability_target_0=cold",
    ]  # fmt: skip


def test_decisions_whose_names_could_be_of_two(tmp_path):
    targets = pd.DataFrame({"a": WEATHER["heat"].replace("hot", "b=c"), "a=b": WEATHER["rain"]})
    found, _ = predicted_columns(TabularClassifier(**QUICK).fit(FRAME, targets), tmp_path)
    assert list(found)[:3] == [
        "prediction_a", "prediction_target_1", "probability_a=b=c",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (("price", ""), ("price", "target_1")),
        ((7, "price"), ("target_0", "price")),
        (("target_1", None), ("target_1", "target_1_")),
        (("a=b", "a"), ("a=b", "a")),
    ],
)
def test_only_targets_without_a_name_of_their_own_are_numbered(given, names, tmp_path):
    values = pd.DataFrame(
        np.column_stack([KIND * 2.0, KIND % 2]), columns=pd.Index(given, dtype="O")
    )
    found, table = predicted_columns(TabularRegressor(**QUICK).fit(FRAME, values), tmp_path)
    assert table.targets == names
    assert list(found) == [f"prediction_{name}" for name in names]


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_labels_have_their_names(loss, tmp_path):
    labels = pd.DataFrame({"sun": KIND % 2, "wind": KIND // 2})
    model = TabularClassifier(**QUICK, loss=loss).fit(FRAME, labels)
    found, table = predicted_columns(model, tmp_path)
    assert np.array_equal(found[["prediction_sun", "prediction_wind"]], model.predict(FRAME))
    assert np.array_equal(table.predict(FRAME), model.predict(FRAME))
    assert (table.classes, table.targets) == (None, ("sun", "wind"))
    if loss == "squared_hinge":
        assert found.shape[1] == 2
        with pytest.raises(ValueError, match="got one trained by a hinge loss"):
            table.predict_proba(FRAME)
        return
    shares = found[["probability_sun", "probability_wind"]]
    assert np.allclose(shares, model.predict_proba(FRAME), rtol=1e-6)
    np.testing.assert_allclose(table.predict_proba(FRAME), model.predict_proba(FRAME), rtol=1e-6)


@pytest.mark.parametrize("targets", [KIND > 0, KIND, np.zeros(80, int)], ids=["2", "3", "1"])
@pytest.mark.parametrize("loss", ["focal", "hinge"])
@pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")
def test_classes_of_any_loss_have_their_names(loss, targets, tmp_path):
    model = TabularClassifier(**QUICK, loss=loss).fit(FRAME, targets)
    found, table = predicted_columns(model, tmp_path)
    assert np.array_equal(found["prediction"], model.predict(FRAME))
    assert table.classes == tuple(map(str, model.classes_.tolist()))
    if loss == "focal":
        shares = found[[f"probability_{name}" for name in table.classes]]
        assert np.allclose(shares, model.predict_proba(FRAME), rtol=1e-5)
    else:
        assert list(found) == ["prediction"]


def test_several_values_have_their_names(tmp_path):
    values = pd.DataFrame({"price": KIND * 2.0, "weight": KIND % 2 - 0.5})
    model = TabularRegressor(**QUICK).fit(FRAME, values)
    found, table = predicted_columns(model, tmp_path)
    assert list(found) == ["prediction_price", "prediction_weight"]
    assert np.allclose(found, model.predict(FRAME), rtol=1e-6)
    assert (table.classes, table.targets) == (None, ("price", "weight"))
    with pytest.raises(ValueError, match="got one of values"):
        table.predict_proba(FRAME)


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": wb.AdamW(0.01)},
        {"optimizer": wb.SGD(wb.schedules.Step(0.1, 20), momentum=0.5)},
        {"schedule": wb.schedules.Cosine(0.02, 50)},
        {"activation": ["tanh"], "hidden_layer_sizes": [8]},
        {"categories": ("colour",), "metrics": ("r2", "mae")},
    ],
    ids=str,
)
def test_a_loaded_model_trains_as_the_saved_one(given, saved):
    model = TabularRegressor(**QUICK | given).fit(FRAME, KIND)
    again = saved(model)
    texts = {k: v if isinstance(v, (list, tuple)) else str(v) for k, v in given.items()}
    assert again.get_params() == model.get_params() | texts
    assert again.fit(FRAME, KIND).network_ == model.network_
    assert saved(again).get_params() == again.get_params()


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": wb.Adam(0.01, l1=0.1)},
        {"optimizer": wb.Adam(lambda step: 0.1 / step)},
        {"schedule": wb.schedules.Warmup(lambda step: 0.1 / step, 5)},
    ],
    ids=["penalties", "a rate that is a function", "a schedule of a function"],
)
def test_what_no_text_says_is_that_of_a_new_one(given, saved):
    model = TabularRegressor(**QUICK, **given).fit(FRAME, KIND)
    assert saved(model).get_params()[next(iter(given))] is None


def test_inspect_tells_decisions_apart(tmp_path):
    TabularClassifier(**QUICK).fit(FRAME, WEATHER).save(tmp_path / "m")
    text = succeed("inspect", tmp_path / "m")
    assert "cold, hot; dry, wet" in text
    assert not any(line.startswith("target ") for line in text.splitlines())
    FRAME.assign(k=KIND).to_csv(tmp_path / "x.csv", index=False)
    line = fail("inspect", tmp_path / "m", "--data", tmp_path / "x.csv", "--target", "k")
    assert "--data: expected a model of one target, got " in line
