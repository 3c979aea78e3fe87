"""Inputs minus their mean over their spread, column by column, computed batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore._moments import Moments, leaves_at_once
from wbcore._view import Foreign, View, dense, in_rows, is_sparse, n_rows
from wbcore.data._source import as_blocks, is_source

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.data._source import Source

__all__ = ["Standardized"]


class Standardized(View):
    """An array, or a source of blocks, whose columns have mean 0 and spread 1, for a network.

    Takes the place of the X of a network's methods. Nothing is copied: the mean and the spread of
    each column are found by reading the rows once, and applied as rows are gathered. A network of
    dtype T sees each element x of column c as ``T((float64(x) - mean[c]) * (1 / scale[c]))``, to
    the bit what ``np.asarray(standardized, T)`` gives.

    New data, such as those of a validation, take the mean and scale of the training:
    ``wb.Standardized(X_val, mean=X.mean, scale=X.scale)``. ``net.fold_inputs(X.mean, X.scale)``
    afterwards makes of a network for standardized inputs one for raw ones.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (B, I), or a source of blocks (`wbcore.data`)
        Finite real numbers of any dtype and memory layout. A sparse matrix stays sparse: what is
        not stored in it is 0, whose standardized number is -mean / scale.
    mean, scale : array-like of shape (I,), optional
        Both or none. Default: those of X.

    Attributes
    ----------
    array : ndarray, sparse matrix or source
        What was given.
    mean : ndarray of shape (I,) and dtype float64
    scale : ndarray of shape (I,) and dtype float64
        Standard deviation, of the population; 1 for columns that are constant.
    constant : ndarray of int64
        The columns whose rows are all equal, which become 0 throughout and tell a network nothing.
        Empty when mean and scale were given.

    Raises
    ------
    TypeError
        When X is not one of real numbers, or is masked, scaled or standardized already.
    ValueError
        When X is not two-dimensional, empty or not finite, its numbers are too large for their
        squares to be finite, or mean and scale do not suit it.

    Notes
    -----
    Mean and spread are computed in float64 over leaves of 128 rows, added by a fixed tree
    (docs/arithmetic.md, section 3.1): they do not depend on the sizes of blocks, the dtype's
    layout or the machine.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = wb.Standardized([[1, 5], [2, 5], [3, 5]])
    >>> X.mean.tolist(), X.scale.round(3).tolist(), X.constant.tolist()
    ([2.0, 5.0], [0.816, 1.0], [1])
    >>> np.asarray(X).round(3).tolist()
    [[-1.225, 0.0], [0.0, 0.0], [1.225, 0.0]]
    """

    __slots__ = ("_columns", "array", "constant", "mean", "scale")

    array: Any
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    constant: NDArray[np.int64]

    def __init__(
        self,
        X: ArrayLike | SparseLike | Source,
        *,
        mean: ArrayLike | None = None,
        scale: ArrayLike | None = None,
    ) -> None:
        if isinstance(X, View):
            raise TypeError(
                f"[Standardized] expected X to be an array of real numbers, "
                f"got a {type(X).__name__} one"
            )
        if (mean is None) != (scale is None):
            raise TypeError(
                "[Standardized] expected both mean and scale, or none, got "
                f"{'scale' if mean is None else 'mean'} alone"
            )
        if is_source(X):
            source = as_blocks("Standardized", X)
            self._keep(source, *self._numbers(mean, scale, (X for X, _ in source.arrays())))
            return
        array: Foreign = (
            in_rows("Standardized", "X", X)
            if is_sparse(X)
            else _arguments.real_array("Standardized", "X", X)
        )
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(
                f"[Standardized] expected X of shape (B, I), with at least one row, "
                f"got shape {array.shape}"
            )
        self._keep(array, *self._numbers(mean, scale, _pieces(array)), columns=array.shape[1])

    @staticmethod
    def _numbers(
        mean: ArrayLike | None, scale: ArrayLike | None, blocks: Iterator[NDArray[Any]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        if mean is None or scale is None:
            moments = Moments("Standardized")
            for block in blocks:
                moments.add(block)
            return moments.mean(), *moments.scale()
        means, scales = (
            np.array(_arguments.floats("Standardized", name, value), np.float64)
            for name, value in (("mean", mean), ("scale", scale))
        )
        if means.ndim != 1 or means.shape != scales.shape:
            raise ValueError(
                f"[Standardized] expected mean and scale of shape (I,), "
                f"got shapes {means.shape} and {scales.shape}"
            )
        with np.errstate(all="ignore"):
            bad = ~((scales > 0) & np.isfinite(1 / scales))
        if bad.any():
            column = int(np.argmax(bad))
            raise ValueError(
                f"[Standardized] expected scale to be above 0, "
                f"got {scales[column]:g} at scale[{column}]"
            )
        return means, scales, np.empty(0, np.int64)

    def _keep(
        self,
        array: Foreign,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        constant: NDArray[np.int64],
        columns: int | None = None,
    ) -> None:
        if columns is not None and len(mean) != columns:
            raise ValueError(
                f"[Standardized] expected mean and scale of shape ({columns},), "
                f"as X has columns, got shape {mean.shape}"
            )
        for numbers in (mean, scale, constant):
            numbers.flags.writeable = False  # the core has its own of them
        for name, value in zip(
            ("array", "mean", "scale", "constant"), (array, mean, scale, constant), strict=True
        ):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_columns", _core.Columns(mean, 1 / scale))

    def _like(self, array: Foreign) -> Standardized:
        """Other rows, or those of a block, with this mean and scale."""
        other = object.__new__(Standardized)
        columns = array.shape[1] if _has_rows(array) else None
        other._keep(array, self.mean, self.scale, self.constant, columns)
        return other

    def _is_like(self, other: View) -> bool:
        return (
            isinstance(other, Standardized)
            and np.array_equal(self.mean, other.mean)
            and np.array_equal(self.scale, other.scale)
        )

    @property
    def is_source(self) -> bool:
        """Whether it is one of blocks, not of rows."""
        return not _has_rows(self.array)

    @property
    def shape(self) -> tuple[int, int]:
        """Of all rows, (B, I)."""
        rows = sum(self.array.rows) if self.is_source else n_rows(self.array)
        return rows, len(self.mean)

    @property
    def ndim(self) -> int:
        """2, always."""
        return 2

    @property
    def dtype(self) -> np.dtype[Any]:
        """What NumPy makes of it unasked."""
        return np.dtype(np.float64)

    @property
    def rows(self) -> tuple[int, ...]:
        """Of a source: the rows of each block."""
        if not self.is_source:
            raise AttributeError("[Standardized] expected a source of blocks, got an array")
        return tuple(self.array.rows)

    def __len__(self) -> int:
        """Rows, or blocks of a source."""
        return n_rows(self.array)

    def __getitem__(self, key: Foreign) -> Foreign:
        """Some of the rows, or a block of a source, with the same mean and scale."""
        if not self.is_source:
            rows = self.array[key]
            return self._like(_as_matrix(rows) if is_sparse(rows) else np.atleast_2d(rows))
        X, *rest = self.array[key]
        return (self._like(X), *rest)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("[Standardized] expected copy to be None or True, got False")
        if self.is_source:
            raise TypeError(
                "[Standardized] expected an array, got a source, which is read by block"
            )
        wanted = self.dtype if dtype is None else np.dtype(dtype)
        values = (dense(self.array).astype(np.float64) - self.mean) * (1 / self.scale)
        return np.asarray(values.astype(wanted, copy=False))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"[Standardized] expected no change, got one of {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"[Standardized] expected no change, got one of {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.array, self.mean, self.scale, self.constant)

    def __repr__(self) -> str:
        kind = "sparse matrix" if is_sparse(self.array) else "array"
        of = "source" if self.is_source else f"{self.array.dtype} {kind}"
        constant = f", {len(self.constant)} constant" if len(self.constant) else ""
        return f"Standardized({of} of shape {self.shape}{constant})"


def _has_rows(array: Foreign) -> bool:
    return isinstance(array, np.ndarray) or is_sparse(array)


def _as_matrix(rows: Foreign) -> Foreign:
    """Of sparse arrays, newer SciPys give a single row with one dimension."""
    return rows if rows.ndim == 2 else rows.reshape((1, -1))


def _pieces(array: Foreign) -> Iterator[NDArray[Any]]:
    """The rows of a sparse matrix, whole leaves at a time; an array as it is."""
    if not is_sparse(array):
        yield array
        return
    step = leaves_at_once(array.shape[1])
    for start in range(0, array.shape[0], step):
        yield array[start : start + step].toarray()


def _restored(
    array: Foreign,
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
    constant: NDArray[np.int64],
) -> Standardized:
    standardized = object.__new__(Standardized)
    standardized._keep(array, mean, scale, constant)
    return standardized
