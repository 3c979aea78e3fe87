"""Sparse matrices as tables of numbers: what is missing in them, and what they become.

They stay sparse, and become what an array of the same numbers becomes, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._sparse import csr
from wbcore.tables.gaps import infinite_refusal, missing_refusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["all_missing", "encoded", "gaps_of", "require_none", "rows_of"]

# SciPy has no types that could be named here.
_Rows = Any


def rows_of(X: object, operation: str) -> _Rows:
    """A sparse matrix of real numbers in rows, each of whose columns ascend.

    Raises
    ------
    TypeError, ValueError
        When it has not two dimensions, its numbers are not real, or its parts do not belong
        together.
    """
    if X.dtype.kind == "c":  # type: ignore[attr-defined]
        raise ValueError(f"[{operation}] Complex data not supported, got {X.dtype}")  # type: ignore[attr-defined]
    if len(X.shape) != 2:  # type: ignore[attr-defined]
        raise ValueError(
            f"[{operation}] expected a table of two dimensions, got a sparse array of shape "
            f"{X.shape}"  # type: ignore[attr-defined]
        )
    return csr(operation, "X", X)


def gaps_of(rows: _Rows, names: Sequence[str], operation: str) -> NDArray[np.bool_] | None:
    """Which stored numbers are missing, or None where none is; infinity is refused."""
    if rows.dtype.kind != "f" or np.isfinite(rows.data).all():
        return None
    infinite = np.isinf(rows.data)
    if infinite.any():
        place = int(np.argmax(infinite))
        name = names[rows.indices[place]]
        raise infinite_refusal(operation, name, rows.data[place], _row(rows, place))
    return np.asarray(np.isnan(rows.data))


def require_none(
    rows: _Rows, gaps: NDArray[np.bool_], names: Sequence[str], operation: str
) -> None:
    """Refuse the first column in which something is missing."""
    places = np.flatnonzero(gaps)
    place = int(places[np.argmin(rows.indices[places])])  # the first row of that column
    raise missing_refusal(operation, names[rows.indices[place]], _row(rows, place))


def all_missing(rows: _Rows, gaps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of which columns nothing is there, (I,); what is not stored is."""
    counts = np.bincount(rows.indices[gaps], minlength=rows.shape[1])
    return np.asarray(counts == rows.shape[0])


def encoded(
    rows: _Rows,
    gaps: NDArray[np.bool_] | None,
    fills: NDArray[np.float64],
    indicators: NDArray[np.bool_],
) -> _Rows:
    """Numbers with a mean where one is missing, and columns of 0 and 1 that tell.

    Parameters
    ----------
    rows : CSR matrix of shape (B, C)
        Columns ascend.
    gaps : ndarray of bool, optional
        Of the stored numbers.
    fills : ndarray of shape (C,)
    indicators : ndarray of bool and shape (C,)
        Which columns bring another one, behind them.
    """
    dtype = np.float32 if rows.dtype == np.float32 else np.float64
    places = np.arange(len(indicators)) + np.cumsum(indicators) - indicators
    numbers, columns, starts = rows.data.astype(dtype), places[rows.indices], rows.indptr
    if gaps is not None:
        numbers[gaps] = fills[rows.indices[gaps]]
        told = gaps & indicators[rows.indices]
        behind = np.flatnonzero(told) + 1
        numbers = np.insert(numbers, behind, 1)
        columns = np.insert(columns, behind, columns[told] + 1)
        starts = starts + np.append(0, np.cumsum(told))[starts]
    shape = (rows.shape[0], len(indicators) + int(indicators.sum()))
    return type(rows)((numbers, columns, starts), shape=shape)


def _row(rows: _Rows, place: int) -> int:
    """Of a stored number."""
    return int(np.searchsorted(rows.indptr, place, side="right")) - 1
