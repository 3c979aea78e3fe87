"""Choices with numbers: small frozen objects, and texts in one notation.

What there is to choose from, the numbers of each choice, their defaults and the values they may
have are rows of the core's tables; here they become classes, `Huber(delta=0.5)`, whose text is what
files and messages show, `huber(0.5)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import ClassVar, Literal, TypeAlias

from wbcore import _arguments, _core, _foreign

Kind: TypeAlias = Literal["activation", "loss", "optimizer", "schedule", "initializer", "metric"]


def rows(kind: Kind) -> dict[str, _core.Row]:
    """The rows of a table by their names, in its order."""
    return {row.name: row for row in _core.rows(kind)}


class Choice:
    """One row with values for its numbers; a subclass is a frozen dataclass of them.

    ``class Loss(Choice, kind="loss")`` begins a kind, ``class Huber(Loss, row="huber")`` is one of
    it.
    """

    _kind: ClassVar[Kind]
    _row: ClassVar[_core.Row]

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init_subclass__(cls, *, kind: Kind | None = None, row: str | None = None) -> None:
        super().__init_subclass__()
        if kind is not None:
            cls._kind = kind
        if row is not None:
            cls._row = rows(cls._kind)[row]

    def __post_init__(self) -> None:
        for number in self._row.numbers:
            value = _arguments.number(
                type(self).__name__,
                number.name,
                getattr(self, number.name),
                expected=number.expected,
                allowed=number.allows,
            )
            object.__setattr__(self, number.name, value)  # the way of frozen dataclasses

    def __str__(self) -> str:
        numbers = [getattr(self, number.name) for number in self._row.numbers]
        return _core.choice_text(self._kind, self._row.name, numbers)


def text(kind: Kind, operation: str, what: str, value: object) -> str:
    """The text of a choice that is given as an object or as a text, in the one notation.

    Raises a ValueError for a text that names no choice, or a number that is not allowed, and a
    TypeError for anything else.
    """
    if isinstance(value, str):
        try:
            return _canonical(kind, str(value))
        except ValueError:
            _canonical_in(kind, operation, what, value)  # refuses it in those words
            raise
    if isinstance(value, Choice) and value._kind == kind:
        return str(value)
    known = ", ".join(form(row) for row in _core.rows(kind))
    raise TypeError(
        f"[{operation}] expected {what} to be one of {known}, got {_arguments.shown(value)}"
        f"{_cure(kind, value)}"
    )


def _cure(kind: Kind, value: object) -> str:
    """The end of a message: for a class in place of an object, or an object of another library."""
    if isinstance(value, type) and issubclass(value, Choice):
        return f"; pass {value.__name__}()"
    name = getattr(value, "__name__", type(value).__name__)
    here = _foreign.named_here(kind, str(name), rows(kind))
    return f"; it is '{here}' here" if here else ""


@lru_cache(maxsize=256)  # a loop of one's own names its loss in each step
def _canonical(kind: Kind, value: str) -> str:
    return _canonical_in(kind, "", "", value)


def _canonical_in(kind: Kind, operation: str, what: str, value: str) -> str:
    with _explained(kind, value):
        return _core.canonical_choice(kind, operation, what, value.encode("ascii", "replace"))


def parsed(kind: Kind, operation: str, what: str, value: str) -> tuple[str, list[float]]:
    """The row and the numbers of a text; a ValueError says what `what` is expected to be.

    The core reads ASCII: no choice has other letters, nor can a message of the core's.
    """
    with _explained(kind, value):
        return _core.parse_choice(kind, operation, what, value.encode("ascii", "replace"))


@contextmanager
def _explained(kind: Kind, value: str) -> Iterator[None]:
    """Adds to a refusal what a name of another library is called here."""
    try:
        yield
    except ValueError as error:
        here = _foreign.named_here(kind, value, rows(kind))
        if here is None:
            raise
        raise ValueError(f"{error}; it is '{here}' here") from None


def form(row: _core.Row) -> str:
    """As one would write it: "huber(delta)"."""
    names = ", ".join(number.name for number in row.numbers)
    return f"{row.name}({names})" if names else row.name
