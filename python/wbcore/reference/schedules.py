"""Schedules: the learning rate of a step (section 7.7), in binary64 whatever the format is."""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

from .arithmetic import FLOAT64
from .constants import S
from .functions import exp, horner, log
from .named import Choice, Table
from .optimizers import power

MOST_STEPS = 2**53


@dataclass(frozen=True)
class Schedule(Choice):
    """A schedule with its numbers.

    Parameters
    ----------
    warmup : int
        Steps before the first one of the rule.
    warmup_start : float
        The part of the rule's first rate from which it rises.
    """

    learning_rate: float = 0.0

    observes: ClassVar[bool] = False
    """Whether the rate also depends on what `observed` was told."""

    warmup: int = field(default=0, kw_only=True)
    warmup_start: float = field(default=0.0, kw_only=True)

    def rate_at(self, step: int, reductions: int = 0) -> float:
        """Return the learning rate of a step, counted from 1."""
        n = step - 1
        if n >= self.warmup:
            return self.rate(min(n - self.warmup, MOST_STEPS), reductions)
        part = step / (self.warmup + 1)
        return self.rate(0, reductions) * (self.warmup_start + (1.0 - self.warmup_start) * part)

    def rate(self, n: int, reductions: int) -> float:
        """Return the rate after n steps of the rule itself."""
        raise NotImplementedError


SCHEDULES: Table[Schedule] = Table("schedules", "schedule")


@dataclass(frozen=True)
class Observations:
    """What a schedule that observes remembers.

    Parameters
    ----------
    best : float or None
        None before the first value.
    waited : int
        Values since the best, or since the last reduction.
    reductions : int
        Of the rate.
    """

    best: float | None = None
    waited: int = 0
    reductions: int = 0


@SCHEDULES.add
@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate in every step.

    Examples
    --------
    >>> Constant(0.5, warmup=3).rate_at(1), Constant(0.5, warmup=3).rate_at(9)
    (0.125, 0.5)
    """

    name = "constant"

    def rate(self, n: int, reductions: int) -> float:
        return self.learning_rate


@SCHEDULES.add
@dataclass(frozen=True)
class Step(Schedule):
    """Times a factor every so many steps.

    Examples
    --------
    >>> [Step(1.0, 2, 0.5).rate_at(step) for step in (1, 2, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    name = "step"

    every: float = 0.0
    factor: float = 0.1

    def rate(self, n: int, reductions: int) -> float:
        return self.learning_rate * power(self.factor, n // int(self.every))


@SCHEDULES.add
@dataclass(frozen=True)
class Exponential(Schedule):
    """Times a factor in the course of so many steps, a little in each of them."""

    name = "exponential"

    factor: float = 0.0
    steps: float = 1.0

    def rate(self, n: int, reductions: int) -> float:
        return self.learning_rate * exp(FLOAT64, n / self.steps * log(FLOAT64, self.factor))


@SCHEDULES.add
@dataclass(frozen=True)
class Polynomial(Schedule):
    """Down to the end by a power of the part of the steps that is left.

    Examples
    --------
    >>> [Polynomial(1.0, 4, 0.5).rate_at(step) for step in (1, 3, 5, 6)]
    [1.0, 0.75, 0.5, 0.5]
    """

    name = "polynomial"

    steps: float = 0.0
    end: float = 0.0
    power: float = 1.0

    def rate(self, n: int, reductions: int) -> float:
        if n >= self.steps:
            return self.end
        part = real_power((self.steps - n) / self.steps, self.power)
        return between(part, self.learning_rate, self.end)


@SCHEDULES.add
@dataclass(frozen=True)
class Cosine(Schedule):
    """Down half a wave of the cosine, once or again and again.

    Examples
    --------
    >>> [Cosine(1.0, 2, 0.5, restarts=1, multiplier=2).rate_at(step) for step in (1, 3, 7, 15)]
    [1.0, 1.0, 1.0, 1.0]
    >>> Cosine(1.0, 2, 0.5).rate_at(3)
    0.5
    """

    name = "cosine"

    steps: float = 0.0
    minimum: float = 0.0
    restarts: float = 0.0
    multiplier: float = 1.0

    def rate(self, n: int, reductions: int) -> float:
        length, multiplier = int(self.steps), int(self.multiplier)
        if not self.restarts:
            n = min(n, length)
        elif multiplier == 1:
            n = n % length
        else:
            while n >= length:
                n, length = n - length, length * multiplier
        return between(fall(float(n), float(length)), self.learning_rate, self.minimum)


@SCHEDULES.add
@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up half a wave to the rate and down another one, far below where it began.

    L. N. Smith and N. Topin, "Super-convergence", 2018.

    Examples
    --------
    >>> [OneCycle(1.0, 10, 0.3, 2, 4).rate_at(step) for step in (1, 3, 10, 11)]
    [0.5, 1.0, 0.125, 0.125]
    """

    name = "one_cycle"

    steps: float = 0.0
    rising: float = 0.3
    divisor: float = 25.0
    final_divisor: float = 10000.0

    def rate(self, n: int, reductions: int) -> float:
        first = self.learning_rate / self.divisor
        last = first / self.final_divisor
        at, end = float(n), self.steps - 1.0
        top = max(self.rising * self.steps - 1.0, 0.0)
        if top > 0.0 and at <= top:
            return between(fall(at, top), first, self.learning_rate)
        if at >= end:
            return last
        return between(fall(at - top, end - top), self.learning_rate, last)


@SCHEDULES.add
@dataclass(frozen=True)
class InverseScaling(Schedule):
    """Divided by a power of the number of steps.

    Examples
    --------
    >>> InverseScaling(1.0, power=1.0, steps=2).rate_at(3)
    0.5
    """

    name = "inverse_scaling"

    power: float = 0.5
    steps: float = 1.0

    def rate(self, n: int, reductions: int) -> float:
        return self.learning_rate * real_power(self.steps / (self.steps + n), self.power)


@SCHEDULES.add
@dataclass(frozen=True)
class Plateau(Schedule):
    """Times a factor whenever what is observed has not become better for a while.

    Examples
    --------
    >>> plateau, memory = Plateau(1.0, 0.5, 1), Observations()
    >>> for loss in (3.0, 2.0, 2.0):
    ...     memory = observed(plateau, memory, loss)
    >>> memory, plateau.rate_at(9, memory.reductions)
    (Observations(best=2.0, waited=0, reductions=1), 0.5)
    """

    name = "plateau"
    observes = True

    factor: float = 0.1
    patience: float = 10.0
    min_delta: float = 0.0001
    minimum: float = 0.0
    maximize: float = 0.0

    def rate(self, n: int, reductions: int) -> float:
        return max(self.learning_rate * power(self.factor, reductions), self.minimum)


def observed(schedule: Plateau, memory: Observations, value: float) -> Observations:
    """Return what a plateau remembers after one more value of what it watches."""
    best = memory.best
    if best is None:
        better = not math.isnan(value)
    elif schedule.maximize:
        better = value > best + schedule.min_delta
    else:
        better = value < best - schedule.min_delta
    if better:
        return replace(memory, best=value, waited=0)
    if memory.waited + 1 < schedule.patience:
        return replace(memory, waited=memory.waited + 1)
    return replace(memory, waited=0, reductions=memory.reductions + 1)


def fall(a: float, b: float) -> float:
    """(1 + cos(pi a / b)) / 2, for a from 0 to b.

    Examples
    --------
    >>> fall(0.0, 5.0), fall(5.0, 5.0), fall(1.0, 3.0)
    (1.0, 0.0, 0.75)
    """
    if 2.0 * a <= b:
        s = _sine(a / b)
        return 1.0 - s * s
    s = _sine((b - a) / b)
    return s * s


def _sine(z: float) -> float:
    """sin(pi z / 2), for z from 0 to 1/2."""
    return z * horner(FLOAT64, z * z, S)


def real_power(base: float, exponent: float) -> float:
    """Return a power of a base above 0, at most 1.

    Examples
    --------
    >>> real_power(0.25, 2.0), real_power(0.25, 0.5)
    (0.0625, 0.5)
    """
    if exponent == int(exponent):
        return power(base, int(exponent))
    return exp(FLOAT64, exponent * log(FLOAT64, base))


def between(part: float, start: float, end: float) -> float:
    """Return the mean of two numbers of which the first has this part."""
    return part * start + (1.0 - part) * end
