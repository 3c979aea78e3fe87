"""Asks the callbacks of a training, and the plain function beside them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wbcore.callbacks.base import HOOKS, Callback

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["Hooks", "PlainFunction"]

Hook: TypeAlias = Callable[[Any], object]


class PlainFunction:
    """The function `callback(epoch, history)` as a callback."""

    def __init__(self, function: Callable[[int, Any], object]) -> None:
        self.function = function

    def after_epoch(self, run: Run) -> object:
        """Ask the function."""
        return self.function(run.epoch, run.history)


class Hooks:
    """The hooks of all callbacks, in their order.

    Parameters
    ----------
    run : Run
        What each is given.
    callbacks : iterable of objects
        Each with some of the hooks.
    """

    def __init__(self, run: Run, callbacks: Iterable[object]) -> None:
        self.run = run
        self.failed_in: str | None = None
        self._callbacks = tuple(callbacks)
        self._begun: list[object] = []  # whose after_fit is to be called
        self._after_epoch = self._of("after_epoch")
        batch = [
            (hook, float(getattr(hook.__self__, "seconds_between_batches", 0.0)))
            for hook in self._of("after_batch")
        ]
        batch = [(hook, seconds) for hook, seconds in batch if seconds < math.inf]
        self.seconds_between_batches = min((seconds for _, seconds in batch), default=0.0)
        # The core waits as long as the most impatient of them asks for; the others wait here.
        self._after_batch: list[Hook] = [
            hook if seconds == self.seconds_between_batches else _Patient(hook, seconds)
            for hook, seconds in batch
        ]

    def _of(self, name: str) -> list[Any]:
        """The bound methods of that name, but for the one that does nothing."""
        found = [getattr(callback, name, None) for callback in self._callbacks]
        nothing = getattr(Callback, name)
        return [hook for hook in found if hook and getattr(hook, "__func__", None) is not nothing]

    @property
    def after_batch(self) -> Callable[[], bool] | None:
        """What the core calls after a batch, or None, so that it need not enter Python at all."""
        if not self._after_batch:
            return None
        return lambda: self._ask(self._after_batch)

    @property
    def after_epoch(self) -> Callable[[], bool] | None:
        """What the core calls after an epoch, or None."""
        if not self._after_epoch:
            return None
        return lambda: self._ask(self._after_epoch)

    def before_fit(self) -> bool:
        """What the core calls when it has found all arguments to be sound."""
        self.run._begin()
        for callback in self._callbacks:
            hook = getattr(callback, "before_fit", None)
            if hook is not None:
                self._ask([hook])
            self._begun.append(callback)
        return self.run._reason is not None

    def after_fit(self) -> BaseException | None:
        """Ask all that have begun, also when one of them raises; the first such exception."""
        first: BaseException | None = None
        for callback in self._begun:
            hook = getattr(callback, "after_fit", None)
            try:
                if hook is not None:
                    self._ask([hook])
            except BaseException as error:  # noqa: BLE001, it is raised when all have been asked
                first = first or error
        self._begun = []
        return first

    def _ask(self, hooks: Sequence[Hook]) -> bool:
        run = self.run
        for hook in hooks:
            try:
                answer = hook(run)
            except BaseException:
                self.failed_in = self.failed_in or _name(hook)
                raise
            # Only a true bool stops: many a lambda returns something else by accident.
            if isinstance(answer, (bool, np.bool_)) and answer:
                run.stop(f"{_name(hook)} returned True{_place(hook, run)}")
        return run._reason is not None


class _Patient:
    """A hook that is asked at most once in so many seconds."""

    def __init__(self, hook: Any, seconds: float) -> None:  # noqa: ANN401
        self._hook = hook
        self._seconds = seconds
        self._next = time.perf_counter() + seconds

    @property
    def hook(self) -> Any:  # noqa: ANN401
        """The hook itself."""
        return self._hook

    def __call__(self, run: Run) -> object:
        now = time.perf_counter()
        if now < self._next:
            return None
        self._next = now + self._seconds
        return self._hook(run)


def _name(hook: Any) -> str:  # noqa: ANN401
    """As an error message calls it: "EarlyStopping.after_epoch"."""
    hook = getattr(hook, "hook", hook)
    owner = getattr(hook, "__self__", None)
    if isinstance(owner, PlainFunction):
        return "callback"
    name = getattr(hook, "__name__", HOOKS[0])
    return f"{type(owner).__name__}.{name}" if owner is not None else str(name)


def _place(hook: Any, run: Run) -> str:  # noqa: ANN401
    hook = getattr(hook, "hook", hook)
    name = getattr(hook, "__name__", "")
    if name == "before_fit":
        return ""
    if name == "after_batch":
        return f" after batch {run.batch} of epoch {run.epoch + 1}"
    return f" after epoch {run.epoch + 1}"
