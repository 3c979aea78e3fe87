"""Which rows a step of a training took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.data._source import is_source
from wbcore.inspect._calls import functions_of
from wbcore.training import batches
from wbcore.training.batches import Batch
from wbcore.training.replay_places import step_named
from wbcore.training.replaying import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.history import History
    from wbcore.training.plan import ValidationData

__all__ = ["Batch", "batch_of"]


def batch_of(
    history: History,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    epoch: int | None = None,
    batch: int | None = None,
    step: int | None = None,
    sample_weight: ArrayLike | None = None,
    validation_data: ValidationData | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Batch:
    """Name the rows of one batch of a training, in the order in which its step took them.

    Parameters
    ----------
    history : History
        Of a fit with `track`.
    X, y, sample_weight
        As that fit had them; arrays.
    epoch, batch : int, optional
        Counted from 0, as in `History.replay`. Default: the last step that was done.
    step : int, optional
        In their place: the step that led to ``history.replay(X, y, step=step)``, from 1. Of a fit
        that diverged also those of the epoch that is undone: ``error.first.step`` is one of them.
    validation_data : optional
        As the fit had it, where a `Plateau` watches it.
    functions : dict of callables, optional
        Where the fit had a function as "loss", "learning_rate" or "shuffle": the same one.

    Returns
    -------
    Batch
        ``rows``, their numbers in X; ``X`` and ``y`` of these rows; ``weights``, what each counts,
        with the weights of classes, or None.

    Raises
    ------
    TypeError, ValueError
        When the training cannot be made again (`History.replay`), X is a source, or there was no
        such step.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> net = wb.Network.mlp([1, 8, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X[:, 0] ** 2, loss="mse", epochs=5, batch_size=8, track="epoch")
    >>> found = batch_of(history, X, X[:, 0] ** 2, step=27)  # batch 2 of epoch 3
    >>> bool((found.rows == wb.random.permutation(64, seed=0, epoch=3)[16:24]).all())
    True
    """
    if is_source(X):
        raise TypeError("[batch_of] expected X and y as arrays, got a source")
    replay = Replay(
        "batch_of",
        history,
        X,
        y,
        sample_weight=sample_weight,
        validation_data=validation_data,
        **functions_of("batch_of", functions),
    )
    undone = replay.recording.batches if history.status == "diverged" else 0
    done = step_named("batch_of", replay, epoch, batch, step, beyond=undone)
    if done == 0:
        raise ValueError("[batch_of] expected a step, from 1, got the state before the first")
    network = replay.beginning()
    held_out = np.empty(0, np.int64)
    if replay.recording.settings["validation_fraction"] is not None:
        held_out = replay.held_out(network)
    plan = replay.plan(epochs=1, optimizer=network.optimizer)
    return batches.batch_of(network, plan, (X, y), replay.recording.batch_of(done), held_out)
