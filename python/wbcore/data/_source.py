"""What a source is, and its blocks as everything here sees them: checked, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from wbcore import _arguments
from wbcore._view import Foreign, View, is_sparse, n_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Block", "CheckedSource", "Source", "as_blocks", "is_source", "like"]


class Source(Protocol):
    """A sequence of blocks of which one knows how many rows each has."""

    @property
    def rows(self) -> Foreign:
        """A sequence of int, one for each block."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: int, /) -> Foreign: ...


class Block(NamedTuple):
    """Some rows."""

    X: NDArray[Any]
    y: NDArray[Any] | None
    view: View | None
    """What X came in."""
    weights: NDArray[Any] | None = None


def is_source(value: object) -> bool:
    """Whether it is a source, or a list of blocks; no array, list of rows, or table."""
    if isinstance(value, View):
        return bool(getattr(value, "is_source", False))
    if isinstance(value, (np.ndarray, str, bytes, dict)) or is_sparse(value):
        return False
    if isinstance(value, (list, tuple)):
        first = value[0] if value else None
        return (
            isinstance(first, (list, tuple))
            and len(first) in (2, 3)
            and getattr(first[0], "ndim", 0) == 2
        )
    parts = ("rows", "__len__", "__getitem__")
    return all(hasattr(value, part) for part in parts) and not hasattr(value, "__array__")


def as_blocks(operation: str, value: Foreign) -> CheckedSource:
    """A source whose blocks are checked as they are read, from anything that may be one.

    Raises
    ------
    TypeError
        For what can be passed through only once, and for what is no sequence of blocks.
    ValueError
        When it has no blocks, or an empty one.
    """
    if isinstance(value, CheckedSource):
        return value
    if isinstance(value, Iterator):
        raise TypeError(
            f"[{operation}] expected a source that can be read again in every epoch, "
            f"got a {type(value).__name__}, which is over after one pass; pass list(..), or an "
            f"object whose __iter__ begins anew"
        )
    ordered = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    if not ordered and not hasattr(value, "__iter__"):
        raise TypeError(
            f"[{operation}] expected X and y, or a source of blocks (X, y), "
            f"got {_arguments.shown(value)} alone"
        )
    return CheckedSource(operation, value, ordered=ordered)


class CheckedSource:
    """A source of someone else's, and what all its blocks must have in common.

    Parameters
    ----------
    operation : str
        For messages.
    source : object
        A sequence of blocks; or, if not ordered, what gives them by iteration.
    ordered : bool
    """

    def __init__(self, operation: str, source: Foreign, *, ordered: bool) -> None:
        self._operation = operation
        self._source = source
        self.ordered = ordered
        self._first: Block | None = None
        self.rows: tuple[int, ...] = self._counted()
        for k, n in enumerate(self.rows):
            if n < 1:
                raise ValueError(
                    f"[{operation}] expected blocks with at least one row, got none in block {k}; "
                    f"leave it out"
                )
        if not self.rows:
            raise ValueError(f"[{operation}] expected a source with at least one block, got none")

    def _counted(self) -> tuple[int, ...]:
        """As the source says; without a word of its, by reading all of it."""
        told = getattr(self._source, "rows", None) if self.ordered else None
        if told is not None and not callable(told):
            counts = tuple(
                _arguments.integer(self._operation, f"rows[{k}]", n, low=0)
                for k, n in enumerate(np.asarray(told).tolist())
            )
            if len(counts) != len(self._source):
                raise ValueError(
                    f"[{self._operation}] expected source.rows with a number for each of the "
                    f"{len(self._source)} blocks, got {len(counts)}"
                )
            return counts
        if self.ordered:
            return tuple(
                n_rows(self._parts(k, self._source[k])[0]) for k in range(len(self._source))
            )
        return tuple(n_rows(self._parts(k, block)[0]) for k, block in enumerate(self._source))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, k: int) -> Foreign:
        return self._source[k]

    @property
    def given(self) -> Foreign:
        """The source itself."""
        return self._source

    @property
    def direct(self) -> Foreign:
        """What can read rows into places by itself, or None."""
        return self._source if hasattr(self._source, "_read_into") else None

    @property
    def whole(self) -> tuple[Any, Any, Any] | None:
        """X, y and weights of all rows, where they are in memory already."""
        found: tuple[Any, Any, Any] | None = getattr(self._source, "_in_memory", None)
        return found

    @property
    def first(self) -> Block:
        """Block 0, whose columns and types are those of all."""
        if self._first is None:
            if self.ordered:
                self._first = self.block(0)
            else:
                self._first = self._checked(0, next(iter(self._source)))
        return self._first

    def block(self, k: int) -> Block:
        """Block k, of a source that is ordered."""
        if len(self._source) != len(self.rows):
            self._refuse_length(len(self._source))
        return self._checked(k, self._source[k])

    def blocks(self) -> Iterator[Block]:
        """All of them, in their own order."""
        if self.ordered:
            for k in range(len(self.rows)):
                yield self.block(k)
            return
        k = -1
        for k, block in enumerate(self._source):
            if k >= len(self.rows):
                self._refuse_length(k + 1)
            yield self._checked(k, block)
        if k + 1 != len(self.rows):
            self._refuse_length(k + 1)

    def arrays(self) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """X and y of all blocks."""
        for block in self.blocks():
            yield block.X, block.y

    def _refuse_length(self, got: int) -> None:
        raise ValueError(
            f"[{self._operation}] expected a source of {len(self.rows)} blocks, as before, "
            f"got {got}; it must not change while it is read"
        )

    def _parts(self, k: int, block: Foreign) -> tuple[Any, Any, Any]:
        """X, y and weights of what the source gives."""
        if isinstance(block, (tuple, list)) and len(block) in (2, 3):
            X, y, weights = (*block, None)[:3]
            return X, y, weights
        raise TypeError(
            f"[{self._operation}] expected each block to be a pair (X, y), or with weights of rows "
            f"(X, y, sample_weight), got {_arguments.shown(block)} as block {k}"
        )

    def _checked(self, k: int, block: Foreign) -> Block:
        given, targets, weights = self._parts(k, block)
        what = f"X of block {k}"
        view = given if isinstance(given, View) else None
        X = _arguments.real_array(self._operation, what, given if view is None else view.array)
        y = (
            None
            if targets is None
            else _arguments.real_array(self._operation, f"y of block {k}", targets)
        )
        if X.ndim != 2:
            raise ValueError(
                f"[{self._operation}] expected {what} of shape (B, I), got shape {X.shape}"
            )
        if len(X) != self.rows[k]:
            raise ValueError(
                f"[{self._operation}] expected block {k} with {self.rows[k]} rows, as the source "
                f"said, got {len(X)}"
            )
        if y is not None and len(y) != len(X):
            raise ValueError(
                f"[{self._operation}] expected y of block {k} with {len(X)} rows, as its X has, "
                f"got {len(y) if y.ndim else 'a number'}"
            )
        found = Block(X, y, view, self._checked_weights(k, weights, len(X)))
        if self._first is not None:
            self._require_alike(k, found, self._first)
        elif k == 0:
            self._first = found
        return found

    def _checked_weights(self, k: int, weights: Foreign, rows: int) -> NDArray[Any] | None:
        if weights is None:
            return None
        array = _arguments.real_array(self._operation, f"sample_weight of block {k}", weights)
        if array.shape != (rows,):
            raise ValueError(
                f"[{self._operation}] expected sample_weight of block {k} of shape ({rows},), one "
                f"for each row of its X, got shape {array.shape}"
            )
        return array

    def _require_alike(self, k: int, block: Block, first: Block) -> None:
        if block.X.shape[1] != first.X.shape[1]:
            raise ValueError(
                f"[{self._operation}] expected block {k} with {first.X.shape[1]} columns, as block "
                f"0 has, got {block.X.shape[1]}"
            )
        if (block.y is None) != (first.y is None):
            raise ValueError(f"[{self._operation}] expected y in every block, got none in some")
        if (block.weights is None) != (first.weights is None):
            raise ValueError(
                f"[{self._operation}] expected sample_weight in every block, got none in some"
            )
        pairs = [("X", block.X, first.X)]
        if block.weights is not None and first.weights is not None:
            pairs.append(("sample_weight", block.weights, first.weights))
        if block.y is not None and first.y is not None:
            pairs.append(("y", block.y, first.y))
            if block.y.shape[1:] != first.y.shape[1:]:
                raise ValueError(
                    f"[{self._operation}] expected y of block {k} like that of block 0, "
                    f"got shapes {block.y.shape} and {first.y.shape}"
                )
        for name, ours, others in pairs:
            if ours.dtype.newbyteorder("=") != others.dtype.newbyteorder("="):
                raise ValueError(
                    f"[{self._operation}] expected {name} of block {k} of dtype {others.dtype}, as "
                    f"block 0 has, got {ours.dtype}; convert them to one: {name}.astype(..)"
                )
        if not _alike(block.view, first.view):
            raise ValueError(
                f"[{self._operation}] expected X of block {k} scaled as that of block 0, "
                f"got {block.view!r} and {first.view!r}"
            )


def _alike(a: View | None, b: View | None) -> bool:
    return a is b or (a is not None and b is not None and a._is_like(b))


def like(view: View | None, X: NDArray[Any]) -> Foreign:
    """X in the View that a block came in."""
    return X if view is None else view._like(X)
