"""What inspections that call other operations have in common: their errors, and single rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._view import View, is_sparse
from wbcore.data._source import like
from wbcore.errors import DivergenceError

if TYPE_CHECKING:
    from wbcore._view import Foreign

__all__ = ["functions_of", "in_rows", "named"]


def functions_of(operation: str, functions: Foreign) -> dict[str, Any]:
    """Those that no history keeps, by what the fit had them as."""
    known = ("loss", "learning_rate", "shuffle")
    return _arguments.mapping(operation, "functions", functions, known)


@contextlib.contextmanager
def named(operation: str, *inner: str) -> Iterator[None]:
    """Name the operation that was called in errors of those that it calls.

    Parameters
    ----------
    operation : str
    inner : str
        Those whose names stand in front of its messages.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        text = _renamed(str(error), operation, inner)
        if text is not None and type(error) in (TypeError, ValueError):
            raise type(error)(text) from None
        raise
    except DivergenceError as error:  # which has attributes: it stays the same one
        text = _renamed(str(error.args[0]), operation, inner)
        if text is not None:
            error.args = text, *error.args[1:]
        raise


def _renamed(text: str, operation: str, inner: tuple[str, ...]) -> str | None:
    for name in inner:
        if text.startswith(f"[{name}"):
            return f"[{operation}{text[len(name) + 1 :]}"
    return None


def in_rows(operation: str, x: Foreign) -> Foreign:
    """One row as an array of rows; other things as they are."""
    if isinstance(x, View):
        return like(x, in_rows(operation, x.array))
    if is_sparse(x):
        return x
    array = _arguments.real_array(operation, "x", x) if isinstance(x, (list, tuple)) else x
    return np.asarray(array)[None] if getattr(array, "ndim", None) == 1 else array
