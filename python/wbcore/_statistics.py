"""Five numbers of weights and of biases: what `Network.statistics` gives of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["LayerStatistics", "Statistics", "layer_statistics"]


class Statistics(NamedTuple):
    """Of one array of parameters, in float64."""

    mean: float
    mean_abs: float
    """Mean of the absolute values."""
    std: float
    """Standard deviation, of the population."""
    min: float
    max: float


class LayerStatistics(NamedTuple):
    """Of one layer's weights, and of its biases."""

    weights: Statistics
    biases: Statistics | Any
    """None for a layer without biases; for type checkers as if all layers had some."""


def layer_statistics(raw: Sequence[Any]) -> tuple[LayerStatistics, ...]:
    """From the core's nested tuples."""
    return tuple(
        LayerStatistics(Statistics(*weights), biases and Statistics(*biases))
        for weights, biases in raw
    )
