"""A dense-neural-network engine for CPUs: a C++ core, a NumPy-native API, the same bits everywhere.

Build a network, `fit` it, `predict` with it, look at every weight and bias as an array::

    import wbcore as wb

    net = wb.Network.mlp([64, 32, 10], activation="relu", seed=0)
    history = net.fit(X, y, loss="cross_entropy", optimizer=wb.SGD(0.1, momentum=0.9), epochs=20)
    print(history)
    print(net.summary())
    net.save("digits.safetensors")

Modules: `activations`, `callbacks`, `initializers`, `losses`, `metrics`, `optimizers`, `random`,
`schedules`; and, imported when first used, `data` (what is larger than memory), `inspect` (tables
of weights and biases), `io` (files), `reference` (what is computed, in plain Python),
`searching` (what `search` draws from and gives), `tables` (raw rows as numbers, and models that
take them) and `sklearn` (estimators; needs scikit-learn).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from wbcore import _core
except ImportError as _error:
    from wbcore._unloadable import explained as _explained

    raise _explained(_error) from _error

from wbcore import (
    activations,
    callbacks,
    initializers,
    losses,
    metrics,
    optimizers,
    random,
    schedules,
)
from wbcore._core import Predictor, available_isas, isa
from wbcore._lazy import lazy as _lazy
from wbcore.activations import *
from wbcore.errors import DivergenceError, ModelFileError, ReplayError, TrainingWarning
from wbcore.gradients import Gradients, LayerGradients
from wbcore.history import History
from wbcore.layers import Dense, Layer, dense
from wbcore.loading import load
from wbcore.network import Network
from wbcore.optimizers.adam import *
from wbcore.optimizers.base import *
from wbcore.optimizers.lbfgs import *
from wbcore.optimizers.rmsprop import *
from wbcore.optimizers.rprop import *
from wbcore.optimizers.sgd import *
from wbcore.optimizers.state import *
from wbcore.scaled import Scaled
from wbcore.standardized import Standardized
from wbcore.threads import get_num_threads, num_threads, set_num_threads

if TYPE_CHECKING:
    from wbcore import data, inspect, io, reference, searching, tables
    from wbcore._paths import get_cmake_dir, get_include, get_library
    from wbcore.searching.random_search import search

__version__ = _core.__version__

#: The number of the arithmetic that docs/arithmetic.md writes out; model files carry it.
CONTRACT: int = _core.CONTRACT

__all__ = [
    "CONTRACT",
    "Dense",
    "DivergenceError",
    "Gradients",
    "History",
    "Layer",
    "LayerGradients",
    "ModelFileError",
    "Network",
    "Predictor",
    "ReplayError",
    "Scaled",
    "Standardized",
    "TrainingWarning",
    "__version__",
    "activations",
    "available_isas",
    "callbacks",
    "data",
    "dense",
    "get_cmake_dir",
    "get_include",
    "get_library",
    "get_num_threads",
    "initializers",
    "inspect",
    "io",
    "isa",
    "load",
    "losses",
    "metrics",
    "num_threads",
    "optimizers",
    "random",
    "reference",
    "schedules",
    "search",
    "searching",
    "set_num_threads",
    "tables",
]
__all__ += activations.__all__
__all__ += [name for name in optimizers.__all__ if name != "NAMES"]

if not TYPE_CHECKING:  # with them, checkers would find any name
    __getattr__, __dir__ = _lazy(
        __name__,
        {
            "cli": "wbcore.cli",
            "data": "wbcore.data",
            "get_cmake_dir": "wbcore._paths",  # which needs pathlib: not loaded by numpy
            "get_include": "wbcore._paths",
            "get_library": "wbcore._paths",
            "inspect": "wbcore.inspect",
            "io": "wbcore.io",
            "reference": "wbcore.reference",
            "search": "wbcore.searching.random_search",
            "searching": "wbcore.searching",
            "sklearn": "wbcore.sklearn",
            "tables": "wbcore.tables",
        },
    )
