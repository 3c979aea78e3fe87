"""Which rows ``wbcore inspect --data`` takes for those of the training: the split made again."""

import json

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, invoke, succeed

import wbcore as wb

OVERFITTED = ("--hidden", "128,128", "--l2", 0, "--epochs", 60, "--schedule", "constant")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of noise and little else, in two parts and whole."""
    path = tmp_path_factory.mktemp("parts")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 8)), columns=list("abcdefgh"))
    frame["v"] = frame["a"] + 1.5 * rng.normal(size=300)
    frame["k"] = np.where(frame.pop("v") > 0, "yes", "no")
    frame.to_csv(path / "all.csv", index=False)
    frame[:200].to_csv(path / "train.csv", index=False)
    frame[200:].to_csv(path / "valid.csv", index=False)
    words = ("--target", "k", *OVERFITTED)
    succeed("train", path / "all.csv", *words, "-o", path / "all.model")
    succeed("train", path / "train.csv", *words, "--test", path / "valid.csv", "-o", path / "m")
    return path


def one_line(text):
    return " ".join(text.split())


def test_the_table_of_the_training_is_parted_again(folder):
    words = ("inspect", folder / "all.model", "--data", folder / "all.csv")
    result = invoke(*words, "--fail-on", "WB-OVERFIT")
    assert result.exit_code == 1
    said = one_line(result.stdout)
    assert "WB-OVERFIT (warning): 0.0% of the rows wrong in training (all 240 rows)" in said
    assert "all.csv is the table of the training, parted as there: 240 rows to train on, 60" in said
    data = json.loads(succeed(*words, "--json"))
    wrong = {f["code"]: f["numbers"] for f in data["findings"]}["WB-OVERFIT"]["validation_error"]
    test = wb.load(folder / "all.model").metadata["test"]
    assert test["rows"] == 60
    assert wrong == pytest.approx(1 - test["accuracy"])


def test_where_that_is_not_known_it_is_said(folder, tmp_path):
    words = ("--data", folder / "train.csv", "--validation", folder / "valid.csv")
    said = one_line(succeed("inspect", folder / "all.model", *words))
    assert said.startswith("nothing wrong was found for sure")
    assert "train.csv is not the table of its training, row for row, so --data and" in said
    assert "--validation are taken as given" in said
    frame = pd.read_csv(folder / "all.csv")
    frame.loc[7, "b"] += 1e-9
    frame.to_csv(tmp_path / "other.csv", index=False)
    said = one_line(succeed("inspect", folder / "all.model", "--data", tmp_path / "other.csv"))
    assert "other.csv is not the table of its training, row for row, so --data is taken as" in said
    net = wb.load(folder / "all.model")
    for training in ({"digest": None}, {"seed": -1}, {"test_fraction": "a"}, {"rows": 7}):
        net.metadata["training"] |= training
        net.save(tmp_path / "m")
        text = one_line(succeed("inspect", tmp_path / "m", "--data", folder / "all.csv"))
        assert text.startswith(("nothing wrong was found for sure", "1 warning"))
        assert "not looked at: which of these rows were trained on" in text
        assert "--data is taken as given" in text
        net = wb.load(folder / "all.model")


def test_rows_that_early_stopping_watched_were_not_trained_on(folder, tmp_path):
    words = ("--target", "k", "--epochs", 3, "--early-stopping", 3, "-o", tmp_path / "m")
    succeed("train", folder / "all.csv", *words)
    said = one_line(succeed("inspect", tmp_path / "m", "--data", folder / "all.csv"))
    assert "216 rows to train on, 24 to decide by, 60 for the test" in said
    assert "looked at: all 216 rows, all 60 rows for validation" in said


def test_a_table_for_the_test(folder):
    net = wb.load(folder / "m")
    assert net.metadata["training"]["rows"] == 200
    test = net.metadata["test"]
    assert test["rows"] == 100
    assert test["data"] == "valid.csv"
    words = ("inspect", folder / "m", "--data", folder / "train.csv")
    assert "all 200 rows were trained on" in one_line(succeed(*words))
    result = invoke(*words, "--validation", folder / "valid.csv", "--fail-on", "WB-OVERFIT")
    assert result.exit_code == 1
    assert "rows were trained on; --validation is taken as given" in one_line(result.stdout)
    assert f"{1 - test['accuracy']:.1%} in validation" in one_line(result.stdout)


def test_what_a_table_for_the_test_is_refused_for(folder, tmp_path):
    words = ("train", folder / "train.csv", "--target", "k", "-o", tmp_path / "m")
    frame = pd.read_csv(folder / "valid.csv")
    frame.assign(k=["maybe", *frame["k"][1:]]).to_csv(tmp_path / "t.csv", index=False)
    said = fail(*words, "--test", tmp_path / "t.csv")
    assert "has the class 'maybe', which the rows to train on do not have" in said
    frame.drop(columns="c").to_csv(tmp_path / "t.csv", index=False)
    assert "t.csv lacks column 'c'" in fail(*words, "--test", tmp_path / "t.csv")
    frame.assign(c="x").to_csv(tmp_path / "t.csv", index=False)
    assert "t.csv: " in fail(*words, "--test", tmp_path / "t.csv")
    said = fail(*words, "--test", folder / "valid.csv", "--test-fraction", 0.3)
    assert "--test-fraction: expected none beside --test" in said
    assert "--test is for CSV and Parquet files" in fail("train", "digits", "--test", "t.csv")
    said = fail(*words[:-1], folder / "valid.csv", "--test", folder / "valid.csv")
    assert "would take the place of the table for the test" in said


@pytest.mark.parametrize(
    "words", [("--target", "k"), ("--target", "a"), ("--target", "a", "--loss", "quantile(0.5)")]
)
def test_no_test(folder, tmp_path, words):
    model = tmp_path / "m"
    options = (*words, "--test-fraction", 0, "--epochs", 2, "--hidden", 4, "-o", model)
    text = succeed("train", folder / "all.csv", *options)
    assert "300 to train on, none for the test" in text
    assert "Not tested: no rows were kept for the test" in text
    assert (tmp_path / "m.png").stat().st_size > 10_000
    net = wb.load(model)
    assert net.metadata["test"] == {"rows": 0}
    assert net.metadata["training"]["rows"] == 300
    said = one_line(succeed("inspect", model, "--data", folder / "all.csv"))
    assert "all 300 rows were trained on" in said
    assert "not looked at: rows that training and validation share, over-fitting" in said
