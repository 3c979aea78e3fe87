"""Ctrl-C while an estimator trains that ends its training then, as scikit-learn's MLP does."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["raised"]


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end of a block that was interrupted and went on.

    What a training that was cut short found must not pass for finished. In other threads than the
    main one there is nothing to do: no signal interrupts them.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    came = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
