"""Hands the history to a writer of TensorBoard's files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from wbcore import _arguments
from wbcore.callbacks.base import Callback

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Hands the series of each epoch to `writer.add_scalar(tag, value, step)`.

    Parameters
    ----------
    writer : object
        With the method `add_scalar`, such as `torch.utils.tensorboard.SummaryWriter` or that of
        tensorboardX. It is flushed when the training ends, if it can be, and not closed.
    prefix : str, default ""
        Before each tag, which is the name of the series.
    every : int, optional
        Also hand over the loss of every so many batches, as "batch_loss", by the optimizer's step.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> class Writer:
    ...     def add_scalar(self, tag, value, step):
    ...         print(tag, value, step)
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
    >>> callbacks = [wb.callbacks.TensorBoard(Writer())]
    >>> _ = net.fit(
    ...     [[1]], [1], loss="mse", optimizer="sgd(0.25)", epochs=2, callbacks=callbacks
    ... )
    loss 1.0 1
    loss 0.0 2
    """

    def __init__(
        self,
        writer: Any,  # noqa: ANN401
        prefix: str = "",
        *,
        every: int | None = None,
    ) -> None:
        if not callable(getattr(writer, "add_scalar", None)):
            raise TypeError(
                f"[TensorBoard] expected writer to have a method add_scalar(tag, value, step), "
                f"got {_arguments.shown(writer)}"
            )
        if not isinstance(prefix, str):
            raise TypeError(
                f"[TensorBoard] expected prefix to be a str, got {_arguments.shown(prefix)}"
            )
        self.writer = writer
        self.prefix = prefix
        self.every = None if every is None else _arguments.integer("TensorBoard", "every", every)
        self.seconds_between_batches = 0.0 if self.every else math.inf

    def after_batch(self, run: Run) -> None:
        """Hand over the loss of the batch, if it is its turn."""
        if self.every and run.step % self.every == 0:
            self.writer.add_scalar(f"{self.prefix}batch_loss", run.batch_loss, run.step)

    def after_epoch(self, run: Run) -> None:
        """Hand over the last values."""
        for name in run.series:
            value = getattr(run.history, name)[-1]
            self.writer.add_scalar(f"{self.prefix}{name}", value, run.epoch + 1)

    def after_fit(self, run: Run) -> None:
        """Flush."""
        flush = getattr(self.writer, "flush", None)
        if callable(flush):
            flush()
