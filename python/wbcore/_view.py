"""What stands in place of the array X: an array, and what its numbers become as they are read.

Or a sparse matrix of SciPy's, which nothing here imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What somebody else has made: its type is known when it is looked at.
Foreign: TypeAlias = Any


class SparseLike(Protocol):
    """A sparse matrix or array of `scipy.sparse`, or what becomes one."""

    def tocsr(self) -> Foreign:
        """In rows."""


def is_sparse(value: object) -> bool:
    """Whether it is one of `scipy.sparse`, or becomes one."""
    return hasattr(type(value), "tocsr")


def in_rows(operation: str, name: str, X: Foreign) -> Foreign:
    """X itself; a sparse matrix in rows that the core reads in place (`_sparse.csr`)."""
    if not is_sparse(X):
        return X
    from wbcore._sparse import csr

    return csr(operation, name, X)


def dense(rows: Foreign) -> NDArray[Any]:
    """Some rows as an array."""
    array: NDArray[Any] = rows.toarray() if is_sparse(rows) else rows
    return array


def n_rows(X: Foreign) -> int:
    """Of whatever may be an X; a sparse matrix refuses to say its length."""
    return int(X.shape[0]) if is_sparse(X) else len(X)


class View:
    """Of an array: `Scaled`, `Standardized`."""

    __slots__ = ()

    array: Any

    def _like(self, array: Foreign) -> View:
        """Other rows, whose numbers become the same."""
        raise NotImplementedError

    def _is_like(self, other: View) -> bool:
        """Whether numbers become the same by both."""
        raise NotImplementedError
