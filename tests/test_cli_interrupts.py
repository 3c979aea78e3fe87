"""Ctrl-C on the command line: what it ends, and what it never loses."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_folder import TRAIN, names
from cli_runner import invoke
from interrupts import confined

import wbcore as wb
from wbcore.cli import commands, training

pytestmark = pytest.mark.usefixtures("cli_folder")


EPOCH_IS_SAID = """
import sys, wbcore.cli
from wbcore import callbacks

after_epoch = callbacks.Progress.after_epoch

def said(progress, run):
    after_epoch(progress, run)
    if len(run.history) == 1:
        print("an epoch has ended", flush=True)

callbacks.Progress.after_epoch = said
sys.argv = ["wbcore", *sys.argv[1:]]
wbcore.cli.main()
"""


@pytest.mark.uninstrumented
def test_the_first_ctrl_c_is_no_error_once_an_epoch_has_ended():
    words = ["train", "data.csv", "--target", "k", "--epochs", "10000000", "-o", "new.model"]
    command = [sys.executable, "-c", EPOCH_IS_SAID, *words]
    # The shell that started the tests may ignore Ctrl-C, and so would the process.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        while (line := process.stdout.readline()) != "an epoch has ended\n":
            assert line, process.stderr.read()
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

    class Press:
        def after_epoch(self, run):
            for _ in range(times if run.epoch else 0):
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(commands, "progress", lambda *_: Press())
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


def test_ctrl_c_in_a_destructor_while_the_picture_is_drawn(monkeypatch):
    class Drawn:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(commands, "draw", lambda *_: str(Drawn()).encode())
    result = invoke(*TRAIN)
    assert result.exit_code == 130
    assert result.stderr == "wbcore: interrupted; the model is saved as new.model\n"
    assert not Path("new.png").exists()


def test_ctrl_c_before_the_first_epoch_has_ended(monkeypatch):
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

    class Watch:
        def after_epoch(self, _):
            ended.append(True)

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
        patch.setattr(commands, "progress", lambda *_: Watch())
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
        for name in ("new.model", "new.model.ckpt"):
            Path(name).unlink(missing_ok=True)
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
