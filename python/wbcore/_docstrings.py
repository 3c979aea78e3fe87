"""Completes docstrings that have most of their sections in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])


def with_sections(sections: str) -> Callable[[Function], Function]:
    """Puts the sections before the heading Examples."""

    def complete(function: Function) -> Function:
        summary, heading, examples = inspect.cleandoc(function.__doc__ or "").partition(
            "Examples\n---"
        )
        function.__doc__ = f"{summary}{inspect.cleandoc(sections)}\n\n{heading}{examples}\n"
        return function

    return complete
