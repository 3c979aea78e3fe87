"""The commands of ``wbcore``: their arguments, and one line for what is wrong with them."""

import functools
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any, Literal, ParamSpec

import typer
from typer.core import TyperCommand, TyperGroup

import wbcore as wb
from wbcore.cli import inspect_options, options
from wbcore.cli.endings import exit_code
from wbcore.cli.metadata import load_model
from wbcore.cli.terminal import Stream, console, write
from wbcore.cli.words import is_number, parse_patience, parse_seconds, parse_widths
from wbcore.recipe import TABLE

# Boxes leave a narrow terminal too little: words longer than their column would be cut.
_MARKUP: Literal["markdown"] | None = "markdown" if get_terminal_size().columns >= 60 else None


class _Commands(TyperGroup):
    """All commands: what is wrong with their words is one line too, and so is a help unread."""

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, as typer has it
        """Read the words, run a command and end the process."""

        def call() -> int | None:
            try:
                code: int | None = main(*args, **{**kwargs, "standalone_mode": False})
            except OSError as error:  # of the help: a command tells its own
                raise OSError(error.errno, error.strerror, "stdout") from None
            return code

        main = super().main
        sys.exit(exit_code(call))


class _Train(TyperCommand):
    """``--early-stopping`` needs no number."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401, click's or typer's
        """Read the words of the command."""
        words = []
        for word, following in itertools.pairwise([*args, ""]):
            alone = word == "--early-stopping" and not is_number(following)
            words.append(f"{word}={TABLE.patience}" if alone else word)
        return super().parse_args(ctx, words)


app = typer.Typer(
    cls=_Commands,
    help="Train, use and look into dense neural networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=_MARKUP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
P = ParamSpec("P")


def one_line_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what is wrong with files, options and the machine into one line on stderr and a code."""

    @functools.wraps(command)
    def checked(*args: P.args, **kwargs: P.kwargs) -> None:
        def call() -> None:
            _check_environment()
            command(*args, **kwargs)

        if code := exit_code(call):
            raise typer.Exit(code)

    return checked


def _check_environment() -> None:
    """Refuse environment variables that name nothing, also where a command would not read them."""
    try:
        wb.isa()
        wb.get_num_threads()
    except RuntimeError as error:
        raise ValueError(re.sub(r"^\[(\w+)\]", r"\1:", str(error))) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wbcore {wb.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command(cls=_Train)
@one_line_errors
def train(
    data: options.DATA,
    *,
    target: options.Target = None,
    task: options.Task = None,
    ignore: options.Ignore = "",
    categories: options.Categories = "",
    class_weight: options.ClassWeight = None,
    test: options.Test = None,
    test_fraction: options.TestFraction = None,
    hidden: options.Hidden = None,
    activation: options.Activation = "relu",
    dropout: options.Dropout = None,
    bias_init: options.BiasInit = None,
    loss: options.Loss = None,
    optimizer: options.OptimizerText = None,
    schedule: options.ScheduleText = None,
    learning_rate: options.LearningRate = None,
    momentum: options.Momentum = None,
    l2: options.L2 = None,
    weight_decay: options.WeightDecay = None,
    batch_size: options.BatchSize = None,
    seed: options.Seed = 0,
    cv: options.Folds = None,
    search: options.Search = None,
    jobs: options.Jobs = None,
    epochs: options.Epochs = None,
    early_stopping: options.EarlyStopping = None,
    time_limit: options.TimeLimit = None,
    resume: options.Resume = False,
    output: options.Output = None,
    picture: options.Picture = None,
    table: options.Table = None,
) -> None:
    """Train a network, test it on other rows, and save it with a picture of what it learned.

    Columns of a table become numbers: texts a 0 or 1 for each category, dates days since 1970 and
    what varies of month, weekday and hour, what is missing the mean and a 1 that tells. Features
    are standardised for the training; the saved network takes raw values. Ctrl-C ends the training
    early and keeps what was learned; a second one also skips the picture and the report.

    For example:

    - wbcore train digits
    - wbcore train iris.csv --target species --hidden 16
    - wbcore train houses.csv --target price --categories zip --search 50
    - wbcore train train.csv --target price --test test.csv
    - wbcore train fashion-mnist/ --epochs 20 --output fashion.safetensors
    """
    from wbcore.cli.commands import run_training
    from wbcore.cli.comparison import compared

    settings = {
        "hidden": None if hidden is None else parse_widths(hidden),
        "activation": activation,
        "dropout": dropout,
        "loss": loss,
        "bias_init": bias_init,
        "optimizer": optimizer,
        "schedule": schedule,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "weight_decay": weight_decay,
        "l2": l2,
        "epochs": epochs,
        "batch_size": batch_size,
        "early_stopping": None if early_stopping is None else parse_patience(early_stopping),
        "class_weight": class_weight,
        "time_limit": None if time_limit is None else parse_seconds(time_limit),
        "test_fraction": test_fraction,
        "seed": seed,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    run_training(
        data,
        given,
        output,
        picture,
        target=target,
        task=task,
        ignore=_names(ignore),
        categories=_names(categories),
        resume=resume,
        test=test,
        compared=compared(cv, search, jobs, table),
    )


def _names(text: str) -> tuple[str, ...]:
    """The columns of an option."""
    return tuple(name for name in text.split(",") if name)


@app.command()
@one_line_errors
def predict(
    model: Annotated[Path, typer.Argument(help="A model file.", show_default=False)],
    data: Annotated[Path, typer.Argument(help="A CSV or Parquet file.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="CSV or Parquet file to write. By default, CSV to the screen.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Predict every row of a table, raw values as they are.

    Columns are matched by name: they may come in another order, and others beside them are left
    alone. Categories, dates and missing values are taken as in the training; a category that was
    not there is none of those that were. The result has the predicted class and the probability of
    each class, or the predicted value; of several targets those of each, by their names.
    """
    from wbcore.cli.outputs import check_outputs, check_table, write_file
    from wbcore.cli.prediction import csv_text, encoded_table, predict_table

    if output is not None:
        check_table(output, "--output")
        check_outputs({"data": data, "model": model}, {"result": output})
    columns = predict_table(load_model(model), data)
    if output is None:
        write(csv_text(columns))
    else:
        write_file(output, encoded_table(columns, output.suffix.lower()))


@app.command()
@one_line_errors
def inspect(
    model: Annotated[Path, typer.Argument(help="A model file.", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    data: inspect_options.Data = None,
    target: inspect_options.Target = None,
    validation: inspect_options.Validation = None,
    loss: inspect_options.Loss = None,
    fail_on: inspect_options.FailOn = None,
) -> None:
    """Show what a model is: its data, its training, its weights and biases by layer.

    With --data, the table that it was trained on, instead what is probably wrong with it: dead
    units, over-fitting, shuffled labels and so on, each with what shows it and what to try.
    docs/findings.md explains the codes. Exit code 1 says that one of --fail-on was found.

    For example:

    - wbcore inspect model.safetensors
    - wbcore inspect model.safetensors --data train.csv --target price --validation test.csv
    - wbcore inspect model.safetensors --data train.csv --target k --fail-on WB-DEAD,WB-UNDERFIT
    """
    if data is not None:
        from wbcore.cli.findings import examined

        examination = examined(
            model,
            data,
            target=target,
            validation=validation,
            loss=loss,
            fail_on=fail_on,
            as_json=as_json,
        )
        write(examination.text)
        if examination.fails:
            raise typer.Exit(1)
        return
    for name, value in (
        ("--target", target),
        ("--validation", validation),
        ("--loss", loss),
        ("--fail-on", fail_on),
    ):
        if value is not None:
            raise ValueError(f"{name} is for --data, the table that the model was trained on")
    net = load_model(model)
    if as_json:
        from wbcore.cli.description import json_text

        write(json_text(net) + "\n")
        return
    from wbcore.cli.metadata import without_encoding
    from wbcore.cli.report import say, say_wrapped, show_metadata, show_table
    from wbcore.inspect import parameter_table, weight_bias_correlation

    stream = Stream(sys.stdout, "stdout")
    screen = console(stream)
    widths = " - ".join(map(str, net.widths))
    headline = f"{model}: {widths}, {net.n_parameters} parameters, {net.dtype}"
    say(screen, headline, style="bold")
    metadata, columns = without_encoding(net)
    show_metadata(screen, metadata)
    for line in columns:
        say_wrapped(screen, line)
    for table in (parameter_table(net), weight_bias_correlation(net)):
        show_table(screen, table)
    stream.finish()
