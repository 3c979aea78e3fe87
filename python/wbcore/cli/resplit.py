"""The split of a training made again, of the table that it was of: which rows a model has seen."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wbcore.cli.data import rows_digest, split
from wbcore.random import held_out_rows

__all__ = ["Parts", "parts_of"]


class Parts(NamedTuple):
    """Numbers of the rows of a table, by what the training did with them."""

    train: NDArray[np.int64]
    deciding: NDArray[np.int64]
    """That early stopping or a schedule watched."""
    test: NDArray[np.int64]

    def describe(self) -> str:
        """As "all 400 rows were trained on", or how many were what."""
        others = ((self.deciding, "to decide by"), (self.test, "for the test"))
        words = [f"{len(rows)} {what}" for rows, what in others if len(rows)]
        if not words:
            return f"all {len(self.train)} rows were trained on"
        return ", ".join([f"{len(self.train)} rows to train on", *words])


def parts_of(settings: dict[str, Any], X: NDArray[Any], y: NDArray[Any]) -> Parts | None:
    """Split rows as the training did.

    Parameters
    ----------
    settings : dict
        What a model file says of its training; others may have written it.
    X : ndarray of shape (B, I)
        Raw values, as the network takes them.
    y : ndarray of shape (B,)
        Class numbers (integers) or values.

    Returns
    -------
    Parts or None
        None where the rows to train on are not, to the bit, those of the training, or where nobody
        says which these were.
    """
    names = ("digest", "test_fraction", "seed", "rows", "validation_fraction")
    values: list[Any] = [settings.get(name) for name in names]
    digest, fraction, seed, n_rows, decided_by = values
    classes = np.issubdtype(y.dtype, np.integer)
    if not isinstance(digest, str) or not _is_fraction(fraction):
        return None
    try:
        train, test = split(y, fraction, seed, stratify=classes)
        if len(train) != n_rows or rows_digest(X[train], y[train]) != digest:
            return None
        if decided_by is None:
            return Parts(train, np.empty(0, np.int64), test)
        kept, held = held_out_rows(len(train), decided_by, seed, y[train] if classes else None)
    except (TypeError, ValueError, OverflowError):  # numbers that no training can have had
        return None
    return Parts(train[kept], train[held], test)


def _is_fraction(value: object) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < 1
