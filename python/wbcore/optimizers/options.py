"""Settings: those that every optimizer takes beside its rule's, and how each is checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from wbcore import _arguments, _core

__all__ = ["DEFAULTS", "LIMITS", "Limits", "Options", "check_of", "plain", "signature"]


class Limits(TypedDict, total=False):
    """What every optimizer takes by name alone; `Optimizer` says what each does."""

    l1: float
    l2: float
    penalty_of_sum: bool
    clip_norm: float | None
    clip_value: float | None
    max_norm: float | None


class Options(Limits, total=False):
    """The same, with what some take by position too."""

    weight_decay: float
    decay_biases: bool


_FLAG = "0 or 1"  # as the core's rows say it of switches


def plain(number: _core.Number, value: float) -> float | bool:
    """The number of a row as the attribute has it: a switch is a bool."""
    return bool(value) if number.expected == _FLAG else value


LIMITS = {number.name: number for number in _core.optimizer_options()}
# A default that is not allowed stands for none.
DEFAULTS: dict[str, object] = {"decay_biases": False} | {
    name: plain(number, number.standard) if number.allows(number.standard) else None
    for name, number in LIMITS.items()
}


def check_of(cls: str, number: _core.Number) -> Callable[[object], object]:
    """What an assignment to the number of a class is checked by."""
    if number.expected == _FLAG:
        return lambda value: _arguments.flag(cls, number.name, value)
    is_optional = number.name in LIMITS and DEFAULTS[number.name] is None
    expected = f"None or {number.expected}" if is_optional else number.expected

    def check(value: object) -> object:
        if value is None and is_optional:
            return None
        return _arguments.number(cls, number.name, value, expected=expected, allowed=number.allows)

    return check


def signature(cls: type[Any], defaults: Mapping[str, object]) -> inspect.Signature:
    """Of the class, as `help` shows it: with the names and defaults of its options."""
    _, *own = inspect.signature(cls.__init__).parameters.values()
    named = [p for p in own if p.kind is not p.VAR_KEYWORD]
    others = defaults.keys() - {p.name for p in named}
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in defaults.items()
        if name in others
    ]
    return inspect.Signature([*named, *options])
