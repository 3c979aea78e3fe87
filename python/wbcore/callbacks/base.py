"""What a callback may have; any object with some of these methods is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["HOOKS", "Callback", "is_hook", "require_names"]

HOOKS = ("before_fit", "after_batch", "after_epoch", "after_fit")


class Callback:
    """A base for callbacks, which override some hooks; an object that has some need not be one.

    All are asked on the thread that called `fit`, in the order in which they are given. What they
    may do with the network is what anybody may while it is trained: predict, copy, save, evaluate;
    another `fit` of it is refused. One that returns True ends the training, as `run.stop` does;
    the others are still asked. One that raises ends it, too, and the exception comes out of `fit`
    as it is: network and optimizer are then those of the last epoch that ended, and the history has
    the epochs so far. Ctrl-C is no exception of a callback's: it leaves the last batch.

    A fit enters Python after a batch only if some callback has `after_batch`.

    Attributes
    ----------
    seconds_between_batches : float, default 0
        `after_batch` is called no more often than that; 0 is after each batch, infinity never.

    Examples
    --------
    >>> import wbcore as wb
    >>> class Decay(wb.callbacks.Callback):
    ...     def after_epoch(self, run):
    ...         run.network[0].weights[:] *= 0.9
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> _ = net.fit([[1, 2], [3, 4]], [5, 6], loss="mse", epochs=3, callbacks=[Decay()])
    """

    seconds_between_batches: float = 0.0

    def before_fit(self, run: Run) -> object:
        """All arguments are sound, nothing has been changed; what is written counts.

        In a fit that goes on from a checkpoint (`run.resumed`) the run's history and position are
        known by now; parameters, optimizer and states of callbacks are set after it.
        """

    def after_batch(self, run: Run) -> object:
        """A step is done. The network is brought up to date by `run.sync()`."""

    def after_epoch(self, run: Run) -> object:
        """An epoch is done, and its validation; what is written into parameters counts."""

    def after_fit(self, run: Run) -> object:
        """However it ended, `run.status` says how; also called when another hook has raised."""

    def state(self) -> dict[str, Any]:
        """What it would need to go on in another process, by name: numbers, texts, None, arrays.

        A checkpoint of `fit` keeps it; it is asked for when all callbacks have been told of a batch
        or an epoch.

        Returns
        -------
        dict of str to float, int, str, None or ndarray
            Empty for a callback that remembers nothing. Arrays are copies.
        """
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on as the one that `state` was taken from; to be called after `before_fit`.

        Parameters
        ----------
        state : mapping
            What `state` gave.

        Raises
        ------
        ValueError
            When it has other names.
        """
        require_names(self, state, ())

    def _deciding_settings(self) -> dict[str, Any]:
        """What makes the run of a checkpoint another one, by name, as JSON can express it.

        Those of wbcore tell what decides parameters, history or end of a run; not what they show.
        """
        return {}


def is_hook(method: object, name: str) -> TypeGuard[Callable[[Any], object]]:
    """Whether there is one, and another than that of `Callback`, which does nothing."""
    return method is not None and getattr(method, "__func__", None) is not getattr(Callback, name)


def require_names(callback: Callback, state: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuses a state of another kind of callback."""
    if set(state) != set(names):
        raise ValueError(
            f"[{type(callback).__name__}] expected a state of {', '.join(names) or 'no names'}, "
            f"got {', '.join(map(str, state)) or 'none'}"
        )
