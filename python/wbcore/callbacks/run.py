"""A training that goes on, as callbacks see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _core

if TYPE_CHECKING:
    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.optimizers import LBFGS, Optimizer
    from wbcore.training.plan import Plan

__all__ = ["Run"]


class Run:
    """A training that goes on: what every hook of a callback is given.

    Attributes
    ----------
    network : Network
        Up to date in `before_fit`, `after_epoch` and `after_fit`, where what is written into its
        parameters counts. Within an epoch the core works on a copy of its own: `after_batch` finds
        the parameters that the epoch began with, or those of the last `sync`, and what it writes
        into them is lost.
    optimizer : Optimizer or LBFGS
        Its state of the network, `optimizer.state(network)`, is kept up to date likewise.
    history : History
        That which `fit` returns, with the epochs so far.
    epochs : int
        How many this fit is to do.
    batch_size : int
    resumed : bool
        Whether the fit goes on from a checkpoint: `epochs`, `first_epoch` and `history` are then
        those of the whole run.

    Examples
    --------
    >>> import wbcore as wb
    >>> class Watch:
    ...     def after_batch(self, run):
    ...         print(run.epoch, run.batch, run.step, round(run.batch_loss, 3))
    ...         return run.step == 3
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
    >>> history = net.fit(
    ...     [[1], [1]], [1, 1], loss="mse", optimizer="sgd(0.125)", batch_size=1, epochs=9,
    ...     callbacks=[Watch()],
    ... )
    0 1 1 1.0
    0 2 2 0.25
    1 1 3 0.062
    >>> history.reason
    'Watch.after_batch returned True after batch 1 of epoch 2'
    """

    __slots__ = ("_is_over", "_moment", "_reason", "batch_size", "epochs", "history", "network",
                 "optimizer", "resumed", "series")  # fmt: skip

    def __init__(
        self, network: Network, optimizer: Optimizer | LBFGS, plan: Plan, history: History
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.history = history
        self.epochs = plan.epochs
        self.batch_size = plan.batch_size
        self.series = plan.series
        self._moment = _core.Moment()
        self._reason: str | None = None
        self._is_over = False
        self.resumed = False

    @property
    def first_epoch(self) -> int:
        """The number of this fit's first epoch, counted from 0."""
        return self._moment.first_epoch

    @property
    def epoch(self) -> int:
        """The number of the epoch at hand, counted from 0 like `first_epoch`."""
        return self._moment.epoch

    @property
    def batch(self) -> int:
        """How many batches of this epoch are done."""
        return self._moment.batch

    @property
    def batches(self) -> int:
        """How many an epoch has."""
        return self._moment.batches

    @property
    def rows(self) -> int:
        """How many rows are trained on in an epoch."""
        return self._moment.rows

    @property
    def step(self) -> int:
        """How many steps are done, over all trainings of the optimizer's state."""
        return self._moment.steps

    @property
    def loss(self) -> float:
        """Mean loss of this epoch's batches so far."""
        return self._moment.loss

    @property
    def batch_loss(self) -> float:
        """Mean loss of the last batch, before its step."""
        return self._moment.batch_loss

    @property
    def status(self) -> str:
        """That of the history: "running", and in `after_fit` how it ended."""
        return self.history.status

    @property
    def reason(self) -> str:
        """That of the history: a sentence on why it ended, in `after_fit`."""
        return self.history.reason

    def _begin(self) -> None:
        """The core has found all arguments to be sound."""
        self.history.first_epoch = self.first_epoch
        self.network._core.optimizer = self.optimizer
        self.network.history = self.history

    def stop(self, reason: str = "a callback asked for it", *, resumable: bool = False) -> None:
        """End the training after the hook that is asked now.

        Parameters
        ----------
        reason : str
            What `history.reason` is to say; the first one counts.
        resumable : bool, default False
            Whether `fit(resume=...)` goes on from a checkpoint of it, as it does after Ctrl-C:
            true of what ends a session, such as a time limit. Else the run is over.
        """
        if self._reason is None:
            self._reason = reason
        self._is_over = self._is_over or not resumable

    def sync(self) -> None:
        """Bring network and optimizer's state up to date in `after_batch`.

        It takes as long as copying them. What is written into them does not count: the core goes
        on from its own. They are anyway up to date in the other hooks.
        """
        self._moment.sync()

    def __repr__(self) -> str:
        return f"<Run of {self.network!r}: epoch {self.epoch}, batch {self.batch}, {self.status}>"
