"""The loss of several softmaxes side by side, each over outputs of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core
from wbcore._loss_function import LossFunction

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HeadsLoss", "heads_loss", "of_heads"]


class HeadsLoss:
    """The sum over decisions of the cross entropy of each, as a mean over rows.

    Values and gradients are the core's, so that the bits are the same everywhere.

    Parameters
    ----------
    counts : sequence of int
        The outputs of each decision; they lie side by side.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = tuple(counts)
        self.ends = tuple(np.cumsum(counts).tolist())

    def __call__(
        self,
        outputs: NDArray[Any],
        targets: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
    ) -> tuple[float, NDArray[Any]]:
        """Value and gradient of a batch.

        Parameters
        ----------
        outputs : ndarray of shape (B, O)
        targets : ndarray of shape (B, decisions)
            Numbers of classes.
        sample_weight : ndarray of shape (B,), optional
        """
        value, gradient = 0.0, np.empty_like(outputs)
        for j, (end, count) in enumerate(zip(self.ends, self.counts, strict=True)):
            columns = slice(end - count, end)
            part, labels = np.ascontiguousarray(outputs[:, columns]), targets[:, j]
            if sample_weight is None:
                own, gradient[:, columns] = _core.loss_and_gradient("cross_entropy", part, labels)
            else:
                own, gradient[:, columns] = _weighted(part, labels, sample_weight)
            value += own
        return value, gradient


def _weighted(
    outputs: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any]
) -> tuple[float, NDArray[Any]]:
    """Of rows that count differently: each alone, then by its share of all weights."""
    shares = weights / weights.sum()
    value, gradient = 0.0, np.empty_like(outputs)
    for row, share in enumerate(shares):
        at = slice(row, row + 1)
        own, slope = _core.loss_and_gradient("cross_entropy", outputs[at], labels[at])
        value += float(share) * own
        gradient[at] = slope * outputs.dtype.type(share)
    return value, gradient


def heads_loss(counts: Sequence[int]) -> LossFunction:
    """The loss as the core takes it."""
    return LossFunction(HeadsLoss(counts))


def of_heads(outputs: NDArray[Any], counts: Sequence[int]) -> list[NDArray[Any]]:
    """The probabilities of each decision, arrays of shape (B, classes)."""
    ends = np.cumsum(counts)
    return [
        _core.softmax(np.ascontiguousarray(outputs[:, end - count : end]))
        for end, count in zip(ends, counts, strict=True)
    ]
