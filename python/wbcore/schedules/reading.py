"""Reads what stands for a learning rate: a number, a schedule or its text, a function."""

from __future__ import annotations

from wbcore import _arguments, _core
from wbcore.schedules.base import Schedule, is_callable

__all__ = ["check", "parsed"]


def check(operation: str, name: str, value: object, number: _core.Number) -> object:
    """A learning rate as an optimizer keeps it: a number, a schedule or a function of the step."""
    if isinstance(value, str) and value.strip()[:1].isalpha():  # not "0.1"
        return parsed(operation, value)
    if isinstance(value, type):  # which is callable
        raise TypeError(
            f"[{operation}] expected {name} to be a schedule with its numbers, "
            f"such as Cosine(0.1, steps=1000), got the class {value.__name__}"
        )
    if is_callable(value):  # as schedules are
        return value
    return _arguments.number(
        operation, name, value, expected=number.expected, allowed=number.allows
    )


def parsed(operation: str, text: str) -> Schedule:
    """The schedule of a text: "cosine(0.1, 1000) after warmup(100)", "plateau(0.1) of loss"."""
    from wbcore.schedules import texts

    return texts.parsed(operation, text)
