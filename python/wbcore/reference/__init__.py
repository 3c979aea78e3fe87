"""wbcore in plain Python: the specification that runs.

This package computes what the C++ core computes, to the last bit, on plain floats and lists, and
is written to be read beside ``docs/arithmetic.md``.  It needs neither NumPy nor the core, and it
is thousands of times slower.  The precision is an object, handed to whatever computes:

>>> from wbcore.reference import SGD, Arithmetic, Network, fit
>>> net = Network.mlp(Arithmetic("float32"), [2, 3, 1], "tanh", initializer="xavier", seed=0)
>>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]]
>>> history = fit(net, X, y, loss="mse", optimizer=SGD(0.5), epochs=2, batch_size=3, seed=1)
>>> len(history), len(net.predict(X))
(2, 4)

The modules build on one another in this order: ``fma``, ``arithmetic``, ``arrays``,
``constants``, ``functions``, ``normal``, ``random``, ``named``, ``orthogonal``,
``initializers``, ``softmax``, ``activations``, ``dropout``, ``dense``, ``losses``, ``metrics``,
``rankings``, ``optimizers``, ``schedules``, ``priors``, ``network``, ``standardized``,
``training``; ``digests`` stands alone.
"""

from .activations import ACTIVATIONS
from .arithmetic import FLOAT32, FLOAT64, Arithmetic
from .dense import Gradients, Layer
from .digests import digest
from .dropout import DropoutStep
from .initializers import INITIALIZERS, from_draws, initial_weights
from .losses import LOSSES, loss_and_gradient
from .metrics import METRICS, MetricSums
from .network import Network, scaled
from .optimizers import OPTIMIZERS, SGD, Adam
from .priors import prior_biases
from .random import Stream, held_out_rows, row_order
from .schedules import SCHEDULES
from .standardized import mean_and_scale, standardized
from .training import State, evaluate, fit, new_state, step

__all__ = [
    "ACTIVATIONS",
    "FLOAT32",
    "FLOAT64",
    "INITIALIZERS",
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "Arithmetic",
    "DropoutStep",
    "Gradients",
    "Layer",
    "MetricSums",
    "Network",
    "State",
    "Stream",
    "digest",
    "evaluate",
    "fit",
    "from_draws",
    "held_out_rows",
    "initial_weights",
    "loss_and_gradient",
    "mean_and_scale",
    "new_state",
    "prior_biases",
    "row_order",
    "scaled",
    "standardized",
    "step",
]
