"""Rates that stay, or fall by steps and powers."""

from __future__ import annotations

from dataclasses import dataclass

from wbcore.schedules.base import Schedule

__all__ = ["Constant", "Exponential", "InverseScaling", "Polynomial", "Step"]


@dataclass(frozen=True)
class Constant(Schedule, row="constant"):
    """The same rate in every step; with a warm-up in front more than the number itself.

    Parameters
    ----------
    learning_rate : float
        Above 0.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.Constant(0.5).after_warmup(3).rates(5)
    array([0.125, 0.25 , 0.375, 0.5  , 0.5  ])
    """

    learning_rate: float


@dataclass(frozen=True)
class Step(Schedule, row="step"):
    """Times a factor every so many steps: `learning_rate * factor**((step - 1) // every)`.

    As `torch.optim.lr_scheduler.StepLR`.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    every : int
        Steps between two reductions.
    factor : float, default 0.1
        Above 0, at most 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.Step(1.0, every=2, factor=0.5).rates(5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """

    learning_rate: float
    every: int
    factor: float = 0.1


@dataclass(frozen=True)
class Exponential(Schedule, row="exponential"):
    """A little less in each step: `learning_rate * factor**((step - 1) / steps)`.

    As `torch.optim.lr_scheduler.ExponentialLR` with `steps=1`, and as Keras' `ExponentialDecay`.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    factor : float
        Above 0, at most 1: what is left after so many steps.
    steps : int, default 1

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.Exponential(1.0, factor=0.25, steps=2).rates(4).round(6)
    array([1.   , 0.5  , 0.25 , 0.125])
    """

    learning_rate: float
    factor: float
    steps: int = 1


@dataclass(frozen=True)
class Polynomial(Schedule, row="polynomial"):
    """Down to the end by a power of the part that is left; linear with the power 1.

    `part**power * learning_rate + (1 - part**power) * end`, where part is
    `(steps - (step - 1)) / steps`; `end` after that. As Keras' `PolynomialDecay`, and with
    `end=0` as `torch.optim.lr_scheduler.PolynomialLR`.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    steps : int
    end : float, default 0
        At least 0. With 0, steps after the last change nothing.
    power : float, default 1
        Above 0, at most 100.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.Polynomial(1.0, steps=2, end=0.5, power=2).rates(4)
    array([1.   , 0.625, 0.5  , 0.5  ])
    """

    learning_rate: float
    steps: int
    end: float = 0.0
    power: float = 1.0


@dataclass(frozen=True)
class InverseScaling(Schedule, row="inverse_scaling"):
    """Divided by a power of the steps so far: `learning_rate / (1 + (step - 1) / steps)**power`.

    With `steps=1` it is `learning_rate / step**power`, the "invscaling" of scikit-learn's
    `SGDClassifier`; with `power=1` Keras' `InverseTimeDecay`, whose `decay_rate / decay_steps` is
    `1 / steps`.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    power : float, default 0.5
        Above 0, at most 100.
    steps : int, default 1
        After so many steps the rate is divided by `2**power`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.InverseScaling(1.0, power=1, steps=2).rates(3)
    array([1.        , 0.66666667, 0.5       ])
    """

    learning_rate: float
    power: float = 0.5
    steps: int = 1
