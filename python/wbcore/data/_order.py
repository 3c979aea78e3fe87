"""In which order an epoch takes the rows of a source (docs/arithmetic.md, section 8.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments, _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Integers = NDArray[np.int64]

__all__ = ["WINDOW", "Order", "row_order"]

#: Blocks in a window, where nobody says how many: 100 MB of float32 in blocks of 4096 x 784.
WINDOW = 8


@dataclass(frozen=True)
class Order:
    """Windows of blocks, and the rows within a window; each from seed, epoch and its number alone.

    Parameters
    ----------
    rows : tuple of int
        Of each block.
    shuffles : bool
        Without, each block is a window, and rows come as they are.
    window : int
        Blocks in a window.
    seed : int
    """

    rows: tuple[int, ...]
    shuffles: bool = False
    window: int = WINDOW
    seed: int = 0

    @property
    def size(self) -> int:
        """Blocks in a window."""
        return self.window if self.shuffles else 1

    @property
    def windows(self) -> int:
        """In an epoch."""
        return -(-len(self.rows) // self.size)

    @cached_property
    def largest(self) -> int:
        """Rows of the largest window there can be."""
        return sum(sorted(self.rows)[-self.size :])

    def blocks(self, epoch: int) -> _Integers:
        """All blocks in the order of an epoch: window w has `size` of them from w * size on."""
        if not self.shuffles:
            return np.arange(len(self.rows))
        return _core.part_permutation(len(self.rows), self.seed, epoch, 0)

    def within(self, epoch: int, window: int, n: int) -> _Integers:
        """The order of the n rows of a window, those of its first block before the next one's."""
        if not self.shuffles:
            return np.arange(n)
        return _core.part_permutation(n, self.seed, epoch, 1 + window)

    def place(self, blocks: _Integers, first: int) -> tuple[int, int]:
        """The window that has row `first` of the epoch of these blocks; and its row there."""
        ends = np.cumsum(np.asarray(self.rows)[blocks])
        last = np.minimum(np.arange(1, self.windows + 1) * self.size, len(blocks)) - 1
        window = int(np.searchsorted(ends[last], first, "right"))
        return window, first - (int(ends[last[window - 1]]) if window else 0)

    def origin(self, epoch: int, position: int) -> tuple[int, int]:
        """Block, and row in it, of a row of an epoch."""
        blocks = self.blocks(epoch)
        window, row = self.place(blocks, position)
        of = blocks[window * self.size : (window + 1) * self.size]
        counts = np.asarray(self.rows)[of]
        row = int(self.within(epoch, window, int(counts.sum()))[row])
        ends = np.cumsum(counts)
        which = int(np.searchsorted(ends, row, "right"))
        return int(of[which]), row - int(ends[which] - counts[which])


def row_order(
    rows: ArrayLike | Sequence[int],
    *,
    seed: int = 0,
    epoch: int = 0,
    shuffle_window: int = WINDOW,
) -> _Integers:
    """The order in which `fit(source, shuffle="blocks")` takes the rows of a source in an epoch.

    Blocks are permuted; those of a window follow one another, and all rows of a window are
    permuted. The order of a window depends on seed, epoch and its number alone, so that a training
    goes on in the middle of an epoch without running through it.

    Parameters
    ----------
    rows : sequence of int
        Rows of each block, at least 1.
    seed : int, default 0
    epoch : int, default 0
        Counted from 0.
    shuffle_window : int, default 8
        Blocks in a window.

    Returns
    -------
    ndarray of int64
        Numbers of rows, counted through all blocks, each once.

    Raises
    ------
    TypeError, ValueError
        When an argument is no integer or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> order = wb.data.row_order([2, 2, 2, 2], seed=1, shuffle_window=2)
    >>> sorted(order.tolist()), len({row // 2 for row in order[:4].tolist()})
    ([0, 1, 2, 3, 4, 5, 6, 7], 2)
    """
    counts = tuple(_arguments.integer("row_order", "rows", n) for n in np.asarray(rows).tolist())
    order = Order(
        counts,
        True,
        _arguments.integer("row_order", "shuffle_window", shuffle_window),
        _arguments.seed("row_order", seed),
    )
    epoch = _arguments.integer("row_order", "epoch", epoch, low=0)
    blocks = order.blocks(epoch)
    starts = np.cumsum((0, *counts))
    found = [np.empty(0, np.int64)]
    for window in range(order.windows):
        of = blocks[window * order.size : (window + 1) * order.size]
        together = np.concatenate([np.arange(starts[k], starts[k + 1]) for k in of])
        found.append(together[order.within(epoch, window, len(together))])
    return np.concatenate(found)
