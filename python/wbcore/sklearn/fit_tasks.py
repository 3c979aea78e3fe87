"""What scikit-learn's callbacks (`sklearn.callback`, since 1.9) are told of a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from wbcore.callbacks.base import Callback

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["CallbackSupport", "FitTasks", "with_callbacks"]

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
    from sklearn.callback import with_callbacks
except ImportError:  # an older scikit-learn

    class CallbackSupport:  # type: ignore[no-redef]  # the same name where there is nothing to do
        """Without `set_callbacks`: this scikit-learn has no callbacks."""

    def with_callbacks(method: Method) -> Method:  # type: ignore[no-redef]
        """The method as it is."""
        return method


class FitTasks(Callback):
    """Tells the callbacks that `set_callbacks` was given of a fit, and of each of its epochs.

    It is a callback of the network's fits, and has to be the last one: what the others decide is
    known to it. The fit is one task, each epoch (with "lbfgs", each iteration) a part of it.

    Parameters
    ----------
    estimator : estimator
        With `CallbackSupport`, whose method that is decorated by `with_callbacks` runs.
    X, y : array-like
        As `fit` was given them. They are handed on, not copied.
    sample_weight : array-like of shape (B,), optional
    epochs : int, optional
        How many there are at most; None if nobody knows.
    fitted : callable
        Without arguments: the attributes that an estimator has whose fit has ended with the last
        epoch, by name. It is asked when a callback wants such an estimator, after an epoch.

    Examples
    --------
    What `fit` of an estimator does, in which `_train` trains and `_attributes` copies::

        tasks = FitTasks.of(self, X, y, sample_weight, self.max_iter, self._attributes)
        self._train(X, y, callbacks=[*self.callbacks, *([tasks] if tasks else [])])
        if tasks:
            tasks.end()
    """

    def __init__(
        self,
        estimator: Any,  # noqa: ANN401, scikit-learn ships no types
        X: object,
        y: object,
        sample_weight: object,
        epochs: int | None,
        fitted: Callable[[], dict[str, Any]],
    ) -> None:
        self._fitted = fitted
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=epochs)
        self._fit.call_on_fit_task_begin(**self._told)
        self._epoch: Any = None

    @classmethod
    def of(
        cls,
        estimator: Any,  # noqa: ANN401
        X: object,
        y: object,
        sample_weight: object,
        epochs: int | None,
        fitted: Callable[[], dict[str, Any]],
    ) -> FitTasks | None:
        """Those of a fit, or None where the estimator has no callbacks: then nothing is done."""
        if not getattr(estimator, "_skl_callbacks", ()):
            return None
        return cls(estimator, X, y, sample_weight, epochs, fitted)

    def before_fit(self, run: Run) -> None:
        """The first epoch begins."""
        self._begin_epoch()

    def after_epoch(self, run: Run) -> bool:
        """An epoch is over, and another one begins if there is one. Whether to stop."""
        task, self._epoch = self._epoch, None
        stops = bool(
            task.call_on_fit_task_end(**self._told, reconstruction_attributes=self._fitted)
        )
        is_last = run.epoch + 1 >= run.first_epoch + run.epochs or run._reason is not None
        if not stops and not is_last:
            self._begin_epoch()
        return stops

    def end(self) -> None:
        """The fit is over, and the estimator fitted.

        An epoch that has begun and was not done, since there was nothing left to do, ends without
        an estimator.
        """
        task, self._epoch = self._epoch, None
        if task is not None:
            task.call_on_fit_task_end(**self._told)
        self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})

    def _begin_epoch(self) -> None:
        if self._epoch is None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._told)
