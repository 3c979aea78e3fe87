"""The end of a pool's threads: they are told of it, and nothing of theirs goes on after it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wbcore.callbacks import Callback

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["Threads", "callback"]

_here = threading.local()


class Threads:
    """The calls of a pool of threads.

    A daemon thread that is left alone goes on writing, and ends the process by a signal when it is
    within NumPy as the interpreter ends.
    """

    def __init__(self) -> None:
        self.are_over = False
        self._seen: set[threading.Thread] = set()

    def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Do a call in one of them; None when it is over."""
        self._seen.add(threading.current_thread())
        if self.are_over:
            return None
        _here.threads = self
        try:
            return call(*arguments)
        except _Over:
            return None
        finally:
            _here.threads = None

    def end(self) -> None:
        """Begin no further call; trainings in them end with their next batch."""
        self.are_over = True

    def join(self) -> None:
        """Wait for the threads of a pool that has been told to end."""
        for thread in self._seen - {threading.current_thread()}:
            thread.join()


def callback() -> Callback | None:
    """What ends a training of this thread, if it is one of a pool's."""
    threads = getattr(_here, "threads", None)
    return None if threads is None else _Watch(threads)


class _Over(BaseException):
    """No error of the training: no estimator may take it for one."""


class _Watch(Callback):
    seconds_between_batches = 0.05  # what nobody notices

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def after_batch(self, run: Run) -> None:  # noqa: ARG002
        if self._threads.are_over:
            raise _Over
