"""``wbcore train`` from its checked options to its report."""

import importlib.util
from pathlib import Path
from typing import Any

from rich.console import Console

from wbcore.cli import report
from wbcore.cli.data import Dataset, load_digits, load_folder, load_table
from wbcore.cli.picture import draw
from wbcore.cli.settings import TrainSettings, settings_for
from wbcore.cli.training import Trained, train
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
) -> None:
    """Load the data, train, report, save the model and draw the picture."""
    name = "digits" if source == "digits" else Path(source).resolve().stem
    output = Path(f"{name}.safetensors") if output is None else output
    picture = output.with_suffix(".png") if picture is None else picture
    _check_outputs(Path(source), output, picture)
    data = _load(source, target, task, ignore, given)
    settings = settings_for(data.source, data.task, len(data.X), given)

    console, errors = Console(), Console(stderr=True)
    report.say(console, data.describe())
    widths = " - ".join(map(str, (len(data.features), *settings.hidden, data.n_outputs)))
    report.say(console, f"network: {widths}, {settings.activation}")
    metric = "accuracy" if data.classes else "r2"
    with report.epochs_bar(errors, settings.epochs, metric) as on_epoch:
        trained = train(data, settings, on_epoch)
    _report(console, data, trained)
    trained.net.save(output)
    draw(picture, data, trained)
    report.say(console, f"Saved the model as {output} and the picture as {picture}")


def _check_outputs(source: Path, output: Path, picture: Path) -> None:
    """Find out before the training what would lose its result."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ModuleNotFoundError("the picture needs matplotlib: pip install 'wbcore[cli]'")
    for path in (output, picture):
        if not path.parent.is_dir():
            raise ValueError(f"{path}: there is no folder {path.parent}")
    if len({source.resolve(), output.resolve(), picture.resolve()}) < 3:
        raise ValueError(f"{output}: data, model and picture need three files")


def _load(
    source: str,
    target: str | None,
    task: str | None,
    ignore: tuple[str, ...],
    given: dict[str, Any],
) -> Dataset:
    checked = TrainSettings(**given)
    fraction, seed = checked.test_fraction, checked.seed
    if task is not None and task not in TASKS:
        raise ValueError(f"--task: expected {' or '.join(TASKS)}, got {task}")
    path = Path(source)
    if source != "digits" and not path.exists():
        raise ValueError(f"{source}: no such file or folder, and not the word 'digits'")
    if source == "digits" or path.is_dir():
        for option, value in (("--target", target), ("--task", task), ("--ignore", ignore)):
            if value:
                raise ValueError(f"{option} is for CSV and Parquet files; {source} has its own")
        if source == "digits":
            return load_digits(fraction, seed)
        if "test_fraction" in given:
            raise ValueError(f"--test-fraction: {source} has its own test files")
        return load_folder(path)
    if target is None:
        raise ValueError(f"{source}: say which column to predict with --target COLUMN")
    return load_table(path, target, fraction, seed, task=task, ignore=ignore)


def _report(console: Console, data: Dataset, trained: Trained) -> None:
    if trained.interrupted:
        report.say(console, f"Interrupted after {len(trained.curves['loss'])} epochs")
    report.say(console, f"Trained in {trained.seconds:.1f} s")
    report.show_test(console, data, trained)
    if trained.confusion is not None and data.classes is not None:
        report.show_confusion(console, data.classes, trained.confusion)
    report.show_table(console, parameter_table(trained.net))
    if trained.constant and data.image_shape is None:
        names = ", ".join(trained.constant)
        report.say(console, f"Constant in the training rows, so without weight: {names}")
    report.say(
        console,
        f"The saved network takes raw values ({trained.net.dtype}); folding the scaling in changed "
        f"its outputs by at most {trained.fold_difference:.1g}",
    )
