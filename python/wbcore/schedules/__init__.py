"""Schedules: the learning rate as a function of the number of the step.

An optimizer takes one in place of the number, `Adam(Cosine(0.001, steps=1000))`, or its text,
"adam(cosine(0.001, 1000))", or any function of the step. Steps are batches, counted from 1 over all
trainings of the optimizer's state of a network; `count_steps` says how many an epoch has. The rates
are computed in the core, by operations that docs/arithmetic.md lists (section 7.7), so that they
have the same bits everywhere, in `fit` and in loops of one's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _named
from wbcore._lazy import lazy as _lazy
from wbcore.schedules.base import Schedule, Warmup, count_steps
from wbcore.schedules.reading import check as check
from wbcore.schedules.reading import parsed as parsed

if TYPE_CHECKING:
    from wbcore.schedules.decays import Constant, Exponential, InverseScaling, Polynomial, Step
    from wbcore.schedules.plateau import Plateau
    from wbcore.schedules.waves import Cosine, OneCycle

__all__ = [
    "NAMES",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "Plateau",
    "Polynomial",
    "Schedule",
    "Step",
    "Warmup",
    "count_steps",
]

NAMES: tuple[str, ...] = tuple(_named.rows("schedule"))

if not TYPE_CHECKING:  # classes take milliseconds to make: most optimizers do without
    __getattr__, __dir__ = _lazy(
        __name__,
        {
            "Constant": "wbcore.schedules.decays",
            "Cosine": "wbcore.schedules.waves",
            "Exponential": "wbcore.schedules.decays",
            "InverseScaling": "wbcore.schedules.decays",
            "OneCycle": "wbcore.schedules.waves",
            "Plateau": "wbcore.schedules.plateau",
            "Polynomial": "wbcore.schedules.decays",
            "Step": "wbcore.schedules.decays",
        },
    )
