"""Copies and pickles of objects that hold what cannot be copied: locks, the core's objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["reduced", "restored"]

T = TypeVar("T")


def reduced(
    value: object,
    make: Callable[..., object],
    arguments: tuple[Any, ...],
    without: frozenset[str],
) -> tuple[Any, ...]:
    """What `__reduce_ex__` returns: how to make the object anew, and its other attributes.

    The attributes are what Python's own protocol finds: those of the instance, also in the slots
    of subclasses, or what a subclass's `__getstate__` returns.
    """
    found = cast("tuple[Any, ...]", object.__reduce_ex__(value, 2))
    if type(value).__reduce__ is not object.__reduce__:
        return found  # a subclass has its own way
    state = found[2]
    if isinstance(state, dict):
        state = _kept(state, without)
    elif _is_pair(state):
        state = tuple(part and _kept(part, without) for part in state)
    return make, arguments, state


def restored(make: Callable[..., T], arguments: tuple[Any, ...], state: object = None) -> T:
    """The object that `reduced` describes, made as `copy.copy` would."""
    value = make(*arguments)
    if state is None:
        return value
    if hasattr(value, "__setstate__"):
        value.__setstate__(state)
    else:
        fields, slots = cast("tuple[Any, Any]", state if _is_pair(state) else (state, None))
        vars(value).update(fields or {})
        for name, item in (slots or {}).items():
            setattr(value, name, item)
    return value


def _kept(attributes: dict[str, Any], without: frozenset[str]) -> dict[str, Any]:
    return {name: item for name, item in attributes.items() if name not in without}


def _is_pair(state: object) -> bool:
    """Attributes in the instance's dictionary, and in slots: Python's form for both."""
    return (
        isinstance(state, tuple)
        and len(state) == 2
        and all(part is None or isinstance(part, dict) for part in state)
    )
