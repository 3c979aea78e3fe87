"""Makes a fit with L-BFGS again, from its beginning: it cannot go on from an iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wbcore.errors import ReplayError
from wbcore.optimizers import LBFGS
from wbcore.training.hooks import Internal
from wbcore.training.proofs import digest_of, records_of
from wbcore.training.run import run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.callbacks.run import Run
    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.training.replaying import Replay

__all__ = ["iterated"]


def iterated(replay: Replay, network: Network, step: int) -> History | None:
    """Train a network again from the beginning up to an iteration.

    The fit is done on to the next record, which proves what was before, and the network is given
    the parameters that it had after that iteration.

    Parameters
    ----------
    replay : Replay
    network : Network
        As `Replay.beginning` gives it.
    step : int
        How many iterations.

    Returns
    -------
    History or None
        With records of all iterations that were done; None where there was nothing to do.

    Raises
    ------
    ReplayError
        When the fit ends before that record.
    """
    if step == 0:
        return None
    digests = dict(records_of(replay.history))
    end = min((at for at in digests if at >= step), default=step)
    settings = replay.recording.settings
    keeps = _Keeps(replay.recording.first[0], step, end)
    X, y = replay.data
    plan = replay.plan(
        epochs=settings["epochs"],
        first_epoch=replay.recording.first[0],
        optimizer=LBFGS(**replay.recording.optimizer),
        track=settings["track"],
        callbacks=[keeps],
        metrics=(),
    )
    made = run(network, X, y, plan, warns=False)
    if len(made) < end:
        found, wanted = digest_of(network), digests.get(end, "unknown")
        raise ReplayError(
            f"[{replay.operation}] expected {end} iterations of L-BFGS as the history has them, "
            f"got {len(made)}: {made.reason}; its bits are those of the SciPy at hand",
            end,
            wanted,
            found,
        )
    network.parameters[:] = keeps.parameters
    return made


class _Keeps(Internal):
    """Keeps the parameters after an iteration, and ends the fit after another one."""

    label = "a replay"

    def __init__(self, first_epoch: int, step: int, end: int) -> None:
        self._last, self._end = first_epoch + step - 1, first_epoch + end - 1
        self.parameters: NDArray[np.floating] = np.empty(0)

    def after_epoch(self, run: Run) -> bool:
        """An epoch is an iteration."""
        if run.epoch == self._last:
            self.parameters = run.network.parameters.copy()
        return run.epoch == self._end
