"""`wbcore train --resume`: what is kept, when, and that going on loses no bit."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cli_folder import TRAIN, names
from cli_runner import fail, invoke, succeed

import wbcore as wb
from wbcore import callbacks
from wbcore.cli import checkpoint, commands, training
from wbcore.training import checkpoints

pytestmark = pytest.mark.usefixtures("cli_folder")
CHECKPOINT = "new.model.ckpt"
GOES_ON = f"The same command with --resume goes on, from {CHECKPOINT}\n"
EPOCHS = 3000  # about a second
WORDS = (*TRAIN[:4], "--batch-size", 2, "--dropout", 0.2, "--epochs", EPOCHS, "-o", "new.model")


def interrupted(*words):
    """The text of a training that Ctrl-C has ended at some moment."""
    pressing = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    before_fit = callbacks.Progress.before_fit

    def begin(progress, run):
        before_fit(progress, run)
        pressing.start()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks.Progress, "before_fit", begin)
        text = succeed(*words)
    pressing.join()
    return text


def uninterrupted():
    succeed(*WORDS)
    parameters = wb.load("new.model").parameters.tobytes()
    Path("new.model").unlink()
    return parameters


def test_ctrl_c_and_on_again_is_one_training():
    expected = uninterrupted()
    text = interrupted(*WORDS)
    half = wb.load("new.model")
    done = half.metadata["training"]["epochs_run"]
    assert f"Interrupted after {done} epochs\n" in text
    assert text.endswith(GOES_ON)
    assert 1 <= done < EPOCHS
    assert half.parameters.tobytes() != expected
    assert Path(CHECKPOINT).exists()

    text = succeed(*WORDS, "--resume")
    assert "--resume" not in text
    whole = wb.load("new.model")
    assert whole.parameters.tobytes() == expected
    assert whole.metadata["training"]["epochs_run"] == EPOCHS
    assert not Path(CHECKPOINT).exists()


def test_ctrl_c_in_the_first_epoch_can_go_on():
    """There is no model by then."""

    class Press:
        def after_batch(self, run):
            if run.step == 2:
                signal.raise_signal(signal.SIGINT)
                time.sleep(0.1)  # an epoch that takes longer

    words = (*TRAIN, "--batch-size", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "progress", lambda *_: Press())
        result = invoke(*words)
        assert result.exit_code == 130
        expected = f"no epoch has ended, so there is no model; --resume goes on, from {CHECKPOINT}"
        assert result.stderr == f"wbcore: interrupted; {expected}\n"
        assert not Path("new.model").exists()
        patch.setattr(Press, "after_batch", lambda *_: None)
        succeed(*words, "--resume")
    resumed = wb.load("new.model")
    succeed(*words)
    assert resumed == wb.load("new.model")


def test_early_stopping_goes_on_with_its_best_epoch():
    words = (*WORDS, "--early-stopping", EPOCHS)
    succeed(*words)
    expected = Path("new.model").read_bytes()
    interrupted(*words)
    succeed(*words, "--resume")
    assert Path("new.model").read_bytes() == expected


def test_a_whole_training_leaves_no_checkpoint():
    succeed(*TRAIN)
    assert names() == {"data.csv", "model.safetensors", "new.model", "new.png"}


def test_nothing_to_go_on_from():
    line = fail(*TRAIN, "--resume")
    expected = f"--resume: expected {CHECKPOINT}, the checkpoint of a training to new.model that"
    assert expected in line
    assert names() == {"data.csv", "model.safetensors"}


def test_what_could_go_on_is_not_lost_to_a_new_training():
    interrupted(*WORDS)
    before = Path(CHECKPOINT).read_bytes()
    line = fail(*WORDS)
    assert f"{CHECKPOINT}: a training to new.model did not come to its end: give --resume" in line
    assert Path(CHECKPOINT).read_bytes() == before
    Path(CHECKPOINT).unlink()
    succeed(*WORDS)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--batch-size", 16), "optimizer.learning_rate"),
        (("--hidden", "9"), "layers"),
        (("--dropout", 0.3), "layers"),
        (("--l2", 0.5), "optimizer.l2"),
        (("--epochs", 5000), "optimizer.learning_rate"),
        (("--optimizer", "sgd"), "optimizer"),
        (("--loss", "cross_entropy(0.1)"), "loss"),
        (("--class-weight", "balanced"), "class_weight"),
        (("--bias-init", "zeros"), "bias_init"),
        (("--early-stopping",), "optimizer.learning_rate"),
        (("--seed", 1), "seed"),
    ],
)
def test_other_settings_are_refused_by_name(words, field):
    interrupted(*WORDS)
    before = Path(CHECKPOINT).read_bytes()
    line = fail_within(*WORDS, *words, "--resume")
    assert line.startswith(f"wbcore: --resume: expected {field} of the run in '{CHECKPOINT}', ")
    assert ", got " in line
    assert ("as long as --epochs and --batch-size make" in line) == (field[-4:] == "rate")
    assert Path(CHECKPOINT).read_bytes() == before


def fail_within(*words):
    """The line of a command that is refused when it has said what it is about to do."""
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_other_data_are_refused():
    interrupted(*WORDS)
    lines = Path("data.csv").read_text().splitlines()
    lines[5] = "0.5,0.25,yes"
    Path("data.csv").write_text("\n".join(lines) + "\n")
    line = fail_within(*WORDS, "--resume")
    assert line.startswith(f"wbcore: --resume: expected X of the run in '{CHECKPOINT}', ")


def test_a_damaged_checkpoint_is_one_line():
    interrupted(*WORDS)
    Path(CHECKPOINT).write_bytes(Path(CHECKPOINT).read_bytes()[:-9])
    assert CHECKPOINT in fail_within(*WORDS, "--resume")


@pytest.mark.parametrize("again", [(), ("--time-limit", "1h")])
def test_a_time_limit_is_of_one_command(again):
    text = succeed(*WORDS[:-2], "-o", "new.model", "--epochs", 9000, "--time-limit", "0.1s")
    assert "the time limit of 0.1 s had passed" in text
    assert text.endswith(GOES_ON)
    done = wb.load("new.model").metadata["training"]["epochs_run"]
    succeed(*WORDS[:-2], "-o", "new.model", "--epochs", 9000, *again, "--resume")
    assert wb.load("new.model").metadata["training"]["epochs_run"] == 9000 > done
    assert not Path(CHECKPOINT).exists()


@pytest.mark.parametrize("words", [("train", CHECKPOINT, "--target", "k"), TRAIN[:4]])
def test_the_checkpoint_takes_no_place_of_another_file(words):
    Path(CHECKPOINT).write_bytes(Path("data.csv").read_bytes())
    if words == TRAIN[:4]:  # by another name
        Path("data.csv").unlink()
        os.link(CHECKPOINT, "data.csv")
    before = Path(CHECKPOINT).read_bytes()
    line = fail(*words, "-o", "new.model")
    assert f"{CHECKPOINT}: the checkpoint would take the place of the data" in line
    assert Path(CHECKPOINT).read_bytes() == before


def test_a_checkpoint_that_cannot_be_written_costs_no_model(monkeypatch):
    """As when the disk fills up in mid-training."""

    def full(path, _):
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(checkpoints, "write_checkpoint", full)
    result = invoke(*TRAIN)
    assert result.exit_code == 2
    assert result.stderr == f"wbcore: {CHECKPOINT}: No space left on device\n"
    assert "Test accuracy" in result.stdout
    assert wb.load("new.model").metadata["training"]["epochs_run"] == 3


def test_what_no_training_can_come_of_leaves_no_checkpoint(monkeypatch):
    def refuse(*_, **__):
        raise ValueError("[fold] float64 is too coarse")

    with monkeypatch.context() as patch:
        patch.setattr(training, "fold", refuse)
        assert "float64 is too coarse" in fail_within(*TRAIN)
    assert names() == {"data.csv", "model.safetensors"}
    monkeypatch.setattr(commands, "EVERY", "1 batches")
    words = (*TRAIN, "--batch-size", 1, "--optimizer", "sgd(1e8)", "--schedule", "constant")
    assert "expected a finite loss" in fail_within(*words, "--hidden", "64,64,64")
    assert names() == {"data.csv", "model.safetensors"}


@pytest.mark.uninstrumented
def test_killed_and_on_again():
    """SIGKILL at some moment after a checkpoint: the result has the bits of one training."""
    words = ("train", "data.csv", "--target", "k", "--epochs", "6000", "--batch-size", "4")
    words += ("--dropout", "0.2", "-o", "new.model")
    for _ in range(3):
        if killed(*words):
            break
    else:
        pytest.fail("it was always over before")
    assert not Path("new.model").exists()
    assert invoke(*words, "--resume").exit_code == 0
    resumed = Path("new.model").read_bytes()
    assert invoke(*words).exit_code == 0
    assert resumed == Path("new.model").read_bytes()
    assert not Path(CHECKPOINT).exists()


OFTEN = """
import sys
from wbcore.cli import commands
commands.EVERY = "0.05s"
sys.argv = ["wbcore", *sys.argv[1:]]
from wbcore.cli import main
main()
"""


def killed(*words):
    """Whether a training was killed that had written a checkpoint before."""
    with subprocess.Popen([sys.executable, "-c", OFTEN, *words], stdout=subprocess.PIPE) as process:
        while not Path(CHECKPOINT).exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.1)
        process.kill()
    return Path(CHECKPOINT).exists()


def test_the_checkpoint_is_named_by_the_model():
    assert checkpoint.checkpoint_of(Path("a/b.safetensors")) == Path("a/b.safetensors.ckpt")
