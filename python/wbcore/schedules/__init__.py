"""Schedules: the learning rate as a function of the number of the step.

An optimizer takes one in place of the number, `Adam(Cosine(0.001, steps=1000))`, or its text,
"adam(cosine(0.001, 1000))", or any function of the step. Steps are batches, counted from 1 over all
trainings of the optimizer's state of a network; `count_steps` says how many an epoch has. The rates
are computed in the core, by operations that docs/arithmetic.md lists (section 7.7), so that they
have the same bits everywhere, in `fit` and in loops of one's own.
"""

from wbcore import _named
from wbcore.schedules import base, decays, plateau, waves
from wbcore.schedules.base import *
from wbcore.schedules.decays import *
from wbcore.schedules.plateau import *
from wbcore.schedules.reading import check as check
from wbcore.schedules.reading import parsed as parsed
from wbcore.schedules.waves import *

__all__: list[str] = ["NAMES"]
__all__ += base.__all__
__all__ += decays.__all__
__all__ += waves.__all__
__all__ += plateau.__all__

NAMES: tuple[str, ...] = tuple(_named.rows("schedule"))
