"""What a training shows while it goes on: on terminals of any width, and in a log."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from types import SimpleNamespace

import pytest
from cli_folder import TRAIN
from cli_runner import invoke
from rich.console import Console

from wbcore.cli import progress

VALUES = {"loss": 0.01234567, "accuracy": 0.99, "val_loss": 0.1, "val_accuracy": 0.9751}


def terminal(width, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    # coloured, since what of a bar is not done is grey
    return Console(file=stream, force_terminal=True, width=width, color_system="standard")


def last_line(console):
    console.file.flush()
    text = console.file.buffer.getvalue().decode()
    return re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).rstrip())[-1]


def shown(
    width, *, score="accuracy", values=VALUES, epoch=12, rows=500, watched="test", encoding="utf-8"
):
    """The last line of a bar on a terminal of so many columns, after some epochs in a second."""
    console = terminal(width, encoding)
    with pytest.MonkeyPatch.context() as patch:
        seconds = [0.0]
        patch.setattr(progress, "time", SimpleNamespace(perf_counter=lambda: seconds[0]))
        bar = progress.progress(console, score, watched).bar(total=200 * rows, desc="epoch 0/200")
        seconds[0] = 1.0
        bar.set_description(f"epoch {epoch}/200")
        bar.set_postfix(values)
        bar.update(epoch * rows)
        bar.close()
    return last_line(console)


def test_rate_and_time_left():
    line = shown(120)
    assert line.startswith("epoch 12/200 ")
    assert "━" * 20 in line
    assert "  0:16 left  " in line  # 188 of 200 epochs, 12 a second
    assert "  6k rows/s  " in line
    assert re.search(r"loss 0\.0123 +test 97\.5%$", line)
    assert shown(120, score="r2", values={"val_r2": 0.5}).endswith("  test R² 0.500")
    last = shown(120, score="loss", watched="validation", values={"val_loss": 0.25})
    assert last.endswith("  validation loss 0.25")


def test_a_line_within_an_epoch_keeps_the_last_score():
    console = terminal(120)
    bar = progress.progress(console, "accuracy").bar(total=100, desc="epoch 0/2")
    bar.set_postfix(VALUES)
    bar.set_postfix({"loss": 0.5})
    bar.close()
    assert re.search(r"loss 0\.5 +test 97\.5%$", last_line(console))


@pytest.mark.parametrize("width", range(1, 130))
def test_no_line_is_longer_than_the_terminal(width):
    for epoch in (1, 99, 200):
        assert len(shown(width, epoch=epoch)) <= width


def test_what_has_no_room_is_left_out_in_order():
    lines = {width: shown(width) for width in range(12, 130)}
    for part, least in (("left", 25), ("loss", 39), ("test", 55), ("rows/s", 69), ("━━━━", 79)):
        assert all(part in lines[width] for width in lines if width >= least), part
    narrow = " ".join(lines[width] for width in range(12, 23))
    assert "left" not in narrow


def test_nothing_moves_as_numbers_grow():
    starts = {shown(100, epoch=epoch).index("━") for epoch in (1, 12, 123)}
    ends = {shown(100, epoch=epoch).index("loss") for epoch in (1, 12, 123)}
    assert len(starts) == len(ends) == 1


def test_an_encoding_without_lines():
    assert "-----" in shown(100, encoding="ascii")


def test_a_log_gets_a_line_now_and_then(monkeypatch):
    console = Console(file=io.StringIO(), width=40)  # which no line is cut for
    times = iter([0.0, *(second / 2 for second in range(200))])
    monkeypatch.setattr(progress, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    bar = progress.progress(console, "accuracy").bar(total=1000, desc="epoch 0/100")
    for epoch in range(1, 101):
        bar.set_description(f"epoch {epoch}/100")
        bar.set_postfix(VALUES)
        bar.update(10)
    bar.close()
    lines = console.file.getvalue().splitlines()
    assert 3 <= len(lines) <= 6  # of some 50 seconds
    assert re.fullmatch(
        r"epoch \d+/100  \d+%  0:\d\d left  [\d.]+ rows/s  loss 0\.0123  test 97\.5%", lines[0]
    )


@pytest.mark.usefixtures("cli_folder")
def test_a_short_training_says_nothing_in_a_log():
    assert not invoke(*TRAIN).stderr


@pytest.mark.uninstrumented
@pytest.mark.usefixtures("cli_folder")
@pytest.mark.parametrize("columns", [100, 50])
def test_a_terminal(columns):
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    words = [*map(str, TRAIN), "--epochs", "300", "--batch-size", "1"]
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "wbcore.cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=environment | {"TERM": "xterm"},
    ) as process:
        os.close(follower)
        text = b""
        try:
            while part := os.read(leader, 1 << 16):
                text += part
        except OSError:  # the end of a terminal
            pass
        assert process.wait(100) == 0
    os.close(leader)
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode()))
    assert any(line.startswith("epoch 300/300") for line in lines), lines
    assert max(map(len, lines)) < columns
    assert ("rows/s" in text.decode()) == (columns == 100)
