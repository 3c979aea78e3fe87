"""What the command line shows: progress, tables, results."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from wbcore.cli import losses
from wbcore.cli.data import Dataset
from wbcore.cli.terminal import visible
from wbcore.cli.training import Trained
from wbcore.inspect import Table

__all__ = [
    "fits",
    "say",
    "say_wrapped",
    "show_confusion",
    "show_metadata",
    "show_table",
    "show_test",
]

_MAX_CLASSES = 26  # a wider table fits no screen: the most frequent confusions are listed instead
_CONFUSIONS_LISTED = 10

# Of the columns of a table, those that a narrow terminal does without, in this order.
_LEFT_OUT = (
    ("n",),
    ("expected_std",),
    ("near_zeros",),
    ("q25", "median", "q75"),
    ("nonfinite",),
    ("zeros",),
    ("norm",),
    ("norm_low", "norm_high"),
    ("norm_correlation",),
    ("low", "high"),
    ("mean_abs",),
    ("shape",),
    ("min",),
    ("max",),
    ("mean",),
    ("std",),
    ("epochs",),
    ("activation",),
    ("least", "most"),
    ("spread",),
    ("batch",),
    ("dropout",),
    ("l2",),
    ("rate",),
)
_ANY_WIDTH = 10_000

# Of metadata, which may hold anything: a few screens of text are a note, more would bury the rest.
_MAX_TEXT, _MAX_DEPTH = 2000, 8


def say(console: Console, text: str, style: str = "") -> None:
    """Print a line as it is: no markup in names, no colours for numbers, no breaks inside paths."""
    console.print(visible(text), style=style, markup=False, highlight=False, soft_wrap=True)


def say_wrapped(console: Console, text: str) -> None:
    """Print a line; on a terminal broken between words, with the rest of it indented."""
    if not console.is_terminal:
        say(console, text)
        return
    lines = Text(visible(text)).wrap(console, max(console.width - 2, 1))
    console.print(Text("\n  ").join(lines), highlight=False)


def fits(console: Console, table: Table) -> bool:
    """Tell whether a table can be shown whole."""
    return _widths(console, _rich(table, list(table.columns))).maximum <= console.width


def show_table(console: Console, table: Table) -> None:
    """Print the result of an inspection, without the columns that a narrow terminal would cut."""
    columns, left_out = list(table.columns), []
    for together in _LEFT_OUT:
        some = [column for column in together if column in columns]
        if some and _widths(console, _rich(table, columns)).maximum > console.width:
            columns = [column for column in columns if column not in some]
            left_out += [column.replace("_", " ") for column in some]
    console.print(f"[bold]{table.title}[/]")
    console.print(_rich(table, columns))
    if left_out:
        say_wrapped(console, f"(a wider terminal also shows {', '.join(left_out)})")


def _rich(table: Table, columns: list[str]) -> RichTable:
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        text = any(isinstance(value, str) for value in table[column])
        shown.add_column(
            column.replace("_", " "), justify="left" if text else "right", no_wrap=True
        )
    for row in table:
        shown.add_row(*(_cell(row[column]) for column in columns))
    return shown


def _widths(console: Console, table: RichTable) -> Measurement:
    """Return the width of a table as it is, and the least one, with text broken at spaces."""
    return console.measure(table, options=console.options.update(max_width=_ANY_WIDTH))


def _cell(value: object) -> str:
    """Return a cell of at most nine characters: five statistics then fit in 80 columns."""
    if value is None or (isinstance(value, float) and math.isnan(value)):  # not known, not defined
        return "–"
    if not isinstance(value, float):
        return str(value)
    if value == 0.0 or 1.0 <= abs(value) < 1e5:
        return f"{value:.5g}"
    return f"{value:.4f}" if 1e-4 <= abs(value) < 1.0 else f"{value:.1e}"


def show_test(console: Console, data: Dataset, trained: Trained) -> None:
    """Print how good the network is on rows that it has not seen."""
    test, n = trained.test, len(data.X_test)
    if not n:
        say(console, "Not tested: no rows were kept for the test", style="bold")
        return
    if trained.confusion is not None:
        right = int(np.trace(trained.confusion))
        always = float((data.y_test == np.bincount(data.y).argmax()).mean())
        score = f"Test accuracy {test['accuracy']:.2%} ({right} of {n} right; {always:.2%} when"
        say(console, f"{score} always predicting the most frequent class)", style="bold")
        return
    if "pinball_loss" in test:
        say(console, _of_quantile(data, trained), style="bold")
        return
    baseline = float(np.abs(data.y_test - np.median(data.y)).mean())
    score = f"Test R² {test['r2']:.3f}, mean absolute error {test['mae']:.4g}"
    say(console, f"{score} ({baseline:.4g} when always predicting the median)", style="bold")


def _of_quantile(data: Dataset, trained: Trained) -> str:
    """Return how good predictions of a quantile are; R² and absolute errors say nothing of it."""
    share, test = losses.quantile_of(str(trained.settings.loss)), trained.test
    assert share is not None, "a quantile has one"
    errors = data.y_test - np.quantile(data.y, share)
    baseline = float(np.maximum(share * errors, (share - 1) * errors).mean())
    return (
        f"Test pinball loss {test['pinball_loss']:.4g} ({baseline:.4g} when always predicting the "
        f"quantile), {test['share_below']:.1%} of the targets below the predictions, of {share:.1%}"
    )


def show_confusion(console: Console, classes: tuple[str, ...], counts: NDArray[np.int64]) -> None:
    """Print which classes were taken for which; the most frequent, if all are too wide."""
    table = None
    if len(classes) <= _MAX_CLASSES:
        table = _confusion_table(console, classes, counts)
    if table is None or _widths(console, table).minimum > console.width:
        table = _frequent_confusions(classes, counts)
    console.print(table)


def _frequent_confusions(classes: tuple[str, ...], counts: NDArray[np.int64]) -> RichTable:
    title = "Most frequent confusions"
    table = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("truth", "predicted"):
        table.add_column(name)
    table.add_column("rows", no_wrap=True)
    errors = counts * (1 - np.eye(len(classes), dtype=np.int64))
    for flat in np.argsort(-errors, axis=None, kind="stable")[:_CONFUSIONS_LISTED]:
        i, j = divmod(int(flat), len(classes))
        if errors[i, j]:
            table.add_row(_text(classes[i]), _text(classes[j]), str(errors[i, j]))
    return table


def _confusion_table(
    console: Console, classes: tuple[str, ...], counts: NDArray[np.int64]
) -> RichTable:
    table = RichTable(title="Confusion table", title_justify="left", box=box.SIMPLE_HEAD)
    # Long names would make the columns wider than the screen: then columns carry numbers that the
    # rows explain.
    classes = tuple(map(visible, classes))
    row_names, column_names = list(classes), list(classes)
    if sum(max(len(name), 3) + 2 for name in classes) + max(map(len, classes)) > console.width - 20:
        row_names = [f"{k} {name}" for k, name in enumerate(classes)]
        column_names = [str(k) for k in range(len(classes))]
    table.add_column("truth \\ predicted", justify="left")
    for name in column_names:
        table.add_column(Text(name), justify="right")
    for i, name in enumerate(row_names):
        cells = [_count(counts[i, j], right=i == j) for j in range(len(classes))]
        table.add_row(Text(name), *cells)
    return table


def _text(name: str) -> Text:
    """Return a name of a file as rich prints it: no markup, nothing that a terminal obeys."""
    return Text(visible(name))


def _count(count: int, *, right: bool) -> str:
    if right:
        return f"[bold green]{count}[/]"
    return f"[red]{count}[/]" if count else "[dim]·[/]"


def show_metadata(console: Console, metadata: dict[str, Any]) -> None:
    """Print what a model file says about itself, a line a key."""
    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column()
    for key, value in metadata.items():
        if value is not None and value != []:
            grid.add_row(_text(_cut(key.replace("_", " "))), _text(_brief(value)))
    console.print(grid)


def _brief(value: object, depth: int = 0) -> str:
    """Return a value of the metadata as short text; the middle of long lists is left out."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        there = {k: v for k, v in value.items() if v is not None}
        pairs = [f"{_cut(k.replace('_', ' '))} {_brief(v, depth + 1)}" for k, v in there.items()]
        return _cut(", ".join(pairs))
    if isinstance(value, list):
        ends = value if len(value) <= 12 else [*value[:5], *value[-2:]]
        words = [_brief(item, depth + 1) for item in ends]
        if len(value) > 12:
            return f"{', '.join([*words[:5], '…', *words[5:]])} ({len(value)})"
        return ("; " if any(isinstance(item, list) for item in value) else ", ").join(words)
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text)} characters)"
