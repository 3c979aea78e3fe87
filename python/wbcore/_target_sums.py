"""What is known of targets without inputs: their sums and quantiles, by the weights of rows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore.data._source import CheckedSource, as_blocks, is_source

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import Foreign
    from wbcore.network import Network

__all__ = ["Targets", "as_they_are", "from_one", "is_of_source", "read"]

_ROWS = 2**14  # of targets that are numbers of Python at a time

_Function = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


class Targets:
    """Weighted sums over the rows of targets: exact, rounded once, whatever their order.

    Parameters
    ----------
    operation : str
        Names errors.
    parts : callable
        Gives some rows of targets at a time, all over again: a large array is never copied whole,
        and a source is read.
    rows : int
        Those whose weight is not 0.
    weights : ndarray of shape (B,), optional
    """

    def __init__(
        self,
        operation: str,
        parts: Callable[[], Iterable[NDArray[Any]]],
        rows: int,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self._operation, self._parts, self._weights = operation, parts, weights
        self.total = float(rows) if weights is None else math.fsum(weights.tolist())
        self.half_a_row = 0.5 * (self.total / rows)

    def _weighted_parts(self) -> Iterator[tuple[NDArray[Any], NDArray[np.float64] | None]]:
        first = 0
        for part in self._parts():
            for start in range(0, len(part), _ROWS):
                targets = part[start : start + _ROWS]
                end = first + len(targets)
                yield targets, None if self._weights is None else self._weights[first:end]
                first = end

    def classes(self, outputs: int) -> list[float]:
        """Of each class, the weights of the rows that are of it."""
        counts = [0.0] * outputs
        sums = [_Sum() for _ in range(outputs)]
        for targets, weights in self._weighted_parts():
            if targets.ndim == 2:
                _add_columns(sums, targets, weights)
            elif weights is None:
                labels = targets.astype(np.intp)  # a copy: whoever writes into y meanwhile is late
                if labels.min() < 0 or labels.max() >= outputs:
                    raise ValueError(
                        f"[{self._operation}] expected labels y from 0 to {outputs - 1} all the "
                        f"time, got others when they were read again"
                    )
                found = np.bincount(labels, minlength=outputs)
                counts = [before + float(n) for before, n in zip(counts, found, strict=True)]
            else:
                for label, total in enumerate(sums):
                    total.add(weights[targets == label])
        return [n + total.value() for n, total in zip(counts, sums, strict=True)]

    def sums(self, *functions: _Function) -> list[NDArray[np.float64]]:
        """Of each function of the targets, the sums of its columns; all in one pass."""
        found: list[list[_Sum]] = [[] for _ in functions]
        for targets, weights in self._weighted_parts():
            rows = np.asarray(targets, np.float64).reshape(len(targets), -1)
            for of, sums in zip(functions, found, strict=True):
                if not sums:
                    sums.extend(_Sum() for _ in range(rows.shape[1]))
                _add_columns(sums, of(rows), weights)
        return [np.array([total.value() for total in sums]) for sums in found]

    def quantiles(self, levels: Sequence[float], outputs: int) -> NDArray[np.float64]:
        """Of each output the smallest target that has, with those below, its share of the weight.

        The levels belong to the outputs in turn. So do targets, where there is one for each output;
        else the outputs of a target stand beside one another. All targets are held for it.
        """
        parts = [np.asarray(part, np.float64).reshape(len(part), -1) for part in self._parts()]
        rows = np.concatenate(parts)
        beside = outputs // rows.shape[1]
        return np.array(
            [
                _quantile(rows[:, k // beside], self._weights, levels[k % len(levels)])
                for k in range(outputs)
            ]
        )


def _quantile(
    values: NDArray[np.float64], weights: NDArray[np.float64] | None, level: float
) -> float:
    if weights is None:
        return float(np.sort(values)[math.ceil(level * len(values)) - 1]) + 0.0  # -0 is 0
    counted = np.flatnonzero(weights)
    order = counted[np.argsort(values[counted])]
    sizes = weights[order].tolist()
    least = level * math.fsum(sizes)
    row = bisect_left(range(len(sizes)), least, key=lambda k: math.fsum(sizes[: k + 1]))
    return float(values[order[row]]) + 0.0


class _Sum:
    """Of numbers that come in parts: exact until it is asked for, so that the parts do not show."""

    def __init__(self) -> None:
        self._terms: list[float] = []

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Keep the sum as few terms, each the rounded rest of those before."""
        given = [*self._terms, *numbers.tolist()]
        terms: list[float] = []
        try:
            while (rest := math.fsum([*given, *(-term for term in terms)])) != 0:
                terms.append(rest)
                if math.isinf(rest):
                    break
        except OverflowError:
            terms = [math.inf]
        self._terms = terms

    def value(self) -> float:
        """Rounded."""
        return math.fsum(self._terms)


def _add_columns(sums: list[_Sum], rows: NDArray[Any], weights: NDArray[np.float64] | None) -> None:
    values = np.asarray(rows, np.float64)
    if weights is not None:
        values = values * weights[:, None]
    for total, column in zip(sums, values.T, strict=True):
        total.add(column)


def as_they_are(targets: NDArray[np.float64]) -> NDArray[np.float64]:
    return targets


def from_one(targets: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - targets


def read(
    operation: str, network: Network, y: Foreign, loss: str, sample_weight: ArrayLike | None
) -> Targets:
    """Those of an array, or of a source, which is read for them."""
    if not is_of_source(y):
        targets = _core.targets(network._core, operation, y, loss)
        if len(targets) == 0:
            raise ValueError(f"[{operation}] expected y with at least one row, got none")
        weights = _weights(operation, sample_weight, len(targets))
        rows = len(targets) if weights is None else int(np.count_nonzero(weights))
        return Targets(operation, lambda: [targets], rows, weights)
    if sample_weight is not None:
        raise TypeError(
            f"[{operation}] expected sample_weight to be None beside a source, got "
            f"{_arguments.shown(sample_weight)}"
        )
    source = as_blocks(operation, y)
    rows = sum(source.rows)
    weights = None
    if source.first.weights is not None:  # read for them, and then for its targets
        parts = [block.weights for block in source.blocks() if block.weights is not None]
        weights = _weights(operation, np.concatenate(parts), rows)
    return Targets(
        operation,
        lambda: _of_source(operation, network, source, loss),
        rows if weights is None else int(np.count_nonzero(weights)),
        weights,
    )


def is_of_source(y: Foreign) -> bool:
    """Also what can only be iterated over, time and again, of which NumPy makes nothing."""
    if isinstance(y, CheckedSource) or is_source(y):
        return True
    is_array_like = hasattr(y, "__len__") or hasattr(y, "__array__")
    return hasattr(y, "__iter__") and not is_array_like and not isinstance(y, Iterator)


def _of_source(
    operation: str, network: Network, source: CheckedSource, loss: str
) -> Iterator[NDArray[Any]]:
    for k, block in enumerate(source.blocks()):
        if block.y is None:
            raise ValueError(f"[{operation}] expected blocks (X, y), got ones whose y is None")
        try:
            yield _core.targets(network._core, operation, block.y, loss)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error} (block {k} of the source)") from None


def _weights(
    operation: str, sample_weight: ArrayLike | None, rows: int
) -> NDArray[np.float64] | None:
    if sample_weight is None:
        return None
    weights = _arguments.floats(operation, "sample_weight", sample_weight).astype(np.float64)
    if weights.shape != (rows,):
        raise ValueError(
            f"[{operation}] expected sample_weight of shape ({rows},), as y has rows, "
            f"got shape {weights.shape}"
        )
    if not (weights >= 0).all() or not weights.any():
        raise ValueError(
            f"[{operation}] expected sample_weight of at least 0, and not all 0, "
            f"got {weights.min():g} to {weights.max():g}"
        )
    return weights
