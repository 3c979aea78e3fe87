"""Five numbers of weights and of biases: what `Network.statistics` gives of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LayerStatistics", "Statistics", "exponent_of", "layer_statistics", "statistics_of"]


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


def exponent_of(values: NDArray[np.float64]) -> int:
    """The e for which the largest absolute value lies from 2^(e - 1) to 2^e.

    0 of zeros, of none, and where some are not finite.

    So `ldexp(values, -e)` are the same numbers in a unit in which no sum or square overflows.
    """
    largest = np.max(np.abs(values), initial=0.0)
    return int(np.frexp(largest)[1]) if np.isfinite(largest) else 0


def statistics_of(values: NDArray[np.float64]) -> Statistics:
    """Of finite numbers, however large or small; NaN of none.

    The core's are the same for numbers whose squares and sums are normal numbers of float64.
    """
    if not values.size:
        return Statistics(*[float("nan")] * 5)
    exponent = exponent_of(values)
    with np.errstate(under="ignore"):
        scaled = np.ldexp(values, -exponent)
        moments = scaled.mean(), np.abs(scaled).mean(), scaled.std()
        mean, mean_abs, std = (float(np.ldexp(moment, exponent)) for moment in moments)
    return Statistics(mean, mean_abs, std, float(values.min()), float(values.max()))
