"""What a call of the core works on: arrays as they were given, or windows of a source."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from wbcore import _arguments, _core
from wbcore._loss_function import LossFunction
from wbcore._view import Foreign, View, is_sparse
from wbcore.data._blocks import Blocks
from wbcore.data._order import WINDOW, Order
from wbcore.data._source import CheckedSource, as_blocks, is_source, like
from wbcore.data._windows import Windows

__all__ = ["LEAF", "Rows", "rows_of"]

#: Rows that an evaluation takes as one piece.
LEAF = 128


class Rows(NamedTuple):
    """X, y and weights as the core takes them, and what gives it windows of a source, or None."""

    X: Any
    y: Any
    weights: Any = None
    windows: Windows | None = None

    def close(self) -> None:
        """End the reader, if there is one."""
        if self.windows is not None:
            self.windows.close()


def rows_of(
    operation: str,
    network: _core._Network,
    X: Foreign,
    y: Foreign,
    *,
    loss: str | LossFunction,
    weights: Foreign = None,
    compared: bool = True,
    piece: int = LEAF,
    end: int = 1,
    shuffle: bool | str = False,
    window: int = WINDOW,
    seed: int = 0,
) -> Rows:
    """What the core is to work on for these X and y, or this source.

    Parameters
    ----------
    operation : str
    network : object of the core
    X, y : array-like, or a source and None
    loss : str or LossFunction
    weights : array-like, optional
        Of the rows of arrays; blocks of a source have their own.
    compared : bool
        Whether metrics compare outputs with y, for which a function may have other uses.
    piece : int
        Rows of a batch or leaf.
    end : int
        The epoch before which to end.
    shuffle : bool or "blocks"
        True: all rows, by the core.
    window : int
        Blocks in a window.
    seed : int

    Returns
    -------
    Rows
        To be closed.
    """
    X = _arrays_or_source(operation, X, y, weights, blocks=shuffle == "blocks")
    if isinstance(X, Rows):
        return X
    source = as_blocks(operation, X)
    if source.first.y is None:
        raise ValueError(f"[{operation}] expected blocks (X, y), got ones whose y is None")
    if isinstance(loss, LossFunction):
        loss.require_takes(operation, source.first.weights, None)
    if shuffle != "blocks" and source.whole is not None:
        return Rows(*source.whole)
    if shuffle is True:
        return _in_memory(operation, source)
    if shuffle == "blocks" and not source.ordered:
        raise TypeError(
            f"[{operation}] expected a source whose blocks are found by source[k] for shuffle="
            f"'blocks', got {_arguments.shown(source.given)}, which comes in one order; pass "
            f"shuffle=False"
        )

    def check(X: Foreign, y: Foreign, weights: Foreign) -> None:
        _core.require_block(network, X, y, weights, operation, loss, compared)

    windows = Windows(
        operation,
        source,
        Order(source.rows, shuffle == "blocks", window, seed),
        piece=piece,
        end=end,
        dtype=network.parameters.dtype,
        check=check,
    )
    return Rows(windows.X, windows.y, windows.weights, windows)


def _arrays_or_source(
    operation: str, X: Foreign, y: Foreign, weights: Foreign, *, blocks: bool
) -> Foreign:
    """Rows of arrays, or what may be a source: that of arrays too, when it goes by blocks."""
    if is_source(X):
        if y is not None:
            raise TypeError(
                f"[{operation}] expected y to be None beside a source, whose blocks are (X, y), "
                f"got {_arguments.shown(y)}"
            )
    elif y is not None or _is_array_like(X):
        if not blocks or y is None:
            return Rows(X, y, weights)
        return Blocks(X, y, sample_weight=weights)
    if weights is not None:
        raise TypeError(
            f"[{operation}] expected no sample_weight beside a source, whose blocks may be "
            f"(X, y, sample_weight), got {_arguments.shown(weights)}"
        )
    return X


def _is_array_like(X: Foreign) -> bool:
    """What NumPy makes an array of; the core says what is wrong with it."""
    return isinstance(X, (np.ndarray, View, list, tuple)) or hasattr(X, "__array__") or is_sparse(X)


def _in_memory(operation: str, source: CheckedSource) -> Rows:
    """All rows of a source in arrays."""
    first, n = source.first, sum(source.rows)
    assert first.y is not None, "looked at before"
    arrays = [a for a in (first.X, first.y, first.weights) if a is not None]
    needed = sum(a.nbytes // len(a) * n for a in arrays)
    available = _available_memory()
    if available is not None and needed > available:
        raise MemoryError(
            f"[{operation}] expected a source whose rows fit into memory, so that all of them can "
            f"be shuffled, got {needed / 2**30:.1f} GiB of them and {available / 2**30:.1f} GiB "
            f"of memory; pass shuffle='blocks'"
        )
    with _arguments.memory(operation):
        room = [np.empty((n, *a.shape[1:]), a.dtype.newbyteorder("=")) for a in arrays]
    start = 0
    for block in source.blocks():
        rows = [a for a in (block.X, block.y, block.weights) if a is not None]
        for to, part in zip(room, rows, strict=True):
            to[start : start + len(part)] = part
        start += len(block.X)
    X, y = room[:2]
    return Rows(like(first.view, X), y, room[2] if len(room) > 2 else None)


def _available_memory() -> int | None:
    """Bytes that a program may have without anything being swapped out; None if nobody tells."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes a while
            for line in file:
                name, _, rest = line.partition(":")
                if name == "MemAvailable":
                    return int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
