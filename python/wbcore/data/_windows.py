"""Rows of a source, read ahead by a thread into places that the core then takes them from."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._view import Foreign
from wbcore.data._source import like

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.data._order import Order
    from wbcore.data._source import CheckedSource

    _Integers = NDArray[np.int64]

__all__ = ["Windows"]

#: Rows are handed over in pieces of at least so many bytes: that takes some 50 microseconds.
_LEAST_BYTES = 2**20


class _Closed(Exception):  # noqa: N818 -- no error: as StopIteration
    """Of a reader that nobody waits for any more."""


class Windows:
    """What the core asks for the next rows; its thread reads as far ahead as there is room.

    A window of blocks is read into free places of a room (X and y), its rows are put in order by
    naming the places in that order, and the core is given the names piece by piece. The places of a
    piece are free when the next one is asked for, so the next window grows as this one shrinks, and
    rows of a batch that are in two windows need no care. The room is for the largest window there
    can be, and what does not fill a batch.

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
        `check(X, y)` refuses what the network or the loss does not take.

    Attributes
    ----------
    X, y : array
        The room, in place of X and y for the core.
    rows : int
        Of all blocks.
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
        check: Callable[[Any, Any], None],
    ) -> None:
        self._operation, self._source, self._order = operation, source, order
        self._piece, self._end, self._dtype, self._check = piece, end, dtype, check
        first = source.first
        assert first.y is not None, "looked at before"
        check(like(first.view, first.X), first.y)
        self.rows = sum(order.rows)
        capacity = min(self.rows, order.largest) + min(piece, self.rows)
        with _arguments.memory(operation):
            self._room = np.empty((capacity, first.X.shape[1]), first.X.dtype.newbyteorder("="))
            self.y = np.empty((capacity, *first.y.shape[1:]), first.y.dtype.newbyteorder("="))
        self.X = like(first.view, self._room)
        row_bytes = max(1, self._room.nbytes // capacity)
        quarter = self.rows // len(order.rows) // 4
        step = max(quarter, min(order.largest // 4, _LEAST_BYTES // row_bytes))
        self._step = max(1, step // piece) * piece
        self._capacity, self._row_bytes = capacity, row_bytes
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._begin((0, 0))

    def _begin(self, at: tuple[int, int]) -> None:
        """Everything is free, and the next rows are those at (epoch, row)."""
        self._closing = False
        self._error: BaseException | None = None
        self._ready: deque[tuple[int, int, _Integers]] = deque()
        self._free: deque[_Integers] = deque([np.arange(self._capacity)])
        self._current: tuple[int, int, _Integers] | None = None
        self._next = at

    # ---- asked by the core, on the thread that called

    def __call__(self, epoch: int, first: int) -> _Integers:
        """The places of the rows of an epoch from row `first` of its order on."""
        if os.getpid() != self._process:
            raise RuntimeError(
                f"[{self._operation}] expected the process that began to read the source, got a "
                f"forked child of it, which has no reader; read it anew there"
            )
        if self._thread is None or (epoch, first) != self._next:
            self.close()
            self._begin((epoch, first))
            self._thread = threading.Thread(
                target=self._read, args=(epoch, first), name="wbcore-reader", daemon=True
            )
            self._thread.start()
        with self._changed:
            self._release()
            while not self._ready and self._error is None:
                self._changed.wait()
            if not self._ready:
                assert self._error is not None
                raise self._error
            self._current = self._ready.popleft()
            _, _, places = self._current
            end = first + len(places)
            self._next = (epoch, end) if end < self.rows else (epoch + 1, 0)
        return places

    def _release(self) -> None:
        if self._current is not None:
            self._free.append(self._current[2])
            self._current = None
            self._changed.notify_all()

    def close(self) -> None:
        """End the reader, at the latest after the block that it reads."""
        thread, self._thread = self._thread, None
        if thread is None or os.getpid() != self._process:
            return
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        thread.join()

    def refuse(self, name: str) -> None:
        """Say which number of the rows at hand is not finite, or which target is refused."""
        if self._current is None:
            return
        epoch, first, places = self._current
        room = self._room if name == "X" else self.y
        with np.errstate(all="ignore"):
            given = like(self._source.first.view, room[places]) if name == "X" else room[places]
            values = np.asarray(given, self._dtype).reshape(len(places), -1)
        bad = ~np.isfinite(values)
        if not bad.any():
            return
        at, col = map(int, np.unravel_index(np.argmax(bad), bad.shape))
        block, row = self._origin(epoch, first + at)
        index = f"[{row}, {col}]" if room.ndim > 1 else f"[{row}]"
        got = room.reshape(self._capacity, -1)[places[at], col]
        raise ValueError(
            f"[{self._operation}] expected finite values in {name}, "
            f"got {got!s} at {name}{index} of block {block}"
        )

    def _origin(self, epoch: int, position: int) -> tuple[int, int]:
        """Block and row in it of a row of an epoch."""
        blocks = self._order.blocks(epoch)
        window, row = self._order.place(blocks, position)
        size = self._order.size
        of = blocks[window * size : (window + 1) * size]
        counts = np.asarray(self._order.rows)[of]
        row = int(self._order.within(epoch, window, int(counts.sum()))[row])
        ends = np.cumsum(counts)
        which = int(np.searchsorted(ends, row, "right"))
        return int(of[which]), row - int(ends[which] - counts[which])

    # ---- the reader's thread

    def _read(self, epoch: int, first: int) -> None:
        try:
            for e in range(epoch, max(self._end, epoch + 1)):
                self._read_epoch(e, first)
                first = 0
        except _Closed:
            pass
        except BaseException as error:  # noqa: BLE001 -- raised where the rows are asked for
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _read_epoch(self, epoch: int, first: int) -> None:
        order, size = self._order, self._order.size
        blocks = order.blocks(epoch)
        window, skipped = order.place(blocks, first)
        passed = None if self._source.ordered else self._source.blocks()
        if passed is not None:
            for _ in range(window):
                next(passed)
        rest = np.empty(0, np.int64)
        for w in range(window, order.windows):
            read = [
                self._read_block(int(k), passed) for k in blocks[w * size : (w + 1) * size].tolist()
            ]
            together = np.concatenate(read)
            together = together[order.within(epoch, w, len(together))]
            if skipped:
                with self._changed:
                    self._free.append(together[:skipped])
                together, skipped = together[skipped:], 0
            rest = np.concatenate([rest, together])
            is_last = w + 1 == order.windows
            whole = len(rest) if is_last else len(rest) // self._piece * self._piece
            for start in range(0, whole, self._step):
                part = np.ascontiguousarray(rest[start : min(start + self._step, whole)])
                self._publish(epoch, first + start, part)
            first += whole
            rest = rest[whole:]
        if passed is not None and next(passed, None) is not None:
            raise AssertionError("blocks() tells of more itself")

    def _publish(self, epoch: int, first: int, places: _Integers) -> None:
        with self._changed:
            if self._closing:
                raise _Closed
            self._ready.append((epoch, first, places))
            self._changed.notify_all()

    def _read_block(self, k: int, passed: Foreign) -> _Integers:
        """Read block k; where its rows are now."""
        direct = self._source.direct
        if direct is not None:
            return self._fill(k, lambda start, to: self._read_direct(direct, k, start, to))
        block = next(passed) if passed is not None else self._source.block(k)
        X, y = block.X, block.y
        assert y is not None, "as in the first block"
        self._require(k, like(block.view, X), y)

        def copy(start: int, to: _Integers) -> None:
            self._room[to] = X[start : start + len(to)]
            self.y[to] = y[start : start + len(to)]

        return self._fill(k, copy)

    def _read_direct(self, source: Foreign, k: int, start: int, to: _Integers) -> None:
        source._read_into(self._operation, (k, start), (self._room, self.y), to)
        self._require(k, self.X[: len(to)], self.y[to])

    def _require(self, k: int, X: Foreign, y: Foreign) -> None:
        try:
            self._check(X, y)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{error} (block {k} of the source)") from None

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
        with self._changed:
            while not self._free and not self._closing:
                self._changed.wait()
            if self._closing:
                raise _Closed
            parts, count = [], 0
            while self._free and count < most:
                part = self._free.popleft()
                parts.append(part[: most - count])
                if len(part) > most - count:
                    self._free.appendleft(part[most - count :])
                count += len(parts[-1])
        return np.sort(np.concatenate(parts))
