"""The optimizer of an estimator for tables: that of the recipe, but for what is given."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, optimizers
from wbcore.optimizers import _rate
from wbcore.recipe import TABLE
from wbcore.sklearn.rates import set_schedule

if TYPE_CHECKING:
    from wbcore.optimizers import Optimizer

__all__ = ["optimizer_of", "watches_validation"]

_LONG = 2**31 - 1  # steps, of a fit of which nothing is known yet


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
    given, made = estimator.optimizer, _with_rate(estimator, steps)
    if estimator.l2 is not None:
        made.l2 = estimator.l2
    elif given is None:
        l2 = TABLE.l2(task, rows)
        made.l2 = l2 if l2 > 1e-37 else 0.0  # of weights that are refused for what they are
    return made


def watches_validation(estimator: Any) -> bool:
    """Whether its schedule goes by rows that are not trained on."""
    if estimator.schedule is None and estimator.optimizer is None:
        return False
    return _rate.watches_validation(_with_rate(estimator, _LONG).learning_rate)


def _with_rate(estimator: Any, steps: int) -> Optimizer:
    given = estimator.optimizer
    made = deepcopy(optimizers.check("optimizer", TABLE.optimizer if given is None else given))
    if not isinstance(made, optimizers.Optimizer):
        raise ValueError(
            f"[fit] expected optimizer to be one that takes batches, such as Adam(), "
            f"got {_arguments.shown(given)}"
        )
    if estimator.learning_rate is not None:
        made.learning_rate = estimator.learning_rate
    elif given is None:
        made.learning_rate = TABLE.learning_rate
    if estimator.schedule is not None:
        set_schedule(made, estimator.schedule, steps)
    elif isinstance(made.learning_rate, (int, float)):
        set_schedule(made, TABLE.schedule, steps)
    return made
