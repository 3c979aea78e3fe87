"""The mean gradient on a line, exact, adaptive or by a fixed rule.

As everywhere in `paths`, the gradient is that by the sums of the first layer, (B, H).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wbcore.inspect.paths import Panels, Paths, panels_between_kinks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.float64_network import Floats

__all__ = ["Integral", "adaptive", "by_rule", "exact"]

#: Nodes of Gauss and Legendre in a panel: exact for polynomials up to degree 15, so that a panel
#: on which the gradient is smooth is done after one comparison.
_NODES = 8
#: A panel of width 2**-48 is as narrow as a float64 t near 1 still tells apart from its neighbours.
_MOST_BISECTIONS = 48
#: Panels of a line that are halved at once. A gradient that jumps has one or two a jump; where more
#: than these do not agree, it is roundings that differ, and halving would only double their number.
_MOST_PANELS = 1 << 10
_ROUNDINGS = 2.0**-44
#: Below this width panels have a fixed share of the tolerance: where the gradient jumps, the error
#: shrinks only as fast as the width, and a share that shrinks with it would never be met.
_NARROW = 1 / 64


class Integral(NamedTuple):
    """The mean gradient (B, H) on each line, and in how many points it was taken, (B,)."""

    slopes: Floats
    points: NDArray[np.int64]


def exact(paths: Paths) -> Integral:
    """Of straight pieces: between two kinks the gradient is that of the middle."""
    panels = panels_between_kinks(paths)
    slopes = paths.slopes(panels.places, panels.middle) * panels.width[:, None]
    return Integral(paths.added(slopes, panels.places), paths.counted(panels.places))


def by_rule(paths: Paths, n: int) -> Integral:
    """The rule of Gauss and Legendre with n nodes on the whole line, as Captum has it.

    Captum rounds the weights to float32, which moves the integral by up to 6e-8 of itself. So does
    this rule, whose purpose is to be compared: else the two agreed to eight digits only.
    """
    nodes, weights = _rule(n)
    weights = weights.astype(np.float32).astype(np.float64)
    total = np.zeros_like(paths.start)
    places = np.arange(len(total))
    for node, weight in zip(nodes, weights, strict=True):
        total += weight * paths.slopes(places, np.full(len(places), node))
    return Integral(total, np.full(len(places), n))


def adaptive(paths: Paths, reach: Floats, tolerance: Floats) -> Integral:
    """Panels, halved until a rule on both halves agrees with that on the whole.

    They begin at the kinks of those first layers that are made of straight pieces. A panel is done
    when the two differ by no more than its share of the tolerance in the sum over all features, and
    when the integral along the line meets the difference of F at the panel's ends as well, which
    notices what lies between the nodes.

    Parameters
    ----------
    paths : Paths
    reach : ndarray of shape (B, H)
        How much a slope of 1 by a sum can contribute to all features together: |x - x0| |W|.
    tolerance : ndarray of shape (B,)
    """
    panels = panels_between_kinks(paths)
    whole = _on(paths, panels)
    total = np.zeros_like(paths.start)
    points = _NODES * paths.counted(panels.places)
    for depth in range(_MOST_BISECTIONS + 1):
        halves = panels.halves()
        on_halves = _on(paths, halves)
        points += _NODES * paths.counted(halves.places)
        better = on_halves[::2] + on_halves[1::2]
        share = tolerance[panels.places] * np.maximum(panels.width, _NARROW)
        done = _error(paths, panels, whole, better, reach) <= share
        # what is given up shows in the residual
        done |= (paths.counted(panels.places[~done]) > _MOST_PANELS)[panels.places]
        done |= depth == _MOST_BISECTIONS
        total += paths.added(better[done], panels.places[done])
        if done.all():
            break
        left = np.repeat(~done, 2)
        panels, whole = halves.chosen(left), on_halves[left]
    return Integral(total, points)


def _error(paths: Paths, panels: Panels, whole: Floats, halves: Floats, reach: Floats) -> Floats:
    """By how much whole and halves, or the integral and the change of F, differ, (n,).

    Beyond what roundings do to either: a few hundred units in the last place of what is added up.
    """
    places = panels.places
    low, high = (paths.values(places, t) for t in (panels.low, panels.high))
    along = (halves * (paths.end - paths.start)[places]).sum(axis=1)
    differ = (np.abs(halves - whole) * reach[places]).sum(axis=1)
    sizes = (np.abs(halves) * reach[places]).sum(axis=1) + np.abs(low) + np.abs(high)
    error: Floats = np.maximum(differ, np.abs(along - (high - low))) - _ROUNDINGS * sizes
    return error


def _on(paths: Paths, panels: Panels) -> Floats:
    """The integral over each panel, (n, H)."""
    total = np.zeros((len(panels.places), paths.start.shape[1]))
    for node, weight in zip(*_rule(_NODES), strict=True):
        total += weight * paths.slopes(panels.places, panels.low + node * panels.width)
    return total * panels.width[:, None]


def _rule(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss and Legendre from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2
