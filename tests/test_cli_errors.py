"""The command line: one line and exit code 2 for everything that is wrong."""

import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, invoke, succeed
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
        (
            ["train", "{}/iris.csv", "--target", "target", "--task", "regression"],
            "column 'target' is not numeric: 'setosa' in row 1",
        ),
        (["train", "{}", "--target", "a"], "--target is for CSV and Parquet files"),
        (["train", "{}"], "lacks train-images-idx3-ubyte"),
        (["train", "digits", "--ignore", "a"], "--ignore is for CSV and Parquet files"),
        (["train", "digits", "-o", "{}/none/m"], ": expected a folder that is there, got "),
        (["train", "digits", "-o", "{}/m.png"], "the picture would take the place of the model"),
        (
            ["train", "{}/iris.csv", "--target", "target", "-o", "{}/iris.csv"],
            "the model would take the place of the data",
        ),
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
        (
            ["train", "digits", "--activation", "rellu"],
            (
                "--activation: expected one of identity, sigmoid, relu, tanh, leaky_relu(slope), "
                "elu(alpha), softplus, gelu, silu"
            ),
        ),
        (
            ["train", "digits", "--activation", "leaky_relu(-1)"],
            "--activation: expected slope of leaky_relu to be a finite number of at least 0, got ",
        ),
        (
            ["train", "digits", "--activation", "elu(1e-60)"],
            "--activation: expected alpha of elu to be a finite number above 0 in float32, got ",
        ),
        (["train", "digits", "--activation", "elu(1, 2)"], "to be elu(alpha), got 'elu(1, 2)'"),
        (["train", "digits", "--activation", "tanh(1)"], "to be tanh, got 'tanh(1)'"),
        (["train", "digits", "--activation", "softmax"], ", got softmax"),
        (
            ["train", "digits", "--test-fraction", "0.0001"],
            (
                "1797 rows are too few for a test fraction of 0.0001: that is less than a row "
                "of the largest class, of 183 rows; --test-fraction 0.0055 is one row"
            ),
        ),
        (
            ["train", "{}/diabetes.csv", "--target", "target", "--test-fraction", "0.0001"],
            (
                "442 rows are too few for a test fraction of 0.0001: that is less than a row of "
                "them; --test-fraction 0.0023 is one row"
            ),
        ),
        (["predict", "{}/none", "{}/iris.csv"], "none"),
        (
            ["predict", "{0}/iris.csv", "{0}/iris.csv"],
            "iris.csv: no model file that wbcore can read: ",
        ),
        (["inspect", "{}/iris.csv"], "iris.csv: no model file that wbcore can read: expected a "),
        (["predict", "{}/iris.model", "{}/none.csv"], "none.csv: No such file or directory"),
        (["predict", "{}/iris.model", "{}/diabetes.csv"], "lacks columns 'sepal length (cm)', "),
        (["inspect", "{}/cut.model"], "cut.model: no model file that wbcore can read: expected "),
        (["inspect", "{}"], ": expected a model file, got a folder"),
    ],
)
def test_one_line_says_what_is_wrong(folder, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    line = fail(*(word.format(folder) for word in words))  # nothing was printed before it
    assert message in line
    assert "] expected" not in line  # the name of the operation is for callers
    assert not list(tmp_path.iterdir())  # nothing half done is left


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "digits", "--epoch", "3"], "No such option: --epoch"),
        (["train", "digits", "--epochs", "ten"], "Invalid value for '--epochs': "),
        (["train", "digits", "--epochs"], "Option '--epochs' requires an argument"),
        (["train"], "Missing argument 'DATA'"),
        (["inspect", "a", "b\x1b[31m"], r"(b\x1b[31m)"),
        (["teach"], "No such command 'teach'"),
        (["--none"], "No such option: --none"),
    ],
)
def test_words_that_are_wrong_are_one_line_too(words, message):
    line = fail(*words)
    assert message in line


@pytest.mark.parametrize("activation", ["rellu", "elu(0)", "elu(1e-60)"])
def test_an_activation_that_is_none_is_found_out_before_anything_is_printed(activation):
    assert not invoke("train", "digits", "--activation", activation).stdout


def test_every_changed_byte_of_a_model_is_one_line(folder, tmp_path):
    model = (folder / "iris.model").read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(model), 20):
        changed = bytearray(model)
        changed[place] ^= 0x55
        (tmp_path / "changed.model").write_bytes(changed)
        fail("inspect", tmp_path / "changed.model")


def test_divergence_is_one_line(folder, tmp_path):
    options = ["--target", "target", "-o", tmp_path / "m", "--optimizer", "sgd(1e12)"]
    options += ["--schedule", "constant"]
    line = fail("train", folder / "diabetes.csv", *options)
    assert "got NaN or infinity in epoch 1" in line
    assert "A learning rate below 1e+12 may help" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["train", "predict", "inspect"])
@pytest.mark.parametrize("value", ["foo", ""])
@pytest.mark.parametrize("variable", ["WBCORE_ISA", "WBCORE_NUM_THREADS"])
@pytest.mark.uninstrumented
def test_environment_variables_that_name_nothing(folder, command, variable, value):
    words = {
        "train": ["train", "none.csv"],
        "predict": ["predict", "iris.model", "none.csv"],
        "inspect": ["inspect", "iris.model"],
    }[command]
    done = subprocess.run(
        [sys.executable, "-m", "wbcore.cli", *words],
        env={**os.environ, variable: value},
        capture_output=True,
        text=True,
        cwd=folder,
    )
    if value:
        assert done.returncode == 2
        assert re.fullmatch(rf"wbcore: {variable}: expected .*, got 'foo'\n", done.stderr)
    else:  # an empty variable is none
        assert variable not in done.stderr


def write_table(rows, **columns):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), **columns})
    frame.to_csv("t.csv", index=False)
    return frame


def test_classes_of_one_row_each_are_no_matter_of_too_few_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table(120, k=[f"id {k}" for k in range(120)])
    line = fail("train", "t.csv", "--target", "k")
    expected = "t.csv: each of the 120 classes of 'k' has one row, as those of an identifier have: "
    assert expected in line
    assert "choose another --target and leave this one out with --ignore k, or give" in line
    assert "--task regression" in line
    write_table(120, **{"the k": range(120)})
    line = fail("train", "t.csv", "--target", "the k", "--task", "classification")
    assert "--ignore 'the k', or give --task regression if it is a quantity" in line
    write_table(330, k=[*range(300), *range(30)])  # most of them have
    line = fail("train", "t.csv", "--target", "k", "--task", "classification")
    assert "t.csv: 270 of the 300 classes of 'k' have one row, as those of an identifier" in line
    write_table(4, k=["x", "x", "y", "y"])  # here they are too few
    assert "4 rows are too few for a test fraction of 0.2" in fail(
        "train", "t.csv", "--target", "k"
    )


@pytest.mark.parametrize("target", ["k", "a"])
@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_the_column_with_values_out_of_range_is_named(tmp_path, monkeypatch, target, factor):
    monkeypatch.chdir(tmp_path)
    frame = write_table(60, k=["yes", "no"] * 30)
    write_table(60, k=["yes", "no"] * 30, b=frame["b"] * factor)
    options = [] if target == "k" else ["--ignore", "k"]
    assert "column 'b' has " in fail("train", "t.csv", "--target", target, *options)
    assert "column 'b' has " in fail("train", "t.csv", "--target", "b", "--ignore", "k")
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv"}


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ("2000000000", "--hidden: a network of 64 - 2000000000 - 10 has 150000000010 parameters"),
        ("9,2147483647,9", "--hidden: a network of 64 - 9 - 2147483647 - 9 - 10 has "),
        ("2147483648", "--hidden: expected widths of at least 1 and at most 2147483647, got "),
        ("9" * 5000, "--hidden: expected widths like 64,32, got "),
    ],
)
def test_a_network_too_large_for_the_machine(tmp_path, widths, message):
    assert message in fail("train", "digits", "--hidden", widths, "-o", tmp_path / "m")
    assert not list(tmp_path.iterdir())


PEAK = r"""
import re, sys
from pathlib import Path
from wbcore.cli import memory, settings, training
from wbcore.cli.data import load_table

def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024

hidden, batch = tuple(map(int, sys.argv[1].split(","))), int(sys.argv[2])
data = load_table(Path("t.csv"), "k", 0.2, 0)
given = {"hidden": hidden, "batch_size": batch, "epochs": 1, "optimizer": "adam(1e-9)"}
before = peak()
training.train(data, settings.settings_for(data, given))
print(peak() - before, memory.training_bytes((len(data.features), *hidden, 2), batch))
"""


@pytest.mark.uninstrumented
@pytest.mark.parametrize("words", [("50000", "1"), ("50000", "300"), ("1200,1200", "32")])
def test_the_memory_of_a_training_is_estimated(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"a": np.arange(800.0), "k": ["yes", "no"] * 400}).to_csv("t.csv", index=False)
    command = [sys.executable, "-c", PEAK, *words]
    environment = {**os.environ, "WBCORE_NUM_THREADS": "2"}  # each has memory of its own
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    taken, estimated = map(int, done.stdout.split())
    assert 0.4 * estimated < taken < 1.1 * estimated


def test_a_network_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("wbcore.cli.memory._memory", lambda: 16 * 10**9)
    line = fail("train", "digits", "--hidden", "10000000", "-o", tmp_path / "m")
    assert "fits the 16 GB of this machine, got about 51.1 GB" in line
    assert not list(tmp_path.iterdir())


def test_memory_that_is_not_there_is_one_line(tmp_path, monkeypatch):
    def allocate(*_, **__):
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr("wbcore.cli.commands.train", allocate)
    assert "not enough memory: std::bad_alloc" in fail("train", "digits", "-o", tmp_path / "m")


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_extra_is_one_line(package, monkeypatch, capsys):
    for name in list(sys.modules):
        if name.startswith(("wbcore.cli.", f"{package}.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"wbcore: needs {package}: pip install 'wbcore-nn[cli]'\n"


def test_a_missing_matplotlib_is_said_before_the_training(tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert "matplotlib: pip install 'wbcore-nn[cli]'" in fail(
        "train", "digits", "-o", tmp_path / "m"
    )
