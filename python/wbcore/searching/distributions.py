"""What a parameter is drawn from: small distributions whose draws are the same on every machine.

Each makes a value of a number u from [0, 1), which is a draw of wbcore's own (`random.uniform`);
logarithms and powers are those of the arithmetic contract, not of a C library.
"""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from wbcore import _arguments
from wbcore.reference import FLOAT64
from wbcore.reference.functions import exp, log

__all__ = ["Distribution", "Integers", "LogIntegers", "LogUniform", "Uniform", "distribution"]


class Distribution(ABC):
    """Something that values of a parameter are drawn from.

    Examples
    --------
    >>> from wbcore.searching import Distribution, Uniform
    >>> isinstance(Uniform(0, 1), Distribution)
    True
    """

    @abstractmethod
    def value(self, u: float) -> float | int:
        """Take the value at u, which is drawn evenly from [0, 1)."""


@dataclasses.dataclass(frozen=True)
class Uniform(Distribution):
    """Numbers from low to high, all as likely.

    Parameters
    ----------
    low, high : float
        low < high, both finite.

    Raises
    ------
    TypeError, ValueError
        When they are no such numbers.

    Examples
    --------
    >>> from wbcore.searching import Uniform
    >>> Uniform(0, 0.5).value(0.5)
    0.25
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_numbers(self, low=None)

    def value(self, u: float) -> float:
        """Take the number that is the share u of the way."""
        return min(self.low + u * (self.high - self.low), self.high)


@dataclasses.dataclass(frozen=True)
class LogUniform(Distribution):
    """Numbers from low to high whose logarithms are all as likely: for rates and penalties.

    Parameters
    ----------
    low, high : float
        0 < low < high, both finite.

    Raises
    ------
    TypeError, ValueError
        When they are no such numbers.

    Examples
    --------
    >>> from wbcore.searching import LogUniform
    >>> round(LogUniform(1e-4, 1e-2).value(0.5), 9)
    0.001
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_numbers(self, low=0)

    def value(self, u: float) -> float:
        """Take the number that is the share u of the way by its logarithm."""
        return _power(self.low, self.high, u)


@dataclasses.dataclass(frozen=True)
class Integers(Distribution):
    """Whole numbers from low to high, both included, all as likely.

    Parameters
    ----------
    low, high : int
        low <= high, at most 2**31 - 1 in absolute value.

    Raises
    ------
    TypeError, ValueError
        When they are no such numbers.

    Examples
    --------
    >>> from wbcore.searching import Integers
    >>> [Integers(1, 3).value(u) for u in (0, 0.5, 0.99)]
    [1, 2, 3]
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        _check_integers(self, low=-_arguments.INT32_MAX)

    def value(self, u: float) -> int:
        """Take the number in whose part of [0, 1) u lies."""
        return self.low + int(u * (self.high - self.low + 1))


@dataclasses.dataclass(frozen=True)
class LogIntegers(Distribution):
    """Whole numbers from low to high, both included; a number twice as large is half as likely.

    For sizes: of layers, of batches.

    Parameters
    ----------
    low, high : int
        1 <= low <= high, at most 2**31 - 1.

    Raises
    ------
    TypeError, ValueError
        When they are no such numbers.

    Examples
    --------
    >>> from wbcore.searching import LogIntegers
    >>> [LogIntegers(8, 512).value(u) for u in (0, 0.5, 0.999)]
    [8, 64, 510]
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        _check_integers(self, low=1)

    def value(self, u: float) -> int:
        """Take the whole part of what `LogUniform(low, high + 1)` gives."""
        return min(int(_power(self.low, self.high + 1, u)), self.high)


def _power(low: float, high: float, u: float) -> float:
    """The number from low to high that is the share u of the way by its logarithm."""
    if u == 0:
        return low
    return min(max(low * exp(FLOAT64, u * log(FLOAT64, high / low)), low), high)


def _check_numbers(made: Uniform | LogUniform, low: float | None) -> None:
    name = type(made).__name__
    for field in ("low", "high"):
        checked = _arguments.number(name, field, getattr(made, field))
        object.__setattr__(made, field, checked)
    if not made.low < made.high or (low is not None and made.low <= low):
        above = "" if low is None else f"{low} < "
        raise ValueError(f"[{name}] expected {above}low < high, got {made.low} and {made.high}")


def _check_integers(made: Integers | LogIntegers, low: int) -> None:
    name = type(made).__name__
    for field in ("low", "high"):
        checked = _arguments.integer(name, field, getattr(made, field), low=low)
        object.__setattr__(made, field, checked)
    if made.low > made.high:
        raise ValueError(f"[{name}] expected low <= high, got {made.low} and {made.high}")


_TEXTS: dict[str, Callable[[Any, Any], Distribution]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "integers": Integers,
    "log_integers": LogIntegers,
}


def distribution(text: str) -> Distribution:
    """The distribution that a text names.

    Parameters
    ----------
    text : str
        "uniform(0, 0.5)", "log_uniform(1e-5, 0.1)", "integers(1, 3)" or "log_integers(8, 512)".

    Raises
    ------
    TypeError, ValueError
        When text is none of them, or its numbers are not as the class wants them.

    Examples
    --------
    >>> from wbcore.searching import distribution
    >>> distribution("log_uniform(1e-5, 0.1)")
    LogUniform(low=1e-05, high=0.1)
    """
    known = ", ".join(f"{name}(low, high)" for name in _TEXTS)
    if not isinstance(text, str):
        raise TypeError(f"[search] expected text to be {known}, got {_arguments.shown(text)}")
    found = re.fullmatch(r"\s*(\w+)\(([^,()]+),([^,()]+)\)\s*", text)
    try:
        if not found or found[1] not in _TEXTS:
            raise ValueError(text)
        read = int if "integers" in found[1] else float
        low, high = read(found[2]), read(found[3])
    except ValueError:
        raise ValueError(
            f"[search] expected a list of values, a distribution or its text, {known}, "
            f"got {_arguments.shown(text)}"
        ) from None
    return _TEXTS[found[1]](low, high)
