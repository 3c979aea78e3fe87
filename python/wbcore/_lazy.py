"""What is imported when it is first asked for: names that a package offers, and pandas."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType

__all__ = ["lazy", "pandas_for_frames"]


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


def pandas_for_frames(instead: str) -> ModuleType:
    """Pandas, for a `to_pandas`; where it is missing the error names what needs none."""
    try:
        return importlib.import_module("pandas")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"[to_pandas] expected the package pandas, got none: pip install pandas; "
            f"{instead} needs none",
            name=error.name,
        ) from None
