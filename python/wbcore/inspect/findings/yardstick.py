"""What can be learned of the rows: the recipe for tables, each half predicted from the other.

A network cannot be called too small, nor labels shuffled, without something to hold beside it. The
predictions are of rows that their network has not seen, so no memory helps: a network that does
worse on the very rows that it was trained on has missed what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core, recipe, schedules
from wbcore.errors import DivergenceError
from wbcore.layers import Dense
from wbcore.network import Network
from wbcore.optimizers.adam import Adam
from wbcore.random import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.task import Task

__all__ = ["FEWEST_ROWS", "Yardstick", "new_like", "run_steps", "standardized", "yardstick"]

#: Of fewer a half has too little to learn from, and too few to be judged by.
FEWEST_ROWS = 50
_STEPS = 600
_FARTHEST = 6.0  # an outlier of a column is held there, in standard deviations


@dataclass(frozen=True)
class Yardstick:
    """Predictions for rows by networks that were trained without them.

    Attributes
    ----------
    labels : ndarray of shape (R,) or (R, O), or None for numbers
    shares : ndarray of shape (R, K) or (R, O), or None for numbers
        Probabilities.
    values : ndarray of shape (R, O), or None for classes
    """

    labels: NDArray[np.int64] | None = None
    shares: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None


def standardized(x: NDArray[np.float64], farthest: float = _FARTHEST) -> NDArray[np.float64]:
    """Columns to mean 0 and deviation 1, held at the farthest from it; constant ones are 0."""
    spread = x.std(axis=0)
    spread[spread <= 1e-12 * np.abs(x).max(axis=0, initial=0.0)] = np.inf
    return np.asarray(np.clip((x - x.mean(axis=0)) / spread, -farthest, farthest), np.float64)


def new_like(net: Network) -> Network:
    """A network of the same structure with the default initial weights, without dropout."""
    layers = [
        Dense(layer.inputs, layer.outputs, layer.activation, bias=layer.biases is not None)
        for layer in net
    ]
    return Network(layers, seed=0, dtype=str(net.dtype))


def run_steps(
    net: Network,
    x: NDArray[Any],
    y: NDArray[Any],
    loss: str,
    optimizer: Any,  # noqa: ANN401, of any class
    *,
    steps: int,
    batch_size: int,
    seed: int = 0,
) -> list[float] | None:
    """Train for some steps; return the losses before each, or None if one was not finite."""
    losses: list[float] = []
    epoch = 0
    while True:
        order = permutation(len(x), seed, epoch)
        for start in range(0, len(x), batch_size):
            if len(losses) == steps:
                return losses
            rows = order[start : start + batch_size]
            try:
                losses.append(net.partial_fit(x[rows], y[rows], loss=loss, optimizer=optimizer))
            except DivergenceError:
                return None
        epoch += 1


def yardstick(
    x: NDArray[np.float64], y: NDArray[Any], task: Task, *, seed: int
) -> Yardstick | None:
    """Predict each half of the rows from the other; None where they are too few."""
    n = len(x)
    if n < FEWEST_ROWS or not task.scored:
        return None
    x = standardized(x)
    targets, loss, outputs = _targets(y, task)
    order = permutation(n, seed, 1)
    halves = order[: n // 2], order[n // 2 :]
    found = np.empty((n, outputs))
    kind = "regression" if task.kind == "numbers" else "classification"
    for one, other in (halves, halves[::-1]):
        net = _trained(x[one], targets[one], loss, outputs=outputs, kind=kind, seed=seed)
        found[other] = net.predict(x[other])
    if task.kind == "numbers":
        values = task.values(y)
        return Yardstick(values=found * _spread(values) + values.mean(axis=0))
    if task.kind == "classes":
        return Yardstick(found.argmax(axis=1), np.asarray(_core.softmax(found), np.float64))
    shares = np.asarray(_core.elementwise("sigmoid", found), np.float64)
    labels = (found > 0).astype(np.int64)
    return Yardstick(labels, shares) if task.kind == "many" else Yardstick(labels[:, 0], shares)


def _targets(y: NDArray[Any], task: Task) -> tuple[NDArray[Any], str, int]:
    """The targets of the yardstick, its loss and its number of outputs."""
    if task.kind == "numbers":
        values = task.values(y)
        loss = "mae" if task.absolute else "mse"
        return (values - values.mean(axis=0)) / _spread(values), loss, values.shape[1]
    labels = task.labels(y)
    if task.kind == "classes":
        return labels, "cross_entropy", task.classes
    return labels.reshape(len(y), -1).astype(np.float64), "binary_cross_entropy", task.outputs


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread: NDArray[np.float64] = values.std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def _trained(
    x: NDArray[np.float64], y: NDArray[Any], loss: str, *, outputs: int, kind: str, seed: int
) -> Network:
    of = recipe.TABLE
    net = Network.mlp([x.shape[1], *of.hidden, outputs], of.activation, seed=seed)
    net.start_at_prior(y, loss=loss)
    rate = schedules.Cosine(of.learning_rate, steps=_STEPS)
    optimizer = Adam(rate, l2=of.l2(kind, len(x)))
    run_steps(net, x, y, loss, optimizer, steps=_STEPS, batch_size=of.batch_size, seed=seed)
    return net
