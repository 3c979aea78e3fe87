"""Reads arguments: returns the checked value or raises `[operation] expected ..., got ...`.

A wrong kind of object is a TypeError, a wrong value a ValueError.
"""

from __future__ import annotations

import inspect
import math
import numbers
import operator
import os
import reprlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

# A hyper-parameter must stay finite when it is converted to the network's dtype.
FLOAT32_MAX = float(np.finfo(np.float32).max)
ZERO_IN_FLOAT32 = 2.0**-150  # half the least subnormal number: to nearest, ties to even, it is 0
ONE_IN_FLOAT32 = 1 - 2.0**-25  # and this, halfway to 1 from the number before it, is 1
INT32_MAX = 2**31 - 1
MAX_THREADS = 1024  # far above any processor; more is a slip, such as passing the batch size


_REPR = reprlib.Repr()  # which does not go into all of a long list
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 80


def shown(value: object) -> str:
    """The value as an error message names it: short, and arrays by their shape."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = " ".join(_REPR.repr(value).split())
    except Exception:  # noqa: BLE001 - an integer of thousands of digits, or a `__repr__` of one's own
        text = f"an object of {type(value).__name__} that cannot be shown"
    return text if len(text) <= 80 else f"{text[:77]}..."


def integer(
    operation: str,
    name: str,
    value: object,
    *,
    low: int = 1,
    high: int = INT32_MAX,
    expected: str = "an integer from {low} to {high}",
) -> int:
    """Anything with `__index__` (int, NumPy's integers) except bool, from low to high."""
    if type(value) is int and low <= value <= high:  # nearly always
        return value

    def message(got: str) -> str:
        wanted = expected.format(low=low, high=high)
        return f"[{operation}] expected {name} to be {wanted}, got {got}"

    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        result = operator.index(cast("SupportsIndex", value))
    except TypeError:
        raise TypeError(message(shown(value))) from None
    if not low <= result <= high:
        raise ValueError(message(shown(result)))
    return result


def number(
    operation: str,
    name: str,
    value: object,
    *,
    expected: str = "a finite number",
    allowed: Callable[[float], bool] = math.isfinite,
) -> float:
    """A real number, not bool, for which `allowed` holds; NaN fails every comparison."""

    def message() -> str:
        return f"[{operation}] expected {name} to be {expected}, got {shown(value)}"

    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(message())
    try:
        result = float(value)
    except OverflowError:
        raise ValueError(message()) from None
    if not allowed(result):
        raise ValueError(message())
    return result


def flag(operation: str, name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"[{operation}] expected {name} to be True or False, got {shown(value)}")
    return bool(value)


def choice(
    operation: str, name: str, value: object, known: Iterable[str], *, expected: str = "one of"
) -> str:
    """One of the known names."""
    known = tuple(known)
    if isinstance(value, str) and value in known:
        return value
    error = ValueError if isinstance(value, str) else TypeError
    raise error(
        f"[{operation}] expected {name} to be {expected} {', '.join(known)}, got {shown(value)}"
    )


def listed(operation: str, name: str, value: object, *, expected: str = "a list") -> list[Any]:
    """The items of anything that has some; text, and what has names for them, has others."""
    if type(value) in (list, tuple):  # nearly always
        return list(cast("Iterable[Any]", value))
    if not isinstance(value, (str, bytes, Mapping, type)):
        try:
            return list(cast("Iterable[Any]", value))
        except TypeError:  # no items, or those of an array without dimensions
            pass
    raise TypeError(f"[{operation}] expected {name} to be {expected}, got {shown(value)}")


def names(operation: str, name: str, value: object) -> tuple[str, ...]:
    """What things are called, as text; of one text none, so that its letters are none either."""
    if isinstance(value, str):
        return ()
    return tuple(map(str, listed(operation, name, value, expected="a list of names")))


def path(operation: str, name: str, value: object) -> str:
    """A path as text, be it given as such, as bytes or as a path-like."""
    try:
        text = os.fsdecode(cast("str", value))
        if b"\0" in os.fsencode(text):
            raise ValueError
    except (TypeError, ValueError) as error:  # the latter also for letters that no path has
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"[{operation}] expected {name} to be a path, got {shown(value)}") from None
    return text


def mapping(operation: str, name: str, value: object, known: Iterable[str]) -> dict[str, Any]:
    """A dict with some of the known names as keys; None is an empty one."""
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"[{operation}] expected {name} to be a dict, got {shown(value)}")
    known = tuple(known)
    for key in value or ():
        choice(operation, f"each name of {name}", key, known)
    return dict(value or {})


def seed(operation: str, value: object, name: str = "seed") -> int:
    """A whole number that fits the 64-bit key of the random streams."""
    expected = "an integer from 0 to 2**64 - 1"
    if value is None:
        raise TypeError(
            f"[{operation}] expected {name} to be {expected}, got None; for another result each "
            f"time pass secrets.randbits(64), and keep that number to repeat the result"
        )
    return integer(operation, name, value, low=0, high=2**64 - 1, expected=expected)


def n_threads(operation: str, value: object) -> int:
    """The core's number of threads, where 0 means that it chooses."""
    if value is None:
        return 0
    expected = "None or an integer from {low} to {high}"
    return integer(operation, "n_threads", value, high=MAX_THREADS, expected=expected)


def dtype(operation: str, value: DTypeLike | None) -> np.dtype[Any]:
    """The dtypes that networks are compiled for: float32 and float64."""
    try:
        result = None if value is None else np.dtype(value)
    except (TypeError, ValueError):  # the latter for text that is no UTF-8
        result = None
    if result is None or result not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(
            f"[{operation}] expected dtype to be 'float32' or 'float64', got {shown(value)}"
        )
    return result


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has a parameter of this name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # of C, without a signature
        return False


def real_array(operation: str, name: str, value: object) -> NDArray[Any]:
    """An array of real numbers, not copied if it is one."""
    expected = f"[{operation}] expected {name} to be an array of real numbers"
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{expected}, got a masked array; fill or drop the masked values first")
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{expected}, got {shown(value)}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{expected}, got {not_real(name, value, array)}")
    return array


def not_real(name: str, value: object, array: NDArray[Any]) -> str:
    """What the value is that NumPy makes no array of real numbers of, and what would be one.

    `array` is what NumPy made of it. The bindings ask here, too, and only for a message.
    """
    it = name if name.isidentifier() else "it"
    if hasattr(value, "toarray"):
        return f"a sparse {type(value).__name__}; pass {it}.toarray()"
    if array.ndim == 0 and array.dtype.kind == "O":
        return f"{shown(value)}{_unrolled(value)}"
    got = f"dtype {array.dtype}"
    codes = _codes(it, value)
    if codes:
        return f"{got}, categories; pass {codes}"
    for index, item in np.ndenumerate(array) if array.dtype.kind in "OUST" else ():
        if isinstance(item, (str, bytes)):
            text = str(item) if isinstance(item, str) else bytes(item)  # not NumPy's subclasses
            labels = name == "y" and array.ndim == 1
            cure = "for class labels pass np.unique(y, return_inverse=True)[1]"
            return (
                f"{got} with {shown(text)}{at(name, index)}; "
                f"{cure if labels else 'turn text into numbers first'}"
            )
    if array.dtype.kind != "O":
        return got
    # pandas makes objects of a frame whose columns differ or may lack values
    cure = f"{it}.to_numpy(float)" if hasattr(value, "to_numpy") else f"np.asarray({it}, float)"
    return f"{got}; pass {cure}"


def _unrolled(value: object) -> str:
    """What to pass for something that gives its items one after another."""
    if hasattr(value, "__next__"):  # generators, map, zip
        return ", which gives its rows once; pass np.array(list(...)) of them"
    if isinstance(value, (set, frozenset)):
        return ", which has no order"
    return ""


def _codes(it: str, value: object) -> str | None:
    """The numbers of pandas' categories, of a series or as they are."""
    if hasattr(value, "categories") and hasattr(value, "codes"):
        return f"{it}.codes"
    return f"{it}.cat.codes" if hasattr(getattr(value, "cat", None), "codes") else None


def row_of_table(index: int) -> str:
    """A row, by its number from 0: in messages on tables and files they count from 1."""
    return f"row {index + 1} (counted from 1)"


def at(name: str, index: tuple[int, ...]) -> str:
    """The place in an array, as one would type it: " at X[3, 5]"."""
    if not index:
        return ""
    place = f"[{', '.join(map(str, index))}]"
    return f" at {name}{place}" if name.isidentifier() else f" at {place}"


def require_finite(
    operation: str, name: str, values: NDArray[Any], converted: NDArray[Any], *, first: int = 0
) -> None:
    """Refuses values that are NaN or infinite in the dtype of `converted`, which has them.

    Of rows of an array `first` is the number of the first one, for the message.
    """
    finite = np.isfinite(converted)
    if finite.all():
        return
    index = tuple(map(int, np.unravel_index(np.argmin(finite), values.shape)))
    number = values[index]
    where = f" in {converted.dtype}" if np.isfinite(number) else ""
    if first:
        index = (first + index[0], *index[1:])
    raise ValueError(
        f"[{operation}] expected {name} to be finite{where}, got {number!s}{at(name, index)}"
    )


class memory:  # noqa: N801 -- used as a function is
    """Names the operation in a MemoryError of what happens inside, be it NumPy's or the core's."""

    __slots__ = ("_operation",)

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, MemoryError):
            return
        text = str(error)
        named = text.partition("] ")[2] if text.startswith("[") else ""
        said = named or f"expected more memory, got {text or 'none'}"
        raise MemoryError(f"[{self._operation}] {said}") from error


def floats(operation: str, name: str, value: ArrayLike) -> NDArray[Any]:
    """Finite values, contiguous: float32 stays, every other numeric dtype becomes float64."""
    array = real_array(operation, name, value)
    single = array.dtype.newbyteorder("=") == np.float32
    with memory(operation), np.errstate(over="ignore"):  # a longdouble beyond float64 becomes inf
        result = np.ascontiguousarray(array, dtype=np.float32 if single else np.float64).reshape(
            array.shape
        )
        require_finite(operation, name, array, result)
    return result


def rounded(operation: str, name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The values in the dtype, to nearest; refused when they are not finite there."""
    with np.errstate(over="ignore"):
        result = values.astype(dtype, copy=False)
    require_finite(operation, name, values, result)
    return result
