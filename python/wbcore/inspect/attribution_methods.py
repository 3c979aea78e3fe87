"""The methods of attribution, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._view import dense, n_rows
from wbcore.inspect.path_integral import adaptive, by_rule, exact
from wbcore.inspect.paths import Paths, is_straight
from wbcore.inspect.row_losses import require_finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._view import Foreign
    from wbcore.inspect.column_groups import Groups
    from wbcore.inspect.float64_network import Float64Network, Floats
    from wbcore.inspect.path_integral import Integral
    from wbcore.inspect.paths import Scalar

__all__ = ["Found", "Rows", "attributed"]

#: Elements of arrays that are worked on at once: 32 MB.
_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Rows:
    """Rows and their baselines, which become float64 some at a time.

    Parameters
    ----------
    operation : str
    net : Float64Network
    X : ndarray or sparse matrix of shape (B, I)
    baseline : ndarray of shape (I,) or (B, I)
    """

    operation: str
    net: Float64Network
    X: NDArray[Any] | Foreign
    baseline: Floats

    def __len__(self) -> int:
        return n_rows(self.X)

    def blocks(self, elements: int) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
        """Row numbers, rows and baselines of so many rows that each may have so many elements."""
        size = max(1, _AT_ONCE // elements)
        for begin in range(0, len(self), size):
            given = dense(self.X[begin : begin + size])
            x = np.ascontiguousarray(given, np.float64)
            _arguments.require_finite(self.operation, "X", given, x, first=begin)
            x0 = self.baseline if self.baseline.ndim == 1 else self.baseline[begin : begin + size]
            x0 = np.ascontiguousarray(np.broadcast_to(x0, x.shape))
            yield np.arange(begin, begin + len(x)), x, x0

    def last_sums(self) -> Floats:
        """The last layer's sums of all rows, (B, O)."""
        width = sum(layer.outputs for layer in self.net.structure) + self.net.inputs
        return np.concatenate([self.net.last_sums(x) for _, x, _ in self.blocks(width)])


@dataclass(frozen=True)
class Found:
    """Of all rows: what features contribute (B, n_groups), to what (B,), from how many points.

    What they contribute to is `change`, F(x) - F(baseline), and `start` is F(baseline).
    """

    values: Floats
    change: Floats
    start: Floats
    points: NDArray[np.int64]


def attributed(
    rows: Rows,
    scalar: Scalar,
    method: str,
    groups: Groups,
    *,
    n_steps: int | None,
    tolerance: float,
) -> Found:
    """What each group of columns contributes to the scalar, by a method of `attribution`."""
    net = rows.net
    n = len(rows)
    values = np.empty((n, len(groups.names)))
    found = Found(values, np.empty(n), np.empty(n), np.ones(n, np.int64))
    # a line of a network of straight pieces has about as many points as there are units
    units = sum(layer.outputs for layer in net.structure)
    points = units if method == "integrated_gradients" else 1
    for places, x, x0 in rows.blocks(units * points + net.inputs):
        paths = Paths(net, scalar, net.first_sums(x0), net.first_sums(x), places)
        here, there = (_value(rows.operation, paths, sums) for sums in (paths.end, paths.start))
        found.change[places], found.start[places] = here - there, there
        if method == "occlusion":
            found.values[places] = _occlusion(rows.operation, paths, x - x0, groups)
            found.points[places] = len(groups.names) + 1
            continue
        slopes = paths.slopes(np.arange(len(x)), np.ones(len(x)))
        if method == "integrated_gradients":
            bound = tolerance * np.maximum(1.0, np.abs(here - there))
            integral = _integral(paths, net.reach(x - x0), n_steps, bound)
            slopes, found.points[places] = integral
        dX = net.input_slopes(slopes)
        is_saliency = method == "saliency"
        found.values[places] = np.abs(dX) if is_saliency else _added(dX * (x - x0), groups)
    return found


def _integral(paths: Paths, reach: Floats, n_steps: int | None, tolerance: Floats) -> Integral:
    if n_steps is not None:
        return by_rule(paths, n_steps)
    if is_straight(paths.net, paths.scalar):
        return exact(paths)
    return adaptive(paths, reach, tolerance)


def _value(operation: str, paths: Paths, sums: Floats) -> Floats:
    last = paths.net.sums(sums)[-1]
    require_finite(operation, last)  # of which there is no loss
    values = paths.scalar.value(last, paths.rows)
    if not np.isfinite(values).all():
        row = int(paths.rows[np.argmin(np.isfinite(values))])
        raise ValueError(
            f"[{operation}] expected outputs to be finite in float64, got those of row {row} or "
            f"of its baseline"
        )
    return values


def _occlusion(operation: str, paths: Paths, step: Floats, groups: Groups) -> Floats:
    """F of each row minus F of it with the columns of each group as in the baseline."""
    here = _value(operation, paths, paths.end)
    found = np.empty((len(step), len(groups.names)))
    for g, columns in enumerate(groups.columns):
        sums = paths.end.copy()
        for column in columns:
            sums -= step[:, column, None] * paths.net.first_weights[column]
        found[:, g] = here - _value(operation, paths, sums)
    return found


def _added(values: Floats, groups: Groups) -> Floats:
    """The values of the columns of each group."""
    if all(len(columns) == 1 for columns in groups.columns):
        return values[:, np.concatenate(groups.columns)]
    return np.stack([values[:, columns].sum(axis=1) for columns in groups.columns], axis=1)
