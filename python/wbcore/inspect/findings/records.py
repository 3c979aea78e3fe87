"""What records of a training say, where it was tracked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.history import History

__all__ = ["last_active", "update_ratios"]


def update_ratios(history: History) -> list[list[float]]:
    """Of each layer's weights: the update of a recorded batch over the weights before it.

    Empty lists where the training was not tracked, or by a version that recorded no updates.
    """
    found: list[list[float]] = []
    for record in history.parameters:
        for place, layer in enumerate(record):
            if place == len(found):
                found.append([])
            ratio = getattr(layer.weights, "update_ratio", math.nan)
            if math.isfinite(ratio):
                found[place].append(ratio)
    return found


def last_active(history: History, layer: int, units: NDArray[np.int64]) -> tuple[int, int] | None:
    """How many rows the last record counted, and in how many of them one of these units was active.

    None where the training was not tracked.
    """
    if not len(history.parameters):
        return None
    counted = getattr(history.parameters[-1][layer], "units", None)
    if counted is None or counted.active is None or not counted.rows:
        return None
    return int(counted.rows), int(np.asarray(counted.active)[units].max())
