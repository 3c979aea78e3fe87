"""Rows that are held out for early stopping: those that scikit-learn holds out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.random import RandomState
    from numpy.typing import NDArray

__all__ = ["held_out"]


def held_out(
    rows: int,
    fraction: float,
    random_state: RandomState,
    stratify: NDArray[Any] | None,
    *,
    are_distinct: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the rows to train on, and of those that are held out.

    Parameters
    ----------
    rows : int
    fraction : float
        Of them, to hold out.
    random_state : numpy.random.RandomState
        Is drawn from.
    stratify : ndarray of shape (rows,), optional
        By whose values each gives its share.
    are_distinct : bool, default False
        Whether rows stand for many, and may be few: then 2 of them are held out in any case, and
        one of each class where each has two.

    Raises
    ------
    ValueError
        When fewer than 2 rows are held out, or a class has not enough.
    """
    from sklearn.model_selection import train_test_split  # a quarter of a second

    size: float = fraction
    if stratify is not None and np.unique(stratify, return_counts=True)[1].min() < 2:
        # what is refused is named as scikit-learn names it, which makes texts of all rows
        stratify = None if are_distinct else stratify.astype(str)
    if are_distinct:
        classes = 1 if stratify is None else len(np.unique(stratify))
        least, most = max(2, classes), rows - classes  # of each class one is trained on
        if most < least:
            raise ValueError(
                f"[fit] expected at least {least + classes} different rows, {least} of them to be "
                f"held out for early stopping, got {rows}; copies, and rows of weight 0, do not "
                "count. Give more, or validation_data"
            )
        size = min(max(math.ceil(fraction * rows), least), most)
    train, out = train_test_split(
        np.arange(rows), random_state=random_state, test_size=size, stratify=stratify
    )
    if len(out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    return train, out
