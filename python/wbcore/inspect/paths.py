"""The straight lines from baselines to rows, and where a network bends on them.

Everything is in the sums of the first layer (`float64_network`): a line goes from Z0 to Z1, and its
point at t, from 0 to 1, is Z0 + t (Z1 - Z0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from wbcore.inspect.float64_network import Float64Network, kinks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.float64_network import Floats

__all__ = ["Panels", "Paths", "Scalar", "is_straight", "panels_between_kinks"]

#: Elements of arrays that are worked on at once: 16 MB.
_AT_ONCE = 1 << 21


class Scalar(Protocol):
    """F: a number for each row, of the last layer's sums."""

    @property
    def straight(self) -> bool:
        """Whether it is made of straight pieces that meet at the kinks of the last activation."""

    @property
    def reads_activation(self) -> bool:
        """Whether the last activation is a part of it."""

    def value(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """F (n,) of the last layer's sums (n, O), which belong to these rows."""

    def slope(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """Its gradient by them, (n, O)."""


class Panels(NamedTuple):
    """Parts of lines, from low to high; in the order of the lines, and of t on each."""

    places: NDArray[np.int64]
    low: Floats
    high: Floats

    @property
    def width(self) -> Floats:
        """Of each."""
        return self.high - self.low

    @property
    def middle(self) -> Floats:
        """Of each."""
        return self.low + self.width / 2

    def halves(self) -> Panels:
        """Two panels in place of each."""
        low = np.stack([self.low, self.middle], axis=1).ravel()
        high = np.stack([self.middle, self.high], axis=1).ravel()
        return Panels(np.repeat(self.places, 2), low, high)

    def chosen(self, which: NDArray[np.bool_]) -> Panels:
        """Some of them."""
        return Panels(self.places[which], self.low[which], self.high[which])


@dataclass(frozen=True)
class Paths:
    """B lines, and what changes along them.

    Parameters
    ----------
    net : Float64Network
    scalar : Scalar
    start, end : ndarray of shape (B, H)
        Of the lines, as the first layer's sums.
    rows : ndarray of shape (B,)
        By which the scalar knows them.
    """

    net: Float64Network
    scalar: Scalar
    start: Floats
    end: Floats
    rows: NDArray[np.int64]

    def at(self, places: NDArray[np.int64], t: Floats) -> Floats:
        """The sums at t (n,) of the lines in these places, (n, H)."""
        start = self.start[places]
        return start + t[:, None] * (self.end[places] - start)

    def slopes(self, places: NDArray[np.int64], t: Floats) -> Floats:
        """The gradient of F by the sums there, (n, H)."""
        found = np.empty((len(places), self.start.shape[1]))
        for part in self._parts(len(places)):
            sums = self.net.sums(self.at(places[part], t[part]))
            dZ = self.scalar.slope(sums[-1], self.rows[places[part]])
            found[part] = self.net.first_slopes(sums, dZ)
        return found

    def values(self, places: NDArray[np.int64], t: Floats) -> Floats:
        """F there, (n,)."""
        found = np.empty(len(places))
        for part in self._parts(len(places)):
            sums = self.net.sums(self.at(places[part], t[part]))
            found[part] = self.scalar.value(sums[-1], self.rows[places[part]])
        return found

    def _parts(self, n: int) -> Iterator[slice]:
        """Slices of n points, as many at once as memory is meant for."""
        size = max(1, _AT_ONCE // sum(layer.outputs for layer in self.net.structure))
        return (slice(begin, begin + size) for begin in range(0, n, size))

    def added(self, values: Floats, places: NDArray[np.int64]) -> Floats:
        """The sums (B, H) of what belongs to each line; places ascend."""
        total = np.zeros_like(self.start)
        if len(places):
            first = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
            total[places[first]] = np.add.reduceat(values, first, axis=0)
        return total

    def counted(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many belong to each line, (B,)."""
        return np.bincount(places, minlength=len(self.start))


def is_straight(net: Float64Network, scalar: Scalar) -> bool:
    """Whether the scalar is a function of straight pieces of the input."""
    hidden = all(kinks_of(activation) is not None for activation in net.activations[:-1])
    return hidden and scalar.straight


def panels_between_kinks(paths: Paths) -> Panels:
    """The parts of the lines on which the first layers, as far as they have kinks, do not bend.

    Between two neighbouring points all sums of a layer are linear in t, once those points at which
    earlier layers bend are among them: so where they pass a kink follows from their values in the
    two.
    """
    n = len(paths.start)
    panels = Panels(np.arange(n), np.zeros(n), np.ones(n))
    last = len(paths.net.activations) - 1
    for layer, activation in enumerate(paths.net.activations):
        kinks = kinks_of(activation)
        if kinks is None or (layer == last and not paths.scalar.reads_activation):
            break
        if kinks:
            panels = _cut(panels, *_crossings(paths, panels, layer, kinks))
    return panels


def _crossings(
    paths: Paths, panels: Panels, layer: int, kinks: tuple[float, ...]
) -> tuple[NDArray[np.int64], Floats]:
    """Where the sums of a layer pass a kink strictly within a panel: lines, and t on them."""
    size = max(1, _AT_ONCE // paths.net.structure[layer].outputs)
    lines, found = [], []
    for begin in range(0, len(panels.places), size):
        end = begin + size
        places, low, high = panels.places[begin:end], panels.low[begin:end], panels.high[begin:end]
        left, right = (paths.net.sums(paths.at(places, t), layer + 1)[-1] for t in (low, high))
        for kink in kinks:
            before, after = left - kink, right - kink
            panel, unit = np.nonzero(np.sign(before) * np.sign(after) < 0)
            a, b = before[panel, unit], after[panel, unit]
            lines.append(places[panel])
            found.append(low[panel] + a / (a - b) * (high - low)[panel])
    return np.concatenate(lines), np.concatenate(found)


def _cut(panels: Panels, places: NDArray[np.int64], t: Floats) -> Panels:
    """Cut at these points."""
    places, low = np.concatenate([panels.places, places]), np.concatenate([panels.low, t])
    order = np.lexsort((low, places))
    places, low = places[order], low[order]
    is_last = np.r_[places[1:] != places[:-1], True]
    return Panels(places, low, np.where(is_last, 1.0, np.r_[low[1:], 1.0]))
