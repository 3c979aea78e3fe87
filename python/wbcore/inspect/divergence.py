"""Where a training that diverged had its first value that is not finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wbcore.data._source import is_source
from wbcore.inspect._calls import functions_of
from wbcore.training.nonfinite import NonFinite, first_nonfinite
from wbcore.training.replaying import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.history import History

__all__ = ["NonFinite", "find_divergence"]


def find_divergence(
    history: History,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> NonFinite:
    """Name the first value that was NaN or infinite in a training that diverged.

    The training is made again up to its last epoch, whose batches are then halved until the first
    is found whose loss, gradients or parameters are not finite; of it all values are looked at in
    the order of docs/arithmetic.md. A fit with `track` does that by itself when it diverges: its
    `DivergenceError` has the result as ``error.first``.

    Parameters
    ----------
    history : History
        Of a fit with `track` that diverged: ``error.history``, or `net.history`.
    X, y, sample_weight
        As that fit had them; arrays.
    functions : dict of callables, optional
        Where the fit had a function as "loss", "learning_rate" or "shuffle": the same one.

    Returns
    -------
    NonFinite

    Raises
    ------
    TypeError, ValueError
        When the training did not diverge, or cannot be made again (`History.replay`); when it is
        made again, and is finite.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([1, 1], seed=0)
    >>> X, y = np.linspace(0, 1000, 32)[:, None], np.ones(32)
    >>> try:
    ...     net.fit(X, y, loss="mse", epochs=50, batch_size=4, track="epoch")
    ... except wb.DivergenceError as error:
    ...     found = find_divergence(error.history, X, y)
    ...     assert error.first == found
    >>> found.phase, found.layer, found.name
    ('loss', None, 'loss')
    """
    if is_source(X):
        raise TypeError("[find_divergence] expected X and y as arrays, got a source")
    given = functions_of("find_divergence", functions)
    replay = Replay("find_divergence", history, X, y, sample_weight=sample_weight, **given)
    if history.status != "diverged":
        raise ValueError(
            f"[find_divergence] expected a training that diverged, got one that was "
            f"{history.status}"
        )
    recording = replay.recording
    start = max(0, len(history) * recording.batches - recording.first[1])
    found = first_nonfinite(replay, replay.at(start), start, replay.last + 1)
    if found is None:
        raise ValueError(
            "[find_divergence] expected values that are not finite, got none: what is done again "
            "is another training"
        )
    return found
