"""The rows that a search is given, and the folds that they are divided into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["folds_of", "with_rows"]

_CV = "a number of folds, a splitter or pairs (train, test) of rows"


def with_rows(X: Any, y: Any, groups: Any, sample_weight: Any) -> tuple[Any, Any, Any, Any]:
    """The data of a search such that rows can be taken of each, all of as many rows.

    Raises
    ------
    TypeError, ValueError
        When one has no rows or another number of them, or is no label or weight of each.
    """
    from sklearn.utils import indexable

    n = _n_rows("X", X)
    for name, given in (("y", y), ("groups", groups), ("sample_weight", sample_weight)):
        found = n if given is None else _n_rows(name, given)
        if found != n:
            raise ValueError(f"[search] expected {name} with {n} rows, as X has, got {found}")
    if groups is not None:
        _require_labels(groups, n)
    X, y, groups, sample_weight = indexable(X, y, groups, sample_weight)
    if sample_weight is not None:
        sample_weight = _arguments.floats("search", "sample_weight", sample_weight)
        if sample_weight.shape != (n,):
            raise ValueError(
                f"[search] expected sample_weight of shape ({n},), got shape {sample_weight.shape}"
            )
    return X, y, groups, sample_weight


def folds_of(
    cv: Any, estimator: Any, X: Any, y: Any, groups: Any
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """The rows of training and of test of each fold.

    Raises
    ------
    TypeError, ValueError
        When cv is no such thing, or cannot divide these rows.
    """
    from sklearn.base import is_classifier
    from sklearn.model_selection import check_cv

    if isinstance(cv, (str, bytes, Mapping, type)):  # some of which have a split, too
        raise TypeError(f"[search] expected cv to be {_CV}, got {_arguments.shown(cv)}")
    try:
        splitter = check_cv(cv, y, classifier=is_classifier(estimator))
        pairs = [
            (np.asarray(rows), np.asarray(test)) for rows, test in splitter.split(X, y, groups)
        ]
    except (TypeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise ValueError(
            f"[search] expected cv to be {_CV} that divides these rows, and groups where it goes "
            f"by them, got {_arguments.shown(cv)}: {why}"
        ) from error
    if not pairs:
        raise ValueError(f"[search] expected cv to give folds, got none of {_arguments.shown(cv)}")
    n = _n_rows("X", X)
    for each in (rows for pair in pairs for rows in pair):
        if not _are_rows(each, n):
            raise ValueError(
                f"[search] expected cv to give numbers of rows, from 0 to {n - 1} and at least one "
                f"for training and for test, got {_arguments.shown(each)}"
            )
    return pairs


def _n_rows(name: str, given: object) -> int:
    from sklearn.utils.validation import _num_samples

    has_rows = any(hasattr(given, one) for one in ("__len__", "shape", "__array__"))
    if has_rows and not isinstance(given, (str, bytes, Mapping, set, frozenset, type)):
        try:
            return int(_num_samples(given))
        except TypeError:  # an array without dimensions
            pass
    raise TypeError(
        f"[search] expected {name} to have rows, as an array, a list, a data frame or a sparse "
        f"matrix has, got {_arguments.shown(given)}"
    )


def _require_labels(groups: object, n: int) -> None:
    """One of each row; labels may be numbers, text, whatever can be compared."""
    expected = f"[search] expected groups to be {n} labels, one for each row"
    try:
        labels = np.asarray(groups)
    except ValueError:  # lists of different lengths
        raise ValueError(f"{expected}, got {_arguments.shown(groups)}") from None
    if labels.shape != (n,):
        raise ValueError(f"{expected}, got {_arguments.shown(groups)}")
    if labels.dtype.kind not in "fcmMO":
        return
    missing = np.flatnonzero(np.not_equal(labels, labels))  # NaN and NaT, also among objects
    if missing.size:
        raise ValueError(f"{expected}, got {labels[missing[0]]} at groups[{missing[0]}]")


def _are_rows(rows: NDArray[Any], n: int) -> bool:
    if rows.dtype == np.bool_:
        return rows.shape == (n,) and bool(rows.any())
    is_list = rows.ndim == 1 and rows.dtype.kind in "iu" and rows.size > 0
    return is_list and -n <= int(rows.min()) and int(rows.max()) < n
