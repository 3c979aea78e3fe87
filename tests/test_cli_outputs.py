"""The command line loses no work: what is written, in which order, and what stops it before."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, invoke, succeed
from interrupts import confined
from test_io_idx import write_folder

import wbcore as wb
from wbcore.cli import commands, report, training

ROWS = 60
FULL = Path("/dev/full")  # a disk without room: every write to it fails


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with data.csv (target k) and model.safetensors that fits it."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 2))
    kinds = np.where(X.sum(axis=1) > 0, "yes", "no")
    pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "k": kinds}).to_csv("data.csv", index=False)
    net = wb.Network.mlp([2, 3, 2], seed=0)
    net.metadata.update(features=["a", "b"], classes=["no", "yes"])
    net.save("model.safetensors")
    return tmp_path


TRAIN = ("train", "data.csv", "--target", "k", "--epochs", 3, "--hidden", 4, "-o", "new.model")
PREDICT = ("predict", "model.safetensors", "data.csv")
INSPECT = ("inspect", "model.safetensors")


def start(*words, **streams):
    """Runs the command line as a process of its own: code and text on stderr."""
    command = [sys.executable, "-m", "wbcore.cli", *map(str, words)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=100, **streams)
    return done.returncode, done.stderr


def names():
    return {path.name for path in Path().iterdir()}


# The order: the model is saved before anything is shown.


@contextmanager
def broken_pipe():
    """The writing end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stream:
        yield stream


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


# Ctrl-C


@contextmanager
def quiet_bar(*_):
    yield None


@pytest.mark.uninstrumented
def test_the_first_ctrl_c_is_no_error_once_an_epoch_has_ended():
    words = ["train", "data.csv", "--target", "k", "--epochs", "1000000", "-o", "new.model"]
    command = [sys.executable, "-m", "wbcore.cli", *words]
    # The shell that started the tests may ignore Ctrl-C, and so would the process.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        while "network:" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        text, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (0, "")
    assert "Interrupted after " in text
    assert wb.load("new.model").metadata["training"]["epochs_run"] >= 1


AT_START = """
import sys, wbcore.cli

class Pressed:
    def find_spec(name, *_):
        if name == "{}":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Pressed)
sys.argv = ["wbcore", "inspect", "model.safetensors"]
wbcore.cli.main()
"""


@pytest.mark.uninstrumented
@pytest.mark.parametrize("module", ["typer", "wbcore.cli.app", "wbcore.cli.report"])
def test_ctrl_c_while_modules_are_imported(module):
    command = [sys.executable, "-c", AT_START.format(module)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "wbcore: interrupted\n")


def press_ctrl_c_around(function):
    def pressed(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        result = function(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        return result

    return pressed


@pytest.mark.parametrize("times", [0, 1])
def test_ctrl_c_after_the_training_waits_for_the_model(monkeypatch, times):
    """Whether or not an earlier one has ended the training."""

    @contextmanager
    def bar(*_):
        yield lambda epoch, _: [signal.raise_signal(signal.SIGINT) for _ in range(times) if epoch]

    monkeypatch.setattr(report, "epochs_bar", bar)
    monkeypatch.setattr(training, "fold", press_ctrl_c_around(training.fold))
    before = signal.getsignal(signal.SIGINT)
    result = invoke(*TRAIN)
    assert result.exit_code == 130
    assert result.stderr == "wbcore: interrupted; the model is saved as new.model\n"
    assert wb.load("new.model").metadata["training"]["epochs_run"] == 3 - times
    assert not Path("new.png").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_the_picture_is_drawn(monkeypatch):
    monkeypatch.setattr(commands, "draw", press_ctrl_c_around(commands.draw))
    result = invoke(*TRAIN)
    assert result.exit_code == 130
    assert result.stderr == "wbcore: interrupted; the model is saved as new.model\n"


def test_ctrl_c_before_the_first_epoch_has_ended(monkeypatch):
    monkeypatch.setattr(report, "epochs_bar", quiet_bar)
    monkeypatch.setattr(wb.Network, "fit", press_ctrl_c_around(wb.Network.fit))
    result = invoke(*TRAIN)
    assert result.exit_code == 130
    assert result.stderr == "wbcore: interrupted; no epoch has ended, so there is no model\n"
    assert names() == {"data.csv", "model.safetensors"}


class Result(NamedTuple):
    """What the tests look at of a run."""

    exit_code: int
    stderr: str
    output: str


def interrupted_at(place):
    """Runs a training with two Ctrl-C at a line of the command line's own code, by number.

    Returns the result, whether an epoch had ended by then, and whether there were that many lines.
    """
    home = str(Path(commands.__file__).parent)
    ended, lines, reached = [], 0, False

    @contextmanager
    def bar(*_):
        yield lambda *_: ended.append(True)

    def trace(frame, event, _):
        nonlocal lines, reached
        if not frame.f_code.co_filename.startswith(home):
            return None
        if event == "line":
            lines += 1
            if lines == place:
                reached = bool(ended) + 1
                sys.settrace(None)
                for _ in range(2):
                    signal.raise_signal(signal.SIGINT)
        return trace

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "epochs_bar", bar)
        patch.setattr(commands, "draw", lambda *_: b"")
        outer = sys.gettrace()
        sys.settrace(trace)
        try:
            result = confined(invoke, *TRAIN)
        except KeyboardInterrupt:  # outside of all commands: `main` says so
            result = Result(130, "wbcore: interrupted\n", "")
        finally:
            sys.settrace(outer)
    return result, reached


@pytest.mark.uninstrumented
def test_two_ctrl_c_anywhere_lose_no_epoch_that_ended():
    saved = 0
    for place in range(1, 100_000, 7):
        Path("new.model").unlink(missing_ok=True)
        result, reached = interrupted_at(place)
        assert result.exit_code in (0, 130), (place, result.output)
        assert sys.exc_info()[1] is None, place  # else it is the context of all errors to come
        if not reached:
            break
        after_an_epoch = reached == 2
        if after_an_epoch:
            assert wb.load("new.model").metadata["training"]["epochs_run"] >= 1, place
            saved += 1
        elif result.exit_code == 130 and Path("new.model").exists():
            assert "the model is saved" in result.stderr
        assert Path("new.model").exists() == ("no model" not in result.stderr) or not after_an_epoch
    assert saved > 20


# Where nothing can be written: said before the work.

LONG = "n" * 300


@pytest.fixture
def no_work(monkeypatch):
    """Fails the test when a training or prediction begins."""

    def work(*_, **__):
        pytest.fail("the work has begun")

    monkeypatch.setattr(commands, "train", work)
    monkeypatch.setattr("wbcore.cli.prediction.predict_table", work)
    monkeypatch.setattr("wbcore.load", work)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("data.csv/x", "data.csv/x"),
        ("none/x", "none/x: expected a folder that is there, got "),
        ("/proc/x", "/proc/x: cannot write here ("),
        ("/proc/version", "/proc/version: "),
        (LONG, f"{LONG}: expected to write the file, got: File name too long"),
        ("pipe", "pipe: expected a file or a new name, got a folder or device"),
        ("socket", "socket: expected a file or a new name, got a folder or device"),
        ("sub", "sub: expected a file or a new name, got a folder or device"),
        ("/dev/null", "/dev/null: expected a file or a new name, got a folder or device"),
        (".", "got "),
        ("loop", "loop: "),
    ],
)
@pytest.mark.parametrize("option", ["train -o", "train --picture", "predict -o"])
def test_an_output_that_cannot_be_written_is_found_out_before(option, name, message):
    os.mkfifo("pipe")
    Path("sub").mkdir()
    Path("loop").symlink_to("loop")
    command, option = option.split()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        before = names()
        if command == "predict":
            line = fail(*PREDICT, option, name)
        else:
            line = fail(*TRAIN[:4], *(("-o", "m") if option == "--picture" else ()), option, name)
        assert message in line
        assert names() == before


@pytest.mark.usefixtures("no_work")
def test_a_read_only_folder_is_found_out_before(monkeypatch):
    """As on a disk mounted read-only, where permissions alone would let the superuser write."""
    opened = os.open

    def refuse(path, flags, *rest, **options):
        if flags & (os.O_CREAT | getattr(os, "O_TMPFILE", 0)):
            raise OSError(30, "Read-only file system", path)
        return opened(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refuse)
    for words in (TRAIN, (*PREDICT, "-o", "out.csv")):
        assert "cannot write here (Read-only file system)" in fail(*words)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    "link", ["data.csv", "./data.csv", "soft.csv", "hard.csv", "above/data.csv"]
)
def test_no_output_takes_the_place_of_the_data(folder, link):
    Path("soft.csv").symlink_to("data.csv")
    os.link("data.csv", "hard.csv")
    Path("above").symlink_to(folder)
    before = Path("data.csv").read_bytes()
    assert f"{Path(link)}: the result would take the place of the data" in fail(
        *PREDICT, "-o", link
    )
    assert "the model would take the place of the data" in fail(*TRAIN[:4], "-o", link)
    line = fail(*TRAIN, "--picture", link)
    assert "the picture would take the place of the data" in line
    assert Path("data.csv").read_bytes() == before


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_no_output_takes_the_place_of_the_model(make):
    before = Path("model.safetensors").read_bytes()
    make("model.safetensors", "model.csv")
    message = "the result would take the place of the model"
    assert message in fail("predict", "model.csv", "data.csv", "-o", "model.csv")
    assert message in fail(*PREDICT, "-o", "model.csv")
    assert Path("model.safetensors").read_bytes() == before
    message = "the picture would take the place of the model"
    assert message in fail(*TRAIN[:4], "-o", "m.png")
    Path("there").symlink_to("to_come.png")
    assert message in fail(*TRAIN[:4], "-o", "there", "--picture", "to_come.png")


@pytest.mark.usefixtures("no_work")
def test_no_output_takes_the_place_of_an_idx_file(folder):
    write_folder(folder)
    images = "train-images-idx3-ubyte"
    before = Path(images).read_bytes()
    assert "would take the place of the data" in fail("train", ".", "-o", images)
    assert Path(images).read_bytes() == before


def test_a_model_may_be_replaced_by_its_next_training(folder):
    write_folder(folder, n_train=20, n_test=10)
    for _ in range(2):
        succeed("train", ".", "--epochs", 1, "--hidden", "2", "-o", "again.model")


# Whole or not at all


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


# The suffix says what the file is.


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


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", ["p.gif", "p", "p.csv", "p.png.gz"])
def test_a_picture_of_another_kind_is_refused(name):
    line = fail(*TRAIN, "--picture", name)
    expected = "--picture: expected a name that ends in one of .png, .jpg, .jpeg, .svg, .pdf, got "
    assert expected + name in line


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", ["o.json", "o.csv.gz", "o.xlsx", "o.safetensors"])
def test_a_table_of_another_kind_is_refused(name):
    line = fail(*PREDICT, "-o", name)
    assert (
        f"--output: expected a name that ends in one of .csv, .txt, .parquet, .pq, got {name}"
        in line
    )


@pytest.mark.usefixtures("no_work")
def test_parquet_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    line = fail(*PREDICT, "-o", "o.parquet")
    assert line == "wbcore: o.parquet needs pyarrow: pip install pyarrow\n"


# Pipes


@pytest.mark.uninstrumented
@pytest.mark.parametrize(
    "words",
    [
        ("train", "pipe", "--target", "k"),
        ("predict", "model.safetensors", "pipe"),
        ("predict", "pipe", "data.csv"),
        ("inspect", "pipe"),
        (*PREDICT, "-o", "pipe"),
        (*TRAIN[:4], "-o", "pipe"),
        (*TRAIN, "--picture", "pipe.png"),
        ("train", "pipe.parquet", "--target", "k"),
        ("train", "/dev/zero", "--target", "k"),
    ],
)
def test_nothing_waits_for_the_other_end_of_a_pipe(words):
    for name in ("pipe", "pipe.png", "pipe.parquet"):
        os.mkfifo(name)
    code, text = start(*words, stdin=subprocess.DEVNULL)
    assert code == 2
    assert text.count("\n") == 1
    assert "pipe" in text or "device" in text


@pytest.mark.uninstrumented
def test_a_pipe_that_the_shell_opened_is_read():
    expected = succeed(*PREDICT)
    for words in ("/dev/stdin <data.csv", "<(cat data.csv)", "/dev/stdin < <(cat data.csv)"):
        line = f"{sys.executable} -m wbcore.cli predict model.safetensors {words}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=100)
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
