"""Labels of classes in object arrays, which may be numbers beside texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from wbcore._arguments import row_of_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "are_mixed",
    "mixed_classes",
    "numbered",
    "require_known",
    "require_none_missing",
    "same_type",
]

_WHOLE = (bool, int, np.bool_, np.integer)


def require_none_missing(y: Any) -> None:
    """Refuse labels some of which are missing, naming y and the row."""
    try:
        labels = np.asarray(y, object)
    except (TypeError, ValueError):  # what is no array at all is refused for that
        return
    gaps = [label is None or _differs_from_itself(label) for label in labels.ravel()]
    if any(gaps):
        index = gaps.index(True) // (labels.shape[1] if labels.ndim == 2 else 1)
        raise ValueError(
            "Input y contains NaN or None: expected a class in each row, got none in "
            f"{row_of_table(index)}"
        ) from None


def _differs_from_itself(label: object) -> bool:
    """Whether it is NaN, NaT or pandas.NA."""
    try:
        return bool(label != label)  # noqa: PLR0124
    except (TypeError, ValueError):  # pandas.NA, or what is compared element by element
        return type(label).__name__ == "NAType"


def same_type(y: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers of an object array as an array of numbers; anything else as it is."""
    if y.dtype == object and y.ndim == 1 and all(isinstance(label, _WHOLE) for label in y):
        return np.array(y.tolist())
    return y


def are_mixed(y: NDArray[Any]) -> bool:
    """Whether labels are texts and whole numbers, which no array of another type holds."""
    if y.dtype != object or y.ndim != 1:
        return False
    texts = sum(isinstance(label, str) for label in y)
    return 0 < texts < len(y) and all(isinstance(label, (str, *_WHOLE)) for label in y)


def mixed_classes(y: NDArray[Any]) -> NDArray[Any]:
    """The different labels, (K,): numbers, then texts."""
    found = sorted({*y.tolist()}, key=lambda label: (isinstance(label, str), label))
    classes = np.empty(len(found), object)
    classes[:] = found
    return classes


def numbered(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Which class each label is, (B,).

    Raises
    ------
    ValueError
        When one is none of them.
    """
    places = {label: place for place, label in enumerate(classes.tolist())}
    unknown = [label for label in y.tolist() if label not in places]
    if unknown:
        raise ValueError(f"[fit] expected the classes of the fit, got {unknown[0]!r}")
    return np.array([places[label] for label in y.tolist()], np.int64)


def require_known(y: Any, classes: Any, *, is_matrix: bool) -> None:
    """Refuse targets that are not of the classes.

    Parameters
    ----------
    y : ndarray or sparse matrix of shape (B,) or (B, L)
    classes : ndarray of shape (K,), or a list of them
    is_matrix : bool
        Whether the fit's were an indicator matrix.

    Raises
    ------
    ValueError
        When one is none of them, or there are more or fewer a row.
    """
    several = isinstance(classes, list)
    width = 1 if y.ndim == 1 else y.shape[1]
    wanted = len(classes) if several or is_matrix else 1
    if width != wanted or (y.ndim == 2) != (several or is_matrix):
        raise ValueError(f"[fit] expected {wanted} targets a row, as those of the fit, got {width}")
    if is_matrix:
        if not type_of_target(y).startswith("multilabel"):
            raise ValueError("[fit] expected an indicator matrix of 0 and 1, as that of the fit")
        return
    columns = np.asarray(y).T if several else [y]
    for column, known in zip(columns, classes if several else [classes], strict=True):
        same_kind = (column.dtype.kind in "OUS") == (known.dtype.kind in "OUS")
        if not same_kind or len(np.setdiff1d(column, known)):
            new = column if not same_kind else np.setdiff1d(column, known)
            raise ValueError(
                f"[fit] expected the classes of the fit, {known}, got {new.tolist()[0]!r}"
            )
