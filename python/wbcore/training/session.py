"""The part of a run that one fit does: from a checkpoint or the beginning to wherever it ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from wbcore.training.checkpoints import Checkpoints
from wbcore.training.identity import data_of, settings_of
from wbcore.training.resuming import Resumption, require_over

if TYPE_CHECKING:
    from wbcore._view import Foreign
    from wbcore.data._rows import Rows
    from wbcore.network import Network
    from wbcore.training.followed import Followed
    from wbcore.training.hooks import Hooks
    from wbcore.training.plan import Plan

__all__ = ["Session"]


class Session:
    """What `checkpoint` and `resume` make of a fit.

    Parameters
    ----------
    network : Network
    plan : Plan

    Attributes
    ----------
    checkpoints : Checkpoints or None
        The hook that writes them.
    resumption : Resumption or None
        What it goes on from.

    Raises
    ------
    ValueError
        When nothing says what is to become of a run whose checkpoint is there, and not over.
    ModelFileError
        When the file that it is to go on from is no checkpoint, or another file is in its place.
    OSError
        When that cannot be read, or none written.
    """

    def __init__(self, network: Network, plan: Plan) -> None:
        self._network, self._plan = network, plan
        is_there = plan.checkpoint is not None and os.path.lexists(plan.checkpoint)
        path = plan.resume or None
        if path is True:
            path = plan.checkpoint if is_there else None  # without one it begins
        self.checkpoints = None if plan.checkpoint is None else Checkpoints(plan)
        if is_there and plan.resume is None:
            require_over(str(plan.checkpoint))
        self.resumption = None if path is None else Resumption(str(path), network, plan)
        self._settings: dict[str, Any] = {}

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.resumption is not None and self.resumption.is_over

    def take_settings(self, rows: Rows) -> None:
        """Refuse another run than that of the checkpoint, but for its data."""
        self._settings = settings_of(self._network, self._plan, rows)
        if self.resumption is not None:
            self.resumption.require_settings(self._settings)

    def begin(
        self,
        hooks: Hooks,
        followed: Followed,
        data: tuple[Foreign, Foreign, Rows, Rows],
        *,
        prior_is_due: bool,
    ) -> bool:
        """What the core calls when it has found all arguments to be sound; whether to stop.

        Parameters
        ----------
        hooks : Hooks
            Who is asked, and about which run.
        followed : Followed
            Has the optimizer of the checkpoint until then.
        data : tuple
            X and y as they were given, and the rows of training and validation.
        prior_is_due : bool
            Whether the first step is to set the biases of the last layer.
        """
        run, resumption = hooks.run, self.resumption
        X, y, rows, validation = data
        sums = data_of(self._network, self._plan, X, y, rows=rows, validation=validation)
        record = run.history._record
        if resumption is not None:
            resumption.require_data(sums, (X, y))
            run.resumed = True
            run._moment.first_epoch = resumption.saved.first_epoch
            record.update(resumption.record())
        stops = hooks.before_fit()
        if resumption is not None:
            try:
                resumption.restore(run)
            except BaseException:
                record.clear()  # refused, it leaves no trace
                raise
            followed.resumption = None
        if self.checkpoints is not None:
            settings = self._settings | sums
            self.checkpoints.begin(run, settings, resumption, prior_is_due)
        if resumption is not None and resumption.saved.is_over:
            run.stop(resumption.saved.reason)
        return stops or self.is_over
