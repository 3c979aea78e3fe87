"""``wbcore train`` from its checked options to its report."""

import errno
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

import wbcore as wb
from wbcore._distribution import install_extra
from wbcore.cli import report
from wbcore.cli.checkpoint import EVERY, Ending, check_new, checkpoint_of, going_on, seconds_before
from wbcore.cli.comparison import Comparison, check_none, forget
from wbcore.cli.data import Dataset, load_digits, load_folder, load_table
from wbcore.cli.endings import warn
from wbcore.cli.identity import Identity, identity, require_same
from wbcore.cli.interrupts import Interrupts
from wbcore.cli.memory import check_size
from wbcore.cli.outputs import PICTURES, check_outputs, check_suffix, check_table, write_file
from wbcore.cli.picture import draw, load_matplotlib
from wbcore.cli.progress import progress
from wbcore.cli.settings import TrainSettings, settings_for
from wbcore.cli.terminal import Stream, console
from wbcore.cli.training import Trained, describe, optimizer_of, score_of, train, watched
from wbcore.inspect import parameter_table
from wbcore.io.table import TASKS

__all__ = ["run_training"]


def run_training(
    source: str,
    given: dict[str, Any],
    output: Path | None,
    picture: Path | None,
    *,
    target: str | None,
    task: str | None,
    ignore: tuple[str, ...],
    categories: tuple[str, ...],
    resume: bool,
    test: Path | None = None,
    compared: Comparison | None = None,
) -> None:
    """Load the data, compare settings, train, save the model, draw the picture and report.

    The model is saved before anything that can fail: until then what the screen does not take is
    only noted, and Ctrl-C ends the training but nothing after it.
    """
    output = _output(source, output)
    picture = output.with_suffix(".png") if picture is None else picture
    checkpoint = checkpoint_of(output)
    table = None if compared is None else compared.table_of(output)
    outputs = {"model": output, "picture": picture, "checkpoint": checkpoint}
    _check_outputs(source, test, outputs, table)
    check_new(checkpoint, output, resume=resume)
    check_none(output, resume=resume, compares=compared is not None)
    of_table = {"target": target, "task": task, "ignore": ignore, "categories": categories}
    data = _load(source, given, test, of_table)
    given = given if test is None else given | {"test_fraction": 0.0}
    settings = settings_for(data, given)
    widths = (len(data.features), *settings.hidden, data.n_outputs)
    check_size(widths, min(settings.batch_size, len(data.X)))

    stream = Stream(sys.stdout, "stdout")
    screen = console(stream)
    _describe(screen, data)
    comparison = None
    if compared is not None:
        settings, comparison = compared.run(screen, data, given, output)
    of = identity(data, settings, optimizer_of(data, settings), ignore, categories)
    kept = Identity(of)
    saved = require_same(checkpoint, of) if resume and checkpoint.exists() else None
    where = going_on(checkpoint, saved, settings.epochs) if resume else []
    for text in (*describe(data, settings), *where):
        report.say(screen, text)
    bar = progress(
        console(Stream(sys.stderr, "stderr")), score_of(data, settings), watched(data, settings)
    )
    with Interrupts() as interrupts:
        trained, goes_on = _train(
            data,
            settings,
            (bar, kept),
            interrupts,
            output,
            resume=saved is not None,
            comparison=comparison,
        )
        if not goes_on:
            forget(output)
        if not interrupts.held_back:
            load_matplotlib()
    for text in trained.fitted.warnings:
        warn(text)
    try:
        if interrupts.held_back:
            raise KeyboardInterrupt
        _show(screen, data, trained, output, picture, before=seconds_before(saved))
        if goes_on:
            report.say(screen, f"The same command with --resume goes on, from {checkpoint}")
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"; the model is saved as {output}") from None
    if trained.fitted.error is not None:
        raise trained.fitted.error
    stream.finish()


def _output(source: str, output: Path | None) -> Path:
    """Return the name of the model file."""
    name = "digits" if source == "digits" else Path(source).resolve().stem
    output = Path(f"{name}.safetensors") if output is None else output
    if not output.name:
        raise ValueError(f"--output: expected the name of a file, got {output}")
    return output


def _describe(screen: Console, data: Dataset) -> None:
    """Say what the data are, and what became of their columns."""
    report.say(screen, data.describe())
    for text in data.describe_columns():
        report.say_wrapped(screen, text)
    for text in data.encoding.warnings if data.encoding is not None else ():
        warn(text)


def _train(
    data: Dataset,
    settings: TrainSettings,
    callbacks: tuple[object, ...],
    interrupts: Interrupts,
    output: Path,
    *,
    resume: bool,
    comparison: dict[str, Any] | None,
) -> tuple[Trained, bool]:
    """Train and save the model; tell whether the training can go on, from its checkpoint."""
    checkpoint, ending = checkpoint_of(output), Ending(settings.time_limit, interrupts)
    fit = {"checkpoint": checkpoint, "checkpoint_every": EVERY, "resume": resume or None}
    try:
        trained = train(data, settings, [*callbacks, ending], interrupts, fit)
    except (ValueError, wb.DivergenceError) as error:
        if not resume or isinstance(error, wb.DivergenceError):  # it would come to that again
            checkpoint.unlink(missing_ok=True)
        raise
    except KeyboardInterrupt as interrupt:
        if not ending.steps:  # nothing was done that could be lost
            checkpoint.unlink(missing_ok=True)
        goes_on = f"; --resume goes on, from {checkpoint}" if checkpoint.exists() else ""
        raise KeyboardInterrupt("".join(interrupt.args) + goes_on) from None
    if comparison is not None:
        trained.net.metadata["comparison"] = comparison
    _save(trained, output)
    stopped = ending.ended and trained.fitted.history.status != "completed"
    if stopped or trained.fitted.error is not None:
        return trained, checkpoint.exists()
    checkpoint.unlink(missing_ok=True)
    return trained, False


def _save(trained: Trained, output: Path) -> None:
    """Save the model; if the disk is full by now, in the folder for temporary files."""
    try:
        trained.net.save(output)
    except OSError as error:
        kept = None
        try:
            kept = Path(tempfile.mkdtemp(prefix="wbcore-"), output.name)
            trained.net.save(kept)
        except OSError:
            if kept is not None:
                shutil.rmtree(kept.parent, ignore_errors=True)
            raise error from None
        message = f"{error.strerror or error}; the model is kept as {kept}"
        raise OSError(error.errno or errno.EIO, message, str(output)) from None


def _show(
    screen: Console, data: Dataset, trained: Trained, output: Path, picture: Path, *, before: float
) -> None:
    """Draw the picture and report; a picture that fails keeps no result back.

    Ctrl-C waits until it is drawn: in a destructor of matplotlib's it would be a traceback, and
    forgotten.
    """
    saved, failure = f"Saved the model as {output}", None
    try:
        with Interrupts() as interrupts:
            drawn = draw(picture.suffix.lower(), data, trained)
        if interrupts.asked:
            raise KeyboardInterrupt
        write_file(picture, drawn)
        saved += f" and the picture as {picture}"
    except (OSError, ValueError) as error:
        failure = error
    _report(screen, data, trained, before)
    report.say(screen, saved)
    if failure is not None:
        raise failure


def _check_outputs(
    source: str, test: Path | None, outputs: dict[str, Path], table: Path | None
) -> None:
    """Find out before the training what would lose its result."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ModuleNotFoundError(f"the picture needs matplotlib: {install_extra('cli')}")
    inputs = {} if source == "digits" else {"data": Path(source)}
    if test is not None:
        inputs["table for the test"] = test
    if table is not None:
        check_table(table, "--table")
        outputs = outputs | {"table of candidates": table}
    check_outputs(inputs, outputs)
    check_suffix(outputs["picture"], PICTURES, "--picture")


def _load(
    source: str,
    given: dict[str, Any],
    test: Path | None,
    of_table: dict[str, Any],
) -> Dataset:
    checked = TrainSettings(**given)
    fraction, seed = checked.test_fraction, checked.seed
    task = of_table["task"]
    if task is not None and task not in TASKS:
        raise ValueError(f"--task: expected {' or '.join(TASKS)}, got {task}")
    path = Path(source)
    if source != "digits" and not path.exists():
        raise ValueError(f"{source}: no such file or folder, and not the word 'digits'")
    if source == "digits" or path.is_dir():
        _refuse(source, of_table | {"test": test})
        if source == "digits":
            return load_digits(fraction, seed)
        if "test_fraction" in given:
            raise ValueError(f"--test-fraction: {source} has its own test files")
        return load_folder(path)
    if of_table["target"] is None:
        raise ValueError(f"{source}: say which column to predict with --target COLUMN")
    if test is None:
        return load_table(path, test_fraction=fraction, seed=seed, **of_table)
    if "test_fraction" in given:
        raise ValueError(
            f"--test-fraction: expected none beside --test, whose rows are the test, got "
            f"{fraction:g}"
        )
    return load_table(path, test_fraction=0.0, seed=seed, test_path=test, **of_table)


def _refuse(source: str, of_table: Mapping[str, object]) -> None:
    for option, value in of_table.items():
        if value:
            raise ValueError(f"--{option} is for CSV and Parquet files; {source} has its own")


def _report(screen: Console, data: Dataset, trained: Trained, before: float) -> None:
    fitted = trained.fitted
    epochs, kept = len(fitted.history), fitted.kept_epoch
    if fitted.interrupted:
        report.say(screen, f"Interrupted after {epochs} epochs")
    elif fitted.history.status == "stopped":
        report.say(screen, f"Ended after {epochs} epochs: {fitted.history.reason}")
    if kept != epochs:
        report.say(screen, f"The network is that of epoch {kept}, the best one")
    session = f", of which {trained.seconds:.1f} s in this session" if before else ""
    report.say(screen, f"Trained in {before + trained.seconds:.1f} s{session}")
    report.show_test(screen, data, trained)
    if trained.confusion is not None and data.classes is not None:
        report.show_confusion(screen, data.classes, trained.confusion)
    report.show_table(screen, parameter_table(trained.net))
    if trained.constant and data.image_shape is None:
        names = ", ".join(trained.constant)
        report.say(screen, f"Constant in the training rows, so without weight: {names}")
    report.say(
        screen,
        f"The saved network takes raw values ({trained.net.dtype}); folding the scaling in changed "
        f"its outputs by at most {trained.fold_difference:.1g}",
    )
