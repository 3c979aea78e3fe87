"""What records of a training say, where it was tracked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbcore.history import History

__all__ = ["update_ratios"]


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
