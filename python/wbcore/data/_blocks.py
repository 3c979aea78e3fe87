"""Blocks of arrays: in memory, memory-mapped, or of what is cut into rows as arrays are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._view import Foreign, View, dense, in_rows, is_sparse
from wbcore.data._mapped import mapped_rows
from wbcore.data._source import like

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ROWS", "Blocks"]

#: Rows of a block, where nobody says how many: 13 MB of 784 columns of float32.
ROWS = 4096


class Blocks:
    """X and y as a source of blocks of so many rows.

    A memory-mapped array (`np.load(path, mmap_mode="r")`, `np.memmap`) is read from its file, block
    by block, without touching the mapping: a file that is truncated meanwhile is an OSError, where
    the mapping would end the process. That holds for maps that have their rows one after another
    (the order of C), also of some of the columns; they are read by the name of the file. Private
    maps (mode "c") and those in the order of Fortran are read through the mapping.

    Parameters
    ----------
    X : array-like of shape (B, I)
        An array, a `Scaled` or `Standardized` one, or what has shape and dtype and gives rows as
        ``X[start:stop]``: an array of Zarr, a data set of h5py. Blocks of a sparse matrix are
        arrays.
    y : array-like of shape (B,) or (B, O), optional
        Likewise. Needed by `fit` and `evaluate`.
    sample_weight : array-like of shape (B,), optional
        Likewise: how much each row counts, as for `fit`.
    rows : int, optional
        Of a block; the last one has what is left. Default: those of a chunk of X if it has any,
        else 4096. With ``shuffle="blocks"`` the order of rows depends on it.

    Attributes
    ----------
    rows : tuple of int
        Of each block.

    Raises
    ------
    TypeError, ValueError
        When X, y or sample_weight is no array of real numbers, they differ in length, or rows is
        below 1.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> source = wb.data.Blocks(X, X**2, rows=32)
    >>> source.rows, source[3][0].shape
    ((32, 32, 32, 4), (4, 1))
    >>> net = wb.Network.mlp([1, 8, 1], "tanh", seed=0)
    >>> history = net.fit(source, loss="mse", epochs=3, shuffle="blocks")
    >>> sorted(net.evaluate(source, loss="mse"))
    ['loss']
    """

    def __init__(
        self,
        X: Foreign,
        y: Foreign = None,
        rows: int | None = None,
        *,
        sample_weight: Foreign = None,
    ) -> None:
        self._X = _Rows("X", X)
        self._y = None if y is None else _Rows("y", y)
        self._weights = None if sample_weight is None else _Rows("sample_weight", sample_weight)
        if self._X.ndim != 2:
            raise ValueError(f"[Blocks] expected X of shape (B, I), got {self._X.ndim} dimensions")
        if len(self._X) == 0:
            raise ValueError("[Blocks] expected X with at least one row, got none")
        if self._y is not None and len(self._y) != len(self._X):
            raise ValueError(
                f"[Blocks] expected y with {len(self._X)} rows, as X has, got {len(self._y)}"
            )
        if self._weights is not None:
            if y is None:
                raise ValueError("[Blocks] expected y beside sample_weight, got none")
            if self._weights.ndim != 1 or len(self._weights) != len(self._X):
                raise ValueError(
                    f"[Blocks] expected sample_weight of shape ({len(self._X)},), one for each row "
                    f"of X, got shape {tuple(self._weights.array.shape)}"
                )
        chosen = self._X.chunk if rows is None else rows
        self._size = _arguments.integer("Blocks", "rows", chosen)

    @property
    def rows(self) -> tuple[int, ...]:
        """Of each block."""
        whole, left = divmod(len(self._X), self._size)
        return (self._size,) * whole + ((left,) if left else ())

    def __len__(self) -> int:
        return (len(self._X) + self._size - 1) // self._size

    def __getitem__(self, k: int) -> tuple[Any, ...]:
        """Block k, (X, y), or with weights (X, y, sample_weight); y is None when there is none."""
        start, n = self._range(k)
        pair = (
            like(self._X.view, self._X.read("Blocks", start, n)),
            None if self._y is None else self._y.read("Blocks", start, n),
        )
        if self._weights is None:
            return pair
        return (*pair, self._weights.read("Blocks", start, n))

    def _range(self, k: int) -> tuple[int, int]:
        """First row of a block, and how many it has."""
        k = _arguments.integer("Blocks", "k", k, low=-len(self), high=len(self) - 1) % len(self)
        start = k * self._size
        return start, min(self._size, len(self._X) - start)

    @property
    def _in_memory(self) -> tuple[Any, Any, Any] | None:
        """All rows, where they are arrays and no maps of files."""
        y, weights = self._y, self._weights
        if not all(rows is None or rows.is_array for rows in (self._X, y, weights)):
            return None
        X = like(self._X.view, self._X.array)
        return X, y and y.array, weights and weights.array

    def _read_into(
        self,
        operation: str,
        block: tuple[int, int],
        room: tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None],
        places: NDArray[np.int64],
    ) -> None:
        """Rows of a block, from a row of it on, into places of X, y and weights."""
        k, start = block
        assert self._y is not None, "asked for only where there is one"
        first = self._range(k)[0] + start
        self._X.read_into(operation, first, room[0], places)
        self._y.read_into(operation, first, room[1], places)
        if self._weights is not None and room[2] is not None:
            self._weights.read_into(operation, first, room[2], places)

    def __repr__(self) -> str:
        return f"Blocks({len(self)} of {self._size} rows, {self._X.columns} columns)"


class _Rows:
    """Rows of one array, wherever it lies."""

    def __init__(self, name: str, given: Foreign) -> None:
        self.view = given if isinstance(given, View) else None
        if self.view is not None and name != "X":
            raise TypeError(
                f"[Blocks] expected {name} as an array, got a {type(given).__name__}, which is "
                f"for X"
            )
        array = given if self.view is None else given.array
        if name == "X":
            array = in_rows("Blocks", name, array)
        sparse = is_sparse(array)
        foreign = (
            not isinstance(array, np.ndarray)
            and not sparse
            and hasattr(array, "dtype")
            and hasattr(array, "shape")
            and hasattr(array, "__getitem__")
            and not hasattr(array, "iloc")
        )
        self.array = (
            array
            if foreign or (sparse and name == "X")
            else _arguments.real_array("Blocks", name, array)
        )
        if foreign and np.dtype(array.dtype).kind not in "biuf":
            raise TypeError(
                f"[Blocks] expected {name} to be an array of real numbers, got dtype {array.dtype}"
            )
        self.ndim = len(self.array.shape)
        if self.ndim == 0:
            raise ValueError(f"[Blocks] expected {name} with rows, got a number")
        self.mapped = None if foreign or sparse else mapped_rows(self.array)
        self.is_array = not foreign and self.mapped is None
        chunks = getattr(array, "chunks", None) if foreign else None
        self.chunk = int(chunks[0]) if chunks else ROWS
        self.columns = int(self.array.shape[1]) if self.ndim > 1 else 1

    def __len__(self) -> int:
        return int(self.array.shape[0])

    def read(self, operation: str, first: int, n: int) -> NDArray[Any]:
        if self.mapped is not None:
            return self.mapped.read(operation, first, n)
        return np.asarray(dense(self.array[first : first + n]))

    def read_into(
        self, operation: str, first: int, room: NDArray[Any], places: NDArray[np.int64]
    ) -> None:
        if self.mapped is not None:
            self.mapped.read_into(operation, first, room, places)
            return
        rows = self.read(operation, first, len(places))
        if len(rows) != len(places):
            raise ValueError(
                f"[{operation}] expected {len(self)} rows in the array of a source, "
                f"got fewer; it must not change while it is read"
            )
        room[places] = rows
