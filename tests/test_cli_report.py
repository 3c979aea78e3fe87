"""What the command line reports, on terminals of any width."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from cli_folder import INSPECT, TRAIN
from cli_options import write_data
from cli_runner import succeed
from matplotlib.axes import Axes
from rich.console import Console
from typer.testing import CliRunner

import wbcore as wb
from wbcore.cli import commands, report
from wbcore.cli.app import app
from wbcore.cli.data import load_table
from wbcore.inspect import parameter_table, weight_bias_correlation

ENDS = ["std", "min", "max"]


def shown(width, show, *arguments):
    """The lines that a terminal of that width has."""
    console = Console(file=io.StringIO(), width=width)
    show(console, *arguments)
    return console.file.getvalue().splitlines()


@pytest.fixture
def net():
    """With numbers of every length."""
    net = wb.Network.mlp([2000, 1000, 3], seed=0)
    net[0].weights[:] *= 1e-7
    net[1].weights[:] *= -1e9
    net[1].biases[:] = -0.07
    return net


def test_a_terminal_of_80_columns_has_the_shape_and_five_statistics():
    net = wb.Network.mlp([64, 64, 3], seed=0)
    lines = shown(80, report.show_table, parameter_table(net))
    assert lines[2].split() == ["layer", "of", "shape", "mean", "mean", "abs", *ENDS]
    left_out = "n, expected std, near zeros, q25, median, q75, nonfinite, zeros, norm"
    assert lines[-1] == f"(a wider terminal also shows {left_out})"
    assert "wider" not in shown(200, report.show_table, parameter_table(net))[-1]


@pytest.mark.parametrize("width", range(27, 80))
def test_no_number_is_cut(net, width):
    """What a line has is what the whole table has there."""
    whole = [set(line.split()) for line in shown(120, report.show_table, parameter_table(net))]
    lines = shown(width, report.show_table, parameter_table(net))
    assert "…" not in "".join(lines)
    assert max(map(len, lines[1:8])) <= width
    for line, of in zip(lines[2:8], whole[2:8], strict=True):
        if "─" not in line:
            assert set(line.split()) <= of
    note = " ".join(lines[8:])
    assert ("mean abs" in note) == ("mean abs" not in lines[2])


def test_accuracy_stands_beside_that_of_the_most_frequent_class(tmp_path, monkeypatch):
    monkeypatch.chdir(write_data(tmp_path))
    text = succeed("train", "data.csv", "--target", "k", "--ignore", "v,n", "--epochs", 2)
    data = load_table(Path("data.csv"), "k", 0.2, 0, ignore=("v", "n"))
    share = np.mean(data.y_test == np.bincount(data.y).argmax())
    assert f" right; {share:.2%} when always predicting the most frequent class)\n" in text


@pytest.mark.usefixtures("cli_folder")
@pytest.mark.parametrize("words", [TRAIN, INSPECT])
def test_commands_on_60_columns(words):
    runner = CliRunner(env={"COLUMNS": "60", "TERM": "dumb"})
    result = runner.invoke(app, list(map(str, words)), prog_name="wbcore")
    assert result.exit_code == 0
    assert "weights" in result.stdout
    assert "…" not in result.stdout
    assert "(a wider terminal also shows n, expected std, near zeros, q25" in result.stdout
    result = runner.invoke(app, list(map(str, words)), prog_name="wbcore", env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "wider" not in result.stdout


@pytest.fixture(scope="module")
def of_digits():
    """The tables of a network for the digits, which shows numbers of every kind."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    net = wb.Network.mlp([64, 64, 32, 10], seed=0)
    net.fit(X / 16, y, loss="cross_entropy", epochs=1)
    return parameter_table(net), weight_bias_correlation(net)


@pytest.mark.parametrize(
    ("width", "last"), [(60, "max"), (80, "max"), (100, "zeros"), (120, "nonfinite"), (200, "std")]
)
def test_tables_of_digits_lose_columns_and_no_digits(width, last, of_digits):
    whole = "\n".join(line for table in of_digits for line in shown(400, report.show_table, table))
    for table in of_digits:
        lines = shown(width, report.show_table, table)
        assert "…" not in "".join(lines)
        assert max(map(len, lines[:-1])) <= width
        # of rules the length is another
        words = {word.strip("─") for word in " ".join(lines[4:-2]).split()}
        assert words <= {*whole.split(), ""}
    assert shown(width, report.show_table, of_digits[0])[2].split()[-1] == last
    assert "nonfinite" in whole
    assert "None" not in whole


def test_what_is_not_known_is_a_dash():
    prior = wb.Network([wb.Dense(2, 2, bias_initializer="prior")], seed=0)
    lines = shown(200, report.show_table, parameter_table(prior))
    assert [line.split()[-1] for line in lines[4:6]] == ["0", "–"]


def test_no_count_of_confusions_is_cut():
    classes, counts = tuple("abcdefghij"), np.full((10, 10), 12345)
    assert "\n".join(shown(100, report.show_confusion, classes, counts)).count("12345") == 100
    lines = shown(60, report.show_confusion, classes, counts)
    assert "Confusion table" in shown(66, report.show_confusion, classes, counts // 1000)[0]
    assert lines[0].strip() == "Most frequent confusions"
    assert lines[4].split() == ["a", "b", "12345"]


def test_a_quantile_is_told_by_its_loss_and_the_share_below(tmp_path, monkeypatch):
    monkeypatch.chdir(write_data(tmp_path))
    words = ("train", "data.csv", "--target", "v", "--ignore", "k,n", "--loss", "quantile(0.9)")
    text = succeed(*words, "--epochs", 40, "--seed", 1)
    found = re.search(
        r"\nTest pinball loss (\S+) \((\S+) when always predicting the quantile\), (\S+)% of the "
        r"targets below the predictions, of 90\.0%\n",
        text,
    )
    assert "R²" not in text
    loss, baseline, share = map(float, found.groups())
    net = wb.load("data.safetensors")
    data = load_table(Path("data.csv"), "v", 0.2, 1, ignore=("k", "n"))
    errors = data.y_test - net.predict(data.X_test)[:, 0]
    pinball = np.where(errors > 0, 0.9 * errors, -0.1 * errors).mean()
    assert np.isclose(loss, pinball, rtol=1e-3)
    assert loss < baseline / 2
    assert share == round(100 * float((errors < 0).mean()), 1)
    test = net.metadata["test"]
    assert test.keys() == {"rows", "pinball_loss", "share_below"}
    assert np.isclose(test["pinball_loss"], pinball, rtol=1e-5)
    assert 0.75 <= test["share_below"] <= 1
    assert Path("data.png").exists()


@pytest.mark.usefixtures("cli_folder")
@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ((), "test"),
        (("--early-stopping",), "validation"),
        (("--schedule", "plateau"), "validation"),
    ],
)
def test_bar_picture_and_settings_have_one_word_for_the_rows(words, rows, monkeypatch):
    titles, bars = [], []
    monkeypatch.setattr(Axes, "set_title", lambda _, text, **__: titles.append(text))
    real = commands.progress
    monkeypatch.setattr(commands, "progress", lambda *a: bars.append(a[2]) or real(*a))
    labels = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda *a, **k: labels.append(k.get("label")) or plot(*a, **k)
    )
    text = succeed(*TRAIN, *words)
    assert bars == [rows]
    assert labels == ["training", rows, None]
    assert titles[1].startswith(f"{rows.capitalize()} accuracy: ")
    assert ("10% of these rows for validation, to decide by" in text) == (rows == "validation")
    assert "48 to train on, 12 for the test\n" in text
    for command in ("train", "predict", "inspect"):
        help_text = text + succeed(command, "--help")
        assert not re.search("(held|hold)[ -]out", " ".join(help_text.split()))
