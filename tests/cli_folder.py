"""Commands for the folder that the fixture cli_folder makes, streams that fail, counted time."""

import itertools
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from wbcore.callbacks import time_limit
from wbcore.cli import checkpoint

ROWS = 60
FULL = Path("/dev/full")  # a disk without room: every write to it fails
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


def count_time(monkeypatch, seconds):
    """Have time limits take each look at the clock for so many seconds, whatever it says."""
    looks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: seconds * next(looks))
    for module in (time_limit, checkpoint):
        monkeypatch.setattr(module, "time", clock)


@contextmanager
def broken_pipe():
    """The writing end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stream:
        yield stream
