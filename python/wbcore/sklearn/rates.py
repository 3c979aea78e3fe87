"""The learning rate of an estimator's optimizer, as its parameter `schedule` says."""

from __future__ import annotations

from wbcore import _arguments, schedules
from wbcore.optimizers import Optimizer
from wbcore.schedules import Schedule
from wbcore.schedules.lasting import lasting, says_rate

__all__ = ["set_schedule"]


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
    elif says_rate(given):
        optimizer.learning_rate = schedules.parsed("fit", given)
    elif isinstance(rate, (int, float)):
        optimizer.learning_rate = lasting("fit", given, float(rate), steps)
    else:
        raise ValueError(f"[fit] expected no schedule beside that of the optimizer, got {given!r}")
