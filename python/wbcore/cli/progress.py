"""How far a training is: a bar on a terminal, a line now and then where there is none."""

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wbcore.callbacks import Progress
from wbcore.callbacks.progress import clock, short

__all__ = ["SECONDS_BETWEEN_LINES", "progress"]

SECONDS_BETWEEN_LINES = 10.0
"""In a log; a training that is shorter writes none."""

_BAR, _WIDEST_BAR, _GAP = 8, 30, 2
_WIDTHS = (len("0:12 left"), len("1.02M rows/s"), len("loss 0.00123"), 0)
_SCORES = {
    "accuracy": "{} {:.1%}",
    "r2": "{} R² {:.3f}",
    "loss": "{} loss {:.3g}",
}


def progress(console: Console, score: str, rows: str = "test") -> Progress:
    """Return the callback that shows the loss, the score of other rows, rate and time left.

    Parameters
    ----------
    console : Console
    score : {"accuracy", "r2", "loss"}
        The series that is shown beside the loss.
    rows : {"test", "validation", "training"}
        Of which rows; the loss is that of the training rows already.
    """

    def bar(**options: Any) -> _Bar:  # noqa: ANN401, as tqdm has them
        return _Bar(console, (score, rows), **options)

    return Progress(bar)


class _Bar:
    """A bar as `Progress` drives it: a class like `tqdm.tqdm`."""

    def __init__(
        self,
        console: Console,
        score: tuple[str, str],
        *,
        total: int,
        desc: str,
        initial: int = 0,
        **_: object,
    ) -> None:
        self._console = console
        self._score, self._rows = score
        self._total, self._done, self._before = total, initial, initial
        self._values: dict[str, float] = {}
        self._description = desc
        self._widest = 2 * len(desc.rpartition("/")[2]) + len("epoch /")
        self._began = self._said = time.perf_counter()
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(get_renderable=self._line, console=console, refresh_per_second=10)
            self._live.start()

    def set_description(self, text: str, **_: object) -> None:
        self._description = text

    def set_postfix(self, values: dict[str, float], **_: object) -> None:
        self._values |= values  # within an epoch there is no score: the last one stays

    def update(self, rows: int) -> None:
        self._done += rows
        now = time.perf_counter()
        if self._live is None and now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            parts = [self._description, f"{self._done / self._total:.0%}", *self._parts()]
            self._console.print("  ".join(parts), highlight=False, soft_wrap=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _parts(self) -> list[str]:
        """What is said behind the bar, in the order in which it is read."""
        seconds = max(time.perf_counter() - self._began, 1e-9)
        rate = (self._done - self._before) / seconds
        parts = []
        if self._before < self._done < self._total:
            parts.append(f"{clock((self._total - self._done) / rate)} left")
        else:
            parts.append(clock(seconds))
        parts.append(f"{short(rate)} rows/s")
        if "loss" in self._values:
            parts.append(f"loss {self._values['loss']:.3g}")
        is_other = self._rows != "training"
        score = self._values.get(f"val_{self._score}" if is_other else self._score)
        if score is not None and (is_other or self._score != "loss"):
            parts.append(_SCORES[self._score].format(self._rows, score))
        return parts

    def _line(self) -> Table:
        """The line of a terminal, from which what has no room is left out."""
        # So wide that nothing moves to and fro as numbers get longer.
        parts = [part.ljust(width) for part, width in zip(self._parts(), _WIDTHS, strict=False)]
        description = self._description.ljust(self._widest)
        return line(description, self._done, self._total, parts, self._console.width)


def line(description: str, done: int, total: int, parts: list[str], width: int) -> Table:
    """Return a line no longer than ``width``.

    What comes is left first: the time, then the loss and the score, then the rate; the bar has what
    is over.
    """
    time_left, rate, *values = parts
    room = width - 1 - len(description)
    shown = []
    for part in (time_left, *values, rate):
        if len(part) + _GAP > room:
            break
        shown.append(part)
        room -= len(part) + _GAP
    grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    cells: list[Any] = [Text(description, no_wrap=True, overflow="crop")]
    if room >= _BAR + _GAP:
        bar = min(_WIDEST_BAR, room - _GAP)
        cells.append(ProgressBar(total=total, completed=done, width=bar))
    cells += [Text(part, no_wrap=True) for part in parts if part in shown]
    for _ in cells:
        grid.add_column(no_wrap=True)
    grid.add_row(*cells)
    return grid
