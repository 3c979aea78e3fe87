"""The learning rate of an estimator's optimizer, as its parameter `schedule` says."""

from __future__ import annotations

from wbcore import _arguments, schedules
from wbcore.optimizers import Optimizer
from wbcore.schedules import Schedule
from wbcore.schedules.lasting import lasting, says_rate

__all__ = ["has_ended", "set_schedule"]


_ENDING = (schedules.Cosine, schedules.OneCycle, schedules.Polynomial)


def has_ended(optimizer: Optimizer, done: int) -> bool:
    """Whether the rate went all its way down in the steps that are done, as it was told to."""
    rate = optimizer.learning_rate
    warmup = rate.steps if isinstance(rate, schedules.Warmup) else 0
    rule = rate.schedule if isinstance(rate, schedules.Warmup) else rate
    if not isinstance(rule, _ENDING) or getattr(rule, "restarts", False):
        return False
    return done >= rule.steps + warmup


def set_schedule(optimizer: Optimizer, given: object, steps: int) -> None:
    """Set the rate: a name says what becomes of the one there is, a schedule all of it.

    Parameters
    ----------
    optimizer : Optimizer
        Changed.
    given : Schedule, str or function of the step
        The parameter.
    steps : int
        Of the whole fit, as long as which a name lasts.

    Raises
    ------
    TypeError, ValueError
        When it is none, or a name where the optimizer has a schedule already.
    """
    rate = optimizer.learning_rate
    if not isinstance(given, str):
        if not isinstance(given, Schedule) and not callable(given):
            raise TypeError(
                "[fit] expected schedule to be a Schedule or a text, such as 'cosine', 'one_cycle' "
                f"or 'step(0.01, 1000)', got {_arguments.shown(given)}"
            )
        optimizer.learning_rate = given
    elif says_rate(given) or isinstance(rate, (int, float)):
        try:
            optimizer.learning_rate = (
                schedules.parsed("fit", given)
                if says_rate(given)
                else lasting("fit", given, float(rate), steps)
            )
        except ValueError as error:  # of the rate that a schedule stands for
            words = str(error).replace("learning_rate to be", "schedule to be", 1)
            raise ValueError(words) from None
    else:
        raise ValueError(f"[fit] expected no schedule beside that of the optimizer, got {given!r}")
