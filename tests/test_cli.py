"""The command line: the main job on real data, and one line for everything that is wrong."""

import io
import json
import re
import shutil
import signal
import subprocess
import sys
import sysconfig

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, succeed
from rich.console import Console
from sklearn import datasets
from test_io_idx import write_folder

import wbcore as wb
from wbcore.cli import commands, report

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds breast_cancer.csv (text target), diabetes.csv, iris.csv and iris.parquet."""
    path = tmp_path_factory.mktemp("data")
    for name in ("breast_cancer", "diabetes", "iris"):
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        frame = bunch.frame
        if name != "diabetes":
            frame["target"] = bunch.target_names[frame["target"]]
        frame.to_csv(path / f"{name}.csv", index=False)
    return path


@pytest.fixture(scope="module")
def trained(folder):
    """Trains on each of the tables with the defaults; the text printed, by name."""
    texts = {}
    for name in ("breast_cancer", "diabetes", "iris"):
        words = [folder / f"{name}.csv", "--target", "target", "-o", folder / f"{name}.model"]
        texts[name] = succeed("train", *words)
    return texts


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A network trained on digits with the defaults: its folder, and what was printed."""
    path = tmp_path_factory.mktemp("digits")
    return path, succeed("train", "digits", "-o", path / "digits.safetensors")


def test_digits_with_the_defaults(digits):
    path, text = digits
    assert "1797 images of 8 x 8, 10 classes; 1438 to train on, 359 for the test" in text
    assert "Confusion table" in text
    assert "Weights and biases by layer" in text
    assert f"Saved the model as {path / 'digits.safetensors'}" in text
    assert (path / "digits.png").read_bytes().startswith(PNG)
    net = wb.load(path / "digits.safetensors")
    assert net.widths == (64, 64, 32, 10)
    assert net.metadata["classes"] == [str(digit) for digit in range(10)]
    assert net.metadata["image_shape"] == [8, 8]
    assert len(net.metadata["features"]) == 64
    assert net.metadata["training"]["seed"] == 0


def test_the_saved_network_takes_raw_pixels(digits):
    path, text = digits
    net = wb.load(path / "digits.safetensors")
    X, y = datasets.load_digits(return_X_y=True)
    predicted = net.predict(X).argmax(axis=1)
    assert (predicted == y).mean() > 0.98  # train and test rows together
    accuracy = net.metadata["test"]["accuracy"]
    right = f"Test accuracy {accuracy:.2%} ({round(accuracy * 359)} of 359 right"
    assert re.search(
        re.escape(right) + r"; 10\.\d\d% when always predicting the most .* class\)", text
    )


def test_digits_reach_97_percent_over_five_seeds(tmp_path):
    found = []
    for seed in range(5):
        model = tmp_path / f"{seed}.safetensors"
        succeed("train", "digits", "--seed", seed, "-o", model)
        found.append(wb.load(model).metadata["test"]["accuracy"])
    assert len(set(found)) > 1
    assert np.mean(found) >= 0.97


def test_the_same_command_gives_the_same_bytes(digits, tmp_path):
    succeed("train", "digits", "-o", tmp_path / "again.safetensors")
    again = (tmp_path / "again.safetensors").read_bytes()
    assert again == (digits[0] / "digits.safetensors").read_bytes()


def test_confusion_table_counts_the_test_rows(digits):
    lines = digits[1].splitlines()
    start = next(i for i, line in enumerate(lines) if "truth" in line) + 2
    rows = [line.split()[1:] for line in lines[start : start + 10]]
    counts = np.array([[0 if cell == "·" else int(cell) for cell in row] for row in rows])
    assert counts.shape == (10, 10)
    assert counts.sum() == 359
    accuracy = wb.load(digits[0] / "digits.safetensors").metadata["test"]["accuracy"]
    assert np.trace(counts) == round(accuracy * 359)


def test_confusions_of_many_or_long_named_classes():
    console = Console(file=io.StringIO(), width=80)
    counts = np.zeros((30, 30), int)
    counts[3, 4], counts[7, 1] = 5, 9
    report.show_confusion(console, tuple(f"[{k}]" for k in range(30)), counts)
    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert lines.index(["[7]", "[1]", "9"]) < lines.index(["[3]", "[4]", "5"])
    names = tuple(f"a kind with a long name, number {k}" for k in range(4))
    report.show_confusion(console, names, np.arange(16).reshape(4, 4))
    last = console.file.getvalue().rstrip().splitlines()[-1]
    assert last.split() == ["3", *names[3].split(), "12", "13", "14", "15"]


def test_classification_of_a_csv_file(trained, folder):
    net = wb.load(folder / "breast_cancer.model")
    assert net.metadata["classes"] == ["benign", "malignant"]
    assert net.metadata["features"][0] == "mean radius"
    assert net.metadata["target"] == "target"
    assert net.metadata["test"]["accuracy"] > 0.93
    assert "malignant" in trained["breast_cancer"]
    assert (folder / "breast_cancer.png").read_bytes().startswith(PNG)


def test_regression_of_a_csv_file(trained, folder):
    net = wb.load(folder / "diabetes.model")
    assert (net.metadata["task"], net.metadata["classes"]) == ("regression", None)
    assert net.metadata["test"]["r2"] > 0.3
    assert "Test R² " in trained["diabetes"]
    assert "Confusion" not in trained["diabetes"]
    frame = pd.read_csv(folder / "diabetes.csv")
    values = net.predict(frame[net.metadata["features"]])[:, 0]
    assert np.corrcoef(values, frame["target"])[0, 1] > 0.6
    assert abs(values.mean() - frame["target"].mean()) < 15  # in the unit of the target


def test_folding_is_reported_and_is_rounding_only(trained):
    for text in trained.values():
        line = next(line for line in text.splitlines() if "takes raw values" in line)
        assert "(float32)" in line
        assert float(line.split()[-1]) < 1e-4


@pytest.mark.usefixtures("trained")
def test_predict_matches_columns_by_name(folder, tmp_path):
    frame = pd.read_csv(folder / "iris.csv")
    mixed = frame[frame.columns[::-1]].assign(comment="extra columns are no matter")
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    for source, out in ((folder / "iris.csv", "a.csv"), (tmp_path / "mixed.csv", "b.csv")):
        succeed("predict", folder / "iris.model", source, "-o", tmp_path / out)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()

    found = pd.read_csv(tmp_path / "a.csv")
    classes = ["setosa", "versicolor", "virginica"]
    assert list(found) == ["prediction", *(f"probability_{name}" for name in classes)]
    assert (found["prediction"] == frame["target"]).mean() > 0.93
    probabilities = found.to_numpy()[:, 1:].astype(float)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert [classes[k] for k in probabilities.argmax(axis=1)] == found["prediction"].tolist()


@pytest.mark.usefixtures("trained")
def test_predict_prints_without_an_output(folder):
    text = succeed("predict", folder / "diabetes.model", folder / "diabetes.csv")
    lines = text.splitlines()
    assert lines[0] == "prediction"
    net = wb.load(folder / "diabetes.model")
    expected = net.predict(pd.read_csv(folder / "diabetes.csv")[net.metadata["features"]])
    np.testing.assert_array_equal(np.array(lines[1:], np.float32), expected[:, 0])  # to the bit


def test_predict_with_a_network_that_names_nothing(tmp_path):
    net = wb.Network.mlp([2, 3, 2], seed=0)
    net.save(tmp_path / "plain.model")
    pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}).to_csv(tmp_path / "two.csv", index=False)
    text = succeed("predict", tmp_path / "plain.model", tmp_path / "two.csv")
    assert text.splitlines()[0] == "output_0,output_1"
    pd.DataFrame({"a": [1.0]}).to_csv(tmp_path / "one.csv", index=False)
    line = fail("predict", tmp_path / "plain.model", tmp_path / "one.csv")
    assert "one.csv has 1 columns, but the model takes 2" in line


def test_parquet_in_and_out(folder, tmp_path):
    frame = pd.read_csv(folder / "iris.csv")
    frame.to_parquet(tmp_path / "iris.parquet")
    succeed("train", tmp_path / "iris.parquet", "--target", "target", "-o", tmp_path / "m")
    succeed("predict", tmp_path / "m", tmp_path / "iris.parquet", "-o", tmp_path / "out.parquet")
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 150


def test_a_folder_of_idx_files(tmp_path):
    images, *_ = write_folder(tmp_path, n_train=60, n_test=20, shape=(6, 5), suffix=".gz")
    model = tmp_path / "m.safetensors"
    text = succeed("train", tmp_path, "--epochs", 2, "--hidden", "9", "-o", model)
    assert "80 images of 6 x 5, 10 classes; 60 to train on, 20 for the test" in text
    net = wb.load(model)
    assert net.widths == (30, 9, 10)
    assert net.metadata["image_shape"] == [6, 5]
    assert net.predict(images.reshape(60, 30)).shape == (60, 10)
    assert "own test files" in fail("train", tmp_path, "--test-fraction", 0.5)


def test_options_reach_the_network(folder, tmp_path):
    options = ["--hidden", "7,5", "--activation", "tanh", "--epochs", 3, "--batch-size", 16]
    options += ["--optimizer", "sgd", "--learning-rate", 0.05, "--momentum", 0.5, "--seed", 9]
    options += ["--test-fraction", 0.4, "--picture", tmp_path / "p.png", "--task", "classification"]
    options += ["--ignore", "petal length (cm),petal width (cm)"]
    iris, model = [folder / "iris.csv", "--target", "target"], tmp_path / "m"
    succeed("train", *iris, "-o", model, *options)
    net = wb.load(model)
    assert net.widths == (2, 7, 5, 3)
    assert net.activation_names == ("tanh", "tanh", "identity")
    assert net.metadata["features"] == ["sepal length (cm)", "sepal width (cm)"]
    settings = net.metadata["training"]
    expected = {"rows": 90, "epochs_run": 3, "batch_size": 16, "seed": 9, "hidden": [7, 5]}
    expected |= {"optimizer": "sgd(cosine(0.05, 18), 0.5)", "l2": 0.0, "test_fraction": 0.4}
    assert {name: settings[name] for name in expected} == expected
    assert (tmp_path / "p.png").read_bytes().startswith(PNG)
    assert "network: 4 - 3" in succeed("train", *iris, "-o", model, "--hidden", "")


@pytest.mark.parametrize(
    ("written", "activation"),
    [
        ("leaky_relu( 0.20 )", "leaky_relu(0.2)"),
        ("leaky_relu(0.01)", "leaky_relu"),
        ("elu(0.5)", "elu(0.5)"),
    ],
)
def test_an_activation_with_a_number(folder, tmp_path, written, activation):
    iris, model = [folder / "iris.csv", "--target", "target", "--epochs", 2], tmp_path / "m"
    text = succeed("train", *iris, "--activation", written, "-o", model)
    assert f"network: 4 - 64 - 32 - 3, {activation}\n" in text
    net = wb.load(model)
    assert net.activation_names == (activation, activation, "identity")
    assert net.metadata["training"]["activation"] == activation
    assert activation in succeed("inspect", model)


def test_inspect(digits):
    path = digits[0] / "digits.safetensors"
    text = succeed("inspect", path)
    for part in (
        "64 - 64 - 32 - 10, 6570 parameters, float32",
        "image shape",
        "cosine(0.01, 9000)",
    ):
        assert part in text
    assert "Correlation of a unit's bias with the mean of its incoming weights" in text
    found = json.loads(succeed("inspect", path, "--json"))
    net = wb.load(path)
    assert found["metadata"] == net.metadata
    columns = wb.inspect.parameter_table(net).to_dict()
    shapes = [[64, 64], [64], [64, 32], [32], [32, 10], [10]]
    assert found["parameters"] == {**columns, "shape": shapes}


def test_constant_columns_are_named(tmp_path):
    frame = pd.DataFrame({"a": np.arange(40.0), "flat": 3.0, "y": np.arange(40) % 2})
    frame.to_csv(tmp_path / "flat.csv", index=False)
    options = ["--target", "y", "-o", tmp_path / "m", "--epochs", 2]
    text = succeed("train", tmp_path / "flat.csv", *options)
    assert "Constant in the training rows, so without weight: flat" in text
    net = wb.load(tmp_path / "m")
    assert net.metadata["constant_features"] == ["flat"]
    assert not net[0].weights[1].any()


class PressCtrlC:
    def after_epoch(self, run):
        if run.epoch == 2:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_what_was_learned(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "progress", lambda *_: PressCtrlC())
    text = succeed("train", folder / "iris.csv", "--target", "target", "-o", tmp_path / "m")
    assert "Interrupted after 3 epochs" in text
    assert wb.load(tmp_path / "m").metadata["training"]["epochs_run"] == 3


def test_version_and_help():
    assert succeed("--version") == f"wbcore {wb.__version__}\n"
    top = succeed("--help")
    for command in ("train", "predict", "inspect"):
        assert command in top
        assert "Usage: wbcore" in succeed(command, "--help")
    text = " ".join(succeed("train", "--help").replace("│", " ").split())
    for option in ("--target", "--hidden", "--weight-decay", "--output", "--picture", "--ignore"):
        assert option in text
    assert "By default 64,32, or 128 for IDX files." in text


@pytest.mark.uninstrumented
def test_the_installed_command(digits, tmp_path):
    command = shutil.which("wbcore", path=sysconfig.get_path("scripts"))
    assert command, "the entry point is not installed"
    model = digits[0] / "digits.safetensors"
    done = subprocess.run([command, "inspect", model], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "64 - 64 - 32 - 10" in done.stdout
    module = [sys.executable, "-m", "wbcore.cli", "train", "none.csv", "--target", "a"]
    done = subprocess.run(module, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wbcore: none.csv: no such file or folder, and not the word 'digits'\n"


def test_nothing_heavy_is_imported_for_help():
    code = "import sys, wbcore.cli.app; print({'pandas', 'matplotlib', 'sklearn'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_what_is_not_defined_is_null_in_json_and_a_dash_in_the_table(tmp_path):
    """As the correlation of a layer of one unit, and the numbers of parameters all infinite."""
    net = wb.Network.mlp([2, 3, 1], seed=0)
    net[0].weights[0, 0] = np.inf
    net[0].biases[:] = np.inf
    net.save(tmp_path / "one.model")

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = succeed("inspect", tmp_path / "one.model", "--json")
    found = json.loads(text, parse_constant=refuse)
    correlations = ("correlation", "low", "high", "norm_correlation", "norm_low", "norm_high")
    undefined = {name: [None, None] for name in correlations}
    assert found["correlation"] == {"layer": [0, 1], "units": [3, 1], **undefined}
    assert found["parameters"]["shape"] == [[2, 3], [3], [3, 1], [1]]
    assert found["parameters"]["nonfinite"] == [1, 3, 0, 0]
    assert found["parameters"]["max"][1] is None
    assert found["parameters"]["max"][2] == float(net[1].weights.max())
    shown = succeed("inspect", tmp_path / "one.model")
    assert "nan" not in shown
    assert shown.rstrip().endswith("–")
