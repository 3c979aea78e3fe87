"""Where the package's C++ and C parts lie."""

from __future__ import annotations

from pathlib import Path

from wbcore import _core

__all__ = ["get_cmake_dir", "get_include", "get_library"]


def _folder() -> Path:
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
