"""Names that a package offers, and imports when they are first asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping

__all__ = ["lazy"]


def lazy(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package.

    Parameters
    ----------
    package : str
        Its name.
    homes : mapping of str to str
        For each name the module that has it, or that it is: {"inspect": "wbcore.inspect"}.

    Returns
    -------
    pair of functions
    """

    def getattribute(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(homes[name])
        if homes[name] == f"{package}.{name}":
            return module
        value: object = getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return getattribute, names
