"""The sum that tells parameters apart (docs/tracking.md)."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence

__all__ = ["digest"]

_MASK, _LOW = 2**64 - 1, 2**32 - 1
# odd numbers without a pattern: the fractions of the square roots of 2 and 3
_START, _STEP = 0x6A09E667F3BCC909, 0xBB67AE8584CAA73B


def digest(arrays: Sequence[Sequence[Sequence[float]]], dtype: str) -> str:
    """16 hex digits of the weights and biases of each layer in their order.

    Parameters
    ----------
    arrays : sequence of sequences of rows
        Weights and biases of the first layer, and so on, the biases as one row.
    dtype : {"float32", "float64"}
        Of which the numbers are.

    Examples
    --------
    >>> from wbcore.reference import digest
    >>> digest([[[0.5, -1.0]], [[0.0]]], "float32")
    '55a2b1164ec96b8d'
    """
    code = "f" if dtype == "float32" else "d"
    total = word = 0
    for row in itertools.chain.from_iterable(arrays):
        data = struct.pack(f"<{len(row)}{code}", *row)
        data += bytes(-len(data) % 8)  # each row in whole words
        for (bits,) in struct.iter_unpack("<Q", data):
            total += _term(bits, word)
            word += 1
    return f"{_mixed(total & _MASK, word):016x}"


def _term(bits: int, word: int) -> int:
    """Of a word: its halves, by a key for its place, multiplied, and the word turned around."""
    keyed = bits ^ (_START + _STEP * word & _MASK)
    return (keyed & _LOW) * (keyed >> 32) + ((bits & _LOW) << 32 | bits >> 32)


def _mixed(total: int, words: int) -> int:
    """Every bit of the sum reaches every bit of the digest."""
    x = total ^ (words * _STEP & _MASK)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        x = (x ^ x >> 33) * factor & _MASK
    return x ^ x >> 33
