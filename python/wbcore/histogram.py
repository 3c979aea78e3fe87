"""Counts of numbers by the bits of their floats: no range to choose, equal on every machine."""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wbcore import _arguments, _core, _record_bytes

__all__ = ["Histogram"]

_HALF = 2048  # bins of either sign: 256 exponents, 8 parts of each
_EXPONENTS = (np.arange(256)[:, None] - 127).astype(np.float64)


def _lower_edges() -> NDArray[np.float64]:
    """Of the sizes in each bin of a sign; one more is the upper edge of the last."""
    parts = 1 + np.arange(8) / 8
    edges = 2.0**_EXPONENTS * parts
    edges[0] = 2.0**-126 * (parts - 1)  # denormal numbers have no leading 1
    return np.append(edges.reshape(-1), 2.0**129)


def _whole(name: str, value: object) -> NDArray[np.int64]:
    if not (type(value) is np.ndarray and value.dtype.kind in "iu"):  # as those of records are
        array = _arguments.real_array("Histogram", name, value)
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(
                f"[Histogram] expected {name} to be whole numbers, got dtype {array.dtype}"
            )
        value = array
    return np.asarray(value, np.int64)


class Histogram:
    """How many finite numbers lie in each bin, and how many are zeros.

    A bin is what the first 12 bits of a float32 say: its sign, its exponent, and three bits of its
    fraction. So each power of two is cut into 8 bins, and a bin's upper edge is at most 12.5 %
    above its lower one, from 2^-126 to 2^128. Numbers of float64 are counted by the same bits:
    those below are in the first eight bins and those above in the last ones, whose edges, and with
    them quantiles, then say no more than that. Zeros are counted apart, NaN and infinities not at
    all.

    Parameters
    ----------
    bins : array-like of int, shape (K,)
        Their numbers, ascending, from 0 to 4095.
    counts : array-like of int, shape (K,)
        How many numbers each has.
    zeros : int, default 0
    min, max : float, optional
        The least and the largest number, where they are known: quantiles do not go beyond them.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, bins do not ascend from 0 to 4095, or there are not
        as many counts.

    Examples
    --------
    >>> from wbcore.histogram import Histogram
    >>> histogram = Histogram.of([0.5, 0.5, -2.0, 0.0])
    >>> histogram.n, histogram.zeros
    (4, 1)
    >>> [[float(edge) for edge in interval] for interval in histogram.intervals]
    [[0.5, 0.5625], [-2.25, -2.0]]
    >>> (histogram + histogram).n
    8
    """

    __slots__ = ("bins", "counts", "max", "min", "zeros")

    def __init__(
        self,
        bins: object,
        counts: object,
        zeros: int = 0,
        *,
        min: float = math.nan,  # noqa: A002, as of arrays
        max: float = math.nan,  # noqa: A002, likewise
    ) -> None:
        self.bins, self.counts = _whole("bins", bins), _whole("counts", counts)
        self.zeros = _arguments.integer("Histogram", "zeros", zeros, low=0, high=2**63 - 1)
        self.min, self.max = (
            _arguments.number("Histogram", name, end, expected="a number", allowed=lambda _: True)
            for name, end in (("min", min), ("max", max))
        )
        if self.bins.shape != self.counts.shape or self.bins.ndim != 1:
            raise ValueError(
                f"[Histogram] expected as many counts as bins, got {self.counts.shape} and "
                f"{self.bins.shape}"
            )
        if self.counts.size and self.counts.min() < 0:
            raise ValueError("[Histogram] expected counts of at least 0, got less")
        is_sorted = bool((np.diff(self.bins) > 0).all())
        if self.bins.size and (self.bins[0] < 0 or self.bins[-1] >= 2 * _HALF or not is_sorted):
            raise ValueError("[Histogram] expected ascending bins from 0 to 4095, got others")

    @classmethod
    def of(cls, values: object) -> Histogram:
        """The histogram of an array.

        Parameters
        ----------
        values : array-like of float
            float64, unless it is an array of float32.

        Returns
        -------
        Histogram

        Raises
        ------
        TypeError, ValueError
            When it is none of real numbers.
        """
        array = _arguments.real_array("Histogram", "values", values)
        dtype = np.float32 if array.dtype == np.float32 else np.float64
        with np.errstate(over="ignore"):  # of a longdouble, which is infinite then
            record = _core.array_record(np.ascontiguousarray(array, dtype).reshape(-1))
        fields = _record_bytes.parsed(record)["layers"][0]["weights"]
        ends = {name: fields[name] for name in ("min", "max")}
        return cls(fields["bins"], fields["counts"], fields["zeros"], **ends)

    @property
    def n(self) -> int:
        """How many numbers there are, zeros among them."""
        return int(self.counts.sum()) + self.zeros

    @property
    def intervals(self) -> NDArray[np.float64]:
        """From where to where each bin goes, shape (K, 2), ascending by bin, negative ones last.

        A positive bin has its lower edge, a negative one its upper edge, the other one not.
        """
        edges, size = _lower_edges(), self.bins % _HALF
        low, high = edges[size], edges[size + 1]
        negative = self.bins >= _HALF
        return np.where(negative[:, None], np.stack([-high, -low], 1), np.stack([low, high], 1))

    @overload
    def quantile(self, q: float) -> float: ...
    @overload
    def quantile(self, q: ArrayLike) -> float | NDArray[np.float64]: ...
    def quantile(self, q: ArrayLike) -> float | NDArray[np.float64]:
        """A number in the bin in which the quantile lies, 0 where that is a zero.

        The order statistic of number ``floor(q (n - 1))``, counted from 0, is in that bin; the
        middle of the bin, which is given, lies at most 6.3 % beside it; it is held to the least and
        the largest number where these are known.

        Parameters
        ----------
        q : float, or array-like of float
            From 0 to 1.

        Returns
        -------
        float, or ndarray of the shape of q
            NaN of no numbers.

        Raises
        ------
        TypeError, ValueError
            When q is no number from 0 to 1.
        """
        if np.ndim(q):
            every = np.asarray(q)
            found = [self.quantile(one) for one in every.reshape(-1).tolist()]
            return np.array(found, np.float64).reshape(every.shape)
        expected = "a number from 0 to 1"
        place = _arguments.number(
            "quantile", "q", q, expected=expected, allowed=lambda value: 0 <= value <= 1
        )
        if self.n == 0:
            return math.nan
        low, high = self._interval(int(place * (self.n - 1)))
        middle = (low + high) / 2
        # a comparison with NaN, an end that is not known, is False
        if middle < self.min:
            return self.min
        return self.max if middle > self.max else middle

    def _interval(self, place: int) -> tuple[float, float]:
        """Of the number at that place of all, in ascending order."""
        intervals = self.intervals
        first = int(np.searchsorted(self.bins, _HALF))
        # from the largest size of the negative ones to the least, zeros, then the positive ones
        counts = np.concatenate([self.counts[first:][::-1], [self.zeros], self.counts[:first]])
        every = np.concatenate([intervals[first:][::-1], [[0.0, 0.0]], intervals[:first]])
        low, high = every[np.searchsorted(np.cumsum(counts), place, side="right")]
        return float(low), float(high)

    def __add__(self, other: Histogram) -> Histogram:
        """Of the numbers of both."""
        if not isinstance(other, Histogram):
            return NotImplemented
        bins = np.union1d(self.bins, other.bins)
        counts = np.zeros(len(bins), np.int64)
        for one in (self, other):
            counts[np.searchsorted(bins, one.bins)] += one.counts
        ends = {"min": min(self.min, other.min), "max": max(self.max, other.max)}
        if not all(one.n and one.min <= one.max for one in (self, other)):
            ends = {}
        return Histogram(bins, counts, self.zeros + other.zeros, **ends)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return (
            np.array_equal(self.bins, other.bins)
            and np.array_equal(self.counts, other.counts)
            and self.zeros == other.zeros
        )

    __hash__ = None  # type: ignore[assignment]  # equal by NaN and arrays: as lists

    def __repr__(self) -> str:
        return f"<Histogram: {self.n} numbers, {self.zeros} zeros, {len(self.bins)} bins>"
