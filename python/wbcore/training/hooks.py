"""Asks the callbacks of a training, and the plain function beside them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wbcore import _core
from wbcore.callbacks.base import is_hook
from wbcore.optimizers import LBFGS, _rate

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run
    from wbcore.training.own_metrics import OwnMetrics

__all__ = ["Hooks", "Internal", "OwnSeries", "PlainFunction"]

# Stands for the epoch and batch of which some callbacks have been told, and others perhaps not.
_SOME = (2**63, 0)

Hook: TypeAlias = Callable[[Any], object]
Asked: TypeAlias = tuple[object, Hook]


class Internal:
    """A hook of the fit's own.

    Attributes
    ----------
    label : str
        What error messages call it.
    """

    label: str

    @property
    def patience(self) -> _core.Patience | None:
        """By which the core knows itself whether to stop after an epoch; None: it does not.

        It need not ask then, where nobody else listens; the hook looks at the epochs in after_fit.
        """
        return None


class PlainFunction(Internal):
    """The function `callback(epoch, history)` as a callback."""

    label = "callback"

    def __init__(self, function: Callable[[int, Any], object]) -> None:
        self.function = function

    def after_epoch(self, run: Run) -> object:
        """Ask the function."""
        return self.function(run.epoch, run.history)


class OwnSeries(Internal):
    """Adds the metrics of one's own to the history, before anybody else looks at it."""

    label = "a metric"

    def __init__(self) -> None:
        self.metrics: OwnMetrics | None = None  # until the rows are known
        self._prefix = ""

    def take(self, metrics: OwnMetrics, prefix: str) -> None:
        """Know the rows that they are taken of; series have names with the prefix."""
        self.metrics, self._prefix = metrics, prefix

    def before_fit(self, run: Run) -> None:
        """Of rows that are held out, the core knows by now which these are."""
        held_out = run._moment.held_out
        if self.metrics is not None and len(held_out):
            self.metrics = replace(self.metrics, places=held_out)

    def after_epoch(self, run: Run) -> None:
        """Predict, and ask the functions; of the training data those rows that the epoch had."""
        if self.metrics is not None:
            order = run._moment.order
            if len(order) and not self._prefix:
                self.metrics = replace(self.metrics, places=order)
            self.metrics.add_to(run.history._record, self._prefix)


class Observer:
    """Lets a schedule that watches a series see it, before anybody else is asked."""

    def after_epoch(self, run: Run) -> None:
        """Show it the epoch's value; a callback may have set another schedule meanwhile."""
        if isinstance(run.optimizer, LBFGS):
            return
        plateau = _rate.watching(run.optimizer.learning_rate)
        if plateau is not None:
            run.optimizer.observe(run.network, getattr(run.history, plateau.monitor)[-1])


class Hooks:
    """The hooks of all callbacks, in their order.

    Parameters
    ----------
    run : Run
        What each is given.
    callbacks : iterable of objects
        Each with some of the hooks.
    watched : bool
        Whether a schedule watches the training.
    """

    def __init__(self, run: Run, callbacks: Iterable[object], *, watched: bool = False) -> None:
        self.run = run
        self.failed_in: str | None = None
        self._callbacks = tuple(callbacks)
        self._begun: list[object] = []  # whose after_fit is to be called
        self._told: dict[str, tuple[int, int]] = {}  # the last epoch and batch of each hook
        self._after_epoch = self._of("after_epoch")
        self.patience = self._patience(watched=watched)
        if self.patience is not None:
            self._after_epoch = []
        # Whoever is asked may set a schedule that watches.
        after_batch = self._of("after_batch")
        if watched or after_batch or self._after_epoch or self._of("before_fit"):
            observer = Observer()
            has_own = any(isinstance(who, OwnSeries) for who, _ in self._after_epoch[:1])
            self._after_epoch.insert(int(has_own), (observer, observer.after_epoch))
        batch = [(*pair, _interval(pair[0])) for pair in after_batch]
        batch = [entry for entry in batch if entry[-1] < math.inf or _batches(entry[0])]
        self.seconds_between_batches = min((entry[-1] for entry in batch), default=0.0)
        self.batches_between = max((_batches(entry[0]) for entry in batch), default=0)
        # The core waits as long as the most impatient of them asks for; the others wait here.
        core_waits = self.seconds_between_batches if not self.batches_between else 0.0
        self._after_batch = [
            (who, hook if seconds == core_waits or _batches(who) else _Patient(hook, seconds))
            for who, hook, seconds in batch
        ]

    def _of(self, name: str) -> list[Asked]:
        """Who has a method of that name, and the method, but for the one that does nothing."""
        if not self._callbacks:
            return []
        found = [(callback, getattr(callback, name, None)) for callback in self._callbacks]
        return [(callback, hook) for callback, hook in found if is_hook(hook, name)]

    def _patience(self, *, watched: bool) -> _core.Patience | None:
        """That of the only callback."""
        if watched or len(self._callbacks) != 1 or not isinstance(self._callbacks[0], Internal):
            return None
        return self._callbacks[0].patience

    @property
    def after_batch(self) -> Callable[[], bool] | None:
        """What the core calls after a batch, or None, so that it need not enter Python at all."""
        if not self._after_batch:
            return None
        return lambda: self._ask("after_batch", self._after_batch)

    @property
    def after_epoch(self) -> Callable[[], bool] | None:
        """What the core calls after an epoch, or None."""
        if not self._after_epoch:
            return None
        return lambda: self._ask("after_epoch", self._after_epoch)

    def have_seen(self, epoch: int, batch: int) -> bool:
        """Whether all callbacks have been told of everything before that batch of that epoch.

        And of no more: Ctrl-C may come when some have been and others not, and may end a fit with
        an earlier batch. Who looks in now and then misses none.
        """
        told, now = self._told["after_batch"], (epoch, batch)
        misses_none = not self._after_batch or self.seconds_between_batches > 0
        exact = told <= now if misses_none or batch == 0 else told == now
        return exact and self._told["after_epoch"][0] == epoch - 1

    def before_fit(self) -> bool:
        """What the core calls when it has found all arguments to be sound."""
        self.run._begin()
        self._told = {
            "after_epoch": (self.run.epoch - 1, self.run.batches),
            "after_batch": (self.run.epoch, self.run.batch),
        }
        for callback in self._callbacks:
            hook = getattr(callback, "before_fit", None)
            if hook is not None:
                self._ask("before_fit", [(callback, hook)])
            self._begun.append(callback)
        return self.run._reason is not None

    def after_fit(self) -> BaseException | None:
        """Ask all that have begun, also when one of them raises; the first such exception."""
        first: BaseException | None = None
        for callback in self._begun:
            hook = getattr(callback, "after_fit", None)
            try:
                if hook is not None:
                    self._ask("after_fit", [(callback, hook)])
            except BaseException as error:  # noqa: BLE001, it is raised when all have been asked
                first = first or error
        self._begun = []
        return first

    def _ask(self, name: str, hooks: Sequence[Asked]) -> bool:
        run = self.run
        self._told[name] = _SOME
        for callback, hook in hooks:
            try:
                answer = hook(run)
            except BaseException:
                self.failed_in = self.failed_in or _label(callback, name)
                raise
            # Only a true bool stops: many a lambda returns something else by accident.
            if isinstance(answer, (bool, np.bool_)) and answer:
                run.stop(f"{_label(callback, name)} returned True{_place(name, run)}")
        self._told[name] = (run.epoch, run.batch)
        if run.history.best_epoch is not None:  # whose record stays
            run._moment.best_epoch = run.history.best_epoch
        return run._reason is not None


class _Patient:
    """A hook that is asked at most once in so many seconds."""

    def __init__(self, hook: Hook, seconds: float) -> None:
        self._hook = hook
        self._seconds = seconds
        self._next = time.perf_counter() + seconds

    def __call__(self, run: Run) -> object:
        now = time.perf_counter()
        if now < self._next:
            return None
        self._next = now + self._seconds
        return self._hook(run)


def _interval(callback: object) -> float:
    return float(getattr(callback, "seconds_between_batches", 0.0))


def _batches(callback: object) -> int:
    """After so many batches a hook of the fit's own is asked, too; 0: it is not."""
    return getattr(callback, "batches_between", 0) if isinstance(callback, Internal) else 0


def _label(callback: object, name: str) -> str:
    """As an error message calls it: "EarlyStopping.after_epoch"."""
    return callback.label if isinstance(callback, Internal) else f"{type(callback).__name__}.{name}"


def _place(name: str, run: Run) -> str:
    if name == "before_fit":
        return ""
    if name == "after_batch":
        return f" after batch {run.batch} of epoch {run.epoch + 1}"
    return f" after epoch {run.epoch + 1}"
