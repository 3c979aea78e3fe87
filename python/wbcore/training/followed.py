"""The optimizer of a fit, as the core asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.optimizers import _rate
from wbcore.schedules.base import Rates, rates_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from wbcore import _core
    from wbcore.optimizers import Optimizer
    from wbcore.training.resuming import Resumption

__all__ = ["Followed"]


class Followed:
    """What a fit goes on with, asked before its first batch and whenever Python was entered.

    Called, it gives settings, state, and the function that says the rates of steps, or None where
    the settings do.
    """

    def __init__(
        self, optimizer: Optimizer, core: _core._Network, resumption: Resumption | None = None
    ) -> None:
        self._optimizer, self._core = optimizer, core
        #: What will be in place of the optimizer's settings and state when the fit begins
        self.resumption = resumption

    def __call__(self) -> tuple[_core.OptimizerSettings, _core.OptimizerState, Rates | None]:
        """Settings, state, function."""
        if self.resumption is not None:
            optimizer, state = self.resumption.optimizer, self.resumption.state
        else:
            optimizer, state = self._optimizer, self._optimizer._state(self._core)
        function = _rate.function_of(optimizer.learning_rate)
        return optimizer._settings(), state._core, function

    def rates(self, first: int, count: int) -> NDArray[np.float64]:
        """What the function says of `count` steps; each number is looked at."""
        function = _rate.function_of(self._optimizer.learning_rate)
        assert function is not None, "the core asks where there is one"
        return rates_of(function, "fit", first, count)
