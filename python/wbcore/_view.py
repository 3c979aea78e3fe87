"""What stands in place of the array X: an array, and what its numbers become as they are read."""

from __future__ import annotations

from typing import Any, TypeAlias

#: What somebody else has made: its type is known when it is looked at.
Foreign: TypeAlias = Any


class View:
    """Of an array: `Scaled`, `Standardized`."""

    __slots__ = ()

    array: Any

    def _like(self, array: Foreign) -> View:
        """Other rows, whose numbers become the same."""
        raise NotImplementedError

    def _is_like(self, other: View) -> bool:
        """Whether numbers become the same by both."""
        raise NotImplementedError
