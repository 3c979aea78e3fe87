"""Intervals that hold a mean, or a correlation, in 95 of 100 repetitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Interval", "correlation_interval", "mean_interval", "t_quantile"]

_LEVEL = 0.95
_NORMAL = 1.959963984540054  # the quantile of 0.975 of the normal distribution

# Up to here Student's distribution is summed term by term; beyond, two terms of its expansion in
# 1 / degrees are within 3e-6 of it.
_MOST_DEGREES = 1000


class Interval(NamedTuple):
    """An estimate and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of independent values and Student's interval of it; NaN as its ends for one value.

    Examples
    --------
    >>> from wbcore.inspect.intervals import mean_interval
    >>> mean, low, high = mean_interval([1.0, 2.0, 3.0])
    >>> mean, round(low, 3), round(high, 3)
    (2.0, -0.484, 4.484)
    """
    n = len(values)
    # in a unit in which neither a sum nor a square overflows
    unit = 2.0 ** max(-1000, min(math.frexp(max(map(abs, values)))[1], 1000))
    scaled = [value / unit for value in values]
    mean = math.fsum(scaled) / n
    if n < 2:
        return Interval(mean * unit, math.nan, math.nan)
    variance = math.fsum((value - mean) ** 2 for value in scaled) / (n - 1)
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return Interval(mean * unit, (mean - half) * unit, (mean + half) * unit)


def correlation_interval(r: float, n: int) -> Interval:
    """Pearson's r of n pairs and its interval by Fisher's z; NaN as its ends below four pairs.

    atanh(r) has nearly the standard deviation 1 / sqrt(n - 3), for independent pairs of a normal
    distribution (R. A. Fisher, "On the 'probable error' of a coefficient of correlation deduced
    from a small sample", Metron 1, 1921).

    Examples
    --------
    >>> from wbcore.inspect.intervals import correlation_interval
    >>> r, low, high = correlation_interval(0.5, 28)
    >>> round(low, 3), round(high, 3)
    (0.156, 0.736)
    """
    if n < 4 or math.isnan(r):
        return Interval(r, math.nan, math.nan)
    if abs(r) == 1:
        return Interval(r, r, r)
    half = _NORMAL / math.sqrt(n - 3)
    return Interval(r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


def t_quantile(degrees: int) -> float:
    """The t that Student's variable of so many degrees stays within, in 95 of 100 cases."""
    if degrees > _MOST_DEGREES:
        return _NORMAL + (_NORMAL**3 + _NORMAL) / (4 * degrees)
    low, high = 0.0, math.pi / 2
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if _within(middle, degrees) < _LEVEL else (low, middle)
    return math.tan(high) * math.sqrt(degrees)


def _within(angle: float, degrees: int) -> float:
    """P(|T| < t) for t = sqrt(degrees) tan(angle): Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = 0.0
    for k in range(1 + odd, degrees, 2):
        total += term
        term *= cosine * cosine * k / (k + 1)
    total *= sine
    return 2 / math.pi * (angle + total) if odd else total
