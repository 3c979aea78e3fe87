"""What `fit(progress=True)` shows: a line of its own, or a bar of tqdm's."""

from __future__ import annotations

import importlib
import math
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TextIO

from wbcore import _arguments
from wbcore._text_table import number
from wbcore.callbacks.base import Callback

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["Progress"]

# What people can read, and what a terminal takes without slowing a fit.
_SECONDS_BETWEEN_UPDATES = 0.1

_TQDM = {"tqdm": "tqdm", "notebook": "tqdm.notebook"}


class Progress(Callback):
    """Shows how far a training is: losses and metrics, rows per second, time left.

    Parameters
    ----------
    bar : {None, "tqdm", "notebook"} or callable
        None is a line on stderr: one that overwrites itself on a terminal, else one an epoch. When
        stderr takes no more, there is none.
        "tqdm" and "notebook" are bars of the package tqdm, which must be installed; a callable is
        a class like `tqdm.tqdm`, called with total, unit, unit_scale and desc.

    Raises
    ------
    TypeError, ValueError
        When bar is something else.
    ModuleNotFoundError
        In `fit`, when tqdm is not installed.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> callbacks = [wb.callbacks.Progress()]
    >>> _ = net.fit([[1, 2], [3, 4]], [5, 6], loss="mse", epochs=3, callbacks=callbacks)
    """

    def __init__(self, bar: Literal["tqdm", "notebook"] | Callable[..., Any] | None = None) -> None:
        if bar is not None and not callable(bar):
            _arguments.choice(
                "Progress", "bar", bar, _TQDM, expected="None, a class like tqdm.tqdm, or one of"
            )
        self.bar = bar
        self._display: _Line | _Bar | None = None

    @property
    def seconds_between_batches(self) -> float:  # type: ignore[override]
        """How often it looks within an epoch: never, where there is nothing to overwrite."""
        on_terminal = self.bar is not None or _is_terminal(sys.stderr)
        return _SECONDS_BETWEEN_UPDATES if on_terminal else math.inf

    def before_fit(self, run: Run) -> None:
        """Begin a line or bar."""
        if self.bar is None:
            self._display = _Line(sys.stderr, run)
        else:
            self._display = _Bar(_bar_class(self.bar), run)

    def after_batch(self, run: Run) -> None:
        """Show how far the epoch is."""
        if self._display is not None:
            self._display.show(run, {"loss": run.loss})

    def after_epoch(self, run: Run) -> None:
        """Show the last epoch."""
        if self._display is not None:
            self._display.show(run, {name: getattr(run.history, name)[-1] for name in run.series})

    def after_fit(self, run: Run) -> None:
        """Leave the line, so that what is printed next starts on its own."""
        display, self._display = self._display, None
        if display is not None:
            display.close()

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_display": None}


class _Line:
    """One line that overwrites itself on a terminal, one line an epoch elsewhere."""

    def __init__(self, stream: TextIO | None, run: Run) -> None:
        # None in programs without a console, and after an error
        self._stream = stream
        self._rows_before = _rows_done(run)
        self._on_terminal = _is_terminal(stream)
        self._began = time.perf_counter()
        self._written = 0

    def show(self, run: Run, values: dict[str, float]) -> None:
        if self._stream is None:
            return
        epoch = run.epoch - run.first_epoch + 1
        done = str(epoch).rjust(len(str(run.epochs)))
        within = run.batch < run.batches
        share = f"  {100 * run.batch // run.batches:2d} %" if within else ""
        series = "".join(f"  {name} {number(value)}" for name, value in values.items())
        seconds = time.perf_counter() - self._began
        pace = _pace(run, seconds, self._rows_before)
        line = f"epoch {done}/{run.epochs}{share}{series}{pace}  {seconds:.1f} s"
        if self._on_terminal:
            # A line that wraps cannot be overwritten; blanks cover what a longer one left.
            line = line[: _columns(self._stream) - 1]
            self._stream = written(self._stream, "\r" + line.ljust(self._written))
            self._written = len(line)
        else:
            self._stream = written(self._stream, line + "\n")

    def close(self) -> None:
        if self._stream is not None and self._written:
            self._stream = written(self._stream, "\n")


class _Bar:
    """A bar of tqdm's over all rows of all epochs, which finds rate and time left itself."""

    def __init__(self, made: Callable[..., Any], run: Run) -> None:
        self._shown = _rows_done(run)
        before = {"initial": self._shown} if run.resumed else {}  # not every class like it has that
        self._bar = made(
            total=run.rows * run.epochs,
            unit="row",
            unit_scale=True,
            desc=f"epoch {run.epoch - run.first_epoch}/{run.epochs}",
            **before,
        )

    def show(self, run: Run, values: dict[str, float]) -> None:
        done = _rows_done(run)
        self._bar.set_description(
            f"epoch {run.epoch - run.first_epoch + 1}/{run.epochs}", refresh=False
        )
        self._bar.set_postfix(values, refresh=False)
        self._bar.update(done - self._shown)
        self._shown = done

    def close(self) -> None:
        self._bar.close()


def _rows_done(run: Run) -> int:
    return (run.epoch - run.first_epoch) * run.rows + min(run.batch * run.batch_size, run.rows)


def _pace(run: Run, seconds: float, before: int) -> str:
    """Rows per second since the beginning, and the time that those left take at that rate."""
    done, total = _rows_done(run), run.rows * run.epochs
    rate = max(done - before, 1) / max(seconds, 1e-9)
    left = f"  {clock((total - done) / rate)} left" if done < total else ""
    return f"  {short(rate)} rows/s{left}"


def clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are some: "0:07", "1:02:30"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    clock = f"{minutes}:{whole % 60:02d}" if not hours else f"{minutes:02d}:{whole % 60:02d}"
    return f"{hours}:{clock}" if hours else clock


def short(rate: float) -> str:
    """Three digits or four: "812", "52.3k", "1.07M"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g}{unit}"
    return f"{rate:.3g}"


def _bar_class(bar: str | Callable[..., Any]) -> Callable[..., Any]:
    if not isinstance(bar, str):
        return bar
    try:
        module = importlib.import_module(_TQDM[bar])
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"[Progress] expected the package tqdm for bar={bar!r}, got none: pip install tqdm",
            name=error.name,
        ) from None
    made: Callable[..., Any] = module.tqdm
    return made


def written(stream: TextIO, text: str) -> TextIO | None:
    """The stream, with the text in it; None when it takes no more, by which no work ends."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:  # a full disk, a reader that went away
        return None
    return stream


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
