"""Rates along the cosine."""

from __future__ import annotations

from dataclasses import dataclass

from wbcore.schedules.base import Schedule

__all__ = ["Cosine", "OneCycle"]


@dataclass(frozen=True)
class Cosine(Schedule, row="cosine"):
    """Down half a wave of the cosine, once or with restarts (Loshchilov and Hutter, 2017).

    `f * learning_rate + (1 - f) * minimum`, where f is `(1 + cos(pi * n / length)) / 2` and n
    counts the steps of the cycle from 0. Without restarts the rate then stays at the minimum, as
    Keras' `CosineDecay` does; `torch.optim.lr_scheduler.CosineAnnealingLR`, the same until there,
    rises again. With restarts it is `CosineAnnealingWarmRestarts`.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    steps : int
        Of the whole, or of the first cycle.
    minimum : float, default 0
        At least 0. With 0 and no restarts, steps after the last change nothing.
    restarts : bool, default False
        Begin again at `learning_rate` after each cycle.
    multiplier : int, default 1
        By what each cycle is longer than the one before; at most 1000.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.Cosine(1.0, steps=3).rates(5)
    array([1.  , 0.75, 0.25, 0.  , 0.  ])
    >>> wb.schedules.Cosine(1.0, steps=2, restarts=True, multiplier=2).rates(7).round(3)
    array([1.   , 0.5  , 1.   , 0.854, 0.5  , 0.146, 1.   ])
    """

    learning_rate: float
    steps: int
    minimum: float = 0.0
    restarts: bool = False
    multiplier: int = 1


@dataclass(frozen=True)
class OneCycle(Schedule, row="one_cycle"):
    """Up half a wave to the rate, and down another one to far below (Smith and Topin, 2018).

    `torch.optim.lr_scheduler.OneCycleLR` with its defaults, but for the momentum, which stays as it
    is: from `learning_rate / divisor` up in the first `rising * steps - 1` steps, and down to
    `learning_rate / divisor / final_divisor` in the last of the steps. Later steps, which torch
    refuses, keep that.

    Parameters
    ----------
    learning_rate : float
        The highest, above 0.
    steps : int
        At least 2.
    rising : float, default 0.3
        The part of the steps in which the rate rises, 0 to 1.
    divisor, final_divisor : float, default 25 and 10000
        At least 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.OneCycle(1.0, steps=10, divisor=2).rates(11).round(4)
    array([0.5   , 0.75  , 1.    , 0.9505, 0.8118, 0.6113, 0.3888, 0.1883,
           0.0496, 0.    , 0.    ])
    """

    learning_rate: float
    steps: int
    rising: float = 0.3
    divisor: float = 25.0
    final_divisor: float = 10_000.0
