"""Outputs that cannot be written, or are no outputs, are refused before the work."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli_folder import PREDICT, TRAIN, names, start
from cli_runner import fail, succeed
from test_io_idx import write_folder

from wbcore.cli import commands

pytestmark = pytest.mark.usefixtures("cli_folder")
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
def test_no_output_takes_the_place_of_the_data(cli_folder, link):
    Path("soft.csv").symlink_to("data.csv")
    os.link("data.csv", "hard.csv")
    Path("above").symlink_to(cli_folder)
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
def test_no_output_takes_the_place_of_an_idx_file(cli_folder):
    write_folder(cli_folder)
    images = "train-images-idx3-ubyte"
    before = Path(images).read_bytes()
    assert "would take the place of the data" in fail("train", ".", "-o", images)
    assert Path(images).read_bytes() == before


def test_a_model_may_be_replaced_by_its_next_training(cli_folder):
    write_folder(cli_folder, n_train=20, n_test=10)
    for _ in range(2):
        succeed("train", ".", "--epochs", 1, "--hidden", "2", "-o", "again.model")


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
