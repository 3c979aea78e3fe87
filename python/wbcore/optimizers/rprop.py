"""Resilient backpropagation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.optimizers._rate import LearningRate
from wbcore.optimizers.base import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wbcore.optimizers.options import Options

__all__ = ["Rprop"]


class Rprop(Optimizer, row="rprop"):
    """Steps that grow while the sign of a gradient stays and shrink when it changes.

    (Riedmiller and Braun, 1993, in the form without weight-backtracking of Igel and Huesken, 2000.)
    Only signs of gradients count, so that it is for whole data in one batch. For a parameter w with
    the gradient g, that of the step before h, which starts at 0, and a size s of its own, which
    starts at learning_rate::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        g * h > 0:  s = min(s * eta_plus, max_step)
        g * h < 0:  s = max(s * eta_minus, min_step),  g = 0
        w = w - s * sign(g)
        h = g

    The exact operations, and where they differ from those of PyTorch, are in docs/arithmetic.md,
    section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.01
        The size of the first steps. Above 0; counts for networks that the optimizer has not been
        used with; of a schedule or a function the rate of step 1 alone. A network of float32
        refuses numbers that are out of range in float32.
    eta_minus : float, default 0.5
        Above 0 and below 1.
    eta_plus : float, default 1.2
        Above 1.
    min_step, max_step : float, default 1e-6 and 50
        Above 0; min_step is at most max_step.
    weight_decay : float, default 0
        At least 0.
    {options}

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer="rprop", epochs=100, batch_size=64)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ("eta_minus", "eta_plus", "max_step", "min_step")

    eta_minus: float
    eta_plus: float
    min_step: float
    max_step: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        min_step: float = 1e-6,
        max_step: float = 50.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            eta_minus=eta_minus,
            eta_plus=eta_plus,
            min_step=min_step,
            max_step=max_step,
            **options,
        )

    def _check(self) -> None:
        if self.min_step > self.max_step:
            raise ValueError(
                f"[Rprop] expected min_step of at most max_step={self.max_step!r}, "
                f"got {self.min_step!r}"
            )
