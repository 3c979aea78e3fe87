"""Digests of data and parameters: what makes a finished fit the one that is asked for."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["digest", "of_array", "of_value", "pickled"]

_BLOCK = 1 << 22  # bytes that are copied at once of an array that is not contiguous


def digest(parts: Iterable[str]) -> str:
    """One digest of several texts, in their order.

    Examples
    --------
    >>> from wbcore.searching.digests import digest
    >>> digest(["ab", "c"]) == digest(["a", "bc"])
    False
    """
    whole = hashlib.sha256()
    for part in parts:
        text = part.encode("utf-8", "surrogatepass")  # a file may have half a letter in a text
        whole.update(f"{len(text)}:".encode() + text)
    return whole.hexdigest()


def of_array(array: np.ndarray[Any, Any]) -> str:
    """Of type, shape and values, in whatever order these lie; a large array is not copied whole."""
    whole = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    if array.flags.c_contiguous:
        whole.update(np.asarray(array).reshape(-1).view(np.uint8).data)
    else:
        row = max(1, array.nbytes // max(1, len(array)))
        step = max(1, _BLOCK // row)
        for first in range(0, len(array), step):
            block = np.ascontiguousarray(array[first : first + step])
            whole.update(block.reshape(-1).view(np.uint8).data)
    return f"array {whole.hexdigest()}"


def of_value(value: object) -> str:
    """Of a parameter or of data, the same in every process.

    Estimators are their class and parameters, functions of modules their names, other functions
    their code.

    Examples
    --------
    >>> import numpy as np
    >>> from wbcore.searching.digests import of_value
    >>> of_value(0.5), of_value(np.float64(0.5)), of_value(["a", None])
    ('float 0.5', 'float 0.5', 'list [str a, None]')
    >>> of_value(np.arange(6).reshape(2, 3).T) == of_value(np.array([[0, 3], [1, 4], [2, 5]]))
    True
    """
    if value is None:
        return "None"
    if isinstance(value, np.generic) and not isinstance(value, np.longdouble):
        return of_value(value.item())
    if isinstance(value, str):
        return f"str {value}"
    if isinstance(value, (bool, int, float, complex, bytes)):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufcmMUS" and value.ndim:
        return of_array(value)
    if type(value) in (list, tuple):
        items: Any = value
        return f"{type(value).__name__} [{', '.join(map(of_value, items))}]"
    if isinstance(value, Mapping):
        pairs = sorted(f"{of_value(key)}: {of_value(item)}" for key, item in value.items())
        return f"{type(value).__name__} {{{', '.join(pairs)}}}"
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        return _of_name(value)
    if hasattr(value, "get_params"):
        return f"{_of_name(type(value))} {of_value(value.get_params(deep=False))}"
    return _of_object(value)


def _of_name(value: type | Callable[..., Any]) -> str:
    name = f"{value.__module__}.{value.__qualname__}"
    fixed = value.__module__ != "__main__" and "<" not in value.__qualname__
    return name if fixed or isinstance(value, type) else f"{name} {_of_bytes(pickled(value))}"


def _of_object(value: object) -> str:
    import joblib

    name = _of_name(type(value))
    try:
        return f"{name} {joblib.hash(value, hash_name='sha1')}"
    except Exception:  # noqa: BLE001 - whatever the pickling of a stranger's object raises
        return f"{name} {_of_bytes(pickled(value))}"


def _of_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pickled(value: object) -> bytes:
    """As bytes that `pickle.loads` reads, functions without a name in a module included."""
    try:
        import cloudpickle
    except ModuleNotFoundError:  # older joblibs bring their own
        from joblib.externals import cloudpickle
    content: bytes = cloudpickle.dumps(value)
    return content
