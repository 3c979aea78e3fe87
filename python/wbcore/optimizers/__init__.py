"""Optimizers: how a gradient changes the parameters.

An optimizer is an object with settings, such as `Adam(learning_rate=0.001)`; `fit` takes its text
too, "adam(0.001)". What it remembers of a network is `optimizer.state(net)`. `import wbcore` offers
all of them.
"""

from wbcore import _named
from wbcore.optimizers import adam, base, lbfgs, rmsprop, rprop, sgd, state
from wbcore.optimizers.adam import *
from wbcore.optimizers.base import *
from wbcore.optimizers.base import last_of as last_of
from wbcore.optimizers.lbfgs import *
from wbcore.optimizers.reading import check as check
from wbcore.optimizers.reading import going_on as going_on
from wbcore.optimizers.rmsprop import *
from wbcore.optimizers.rprop import *
from wbcore.optimizers.sgd import *
from wbcore.optimizers.state import *

# Classes alone: `import wbcore` offers them too.
__all__: list[str] = []
__all__ += base.__all__
__all__ += state.__all__
__all__ += sgd.__all__
__all__ += adam.__all__
__all__ += lbfgs.__all__
__all__ += rmsprop.__all__
__all__ += rprop.__all__

NAMES: tuple[str, ...] = tuple(_named.rows("optimizer"))
