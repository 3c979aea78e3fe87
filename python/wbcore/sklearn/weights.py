"""What each row counts: sample weights times those of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight

from wbcore import _arguments

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["balanced", "row_weights", "weights_by_class"]

_MOST = 1e18  # that a row may weigh


def row_weights(
    X: Any, sample_weight: Any, of_classes: NDArray[Any] | None = None
) -> NDArray[Any] | None:
    """The weights of rows, or None when all count 1.

    Parameters
    ----------
    X : of shape (B, I)
    sample_weight : array-like of shape (B,), optional
    of_classes : ndarray of shape (B,), optional
        As `weights_by_class` gives them.

    Raises
    ------
    ValueError
        When one is negative, or a product too large.
    """
    weights = None
    if sample_weight is not None:
        weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if of_classes is None or weights is None:
        return of_classes if weights is None else weights
    product: NDArray[Any] = weights * of_classes
    if product.size and product.max() > _MOST >= weights.max():
        raise ValueError(
            f"[fit] expected sample_weight times class_weight up to {_MOST:g}, "
            f"got {product.max():g}"
        )
    return product


def weights_by_class(
    class_weight: Any, numbers: NDArray[Any], classes: list[NDArray[Any]]
) -> NDArray[Any]:
    """What class_weight lets rows count.

    Parameters
    ----------
    class_weight : dict, "balanced", a list of dicts
    numbers : ndarray of int of shape (B,) or (B, L)
        Which class each row has, of each decision.
    classes : list of ndarray
        The labels that there are, of each decision.

    Returns
    -------
    ndarray of shape (B,)

    Raises
    ------
    TypeError, ValueError
        When a weight is no number, or it names other classes than there are.
    """
    _require_numbers(class_weight)
    if isinstance(class_weight, list) and numbers.ndim == 1 and class_weight:
        raise TypeError(
            f"[fit] expected class_weight to be a dict or 'balanced' for one decision, "
            f"got {_arguments.shown(class_weight)}"
        )
    found: NDArray[Any] = np.ones(len(numbers))
    if isinstance(class_weight, Mapping) and numbers.ndim == 1:
        found = _table(class_weight, classes[0])[numbers]
    elif isinstance(class_weight, list) and len(class_weight) == len(classes):
        for each, labels, column in zip(class_weight, classes, numbers.T, strict=True):
            is_table = isinstance(each, Mapping)
            own = _table(each, labels)[column] if is_table else compute_sample_weight(each, column)
            found = found * own
    else:  # "balanced", and what is refused
        found = compute_sample_weight(class_weight, numbers)
    return found


def _table(class_weight: Mapping[Any, Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The weight of each class; a label too many is a mistake where a class has none.

    That is scikit-learn's rule, in its words, but of all classes: these rows may lack some.
    """
    without = [label for label in labels if label not in class_weight]
    if without and len(labels) - len(without) != len(class_weight):
        shown = np.array(without, labels.dtype).tolist()
        raise ValueError(f"The classes, {shown}, are not in class_weight")
    return np.array([class_weight.get(label, 1.0) for label in labels], np.float64)


def _require_numbers(class_weight: object) -> None:
    """Refuse weights that are no numbers; whether they are negative is asked of those of rows."""
    for each in class_weight if isinstance(class_weight, list) else [class_weight]:
        if isinstance(each, Mapping):
            for label, weight in each.items():
                name = f"the weight of class {_arguments.shown(label)} in class_weight"
                if not isinstance(weight, (bool, np.bool_)):
                    _arguments.number(
                        "fit", name, weight, expected="a number", allowed=lambda _: True
                    )
        elif each is not None and not (isinstance(each, str) and each == "balanced"):
            raise TypeError(
                f"[fit] expected each of class_weight to be a dict, 'balanced' or None, "
                f"got {_arguments.shown(each)}"
            )


def balanced(numbers: NDArray[Any], count: int, sample_weight: Any) -> NDArray[np.float64]:
    """Of each of so many classes n / (classes * rows of it), of those that have any weight.

    Rows are counted by their sample weights, so that a weight of 2 is a row twice.
    """
    counts = np.bincount(numbers, sample_weight, count).astype(np.float64)
    present = counts > 0
    table = np.ones(count)
    table[present] = counts.sum() / (present.sum() * counts[present])
    return table
