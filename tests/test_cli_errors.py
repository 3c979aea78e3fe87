"""The command line: one line and exit code 2 for everything that is wrong."""

import sys

import numpy as np
import pytest
from cli_runner import fail, succeed
from sklearn import datasets

from wbcore.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds iris.csv (text target), diabetes.csv, iris.model and cut.model, which lacks its end."""
    path = tmp_path_factory.mktemp("data")
    iris = datasets.load_iris(as_frame=True)
    frame = iris.frame.assign(target=iris.target_names[iris.target])
    frame.to_csv(path / "iris.csv", index=False)
    datasets.load_diabetes(as_frame=True).frame.to_csv(path / "diabetes.csv", index=False)
    options = ["--target", "target", "--epochs", 2, "-o", path / "iris.model"]
    succeed("train", path / "iris.csv", *options)
    (path / "cut.model").write_bytes((path / "iris.model").read_bytes()[:-7])
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "none.csv", "--target", "a"], "none.csv: no such file or folder"),
        (["train", "{}/iris.csv"], "say which column to predict with --target"),
        (["train", "{}/iris.csv", "--target", "kind"], "lacks column 'kind'; it has columns "),
        (["train", "{}/iris.csv", "--target", "petal width (cm)"], "'target' is not numeric"),
        (["train", "{}", "--target", "a"], "--target is for CSV and Parquet files"),
        (["train", "{}"], "lacks train-images-idx3-ubyte"),
        (["train", "digits", "--ignore", "a"], "--ignore is for CSV and Parquet files"),
        (["train", "digits", "-o", "{}/none/m"], "there is no folder"),
        (["train", "digits", "-o", "{}/m.png"], "need three files"),
        (["train", "{}/iris.csv", "--target", "target", "-o", "{}/iris.csv"], "need three files"),
        (["train", "{}/iris.csv", "--target", "target", "--task", "ranking"], "--task: expected"),
        (["train", "digits", "--hidden", "8;8"], "--hidden: expected widths like 64,32, got '8;8'"),
        (["train", "digits", "--hidden", "8,0"], "--hidden: expected widths of at least 1"),
        (["train", "digits", "--epochs", "0"], "--epochs: expected at least 1, got 0"),
        (["train", "digits", "--batch-size", "0"], "--batch-size: expected at least 1, got 0"),
        (["train", "digits", "--learning-rate", "nan"], "--learning-rate: expected a finite"),
        (["train", "digits", "--momentum", "1"], "--momentum: expected a number from 0"),
        (["train", "digits", "--weight-decay", "-1"], "--weight-decay: expected a finite number"),
        (["train", "digits", "--test-fraction", "1"], "--test-fraction: expected a number between"),
        (["train", "digits", "--seed", "-1"], "--seed: expected at least 0, got -1"),
        (["train", "digits", "--activation", "cubic"], "identity, sigmoid, relu"),
        (["predict", "{}/none", "{}/iris.csv"], "none"),
        (["predict", "{}/iris.csv", "{}/iris.csv"], "expected a safetensors file"),
        (["predict", "{}/iris.model", "{}/none.csv"], "none.csv: No such file or directory"),
        (["predict", "{}/iris.model", "{}/diabetes.csv"], "lacks columns 'sepal length (cm)', "),
        (["inspect", "{}/cut.model"], "cut.model"),
        (["inspect", "{}"], ": expected a model file, got a folder"),
    ],
)
def test_one_line_says_what_is_wrong(folder, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    line = fail(*(word.format(folder) for word in words))
    assert message in line
    assert "] expected" not in line  # the name of the operation is for callers
    assert not list(tmp_path.iterdir())  # nothing half done is left


def test_every_changed_byte_of_a_model_is_one_line(folder, tmp_path):
    model = (folder / "iris.model").read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(model), 20):
        changed = bytearray(model)
        changed[place] ^= 0x55
        (tmp_path / "changed.model").write_bytes(changed)
        fail("inspect", tmp_path / "changed.model")


def test_divergence_is_one_line(folder, tmp_path):
    options = ["--target", "target", "-o", tmp_path / "m", "--learning-rate", 1e12]
    line = fail("train", folder / "diabetes.csv", *options)
    assert "got NaN or infinity in epoch 1" in line
    assert "A learning rate below 1e+12 may help" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_extra_is_one_line(package, monkeypatch, capsys):
    for name in list(sys.modules):
        if name.startswith(("wbcore.cli.", f"{package}.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"wbcore: needs {package}: pip install 'wbcore[cli]'\n"


def test_a_missing_matplotlib_is_said_before_the_training(tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert "matplotlib: pip install 'wbcore[cli]'" in fail("train", "digits", "-o", tmp_path / "m")
