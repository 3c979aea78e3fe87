"""The options of ``wbcore inspect``: what each is called, and what its help says."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Data", "FailOn", "Loss", "Target", "Validation"]

_FINDINGS = "What is wrong"

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="CSV or Parquet file that the model was trained on, raw values as they are: look for "
        "what is wrong.",
        show_default=False,
        rich_help_panel=_FINDINGS,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="Column of it that the model predicts. By default the one that the model names.",
        show_default=False,
        rich_help_panel=_FINDINGS,
    ),
]
Validation = Annotated[
    Path | None,
    typer.Option(
        "--validation",
        help="CSV or Parquet file of other rows. By default those for the test, if --data is the "
        "whole table of wbcore train; without both over-fitting cannot be seen.",
        show_default=False,
        rich_help_panel=_FINDINGS,
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        "--loss",
        metavar="LOSS",
        help="The loss of the training, where the model does not name it.",
        show_default=False,
        rich_help_panel=_FINDINGS,
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="CODE,...",
        help="End with exit code 1 when one of these is found, as an error or a warning: "
        "WB-DEAD,WB-UNDERFIT. Notes do not count; WB-OVERFIT, WB-LEAK and WB-VALIDATION need "
        "--validation, or a test of the training.",
        show_default=False,
        rich_help_panel=_FINDINGS,
    ),
]
