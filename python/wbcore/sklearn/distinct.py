"""Rows of which some are copies of others, as one row each that counts as many times."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["distinct"]

_MOST = 0.75  # of rows that differ: bootstraps have 0.63


def distinct(
    X: Any,
    y: NDArray[Any],
    weights: NDArray[Any] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """The first of each kind of rows, in an order of their contents, and what they count together.

    What is drawn by rows, such as those that are held out or units that are left out, would differ
    between a row of weight 2 and a row that is there twice, and a row of weight 0 would be held
    out. So where rows count differently, or a quarter of them are copies (a bootstrap), it is drawn
    by distinct rows.

    Parameters
    ----------
    X : of shape (B, I)
    y : ndarray of shape (B,) or (B, L)
    weights : ndarray of shape (B,), optional

    Returns
    -------
    pair of ndarray of shape (distinct,), or None
        Row numbers and weights; None where all rows count alike and most differ.
    """
    varies = weights is not None and bool((weights != weights[0]).any())
    if not varies and _kinds_at_least(X, y) > _MOST * len(y):
        return None
    found: dict[bytes, int] = {}
    kinds = np.fromiter(
        (found.setdefault(digest, len(found)) for digest in _digests(X, y)), np.int64, len(y)
    )
    if not varies and len(found) > _MOST * len(y):
        return None
    totals = np.bincount(kinds, weights).astype(np.float64)
    firsts = np.unique(kinds, return_index=True)[1]
    order = np.array(sorted(range(len(found)), key=list(found).__getitem__))
    order = order[totals[order] > 0]
    return firsts[order], totals[order]


def _kinds_at_least(X: Any, y: NDArray[Any]) -> int:
    """How many kinds of rows there are, or fewer: those of one number of 64 bits are one here.

    A hundred times as fast as digests, in the memory of the numbers.
    """
    found = np.zeros(len(y), np.uint64)
    if hasattr(X, "tocsr"):
        mixed = _mixed(_bits(X.data) + (X.indices.astype(np.uint64) + _ONE) * _ODD)
        mixed[X.data == 0] = 0
        ends = np.append(np.zeros(1, np.uint64), np.cumsum(mixed))  # around 2^64, exactly
        found += ends[X.indptr[1:]] - ends[X.indptr[:-1]]
    else:
        for column in range(X.shape[1]):
            found = _mixed(found + _bits(X[:, column]))
    for column in np.reshape(y, (len(y), -1)).T:
        found = _mixed(found + _bits(column))
    found.sort()  # a tenth of the time of `np.unique`
    return 1 + int(np.count_nonzero(found[1:] != found[:-1]))


_ONE, _ODD, _SHIFT = np.uint64(1), np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


def _bits(numbers: NDArray[Any]) -> NDArray[np.uint64]:
    """Those of numbers as float64, in which -0 is 0. What this makes equal is one kind here."""
    return (numbers.astype(np.float64) + 0.0).view(np.uint64)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each bit in many (a step of splitmix64)."""
    mixed = (numbers ^ (numbers >> _SHIFT)) * _ODD
    return mixed ^ (mixed >> _SHIFT)


def _digests(X: Any, y: NDArray[Any]) -> Iterator[bytes]:
    """Of each row; the same of an array and of a sparse matrix, of 0 and -0."""
    y = np.ascontiguousarray(y) + y.dtype.type(0)
    if hasattr(X, "tocsr"):
        X = X.copy()
        X.sum_duplicates()
        numbers = X.data + X.dtype.type(0)
        dense = np.zeros(X.shape[1], X.dtype)
        for row, (start, end) in enumerate(pairwise(X.indptr)):
            dense[X.indices[start:end]] = numbers[start:end]
            yield _digest(dense.tobytes() + y[row].tobytes())
            dense[X.indices[start:end]] = 0
    else:
        zero = X.dtype.type(0)
        for row in range(len(y)):
            yield _digest((np.ascontiguousarray(X[row]) + zero).tobytes() + y[row].tobytes())


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
