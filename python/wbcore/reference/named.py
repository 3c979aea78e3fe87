"""Named choices with numbers (section 1): texts such as "relu" and "huber(0.5)".

A loss, an activation, an initializer or an optimizer is a class, and its numbers are the fields of
the class, in the order in which the text gives them.  A table finds the class of a name; whatever
others need to know of a choice is an attribute of it, so that nobody asks for its name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import ClassVar, Generic, TypeVar


@dataclass(frozen=True)
class Choice:
    """A row of a table, with its numbers; fields that are keyword-only are no numbers."""

    name: ClassVar[str]

    @classmethod
    def defaults(cls) -> dict[str, float]:
        """Names of the numbers in order, with their defaults."""
        return {f.name: float(getattr(cls, f.name)) for f in fields(cls) if not f.kw_only}

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers up to the last that is not its default."""
        values = [float(getattr(self, name)) for name in self.defaults()]
        for default in reversed(self.defaults().values()):
            if values[-1] != default:
                break
            values.pop()
        return tuple(values)

    def __str__(self) -> str:
        numbers = ", ".join(repr(x).removesuffix(".0") for x in self.numbers)
        return f"{self.name}({numbers})" if numbers else self.name


C = TypeVar("C", bound=Choice)


class Table(Mapping[str, type[C]], Generic[C]):
    """The classes of one kind of choice, by name, in the order of their definition.

    Parameters
    ----------
    topic, kind : str
        For messages: "losses", "loss".

    Examples
    --------
    >>> from wbcore.reference import LOSSES
    >>> list(LOSSES)[:3]
    ['mse', 'mae', 'huber']
    >>> LOSSES.choice("huber( 0.5 )")
    Huber(delta=0.5)
    >>> str(LOSSES["huber"](delta=0.5)), str(LOSSES.choice("huber(1)"))
    ('huber(0.5)', 'huber')
    """

    def __init__(self, topic: str, kind: str) -> None:
        self._topic, self._kind = topic, kind
        self._rows: dict[str, type[C]] = {}
        self._parsed: Callable[[str], C] = cache(self._parse)

    def __getitem__(self, name: str) -> type[C]:
        if name not in self._rows:
            known = ", ".join(self._rows)
            message = f"[{self._topic}] unknown {self._kind} {name!r}; known: {known}"
            raise ValueError(message)
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: type[C]) -> type[C]:
        """Enter a class, as its decorator."""
        self._rows[row.name] = row
        return row

    def choice(self, text: str | C) -> C:
        """Return the choice of a text; a choice is returned as it is.

        Raises
        ------
        ValueError
            For an unknown name, and for what are no numbers or too many.
        """
        return self._parsed(text) if isinstance(text, str) else text

    def _parse(self, text: str) -> C:
        name, opened, rest = text.strip().partition("(")
        row = self[name]
        names = ", ".join(row.defaults()) or "no numbers"
        try:
            if opened and not rest.endswith(")"):
                raise ValueError
            inside = rest.removesuffix(")").strip()
            numbers = [float(word) for word in inside.split(",")] if inside else []
            if len(numbers) > len(row.defaults()):
                raise ValueError
        except ValueError:
            message = f"[{self._topic}] expected {name}({names}), got {text!r}"
            raise ValueError(message) from None
        return row(*numbers)
