"""Labels of classes in object arrays, which may be numbers beside texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from wbcore._arguments import row_of_table, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "are_mixed",
    "are_of_columns",
    "distinct_labels",
    "has_mixed_classes",
    "numbered",
    "require_classes",
    "require_known",
    "require_none_missing",
    "same_type",
    "unknown",
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


def has_mixed_classes(estimator: Any) -> bool:
    """Whether an estimator was fitted to texts beside whole numbers."""
    classes = estimator.__dict__.get("classes_")
    return isinstance(classes, np.ndarray) and are_mixed(classes)


def are_of_columns(y: Any) -> bool:
    """Whether labels of several decisions are texts and whole numbers."""
    return y.dtype == object and y.ndim == 2 and are_mixed(y.ravel())


def require_classes(y: Any) -> None:
    """Refuse targets that are no labels of classes.

    Raises
    ------
    ValueError
        When they are none, or one is missing.
    """
    if not hasattr(y, "tocsr") and (are_mixed(y) or are_of_columns(y)):
        return
    try:
        check_classification_targets(y)
    except (TypeError, ValueError) as error:
        require_none_missing(y)
        if isinstance(error, ValueError):
            raise
        labels = np.asarray(y, object).ravel().tolist()
        odd = next((label for label in labels if not isinstance(label, (str, *_WHOLE))), None)
        raise ValueError(
            f"[fit] expected y to be texts, whole numbers or both, got {shown(odd)}"
        ) from None


def distinct_labels(y: NDArray[Any]) -> NDArray[Any]:
    """The different labels, (K,), in their order: numbers, then texts."""
    y = same_type(y)
    if not are_mixed(y):
        return np.unique(y)
    found = sorted({*y.tolist()}, key=lambda label: (isinstance(label, str), label))
    classes = np.empty(len(found), object)
    classes[:] = found
    return classes


def numbered(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int32]:
    """Which class each label is, (B,); all are among them."""
    if not are_mixed(classes):
        return np.searchsorted(classes, y).astype(np.int32)
    places = {label: place for place, label in enumerate(classes.tolist())}
    return np.array([places[label] for label in y.tolist()], np.int32)


def unknown(y: NDArray[Any], classes: NDArray[Any]) -> list[Any]:
    """The labels that are none of the classes, each once."""
    known = set(classes.tolist())
    return [label for label in dict.fromkeys(y.tolist()) if label not in known]


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
        if new := unknown(column, known):
            raise ValueError(f"[fit] expected the classes of the fit, {known}, got {new[0]!r}")
