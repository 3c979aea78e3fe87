"""Methods of `Network` that are written with their topics, as functions, and assigned in the class.

Each has one signature and one docstring. Python, `help`, `inspect` and type checkers see a method
as if it stood in the class; what it needs of the network it takes from `self`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wbcore._docstrings import with_parameters

__all__ = ["network_method"]

Method = TypeVar("Method", bound=Callable[..., object])


def network_method(function: Method) -> Method:
    """Gives a function the name of the method that it becomes; pickle and `help` go by it."""
    function.__module__ = "wbcore.network"
    function.__qualname__ = f"Network.{function.__name__}"
    return with_parameters(function)
