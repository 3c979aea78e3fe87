"""CSV files and the command line's settings: what the file holds, or a line on what is wrong."""

import csv
import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "stress"))
from harness import Round, main
from mutation import blind, corpus, limit_memory
from typer.testing import CliRunner

import wbcore as wb
from wbcore.cli.app import app
from wbcore.io.table import read_features, read_table

# Warnings would be seen by users beside the one line.
warnings.simplefilter("error")

NAMES = ("x", "z", "kind", "kind", "", " x", "é", "Unnamed: 0", "x.1", 'a"b', "[red]x[/]", "1")
NUMBERS = ("0", "1", "-1", "2.5", "1e300", "-1e308", "1e-320", "1e400", "inf", "nan", "0x10", "1_0")
WORDS = (
    "a",
    "b",
    "NA",
    "None",
    "true",
    "False",
    "",
    " ",
    "é",
    "\x1b[31m",
    "[bold]a",
    "1a",
    "2020-01-01",
)
SETTINGS = {
    "--hidden": (
        "4",
        "4,3",
        "",
        "0",
        "-1",
        "1.5",
        "x",
        "2000000000",
        "9" * 30,
        "4,,3",
        "1000000,1000000",
    ),
    "--epochs": ("1", "2", "0", "-1", "x", "1.0", str(2**31), str(2**70)),
    "--batch-size": ("1", "7", "1000000", "0", "-3", str(2**31), str(2**64)),
    "--learning-rate": ("0.01", "1e-30", "1e-46", "1e30", "1e39", "0", "-1", "nan", "inf", "1e999"),
    "--momentum": ("0", "0.5", "0.9999999999", "1", "-0.1", "nan"),
    "--weight-decay": ("0", "0.1", "1e-46", "1e39", "-1", "inf"),
    "--test-fraction": ("0.5", "0.2", "0", "1", "1e-9", "0.999999", "nan", "2"),
    "--seed": ("0", "7", "-1", str(2**64 - 1), str(2**64), "x"),
    "--activation": ("relu", "tanh", "gelu", "softmax", "rleu", "", "\x1b[31m"),
    "--task": ("classification", "regression", "", "both"),
    "--ignore": ("x", "z", "none", ",", "kind"),
    "--target": ("kind", "x", "z", "", "é"),
}


def table(draw) -> bytes:
    """A table that is mostly sound, with something odd in some of its cells."""
    columns = (
        draw.sample(NAMES, draw.choice([2, 3, 3, 4]))
        if draw.random() < 0.15
        else ["x", "z", "kind"]
    )
    odd, kind = (
        draw.choice([0, 0, 0.01, 0.3]),
        draw.choice(["ab", "abc", ["a", "NA"], "01", NUMBERS]),
    )
    rows = []
    for _ in range(draw.choice([0, 1, 2, 12, 12, 12, 40, 40])):
        row = [str(draw.choice([draw.gauss(0, 1), draw.randint(-9, 9)])) for _ in columns]
        row[-1] = draw.choice(kind)
        rows.append([draw.choice(NUMBERS + WORDS) if draw.random() < odd else cell for cell in row])
    if rows and draw.random() < 0.1:  # a whole column of one odd value
        place, value = draw.randrange(len(columns)), draw.choice(NUMBERS + WORDS)
        rows = [[*row[:place], value, *row[place + 1 :]] for row in rows]
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=draw.choice(",,,,,;"), lineterminator=draw.choice(["\n", "\r\n"])
    )
    writer.writerows([columns, *rows])
    prefix = draw.choice(["", "", "", "", "\ufeff"])
    return (prefix + text.getvalue()).encode()


def read(one: Round, content: bytes) -> None:
    """read_table and read_features: finite numbers of the right shape, or a refusal."""
    path = one.scratch / "data.csv"
    path.write_bytes(content)
    for operation, call in (
        ("read_table", lambda: read_table(path, one.draw.choice(["kind", "x", ""]))),
        ("read_features", lambda: read_features(path)),
        ("read_features", lambda: read_features(path, ["z", "x"])),
    ):
        try:
            found = call()
        except (ValueError, OSError) as error:
            assert str(error).startswith(f"[{operation}] "), str(error)
            one.count("refused")
            continue
        X = found if operation == "read_features" else found.X
        assert X.dtype == np.float64
        assert X.ndim == 2
        assert np.isfinite(X).all()
        if operation == "read_table":
            assert len(found.features) == X.shape[1]
            assert len(found.y) == len(X)
            assert np.isfinite(found.y).all()
            assert found.classes is None or len(set(found.classes)) == len(found.classes) > 1
            assert found.target not in found.features
        one.count("read")


def one_line(result, where: str) -> None:
    """What every command promises: an exit code of 0, or 2 and one line (or click's usage)."""
    if result.exception and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"{where}: {result.exception!r}") from result.exception
    assert result.exit_code in (0, 2), f"{where}: exit code {result.exit_code}: {result.output}"
    errors = result.stderr
    assert "Traceback" not in errors
    if result.exit_code == 2:
        usage = errors.startswith("Usage: ")
        assert usage or (errors.startswith("wbcore: ") and errors.count("\n") == 1), (
            f"{where}: {errors}"
        )
    # What predict writes is data, and goes out as it is.
    told = errors if where.startswith("predict") else result.stdout + errors
    assert "\x1b[3" not in told, f"{where}: a terminal's escape from the input"


def invoke(*words):
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb"})
    return runner.invoke(app, [str(word) for word in words], prog_name="wbcore")


def train(one: Round, content: bytes | None = None) -> None:
    """A training with settings of any kind; a model that is there can be loaded and used."""
    draw, path = one.draw, one.folder / "data.csv"
    path.write_bytes(table(draw) if content is None else content)
    before = path.read_bytes()
    words = ["train", path, "-o", one.folder / "m.safetensors", "--epochs", "1"]
    words += ["--picture", one.folder / draw.choice(["m.png", "m.png", "m.jpg", "m", "m.xyz"])]
    if draw.random() < 0.9:
        words += ["--target", "kind"]
    for name in draw.sample(list(SETTINGS), draw.choice([0, 0, 0, 1, 1, 2])):
        words += [name, draw.choice(SETTINGS[name])]
    where = " ".join(map(str, words[6:]))
    result = invoke(*words)
    one_line(result, where)
    assert path.read_bytes() == before, f"{where}: the table was changed"
    model = one.folder / "m.safetensors"
    assert model.exists() == (result.exit_code == 0), f"{where}: {result.output}"
    one.count("trained" if model.exists() else "refused")
    if model.exists():
        one_line(invoke("inspect", model), f"inspect after {where}")
        one_line(invoke("predict", model, path), f"predict after {where}")
        net = wb.load(model)
        assert np.isfinite(net.parameters).all()


METADATA = {
    "decisions": (2, None, [], [["a"], ["b"]], [["a", "b"]], [["a"], "b"], [[], ["a", "a"]]),
    "targets": (2, None, [], ["a"], ["a", "b"], ["a=", "b"], ["a", "a"], [None, 1], {"a": 1}),
    "classes": (
        2,
        None,
        [],
        ["a"],
        ["a", "b"],
        ["a", "a"],
        [1, 2],
        "ab",
        {"a": 1},
        [["a"], "b"],
        [None, None],
    ),
    "features": (
        5,
        None,
        [],
        ["x"],
        ["x", "z"],
        ["x", "x"],
        "xz",
        [1, 2],
        {"x": 1, "z": 2},
        [None, 1],
    ),
    "task": ("classification", "regression", 1, None, [], "\x1b[31mx"),
    "target": ("kind", 3, None, "[bold]", "\x1b[2J"),
    "test": (
        {"rows": 3, "accuracy": 1.0},
        {"rows": "x"},
        5,
        [],
        {"accuracy": None},
        {"r2": "\x1b[31m"},
    ),
    "training": ({"rows": 3}, 5, None, {"hidden": 7, "epochs_run": []}, {"data": "\x1b]0;x\x07"}),
    "image_shape": ([1, 2], None, 5, ["a", "b"], [0, 0], [2**70, 1]),
    "constant_features": (["x"], 5, "x", [[]]),
    "\x1b[31mown": (1, "\x1b[31m", {"\x1b[31m": 1}),
}


def use(one: Round) -> None:
    """predict and inspect with a model whose metadata are anything that JSON can say."""
    draw, path = one.draw, one.folder / "m.safetensors"
    net = wb.Network.mlp([2, 2], output_activation=draw.choice(["identity", "softmax", "relu"]))
    for name in draw.sample(list(METADATA), draw.choice([1, 2, 4])):
        net.metadata[name] = draw.choice(METADATA[name])
    net.save(path)
    data = one.folder / "data.csv"
    data.write_text(draw.choice(["x,z\n1,2\n3,4\n", "z,x,y\n1,2,3\n", "x\n1\n"]))
    where = json.dumps(net.metadata)
    out = [] if draw.random() < 0.7 else ["-o", one.folder / "out.csv"]
    for words in (["inspect", path], ["inspect", "--json", path], ["predict", path, data, *out]):
        one_line(invoke(*words), f"{words[0]} with {where}")
        one.count("commands")


ENVIRONMENT = {
    "WBCORE_ISA": ("foo", "", "plain", "sse2", "AVX2", "\xe9", "neon"),
    "WBCORE_NUM_THREADS": ("foo", "", "0", "-1", "1", "2.5", "99999999999999999999", "1 "),
}


def environment(one: Round) -> None:
    """What is set in the environment: obeyed, or refused in one line."""
    name = one.draw.choice(list(ENVIRONMENT))
    value = one.draw.choice(ENVIRONMENT[name])
    path = one.folder / "data.csv"
    path.write_text("x,z,kind\n" + "1,2,a\n2,1,b\n" * 10)
    words = [sys.executable, "-m", "wbcore.cli", "train", path, "--target", "kind", "--epochs", "1"]
    done = subprocess.run(
        list(map(str, words)),
        env={**os.environ, name: value},
        cwd=one.folder,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode in (0, 2), f"{name}={value!r}: {done.returncode}: {done.stderr[-300:]}"
    assert "Traceback" not in done.stderr, f"{name}={value!r}: {done.stderr[-300:]}"
    one.count("environments")


def kept(one: Round) -> None:
    """The committed tables, as they are and changed blindly."""
    inputs = corpus("tables")
    content = inputs[one.number // len(CASES) % len(inputs)]
    if one.number >= len(CASES) * len(inputs):
        content = blind(one.draw, content)
    read(one, content)
    train(one, content)


CASES = {
    "kept": kept,
    "table": lambda one: read(one, table(one.draw)),
    "blind": lambda one: read(one, blind(one.draw, table(one.draw))),
    "train": train,
    "use": use,
    "again-table": lambda one: read(one, table(one.draw)),
    "environment": lambda one: environment(one) if one.number % 10 == 0 else use(one),
}

if __name__ == "__main__":
    limit_memory()
    main(CASES, short=42, unit="executions")
