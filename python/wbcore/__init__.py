"""A dense-neural-network engine for CPUs: a C++ core, a NumPy-native API, the same bits everywhere.

Build a network, `fit` it, `predict` with it, look at every weight and bias as an array::

    import wbcore as wb

    net = wb.Network.mlp([64, 32, 10], activation="relu", seed=0)
    history = net.fit(X, y, loss="cross_entropy", optimizer=wb.SGD(0.1, momentum=0.9), epochs=20)
    print(history)
    print(net.summary())
    net.save("digits.safetensors")

Modules: `activations`, `initializers`, `losses`, `optimizers`, `random`; and, imported when first
used, `inspect` (tables of weights and biases), `io` (files) and `reference` (what is computed, in
plain Python).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

try:
    from wbcore import _core
except ImportError as _error:
    if "subinterpreter" in str(_error):
        raise ImportError(
            "[wbcore] expected the main interpreter, got a sub-interpreter; use threads, which run "
            "beside each other in wbcore's calls, or processes"
        ) from _error
    from pathlib import Path

    # A checkout has the sources of the extension module but not the module itself.
    _here = Path(__file__).parent
    _built = any(_path.suffix != ".pyi" for _path in _here.glob("_core.*"))
    raise ImportError(
        f"wbcore's extension module could not be loaded ({_error}). "
        + (
            "It was built for another Python or machine: install it again from its wheel or "
            "sources, with `python -m pip install --force-reinstall WHEEL_OR_FOLDER`."
            if _built
            else f"It has not been built in {_here}: run `pip install .` in the folder that has "
            "pyproject.toml, then start Python in another folder."
        )
    ) from _error

from wbcore import activations, initializers, losses, optimizers, random
from wbcore._core import Predictor, available_isas, isa
from wbcore.activations import (
    elu,
    gelu,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from wbcore.errors import DivergenceError, ModelFileError
from wbcore.gradients import Gradients, LayerGradients
from wbcore.history import History
from wbcore.layers import Dense, Layer, dense
from wbcore.network import Network
from wbcore.optimizers import SGD
from wbcore.scaled import Scaled
from wbcore.threads import get_num_threads, num_threads, set_num_threads

if TYPE_CHECKING:
    import os
    from pathlib import Path
    from types import ModuleType

    from wbcore import inspect, io, reference

__version__ = _core.__version__

#: The number of the arithmetic that docs/arithmetic.md writes out; model files carry it.
CONTRACT: int = _core.CONTRACT

__all__ = [
    "CONTRACT",
    "SGD",
    "Dense",
    "DivergenceError",
    "Gradients",
    "History",
    "Layer",
    "LayerGradients",
    "ModelFileError",
    "Network",
    "Predictor",
    "Scaled",
    "__version__",
    "activations",
    "available_isas",
    "dense",
    "elu",
    "gelu",
    "get_cmake_dir",
    "get_include",
    "get_library",
    "get_num_threads",
    "identity",
    "initializers",
    "inspect",
    "io",
    "isa",
    "leaky_relu",
    "load",
    "losses",
    "num_threads",
    "optimizers",
    "random",
    "reference",
    "relu",
    "set_num_threads",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

_LAZY = ("cli", "inspect", "io", "reference")


def __getattr__(name: str) -> ModuleType:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network that `Network.save` wrote, equal to the bit.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Network
        With its `metadata`.

    Raises
    ------
    ModelFileError
        When the file is no model of wbcore, or truncated, oversized, altered, or of a newer format
        or contract; before memory for the network is allocated.
    OSError
        When the file is missing or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> net.metadata["classes"] = ["setosa", "versicolor", "virginica"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "iris.safetensors")
    ...     net.save(path)
    ...     wb.load(path).metadata
    {'classes': ['setosa', 'versicolor', 'virginica']}
    """
    from wbcore.io.model import load_network

    return load_network(path)


def _folder() -> Path:
    from pathlib import Path  # not loaded by numpy, and so not by `import wbcore` either

    return Path(__file__).parent


def get_include() -> str:
    """The folder of the C++ headers, for `#include <wbcore/network.hpp>`.

    Returns
    -------
    str

    Examples
    --------
    >>> import pathlib, wbcore as wb
    >>> pathlib.Path(wb.get_include(), "wbcore", "version.hpp").exists()
    True
    """
    return str(_folder() / "include")


def get_cmake_dir() -> str:
    """The folder of the CMake package: `cmake -Dwbcore_DIR=...`, then `find_package(wbcore)`.

    Returns
    -------
    str

    Examples
    --------
    >>> import pathlib, wbcore as wb
    >>> pathlib.Path(wb.get_cmake_dir(), "wbcoreConfig.cmake").exists()
    True
    """
    return str(_folder() / "lib" / "cmake" / "wbcore")


def get_library() -> str:
    """The shared library that exports the C functions of `wbcore/c_api.h`, for ctypes and cffi.

    Returns
    -------
    str

    Examples
    --------
    >>> import ctypes, numpy as np, wbcore as wb
    >>> library = ctypes.CDLL(wb.get_library())
    >>> library.wbcore_predict.argtypes = [
    ...     ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
    ... ]
    >>> p = wb.Network.mlp([4, 16, 3], seed=0).freeze()
    >>> x, y = np.ones((5, 4), np.float32), np.empty((5, 3), np.float32)
    >>> library.wbcore_predict(p.address, x.ctypes.data, len(x), y.ctypes.data)
    0
    >>> (y == p(x)).all()
    np.True_
    """
    return str(_core.__file__)
