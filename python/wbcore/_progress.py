"""The line that `fit(progress=True)` writes to stderr."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from wbcore._text_table import number
from wbcore.history import History


class Progress:
    """One line that overwrites itself on a terminal, one line an epoch elsewhere."""

    def __init__(self, epochs: int, stream: TextIO | None = None) -> None:
        self._epochs = epochs
        self._stream = stream or sys.stderr  # None in programs without a console
        self._on_terminal = self._stream is not None and self._stream.isatty()
        self._began = time.perf_counter()
        self._written = 0

    def update(self, history: History) -> None:
        """Show the last epoch."""
        if self._stream is None:
            return
        done = str(len(history)).rjust(len(str(self._epochs)))
        series = "".join(
            f"  {name} {number(values[-1])}" for name, values in history.to_dict().items()
        )
        line = f"epoch {done}/{self._epochs}{series}  {time.perf_counter() - self._began:.1f} s"
        if self._on_terminal:
            # A line that wraps cannot be overwritten; blanks cover what a longer one left.
            line = line[: self._columns() - 1]
            self._stream.write("\r" + line.ljust(self._written))
            self._written = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the line, so that what is printed next starts on its own."""
        if self._stream is not None and self._written:
            self._stream.write("\n")
            self._stream.flush()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80
