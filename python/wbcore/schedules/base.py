"""What all schedules have in common, and how a function of the step is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import numpy as np

from wbcore import _arguments, _core, _named

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Schedule", "Warmup", "count_steps"]

Rates: TypeAlias = Callable[[int], float]

_FLAG = "0 or 1"  # as the core's rows say it of switches
_WHOLE = "an integer"  # and with what they begin it of whole numbers
_LAST = 2**63 - 1


class Schedule(_named.Choice, kind="schedule"):
    """What all schedules have in common: `schedule(step)` is a rate, `str(schedule)` its text.

    Schedules are frozen and compare by their numbers. `learning_rate` is the number that the others
    are about; `after_warmup` puts a rise in front.

    See Also
    --------
    Constant, Step, Exponential, Polynomial, InverseScaling, Cosine, OneCycle, Plateau, Warmup

    Examples
    --------
    >>> import wbcore as wb
    >>> schedule = wb.schedules.Step(0.5, every=100, factor=0.5)
    >>> schedule(100), schedule(101), str(schedule)
    (0.5, 0.25, 'step(0.5, 100, 0.5)')
    """

    learning_rate: float

    def __post_init__(self) -> None:
        name = type(self).__name__
        for number in self._row.numbers:
            value: object = getattr(self, number.name)
            if number.expected == _FLAG:
                value = _arguments.flag(name, number.name, value)
            else:
                value = _arguments.number(
                    name, number.name, value, expected=number.expected, allowed=number.allows
                )
                value = int(value) if number.expected.startswith(_WHOLE) else value
            self._assign(number.name, value)

    def _assign(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the way of frozen dataclasses

    @property
    def _rule(self) -> Schedule:
        """Without the warm-up that stands in front."""
        return self

    @property
    def _in_core(self) -> _core.Schedule | None:
        """What computes it without Python; None for functions."""
        return self._made(0, 0.0)

    def _made(self, warmup: int, warmup_start: float) -> _core.Schedule:
        numbers = tuple(float(getattr(self, number.name)) for number in self._row.numbers)
        return _made(self._row.name, numbers, warmup, warmup_start)

    def after_warmup(self, steps: int, start: float = 0.0) -> Warmup:
        """The schedule behind a linear rise to its first rate.

        Parameters
        ----------
        steps : int
            Of the rise; the schedule's own first step is the one after them.
        start : float, default 0
            From 0 to 1: the part of the first rate from which it rises.

        Returns
        -------
        Warmup

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.schedules.Step(1.0, every=2, factor=0.5).after_warmup(1).rates(5)
        array([0.5, 1. , 1. , 0.5, 0.5])
        """
        return Warmup(self, steps, start)

    def __call__(self, step: int) -> float:
        """The learning rate of a step.

        Parameters
        ----------
        step : int
            1 for the first.

        Returns
        -------
        float
            As computed in float64, in which an optimizer goes on with it.

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.schedules.Polynomial(0.5, steps=10)(6)
        0.25
        """
        return float(self.rates(1, _arguments.integer("schedule", "step", step, high=_LAST))[0])

    def rates(self, count: int, first: int = 1) -> NDArray[np.float64]:
        """The learning rates of many steps, to be drawn or printed.

        Parameters
        ----------
        count : int
        first : int, default 1
            The number of the first of these steps.

        Returns
        -------
        ndarray of shape (count,)

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.schedules.Polynomial(1.0, steps=4).rates(6)
        array([1.  , 0.75, 0.5 , 0.25, 0.  , 0.  ])
        """
        count = _arguments.integer("rates", "count", count, low=0, high=2**40)
        first = _arguments.integer("rates", "first", first, high=_LAST)
        core = self._in_core
        if core is None:
            return rates_of(self._rate, "rates", first, count)
        with _arguments.memory("rates"):
            return core.rates(first, count, 0)

    def _rate(self, step: int) -> float:
        """In Python, where the core cannot."""
        raise NotImplementedError


@dataclass(frozen=True)
class Warmup(Schedule):
    """A linear rise to the first rate of a schedule, which begins when it is over.

    Step t of the `steps` of the rise has the part `start + (1 - start) * t / (steps + 1)` of the
    schedule's first rate: with `start=0` those of two steps are 1/3 and 2/3. It is torch's
    `SequentialLR` of a `LinearLR` with `start_factor=1 / (steps + 1)` and the schedule.

    Parameters
    ----------
    schedule : Schedule or callable
        A callable is a function of the step; it, too, counts its own steps from 1.
    steps : int
    start : float, default 0
        From 0 to 1: the part of the first rate from which it rises.

    Examples
    --------
    >>> import wbcore as wb
    >>> schedule = wb.schedules.Warmup(wb.schedules.Cosine(1.0, steps=4), steps=3)
    >>> schedule.rates(8).round(3)
    array([0.25 , 0.5  , 0.75 , 1.   , 0.854, 0.5  , 0.146, 0.   ])
    >>> str(schedule)
    'cosine(1, 4) after warmup(3)'
    """

    schedule: Schedule | Rates
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.schedule, Warmup):
            raise ValueError(f"[Warmup] expected a schedule without one, got {self.schedule}")
        if not callable(self.schedule):
            raise TypeError(
                f"[Warmup] expected schedule to be a schedule or a function of the step, "
                f"got {_arguments.shown(self.schedule)}"
            )
        self._assign("steps", _arguments.integer("Warmup", "steps", self.steps, high=2**53))
        start = _arguments.number(
            "Warmup",
            "start",
            self.start,
            expected="a number from 0 to 1",
            allowed=lambda part: 0 <= part <= 1,
        )
        self._assign("start", start)

    @property
    def learning_rate(self) -> float:  # type: ignore[override]
        """Of the schedule; that of a function is not known."""
        return self._rule.learning_rate

    @property
    def _rule(self) -> Schedule:
        if isinstance(self.schedule, Schedule):
            return self.schedule
        raise AttributeError("[Warmup] expected a schedule, got a function of the step")

    @property
    def _in_core(self) -> _core.Schedule | None:
        if not isinstance(self.schedule, Schedule):
            return None
        return self.schedule._made(self.steps, self.start)

    def _rate(self, step: int) -> float:
        if step > self.steps:
            return rate_of(self.schedule, "Warmup", step - self.steps)
        part = step / (self.steps + 1)
        return rate_of(self.schedule, "Warmup", 1) * (self.start + (1 - self.start) * part)

    def __str__(self) -> str:
        start = f", {self.start!r}".removesuffix(".0") if self.start else ""
        return f"{text_of(self.schedule)} after warmup({self.steps}{start})"


def count_steps(rows: int, batch_size: int, epochs: int = 1) -> int:
    """How many steps a training has: batches, of which the last of an epoch may be shorter.

    Parameters
    ----------
    rows : int
        Those that are trained on: without those that `validation_fraction` holds out, of which
        `wbcore.random.held_out_rows` tells, `len(training)`.
    batch_size : int
    epochs : int, default 1

    Returns
    -------
    int

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.schedules.count_steps(rows=100, batch_size=32, epochs=20)
    80
    >>> wb.schedules.Cosine(0.1, steps=wb.schedules.count_steps(60_000, 32, epochs=10))
    Cosine(learning_rate=0.1, steps=18750, minimum=0.0, restarts=False, multiplier=1)
    """
    rows = _arguments.integer("count_steps", "rows", rows, high=_LAST)
    batch_size = _arguments.integer("count_steps", "batch_size", batch_size)
    return -(-rows // batch_size) * _arguments.integer("count_steps", "epochs", epochs)


def is_callable(value: object) -> TypeGuard[Rates]:
    """Whether it may be asked for the rate of a step: schedules, and functions of the user's."""
    return callable(value)


def text_of(rate: object) -> str:
    """Of a schedule; of a function its name, which nobody can read back."""
    if isinstance(rate, Schedule):
        return str(rate)
    return f"<{getattr(rate, '__qualname__', type(rate).__qualname__)}>"


def rates_of(function: Rates, operation: str, first: int, count: int) -> NDArray[np.float64]:
    """What a function of the step says of `count` steps, each number checked."""
    return np.array([rate_of(function, operation, first + i) for i in range(count)], np.float64)


def rate_of(function: Rates, operation: str, step: int) -> float:
    """What a function of the step says of one of them."""
    value: object = function(step)
    try:
        if isinstance(value, np.ndarray) and value.ndim == 0:  # what NumPy's functions may give
            value = value[()]
        return _arguments.number(
            operation, "learning_rate", value, expected=_RATE, allowed=_allowed
        )
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error} at step {step}") from None


_RATE = "a function of the step that gives finite numbers of at least 0"


def _allowed(rate: float) -> bool:
    return 0 <= rate <= _arguments.FLOAT32_MAX


@lru_cache(maxsize=256)  # a loop of one's own asks in each step
def _made(
    name: str, numbers: tuple[float, ...], warmup: int, warmup_start: float
) -> _core.Schedule:
    """The core's object, which never changes."""
    return _core.Schedule(name, numbers, warmup, warmup_start)
