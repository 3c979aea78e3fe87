"""What scikit-learn's callbacks (`sklearn.callback`, since 1.9) are told of a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wbcore.callbacks.base import Callback

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["CallbackSupport", "FitTasks"]

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
except ImportError:  # an older scikit-learn

    class CallbackSupport:  # type: ignore[no-redef]  # the same name where there is nothing to do
        """Without `set_callbacks`: this scikit-learn has no callbacks."""


class FitTasks(Callback):
    """Tells the callbacks that `set_callbacks` was given of a fit, and of each of its epochs.

    It is a callback of the network's fit, and has to be the last one: what the others decide is
    known to it. The fit is one task, each epoch (with "lbfgs", each iteration) a part of it.

    Parameters
    ----------
    estimator : estimator
        With `CallbackSupport`, whose method that scikit-learn's `_fit_context` decorates runs.
    X, y : array-like
        As `fit` was given them. They are handed on, not copied.
    sample_weight : array-like of shape (B,), optional
    epochs : int
        How many there are at most.

    Attributes
    ----------
    fitted : callable
        Without arguments: the attributes, by name, that an estimator has whose fit has ended with
        the last epoch, where they are others than it has by now. It is asked when a callback wants
        such an estimator. To be set before the first epoch has ended.
    """

    fitted: Callable[[], dict[str, Any]]

    def __init__(
        self,
        estimator: Any,
        X: object,
        y: object,
        sample_weight: object,
        epochs: int,
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=epochs)
        self._fit.call_on_fit_task_begin(**self._told)
        self._epoch: Any = None

    @classmethod
    def of(
        cls,
        estimator: Any,
        X: object,
        y: object,
        sample_weight: object,
        epochs: int,
    ) -> FitTasks | None:
        """Those of a fit, or None where the estimator has no callbacks: then nothing is done."""
        if not getattr(estimator, "_skl_callbacks", ()):
            return None
        return cls(estimator, X, y, sample_weight, epochs)

    def before_fit(self, run: Run) -> None:  # noqa: ARG002, of every callback
        """The first epoch begins."""
        self.begin_epoch()

    def after_epoch(self, run: Run) -> bool:
        """An epoch is over, and another one begins if there is one. Whether to stop."""
        stops = self.end_epoch()
        is_last = run.epoch + 1 >= run.first_epoch + run.epochs or run._reason is not None
        if not stops and not is_last:
            self.begin_epoch()
        return stops

    def begin_epoch(self) -> None:
        """An epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self) -> bool:
        """The epoch is over. Whether to stop."""
        task, self._epoch = self._epoch, None
        return bool(task.call_on_fit_task_end(**self._told, reconstruction_attributes=self.fitted))

    def end(self) -> None:
        """The fit is over, and the estimator fitted.

        An epoch that has begun and was not done, since there was nothing left to do, ends without
        an estimator.
        """
        task, self._epoch = self._epoch, None
        if task is not None:
            task.call_on_fit_task_end(**self._told)
        self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})
