"""Where a fit that is made again ends: the batch that is asked for, and hooks that stop there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments
from wbcore.training.hooks import Internal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wbcore.callbacks.run import Run
    from wbcore.training.replaying import Replay

__all__ = ["Looks", "StopAfter", "StopWhen", "batch_named", "step_named"]


class StopAfter(Internal):
    """Ends a fit after so many batches of an epoch."""

    label = "a replay"

    def __init__(self, epoch: int, batches: int) -> None:
        self._place = epoch, batches

    def after_batch(self, run: Run) -> bool:
        """Whether that is here."""
        return (run.epoch, run.batch) == self._place


class StopWhen(Internal):
    """Ends a fit at the end of an epoch when somebody asks for it."""

    label = "a replay"

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked

    def after_epoch(self, run: Run) -> bool:  # noqa: ARG002 - as all hooks
        """Whether it has been asked for."""
        return self._asked()


class Looks(Internal):
    """Ends a fit before its first step, and knows which rows it would have held out."""

    label = "a replay"

    def __init__(self) -> None:
        self.held_out: NDArray[np.int64] = np.empty(0, np.int64)

    def before_fit(self, run: Run) -> bool:
        """The core has drawn them by now."""
        self.held_out = np.asarray(run._moment.held_out, np.int64)
        return True


def batch_named(
    operation: str,
    replay: Replay,
    epoch: int | None,
    batch: int | None,
    names: tuple[str, str] = ("epoch", "batch"),
) -> int:
    """How many steps were done after a batch that is named by its numbers, from 0.

    Parameters
    ----------
    operation : str
    replay : Replay
    epoch : int or None
        Numbered like `history.first_epoch`; the one before the first is the state before the fit.
        None: the last step that there was.
    batch : int or None
        Of the epoch; None: its last one.
    names : pair of str
        What the caller calls the two.
    """
    recording, last = replay.recording, replay.last
    (first, begun), (final, done) = recording.first, recording.batch_of(last)
    if epoch is None:
        if batch is not None:
            raise ValueError(f"[{operation}] expected an epoch with batch={batch}, got None")
        return last
    high = max(final, first - 1)
    epoch = _arguments.integer(operation, names[0], epoch, low=first - 1, high=high)
    if epoch == first - 1:
        if batch not in (None, -1):
            raise ValueError(
                f"[{operation}] expected no batch of epoch {epoch}, before the fit, got {batch}"
            )
        return 0
    highest = done if epoch == final else recording.batches - 1
    lowest = min(begun, recording.batches - 1) if epoch == first else 0
    if batch is None:
        batch = highest
    batch = _arguments.integer(operation, names[1], batch, low=lowest, high=highest)
    return recording.step_of(epoch, batch)


def step_named(
    operation: str,
    replay: Replay,
    epoch: int | None,
    batch: int | None,
    step: int | None,
    *,
    beyond: int = 0,
) -> int:
    """How many steps were done, as a number or as an epoch and a batch, as `batch_named` has them.

    So many steps beyond the last one that was done are named by their number, too.

    Raises
    ------
    TypeError, ValueError
        When both are given, or there was no such step.
    """
    if step is None:
        return batch_named(operation, replay, epoch, batch)
    if epoch is not None or batch is not None:
        raise ValueError(f"[{operation}] expected step, or epoch and batch, got both")
    return int(_arguments.integer(operation, "step", step, low=0, high=replay.last + beyond))
