"""What would have become of a training if something had been otherwise from some step on."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, cast

from wbcore import _arguments, optimizers
from wbcore.inspect._calls import functions_of, named
from wbcore.optimizers import LBFGS, Optimizer
from wbcore.training.replay_places import batch_named, step_named
from wbcore.training.replaying import Replay
from wbcore.training.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.history import History
    from wbcore.network import Network

__all__ = ["fork"]

# With another one of these an epoch is another epoch: the batches that were done are none of its.
_OF_EPOCHS = (
    "batch_size", "loss", "metrics", "seed", "shuffle", "shuffle_window", "validation_fraction",
)  # fmt: skip
_OTHERS = (
    "callback", "callbacks", "class_weight", "epochs", "n_threads", "optimizer", "progress",
    "track", "validation_data",
)  # fmt: skip


def fork(
    history: History,
    X: ArrayLike | SparseLike | Source,
    y: ArrayLike | None = None,
    *,
    at: int | tuple[int, int] | None = None,
    step: int | None = None,
    sample_weight: ArrayLike | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    **changes: Any,  # noqa: ANN401, as fit takes them
) -> tuple[Network, History]:
    """Train again with something changed from a step on, and the same bits up to there.

    So whatever differs afterwards has one cause. Without changes it is the training that was.

    Parameters
    ----------
    history : History
        Of a fit with `track`; not of `LBFGS`, which cannot go on from a step.
    X, y, sample_weight
        As that fit had them.
    at : int, or pair of int
        The last epoch that stays as it was, or epoch and batch, counted from 0 as in records and
        `history.replay`. ``history.first_epoch - 1``: the change counts from the first step on.
    step : int
        In place of at: how many steps stay as they were.
    functions : dict of callables, optional
        Where the fit had a function as "loss", "learning_rate" or "shuffle": the same one.
    **changes
        Settings of the optimizer (``learning_rate=0.01``, ``momentum``, ``l2``), which goes on with
        what it remembers, or another ``optimizer``, which begins (they are then its); and arguments
        of `fit`:
        ``epochs`` (their number in the whole training, by default as many as it had), ``metrics``,
        ``validation_data``, ``callbacks``, ``class_weight``, ``n_threads``, ``progress``,
        ``track`` and, from the end of an epoch on, ``batch_size``, ``loss``, ``seed``, ``shuffle``,
        ``shuffle_window``, ``validation_fraction``.

    Returns
    -------
    net : Network
    history : History
        Of the epochs from the fork on; that in which it lies is whole.

    Raises
    ------
    TypeError, ValueError
        When the fit cannot be made again (`History.replay`), there was no such step, no epoch is
        left, or a change is none that a fit takes, or not within an epoch.
    ReplayError
        When what was made again is not what the history tells of.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> net = wb.Network.mlp([1, 8, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X[:, 0] ** 2, loss="mse", epochs=9, batch_size=8, track="epoch")
    >>> same, _ = fork(history, X, X[:, 0] ** 2, at=(3, 2))
    >>> other, after = fork(history, X, X[:, 0] ** 2, at=(3, 2), learning_rate=0.02)
    >>> same == net, other == net, after.first_epoch, len(after)
    (True, False, 3, 6)
    """
    given = functions_of("fork", functions)
    replay = Replay(
        "fork",
        history,
        X,
        y,
        sample_weight=sample_weight,
        validation_data=changes.get("validation_data"),
        **given,
    )
    step = _step_of(replay, at, step)
    settings = _sorted_out(replay, changes)
    epochs = _epochs_left(replay, step, settings.pop("epochs", None))
    net = replay.at(step)
    optimizer = _changed(net, settings)
    _require_whole(replay, step, settings)
    track = settings.pop("track", replay.recording.settings["track"])
    if "metrics" not in settings:
        settings["metrics"] = replay.metrics
    with named("fork", "fit"):
        plan = replay.plan(epochs=epochs, optimizer=optimizer, track=track, **settings)
        return net, run(net, X, y, plan)


def _step_of(replay: Replay, at: int | tuple[int, int] | None, step: int | None) -> int:
    """How many steps stay as they were."""
    if (at is None) == (step is None):
        got = "neither" if at is None else "both"
        raise ValueError(f"[fork] expected at, or step in its place, got {got}")
    if step is not None:
        return step_named("fork", replay, None, None, step)
    place = at if isinstance(at, (tuple, list)) else (at, None)
    if len(place) != 2:
        raise ValueError(
            f"[fork] expected at to be an epoch, or a pair of epoch and batch, "
            f"got {_arguments.shown(at)}"
        )
    epoch, batch = place
    names = ("at", "batch") if batch is None else ("the epoch of at", "the batch of at")
    return batch_named("fork", replay, epoch, batch, names)


def _sorted_out(replay: Replay, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, if all of them are some; a new optimizer is one of its own."""
    changes = dict(changes)
    optimizer: Any = Optimizer._of_row[replay.recording.rule]
    if "optimizer" in changes:
        optimizer = changes["optimizer"] = copy(optimizers.check("fork", changes["optimizer"]))
    known = {*_OF_EPOCHS, *_OTHERS, *optimizer._checks}
    for name in changes:
        if name not in known:
            raise TypeError(
                f"[fork] expected changes to be among {', '.join(sorted(known))}, got {name}"
            )
    return changes


def _epochs_left(replay: Replay, step: int, epochs: int | None) -> int:
    recording = replay.recording
    wanted = recording.settings["epochs"]
    if epochs is not None:
        wanted = _arguments.integer("fork", "epochs", epochs)
    done, _ = recording.done_of(step)
    if wanted <= done:
        raise ValueError(
            f"[fork] expected epochs of more than the {done} that are done there, got {wanted}"
        )
    return int(wanted - done)


def _changed(net: Network, settings: dict[str, Any]) -> Optimizer | LBFGS:
    """The optimizer of the fork; its settings are taken out."""
    optimizer: Optimizer | LBFGS = cast("Optimizer", net.optimizer)
    if "optimizer" in settings:
        position = cast("Optimizer", optimizer).state(net).position
        optimizer = settings.pop("optimizer")
        if isinstance(optimizer, Optimizer):
            optimizer.state(net).position = position
    for name in [name for name in settings if name in optimizer._checks]:
        with named("fork", type(optimizer).__name__):
            setattr(optimizer, name, settings.pop(name))
    return optimizer


def _require_whole(replay: Replay, step: int, settings: dict[str, Any]) -> None:
    """Within an epoch nothing changes that would begin it anew."""
    _, inside = replay.recording.done_of(step)
    changed = [name for name in _OF_EPOCHS if name in settings]
    if inside and changed:
        epoch, batch = replay.recording.batch_of(step)
        raise ValueError(
            f"[fork] expected {changed[0]} to change at the end of an epoch, such as "
            f"at={epoch - 1}, got at=({epoch}, {batch}), within one"
        )
