"""How far from their mean the draws of an initializer lie, as its formula says."""

from __future__ import annotations

import math

from wbcore import _core

__all__ = ["expected_std"]

# Of N(0, 1) between -2 and 2: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1))
_TRUNCATED = 0.8796256610342398


def expected_std(text: str, fan_in: int, fan_out: int) -> float:
    """The standard deviation that weights (fan_in, fan_out) of an initializer are drawn with."""
    choice = _core.Initializer.parse("initializer", text.encode())
    number = choice.numbers.get
    of_fan_in, of_both = math.sqrt(1 / fan_in), math.sqrt(2 / (fan_in + fan_out))
    return {
        "zeros": 0.0,
        "ones": 0.0,
        "constant": 0.0,
        "normal": number("std", 0.0),
        "uniform": (number("high", 0.0) - number("low", 0.0)) / math.sqrt(12),
        "truncated_normal": number("std", 0.0) * _TRUNCATED,
        "xavier": of_fan_in,
        "lecun_normal": of_fan_in,
        "lecun_uniform": of_fan_in,
        "he": math.sqrt(2) * of_fan_in,
        "he_uniform": math.sqrt(2) * of_fan_in,
        "glorot_normal": of_both,
        "glorot_uniform": of_both,
        # Rows or columns, whichever are the longer, have the norm `gain`.
        "orthogonal": number("gain", 0.0) / math.sqrt(max(fan_in, fan_out)),
    }[choice.name]
