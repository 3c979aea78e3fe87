"""Copies and pickles of objects that hold what cannot be copied: locks, the core's objects."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar, cast

__all__ = ["deep_copied", "reduced", "restored"]

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
    if state is not None:
        _set_state(value, state)
    return value


def deep_copied(value: T, memo: dict[int, Any]) -> T:
    """What `copy.deepcopy` makes of an object that is no container, by its `__reduce_ex__`."""
    make, arguments, *more = cast("tuple[Any, ...]", value.__reduce_ex__(4))
    twin: T = make(*deepcopy(arguments, memo))
    memo[id(value)] = twin  # before its attributes, which may lead back to it
    if more and more[0] is not None:
        _set_state(twin, deepcopy(more[0], memo))
    return twin


def _set_state(value: object, state: object) -> None:
    if hasattr(value, "__setstate__"):
        value.__setstate__(state)
    else:
        fields, slots = cast("tuple[Any, Any]", state if _is_pair(state) else (state, None))
        if fields:
            vars(value).update(fields)
        for name, item in (slots or {}).items():
            setattr(value, name, item)


def _kept(attributes: dict[str, Any], without: frozenset[str]) -> dict[str, Any]:
    return {name: item for name, item in attributes.items() if name not in without}


def _is_pair(state: object) -> bool:
    """Attributes in the instance's dictionary, and in slots: Python's form for both."""
    return (
        isinstance(state, tuple)
        and len(state) == 2
        and all(part is None or isinstance(part, dict) for part in state)
    )
