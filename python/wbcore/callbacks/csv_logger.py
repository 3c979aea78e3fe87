"""Writes the history to a CSV file, line by line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from wbcore import _arguments
from wbcore.callbacks.base import Callback, require_names

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes a line an epoch to a CSV file: its number from 1, the history's series, seconds.

    Each line is handed to the system when its epoch ends. Numbers are written so that they are
    read again to the bit. A fit that goes on from a checkpoint goes on with the file, from the line
    where the checkpoint was written.

    Parameters
    ----------
    path : str or path-like
        A file, which is written anew, or a pipe.
    append : bool, default False
        Go on with a file that is there, if it has the same columns.

    Raises
    ------
    TypeError
        When an argument is of the wrong kind.
    ValueError
        In `fit`, when a file that is to be gone on with has other columns.
    OSError
        In `fit`, when the file cannot be written, the disk is full or nobody reads a pipe any
        longer: the training ends.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "log.csv")
    ...     logger = wb.callbacks.CSVLogger(path)
    ...     _ = net.fit([[1]], [1], loss="mse", optimizer="sgd(0.25)", epochs=2, callbacks=[logger])
    ...     [line.rpartition(",")[0] for line in path.read_text().splitlines()]
    ['epoch,loss', '1,1.0', '2,0.0']
    """

    def __init__(self, path: str | os.PathLike[str], *, append: bool = False) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"[CSVLogger] expected path to be a str or path-like, got {_arguments.shown(path)}"
            )
        self.path = os.fsdecode(path)
        self.append = _arguments.flag("CSVLogger", "append", append)
        self._file: BinaryIO | None = None
        self._lines = 0

    def before_fit(self, run: Run) -> None:
        """Open the file, and write the header."""
        header = ",".join(map(_quoted, ("epoch", *run.series, "seconds")))
        goes_on = self.append or (run.resumed and Path(self.path).is_file())
        try:
            found = self._header() if goes_on else None
        except OSError as error:
            raise self._named(error) from None
        if found is not None and found != header:
            raise ValueError(
                f"[CSVLogger] expected {self.path} to begin with the columns {header}, "
                f"got {_arguments.shown(found)}"
            )
        try:
            # Without a buffer, whose rest would be written when the file is closed, after an error.
            self._file = open(self.path, "ab" if goes_on else "wb", buffering=0)  # noqa: SIM115, PTH123
        except OSError as error:
            raise self._named(error) from None
        try:
            self._lines = 0 if found is None else len(self._read())
            if found is None:
                self._write(header)
        except BaseException:
            self.after_fit(run)  # which nobody asks of a callback that could not begin
            raise

    def after_epoch(self, run: Run) -> None:
        """Write a line."""
        history = run.history
        values = [getattr(history, name)[-1] for name in run.series]
        numbers = map(repr, map(float, (*values, history.seconds[-1])))
        self._write(",".join((str(run.epoch + 1), *numbers)))

    def after_fit(self, run: Run) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def state(self) -> dict[str, Any]:
        """How many lines the file has, while it is open."""
        return {} if self._file is None else {"lines": self._lines}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on as the one that `state` was taken from: what came after it is written again."""
        require_names(self, state, () if self._file is None else ("lines",))
        if self._file is None or not Path(self.path).is_file():
            return
        found = self._read()
        self._lines = _arguments.integer("CSVLogger", "lines", state["lines"], low=0)
        if len(found) > self._lines:
            self._file.truncate(sum(map(len, found[: self._lines])))

    def _read(self) -> list[bytes]:
        """All lines."""
        with open(self.path, "rb") as file:  # noqa: PTH123
            return file.readlines()

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_file": None}  # no open file can be pickled

    def _header(self) -> str | None:
        """The first line of a file that is there and not empty."""
        try:
            with open(self.path, "rb") as file:  # noqa: PTH123
                line = file.readline(1 << 20)
        except FileNotFoundError:
            return None
        return line.decode("utf-8", "replace").rstrip("\r\n") if line else None

    def _write(self, line: str) -> None:
        rest = memoryview(f"{line}\n".encode())
        assert self._file is not None, "before_fit has opened it"
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._named(error) from None
        self._lines += 1

    def _named(self, error: OSError) -> OSError:
        got = error.strerror or str(error)
        message = f"[CSVLogger] expected to write the file, got: {got}"
        return type(error)(error.errno, message, self.path)


def _quoted(name: str) -> str:
    special = any(letter in name for letter in ',"\r\n')
    return '"' + name.replace('"', '""') + '"' if special else name
