"""`wbcore train --resume`: what is kept, when, and that going on loses no bit."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from cli_folder import TRAIN, count_time, names
from cli_runner import fail, invoke, succeed

import wbcore as wb
from wbcore import callbacks
from wbcore.cli import checkpoint, commands, training
from wbcore.cli.data import split
from wbcore.io.checkpoint import read_checkpoint
from wbcore.training import checkpoints

pytestmark = pytest.mark.usefixtures("cli_folder")
CHECKPOINT = "new.model.ckpt"
GOES_ON = f"The same command with --resume goes on, from {CHECKPOINT}\n"
EPOCHS = 3000  # about a second
WORDS = (*TRAIN[:4], "--batch-size", 2, "--dropout", 0.2, "--epochs", EPOCHS, "-o", "new.model")


def interrupted(*words):
    """The text of a training that Ctrl-C has ended at some moment of its first half."""
    before_fit, after_epoch = callbacks.Progress.before_fit, callbacks.Progress.after_epoch
    pressed, over, pressing = threading.Event(), threading.Event(), []

    def press(run):
        while len(run.history) < EPOCHS // 20 and not over.wait(0.001):
            pass
        if not over.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            pressed.set()

    def begin(progress, run):
        before_fit(progress, run)
        pressing.append(threading.Thread(target=press, args=[run]))
        pressing[0].start()

    def go_on(progress, run):
        after_epoch(progress, run)
        if len(run.history) == EPOCHS // 2:
            assert pressed.wait(60)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks.Progress, "before_fit", begin)
        patch.setattr(callbacks.Progress, "after_epoch", go_on)
        try:
            text = succeed(*words)
        finally:
            over.set()
            pressing[0].join()
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
    assert re.search(rf"\ngoing on (after|within) epoch \d+ of {EPOCHS}, from {CHECKPOINT}\n", text)
    assert re.search(r"\nTrained in [\d.]+ s, of which [\d.]+ s in this session\n", text)
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


def test_nothing_to_go_on_from_begins():
    """So that a job that is started again needs no other command."""
    text = succeed(*TRAIN, "--resume")
    assert f"\nno checkpoint {CHECKPOINT}: the training begins\n" in text
    assert names() == {"data.csv", "model.safetensors", "new.model", "new.png"}
    resumed = Path("new.model").read_bytes()
    assert "checkpoint" not in succeed(*TRAIN)
    assert Path("new.model").read_bytes() == resumed


def test_what_is_refused_leaves_no_checkpoint_where_there_was_none():
    words = (*TRAIN, "--batch-size", 1, "--optimizer", "sgd(1e8)", "--schedule", "constant")
    fail_within(*words, "--hidden", "64,64,64", "--resume")
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
    ("words", "before", "now"),
    [
        (("--batch-size", 16), "--batch-size 2", "--batch-size 16"),
        (("--hidden", "9,5"), "--hidden 64,32", "--hidden 9,5"),
        (("--hidden", "", "--dropout", 0), "--hidden 64,32", "--hidden ''"),
        (("--dropout", 0.3), "--dropout 0.2", "--dropout 0.3"),
        (("--activation", "tanh"), "--activation relu", "--activation tanh"),
        (("--l2", 0.5), "--l2 0.0625", "--l2 0.5"),
        (("--momentum", 0.5, "--optimizer", "sgd"), "--optimizer adam", "--optimizer sgd"),
        (("--learning-rate", 0.5), "--learning-rate 0.01", "--learning-rate 0.5"),
        (("--schedule", "constant"), "no --schedule", "--schedule constant"),
        (("--epochs", 5000), "--epochs 3000", "--epochs 5000"),
        (("--loss", "cross_entropy(0.1)"), "--loss cross_entropy", "--loss 'cross_entropy(0.1)'"),
        (("--class-weight", "yes=2"), "no --class-weight", "--class-weight yes=2"),
        (("--bias-init", "zeros"), "--bias-init prior", "--bias-init zeros"),
        (("--early-stopping",), "no --early-stopping", "--early-stopping 10"),
        (("--seed", 1), "--seed 0", "--seed 1"),
        (("--ignore", "b"), "no --ignore", "--ignore b"),
        (("--target", "b", "--ignore", "k"), "--target k", "--target b"),
        (("--test-fraction", 0.3), "--test-fraction 0.2", "--test-fraction 0.3"),
        (("--test", "data.csv"), "no --test", "--test FILE"),
    ],
)
def test_other_settings_are_refused_by_the_option(words, before, now):
    interrupted(*WORDS)
    content = Path(CHECKPOINT).read_bytes()
    line = fail(*WORDS, *words, "--resume")
    same = f"leave {before[3:]} out" if before.startswith("no ") else f"give {before}"
    assert line == (
        f"wbcore: --resume: expected {before} as the training began, got {now}; {same} to go on, "
        f"or remove {CHECKPOINT} to begin anew\n"
    )
    assert Path(CHECKPOINT).read_bytes() == content


def test_other_categories_are_refused():
    interrupted(*WORDS)
    result = invoke(*WORDS, "--categories", "b", "--resume")
    assert result.exit_code == 2
    line = result.stderr.splitlines()[-1]  # after a warning: the column differs in each row
    assert line.startswith("wbcore: --resume: expected no --categories as the training began, got ")
    assert "got --categories b; leave --categories out to go on" in line


def test_another_patience_is_refused():
    interrupted(*WORDS, "--early-stopping", EPOCHS)
    line = fail(*WORDS, "--early-stopping", 5, "--resume")
    assert f"expected --early-stopping {EPOCHS} as the training began" in line
    assert "got --early-stopping 5; give" in line


def test_the_same_settings_in_other_words_go_on():
    interrupted(*WORDS, "--optimizer", "adam(0.01)", "--class-weight", "yes=2,no=1.0")
    other = ("--learning-rate", 0.01, "--schedule", "cosine", "--l2", 0, "--task", "classification")
    succeed(*WORDS, *other, "--class-weight", "no=1, yes=2", "--time-limit", "1h", "--resume")


def test_epochs_may_be_others_where_the_schedule_does_not_know_of_them():
    words = (*WORDS, "--schedule", "constant")
    interrupted(*words)
    line = fail(*words, "--epochs", 1, "--resume")
    assert "--resume: expected --epochs of at least " in line
    assert "fit" not in line
    succeed(*words, "--epochs", 3100, "--resume")
    assert wb.load("new.model").metadata["training"]["epochs_run"] == 3100


def fail_within(*words):
    """The line of a command that is refused when it has said what it is about to do."""
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("words", [(), ("--early-stopping", EPOCHS)])
@pytest.mark.parametrize("what", ["rows to train on", "test rows"])
def test_other_data_are_refused(what, words):
    interrupted(*WORDS, *words)
    lines = Path("data.csv").read_text().splitlines()
    y = np.array([line.endswith("yes") for line in lines[1:]])
    place = 1 + split(y, 0.2, 0, stratify=True)[what == "test rows"][-1]
    lines[place] = f"0.5,0.25,{lines[place].rpartition(',')[2]}"
    Path("data.csv").write_text("\n".join(lines) + "\n")
    line = fail(*WORDS, *words, "--resume")
    assert f"expected the data as the training began, {what} " in line
    assert len(set(re.findall("sha256 [0-9a-f]{12}", line))) == 2
    assert line.endswith(f"; remove {CHECKPOINT} to begin anew\n")


def test_other_columns_are_refused():
    interrupted(*WORDS)
    text = Path("data.csv").read_text()
    Path("data.csv").write_text(text.replace("a,", "other,", 1))
    line = fail(*WORDS, "--resume")
    assert "expected the data as the training began, columns a, b, got other, b; remove" in line


def test_a_checkpoint_of_another_program_is_refused():
    """One that `Network.fit` wrote says nothing of a table."""
    net = wb.Network.mlp([2, 4, 2], seed=0)
    net.fit([[0.0, 1.0], [1.0, 0.0]], [0, 1], loss="cross_entropy", checkpoint=CHECKPOINT)
    line = fail(*WORDS, "--resume")
    assert f"--resume: {CHECKPOINT} is no checkpoint of wbcore train; remove" in line
    net.save(CHECKPOINT)
    assert "expected a file that wbcore train wrote, got a network that was saved" in fail(
        *WORDS, "--resume"
    )


def test_a_damaged_checkpoint_is_one_line():
    interrupted(*WORDS)
    Path(CHECKPOINT).write_bytes(Path(CHECKPOINT).read_bytes()[:-9])
    assert CHECKPOINT in fail(*WORDS, "--resume")


@pytest.mark.parametrize("again", [(), ("--time-limit", "1h")])
def test_a_time_limit_is_of_one_command(again, monkeypatch):
    count_time(monkeypatch, 0.002)
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
    kill(*words)
    assert not Path("new.model").exists()
    assert invoke(*words, "--resume").exit_code == 0
    resumed = Path("new.model").read_bytes()
    assert invoke(*words).exit_code == 0
    assert resumed == Path("new.model").read_bytes()
    assert not Path(CHECKPOINT).exists()


OFTEN = """
import sys, time
from wbcore import callbacks
from wbcore.cli import commands
commands.EVERY = "0.05s"
after_epoch = callbacks.Progress.after_epoch

def slower_and_slower(progress, run):
    after_epoch(progress, run)
    if len(run.history) > 5000:
        time.sleep(0.06)  # so that it is not over before it is killed

callbacks.Progress.after_epoch = slower_and_slower
sys.argv = ["wbcore", *sys.argv[1:]]
from wbcore.cli import main
main()
"""


def kill(*words):
    """Ends a training that has written a checkpoint, and may be about to write another."""
    with subprocess.Popen([sys.executable, "-c", OFTEN, *words], stdout=subprocess.PIPE) as process:
        while not Path(CHECKPOINT).exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.1)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert Path(CHECKPOINT).exists()


def test_the_line_says_where_it_goes_on():
    words = (*WORDS, "--schedule", "constant", "--batch-size", 64)  # an epoch is a batch
    interrupted(*words)
    saved = read_checkpoint(CHECKPOINT)
    done = saved.position[0]
    assert saved.position[1] == 0 < done
    text = succeed(*words, "--resume")
    assert f"\ngoing on after epoch {done} of {EPOCHS}, from {CHECKPOINT}\n" in text


def test_the_checkpoint_is_named_by_the_model():
    assert checkpoint.checkpoint_of(Path("a/b.safetensors")) == Path("a/b.safetensors.ckpt")
