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

__all__ = ["balanced", "row_weights"]

_MOST = 1e18  # that a row may weigh


def row_weights(
    X: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Any = None,
) -> NDArray[Any] | None:
    """The weights of rows, or None when all count 1.

    Parameters
    ----------
    X : of shape (B, I)
    y : of shape (B,) or (B, L)
    sample_weight : array-like of shape (B,), optional
    class_weight : dict, "balanced", a list of dicts, optional

    Raises
    ------
    ValueError
        When one of them is negative, or a class is not known.
    """
    weights = None
    if sample_weight is not None:
        weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if class_weight is None:
        return weights
    _require_numbers(class_weight)
    if isinstance(class_weight, list) and np.ndim(y) == 1 and class_weight:
        raise TypeError(
            f"[fit] expected class_weight to be a dict or 'balanced' for one decision, "
            f"got {_arguments.shown(class_weight)}"
        )
    if isinstance(class_weight, str) and class_weight == "balanced" and np.ndim(y) == 1:
        class_weight = balanced(y, weights)
    if isinstance(class_weight, Mapping) and np.ndim(y) == 1:
        unknown = [label for label in class_weight if label not in y]
        of_classes: NDArray[Any] = compute_sample_weight(
            {label: w for label, w in class_weight.items() if label not in unknown}, y
        )
    else:
        of_classes = compute_sample_weight(class_weight, y)
    if weights is None:
        return of_classes
    product: NDArray[Any] = weights * of_classes
    if product.size and product.max() > _MOST >= weights.max():
        raise ValueError(
            f"[fit] expected sample_weight times class_weight up to {_MOST:g}, "
            f"got {product.max():g}"
        )
    return product


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


def balanced(y: NDArray[Any], sample_weight: Any) -> dict[Any, float]:
    """Of each class n / (classes * count), over the classes that have any weight.

    Rows are counted by their sample weights, so that a weight of 2 is a row twice.
    """
    classes, labels = np.unique(y, return_inverse=True)
    counts = np.bincount(labels, sample_weight).astype(np.float64)
    present = counts > 0
    table = np.ones(len(counts))
    table[present] = counts.sum() / (present.sum() * counts[present])
    return dict(zip(classes.tolist(), table.tolist(), strict=True))
