"""The optimizer of an estimator for tables: that of the recipe, but for what is given."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, optimizers, schedules
from wbcore.recipe import TABLE
from wbcore.schedules import Schedule
from wbcore.schedules.lasting import lasting, says_rate

if TYPE_CHECKING:
    from wbcore.optimizers import Optimizer

__all__ = ["optimizer_of"]


def optimizer_of(estimator: Any, task: str, rows: float, steps: int) -> Optimizer:
    """A new optimizer for a fit.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        Its `optimizer`, `learning_rate`, `schedule` and `l2`.
    task : {"classification", "regression"}
    rows : float
        How many there are, or what they count together.
    steps : int
        Of the whole fit, over which the recipe's schedule goes.
    """
    given = estimator.optimizer
    made = optimizers.check("optimizer", TABLE.optimizer if given is None else deepcopy(given))
    if not isinstance(made, optimizers.Optimizer):
        raise ValueError(
            f"[fit] expected optimizer to be one that takes batches, such as Adam(), "
            f"got {_arguments.shown(given)}"
        )
    if estimator.learning_rate is not None:
        made.learning_rate = estimator.learning_rate
    elif given is None:
        made.learning_rate = TABLE.learning_rate
    if estimator.l2 is not None:
        made.l2 = estimator.l2
    elif given is None:
        made.l2 = TABLE.l2(task, rows)
    _set_schedule(made, estimator.schedule, steps)
    return made


def _set_schedule(made: Optimizer, given: object, steps: int) -> None:
    """A name says what becomes of the rate there is; a schedule, or its text, says all of it."""
    rate = made.learning_rate
    if isinstance(given, Schedule):
        made.learning_rate = given
    elif given is not None and not isinstance(given, str):
        raise TypeError(
            "[fit] expected schedule to be a Schedule or a text, such as 'cosine', 'one_cycle' or "
            f"'step(0.01, 1000)', got {_arguments.shown(given)}"
        )
    elif given is not None and says_rate(given):
        made.learning_rate = schedules.parsed("fit", given)
    elif isinstance(rate, (int, float)):
        made.learning_rate = lasting("fit", given or TABLE.schedule, float(rate), steps)
    elif given is not None:
        raise ValueError(
            "[fit] expected no schedule beside that of the optimizer, "
            f"got {_arguments.shown(given)}"
        )
