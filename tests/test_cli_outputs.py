"""The command line loses no work: what is written, in which order, whole or not at all."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from cli_folder import FULL, INSPECT, PREDICT, ROWS, TRAIN, broken_pipe, names, start
from cli_runner import fail, invoke, succeed

import wbcore as wb
from wbcore.cli import commands

pytestmark = pytest.mark.usefixtures("cli_folder")


@pytest.mark.uninstrumented
def test_a_reader_that_leaves_costs_no_model():
    with broken_pipe() as stream:
        assert start(*TRAIN, stdout=stream) == (141, "")
    assert wb.load("new.model").widths == (2, 4, 2)
    assert Path("new.png").stat().st_size


@pytest.mark.uninstrumented
def test_a_full_disk_for_the_report_costs_no_model():
    with FULL.open("w") as stream:
        message = "wbcore: stdout: No space left on device\n"
        assert start(*TRAIN, stdout=stream) == (2, message)
        assert wb.load("new.model").widths == (2, 4, 2)
        assert Path("new.png").stat().st_size
        for words in (PREDICT, INSPECT, (*INSPECT, "--json")):
            assert start(*words, stdout=stream) == (2, message)
        assert start("--help", stdout=stream) == (2, message)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("words", [PREDICT, INSPECT, (*INSPECT, "--json")])
def test_a_reader_that_leaves_is_no_error(words):
    with broken_pipe() as stream:
        assert start(*words, stdout=stream) == (141, "")


def long_table(rows):
    """A table whose prediction no pipe takes in one write."""
    Path("long.csv").write_text("a,b\n" + "0.5,0.25\n" * rows)
    return ("predict", "model.safetensors", "long.csv")


@pytest.mark.uninstrumented
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_fills_up_in_mid_output_is_an_error(unbuffered):
    """The system writes what there is room for, and says so only with the next write."""
    words = long_table(5000)
    limit = 'ulimit -f 8; exec "$@"'
    command = ["sh", "-c", limit, "sh", sys.executable, "-m", "wbcore.cli", *words]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("out").open("w") as stream:
        done = subprocess.run(
            command, stdout=stream, stderr=subprocess.PIPE, env=environment, text=True, timeout=100
        )
    assert Path("out").stat().st_size < len(succeed(*words))
    assert (done.returncode, done.stderr) == (2, "wbcore: stdout: File too large\n")


@pytest.mark.uninstrumented
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_in_mid_output(unbuffered):
    command = [sys.executable, "-m", "wbcore.cli", *long_table(20_000)]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(100), process.stderr.read()) == (141, b"")


@pytest.mark.uninstrumented
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [("--help",), ("train", "--help"), ("--version",), ()])
def test_help_without_a_reader_or_room(words, unbuffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with broken_pipe() as stream:
        assert start(*words, stdout=stream, env=environment) == (141, "")
    with FULL.open("w") as stream:
        code, text = start(*words, stdout=stream, env=environment)
    assert code == 2
    assert text == "wbcore: stdout: No space left on device\n"


@pytest.mark.uninstrumented
def test_nowhere_to_say_anything():
    command = [sys.executable, "-m", "wbcore.cli", *map(str, TRAIN)]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command], timeout=100)
    assert done.returncode == 0
    assert wb.load("new.model").widths == (2, 4, 2)
    with FULL.open("w") as stream:  # not even why it failed
        for words in (["inspect", "none"], ["inspect", "--none"], ["none"]):
            wrong = [sys.executable, "-m", "wbcore.cli", *words]
            assert subprocess.run(wrong, stderr=stream, timeout=100).returncode == 2


@pytest.mark.uninstrumented
def test_an_encoding_without_the_letters_of_the_report():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "wbcore.cli", *map(str, TRAIN)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Test accuracy" in done.stdout


def test_a_picture_that_fails_keeps_neither_model_nor_report_back(monkeypatch):
    def fail_to_draw(*_):
        raise ValueError("no such colour")

    monkeypatch.setattr(commands, "draw", fail_to_draw)
    result = invoke(*TRAIN)
    assert (result.exit_code, result.stderr) == (2, "wbcore: no such colour\n")
    assert "Test accuracy" in result.stdout
    assert "Saved the model as new.model\n" in result.stdout
    assert wb.load("new.model").widths == (2, 4, 2)


@pytest.mark.parametrize("full", [("new.model",), ("new.model", "elsewhere")])
def test_a_disk_that_is_full_after_the_training_costs_no_model(monkeypatch, full):
    save = wb.Network.save

    def refuse(net, path):
        if path.name == "new.model" and (path.parent == Path() or "elsewhere" in full):
            raise OSError(28, "[save] expected to write the file, got: no space", str(path))
        save(net, path)

    Path("temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(Path("temporary").resolve()))
    monkeypatch.setattr(wb.Network, "save", refuse)
    line = fail(*TRAIN)
    assert line.startswith("wbcore: new.model: expected to write the file, got: no space")
    kept = list(Path("temporary").iterdir())
    if "elsewhere" in full:
        assert not kept
        assert "kept" not in line
    else:
        (model,) = kept[0].iterdir()
        assert line.endswith(f"; the model is kept as {model.resolve()}\n")
        assert wb.load(model).widths == (2, 4, 2)


@pytest.mark.parametrize("what", ["new.csv", "new.parquet", "new.png"])
def test_a_write_that_fails_leaves_the_old_file(monkeypatch, what):
    Path(what).write_bytes(b"old")
    words = (*TRAIN, "--picture", what) if what == "new.png" else (*PREDICT, "-o", what)
    if what == "new.png":
        net = wb.load("model.safetensors")
        monkeypatch.setattr(wb.Network, "save", lambda *_: net)
    before = names()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = invoke(*words)
    assert result.exit_code == 2
    assert f"wbcore: {what}: " in result.stderr
    assert "No space left on device" in result.stderr
    assert Path(what).read_bytes() == b"old"
    assert names() == before
    assert ("Test accuracy" in result.stdout) == (what == "new.png")
    assert "and the picture" not in result.stdout


def test_a_result_that_replaces_another_is_read_as_whole():
    """A new file takes the name: whoever has the old one open reads the old one to its end."""
    succeed(*PREDICT, "-o", "out.csv")
    with Path("out.csv").open() as old:
        first = old.readline()
        succeed("predict", "model.safetensors", "data.csv", "-o", "out.csv")
        assert len([first, *old]) == ROWS + 1
    text = succeed(*PREDICT)
    assert Path("out.csv").read_text() == text


@pytest.mark.parametrize(
    ("suffix", "start_of_file"),
    [
        (".png", b"\x89PNG\r\n\x1a\n"),
        (".jpg", b"\xff\xd8\xff"),
        (".JPEG", b"\xff\xd8\xff"),
        (".svg", b"<?xml"),
        (".pdf", b"%PDF"),
    ],
)
def test_a_picture_is_what_its_suffix_says(suffix, start_of_file):
    found = []
    for name in ("one", "two"):
        succeed(*TRAIN, "--picture", name + suffix)
        found.append(Path(name + suffix).read_bytes())
    assert found[0].startswith(start_of_file)
    assert found[0] == found[1]


@pytest.mark.uninstrumented
def test_a_pipe_that_the_shell_opened_is_read():
    expected = succeed(*PREDICT)
    for words in ("/dev/stdin <data.csv", "<(cat data.csv)", "/dev/stdin < <(cat data.csv)"):
        line = f"{sys.executable} -m wbcore.cli predict model.safetensors {words}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=100)
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
