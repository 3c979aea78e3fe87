"""The one line of a search that says how far it is."""

from __future__ import annotations

import math
import sys
import time

from wbcore._text_table import number
from wbcore.callbacks import progress as _lines

__all__ = ["Progress"]

_SECONDS_BETWEEN_UPDATES = 0.1

# Where lines cannot be overwritten there are about so many.
_LINES = 10


class Progress:
    """Fits done, their rate, the time left, the best score so far.

    Parameters
    ----------
    fits : int
        How many there are in all rungs.
    work : float
        What they cost in all, in whole fits: a fit of a tenth of the epochs is a tenth.
    shown : bool
        False writes nothing.
    name : str
        What the line begins with.
    """

    def __init__(self, fits: int, work: float, *, shown: bool, name: str = "search") -> None:
        self._name = name
        self._stream = sys.stderr if shown else None  # None after an error, too
        self._on_terminal = shown and _lines._is_terminal(self._stream)
        self._fits, self._work = fits, work
        self._done, self._done_work = 0, 0.0
        self._found, self._found_work = 0, 0.0  # of an earlier search, which took no time
        self._began = self._last = time.perf_counter()
        self._tenths = 0
        self._written = 0
        self.rung = ""
        self.best = ""

    def add(self, work: float, *, found: bool = False) -> None:
        """One fit more is done, or was found done."""
        self._done += 1
        self._done_work += work
        if found:
            self._found += 1
            self._found_work += work
        if self._is_time():
            self._write()

    def compare(self, candidate: int, score: float) -> None:
        """Take the best candidate so far."""
        self.best = (
            f"  best {number(score)} (candidate {candidate})" if math.isfinite(score) else ""
        )

    def close(self) -> None:
        """End with a whole line."""
        if self._stream is None:
            return
        if self._on_terminal or self._tenths < _LINES:
            self._write()
        if self._stream is not None and self._on_terminal:
            self._stream = _lines.written(self._stream, "\n")

    def _is_time(self) -> bool:
        if self._stream is None:
            return False
        if self._on_terminal:
            return time.perf_counter() - self._last >= _SECONDS_BETWEEN_UPDATES
        return self._done * _LINES // self._fits > self._tenths

    def _write(self) -> None:
        assert self._stream is not None
        self._last = time.perf_counter()
        self._tenths = self._done * _LINES // self._fits
        line = self._line(self._last - self._began)
        if self._on_terminal:
            # A line that wraps cannot be overwritten; blanks cover what a longer one left.
            line = line[: _lines._columns(self._stream) - 1]
            self._stream = _lines.written(self._stream, "\r" + line.ljust(self._written))
            self._written = len(line)
        else:
            self._stream = _lines.written(self._stream, line + "\n")

    def _line(self, seconds: float) -> str:
        done = str(self._done).rjust(len(str(self._fits)))
        found = f"  {self._found} found" if self._found else ""
        rate, left = "", ""
        new = self._done - self._found
        if new:
            rate = f"  {_lines.short(new / max(seconds, 1e-9))} fits/s"
            pace = max(self._done_work - self._found_work, 1e-9) / max(seconds, 1e-9)
            remaining = max(self._work - self._done_work, 0.0) / pace
            if self._done < self._fits and math.isfinite(remaining):
                left = f"  {_lines.clock(remaining)} left"
        share = f"{self._name}  {self.rung}fit {done}/{self._fits}"
        return f"{share}{found}{rate}{left}{self.best}  {seconds:.1f} s"
