"""Rows of a source, read ahead by a thread into places that the core then takes them from."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.data._reader import Reader
from wbcore.data._source import like

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.data._order import Order
    from wbcore.data._source import CheckedSource

    _Integers = NDArray[np.int64]

__all__ = ["Windows"]


class Windows:
    """What the core asks for the next rows; a thread reads as far ahead as there is room.

    A window of blocks is read into free places of a room (X, y and, where there are some, weights),
    its rows are put in order by naming the places in that order, and the core is given the names
    piece by piece. The places of a piece are free when the next one is asked for, so the next
    window grows as this one shrinks, and rows of a batch that are in two windows need no care. The
    room is for the largest window there can be, and what does not fill a batch.

    Parameters
    ----------
    operation : str
        For messages.
    source : CheckedSource
    order : Order
    piece : int
        Rows of a batch, or of a leaf: pieces have whole ones but at the end of an epoch.
    end : int
        The epoch before which reading ends.
    dtype : dtype
        Of the network.
    check : callable
        `check(X, y, weights)` refuses what the network or the loss does not take.

    Attributes
    ----------
    X, y, weights : array
        The room, in place of all rows for the core; weights may be None.
    rows : int
        Of all blocks.
    source : CheckedSource
        Itself.
    """

    def __init__(
        self,
        operation: str,
        source: CheckedSource,
        order: Order,
        *,
        piece: int,
        end: int,
        dtype: np.dtype[Any],
        check: Callable[[Any, Any, Any], None],
    ) -> None:
        self._operation, self.source, self._order = operation, source, order
        self._piece, self._end, self._dtype, self._check = piece, end, dtype, check
        first = source.first
        assert first.y is not None, "looked at before"
        check(like(first.view, first.X), first.y, first.weights)
        self.rows = sum(order.rows)
        capacity = min(self.rows, order.largest) + min(piece, self.rows)
        with _arguments.memory(operation):
            self._room = np.empty((capacity, first.X.shape[1]), first.X.dtype.newbyteorder("="))
            self.y = np.empty((capacity, *first.y.shape[1:]), first.y.dtype.newbyteorder("="))
            self.weights = (
                None
                if first.weights is None
                else np.empty(capacity, first.weights.dtype.newbyteorder("="))
            )
        self.X = like(first.view, self._room)
        self._process = os.getpid()
        self._reader: Reader | None = None
        self._current: tuple[int, int, _Integers] | None = None
        self._next = (0, 0)

    def __call__(self, epoch: int, first: int) -> _Integers:
        """The places of the rows of an epoch from row `first` of its order on."""
        if os.getpid() != self._process:
            raise RuntimeError(
                f"[{self._operation}] expected the process that began to read the source, got a "
                f"forked child of it, which has no reader; read it anew there"
            )
        reader = self._reader
        if reader is None or (epoch, first) != self._next:
            reader = self._new_reader(epoch, first)
        elif self._current is not None:
            reader.freed.put(self._current[2])
        found = reader.ready.get()
        if isinstance(found, BaseException):
            raise found
        places: _Integers = found
        self._current = (epoch, first, places)
        end = first + len(places)
        self._next = (epoch, end) if end < self.rows else (epoch + 1, 0)
        return places

    def _new_reader(self, epoch: int, first: int) -> Reader:
        """One that begins there; everything is free."""
        self.close()
        self._current = None
        self._reader = reader = Reader(
            self._operation,
            self.source,
            self._order,
            (self._room, self.y, self.weights),
            self._check,
        )
        # also where a signal comes before anybody has called close()
        weakref.finalize(self, reader.end)
        reader.start((epoch, first), self._end, self._piece)
        return reader

    def close(self) -> None:
        """End the reader, at the latest after the block that it reads."""
        reader = self._reader
        if reader is None or os.getpid() != self._process:
            return
        reader.end()
        reader.join()
        self._reader = None

    def refuse(self, name: str) -> None:
        """Say which number of the rows at hand is not finite."""
        if self._current is None or name not in ("X", "y"):
            return  # weights have been looked at block by block
        epoch, first, places = self._current
        room = self._room if name == "X" else self.y
        with np.errstate(all="ignore"):
            given = like(self.source.first.view, room[places]) if name == "X" else room[places]
            values = np.asarray(given, self._dtype).reshape(len(places), -1)
        bad = ~np.isfinite(values)
        if not bad.any():
            return
        at, col = map(int, np.unravel_index(np.argmax(bad), bad.shape))
        block, row = self._order.origin(epoch, first + at)
        index = f"[{row}, {col}]" if room.ndim > 1 else f"[{row}]"
        got = room.reshape(len(room), -1)[places[at], col]
        raise ValueError(
            f"[{self._operation}] expected finite values in {name}, "
            f"got {got!s} at {name}{index} of block {block}"
        )
