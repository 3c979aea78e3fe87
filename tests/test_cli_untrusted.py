"""Files of others: their text does nothing to a terminal, their metadata are looked at first."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, invoke, succeed

import wbcore as wb
from wbcore.cli.terminal import visible

# Colour, window title, bell, an 8-bit control, a change of direction, a line of its own.
NASTY = "x\x1b[31m\x1b]0;title\x07\x9b2J\u202e\rwbcore: all is well\n"
SHOWN = r"x\x1b[31m\x1b]0;title\x07\x9b2J\u202e\rwbcore: all is well\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with data.csv: columns a and b."""
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}).to_csv("data.csv", index=False)


def save(**metadata):
    net = wb.Network.mlp([2, 3, 2], seed=0)
    net.metadata.update(metadata)
    net.save("m.model")
    return "m.model"


def obeyed(text):
    """The characters that a terminal obeys, but for the end of a line."""
    return [c for c in text if c != "\n" and not c.isprintable()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ü, 数, 🙂", "plain, ü, 数, 🙂"),
        (NASTY, SHOWN),
        ("\x7f\x85\u2028\ud800\U000e0001", r"\x7f\x85\u2028\ud800\U000e0001"),
        (r"\x1b", r"\x1b"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown


def test_inspect_shows_what_a_terminal_would_obey():
    save(note=NASTY, features=["a" + NASTY, "b"], **{"k" + NASTY: {"in" + NASTY: ["er" + NASTY]}})
    text = succeed("inspect", "m.model")
    assert not obeyed(text)
    flat = " ".join(text.split())
    for part in ("note", f"k{SHOWN}"[:20], "title"):
        assert part in flat
    assert not obeyed(succeed("inspect", "m.model", "--json"))


@pytest.mark.parametrize(
    "name", ["[/]", "[bold]", "[red]x[/red]", "[link=http://x]y[/link]", "\\[a"]
)
def test_inspect_takes_no_markup(name):
    save(**{name: name, "in": {name: [name]}})
    assert succeed("inspect", "m.model").count(name) == 4


@pytest.mark.parametrize(
    "value", ["n" * 100_000, [["n"]] * 9, {str(k): k for k in range(9999)}, "\ud800", 10**400, ""]
)
def test_inspect_shows_anything_in_short(value):
    save(note=value, **{"k" * 50_000: 1})
    text = succeed("inspect", "m.model")
    assert len(text) < 20_000
    assert "Weights and biases by layer" in text


def test_inspect_does_not_go_down_without_end():
    value = []
    for _ in range(400):
        value = [{"a": value}]
    save(note=value)
    assert "…" in succeed("inspect", "m.model")


def test_messages_show_what_a_terminal_would_obey():
    save(features=["a" + NASTY, "b"])
    Path("data.csv").write_text(f'"{NASTY}",b\n1,2\n')
    assert not obeyed(fail("predict", "m.model", "data.csv"))
    name = "f\x1b[31m"
    for words in (
        ("inspect", name),
        ("train", name, "--target", "k"),
        ("train", "data.csv", "--target", name),
        ("predict", "m.model", name),
        ("predict", "m.model", "data.csv", "-o", f"{name}/x"),
    ):
        line = fail(*words)
        assert not obeyed(line)
        assert r"f\x1b[31m" in line
    Path("data.csv").write_text(f'a,k\n"{NASTY}",1\n2,3\n')
    assert not obeyed(fail("train", "data.csv", "--target", "k"))


def test_training_shows_what_a_terminal_would_obey():
    rows = 40
    columns = {
        "$a_b^{c}$" + NASTY: np.arange(rows) * 1.0,
        "flat" + NASTY: 1.0,
        "$": np.arange(rows) % 3,
    }
    kinds = np.where(np.arange(rows) < 20, "k" + NASTY, "[/]$\\frac")
    pd.DataFrame({**columns, "k\x07": kinds}).to_csv("$x\x1b[1m.csv", index=False)
    result = invoke("train", "$x\x1b[1m.csv", "--target", "k\x07", "--epochs", 2)
    assert result.exit_code == 0, result.output
    assert not obeyed(result.stdout)
    assert "[/]$\\frac" in result.stdout
    assert Path("$x\x1b[1m.png").stat().st_size


def on_a_terminal(*words):
    """What a process of the command line writes to a terminal."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "wbcore.cli", *words]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        text = b""
        try:
            while piece := os.read(leader, 4096):
                text += piece
        except OSError:  # the other end is closed
            pass
        os.close(leader)
    assert process.returncode == 0, text
    return text.decode().replace("\r\n", "\n")


@pytest.mark.uninstrumented
def test_a_prediction_is_data_for_a_pipe_and_text_for_a_terminal():
    save(features=["a", "b"], classes=["k" + NASTY, "other"])
    data = succeed("predict", "m.model", "data.csv")
    assert "\x1b[31m" in data
    succeed("predict", "m.model", "data.csv", "-o", "out.csv")
    assert "k" + NASTY in pd.read_csv("out.csv", lineterminator="\n").columns[1]
    text = on_a_terminal("predict", "m.model", "data.csv")
    assert not obeyed(text)
    assert r"probability_kx\x1b[31m" in text


@pytest.mark.parametrize(
    ("key", "value", "got"),
    [
        ("classes", 2, "got 2"),
        ("classes", "no", "got 'no'"),
        ("classes", {"a": 0, "b": 1}, "got {'a': 0, 'b': 1}"),
        ("classes", ["a"], "got 1"),
        ("classes", ["a", "b", "c"], "got 3"),
        ("classes", ["a", "a"], "got 'a' twice"),
        ("classes", ["1", 1], "got '1' twice"),
        ("classes", ["a", None], "got None among them"),
        ("classes", ["a", ["b"]], "got ['b'] among them"),
        ("classes", ["a", 0.5], "got 0.5 among them"),
        ("classes", [], "got 0"),
        ("features", 5, "got 5"),
        ("features", "ab", "got 'ab'"),
        ("features", True, "got True"),
        ("features", ["a"], "got 1"),
        ("features", ["a", "a"], "got 'a' twice"),
        ("features", [["a"], ["b"]], "got ['a'] among them"),
        ("features", "f" * 1000, "got 'fff"),
    ],
)
def test_metadata_of_another_shape_are_refused(key, value, got):
    save(**{"features": ["a", "b"], key: value})
    line = fail("predict", "m.model", "data.csv")
    expected = f"the model's metadata: expected '{key}' to be a list of 2 names, each once, {got}"
    assert expected in line
    assert len(line) < 300
    succeed("inspect", "m.model")
    succeed("inspect", "m.model", "--json")


@pytest.mark.parametrize(
    "metadata",
    [{"task": ["regression"]}, {"task": 3, "classes": None}, {"target": {}}, {"training": 7}],
)
def test_other_metadata_are_no_matter(metadata):
    save(**metadata)
    assert succeed("predict", "m.model", "data.csv").startswith("output_0,output_1\n")
    succeed("inspect", "m.model")


def test_numbers_are_names_too():
    save(features=[0, 1], classes=[7, 8])
    pd.DataFrame({"0": [1.0], "1": [2.0]}).to_csv("data.csv", index=False)
    text = succeed("predict", "m.model", "data.csv")
    assert text.startswith("prediction,probability_7,probability_8\n")


@pytest.mark.parametrize("last", ["sigmoid", "identity"])
def test_one_output_for_two_classes_is_no_contradiction(last):
    net = wb.Network.mlp([2, 1], output_activation=last, seed=0)
    net.metadata["classes"] = ["no", "yes"]
    net.save("m.model")
    text = succeed("predict", "m.model", "data.csv")
    assert text.startswith("prediction,probability_no,probability_yes\n")
    name, *shares = text.splitlines()[1].split(",")
    assert abs(float(shares[0]) + float(shares[1]) - 1) < 1e-6
    assert name == ("yes" if float(shares[1]) > 0.5 else "no")


@pytest.mark.parametrize(
    ("decisions", "got"),
    [
        (3, "lists of names of classes, got 3"),
        ([], r"lists of names of classes, got \[\]"),
        (["ab"], r"lists of names of classes, got \['ab'\]"),
        ([["a", "a"]], "a list of 2 names, each once, got 'a' twice"),
        ([["a"]], "2 classes together, got 1"),
        ([["a"], ["b"]], "'targets' to be a list of 2 names, each once, got 1"),
    ],
)
def test_decisions_of_another_shape_are_refused(decisions, got):
    save(decisions=decisions, targets=["one"])
    assert re.search(got, fail("predict", "m.model", "data.csv"))
    succeed("inspect", "m.model")
