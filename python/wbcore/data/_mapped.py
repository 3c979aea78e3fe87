"""Rows of a memory-mapped file, read from the file: what is not there is an error, not a signal.

A mapping of a file that somebody truncates ends the process with SIGBUS when it is touched. Reading
by the file's descriptor gives fewer bytes then.
"""

from __future__ import annotations

import io
import mmap
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core
from wbcore._view import Foreign

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MappedRows", "mapped_rows"]

#: Bytes that are read at a time where rows are not one piece of the file.
_AT_ONCE = 2**22


def mapped_rows(array: Foreign) -> MappedRows | None:
    """Of a memory map, or a view of one, in the order of C; None for any other array.

    Private maps (mode "c") and those of files without a name cannot be read from the file.
    """
    root = array
    while isinstance(root, np.ndarray) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or root.mode == "c":
        return None
    if array.ndim not in (1, 2) or min(array.strides) < 0 or array.size == 0:
        return None
    row = (array.shape[1] - 1) * array.strides[1] + array.itemsize if array.ndim == 2 else 0
    if array.ndim == 2 and row > max(array.strides[0], array.strides[1] * array.shape[1]):
        return None  # columns of a map in the order of Fortran: all of the file for each block
    begin = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return MappedRows(array, os.fspath(root.filename), root.offset + begin)


class MappedRows:
    """Where the rows of an array lie in a file.

    Parameters
    ----------
    array : ndarray
        A map of it, of which no element is touched.
    path : str
    offset : int
        Of its first element, in bytes.
    """

    def __init__(self, array: NDArray[Any], path: str, offset: int) -> None:
        self._path, self._offset = path, offset
        self._shape, self._strides, self._dtype = array.shape, array.strides, array.dtype
        self._row = array.itemsize
        if array.ndim == 2:
            self._row += (array.shape[1] - 1) * array.strides[1]
        whole = array.itemsize * (array.shape[1] if array.ndim == 2 else 1)
        self._in_pieces = self._row == whole == array.strides[0]

    def read_into(
        self, operation: str, first: int, room: NDArray[Any], places: NDArray[np.int64]
    ) -> None:
        """The rows from `first` on into places of a C-contiguous array."""
        with _opened(operation, self._path) as opened:
            file = opened.fileno()
            if self._in_pieces and room.dtype == self._dtype:
                start = self._offset + first * self._row
                if self._row == 0 or not len(places):
                    return
                found = _core.read_rows(file, start, room, places)
                if found < len(places):
                    self._refuse(operation, file, first + found)
                return
            step = max(1, _AT_ONCE // max(1, self._strides[0]))
            for start in range(0, len(places), step):
                to = places[start : start + step]
                room[to] = self._read(operation, file, first + start, len(to))

    def read(self, operation: str, first: int, n: int) -> NDArray[Any]:
        """The n rows from `first` on, in an array of their own."""
        out = np.empty((n, *self._shape[1:]), self._dtype.newbyteorder("="))
        self.read_into(operation, first, out, np.arange(n))
        return out

    def _read(self, operation: str, file: int, first: int, n: int) -> NDArray[Any]:
        start = self._offset + first * self._strides[0]
        size = (n - 1) * self._strides[0] + self._row
        data = bytearray(size)
        done = 0
        while done < size:
            got = os.preadv(file, [memoryview(data)[done:]], start + done)
            if got == 0:
                self._refuse(operation, file, first + done // max(1, self._strides[0]))
            done += got
        return np.ndarray((n, *self._shape[1:]), self._dtype, data, 0, self._strides)

    def _refuse(self, operation: str, file: int, row: int) -> None:
        raise OSError(
            f"[{operation}] expected {self._shape[0]} rows in {self._path!r}, got a file of "
            f"{os.fstat(file).st_size} bytes, which ends in row {row}: it was truncated after it "
            f"was mapped"
        )


def _opened(operation: str, path: str) -> io.FileIO:
    """A file for reading, closed also when a signal comes before anybody has it."""
    try:
        return io.FileIO(path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"[{operation}] expected the file of a memory map, which is read by its name, "
            f"got: {error.strerror}",
            path,
        ) from None
