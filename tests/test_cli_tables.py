"""The command line on raw tables: categories, dates, what is missing, and whose rows those are."""

import datetime as dt
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from cli_runner import fail, invoke, succeed
from test_cli_untrusted import NASTY, obeyed

import wbcore as wb
from wbcore.cli.data import split
from wbcore.sklearn import TabularClassifier, TabularRegressor
from wbcore.tables import Encoding, TableModel

ROWS = 60
TRAIN = ("train", "raw.csv", "--epochs", 3, "--hidden", 4, "-o", "raw.model")


def raw_table():
    """Numbers and categories with gaps, dates, and targets k, v and n."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"size": rng.normal(10, 3, ROWS).round(2)})
    frame["colour"] = rng.choice(["red", "grün, hell", "日本"], ROWS)
    frame["day"] = pd.date_range("2026-01-01", periods=ROWS, freq="31h").strftime("%Y-%m-%d %H:%M")
    frame["empty"] = None
    for name in ("size", "colour", "day"):
        frame.loc[rng.choice(ROWS, 5, replace=False), name] = None
    signal = frame["size"].fillna(10) + 5 * (frame["colour"] == "red")
    frame["k"] = np.where(signal > 12, "high", "low")
    frame["v"] = 3 * signal
    return frame


FEATURES = ["size", "colour", "day", "empty"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with raw.csv."""
    monkeypatch.chdir(tmp_path)
    raw_table().to_csv("raw.csv", index=False)


def predicted(*words):
    succeed("predict", *words, "-o", "out.csv")
    return pd.read_csv("out.csv")


def of_test(target="k"):
    """The numbers of the rows that are for the test, from 0."""
    return split(np.unique(raw_table()[target], return_inverse=True)[1], 0.2, 0, stratify=True)[1]


def test_a_raw_table_is_trained_on_and_predicted():
    text = succeed(*TRAIN, "--target", "k", "--ignore", "v")
    assert "60 rows of 4 columns, " in text
    assert (
        "'colour': 1 for each of 3 categories ('grün, hell', red, 日本), 'colour missing'" in text
    )
    assert "'day': a date, as 'day days' days since 1970-01-01, with the time of day" in text
    assert "'day weekday' 0 for Monday to 6 for Sunday" in text
    assert "Constant in the training rows, so without weight: empty\n" in text
    net = wb.load("raw.model")
    train = np.setdiff1d(np.arange(ROWS), of_test())
    frame = pd.read_csv("raw.csv")[FEATURES]
    encoding = Encoding.fit(frame.iloc[train])
    assert Encoding.from_dict(net.metadata["encoding"]) == encoding
    outputs = wb.softmax(net.predict(encoding.apply(frame)))
    found = predicted("raw.model", "raw.csv")
    assert list(found.columns) == ["prediction", "probability_high", "probability_low"]
    np.testing.assert_allclose(found.iloc[:, 1:], outputs, rtol=1e-6)
    assert found.prediction.tolist() == [("high", "low")[k] for k in outputs.argmax(axis=1)]


def test_rows_to_predict_may_look_otherwise():
    succeed(*TRAIN, "--target", "v", "--ignore", "k", "--task", "regression")
    expected = predicted("raw.model", "raw.csv")
    frame = pd.read_csv("raw.csv")
    frame[["other", *FEATURES[::-1]]] = frame[["v", *FEATURES[::-1]]]
    frame[["other", *FEATURES[::-1]]].to_csv("moved.csv", index=False)
    assert predicted("raw.model", "moved.csv").equals(expected)
    unknown = frame.assign(colour="none of these")
    unknown.to_csv("unknown.csv", index=False)
    assert not predicted("raw.model", "unknown.csv").equals(expected)
    frame.drop(columns="day").to_csv("less.csv", index=False)
    assert "less.csv lacks column 'day'; it has columns " in fail(
        "predict", "raw.model", "less.csv"
    )


def test_a_parquet_file_with_types_says_the_same():
    frame = pd.read_csv("raw.csv")
    frame["colour"] = frame["colour"].astype("category")
    frame["day"] = pd.to_datetime(frame["day"]).dt.tz_localize("UTC")
    frame.to_parquet("raw.parquet")
    words = ("--target", "v", "--ignore", "k", "--epochs", 3, "-o")
    succeed("train", "raw.csv", *words, "a.model")
    succeed("train", "raw.parquet", *words, "b.model")
    a, b = wb.load("a.model"), wb.load("b.model")
    assert a.metadata["features"] == b.metadata["features"]
    assert a.parameters.tobytes() == b.parameters.tobytes()
    assert predicted("a.model", "raw.parquet").equals(predicted("b.model", "raw.csv"))


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("size", "n.v.", "expected numbers in column 'size', as in training, got 'n.v.' in row {}"),
        ("size", "inf", "expected finite numbers in column 'size', got inf in row {}"),
        ("day", "soon", "expected dates in column 'day', as in training, got 'soon' in row {}"),
        ("day", "2026-02-30", "'day', as in training, got '2026-02-30' in row {}"),
    ],
)
def test_a_message_names_the_row_of_the_file(column, value, expected):
    place = int(of_test()[3])
    frame = pd.read_csv("raw.csv", dtype=object)
    frame.loc[place, column] = value
    frame.to_csv("wrong.csv", index=False)
    expected = "wrong.csv: " * (column == "size") + expected.format(place + 1)
    assert place > 3
    words = ("--target", "k", "--ignore", "v", "--epochs", 1, "-o", "wrong.model")
    assert expected in fail("train", "wrong.csv", *words)
    assert expected in fail("train", "wrong.csv", *words, "--cv", 2)
    assert not Path("wrong.model").exists()
    succeed(*TRAIN, "--target", "k", "--ignore", "v")
    assert expected in fail("predict", "raw.model", "wrong.csv")


def test_an_identifier_is_left_out_and_said_once():
    frame = raw_table().assign(id=[f"K{k:03}" for k in range(ROWS)])
    frame.to_csv("ids.csv", index=False)
    words = ("ids.csv", "--target", "k", "--ignore", "v", "--epochs", 2, "-o", "ids.model")
    for more in ((), ("--cv", 2)):
        result = invoke("train", *words, *more)
        assert result.exit_code == 0
        said = [line for line in result.stderr.splitlines() if "search" not in line]
        assert len(said) == 1
        assert said[0].startswith("wbcore: warning: column 'id' has another text in each of its ")
        assert "'id'" not in result.stdout
    assert not any("id" in name.split() for name in wb.load("ids.model").metadata["features"])
    assert "'id': left out, another category in every row\n" in succeed("inspect", "ids.model")
    whole = predicted("ids.model", "ids.csv")
    assert predicted("ids.model", "raw.csv").equals(whole)  # which has no column id
    succeed("inspect", "ids.model", "--data", "raw.csv")
    model = TableModel.load("ids.model")
    assert model.columns == tuple(FEATURES)
    assert model.predict(pd.read_csv("raw.csv")).tolist() == whole.prediction.tolist()
    split_by_time = ("--test", "raw.csv", "-o", "other.model")
    assert invoke("train", *words[:-2], *split_by_time).exit_code == 0


def zip_table():
    """A number that is a name, which the target goes by, and one that is none."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"zip": rng.choice([1010, 2020, 3030, 4040, 5050], ROWS)})
    frame["size"] = rng.normal(size=ROWS).round(3)
    frame["k"] = np.where(frame["zip"] // 1010 % 2 == 0, "even", "odd")
    return frame


@pytest.mark.parametrize("more", [(), ("--cv", 2), ("--search", 2, "--cv", 2)])
def test_columns_of_numbers_may_be_categories(more):
    zip_table().to_csv("zip.csv", index=False)
    words = ("zip.csv", "--target", "k", "--categories", "zip", "--epochs", 40, "-o", "zip.model")
    result = invoke("train", *words, *more)
    assert result.exit_code == 0
    assert "'zip': 1 for each of 5 categories (1010, 2020, 3030, 4040, 5050); 0" in result.stdout
    assert "Test accuracy 100.00%" in result.stdout
    found = wb.load("zip.model").metadata["encoding"]["columns"][0]
    assert found["kind"] == "category"
    assert found["kept"] == ["1010", "2020", "3030", "4040", "5050"]
    zip_table().iloc[:1].to_csv("row.csv", index=False)
    assert predicted("zip.model", "row.csv").prediction.tolist() == [zip_table()["k"][0]]


@pytest.mark.parametrize(
    ("codes", "known"),
    [
        (["01001", "1001"], ["01001", "1001"]),  # postal codes
        (["1.10", "1.1"], ["1.10", "1.1"]),  # versions
        (["9007199254740993", "9007199254740992"], ["9007199254740993", "9007199254740992"]),
        (["1.50", "2.25"], ["1.5", "2.25"]),  # numbers that lose nothing
        (["1.0", "2.0", ""], ["1", "2"]),
        (["True", "False"], ["False", "True"]),
    ],
)
def test_texts_that_are_different_are_different_categories(codes, known):
    rows = "".join(
        f"{code},{i % 3},{'yes' if i % 2 else 'no'}\n" for i, code in enumerate(codes * 15)
    )
    Path("codes.csv").write_text("code,size,k\n" + rows)
    words = ("--target", "k", "--categories", "code", "--epochs", 60, "-o", "codes.model")
    assert invoke("train", "codes.csv", *words).exit_code == 0
    model = TableModel.load("codes.model")
    (column,) = [column for column in model.encoding.columns if column.kind == "category"]
    assert sorted(column.kept) == sorted(known)
    succeed("predict", "codes.model", "codes.csv", "-o", "found.csv")
    found = pd.read_csv("found.csv").filter(like="probability").to_numpy()
    wanted = {"yes": found[:, 1] > 0.5, "no": found[:, 0] > 0.5}
    if len(codes) == 2:
        assert (wanted["yes"] == np.tile([False, True], 15)).all()
    texts = pd.read_csv("codes.csv", dtype={"code": str})
    np.testing.assert_allclose(model.predict_proba(texts), found, rtol=1e-6)


def test_a_dict_of_columns_is_no_table():
    succeed(*TRAIN, "--target", "k", "--ignore", "v")
    with pytest.raises(TypeError, match=r"\[predict\] expected X as a table.* pandas.DataFrame"):
        TableModel.load("raw.model").predict({"size": [1.0]})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("zpi",), "--categories: zip.csv lacks column 'zpi'; it has columns 'zip', 'size'; the "),
        (("zpi",), "; the closest to 'zpi' is 'zip'\n"),
        (
            ("zip,k",),
            "--categories: expected columns to predict from, got 'k', which is the target",
        ),
        (("zip", "--ignore", "zip"), "got 'zip', which is left out by --ignore"),
    ],
)
def test_categories_that_are_none_are_refused(words, message):
    zip_table().to_csv("zip.csv", index=False)
    options = ("--target", "k", "--categories", *words)
    assert message in fail("train", "zip.csv", *options)
    assert message in fail("train", "zip.csv", *options, "--cv", 2)
    assert "--categories is for CSV and" in fail("train", "digits", "--categories", "a")


def test_the_closest_name_of_a_column_is_said():
    line = fail("train", "raw.csv", "--target", "k", "--ignore", "colr")
    assert "; the closest to 'colr' is 'colour'\n" in line
    assert "; the closest to 'kk' is 'k'\n" in fail("train", "raw.csv", "--target", "kk")
    succeed(*TRAIN, "--target", "k", "--ignore", "v")
    frame = pd.read_csv("raw.csv").rename(columns={"colour": "color"})
    frame.to_csv("other.csv", index=False)
    assert "; the closest to 'colour' is 'color'\n" in fail("predict", "raw.model", "other.csv")
    with pytest.raises(ValueError, match=r"\[predict\] .*; the closest to 'colour' is 'color'$"):
        TableModel.load("raw.model").predict(frame)


@pytest.mark.parametrize(
    ("target", "more"), [("k", ()), ("k", ("--loss", "hinge")), ("v", ("--task", "regression"))]
)
def test_a_table_model_gives_what_predict_does(target, more):
    words = ("--target", target, "--ignore", "k" if target == "v" else "v", *more)
    succeed(*TRAIN, *words)
    model, frame = TableModel.load("raw.model"), pd.read_csv("raw.csv")
    found = predicted("raw.model", "raw.csv")
    given = model.predict(frame[FEATURES[::-1]])
    assert model.columns == tuple(FEATURES)
    if target == "v":
        np.testing.assert_array_equal(given, found.prediction.astype(np.float32))
        assert model.classes is None
        assert repr(model) == "<TableModel: 4 columns, values>"
    else:
        assert given.tolist() == found.prediction.tolist()
        assert model.classes == ("high", "low")
    if len(found.columns) > 1:
        np.testing.assert_allclose(model.predict_proba(frame), found.iloc[:, 1:], rtol=1e-6)
    else:
        with pytest.raises(ValueError, match=r"^\[predict_proba\] expected a model that gives"):
            model.predict_proba(frame)
    with pytest.raises(wb.ModelFileError, match=r"TableModel.load reads it: '.*raw.model'$"):
        TabularClassifier.load("raw.model")


def test_what_is_no_model_of_a_table_says_so():
    wb.Network.mlp([2, 1], seed=0).save("net.model")
    with pytest.raises(wb.ModelFileError, match=r"^\[load\] .*'encoding' of a table, got one with"):
        TableModel.load("net.model")
    with pytest.raises(wb.ModelFileError, match=r"got a network alone: wbcore.load reads it: "):
        TabularRegressor.load("net.model")
    net = wb.load("net.model")
    net.metadata["encoding"] = {"version": 2}
    net.save("net.model")
    with pytest.raises(wb.ModelFileError, match="version 2 of a newer wbcore"):
        TableModel.load("net.model")


def test_several_answers_a_row_have_columns_each():
    frame, rng = pd.read_csv("raw.csv")[FEATURES], np.random.default_rng(0)
    model = TabularClassifier(epochs=2).fit(frame, rng.integers(0, 2, (ROWS, 3)))
    model.save("many.model")
    shares = TableModel.load("many.model").predict_proba(frame)
    np.testing.assert_allclose(shares, model.predict_proba(frame), rtol=1e-6)
    assert list(predicted("many.model", "raw.csv")) == [
        f"{what}_target_{k}" for what in ("prediction", "probability") for k in range(3)
    ]


def test_three_rows_are_enough():
    pd.read_csv("raw.csv").iloc[:3].assign(k=["a", "b", "a"]).to_csv("three.csv", index=False)
    words = ("three.csv", "--target", "k", "--ignore", "v,colour,day", "--epochs", 2)
    text = succeed("train", *words, "--test-fraction", 0.5, "-o", "three.model")
    assert "3 rows of 2 features" in text
    assert len(predicted("three.model", "three.csv")) == 3


def test_nothing_of_a_table_reaches_the_terminal_as_a_control_character():
    frame = raw_table()
    frame["text"] = np.where(frame["size"] > 9, NASTY, "plain")
    frame = frame.rename(columns={"size": f"size{NASTY}"})
    frame.to_csv("nasty.csv", index=False)
    words = ("nasty.csv", "--target", "k", "--ignore", "v", "--epochs", 2, "-o", "nasty.model")
    for command in (("train", *words, "--cv", 2), ("inspect", "nasty.model")):
        result = invoke(*command)
        assert result.exit_code == 0
        assert r"x\x1b[31m" in result.stdout
        assert not obeyed(result.stdout + result.stderr.replace("\r", ""))
    frame[f"size{NASTY}"] = frame[f"size{NASTY}"].astype(object)
    frame.loc[7, f"size{NASTY}"] = NASTY
    frame.to_csv("nasty.csv", index=False)
    line = fail("predict", "nasty.model", "nasty.csv")
    assert " in row 8 (counted from 1)\n" in line
    assert not obeyed(line)


def test_inspect_says_what_columns_became():
    succeed(*TRAIN, "--target", "k", "--ignore", "v")
    text = succeed("inspect", "raw.model")
    for line in Encoding.from_dict(wb.load("raw.model").metadata["encoding"]).describe():
        assert f"{line}\n" in text
    assert "encoding" not in text
    found = json.loads(succeed("inspect", "raw.model", "--json"))["metadata"]
    assert [column["kind"] for column in found["encoding"]["columns"]] == [
        "number", "category", "date", "number"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: "x", "the model's metadata: expected the encoding of a table"),
        (lambda e: e | {"version": 2}, "version 2 of a newer wbcore"),
        (lambda e: e | {"columns": e["columns"][:1]}, "inputs, got one to 2"),
    ],
)
def test_an_encoding_that_is_none_is_one_line(damage, message):
    succeed(*TRAIN, "--target", "k", "--ignore", "v")
    net = wb.load("raw.model")
    net.metadata["encoding"] = damage(net.metadata["encoding"])
    net.save("bad.model")
    assert message in fail("predict", "bad.model", "raw.csv")
    assert "encoding" in succeed("inspect", "bad.model")


def test_models_of_the_estimators_take_the_raw_file():
    frame = pd.read_csv("raw.csv")
    X = frame[FEATURES]
    classifier = TabularClassifier(epochs=3, hidden_layer_sizes=(4,)).fit(X, frame["k"])
    classifier.save("c.model")
    found = predicted("c.model", "raw.csv")
    assert found.prediction.tolist() == classifier.predict(X).tolist()
    np.testing.assert_allclose(found.iloc[:, 1:], classifier.predict_proba(X), rtol=1e-6)
    regressor = TabularRegressor(epochs=3, hidden_layer_sizes=(4,)).fit(X, frame["v"])
    regressor.save("r.model")
    np.testing.assert_allclose(
        predicted("r.model", "raw.csv").prediction, regressor.predict(X), rtol=1e-8
    )
    text = succeed("inspect", "c.model")
    assert "TabularClassifier\n" in text.replace(" ", "")
    assert "'day': a date, as 'day days' days since 1970-01-01" in text


def test_letters_that_the_picture_has_no_font_for_are_no_warning():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        succeed(*TRAIN, "--target", "k", "--ignore", "v")
    assert not [warning for warning in found if "Glyph" in str(warning.message)]


def test_bools_of_a_csv_file_are_texts_of_a_parquet_file(tmp_path):
    frame = pd.DataFrame({"on": np.arange(40) % 3 > 0, "y": np.where(np.arange(40) % 3, "a", "b")})
    frame.to_csv(tmp_path / "t.csv", index=False)
    succeed("train", tmp_path / "t.csv", "--target", "y", "--epochs", 2, "-o", tmp_path / "m")
    frame[["on"]].astype(str).to_parquet(tmp_path / "texts.parquet")
    of_texts = succeed("predict", tmp_path / "m", tmp_path / "texts.parquet")
    assert of_texts == succeed("predict", tmp_path / "m", tmp_path / "t.csv")


def test_times_of_a_parquet_file_are_texts_of_a_csv_file(tmp_path):
    hours = np.arange(40) % 24
    frame = pd.DataFrame({"at": [dt.time(hour, 30) for hour in hours], "y": hours > 11})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    succeed("train", tmp_path / "t.parquet", "--target", "y", "--epochs", 2, "-o", tmp_path / "m")
    of_texts = succeed("predict", tmp_path / "m", tmp_path / "t.csv")
    assert of_texts == succeed("predict", tmp_path / "m", tmp_path / "t.parquet")


def csv_of(name, column, target):
    """A CSV file of the columns c and y, as they are written."""
    rows = [f"{c},{y}" for c, y in zip(column, target, strict=True)]
    Path(name).write_text("\n".join(["c,y", *rows]) + "\n")


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["true", "false", "maybe"], None),
        (["TRUE", "FALSE", "x"], None),
        (["true", "1", "x"], None),
        (["007", "08", "x"], None),
        (["1.0", "2.50", "x"], None),
        (["1" + "0" * 29, "1" + "0" * 28 + "1", "x"], None),
        (["true", "false", "maybe"], ["True", "FALSE", "maybe"]),
    ],
)
def test_texts_stay_what_they_are_whatever_the_other_rows_look_like(texts, written):
    answers = ["no", "yes", "eh"]
    csv_of("all.csv", texts * 20, answers * 20)
    csv_of("class.csv", answers * 20, texts * 20)
    for n in (1, 2):
        csv_of(f"c{n}.csv", (written or texts)[:n] * 20, answers[:n] * 20)
    csv_of("y2.csv", answers[:2] * 20, (written or texts)[:2] * 20)
    words = ("--target", "y", "--epochs", 2, "-o")
    succeed("train", "all.csv", *words, "m.safetensors", "--test", "c2.csv")
    every = predicted("m.safetensors", "all.csv")
    for n in (1, 2):
        pd.testing.assert_frame_equal(
            predicted("m.safetensors", f"c{n}.csv").iloc[:n], every.iloc[:n]
        )
    frame = pd.DataFrame({"c": texts})
    assert (TableModel.load("m.safetensors").predict(frame) == every["prediction"][:3]).all()

    succeed("train", "class.csv", *words, "n.safetensors", "--test", "y2.csv")
    assert sorted(wb.load("n.safetensors").metadata["classes"]) == sorted(texts)
    succeed("inspect", "n.safetensors", "--data", "y2.csv", "--target", "y")


def test_classes_that_the_training_read_as_bools_or_numbers():
    for classes, others in ((["true", "false"], ["TRUE", "False"]), (["007", "08"], ["7", "8.0"])):
        csv_of("a.csv", [1, 2] * 20, classes * 20)
        csv_of("b.csv", [1, 2] * 20, others * 20)
        words = ("--target", "y", "--task", "classification", "--epochs", 2, "-o", "m.safetensors")
        succeed("train", "a.csv", *words, "--test", "b.csv")
        csv_of("b.csv", [1, 2], [others[0], "maybe"])
        assert "has the class 'maybe'" in fail("train", "a.csv", *words, "--test", "b.csv")


def test_a_parquet_file_whose_types_pandas_does_not_know():
    kind = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    frame = pd.DataFrame({"c": pd.array(["a", "b"] * 20, dtype=kind), "y": ["u", "v"] * 20})
    frame.to_parquet("arrow.parquet")
    frame.astype({"c": "category"}).to_parquet("plain.parquet")
    succeed("train", "plain.parquet", "--target", "y", "--epochs", 2, "-o", "m.safetensors")
    for words in (
        ("train", "arrow.parquet", "--target", "y"),
        ("predict", "m.safetensors", "arrow.parquet"),
    ):
        assert "arrow.parquet is not a readable Parquet file: " in fail(*words)
