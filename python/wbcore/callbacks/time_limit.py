"""Ends a training after some time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wbcore import _arguments
from wbcore.callbacks.base import Callback, require_names

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["TimeLimit"]


class TimeLimit(Callback):
    """Ends a training with the first batch after so many seconds.

    Where that is depends on the machine; the position says it, and another `fit` goes on there, as
    does one that is given its checkpoint as `resume`.

    Parameters
    ----------
    seconds : float
        Above 0; they count from the moment when `fit` has checked its arguments.

    Raises
    ------
    TypeError, ValueError
        When seconds is of the wrong kind or out of range.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 1], seed=0)
    >>> X, y = np.ones((1000, 4)), np.ones(1000)
    >>> history = net.fit(
    ...     X, y, loss="mse", epochs=10**9, callbacks=[wb.callbacks.TimeLimit(0.02)]
    ... )
    >>> history.reason
    'the time limit of 0.02 s had passed'
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = _arguments.number(
            "TimeLimit",
            "seconds",
            seconds,
            expected="a finite number above 0",
            allowed=lambda value: 0 < value < math.inf,
        )
        self.seconds_between_batches = min(0.05, self.seconds / 20)
        self._end = math.inf

    def before_fit(self, run: Run) -> None:
        """Begin to count."""
        self._end = time.monotonic() + self.seconds

    def after_batch(self, run: Run) -> None:
        """Stop, if it is time."""
        if time.monotonic() >= self._end:
            run.stop(f"the time limit of {self.seconds:g} s had passed", resumable=True)

    after_epoch = after_batch

    def state(self) -> dict[str, Any]:
        """How many seconds are left; when they have passed, all of them are for whoever goes on."""
        left = self._end - time.monotonic()
        return {"seconds_left": left if left > 0 else self.seconds}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on as the one that `state` was taken from."""
        require_names(self, state, ("seconds_left",))
        left = _arguments.number("TimeLimit", "seconds_left", state["seconds_left"])
        self._end = time.monotonic() + left
