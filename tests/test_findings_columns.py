"""Columns of the inputs that `check` and `diagnose` name, and those of one value."""

import numpy as np
import pandas as pd
import pytest
from cli_runner import invoke, succeed

import wbcore as wb
from wbcore.inspect import check, diagnose

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


def images(n=200, size=20):
    """Pixels from 0 to 1; the first five are background in all of them."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 17, size=(n, size)) / 16
    X[0], X[1], X[:, :5] = 0, 1, 0
    return X


def constant(found):
    return [(f.severity, f.numbers["columns"]) for f in found.with_code("WB-CONSTANT")]


@pytest.mark.parametrize(
    ("shift", "scale"), [(0.0, 1.0), (0.5, 0.5), (0.1307, 0.3081), (1.0, -1.0)]
)
def test_a_background_is_a_note_whatever_the_images_were_scaled_by(shift, scale):
    X = ((images() - shift) / scale).astype(np.float32)
    net = wb.Network.mlp([20, 8, 2], seed=0)
    assert constant(check(net, X, X[:, 9] > X[:, 10])) == [("note", [0, 1, 2, 3, 4])]


def test_one_value_in_a_table_is_a_warning():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 6))
    X[:, 1], X[:, 4] = 3.0, 0.0
    net = wb.Network.mlp([6, 8, 2], seed=0)
    found = check(net, X, X[:, 0] > 0)
    assert constant(found) == [("warning", [1]), ("note", [4])]
    assert "column 1 has one value in all 100 rows: 3\n" in str(found)
    assert "column 4 has one value in all 100 rows: 0" in str(found)
    X[0, 0] = X[:, 0].max()
    X[:, 1] = X[0, 0]  # the greatest of one column of four
    assert constant(check(net, X, X[:, 2] > 0))[0] == ("warning", [1])
    X = rng.normal(size=(100, 12)).clip(max=[3] * 10 + [1, 1])
    X[:, 0] = 1  # that of two of eleven
    assert constant(check(wb.Network.mlp([12, 8, 2], seed=0), X, X[:, 2] > 0))[0][0] == "warning"


def test_a_column_without_weight_does_no_harm_after_a_training():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    X[:, 1] = 3.0
    net = wb.Network.mlp([3, 8, 2], seed=0)
    net[0].weights[1] = 0
    assert constant(check(net, X, X[:, 0] > 0)) == [("warning", [1])]
    assert constant(diagnose(net, None, X, X[:, 0] > 0, loss="cross_entropy")) == []
    net[0].weights[1, 2] = 1e-6
    found = diagnose(net, None, X, X[:, 0] > 0, loss="cross_entropy")
    assert constant(found) == [("warning", [1])]


NAMES = ["size", "weight", "age", "place=Rome"]


@pytest.fixture
def frame():
    X = np.random.default_rng(0).normal(size=(100, 4))
    return pd.DataFrame(X, columns=NAMES)


def evidence(code, X, y, validation=None, net=None, **options):
    net = net or wb.Network.mlp([4, 8, 1], seed=0)
    found = check(net, X, y, loss="mse", validation_data=validation, **options)
    (finding,) = found.with_code(code)
    return finding


def both(code, X, y, validation=None):
    """Of a data frame, and of its numbers alone."""
    named = evidence(code, X, y, validation)
    plain = evidence(code, X.to_numpy(), y, validation)
    assert named.numbers == plain.numbers
    return named.evidence, plain.evidence


def test_columns_of_a_data_frame_are_named(frame):
    y = frame["size"].to_numpy() ** 2
    other = frame.to_numpy() + 100, y
    named, plain = both("WB-VALIDATION", frame, y, other)
    assert "column 'size' has mean" in named
    assert "column 0 has mean" in plain
    named, plain = both("WB-TARGET-COLUMN", frame, frame["age"].to_numpy())
    assert named.startswith("column 'age' is the target")
    assert plain.startswith("column 2 is the target")
    large = frame.assign(weight=1e4 * frame["weight"])
    named, plain = both("WB-SCALE", large, y)
    assert ": column 'weight' has mean" in named
    assert ": column 1 has mean" in plain
    same = frame.assign(**{"place=Rome": 3.0, "age": 2.0})
    named, plain = both("WB-CONSTANT", same, y)
    assert named.startswith("columns 'age', 'place=Rome' have one value")
    assert named.endswith(": 2 in column 'age'")
    assert plain == "columns 2, 3 have one value in all 100 rows: 2 in column 2"
    frame.loc[7, "age"] = np.nan
    named, plain = both("WB-NONFINITE", frame, y)
    assert named.endswith("the first in row 7, column 'age'")
    assert plain.endswith("the first in row 7, column 2")


def test_targets_have_no_names_of_columns(frame):
    found = evidence("WB-TARGET-SCALE", frame, 1e4 * frame["size"].to_numpy() ** 3)
    assert "column 0 has mean" in found.evidence


def test_names_that_are_numbers_are_none(frame):
    frame.columns = [3, 5, 7, 9]
    found = evidence("WB-SCALE", 1e4 * frame, frame[3].to_numpy() ** 2)
    assert "column 0 has mean" in found.evidence


def test_a_network_that_has_names_tells_them(frame):
    net = wb.Network.mlp([4, 8, 1], seed=0)
    X, y = 1e4 * frame.to_numpy(), frame["size"].to_numpy() ** 2
    net.metadata["features"] = NAMES
    assert "column 'place=Rome' has" in evidence("WB-SCALE", X, y, net=net).evidence
    net.metadata["features"] = NAMES[1:]  # others wrote it
    assert "column 3 has" in evidence("WB-SCALE", X, y, net=net).evidence


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table with a category and a constant column, its model, and one without metadata."""
    path = tmp_path_factory.mktemp("columns")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=200), "place": rng.choice(["Rome", "Bonn"], 200)})
    frame["always"] = 3.0
    frame["y"] = np.where(frame["size"] + (frame["place"] == "Rome") > 0.5, "a", "b")
    frame.to_csv(path / "d.csv", index=False)
    frame.drop(columns="place").to_csv(path / "plain.csv", index=False)
    words = ("--target", "y", "--hidden", 8, "--epochs", 5, "-o", path / "m")
    succeed("train", path / "d.csv", *words)
    wb.Network.mlp([2, 8, 2], seed=0).save(path / "plain")
    return path


def test_the_command_line_names_the_columns_of_the_file(folder):
    words = ("--target", "y", "--loss", "cross_entropy")
    said = succeed("inspect", folder / "plain", "--data", folder / "plain.csv", *words)
    assert "column 'always' has one value in all 200 rows: 3\n" in said


def test_a_category_is_named_by_its_column_and_value(folder):
    net = wb.load(folder / "m")
    names = net.metadata["features"]
    X = np.random.default_rng(0).normal(size=(50, len(names)))
    X[:, names.index("place=Rome")] = 2.0
    found = diagnose(net, None, X, X[:, 0] > 0)
    assert "column 'place=Rome' has one value" in str(found)


def test_a_constant_column_of_the_training_does_not_fail(folder):
    words = ("inspect", folder / "m", "--data", folder / "d.csv", "--fail-on", "WB-CONSTANT")
    result = invoke(*words)
    assert result.exit_code == 0
    assert "WB-CONSTANT" not in result.stdout


def test_targets_that_are_no_numbers_are_those_of_y(frame):
    y = frame["size"].to_numpy().copy()
    y[3] = np.nan
    found = check(wb.Network.mlp([4, 8, 1]), frame, y, loss="mse", validation_data=(frame, y))
    said = [finding.evidence.split(" is ")[0] for finding in found]
    assert said == ["1 number of y", "1 number of the targets of validation_data"]
