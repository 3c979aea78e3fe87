"""The thread that reads blocks of a source into places, and tells where their rows are."""

from __future__ import annotations

import _thread
import queue
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.data._source import like

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._view import Foreign
    from wbcore.data._order import Order
    from wbcore.data._source import Block, CheckedSource

    _Integers = NDArray[np.int64]
    Room = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]

__all__ = ["Reader"]

#: Of weights, the largest must be at least this (cpp/bindings/weights.cpp).
_LEAST_WEIGHT = 1e-18
#: Rows are handed over in pieces of at least so many bytes: that takes some 50 microseconds.
_LEAST_BYTES = 2**20


class _Closed(Exception):  # noqa: N818 -- no error: as StopIteration
    """Of a reader that nobody waits for any more."""


class Reader:
    """Reads from a position on, as far as there are free places.

    It and whoever asks have queues between them and no lock, so that a signal may come at any
    place: `freed` takes places that are free again, `ready` gives those of the next rows, or the
    error that ended the reading. (`threading` starts and joins with locks in Python, which a signal
    leaves as they are.)

    Parameters
    ----------
    operation : str
        For messages.
    source : CheckedSource
    order : Order
    room : X, y and weights
        Of the places; the last may be None.
    check : callable
    """

    def __init__(
        self,
        operation: str,
        source: CheckedSource,
        order: Order,
        room: Room,
        check: Callable[[Any, Any, Any], None],
    ) -> None:
        self._operation, self._source, self._order = operation, source, order
        self._room, self._check = room, check
        self.freed: queue.SimpleQueue[_Integers | None] = queue.SimpleQueue()
        self.ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._free: deque[_Integers] = deque([np.arange(len(room[0]))])
        self._over: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_closing = self._is_running = self._counts = False

    def start(self, at: tuple[int, int], end: int, piece: int) -> None:
        """Begin at an epoch and a row of its order, up to an epoch."""
        order = self._order
        X = self._room[0]
        row_bytes = max(1, X.nbytes // len(X))
        quarter = sum(order.rows) // len(order.rows) // 4
        step = max(quarter, min(order.largest // 4, _LEAST_BYTES // row_bytes))
        self._piece, self._step = piece, max(1, step // piece) * piece
        self._is_running = True  # no signal is met before the thread is there
        try:
            _thread.start_new_thread(self._read, (at, end))
        except RuntimeError:
            self._is_running = False
            raise

    def end(self) -> None:
        """Ask it to end. It does at the latest after the block that it reads."""
        self._is_closing = True
        self.freed.put(None)

    def join(self) -> None:
        """Wait for its end."""
        if self._is_running:
            self._over.get()
            self._is_running = False

    # ---- on the thread

    def _read(self, at: tuple[int, int], end: int) -> None:
        epoch, first = at
        try:
            for e in range(epoch, max(end, epoch + 1)):
                self._read_epoch(e, first)
                first = 0
        except _Closed:
            pass
        except BaseException as error:  # noqa: BLE001 -- raised where the rows are asked for
            self.ready.put(error)
        finally:
            self._over.put(None)

    def _read_epoch(self, epoch: int, first: int) -> None:
        order, size = self._order, self._order.size
        blocks = order.blocks(epoch)
        window, skipped = order.place(blocks, first)
        passed = None if self._source.ordered else self._source.blocks()
        if passed is not None:
            for _ in range(window):
                next(passed)
        self._counts = self._room[2] is None or first > 0  # some row, as far as anybody knows
        rest = np.empty(0, np.int64)
        for w in range(window, order.windows):
            of = blocks[w * size : (w + 1) * size].tolist()
            together = np.concatenate([self._read_block(k, passed) for k in of])
            together = together[order.within(epoch, w, len(together))]
            if skipped:
                self._free.append(together[:skipped])
                together, skipped = together[skipped:], 0
            rest = np.concatenate([rest, together])
            is_last = w + 1 == order.windows
            if is_last and not self._counts:
                raise ValueError(
                    f"[{self._operation}] expected weights of rows with a number of at least "
                    f"1e-18, got none: no row would count"
                )
            whole = len(rest) if is_last else len(rest) // self._piece * self._piece
            for start in range(0, whole, self._step):
                self._publish(rest[start : min(start + self._step, whole)])
            rest = rest[whole:]
        if passed is not None:
            next(passed, None)  # which looks whether there is more than there was

    def _publish(self, places: _Integers) -> None:
        if self._is_closing:
            raise _Closed
        self.ready.put(np.ascontiguousarray(places))

    def _read_block(self, k: int, passed: Iterator[Block] | None) -> _Integers:
        """Read block k; where its rows are now."""
        direct = self._source.direct
        if direct is not None:
            return self._fill(k, lambda start, to: self._read_direct(direct, k, start, to))
        block = next(passed) if passed is not None else self._source.block(k)
        self._require(k, like(block.view, block.X), block.y, block.weights)

        def copy(start: int, to: _Integers) -> None:
            for room, rows in zip(self._room, (block.X, block.y, block.weights), strict=True):
                if room is not None and rows is not None:  # both or none, as in the first block
                    room[to] = rows[start : start + len(to)]

        return self._fill(k, copy)

    def _read_direct(self, source: Foreign, k: int, start: int, to: _Integers) -> None:
        source._read_into(self._operation, (k, start), self._room, to)
        X, y, weights = self._room
        of_rows = None if weights is None else weights[to]
        self._require(k, like(self._source.first.view, X[: len(to)]), y[to], of_rows)

    def _require(self, k: int, X: Foreign, y: Foreign, weights: Foreign) -> None:
        try:
            self._check(X, y, weights)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{error} (block {k} of the source)") from None
        if weights is not None and weights.max() >= _LEAST_WEIGHT:
            self._counts = True

    def _fill(self, k: int, read: Callable[[int, _Integers], None]) -> _Integers:
        """Read the rows of a block as places for them become free."""
        n = self._order.rows[k]
        found: list[_Integers] = []
        done = 0
        while done < n:
            to = self._take(n - done)
            read(done, to)
            found.append(to)
            done += len(to)
        return np.concatenate(found)

    def _take(self, most: int) -> _Integers:
        """Some free places, in ascending order, as soon as there are any."""
        while not self._free or not self.freed.empty():
            places = self.freed.get()
            if places is not None:
                self._free.append(places)
            if self._is_closing:
                raise _Closed
        parts: list[_Integers] = []
        count = 0
        while self._free and count < most:
            part = self._free.popleft()
            parts.append(part[: most - count])
            if len(part) > most - count:
                self._free.appendleft(part[most - count :])
            count += len(parts[-1])
        return np.sort(np.concatenate(parts))
