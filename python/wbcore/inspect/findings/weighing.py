"""Weights of rows and classes, refused as `fit` refuses them: nobody looks at what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._loss_function import LossFunction
    from wbcore._view import Foreign
    from wbcore.history import History
    from wbcore.network import Network

__all__ = ["are_weighed", "were_weighed"]

_LEAST, _LARGEST = 1e-18, 1e18  # cpp/include/wbcore/input.hpp


def are_weighed(
    operation: str,
    net: Network,
    loss: str | LossFunction | None,
    y: NDArray[Any],
    *,
    sample_weight: Foreign,
    class_weight: Foreign,
) -> bool:
    """Whether rows or classes are weighed.

    Raises
    ------
    TypeError, ValueError
        As `fit`.
    """
    if sample_weight is not None:
        _require_weights(operation, sample_weight, len(y))
    if loss is not None and not isinstance(loss, str):
        loss.require_takes(operation, sample_weight, class_weight)
    elif loss is not None and class_weight is not None:
        finite = y[np.isfinite(y).reshape(len(y), -1).all(axis=1)]  # what is not is a finding
        row_weights(operation, net, loss, finite, sample_weight=None, class_weight=class_weight)
    return sample_weight is not None or class_weight is not None


def were_weighed(*histories: History | None) -> bool | None:
    """Whether rows or classes were weighed in a fit; of the first that knows, None if none does."""
    for history in histories:
        if history is None:
            continue
        if history._weighed is not None:
            return history._weighed
        read = history._beginning  # of a text, where the fit was one with `track`
        if read is not None and read["samples"]["y"] is not None:  # not of a source
            weights = read["settings"]["class_weight"], read["samples"]["sample_weight"]
            return any(weight is not None for weight in weights)
    return None


def _require_weights(operation: str, sample_weight: Foreign, rows: int) -> None:
    weights = _arguments.real_array(operation, "sample_weight", sample_weight)
    if weights.shape != (rows,):
        raise ValueError(
            f"[{operation}] expected sample_weight of shape ({rows},), one for each row of X, got "
            f"shape {weights.shape}"
        )
    wrong = np.flatnonzero(~((weights >= 0) & (weights <= _LARGEST)))
    if len(wrong):
        at = int(wrong[0])
        raise ValueError(
            f"[{operation}] expected sample_weight of numbers from 0 to 1e18, got "
            f"{weights[at]:.6g} at sample_weight[{at}]"
        )
    if not (weights >= _LEAST).any():
        raise ValueError(
            f"[{operation}] expected weights of rows with a number of at least 1e-18, got none: no "
            f"row would count"
        )
